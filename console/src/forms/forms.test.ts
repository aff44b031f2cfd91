import { describe, expect, it } from "vitest";
import type { RJSFSchema } from "@rjsf/utils";
import type { Field } from "../client";
import { changedValues, firstValues, mistakesByField } from "./recordValues";
import { errorSchema } from "./errorSchema";
import { schemaValidator } from "./schemaValidator";

const FIELDS: Field[] = [
  { name: "title", type: "string", defaultValue: "New" },
  { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" },
  { name: "tags", type: "hasMany", target: "tags" },
];

describe("the values of a form", () => {
  it("begin with the defaults, or with what the record has", () => {
    expect(firstValues(FIELDS, null)).toEqual({ title: "New", category: null, tags: [] });
    expect(firstValues(FIELDS, { title: "A", categoryId: 2, tags: [{ id: 5 }] })).toEqual({ title: "A", category: 2, tags: [5] });
  });

  it("are sent as far as they changed, of a new record as far as they are filled in", () => {
    expect(changedValues({ title: "A", category: null }, { title: "A", category: 2 }, false)).toEqual({ category: null });
    expect(changedValues({ title: "", category: 2, tags: [], done: false }, {}, true)).toEqual({ category: 2, done: false });
  });

  it("of a new record that were emptied are sent as null, or the server would put the default in", () => {
    const before = firstValues(FIELDS, null);
    expect(changedValues({ ...before, title: null }, before, true)).toEqual({ title: null });
    expect(changedValues({ ...before, title: "" }, before, true)).toEqual({ title: null });
    expect(changedValues({ lines: [] }, { lines: ["a"] }, true)).toEqual({ lines: [] });
    expect(changedValues(before, before, true)).toEqual({ title: "New" });
  });

  it("of a new record have no where a switch is drawn as off, and nothing where none is asked for", () => {
    const flags: Field[] = [{ name: "flag", type: "boolean", required: true }, { name: "on", type: "boolean", required: true, defaultValue: true }, { name: "maybe", type: "boolean" }];
    const before = firstValues(flags, null);
    expect(before).toEqual({ flag: false, on: true, maybe: null });
    expect(changedValues(before, before, true)).toEqual({ flag: false, on: true });
    expect(firstValues(flags, { on: false })).toEqual({ flag: null, on: false, maybe: null });
  });

  it("that are wrong say so at their inputs, an association's key too, and the rest above", () => {
    const problems = [{ message: "missing", path: "title" }, { message: "gone", path: "categoryId" }, { message: "bad", path: "tags.0.name" }, { message: "no" }];
    expect(mistakesByField(problems, FIELDS)).toEqual({ at: { title: "missing", category: "gone", tags: "bad" }, others: ["no"] });
  });
});

describe("a form from a schema", () => {
  const schema: RJSFSchema = {
    type: "object",
    required: ["title"],
    properties: { title: { type: "string", minLength: 1 }, size: { type: "number", minimum: 0 }, lines: { type: "array", items: { type: "object", required: ["count"] } } },
  };
  const problems = (data: Record<string, unknown>) => schemaValidator.validateFormData(data, schema).errors.map((one) => one.property);

  it("is checked without generated code, each mistake at its field", () => {
    expect(problems({ title: "A", size: 3 })).toEqual([]);
    expect(problems({ size: -1, lines: [{}] })).toEqual([".title", ".size", ".lines.0.count"]);
    expect(schemaValidator.validateFormData({}, schema).errorSchema).toMatchObject({ title: { __errors: ["is required"] } });
  });

  it("takes an input that was emptied for one without a value", () => {
    expect(problems({ title: "A", size: undefined })).toEqual([]);
    expect(schemaValidator.isValid(schema, undefined, schema)).toBe(false);
  });

  it("shows what the server refused at its field", () => {
    expect(errorSchema({ "lines.0.count": ["too many"] })).toEqual({ lines: { 0: { count: { __errors: ["too many"] } } } });
  });
});
