import { describe, expect, it } from "vitest";
import type { Collection, Field } from "../client";
import { appendsOf, firstColumns, recordTitle, titleFieldOf } from "./collections";
import { choicesOf, inWords, kindOf, labelOf, shownFields, writableFields } from "./fields";
import { fromFilter, parseFilter, toFilter } from "./filters";
import { operatorsOf } from "./operators";
import { numberText } from "./numbers";
import { duration, fromLocalInput, fromWallInput, toLocalInput, toWallInput, wallTime } from "./times";

const FIELDS: Field[] = [
  { name: "title", type: "string", uiSchema: { title: "Title" } },
  { name: "indicator", type: "double" },
  { name: "status", type: "string", uiSchema: { enum: [{ value: "a", label: "A" }] } },
  { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" },
  { name: "categoryId", type: "bigInt", isForeignKey: true },
  { name: "serial", type: "string", readOnly: true },
  { name: "secret", type: "string", hidden: true },
  { name: "settings", type: "json" },
];
const SAMPLES: Collection = { name: "samples", title: null, fields: FIELDS, may: { view: null, create: null, update: ["title", "categoryId"] } };

describe("fields", () => {
  it("are called by their title, else by their name in words", () => {
    expect(FIELDS.slice(0, 2).map(labelOf)).toEqual(["Title", "Indicator"]);
    expect([inWords("takenAt"), inWords("due_on")]).toEqual(["Taken at", "Due on"]);
    expect(labelOf({ name: "takenAt", type: "date", uiSchema: { title: "{{t('x')}}" } })).toBe("Taken at");
  });

  it("of a known type have a kind, an unknown type is shown as JSON", () => {
    expect(FIELDS.map(kindOf)).toEqual(["text", "number", "choice", "toOne", "number", "text", "text", "json"]);
    expect(kindOf({ name: "x", type: "point" })).toBe("json");
  });

  it("offer pairs and plain values alike, each once, and nothing that no input could show", () => {
    const offering = (...all: unknown[]) => choicesOf({ name: "x", type: "string", uiSchema: { enum: all as string[] } });
    expect(offering("red", "green", "red")).toEqual([{ value: "red", label: "red" }, { value: "green", label: "green" }]);
    expect(offering({ value: 1, label: "One" }, 1, "1", { value: 2 }, true)).toEqual([{ value: "1", label: "One" }, { value: "2", label: "2" }, { value: "true", label: "true" }]);
    expect(offering(null, undefined, {}, { label: "x" }, ["a"], { value: {} }, { value: "a", label: { en: "A" } })).toEqual([{ value: "a", label: "a" }]);
    expect(kindOf({ name: "x", type: "string", uiSchema: { enum: ["red"] } })).toBe("choice");
    expect(kindOf({ name: "x", type: "string", uiSchema: { enum: [null as unknown as string] } })).toBe("text");
  });

  it("are shown without hidden ones and foreign keys, with those of every collection last", () => {
    const names = shownFields(SAMPLES).map((one) => one.name);
    expect(names).toEqual(["title", "indicator", "status", "category", "serial", "settings", "id", "createdAt", "updatedAt", "createdBy", "updatedBy"]);
    expect(firstColumns(SAMPLES)).toEqual(["title", "indicator", "status", "category", "serial", "createdAt"]);
  });

  it("are written as far as the role may, an association by its foreign key too", () => {
    expect(writableFields(SAMPLES, "create").map((one) => one.name)).toEqual(["title", "indicator", "status", "category", "settings"]);
    expect(writableFields(SAMPLES, "update").map((one) => one.name)).toEqual(["title", "category"]);
    expect(writableFields({ ...SAMPLES, may: {} }, "create")).toEqual([]);
  });

  it("load their partners only from collections in view", () => {
    expect(appendsOf(FIELDS, () => true)).toEqual(["category"]);
    expect(appendsOf(FIELDS, () => false)).toEqual([]);
  });
});

describe("records", () => {
  it("are called by the field that names them", () => {
    expect(titleFieldOf(SAMPLES)).toBe("title");
    expect(titleFieldOf({ ...SAMPLES, titleField: "serial" })).toBe("serial");
    expect(recordTitle({ id: 3, title: "" }, SAMPLES)).toBe("#3");
    expect(recordTitle({ id: 3, title: "S" }, SAMPLES)).toBe("S");
  });
});

describe("filters", () => {
  it("are the rows that are filled in, numbers as numbers, an association by its key", () => {
    const rows = [
      { field: "title", operator: "$includes", value: "a" },
      { field: "indicator", operator: "$gt", value: "90" },
      { field: "category", operator: "$eq", value: 2 },
      { field: "title", operator: "$empty", value: null },
      { field: "indicator", operator: "$between", value: [1, ""] },
      { field: "title", operator: "$eq", value: "" },
    ];
    expect(toFilter({ all: true, rows }, FIELDS)).toEqual({ $and: [{ title: { $includes: "a" } }, { indicator: { $gt: 90 } }, { categoryId: { $eq: 2 } }, { title: { $empty: true } }] });
    expect(toFilter({ all: true, rows: rows.slice(4) }, FIELDS)).toBeNull();
  });

  it("come back as the same rows", () => {
    const conditions = { all: false, rows: [{ field: "category", operator: "$ne", value: 2 }, { field: "title", operator: "$startsWith", value: "x" }] };
    expect(fromFilter(toFilter(conditions, FIELDS), FIELDS)).toEqual(conditions);
  });

  it("ask for any of several ids, numbers or texts", () => {
    const own = shownFields(SAMPLES);
    const rows = [
      { field: "id", operator: "$in", value: ["1", "2"] },
      { field: "indicator", operator: "$notIn", value: ["1.5"] },
      { field: "title", operator: "$in", value: ["3"] },
    ];
    const filter = toFilter({ all: true, rows }, own);
    expect(filter).toEqual({ $and: [{ id: { $in: [1, 2] } }, { indicator: { $notIn: [1.5] } }, { title: { $in: ["3"] } }] });
    expect(fromFilter(filter, own)?.rows[0]).toEqual({ field: "id", operator: "$in", value: [1, 2] });
    expect(toFilter({ all: true, rows: [{ field: "id", operator: "$in", value: ["x"] }] }, own)).toEqual({ $and: [{ id: { $in: ["x"] } }] });
    for (const value of [1, [{ a: 1 }], [null]]) expect(fromFilter({ $and: [{ id: { $in: value } }] }, own)).toBeNull();
  });

  it.each([[{ title: "a" }], [{ $and: [{ title: { $gt: "a", $lt: "b" } }] }], [{ $not: {} }], [{ $or: [{ nowhere: { $eq: 1 } }] }]])("written by hand are left as they are: %j", (filter) => {
    expect(fromFilter(filter, FIELDS)).toBeNull();
  });

  it.each([[null], [""], ["{"], ["[1]"], ["3"], ["null"]])("in an address that is none count as none: %s", (text) => {
    expect(parseFilter(text)).toBeNull();
  });

  it("have operators for every kind but what cannot be asked", () => {
    expect(operatorsOf({ name: "x", type: "password" })).toEqual([]);
    for (const field of FIELDS) expect(operatorsOf(field).length).toBeGreaterThan(0);
  });
});

describe("numbers", () => {
  it.each([1e-14, 0.1, 0.12345678901234566, 1.0000000000000002, 5e-324, -90.05, 123456.789, 1e300])("are shown with all digits that are stored: %d", (value) => {
    expect(Number(numberText(value).replaceAll(",", ""))).toBe(value);
  });
});

describe("times", () => {
  it.each(["2026-01-05T10:30:00.000Z", "2026-01-05 10:30:00", "2026-01-05T10:30"])("without a zone are the same in every zone: %s", (stored) => {
    expect(new Date("2026-01-05T10:30:00Z").getHours()).toBe(5);
    expect(wallTime(stored)).toMatch(/10:30/);
    expect(toWallInput(stored)).toBe("2026-01-05T10:30");
    expect(fromWallInput(toWallInput(stored))).toBe("2026-01-05T10:30:00.000Z");
  });

  it("without a zone that are emptied are none", () => {
    expect([fromWallInput(""), toWallInput("no")]).toEqual([null, ""]);
  });

  it("go through an input unchanged, to the minute", () => {
    expect(fromLocalInput(toLocalInput("2026-11-21T10:30:00.000Z"))).toBe("2026-11-21T10:30:00.000Z");
    expect(fromLocalInput("")).toBeNull();
  });

  it("that passed are told in words", () => {
    expect([duration(12), duration(1_500), duration(61_500)]).toEqual(["12 ms", "1.5 s", "1 min 1 s"]);
  });
});
