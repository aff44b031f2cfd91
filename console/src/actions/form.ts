import type { AvailableAction, Row } from "../client";

/** The form that people fill in before the call; null for one that asks for nothing. */
export function formOf(action: Pick<AvailableAction, "form">): Row | null {
  const { form } = action;
  const asks = form !== null && (Object.keys((form["properties"] ?? {}) as Row).length > 0 || (form["additionalProperties"] ?? false) !== false);
  return asks ? form : null;
}
