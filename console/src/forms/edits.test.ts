import { describe, expect, it } from "vitest";
import type { Field, Row } from "../client";
import { begin, meet, takeTheirs, type Edits } from "./edits";

const TITLE: Field = { name: "title", type: "string" };
const SIZE: Field = { name: "size", type: "double" };
const CATEGORY: Field = { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" };
const STATUS: Field = { name: "status", type: "string", readOnly: true };
const FIELDS = [TITLE, SIZE, CATEGORY];
const SHOWN = [...FIELDS, STATUS, { name: "updatedAt", type: "datetimeTz" }];

const FIRST = { title: "A", size: 1, categoryId: 2, category: { id: 2 }, status: "Collected", updatedAt: "1" };
const opened = (typed: Row = {}): Edits => {
  const edits = begin(FIELDS, { record: FIRST, version: "1" });
  return { ...edits, values: { ...edits.values, ...typed } };
};
const changed = (edits: Edits, changes: Row, version = "2") => meet(FIELDS, SHOWN, edits, { record: { ...FIRST, ...changes }, version });
const told = (edits: Edits) => edits.changes.map((one) => [one.field.name, one.was[one.field.name], one.now[one.field.name], one.isTyped]);

describe("a record that somebody else changes while it is edited", () => {
  it("is shown as it is now where nothing was typed, without a word", () => {
    const edits = changed(opened(), { title: "B", updatedAt: "2" });
    expect(edits.values).toEqual({ title: "B", size: 1, category: 2 });
    expect(edits.stored.version).toBe("2");
    expect(edits.changes).toEqual([]);
  });

  it("keeps what was typed, takes the rest, and tells what changed", () => {
    const edits = changed(opened({ size: 5 }), { title: "B", status: "Archived", updatedAt: "2" });
    expect(edits.values).toEqual({ title: "B", size: 5, category: 2 });
    expect(told(edits)).toEqual([["title", "A", "B", false], ["status", "Collected", "Archived", false]]);
  });

  it("says where both wrote, and saves over theirs or takes theirs", () => {
    const edits = changed(opened({ title: "Mine", size: 5 }), { title: "Theirs" });
    expect(told(edits)).toEqual([["title", "A", "Theirs", true]]);
    expect(edits.values["title"]).toBe("Mine");
    const one = takeTheirs(FIELDS, edits, "title");
    expect(one.values).toEqual({ title: "Theirs", size: 5, category: 2 });
    expect(told(one)).toEqual([["title", "A", "Theirs", false]]);
    expect(takeTheirs(FIELDS, edits)).toMatchObject({ values: { title: "Theirs", size: 1, category: 2 }, changes: [] });
  });

  it("tells the way from what was there at first, over several changes, and nothing of one taken back", () => {
    const once = changed(opened({ size: 5 }), { title: "B" });
    expect(told(changed(once, { title: "C" }, "3"))).toEqual([["title", "A", "C", false]]);
    expect(told(changed(once, { title: "A" }, "3"))).toEqual([]);
  });

  it("knows an association by its key, and takes the same value for no conflict", () => {
    const edits = changed(opened({ title: "Mine", category: 7 }), { categoryId: 7, category: { id: 7 } });
    expect(edits.values).toEqual({ title: "Mine", size: 1, category: 7 });
    expect(edits.changes.map((one) => [one.field.name, one.isTyped])).toEqual([["category", false]]);
  });

  it("takes an emptied input for a change like any other", () => {
    expect(changed(opened({ title: null }), { title: "B" }).values["title"]).toBeNull();
    expect(changed(opened({ title: "" }), { size: 3 }).values).toEqual({ title: "", size: 3, category: 2 });
  });
});
