// @vitest-environment happy-dom
import { expect, it } from "vitest";
import type { Edits } from "../../forms/edits";
import { mount } from "../../testing/mount";
import { ChangedNote } from "./ChangedNote";

const FIELD = { name: "title", type: "string" };
const EDITS = { changes: [{ field: FIELD, was: { title: "A" }, now: { title: "B" }, isTyped: false }], stored: { record: { id: 7, title: "B" }, version: '"2"' } } as unknown as Edits;

const show = (isRefused: boolean) => mount(<ChangedNote edits={EDITS} isRefused={isRefused} isGone={false} onTake={() => undefined} />);
const note = () => document.querySelector("[role=alert]");

it("a change that is only seen leaves who is typing alone; one that kept it from being saved takes the focus, each time", async () => {
  await show(false);
  expect([note() === null, document.activeElement]).toEqual([false, document.body]);
  await show(true);
  expect(document.activeElement).toBe(note());
  (document.activeElement as HTMLElement).blur();
  await show(false);
  await show(true);
  expect(document.activeElement).toBe(note());
});
