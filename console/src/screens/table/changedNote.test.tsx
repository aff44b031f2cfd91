// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Edits } from "../../forms/edits";
import { ChangedNote } from "./ChangedNote";

const FIELD = { name: "title", type: "string" };
const EDITS = { changes: [{ field: FIELD, was: { title: "A" }, now: { title: "B" }, isTyped: false }], stored: { record: { id: 7, title: "B" }, version: '"2"' } } as unknown as Edits;
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

function show(isRefused: boolean) {
  act(() =>
    root.render(
      <MantineProvider env="test">
        <ChangedNote edits={EDITS} isRefused={isRefused} isGone={false} onTake={() => undefined} />
      </MantineProvider>,
    ),
  );
}
const note = () => document.querySelector("[role=alert]");

it("a change that is only seen leaves who is typing alone; one that kept it from being saved takes the focus, each time", () => {
  show(false);
  expect([note() === null, document.activeElement]).toEqual([false, document.body]);
  show(true);
  expect(document.activeElement).toBe(note());
  (document.activeElement as HTMLElement).blur();
  show(false);
  show(true);
  expect(document.activeElement).toBe(note());
});
