import { Badge, Group, Text } from "@mantine/core";
import { statusName } from "../client";

interface Props {
  status: number | null;
  /** Why it ended so, or what it waits for. */
  reason?: string | null;
  /** What the status is called here, when not as of an execution. */
  label?: string;
}

export function statusColor(status: number | null): string {
  if (status === null) return "gray";
  return status === 0 ? "blue" : status > 0 ? "teal" : "red";
}

export function StatusBadge({ status, reason, label }: Props) {
  return (
    <Group gap={6}>
      <Badge variant="light" color={statusColor(status)} tt="none" fw={500} miw="max-content">
        {label ?? statusName(status)}
      </Badge>
      {reason && (
        <Text size="xs" c="dimmed">
          {reason.replaceAll("_", " ")}
        </Text>
      )}
    </Group>
  );
}
