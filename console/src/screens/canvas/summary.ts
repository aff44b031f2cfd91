/** One line about a node or a trigger, for its card. */
import type { Collection, Row } from "../../client";
import { titleOf } from "../../model/collections";
import type { FlowNode, Kinds, Workflow } from "./types";

type Find = (name: string) => Collection | undefined;
/** Titles of nodes by their keys. */
type Titles = Map<string, string>;

const CALCULATORS: Record<string, string> = { equal: "is", "==": "is", notEqual: "is not", "!=": "is not", gt: ">", gte: "≥", lt: "<", lte: "≤", includes: "contains", notIncludes: "does not contain", startsWith: "begins with", endsWith: "ends with" };
const UNITS: Record<string, string> = { 1000: "seconds", 60000: "minutes", 3600000: "hours", 86400000: "days", 604800000: "weeks" };
const MODES: Record<string, string> = { 1: "created", 2: "updated", 3: "created or updated", 4: "deleted" };

/** What is set, in short; the type's title where nothing is. */
export function aboutNode(node: FlowNode, kinds: Kinds | undefined, find: Find, titles: Titles): string {
  const config = node.config ?? {};
  const kind = kinds?.nodes.get(node.type)?.title ?? node.type;
  const said = SAID[node.type]?.(config, find, titles);
  if (said) return said;
  return Object.keys(config).length === 0 && hasRequired(node.type, kinds) ? "To be filled in" : kind;
}

function hasRequired(type: string, kinds: Kinds | undefined): boolean {
  return (kinds?.nodes.get(type)?.schema.required ?? []).length > 0;
}

type Say = (config: Row, find: Find, titles: Titles) => string;

const textOf = (name: string): Say => (config, _, titles) => shortened(config[name], titles);

const SAID: Record<string, Say> = {
  condition: (config, _, titles) => conditionOf(config, titles),
  query: collectionOf,
  create: collectionOf,
  update: collectionOf,
  destroy: collectionOf,
  aggregate: collectionOf,
  "response-message": textOf("message"),
  end: (config) => (config["endStatus"] === undefined || config["endStatus"] === null || config["endStatus"] === 1 ? "Succeeded" : "Failed"),
  output: textOf("value"),
  variable: textOf("value"),
  loop: (config, _, titles) => (config["target"] === undefined ? "" : `Each of ${shortened(config["target"], titles)}`),
  delay: (config) => (config["endStatus"] === undefined ? "" : `${shortened(config["duration"] ?? 1)} ${UNITS[String(config["unit"] ?? 1000)] ?? ""}`),
  calculation: textOf("expression"),
  "json-query": textOf("expression"),
  subflow: textOf("workflow"),
  request: (config, _, titles) => [config["method"] ?? "POST", shortened(config["url"], titles)].join(" "),
  manual: textOf("title"),
  cc: textOf("title"),
  mailer: textOf("subject"),
};

export function aboutTrigger(workflow: Pick<Workflow, "type" | "config">, find: Find): string {
  const { type, config } = workflow;
  const collection = collectionOf(config, find);
  if (type === "custom-action") return config["type"] === 0 ? "No record" : `${config["type"] === 2 ? "Several records" : "One record"} of ${collection || "…"}`;
  if (type === "collection") return `${collection || "…"}: ${MODES[String(config["mode"])] ?? "…"}`;
  if (type === "schedule") return config["mode"] === 1 ? `A date of ${collection || "…"}` : typeof config["repeat"] === "string" ? config["repeat"] : "At set times";
  if (type === "message") return shortened(config["topic"]) || "To be filled in";
  return collection || "To be filled in";
}

function collectionOf(config: Row, find: Find): string {
  const association = config["association"] as Row | null | undefined;
  if (config["associated"] === true && association) return `${String(association["name"] ?? "")} of ${String(association["associatedCollection"] ?? "")}`;
  const name = typeof config["collection"] === "string" ? config["collection"].replace(/^main:/, "") : "";
  const found = find(name);
  return found ? titleOf(found) : name;
}

function conditionOf(config: Row, titles: Titles): string {
  if (config["engine"] === "jsonata") return shortened(config["expression"], titles);
  const calculation = config["calculation"] as { calculator?: string; operands?: unknown[]; group?: { type?: string; calculations?: unknown[] } } | null | undefined;
  const group = calculation?.group;
  const parts = group?.calculations ?? [];
  if (group && parts.length !== 1) return parts.length === 0 ? "" : `${parts.length} conditions, ${group.type === "or" ? "any" : "all"}`;
  const one = (group ? parts[0] : calculation) as typeof calculation;
  if (!one?.operands) return "";
  return [shortened(one.operands[0], titles), CALCULATORS[one.calculator ?? ""] ?? one.calculator, shortened(one.operands[1], titles)].join(" ");
}

const TEMPLATE = /\{\{\s*\$(context\.data|context|jobsMapByNodeKey|scopes|system)\.?([^{}]*?)\s*\}\}/g;

/** `{{$context.data.title}}` → `title`, `{{$jobsMapByNodeKey.found.title}}` → `Query: title`: on a card that says enough. */
export function shortened(value: unknown, titles: Titles = new Map()): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(TEMPLATE, (_, root: string, rest: string) => {
    if (root === "context.data") return rest || "the record";
    const [key = "", ...names] = rest.split(".");
    if (root === "scopes") return names.join(".") || "the round";
    if (root !== "jobsMapByNodeKey") return rest;
    return [titles.get(key) ?? "result", names.join(".")].filter(Boolean).join(": ");
  });
}
