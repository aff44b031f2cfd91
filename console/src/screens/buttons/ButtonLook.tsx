import { Button } from "@mantine/core";
import { actionIcon } from "../../actions/icons";
import type { Draft } from "./buttonDraft";

interface Props {
  draft: Pick<Draft, "label" | "name" | "color" | "icon">;
  /** As in a row of a table. */
  compact?: boolean;
  /** A picture of the button: nothing to press. */
  still?: boolean;
  onClick?: () => void;
}

/** The button as people see it on records. */
export function ButtonLook({ draft, compact, still, onClick }: Props) {
  const icon = actionIcon(draft.icon, 16);
  const look = { size: compact ? "compact-sm" : "sm", fw: compact ? 500 : undefined, variant: compact ? "light" : "default", color: draft.color ?? undefined, leftSection: icon };
  const label = draft.label || draft.name || "Button";
  if (still) {
    return (
      <Button component="span" {...look} style={{ pointerEvents: "none" }}>
        {label}
      </Button>
    );
  }
  return (
    <Button {...look} onClick={onClick}>
      {label}
    </Button>
  );
}
