/** Where each part of the drawing stands: a column of cards, below a card with branches one column for each, all around a common axis. */
import { placeKey, type TreeNode } from "./tree";
import type { FlowNode, Place } from "./types";

export const CARD = { width: 248, height: 68 };
export const SLOT = { width: 28, height: 28 };
const LABEL = { width: 150, height: 26 };
const GAP = 22;
const BETWEEN = 36;
const PADDING = 18;

export type Part =
  | { kind: "trigger" }
  | { kind: "card"; node: FlowNode }
  | { kind: "slot"; place: Place; last: boolean }
  | { kind: "label"; owner: FlowNode; index: number; text: string }
  | { kind: "frame"; owner: FlowNode }
  | { kind: "join" }
  | { kind: "end" };

export interface Placed {
  id: string;
  part: Part;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Edge {
  from: string;
  to: string;
  /** Goes back up: the next round of a loop. */
  back?: boolean;
}

export interface Drawing {
  parts: Placed[];
  edges: Edge[];
  width: number;
  height: number;
}

/** A piece of the drawing relative to its axis: `left` and `right` are how far it reaches to the sides. */
interface Piece {
  parts: Placed[];
  edges: Edge[];
  left: number;
  right: number;
  height: number;
  first: string;
  last: string;
}

export function layoutOf(tree: TreeNode[]): Drawing {
  const trigger = single("trigger", { kind: "trigger" }, CARD.width, CARD.height);
  const end = single("end", { kind: "end" }, 64, 26);
  const whole = stacked([trigger, lineOf(tree, { upstreamId: null, branchIndex: null }), end]);
  const parts = whole.parts.map((one) => ({ ...one, x: one.x + whole.left }));
  return { parts, edges: whole.edges, width: whole.left + whole.right, height: whole.height };
}

/** A place to add at, then each node with another such place behind it. */
function lineOf(line: TreeNode[], start: Place): Piece {
  const pieces = [slotAt(start, line.length === 0)];
  line.forEach((one, at) => {
    pieces.push(blockOf(one), slotAt({ upstreamId: one.node.id, branchIndex: null }, at === line.length - 1));
  });
  return stacked(pieces);
}

function slotAt(place: Place, last: boolean): Piece {
  return single(`slot ${placeKey(place)}`, { kind: "slot", place, last }, SLOT.width, SLOT.height);
}

/** A card, and below it its branches side by side in a frame, which come together again. */
function blockOf({ node, branches }: TreeNode): Piece {
  const card = single(`node ${node.id}`, { kind: "card", node }, CARD.width, CARD.height);
  if (branches.length === 0) return card;
  const columns = branches.map(({ index, label, line }) => {
    const head = single(`label ${node.id} ${index}`, { kind: "label", owner: node, index, text: label }, LABEL.width, LABEL.height);
    return stacked([head, lineOf(line, { upstreamId: node.id, branchIndex: index })], 14);
  });
  const body = sideBySide(columns);
  const join = single(`join ${node.id}`, { kind: "join" }, 8, 8);
  const top = CARD.height + GAP;
  const frame: Placed = { id: `frame ${node.id}`, part: { kind: "frame", owner: node }, x: -body.left - PADDING, y: top, width: body.left + body.right + 2 * PADDING, height: body.height + 2 * PADDING };
  const inner = moved(body, 0, top + PADDING);
  const joined = moved(join, 0, top + body.height + 2 * PADDING + GAP / 2);
  const edges = columns.flatMap((column) => [{ from: card.first, to: column.first }, { from: column.last, to: join.first }]);
  const back = node.type === "loop" && columns[0] ? [{ from: columns[0].last, to: columns[0].first, back: true }] : [];
  return {
    parts: [frame, ...card.parts, ...inner.parts, ...joined.parts],
    edges: [...card.edges, ...body.edges, ...edges, ...back],
    left: Math.max(card.left, body.left + PADDING),
    right: Math.max(card.right, body.right + PADDING),
    height: top + body.height + 2 * PADDING + GAP / 2 + 8,
    first: card.first,
    last: join.last,
  };
}

function single(id: string, part: Part, width: number, height: number): Piece {
  return { parts: [{ id, part, x: -width / 2, y: 0, width, height }], edges: [], left: width / 2, right: width / 2, height, first: id, last: id };
}

function stacked(pieces: Piece[], gap = GAP): Piece {
  const [first, ...others] = pieces;
  if (!first) throw new Error("nothing to stack");
  return others.reduce((above, one) => {
    const below = moved(one, 0, above.height + gap);
    return {
      parts: [...above.parts, ...below.parts],
      edges: [...above.edges, { from: above.last, to: one.first }, ...one.edges],
      left: Math.max(above.left, one.left),
      right: Math.max(above.right, one.right),
      height: above.height + gap + one.height,
      first: above.first,
      last: one.last,
    };
  }, first);
}

/** Columns next to one another, the axis in the middle of them all. */
function sideBySide(columns: Piece[]): Piece {
  const width = columns.reduce((sum, one) => sum + one.left + one.right, 0) + BETWEEN * (columns.length - 1);
  let x = -width / 2;
  const placed = columns.map((one) => {
    const at = moved(one, x + one.left, 0);
    x += one.left + one.right + BETWEEN;
    return at;
  });
  return { parts: placed.flatMap((one) => one.parts), edges: placed.flatMap((one) => one.edges), left: width / 2, right: width / 2, height: Math.max(...columns.map((one) => one.height)), first: "", last: "" };
}

function moved(piece: Piece, dx: number, dy: number): Piece {
  return { ...piece, parts: piece.parts.map((one) => ({ ...one, x: one.x + dx, y: one.y + dy })) };
}
