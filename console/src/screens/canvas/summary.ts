/** One line about a node or a trigger, for its card. */
import type { Collection, Row } from "../../client";
import { titleOf } from "../../model/collections";
import { labelOf } from "../../model/fields";
import type { FlowNode, Kinds, Workflow } from "./types";

type Find = (name: string) => Collection | undefined;

const CALCULATORS: Record<string, string> = { equal: "is", "==": "is", notEqual: "is not", "!=": "is not", gt: ">", gte: "≥", lt: "<", lte: "≤", includes: "contains", notIncludes: "does not contain", startsWith: "begins with", endsWith: "ends with" };
const UNITS: Record<string, string> = { 1000: "seconds", 60000: "minutes", 3600000: "hours", 86400000: "days", 604800000: "weeks" };
const MODES: Record<string, string> = { 1: "created", 2: "updated", 3: "created or updated", 4: "deleted" };

/** What is set, in short; the type's title where nothing is. */
export function aboutNode(node: FlowNode, kinds: Kinds | undefined, find: Find): string {
  const config = node.config ?? {};
  const kind = kinds?.nodes.get(node.type)?.title ?? node.type;
  const said = saidOf(node.type, config, find);
  if (said) return said;
  return Object.keys(config).length === 0 && hasRequired(node.type, kinds) ? "To be filled in" : kind;
}

function hasRequired(type: string, kinds: Kinds | undefined): boolean {
  return (kinds?.nodes.get(type)?.schema.required ?? []).length > 0;
}

function saidOf(type: string, config: Row, find: Find): string {
  const text = (name: string) => shortened(config[name]);
  switch (type) {
    case "condition":
      return conditionOf(config);
    case "query":
    case "create":
    case "update":
    case "destroy":
    case "aggregate":
      return collectionOf(config, find);
    case "response-message":
      return text("message");
    case "end":
      return config["endStatus"] === undefined || config["endStatus"] === null || config["endStatus"] === 1 ? "Succeeded" : "Failed";
    case "output":
    case "variable":
      return shortened(config["value"]);
    case "loop":
      return config["target"] === undefined ? "" : `Each of ${shortened(config["target"])}`;
    case "delay":
      return config["endStatus"] === undefined ? "" : `${shortened(config["duration"] ?? 1)} ${UNITS[String(config["unit"] ?? 1000)] ?? ""}`;
    case "calculation":
    case "json-query":
      return text("expression");
    case "subflow":
      return text("workflow");
    case "request":
      return [config["method"] ?? "POST", shortened(config["url"])].join(" ");
    case "manual":
    case "cc":
      return text("title");
    case "mailer":
      return text("subject");
    default:
      return "";
  }
}

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

function conditionOf(config: Row): string {
  if (config["engine"] === "jsonata") return shortened(config["expression"]);
  const calculation = config["calculation"] as { calculator?: string; operands?: unknown[]; group?: { type?: string; calculations?: unknown[] } } | null | undefined;
  const group = calculation?.group;
  const parts = group?.calculations ?? [];
  if (group && parts.length !== 1) return parts.length === 0 ? "" : `${parts.length} conditions, ${group.type === "or" ? "any" : "all"}`;
  const one = (group ? parts[0] : calculation) as typeof calculation;
  if (!one?.operands) return "";
  return [shortened(one.operands[0]), CALCULATORS[one.calculator ?? ""] ?? one.calculator, shortened(one.operands[1])].join(" ");
}

/** `{{$context.data.title}}` → `title`: the last names of a path say enough on a card. */
export function shortened(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(/\{\{\s*\$(?:context\.data|context|jobsMapByNodeKey\.[\w-]+|scopes\.[\w-]+|system)\.?([^{}]*)\}\}/g, (_, rest: string) => rest || "result");
}

export function fieldTitles(collection: Collection | undefined): Map<string, string> {
  return new Map((collection?.fields ?? []).map((one) => [one.name, labelOf(one)]));
}
