import { BaseEdge, getSmoothStepPath, type EdgeProps } from "@xyflow/react";

const BEND = 11;

/** Down; to a branch it bends right below the card, from one right above where all come together, so that it crosses none beside it. */
export function LineEdge({ id, source, sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition }: EdgeProps) {
  const centerY = source.startsWith("node ") ? sourceY + BEND : targetY - BEND;
  const [path] = getSmoothStepPath({ sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition, centerY, borderRadius: 8 });
  return <BaseEdge id={id} path={path} />;
}
