import { describe, expect, it } from "vitest";
import { ApiError, type Collection } from "../../client";
import { shownFields } from "../../model/fields";
import { readOpened, writeOpened, type Opened } from "./canvasState";
import { choicesAt, isHidden } from "./form/choices";
import { filterOf, rowsOf } from "./form/nodeFilter";
import { fromText, numberOrText, toText } from "./form/values";
import { CARD, layoutOf } from "./layout";
import { problemsOf } from "./problems";
import { askedOf, runValues } from "./runContext";
import { shortened } from "./summary";
import { idsUnder, inOrder, nodesBefore, placeName, treeOf } from "./tree";
import type { FlowNode, Kinds, NodeKind } from "./types";
import { readable, variablesAt, wayTo } from "./variables";

const node = (id: number, type: string, upstreamId: number | null, branchIndex: number | null = null, config: Record<string, unknown> = {}): FlowNode => ({ id, key: `n${id}`, type, title: `Node ${id}`, config, upstreamId, branchIndex, updatedAt: "" });
const kind = (type: string, branches: NodeKind["branches"], branchOnFailure = false): [string, NodeKind] => [type, { type, title: type, description: "", schema: {}, policies: {}, branches, branchOnFailure, waits: false, alsoSync: false, testable: false }];
const KINDS: Kinds = { nodes: new Map([kind("condition", { "0": "false", "1": "true" }), kind("loop", { "0": "each round" }), kind("parallel", null), kind("query", {}, true)]), triggers: new Map() };
const SAMPLES: Collection = { name: "samples", title: "Samples", fields: [{ name: "title", type: "string" }, { name: "size", type: "double" }, { name: "category", type: "belongsTo", target: "categories", foreignKey: "categoryId" }, { name: "categoryId", type: "bigInt", isForeignKey: true }], may: {} };
const CATEGORIES: Collection = { name: "categories", title: "Categories", fields: [{ name: "title", type: "string" }], may: {} };
const find = (name: string) => [SAMPLES, CATEGORIES].find((one) => one.name === name);

// 1 query → 2 loop [ 3 condition [ yes: 4, no: 5 ] → 6 ] → 7
const NODES = [
  node(1, "query", null, null, { collection: "samples", multiple: true, params: { appends: ["category"] } }),
  node(7, "output", 2),
  node(2, "loop", 1, null, { target: "{{$jobsMapByNodeKey.n1}}" }),
  node(3, "condition", 2, 0),
  node(4, "update", 3, 1),
  node(5, "end", 3, 0),
  node(6, "output", 3),
];

describe("a workflow's tree", () => {
  it("has lines and branches, true before false", () => {
    const tree = treeOf(NODES, KINDS);
    expect(tree.map((one) => one.node.id)).toEqual([1, 2, 7]);
    expect(inOrder(tree).map((one) => one.node.id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const condition = inOrder(tree).find((one) => one.node.id === 3);
    expect(condition?.branches.map((one) => [one.index, one.label])).toEqual([[1, "Yes"], [0, "No"]]);
  });

  it("has the branches that a config makes, and those of parallels, at least two", () => {
    const tree = treeOf([node(1, "multi-conditions", null, null, { conditions: [{ title: "Big" }, {}] }), node(2, "parallel", 1), node(3, "query", 2, null, { onError: "branch" })], KINDS);
    expect(tree.map((one) => one.branches.map((branch) => `${branch.index} ${branch.label}`))).toEqual([["1 Big", "2 Condition 2", "0 None of them"], ["1 Branch 1", "2 Branch 2"], ["0 On failure"]]);
  });

  it("does not run in circles over links that are wrong", () => {
    expect(inOrder(treeOf([node(1, "output", 2), node(2, "output", 1)], KINDS))).toEqual([]);
  });

  it("knows what runs before a place, and nothing of branches beside it", () => {
    const before = (upstreamId: number | null, branchIndex: number | null) => nodesBefore(NODES, { upstreamId, branchIndex }, KINDS).map((one) => one.id);
    expect(before(null, null)).toEqual([]);
    expect(before(3, 0)).toEqual([1, 2, 3]);
    expect(before(4, null)).toEqual([1, 2, 3, 4]);
    expect(before(5, null)).toEqual([1, 2, 3, 5]);
    expect(before(3, null)).toEqual([1, 2, 3, 4, 5]);
    expect(before(2, null)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("names places, and knows what a node takes along", () => {
    const tree = treeOf(NODES, KINDS);
    expect(placeName({ upstreamId: null, branchIndex: null }, tree, KINDS)).toBe("at the beginning");
    expect(placeName({ upstreamId: 3, branchIndex: 1 }, tree, KINDS)).toBe("first in Yes of Node 3");
    expect([...idsUnder(tree, 3)]).toEqual([3, 4, 5]);
  });
});

describe("the drawing", () => {
  const drawing = layoutOf(treeOf(NODES, KINDS));
  const at = (id: string) => drawing.parts.find((one) => one.id === id) as (typeof drawing.parts)[number];

  it("lies within its size, and no two cards on one another", () => {
    for (const one of drawing.parts) {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width).toBeLessThanOrEqual(drawing.width);
      expect(one.y + one.height).toBeLessThanOrEqual(drawing.height);
    }
    const cards = drawing.parts.filter((one) => one.part.kind === "card");
    for (const a of cards) for (const b of cards) expect(a === b || Math.abs(a.x - b.x) >= CARD.width || Math.abs(a.y - b.y) >= CARD.height).toBe(true);
  });

  it("puts a loop's body into its frame, below the card, and leads back to where it begins", () => {
    const frame = at("frame 2");
    for (const inner of ["node 3", "node 4", "node 5", "node 6"]) {
      expect(at(inner).y).toBeGreaterThan(frame.y);
      expect(at(inner).y + CARD.height).toBeLessThan(frame.y + frame.height);
    }
    expect(at("node 7").y).toBeGreaterThan(frame.y + frame.height);
    expect(drawing.edges.filter((one) => one.back)).toEqual([{ from: "slot 6.next", to: "label 2 0", back: true }]);
  });

  it("has a place to add at before, between and behind all nodes, and edges between parts only", () => {
    const slots = drawing.parts.filter((one) => one.part.kind === "slot").map((one) => one.id);
    expect(slots.sort()).toEqual(["1.next", "2.0", "2.next", "3.0", "3.1", "3.next", "4.next", "5.next", "6.next", "7.next", "start.next"].map((one) => `slot ${one}`).sort());
    const ids = new Set(drawing.parts.map((one) => one.id));
    expect(ids.size).toBe(drawing.parts.length);
    for (const edge of drawing.edges) expect([ids.has(edge.from), ids.has(edge.to)]).toEqual([true, true]);
  });
});

describe("variables", () => {
  const workflow = { type: "custom-action", config: { type: 1, collection: "samples" } };
  const at = (upstreamId: number | null, branchIndex: number | null) => variablesAt({ workflow, nodes: NODES, place: { upstreamId, branchIndex }, kinds: KINDS, find });

  it("are the record's fields, of partners only what is loaded", () => {
    const [record] = at(null, null);
    expect(record?.children?.map((one) => one.path).slice(0, 3)).toEqual(["$context.data.title", "$context.data.size", "$context.data.categoryId"]);
    expect(wayTo("$jobsMapByNodeKey.n1.category.title", at(1, null))?.at(-1)?.title).toBe("Title");
    expect(wayTo("$context.data.category.title", at(1, null))).toBeNull();
  });

  it("inside a loop are its item, with the fields of what it goes through", () => {
    expect(wayTo("$scopes.n2.item.category.title", at(3, 1))?.map((one) => one.title)).toEqual(["Loop: Node 2", "Item", "Category", "Title"]);
    expect(wayTo("$scopes.n2.item.title", at(2, null))).toBeNull();
  });

  it("are told in words", () => {
    expect(readable("Of {{$jobsMapByNodeKey.n1.title}} and {{ $context.data.title }}, {{$nowhere}}", at(1, null))).toBe("Of ‹Node 1 (a list) › Title› and ‹Record › Title›, {{$nowhere}}");
    expect(shortened("{{$jobsMapByNodeKey.n1.title}} {{$context.data.size}} {{$scopes.n2.item.id}}", new Map([["n1", "All"]]))).toBe("All: title size item.id");
  });
});

describe("a form", () => {
  it("keeps filters as they are, templates too", () => {
    const fields = SAMPLES.fields;
    for (const filter of [{ size: { $gt: "{{$context.data.size}}" } }, { $or: [{ title: { $includes: "a" } }, { size: { $eq: 3 } }] }, { categoryId: { $eq: 1 } }]) {
      const rows = rowsOf(filter, fields);
      expect(rows).not.toBeNull();
      expect(rows && filterOf(rows, fields)).toEqual(filter);
    }
    expect(rowsOf({ title: "x", size: 3 }, fields)?.rows.map((one) => [one.field, one.operator, one.value])).toEqual([["title", "$eq", "x"], ["size", "$eq", 3]]);
    expect(rowsOf({ "category.title": "x" }, fields)).toBeNull();
    expect(rowsOf("{{$context.data}}", fields)).toBeNull();
    expect(filterOf({ all: true, rows: [{ field: "size", operator: "$eq", value: "12" }] }, fields)).toEqual({ size: { $eq: 12 } });
  });

  it("shows a list of ids or numbers as a row, any other operand as JSON", () => {
    const fields = shownFields(SAMPLES);
    for (const filter of [{ id: { $in: [1, 2] } }, { size: { $notIn: [1.5, "{{$context.data.size}}"] } }, { id: { $in: "{{$context.data.ids}}" } }]) {
      const rows = rowsOf(filter, fields);
      expect(rows?.rows).toHaveLength(1);
      expect(rows && filterOf(rows, fields)).toEqual(filter);
    }
    expect(rowsOf({ id: { $in: 5 } }, fields)).toBeNull();
    expect(rowsOf({ id: { $in: [{ a: 1 }] } }, fields)).toBeNull();
  });

  it("tells texts from other values", () => {
    for (const value of ["plain", "12", 12, true, null, { a: [1] }, "{{$context.data}}", '"quoted"']) expect(fromText(toText(value))).toEqual(value);
    expect(fromText("")).toBeUndefined();
    expect([numberOrText("12"), numberOrText("-1.5"), numberOrText("{{$x}}"), numberOrText("")]).toEqual([12, -1.5, "{{$x}}", undefined]);
  });

  it("names choices and hides what means nothing", () => {
    expect(choicesAt("loop", "exit", [null, 0, 1, 2])?.[2]).toEqual({ value: 2, label: "The next round begins" });
    expect(choicesAt("manual", "forms.check.actions.0.status", [1, -5])?.[1]?.label).toBe("Rejected");
    expect(choicesAt("manual", "forms.1.actions.0.status", [1, -5])?.[1]?.label).toBe("Rejected");
    expect(choicesAt("query", "params.filter", undefined)).toBeNull();
    expect(isHidden("custom-action", "collection", { type: 0 }, true)).toBe(true);
    expect(isHidden("custom-action", "collection", { type: 2 }, true)).toBe(false);
    expect(isHidden("json-variable-mapping", "dataSource", {}, true)).toBe(false);
  });
});

describe("the canvas", () => {
  it("has what is open in its address", () => {
    const all: Opened[] = [{ what: "nothing" }, { what: "trigger" }, { what: "node", id: 5 }, { what: "choose", place: { upstreamId: null, branchIndex: null } }, { what: "new", type: "query", place: { upstreamId: 5, branchIndex: 1 } }];
    for (const opened of all) expect(readOpened(writeOpened(opened))).toEqual(opened);
    expect(readOpened(new URLSearchParams("open=new&at=x"))).toEqual({ what: "nothing" });
  });

  it("shows each problem at its node", () => {
    const error = new ApiError(400, { errors: [{ message: "a", path: "nodes.1.config.value" }, { message: "b", path: "config.collection" }, { message: "c", path: "nodes.9.x" }] });
    const found = problemsOf(error, NODES);
    expect([...found.at]).toEqual([[7, [{ message: "a", path: "config.value" }]], ["trigger", [{ message: "b", path: "config.collection" }]]]);
    expect(found.others.map((one) => one.message)).toEqual(["c"]);
  });

  it("asks for what the trigger needs, and sends it", () => {
    const who = { userId: 1, roleName: "root" };
    const given = { records: 5, json: { a: 1 }, action: "update" };
    const send = (type: string, config: Record<string, unknown>) => [askedOf({ type, config }).what, runValues({ type, config }, given, who)];
    expect(send("custom-action", { type: 1, collection: "samples" })).toEqual(["record", { ...who, data: 5 }]);
    expect(send("custom-action", { type: 2, collection: "samples" })).toEqual(["records", { ...who, filterByTk: 5 }]);
    expect(send("custom-action", { type: 0 })).toEqual(["json", { ...who, data: { a: 1 } }]);
    expect(send("request-interception", { collection: "samples" })).toEqual(["record", { ...who, action: "update", target: 5 }]);
    expect(send("collection", { collection: "samples" })).toEqual(["record", { data: 5 }]);
    expect(send("schedule", { mode: 0 })).toEqual(["nothing", {}]);
    expect(send("message", {})).toEqual(["json", { message: { a: 1 } }]);
  });
});
