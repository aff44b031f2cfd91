import { ActionIcon, Button, Tooltip } from "@mantine/core";
import type { AvailableAction, Id, Verdict } from "../client";
import { useActions } from "./ActionHost";
import { actionIcon } from "./icons";

interface Props {
  action: AvailableAction;
  ids: Id[];
  /** What the server says of these records; `null` while it has not said yet. */
  verdict: Verdict | null;
  /** Small, as in a row; `icon`: as an icon alone when it has one. */
  compact?: "icon" | "text";
}

/** A button that works once at a time, and says why when it cannot be pressed. */
export function ActionButton({ action, ids, verdict, compact }: Props) {
  const { press, isRunning } = useActions();
  const busy = isRunning(action.name, ids);
  const label = action.label ?? action.name;
  const refused = verdict !== null && !verdict.enabled;
  const reason = refused ? verdict.reason : undefined;
  const icon = actionIcon(action.icon, 16);
  const iconOnly = compact === "icon" && icon !== null;
  const shared = {
    loading: busy,
    // `data-disabled` keeps the button in reach of mouse and keyboard, so that the reason can be read.
    "data-disabled": refused || verdict === null || undefined,
    "aria-disabled": refused || verdict === null,
    "aria-busy": busy,
    onClick: (event: React.MouseEvent) => {
      event.stopPropagation();
      if (verdict?.enabled && !busy) press({ action, ids });
    },
  };
  const color = action.color ?? undefined;
  return (
    <Tooltip label={reason ?? label} disabled={!reason && !iconOnly} events={{ hover: true, focus: true, touch: true }}>
      {iconOnly ? (
        <ActionIcon variant="light" color={color} aria-label={reason ? `${label}: ${reason}` : label} {...shared}>
          {icon}
        </ActionIcon>
      ) : (
        <Button size={compact ? "compact-sm" : "sm"} fw={compact ? 500 : undefined} variant={compact ? "light" : "default"} color={color} leftSection={icon} aria-description={reason} {...shared}>
          {label}
        </Button>
      )}
    </Tooltip>
  );
}
