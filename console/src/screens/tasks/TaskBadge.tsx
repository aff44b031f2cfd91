import { Badge } from "@mantine/core";
import { useTaskCounts } from "./api";

/** How many tasks and unread copies one has. */
export function TaskBadge() {
  const { manual, cc } = useTaskCounts().data;
  const count = manual + cc;
  if (count === 0) return null;
  const parts = [manual > 0 && `${manual} to do`, cc > 0 && `${cc} unread`].filter((one) => one !== false);
  return (
    <Badge size="sm" variant="filled" role="status" aria-label={parts.join(", ")} title={parts.join(", ")}>
      {count > 99 ? "99+" : count}
    </Badge>
  );
}
