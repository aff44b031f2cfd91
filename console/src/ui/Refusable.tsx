import { Tooltip } from "@mantine/core";
import { cloneElement, type ReactElement } from "react";

interface Control {
  onClick?: (event: React.MouseEvent) => void;
  "data-disabled"?: boolean;
  "aria-disabled"?: boolean;
  "aria-description"?: string;
}

interface Props {
  /** Why it cannot be used; `null` when it can. */
  reason: string | null;
  children: ReactElement<Control>;
}

/** A button that says why it cannot be pressed, and stays in reach of mouse and keyboard so that the reason can be read. */
export function Refusable({ reason, children }: Props) {
  const refused: Control = { "data-disabled": true, "aria-disabled": true, "aria-description": reason ?? undefined, onClick: (event) => event.preventDefault() };
  return (
    <Tooltip label={reason ?? ""} disabled={reason === null} events={{ hover: true, focus: true, touch: true }}>
      {reason === null ? children : cloneElement(children, refused)}
    </Tooltip>
  );
}
