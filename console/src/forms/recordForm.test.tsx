// @vitest-environment happy-dom
import type { ComponentProps } from "react";
import { describe, expect, it, vi } from "vitest";
import { ApiError, type Answer, type Collection, type Field, type Row } from "../client";
import { press } from "../testing/hands";
import { mount } from "../testing/mount";
import { RecordForm } from "./RecordForm";
import { Unreadable } from "./unreadable";

const SAMPLES: Collection = { name: "samples", title: "Samples", may: { create: null, update: null }, fields: [{ name: "title", type: "string" }] };
const ANSWER: Answer<unknown> = { data: null, meta: {}, messages: [], status: 200, version: null };
const onSave = vi.fn<(values: Row, key: string) => Promise<Answer<unknown>>>();
const onSaved = vi.fn();
const onSavedButRefused = vi.fn();

type Filled = Partial<ComponentProps<typeof RecordForm>>;
const form = (filled: Filled) => <RecordForm collection={SAMPLES} fields={SAMPLES.fields} record={null} values={{}} onChange={() => undefined} saveLabel="Save" onSave={onSave} onSaved={onSaved} onSavedButRefused={onSavedButRefused} onCancel={() => undefined} {...filled} />;
/** Presses Save with this title typed, on this version of the record. */
async function save(title: string, version: string | null = null) {
  await mount(form({ record: version === null ? null : { title: "before" }, version, values: { title } }));
  await press("Save");
}
const keys = () => onSave.mock.calls.map(([, key]) => key);
const refuse = (status: number) => onSave.mockRejectedValueOnce(new ApiError(status, { errors: [{ message: "no" }] }));

it.each([0, 502, 503, 504])("saved again after no answer (%d) it is the same call", async (status) => {
  refuse(status);
  onSave.mockResolvedValueOnce(ANSWER);
  await save("A");
  expect(onSaved).not.toHaveBeenCalled();
  await save("A");
  expect(keys()[1]).toBe(keys()[0]);
  expect(onSaved).toHaveBeenCalledExactlyOnceWith(ANSWER);
});

it("other values, or another version, are another call even after no answer", async () => {
  [0, 503, 0].forEach(refuse);
  onSave.mockResolvedValueOnce(ANSWER);
  await save("A", '"1"');
  await save("B", '"1"');
  await save("B", '"2"');
  await save("B", '"2"');
  const [first, changed, newer, again] = keys();
  expect(new Set([first, changed, newer]).size).toBe(3);
  expect(again).toBe(newer);
});

it.each([400, 409, 412, 500])("what was refused (%d) and is saved again is another call", async (status) => {
  refuse(status);
  onSave.mockResolvedValueOnce(ANSWER);
  await save("A");
  await save("A");
  expect(keys()[1]).not.toBe(keys()[0]);
});

describe("what the server refuses at fields", () => {
  const fields: Field[] = [{ name: "title", type: "string" }, { name: "tags", type: "array", required: true }, { name: "extra", type: "json" }];
  const show = (values: Row) => mount(form({ collection: { ...SAMPLES, fields }, fields, values }));
  const alerts = () => [...document.querySelectorAll("[role=alert]")].map((one) => one.textContent);
  const focused = () => document.activeElement?.closest("div[data-field]")?.getAttribute("data-field");

  it("is counted aloud, and the first wrong input has the focus", async () => {
    onSave.mockRejectedValueOnce(new ApiError(400, { errors: [{ message: "bad", path: "extra" }, { message: "tags is required", path: "values.tags" }] }));
    await show({ tags: ["a"] });
    await press("Save");
    expect(alerts()).toEqual(["2 things need a look; they are marked below."]);
    expect(focused()).toBe("tags");
    expect(document.activeElement?.tagName).toBe("INPUT");
  });

  it("comes into view again when it is refused again", async () => {
    const refusal = () => onSave.mockRejectedValueOnce(new ApiError(400, { errors: [{ message: "bad", path: "title" }] }));
    refusal();
    await show({ title: "A" });
    await press("Save");
    expect([alerts(), focused()]).toEqual([["One thing needs a look; it is marked below."], "title"]);
    document.querySelector<HTMLButtonElement>('button[type="submit"]')?.focus();
    refusal();
    await press("Save");
    expect(focused()).toBe("title");
  });

  it("and what is no JSON yet are told alike", async () => {
    await show({ extra: new Unreadable("{") });
    await press("Save");
    expect([alerts(), focused()]).toEqual([["One thing needs a look; it is marked below."], "extra"]);
    expect(onSave).not.toHaveBeenCalled();
  });

  it("nothing is said, and nothing focused, before", async () => {
    await show({});
    expect([alerts(), document.activeElement]).toEqual([[], document.body]);
  });
});

describe("a workflow that refuses", () => {
  const envelope = { errors: [{ message: "Not on Sundays" }], meta: { executions: [{ id: 5, key: "no", status: -1 }] } };
  const alerts = () => [...document.querySelectorAll<HTMLElement>("[role=alert]")];

  it.each([
    ["made", 400, { id: 7, title: "A" }],
    ["changed", 400, [{ id: 7, title: "A" }]],
    ["made, the workflow being broken", 500, { id: 7 }],
  ])("after the record was %s ends the form: it is saved", async (_what, status, data) => {
    const refusal = new ApiError(status, { ...envelope, data });
    onSave.mockRejectedValueOnce(refusal);
    await save("A");
    expect(onSavedButRefused).toHaveBeenCalledExactlyOnceWith(refusal);
    expect([onSaved.mock.calls, alerts()]).toEqual([[], []]);
  });

  it.each([
    ["with nothing written", 400, {}],
    ["because the version is another, which is what is told", 412, { data: { id: 7, title: "theirs" } }],
  ])("%s leaves what was typed, and its note is in view and has the focus", async (_what, status, more) => {
    const shown = vi.spyOn(Element.prototype, "scrollIntoView");
    onSave.mockRejectedValue(new ApiError(status, { ...envelope, ...more }));
    await save("A");
    expect([onSaved.mock.calls, onSavedButRefused.mock.calls]).toEqual([[], []]);
    const [note] = alerts();
    expect(note?.textContent).toContain("Not on Sundays");
    expect([document.activeElement, shown.mock.contexts]).toEqual([note, [note]]);
    // Typing goes on where it is; refused again it is told again.
    document.querySelector("input")?.focus();
    await press("Save");
    expect(document.activeElement).toBe(alerts()[0]);
    shown.mockRestore();
  });

  it("at a field and elsewhere has its note focused once, not with each letter", async () => {
    onSave.mockRejectedValueOnce(new ApiError(400, { errors: [{ message: "bad", path: "title" }, { message: "Not on Sundays" }] }));
    await save("A");
    expect(document.activeElement?.textContent).toContain("Not on Sundays");
    document.querySelector("input")?.focus();
    onSave.mockReset();
    await mount(form({ values: { title: "AB" } }));
    expect(document.activeElement?.tagName).toBe("INPUT");
  });
});
