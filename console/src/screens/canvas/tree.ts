/** A workflow's nodes as the tree that they are: lines of nodes, each with its branches. */
import type { FlowNode, Kinds, NodeKind, Place } from "./types";

export interface Branch {
  index: number;
  label: string;
  line: TreeNode[];
}

export interface TreeNode {
  node: FlowNode;
  branches: Branch[];
}

const LEAST_PARALLEL = 2;
const MULTIPLE = "multi-conditions";

export function treeOf(nodes: FlowNode[], kinds?: Kinds): TreeNode[] {
  const heads = new Map(nodes.map((one) => [placeKey({ upstreamId: one.upstreamId, branchIndex: one.branchIndex }), one]));
  const line = (place: Place, depth: number): TreeNode[] => {
    const found: TreeNode[] = [];
    let next = heads.get(placeKey(place));
    while (next && depth < 50 && found.length < nodes.length) {
      const node = next;
      const indexes = nodes.filter((one) => one.upstreamId === node.id && one.branchIndex !== null).map((one) => one.branchIndex as number);
      const branches = branchesOf(node, kinds?.nodes.get(node.type), indexes);
      found.push({ node, branches: branches.map((one) => ({ ...one, line: line({ upstreamId: node.id, branchIndex: one.index }, depth + 1) })) });
      next = heads.get(placeKey({ upstreamId: node.id, branchIndex: null }));
    }
    return found;
  };
  return line({ upstreamId: null, branchIndex: null }, 0);
}

export function placeKey({ upstreamId, branchIndex }: Place): string {
  return `${upstreamId ?? "start"}.${branchIndex ?? "next"}`;
}

/** The branches that a node has, or may have: those of its type, those that its config makes, and those that nodes stand in. */
function branchesOf(node: FlowNode, kind: NodeKind | undefined, taken: number[]): { index: number; label: string }[] {
  const labels = new Map<number, string>();
  if (node.type === MULTIPLE) for (const [index, label] of conditionLabels(node)) labels.set(index, label);
  else if (node.type === "parallel") for (let index = 1; index <= Math.max(LEAST_PARALLEL, ...taken); index++) labels.set(index, `Branch ${index}`);
  else for (const [index, label] of orderOf(kind?.branches ?? {})) labels.set(index, inWords(label));
  if (kind?.branchOnFailure && node.config?.["onError"] === "branch") labels.set(0, "On failure");
  for (const index of taken) if (!labels.has(index)) labels.set(index, `Branch ${index}`);
  return [...labels].map(([index, label]) => ({ index, label }));
}

function conditionLabels(node: FlowNode): [number, string][] {
  const conditions = Array.isArray(node.config?.["conditions"]) ? (node.config["conditions"] as { title?: string | null }[]) : [];
  return [...conditions.map((one, at): [number, string] => [at + 1, one?.title || `Condition ${at + 1}`]), [0, "None of them"]];
}

/** "true" stands left of "false", whatever their indexes. */
function orderOf(branches: Record<string, string>): [number, string][] {
  const found = Object.entries(branches).map(([index, label]): [number, string] => [Number(index), label]);
  const isTruth = found.some(([, label]) => label === "true");
  return found.sort(([a], [b]) => (isTruth ? b - a : a - b));
}

function inWords(label: string): string {
  if (label === "true") return "Yes";
  if (label === "false") return "No";
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** Every node in running order. */
export function inOrder(tree: TreeNode[]): TreeNode[] {
  return tree.flatMap((one) => [one, ...one.branches.flatMap((branch) => inOrder(branch.line))]);
}

/** The nodes whose results a node at this place may use, in running order. */
export function nodesBefore(nodes: FlowNode[], place: Place, kinds?: Kinds): FlowNode[] {
  const order = inOrder(treeOf(nodes, kinds));
  if (place.upstreamId === null) return [];
  const at = order.findIndex((one) => one.node.id === place.upstreamId);
  const upstream = order[at];
  if (!upstream) return [];
  // Beside a branch the others count for nothing: they are not walked, or not walked before.
  const within = place.branchIndex === null ? inOrder(upstream.branches.flatMap((one) => one.line)).length : 0;
  const siblings = new Set(nodesAround(nodes, place).flatMap((around) => besides(order, around, nodes, place)));
  return order.slice(0, at + within + 1).map((one) => one.node).filter((one) => !siblings.has(one.id));
}

/** What stands in those branches of a node around the place that the place is not in. */
function besides(order: TreeNode[], around: FlowNode, nodes: FlowNode[], place: Place): number[] {
  const own = branchTowards(nodes, around, place);
  const branches = order.find((one) => one.node.id === around.id)?.branches ?? [];
  return branches.filter((one) => one.index !== own).flatMap((one) => inOrder(one.line).map((inner) => inner.node.id));
}

function branchTowards(nodes: FlowNode[], around: FlowNode, place: Place): number | null {
  const byId = new Map(nodes.map((one) => [one.id, one]));
  for (let at: Place | undefined = place, steps = 0; at && steps <= nodes.length; steps++) {
    if (at.upstreamId === around.id) return at.branchIndex;
    at = at.upstreamId === null ? undefined : byId.get(at.upstreamId);
  }
  return null;
}

/** The nodes in whose branches the place lies, the innermost first. */
export function nodesAround(nodes: FlowNode[], place: Place): FlowNode[] {
  const byId = new Map(nodes.map((one) => [one.id, one]));
  const found: FlowNode[] = [];
  for (let at: Place | undefined = place; at && at.upstreamId !== null && found.length <= nodes.length;) {
    const above = byId.get(at.upstreamId);
    if (above && at.branchIndex !== null) found.push(above);
    at = above;
  }
  return found;
}

/** Ids of the node and of all in its branches: where it cannot be moved to. */
export function idsUnder(tree: TreeNode[], id: number): Set<number> {
  const found = inOrder(tree).find((one) => one.node.id === id);
  return new Set(found ? inOrder([found]).map((one) => one.node.id) : []);
}

export function titleOfNode(node: FlowNode, kinds?: Kinds): string {
  return node.title || kinds?.nodes.get(node.type)?.title || node.type;
}

/** "at the beginning", "after Query", "first in Yes of Condition". */
export function placeName(place: Place, tree: TreeNode[], kinds?: Kinds): string {
  if (place.upstreamId === null) return "at the beginning";
  const found = inOrder(tree).find((one) => one.node.id === place.upstreamId);
  const title = found ? titleOfNode(found.node, kinds) : `node ${place.upstreamId}`;
  if (place.branchIndex === null) return `after ${title}`;
  return `first in ${found?.branches.find((one) => one.index === place.branchIndex)?.label ?? place.branchIndex} of ${title}`;
}
