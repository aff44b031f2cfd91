import { describe, expect, it } from "vitest";
import type { Collection } from "../../client";
import { answered, fieldsOf, problemsOf, valuesAtFirst, valuesToSend, type TaskForm } from "./forms";

const SAMPLES: Collection = {
  name: "samples", title: "Samples", may: { view: null },
  fields: [
    { name: "title", type: "string", required: true, defaultValue: "New" },
    { name: "categoryId", type: "integer", isForeignKey: true },
    { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" },
    { name: "secret", type: "string", hidden: true },
  ],
};
const form = (type: TaskForm["type"], more: Partial<TaskForm> = {}): TaskForm => ({ type, collection: "samples", actions: [{ key: "ok", status: 1 }], ...more });

describe("a form on records", () => {
  it("asks for the collection's fields, or those it names", () => {
    expect(fieldsOf(form("create"), SAMPLES).map((one) => one.name)).toEqual(["title", "category"]);
    expect(fieldsOf(form("create", { fields: ["category"] }), SAMPLES).map((one) => one.name)).toEqual(["category"]);
    expect(fieldsOf(form("create"), undefined)).toEqual([]);
  });

  it("of a change begins empty, requires nothing, and sends what is filled in", () => {
    const update = form("update");
    const fields = fieldsOf(update, SAMPLES);
    expect(fields[0]?.required).toBe(false);
    const first = valuesAtFirst(update, fields, null);
    expect(first).toEqual({ title: null, category: null });
    expect(valuesToSend(update, { ...first, title: "B" })).toEqual({ title: "B" });
  });

  it("of a new record begins with the defaults, a draft before them", () => {
    const create = form("create");
    const fields = fieldsOf(create, SAMPLES);
    expect(valuesAtFirst(create, fields, null)).toEqual({ title: "New", category: null });
    expect(valuesAtFirst(create, fields, { title: "Draft", categoryId: 4 })).toEqual({ title: "Draft", category: 4 });
  });
});

it("a custom form keeps its draft and sends all it has", () => {
  expect(valuesAtFirst(form("custom"), [], { note: "a" })).toEqual({ note: "a" });
  expect(valuesAtFirst(form("custom"), [], "broken")).toEqual({});
  expect(valuesToSend(form("custom"), { note: "" })).toEqual({ note: "" });
});

it("problems stand at their field, those of other forms above", () => {
  const problems = [{ message: "too long", path: "result.f.title" }, { message: "gone", path: "result.g.title" }, { message: "no" }];
  expect(problemsOf(problems, "f")).toEqual({ at: { title: ["too long"] }, others: ["gone", "no"] });
});

it("what was answered is told with labels and the button's name", () => {
  const forms = { f: form("custom", { title: "Decision", schema: { properties: { note: { title: "Note" } } }, actions: [{ key: "ok", title: "Approve", status: 1 }] }) };
  expect(answered({ result: { f: { note: "fine" }, _: "ok" }, forms }, () => undefined)).toEqual([{ form: "Decision", lines: [{ label: "Note", value: "fine" }], action: "Approve" }]);
  expect(answered({ result: null, forms }, () => undefined)).toEqual([]);
});
