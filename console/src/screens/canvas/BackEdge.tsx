import { BaseEdge, type EdgeProps } from "@xyflow/react";

const ROUND = 8;

/** From the end of a loop's body up along its left side to where the body begins. */
export function BackEdge({ id, sourceX, sourceY, targetX, targetY, data }: EdgeProps) {
  const x = Number(data?.["x"] ?? Math.min(sourceX, targetX) - 40);
  const low = sourceY + ROUND;
  const path = [
    `M ${sourceX} ${sourceY} L ${sourceX} ${low - ROUND / 2} Q ${sourceX} ${low} ${sourceX - ROUND / 2} ${low}`,
    `L ${x + ROUND} ${low} Q ${x} ${low} ${x} ${low - ROUND} L ${x} ${targetY + ROUND} Q ${x} ${targetY} ${x + ROUND} ${targetY} L ${targetX - 5} ${targetY}`,
    `m -4 -4 l 4 4 l -4 4`,
  ].join(" ");
  return <BaseEdge id={id} path={path} className="wf-back" />;
}
