// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import type { ActionResult, AvailableAction } from "../client";
// Loaded before, so that the dialog has it at once.
import "../forms/SchemaForm";
import { button, press, until } from "../testing/hands";
import { mount } from "../testing/mount";
import ActionDialog from "./ActionDialog";

const ACTION = { name: "ask", label: "Ask", form: { type: "object", properties: { first: { type: "string" }, lines: { type: "array" } } } } as unknown as AvailableAction;
const onClose = vi.fn();

/** Presses the form's button; the action is refused with these mistakes. What the notes say, and whether they stand right before the buttons. */
async function refused(fieldErrors: Record<string, string[]>) {
  const result = { status: "failed", fieldErrors } as ActionResult;
  await mount(<ActionDialog action={ACTION} count={1} onClose={onClose} onRun={async () => result} />);
  await until(() => button("Ask") !== undefined);
  await press("Ask");
  const notes = [...document.querySelectorAll("[role=alert]")];
  expect(notes.at(-1)?.nextElementSibling?.querySelector('button[type="submit"]') ?? null).not.toBeNull();
  return notes.map((one) => one.textContent);
}

it("mistakes at inputs are told beside the buttons", async () => {
  expect(await refused({ first: ["too short"], "lines.0.count": ["too many"] })).toEqual(["2 things need a look; they are marked above."]);
  expect(onClose).not.toHaveBeenCalled();
});

it("what belongs to no input of the form is told there in full", async () => {
  const [counted, told] = await refused({ first: ["too short"], other: ["is not known"] });
  expect(counted).toBe("One thing needs a look; it is marked above.");
  expect(told).toContain("is not known");
});
