import { describe, expect, it } from "vitest";
import type { Collection, Field } from "../../client";
import { labelOf } from "../../model/fields";
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

  it("that names a foreign key asks for its association, and sends it under that name", () => {
    const byKey = form("create", { fields: ["title", "categoryId"] });
    const fields = fieldsOf(byKey, SAMPLES);
    expect(fields.map((one) => [one.name, one.type, labelOf(one)])).toEqual([["title", "string", "Title"], ["categoryId", "belongsTo", "Category"]]);
    const first = valuesAtFirst(byKey, fields, { categoryId: 4 });
    expect(first).toEqual({ title: "New", categoryId: 4 });
    expect(valuesToSend(byKey, { ...first, categoryId: 7 })).toEqual({ title: "New", categoryId: 7 });
    expect(fieldsOf(form("create", { fields: ["category", "categoryId"] }), SAMPLES).map((one) => one.name)).toEqual(["category"]);
    expect(answered({ result: { f: { categoryId: 7 } }, forms: { f: byKey } }, () => SAMPLES)[0]?.lines).toEqual([{ label: "Category", value: 7 }]);
  });

  it("that names a foreign key asks for the key itself where the association is hidden, and never for those that have it elsewhere", () => {
    const [title, key, category] = SAMPLES.fields as [Field, Field, Field];
    const children: Field = { name: "children", type: "hasMany", target: "samples", foreignKey: "categoryId" };
    const hidden = { ...SAMPLES, fields: [title, key, { ...category, hidden: true }, children] };
    expect(fieldsOf(form("create", { fields: ["categoryId"] }), hidden)).toEqual([key]);
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
