import { describe, expect, it } from "vitest";
import type { Collection } from "../../client";
import { draftOf, EMPTY, fittingWorkflows, inConditions, newDraft, problemOfNames, problemsByPlace, valuesOf, type Button } from "./buttonDraft";
import { emptyField, fieldsOfSchema, retitled, schemaOf } from "./formFields";

const SAMPLES: Collection = {
  name: "samples", title: "Samples", may: {},
  fields: [{ name: "title", type: "string" }, { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" }],
};

describe("the fields of a form", () => {
  const schema = {
    type: "object",
    properties: {
      why: { type: "string", title: "Why", minLength: 1, "x-index": 0 },
      size: { type: "number", title: "Size", minimum: 0, maximum: 5, "x-index": 1 },
      when: { type: "string", format: "date", "x-index": 2 },
      kind: { type: "string", title: "Kind", enum: ["a", "b"], "x-index": 3 },
      tags: { type: "array", items: { type: "string", enum: ["x"] }, uniqueItems: true, "x-index": 4 },
    },
    required: ["why"],
  };

  it("become a JSON Schema, and come back from it as they were", () => {
    const fields = fieldsOfSchema(schema);
    expect(fields?.map((one) => [one.name, one.type, one.required])).toEqual([["why", "text", true], ["size", "number", false], ["when", "date", false], ["kind", "choice", false], ["tags", "choices", false]]);
    expect(schemaOf(fields ?? [])).toEqual(schema);
    expect(schemaOf([])).toBeNull();
    expect(fieldsOfSchema(null)).toEqual([]);
  });

  it("come back in their order, however the database keeps them", () => {
    const shuffled = { ...schema, properties: Object.fromEntries(Object.entries(schema.properties).reverse()) };
    expect(fieldsOfSchema(shuffled)?.map((one) => one.name)).toEqual(["why", "size", "when", "kind", "tags"]);
    const without = { type: "object", properties: { b: { type: "string" }, a: { type: "string" }, c: { type: "string", "x-index": 9 } } };
    expect(fieldsOfSchema(without)?.map((one) => one.name)).toEqual(["c", "b", "a"]);
    expect(schemaOf(fieldsOfSchema(without) ?? [])?.["properties"]).toEqual({ c: { type: "string", "x-index": 0 }, b: { type: "string", "x-index": 1 }, a: { type: "string", "x-index": 2 } });
  });

  it.each([
    [{ type: "object", properties: { a: { type: "string", "x-index": "1" } } }],
    [{ type: "object", properties: { a: { type: "string", pattern: "^x$" } } }],
    [{ type: "object", properties: { a: { type: "object", properties: {} } } }],
    [{ type: "object", properties: {}, additionalProperties: true }],
    [{ type: "object", properties: { a: { type: "string", minLength: 3 } } }],
    [{ type: "array" }],
  ])("are none for a schema that they could not say: %j", (other) => {
    expect(fieldsOfSchema(other)).toBeNull();
  });

  it("are named after their titles until a name is typed", () => {
    expect(retitled(emptyField(), "Taken at").name).toBe("takenAt");
    expect(retitled({ ...emptyField(), title: "Taken", name: "mine" }, "Taken at").name).toBe("mine");
  });
});

describe("a button", () => {
  const button: Button = {
    name: "go", label: "Go", color: "red", icon: "send", collection: "samples", context: "single", placement: "details", kind: "workflow",
    workflows: [{ key: "a" }, { key: "b", association: "category" }], procedure: null, client: null, confirm: "Sure?", form: { type: "object", properties: { n: { type: "integer", "x-index": 0 } } },
    visibleWhen: { status: "New" }, enabledWhen: null, disabledReason: null, roles: ["lab"], onResult: { message: "Done", refresh: false, download: { url: "/x" } }, sort: 3, enabled: true, updatedAt: "",
  };

  it("is sent back as it was read", () => {
    const { name, ...options } = { ...button, updatedAt: undefined };
    expect(valuesOf(draftOf(button), false)).toEqual({ ...options, onResult: { message: "Done", refresh: false, download: { url: "/x" } } });
    expect(valuesOf(draftOf(button), true)).toMatchObject({ name });
  });

  it("whose form is beyond the editor keeps it", () => {
    const form = { type: "object", properties: { a: { type: "string", pattern: "x" } } };
    expect(valuesOf(draftOf({ ...button, form }), false)["form"]).toEqual(form);
  });

  it("of another kind sends nothing of the old one, and without a record no rules", () => {
    const draft = { ...draftOf(button), kind: "client" as const, effect: "openRecord" as const, context: "none" as const };
    expect(valuesOf(draft, false)).toMatchObject({ workflows: null, procedure: null, client: { type: "openRecord" }, visibleWhen: null });
    expect(valuesOf({ ...draft, ...draftOf({ ...button, client: { type: "openRecord", newWindow: true } }), kind: "client" }, false)).toMatchObject({ client: { type: "openRecord", newWindow: true } });
  });

  it("stands on rows when it is made for a collection", () => {
    expect(newDraft("samples", "archive", "multiple")).toMatchObject({ collection: "samples", context: "multiple", placement: "toolbar", workflows: ["archive"] });
    expect([newDraft("samples").context, newDraft("samples").placement, newDraft(null).context]).toEqual(["single", "row", "none"]);
  });
});

describe("the workflows that fit", () => {
  const workflow = (key: string, type: number, collection?: string) => ({ key, title: null, config: { type, collection } });
  const all = [workflow("global", 0), workflow("one", 1, "samples"), workflow("many", 2, "samples"), workflow("other", 1, "posts"), workflow("partner", 1, "categories")];
  const offered = (context: "none" | "single" | "multiple", collection: string | null) =>
    fittingWorkflows(all, { ...EMPTY, context, collection }, collection ? SAMPLES : undefined).map((one) => one.value);

  it("have the button's collection and context, or that of a partner", () => {
    expect(offered("single", "samples")).toEqual(["one", "partner!category"]);
    expect(offered("multiple", "samples")).toEqual(["many"]);
    expect(offered("none", null)).toEqual(["global"]);
    expect(offered("none", "samples")).toEqual(["global", "one", "many"]);
  });
});

it("problems stand at the input that they are about, the rest above", () => {
  const problems = [{ message: "fits not", path: "workflows.0" }, { message: "twice", path: "workflows" }, { message: "unsafe", path: "client.url" }, { message: "odd", path: "zzz" }, { message: "no" }];
  expect(problemsByPlace(problems)).toEqual({ at: { workflows: "fits not; twice", "client.url": "unsafe" }, others: ["odd", "no"] });
});

it("a rule in short is edited as conditions", () => {
  expect(inConditions({ status: "New", size: { $gt: 1, $lt: 5 } })).toEqual({ $and: [{ status: { $eq: "New" } }, { size: { $gt: 1 } }, { size: { $lt: 5 } }] });
  expect(inConditions({ $or: [{ a: 1 }] })).toEqual({ $or: [{ a: 1 }] });
});

it("fields of a form have names of their own", () => {
  const named = (...names: string[]) => ({ ...EMPTY, fields: names.map((name) => ({ ...emptyField(), name })) });
  expect(problemOfNames(named("a", "b"))).toBeNull();
  expect(problemOfNames(named("a", ""))).toMatch(/needs a name/);
  expect(problemOfNames(named("a", "a"))).toMatch(/two fields/);
});
