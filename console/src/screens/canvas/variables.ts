/** What a template may name at a place of a workflow, as a tree that people choose from. Source: https://docs.nocobase.com/workflow/advanced/variables */
import type { Collection, Field } from "../../client";
import { inWords, isAssociation, kindOf, labelOf, shownFields } from "../../model/fields";
import { nodesAround, nodesBefore, titleOfNode } from "./tree";
import type { FlowNode, Kinds, Place, Workflow } from "./types";

export interface Variable {
  /** `$context.data.title`: what stands between the braces. */
  path: string;
  title: string;
  children?: Variable[];
  /** A group only: it has no value of its own. */
  group?: boolean;
}

export interface Scope {
  workflow: Pick<Workflow, "type" | "config">;
  nodes: FlowNode[];
  place: Place;
  kinds?: Kinds;
  find: (collection: string) => Collection | undefined;
}

const MULTIPLE_RECORDS = 2;
const DEEPEST = 3;

export function variablesAt(scope: Scope): Variable[] {
  const roots: Variable[] = [triggerVariables(scope)];
  const before = nodesBefore(scope.nodes, scope.place, scope.kinds);
  const around = nodesAround(scope.nodes, scope.place).filter((one) => one.type === "loop");
  for (const loop of around) roots.push(loopVariables(loop, scope));
  const inside = new Set(nodesAround(scope.nodes, scope.place).map((one) => one.id));
  const results = before.filter((one) => !inside.has(one.id) || one.type === "condition").map((one) => resultOf(one, scope));
  if (results.length > 0) roots.push({ path: "$jobsMapByNodeKey", title: "Results of nodes", children: results, group: true });
  roots.push(...callVariables(scope.workflow.type), SYSTEM);
  return roots;
}

/** What a template says in words: `{{$context.data.title}}` → `Record › Title`. Unknown ones stay as they are. */
export function readable(text: string, roots: Variable[]): string {
  return text.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (whole, path: string) => {
    const found = wayTo(path, roots);
    return found ? `‹${found.filter((one) => one.path !== "$jobsMapByNodeKey").map((one) => one.title).join(" › ")}›` : whole;
  });
}

/** From a root down to the variable with this path. */
export function wayTo(path: string, roots: Variable[]): Variable[] | null {
  for (const one of roots) {
    if (one.path === path) return [one];
    if (path.startsWith(`${one.path}.`) || one.group) {
      const below = wayTo(path, one.children ?? []);
      if (below) return [one, ...below];
    }
  }
  return null;
}

function triggerVariables({ workflow, find }: Scope): Variable {
  const { type, config } = workflow;
  const collection = find(plain(config["collection"]));
  const appends = textsIn(config["appends"]);
  const record = (path: string, title: string): Variable => ({ path, title, children: collection ? fieldsOf(collection, path, appends, find) : undefined });
  if (type === "request-interception") {
    const id = { path: "$context.params.filterByTk", title: "Id in the call" };
    return { path: "$context.params", title: "The call", group: true, children: [record("$context.params.values", "Values sent"), id] };
  }
  if (type === "message") {
    const about = ["topic", "subject", "publishedAt", "attributes"].map((name) => ({ path: `$context.message.${name}`, title: inWords(name) }));
    return { path: "$context", title: "Message", group: true, children: [{ path: "$context.data", title: "Body" }, ...about] };
  }
  if (type === "schedule") {
    const date = { path: "$context.date", title: "Time it was due" };
    return { path: "$context", title: "Schedule", group: true, children: config["mode"] === 1 ? [record("$context.data", "Record"), date] : [date] };
  }
  if (type === "custom-action" && config["type"] === MULTIPLE_RECORDS) return record("$context.data", "Records (a list)");
  if (type === "custom-action" && !config["type"]) return { path: "$context.data", title: "Input of the button" };
  return record("$context.data", "Record");
}

function callVariables(type: string): Variable[] {
  if (type === "schedule" || type === "message" || type === "collection") return [];
  const user = ["id", "nickname", "username", "email"].map((name) => ({ path: `$context.user.${name}`, title: name === "id" ? "ID" : inWords(name) }));
  return [
    { path: "$context.user", title: "User who started it", children: user },
    { path: "$context.roleName", title: "Role of the user" },
  ];
}

const DAYS = ["yesterday", "today", "tomorrow", "lastWeek", "thisWeek", "nextWeek", "lastMonth", "thisMonth", "nextMonth", "lastYear", "thisYear", "nextYear", "last7Days", "next7Days", "last30Days", "next30Days"];

const SYSTEM: Variable = {
  path: "$system",
  title: "System",
  group: true,
  children: [
    { path: "$system.now", title: "Now" },
    { path: "$system.dateRange", title: "Span of days", group: true, children: DAYS.map((name) => ({ path: `$system.dateRange.${name}`, title: inWords(name) })) },
    { path: "$system.genSnowflakeId", title: "A fresh id" },
  ],
};

function loopVariables(loop: FlowNode, scope: Scope): Variable {
  const path = `$scopes.${loop.key}`;
  const target = /^\{\{\s*([^{}]+?)\s*\}\}$/.exec(String(loop.config?.["target"] ?? ""))?.[1];
  const list = target ? wayTo(target, variablesAt({ ...scope, place: loop }))?.at(-1) : undefined;
  const item: Variable = { path: `${path}.item`, title: "Item", children: list?.children?.map((one) => rebased(one, list.path, `${path}.item`)) };
  const numbers = [["index", "Number of the round, from 0"], ["sequence", "Number of the round, from 1"], ["length", "How many rounds"]] as const;
  return { path, title: `Loop: ${titleOfNode(loop, scope.kinds)}`, group: true, children: [item, ...numbers.map(([name, title]) => ({ path: `${path}.${name}`, title }))] };
}

function rebased(variable: Variable, from: string, to: string): Variable {
  return { ...variable, path: to + variable.path.slice(from.length), children: variable.children?.map((one) => rebased(one, from, to)) };
}

function resultOf(node: FlowNode, { kinds, find }: Scope): Variable {
  const path = `$jobsMapByNodeKey.${node.key}`;
  const title = titleOfNode(node, kinds);
  const config = node.config ?? {};
  if (node.type === "query" || node.type === "create") {
    const params = (config["params"] ?? {}) as Record<string, unknown>;
    const collection = find(plain(config["collection"]));
    return { path, title: node.type === "query" && config["multiple"] === true ? `${title} (a list)` : title, children: collection && fieldsOf(collection, path, textsIn(params["appends"]), find) };
  }
  if (node.type === "request" && config["onlyData"] !== true) return { path, title, children: ["data", "status", "headers"].map((name) => ({ path: `${path}.${name}`, title: inWords(name) })) };
  if (node.type === "json-variable-mapping") {
    const variables = Array.isArray(config["variables"]) ? (config["variables"] as { key?: string; name?: string | null }[]) : [];
    return { path, title, children: variables.flatMap((one) => (one.key ? [{ path: `${path}.${one.key}`, title: one.name || one.key }] : [])) };
  }
  return { path, title };
}

/** The fields of a record; of partners what has been loaded along, else only their ids. */
function fieldsOf(collection: Collection, path: string, appends: string[], find: Scope["find"], depth = 0): Variable[] {
  return shownFields(collection).flatMap((field) => (isAssociation(field) ? associationOf(field, path, appends, find, depth) : [{ path: `${path}.${field.name}`, title: labelOf(field) }]));
}

function associationOf(field: Field, path: string, appends: string[], find: Scope["find"], depth: number): Variable[] {
  const own = { path: `${path}.${field.name}`, title: labelOf(field) };
  const key = kindOf(field) === "toOne" && field.type === "belongsTo" && field.foreignKey ? [{ path: `${path}.${field.foreignKey}`, title: `${labelOf(field)}: id` }] : [];
  const target = find(field.target ?? "");
  if (!appends.some((one) => one === field.name || one.startsWith(`${field.name}.`)) || !target || depth >= DEEPEST) return key;
  const below = appends.flatMap((one) => (one.startsWith(`${field.name}.`) ? [one.slice(field.name.length + 1)] : []));
  return [{ ...own, title: kindOf(field) === "toMany" ? `${own.title} (a list)` : own.title, children: fieldsOf(target, own.path, below, find, depth + 1) }, ...key];
}

export function plain(name: unknown): string {
  return typeof name === "string" ? name.replace(/^main:/, "") : "";
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
