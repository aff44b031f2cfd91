// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ActionResult, AvailableAction } from "../client";
import ActionDialog from "./ActionDialog";

vi.mock("../forms/SchemaForm", () => ({
  default: ({ id, onSubmit }: { id: string; onSubmit: () => void }) => (
    <form
      id={id}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    />
  ),
}));

const ACTION = { name: "ask", label: "Ask", form: { type: "object", properties: { first: { type: "string" }, lines: { type: "array" } } } } as unknown as AvailableAction;
const onClose = vi.fn();
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  onClose.mockReset();
  vi.unstubAllGlobals();
});

/** Presses the form's button; the action is refused with these mistakes. What the notes say, and whether they stand right before the buttons. */
async function refused(fieldErrors: Record<string, string[]>) {
  const result = { status: "failed", fieldErrors } as ActionResult;
  await act(async () =>
    root.render(
      <MantineProvider env="test">
        <ActionDialog action={ACTION} count={1} onClose={onClose} onRun={async () => result} />
      </MantineProvider>,
    ),
  );
  await vi.waitFor(() => expect(document.querySelector('button[type="submit"]')).not.toBeNull());
  await act(async () => document.querySelector<HTMLButtonElement>('button[type="submit"]')?.click());
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
