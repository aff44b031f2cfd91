import { BaseEdge, getSmoothStepPath, type EdgeProps } from "@xyflow/react";

const BEND = 11;
/** How far one that bends goes straight before it may: less than to the bend, or it would turn twice. */
const STRAIGHT = 6;

/** Down; to a branch it bends right below the card, from one right above where all come together, so that it crosses none beside it. */
export function LineEdge({ id, source, sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition }: EdgeProps) {
  const centerY = source.startsWith("node ") ? sourceY + BEND : targetY - BEND;
  const [path] = getSmoothStepPath({ sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition, centerY, borderRadius: 8, offset: Math.abs(sourceX - targetX) > 1 ? STRAIGHT : undefined });
  return <BaseEdge id={id} path={path} />;
}
