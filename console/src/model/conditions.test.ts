import { describe, expect, it } from "vitest";
import type { Field, Filter } from "../client";
import { fromFilter, isUnreadable, parseFilter, toFilter, withoutGone } from "./filters";
import { operatorsOf } from "./operators";

const FIELDS: Field[] = [
  { name: "title", type: "string" },
  { name: "flag", type: "boolean" },
  { name: "price", type: "decimal" },
  { name: "tag", type: "belongsTo", target: "tags", foreignKey: "tagId" },
  { name: "badge", type: "hasOne", target: "badges", foreignKey: "gizmoId" },
  { name: "labels", type: "belongsToMany", target: "tags", foreignKey: "gizmoId", otherKey: "tagId" },
];
const asked = (field: string, operator: string, value: unknown = null) => toFilter({ all: true, rows: [{ field, operator, value }] }, FIELDS);

describe("conditions", () => {
  it.each<[string, string, unknown, Filter]>([
    ["flag", "$eq", null, { flag: { $eq: false } }],
    ["flag", "$isTruly", null, { flag: { $isTruly: true } }],
    ["tag", "$in", [1, 2], { tagId: { $in: [1, 2] } }],
    ["tag", "$notExists", null, { tagId: { $notExists: true } }],
    ["badge", "$eq", 5, { "badge.id": { $eq: 5 } }],
    ["badge", "$exists", null, { badge: { $exists: true } }],
    ["labels", "$in", [1, 2], { "labels.id": { $in: [1, 2] } }],
    ["title", "$in", ["a,b", "A,B"], { title: { $in: ["a,b", "A,B"] } }],
  ])("on %s with %s are told in what the API compares, and read back", (field, operator, value, part) => {
    const filter = asked(field, operator, value);
    expect(filter).toEqual({ $and: [part] });
    const [row] = fromFilter(filter, FIELDS)?.rows ?? [];
    expect([row?.field, row?.operator]).toEqual([field, operator]);
    expect(toFilter({ all: true, rows: row ? [row] : [] }, FIELDS)).toEqual(filter);
  });

  it("that are no, or nothing, can be told apart", () => {
    expect(operatorsOf(FIELDS[1] as Field).map((one) => one.name)).toEqual(["$isTruly", "$eq", "$isFalsy", "$empty", "$notEmpty"]);
  });

  it.each<[unknown]>([[null], ["a"], [{ flag: { $eq: true } }], [{ title: { $eq: { a: 1 } } }], [{ title: { $empty: false } }], [{ price: { $between: "x" } }], [{ price: { $between: [1] } }], [{ tagId: null }]])("that no row can show are left as they are: %j", (part) => {
    expect(fromFilter({ $and: [part] }, FIELDS)).toBeNull();
  });

  it("keep a span that is half typed", () => {
    expect(fromFilter({ $and: [{ price: { $between: [1, null] } }] }, FIELDS)?.rows).toHaveLength(1);
  });
});

describe("a filter in the address", () => {
  it.each(["{oops", "[1]", '"x"', "3", "null"])("that is none is told of: %s", (text) => {
    expect([isUnreadable(text), parseFilter(text)]).toEqual([true, null]);
  });

  it.each([null, "", "{}", '{"$and":[]}'])("that asks nothing is none: %s", (text) => {
    expect([isUnreadable(text), parseFilter(text)]).toEqual([false, null]);
  });

  it("goes on without the conditions on fields that are gone", () => {
    const kept = { $or: [{ tagId: { $eq: 1 } }, { title: { $eq: "a" } }, { "badge.id": { $eq: 5 } }] };
    const filter = { $or: [{ nope: { $eq: 1 } }, ...kept.$or, { "gone.id": { $eq: 1 } }] };
    expect(withoutGone(filter, FIELDS)).toEqual({ filter: kept, gone: ["nope", "gone"] });
    expect(withoutGone({ $and: [null, { $or: [] }] }, FIELDS).gone).toEqual([]);
  });
});
