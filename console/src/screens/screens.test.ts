// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { Collection } from "../client";
import { draftOf, EMPTY_FIELD, mistakesIn, nameFrom, retyped, toField } from "./collections/fieldDraft";
import { readJson } from "../forms/unreadable";
import { problemsOfFields } from "./collections/problems";
import { readTableState, writeTableState } from "./table/tableState";
import { listOptions } from "./table/useTable";

const SAMPLES: Collection = {
  name: "samples",
  title: "Samples",
  fields: [{ name: "title", type: "string" }, { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" }],
  may: { view: null },
};
const read = (query: string) => readTableState(new URLSearchParams(query), SAMPLES);

describe("the address of a table", () => {
  it("is read as far as it makes sense", () => {
    expect(read("")).toEqual({ filter: null, sort: null, page: 1, size: 20, cursor: null, columns: ["title", "category", "createdAt"], open: null });
    expect(read("page=-3&size=7&sort=-nowhere&columns=x")).toMatchObject({ page: 1, size: 20, sort: null, columns: ["title", "category", "createdAt"] });
    expect(read('sort=-title&page=2&size=50&columns=id,title&filter={"title":"a"}&open=new')).toMatchObject({ sort: { field: "title", descending: true }, page: 2, size: 50, columns: ["id", "title"], filter: { title: "a" }, open: "new" });
  });

  it("begins anew on the first page when something else is asked", () => {
    const after = writeTableState(new URLSearchParams("page=3&cursor=abc&open=5"), { sort: { field: "title", descending: false } });
    expect(after.toString()).toBe("open=5&sort=title");
  });

  it("says nothing of what is as at the beginning", () => {
    const changes = { page: 1, size: 20, filter: null, open: null } as const;
    expect(writeTableState(new URLSearchParams("page=3&size=50&open=5"), changes).toString()).toBe("");
  });

  it("asks for the columns' partners and sorts an association by its key", () => {
    const options = listOptions(SAMPLES, read("sort=-category"), () => true);
    expect(options).toMatchObject({ sort: ["-categoryId"], appends: ["category"], page: 1, pageSize: 20 });
  });
});

describe("a field's form", () => {
  it("makes a name from the title", () => {
    expect([nameFrom("Taken at"), nameFrom("3 things"), nameFrom(" Height (cm) ")]).toEqual(["takenAt", "_3Things", "heightCm"]);
    expect(nameFrom("Größe")).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
  });

  it.each([
    ["json", { a: [1, { b: 2 }] }],
    ["array", ["x", "y"]],
    ["boolean", false],
    ["double", 0],
    ["string", "Collected"],
    ["json", "a text"],
  ])("keeps a default as it is: %s", (type, defaultValue) => {
    const field = { name: "extra", type, uiSchema: { title: "Extra" }, required: false, defaultValue };
    expect(toField(draftOf(field), field)).toMatchObject({ defaultValue });
    expect(toField({ ...draftOf(field), title: "Other" }, field)["defaultValue"]).toEqual(defaultValue);
  });

  it("takes a default away when it is emptied or the type changes, and sends none that is no JSON yet", () => {
    const field = { name: "extra", type: "json", defaultValue: { a: 1 } };
    expect(toField({ ...draftOf(field), defaultValue: null }, field)["defaultValue"]).toBeNull();
    expect(retyped(draftOf(field), "string")).toMatchObject({ type: "string", defaultValue: null });
    expect(retyped({ ...EMPTY_FIELD, type: "double", defaultValue: 3 }, "integer")).toMatchObject({ type: "integer", defaultValue: 3 });
    expect(mistakesIn({ ...EMPTY_FIELD, type: "json", defaultValue: readJson("{") })).toHaveProperty("defaultValue");
  });

  it("sends what its type has", () => {
    expect(toField({ ...EMPTY_FIELD, title: "Size", name: "size", type: "double", defaultValue: 3, index: true })).toEqual({ name: "size", type: "double", uiSchema: { title: "Size" }, required: false, unique: false, index: true, defaultValue: 3 });
    expect(toField({ ...EMPTY_FIELD, name: "post", type: "belongsTo", target: "posts", foreignKey: "" })).toEqual({ name: "post", type: "belongsTo", uiSchema: { title: "post" }, required: false, target: "posts" });
  });

  it("keeps what it does not show", () => {
    const old = { name: "kind", type: "string", uiSchema: { title: "Kind", "x-component": "Select", enum: [{ value: "a", label: "Apple" }] } };
    expect(toField({ ...draftOf(old), choices: ["a", "b"] }, old)["uiSchema"]).toEqual({ title: "Kind", "x-component": "Select", enum: [{ value: "a", label: "Apple" }, { value: "b", label: "b" }] });
  });

  it("shows each problem at its field and option", () => {
    const problems = [{ message: "taken", path: "name" }, { message: "missing", path: "fields.1.target" }, { message: "no" }];
    expect(problemsOfFields(problems)).toEqual({ own: { name: "taken" }, fields: { 1: { target: "missing" } }, others: ["no"] });
  });
});
