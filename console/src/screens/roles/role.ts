/** What a role allows, as people set it. Sources: https://docs.nocobase.com/users-permissions/acl/role, https://docs.nocobase.com/handbook/acl */
import type { Row } from "../../client";

export interface Rule extends Row {
  name: string;
  fields?: string[] | null;
  scope?: unknown;
}

export interface Rules extends Row {
  usingActionsConfig?: boolean;
  actions?: Rule[];
}

export interface Role extends Row {
  name: string;
  title: string | null;
  description: string | null;
  default: boolean | null;
  strategy: { actions?: string[] } | null;
  resources: Record<string, Rules> | null;
  snippets: string[] | null;
}

/** Which records an action reaches. `filter`: those that match one. */
export type Reach = "none" | "own" | "all" | "filter";

export interface ActionKind {
  name: string;
  label: string;
  hint: string;
  /** There is no record yet that could be one's own. */
  withoutRecord?: boolean;
  hasFields?: boolean;
}

export const ACTIONS: ActionKind[] = [
  { name: "view", label: "View", hint: "lists and single records", hasFields: true },
  { name: "create", label: "Add", hint: "new records", withoutRecord: true, hasFields: true },
  { name: "update", label: "Change", hint: "records that are there", hasFields: true },
  { name: "destroy", label: "Remove", hint: "for good" },
  { name: "trigger", label: "Press buttons on records", hint: "start workflows on them" },
  { name: "triggerNew", label: "Press buttons without a record", hint: "start workflows on none", withoutRecord: true },
  { name: "call", label: "Call procedures", hint: "all of them" },
  { name: "export", label: "Export", hint: "to a file", hasFields: true },
  { name: "importXlsx", label: "Import", hint: "from a file", withoutRecord: true, hasFields: true },
];

/** Stands where a collection does, for procedures that belong to none. */
export const PROCEDURES = "procedures";
export const STOCK = new Set(["root", "admin", "member"]);
const EMPTY_LIST_IS_NONE = new Set(["view", "create", "update", "importXlsx"]);

/** Of the actions of a strategy (`["view:own", "create"]`) what the one reaches. */
export function reachIn(actions: string[], name: string): Reach {
  if (actions.includes(name) || actions.includes(`${name}:all`)) return "all";
  return actions.includes(`${name}:own`) ? "own" : "none";
}

export function withReach(actions: string[], name: string, reach: Reach): string[] {
  const others = actions.filter((one) => one.split(":")[0] !== name);
  if (reach === "none") return others;
  return [...others, reach === "own" ? `${name}:own` : name];
}

/** A rule as its form has it; `kept` is what the form does not show. */
export interface RuleDraft {
  name: string;
  reach: Reach;
  /** `null`: all. */
  fields: string[] | null;
  /** The filter as JSON. */
  filter: string;
  kept: Row;
}

/** One draft per action, those without a rule as `none`; rules of single procedures last. */
export function draftsOf(rules: Rules | undefined): RuleDraft[] {
  const found = new Map((rules?.actions ?? []).map((rule) => [rule.name, rule]));
  const names = [...ACTIONS.map((one) => one.name), ...[...found.keys()].filter((name) => !ACTIONS.some((one) => one.name === name))];
  return names.map((name) => draftOf(name, found.get(name)));
}

function draftOf(name: string, rule: Rule | undefined): RuleDraft {
  if (!rule) return { name, reach: "none", fields: null, filter: "", kept: {} };
  const { fields, scope } = rule;
  const kept = Object.fromEntries(Object.entries(rule).filter(([option]) => !["name", "fields", "scope"].includes(option)));
  const limited = Array.isArray(fields) && (fields.length > 0 || EMPTY_LIST_IS_NONE.has(name));
  return { name, ...reachOfScope(scope), fields: limited ? fields : null, kept };
}

function reachOfScope(scope: unknown): { reach: Reach; filter: string } {
  const key = isObject(scope) && typeof scope["key"] === "string" ? scope["key"] : scope;
  if (key === "own") return { reach: "own", filter: "" };
  if (key === "all" || !isObject(scope) || Object.keys(scope).length === 0) return { reach: "all", filter: "" };
  return { reach: "filter", filter: JSON.stringify(isObject(scope["scope"]) ? scope["scope"] : scope, null, 2) };
}

/** The rules to store. Throws SyntaxError, its `cause` the name of the action, for a filter that is no JSON. */
export function rulesOf(drafts: RuleDraft[], before: Rules | undefined, own: boolean): Rules {
  const actions = drafts.filter((one) => one.reach !== "none").map(ruleOf);
  return { ...before, usingActionsConfig: own, actions };
}

function ruleOf({ name, reach, fields, filter, kept }: RuleDraft): Rule {
  const { scopeId, ...others } = kept;
  const scope = reach === "own" ? "own" : reach === "filter" ? parsed(filter, name) : null;
  return { ...others, ...(scope !== null && scopeId !== undefined ? { scopeId } : {}), name, fields, scope };
}

function parsed(text: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && Object.keys(value).length > 0) return value;
  } catch {
    // Said below: text that is no JSON and JSON that is no filter are mended alike.
  }
  throw new SyntaxError('Write a filter as JSON, such as {"status": "Collected"}', { cause: name });
}

/** `View all · Change own · 2 more` */
export function inShort(drafts: RuleDraft[]): string {
  const words: Record<Reach, string> = { none: "", own: "own", all: "all", filter: "some" };
  const parts = drafts.filter((one) => one.reach !== "none").map((one) => `${labelOfAction(one.name)}: ${words[one.reach]}`);
  if (parts.length === 0) return "Nothing";
  return parts.length > 3 ? `${parts.slice(0, 3).join(" · ")} · ${parts.length - 3} more` : parts.join(" · ");
}

export function labelOfAction(name: string): string {
  return ACTIONS.find((one) => one.name === name)?.label ?? `Call ${name.replace(/^call:/, "")}`;
}

export const AREAS = [
  { snippet: "pm.workflow.workflows", label: "Workflows and buttons", hint: "draw, enable and run workflows; see every execution; define buttons" },
  { snippet: "pm.data-source-manager.data-source-main", label: "Collections", hint: "define collections and their fields" },
  { snippet: "pm.users", label: "Users", hint: "see, add, change, block and remove users" },
  { snippet: "pm.acl.roles", label: "Roles", hint: "decide what roles may do, and so what they themselves may" },
];

/** Whether the snippets open the area: one that covers it, and none that excludes it (`!pm.users`). */
export function opens(snippets: string[], area: string): boolean {
  const excluded = snippets.some((one) => one.startsWith("!") && covers(one.slice(1), area));
  return !excluded && snippets.some((one) => covers(one, area));
}

/** The snippets with the area opened or shut; what opens others stays as it is. */
export function withArea(snippets: string[], area: string, open: boolean): string[] {
  if (!open) {
    const left = snippets.filter((one) => one !== area);
    return opens(left, area) ? [...left, `!${area}`] : left;
  }
  const left = snippets.filter((one) => !(one.startsWith("!") && covers(one.slice(1), area)));
  return opens(left, area) ? left : [...left, area];
}

/** `pm` and `pm.*` cover `pm.users`; a `*` stands for anything. */
function covers(rule: string, area: string): boolean {
  const pattern = rule.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return area.startsWith(`${rule}.`) || new RegExp(`^${pattern.join(".*")}$`).test(area);
}

function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
