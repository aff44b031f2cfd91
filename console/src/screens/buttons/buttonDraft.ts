/** A button while it is edited, and as the API has it. Source: https://docs.nocobase.com/workflow/triggers/custom-action */
import type { Collection, Filter, Level, Problem, Row } from "../../client";
import { kindOf } from "../../model/fields";
import { fieldsOfSchema, schemaOf, type FormField } from "./formFields";

export type Context = "none" | "single" | "multiple";
export type Kind = "workflow" | "procedure" | "client";
export type Effect = "openUrl" | "message" | "openRecord";

/** A button as `actions:get` answers it. */
export interface Button extends Row {
  name: string;
  label: string | null;
  color: string | null;
  icon: string | null;
  collection: string | null;
  context: Context;
  placement: string | null;
  kind: Kind;
  workflows: { key: string; association?: string | null }[] | null;
  procedure: string | null;
  client: { type: Effect; url?: string; newWindow?: boolean; message?: string; level?: Level; collection?: string; id?: string } | null;
  confirm: string | null;
  form: Row | null;
  visibleWhen: Filter | null;
  enabledWhen: Filter | null;
  disabledReason: string | null;
  roles: string[] | null;
  onResult: { message?: string; level?: Level; refresh?: boolean; redirect?: string; download?: { url: string; filename?: string } | null } | null;
  sort: number | null;
  enabled: boolean;
  updatedAt: string;
}

export interface Draft {
  name: string;
  label: string;
  color: string | null;
  icon: string | null;
  collection: string | null;
  context: Context;
  placement: string;
  kind: Kind;
  /** `key` or `key!association`, in the order that they start in. */
  workflows: string[];
  procedure: string | null;
  effect: Effect;
  url: string;
  newWindow: boolean;
  clientMessage: string;
  clientLevel: Level;
  targetCollection: string | null;
  targetId: string;
  confirm: string;
  fields: FormField[];
  /** A form that the fields above cannot say; then it is edited as JSON. */
  rawForm: Row | null;
  visibleWhen: Filter | null;
  enabledWhen: Filter | null;
  disabledReason: string;
  roles: string[];
  message: string;
  level: Level | null;
  refresh: "default" | "yes" | "no";
  redirect: string;
  downloadUrl: string;
  downloadName: string;
  sort: number | null;
  enabled: boolean;
}

export const EMPTY: Draft = {
  name: "", label: "", color: null, icon: null, collection: null, context: "none", placement: "toolbar", kind: "workflow", workflows: [], procedure: null,
  effect: "openUrl", url: "", newWindow: false, clientMessage: "", clientLevel: "info", targetCollection: null, targetId: "", confirm: "", fields: [], rawForm: null,
  visibleWhen: null, enabledWhen: null, disabledReason: "", roles: [], message: "", level: null, refresh: "default", redirect: "", downloadUrl: "", downloadName: "",
  sort: null, enabled: true,
};

/** A draft for a collection's records, or for none; beginning with a workflow it has that one's context. */
export function newDraft(collection: string | null, workflow: string | null = null, asked: string | null = null): Draft {
  const context: Context = asked === "none" || asked === "multiple" || asked === "single" ? asked : collection ? "single" : "none";
  return { ...EMPTY, collection, context, placement: context === "single" ? "row" : "toolbar", workflows: workflow ? [workflow] : [] };
}

export function draftOf(button: Button): Draft {
  const fields = fieldsOfSchema(button.form);
  return {
    ...EMPTY,
    ...clientOf(button.client),
    ...resultOf(button.onResult),
    name: button.name,
    label: button.label ?? "",
    color: button.color,
    icon: button.icon,
    collection: button.collection,
    context: button.context,
    placement: button.placement ?? placementsFor(button.context)[0] ?? "toolbar",
    kind: button.kind,
    workflows: (button.workflows ?? []).map((one) => (one.association ? `${one.key}!${one.association}` : one.key)),
    procedure: button.procedure,
    confirm: button.confirm ?? "",
    fields: fields ?? [],
    rawForm: fields === null ? button.form : null,
    visibleWhen: button.visibleWhen,
    enabledWhen: button.enabledWhen,
    disabledReason: button.disabledReason ?? "",
    roles: button.roles ?? [],
    sort: button.sort,
    enabled: button.enabled,
  };
}

function clientOf(client: Button["client"]): Partial<Draft> {
  if (!client) return {};
  return {
    effect: client.type,
    url: client.url ?? "",
    newWindow: client.newWindow ?? false,
    clientMessage: client.message ?? "",
    clientLevel: client.level ?? "info",
    targetCollection: client.collection ?? null,
    targetId: client.id ?? "",
  };
}

function resultOf(result: Button["onResult"]): Partial<Draft> {
  if (!result) return {};
  return {
    message: result.message ?? "",
    level: result.level ?? null,
    refresh: typeof result.refresh === "boolean" ? (result.refresh ? "yes" : "no") : "default",
    redirect: result.redirect ?? "",
    downloadUrl: result.download?.url ?? "",
    downloadName: result.download?.filename ?? "",
  };
}

/** What is sent: all options, `null` for those that are not used. */
export function valuesOf(draft: Draft, isNew: boolean): Row {
  const hasRecord = draft.context !== "none";
  return {
    ...(isNew ? { name: draft.name } : {}),
    label: draft.label || draft.name,
    color: draft.color,
    icon: draft.icon,
    collection: draft.collection,
    context: draft.context,
    placement: draft.placement,
    kind: draft.kind,
    workflows: draft.kind === "workflow" ? draft.workflows.map(toBound) : null,
    procedure: draft.kind === "procedure" ? draft.procedure : null,
    client: draft.kind === "client" ? effectOf(draft) : null,
    confirm: draft.confirm || null,
    form: formOf(draft),
    visibleWhen: hasRecord ? draft.visibleWhen : null,
    enabledWhen: hasRecord ? draft.enabledWhen : null,
    disabledReason: (hasRecord && draft.disabledReason) || null,
    roles: draft.roles.length > 0 ? draft.roles : null,
    onResult: onResultOf(draft),
    sort: draft.sort,
    enabled: draft.enabled,
  };
}

export function formOf(draft: Draft): Row | null {
  return draft.rawForm ?? schemaOf(draft.fields);
}

function toBound(text: string): Row {
  const [key = "", association] = text.split("!");
  return association ? { key, association } : { key };
}

function effectOf(draft: Draft): Row {
  if (draft.effect === "openUrl") return { type: "openUrl", url: draft.url, newWindow: draft.newWindow };
  if (draft.effect === "message") return { type: "message", message: draft.clientMessage, level: draft.clientLevel };
  return { type: "openRecord", ...(draft.targetCollection ? { collection: draft.targetCollection } : {}), ...(draft.targetId ? { id: draft.targetId } : {}), newWindow: draft.newWindow };
}

function onResultOf(draft: Draft): Row | null {
  const found: Row = {};
  if (draft.message) found["message"] = draft.message;
  if (draft.level) found["level"] = draft.level;
  if (draft.refresh !== "default") found["refresh"] = draft.refresh === "yes";
  if (draft.redirect) found["redirect"] = draft.redirect;
  if (draft.downloadUrl) found["download"] = { url: draft.downloadUrl, ...(draft.downloadName ? { filename: draft.downloadName } : {}) };
  return Object.keys(found).length > 0 ? found : null;
}

/** Where a button of this context can stand. */
export function placementsFor(context: Context): string[] {
  return context === "single" ? ["row", "details"] : ["toolbar"];
}

export interface BoundWorkflow extends Row {
  key: string;
  title: string | null;
  config: { type?: number; collection?: string };
}

const CONTEXT_TYPES: Record<Context, number> = { none: 0, single: 1, multiple: 2 };

/** The workflows that fit, each as often as it fits: on the records, or on the record that an association leads to. */
export function fittingWorkflows(workflows: BoundWorkflow[], draft: Pick<Draft, "collection" | "context">, collection: Collection | undefined): { value: string; label: string }[] {
  const toOne = (collection?.fields ?? []).filter((one) => kindOf(one) === "toOne" && one.target);
  return workflows.flatMap((one) => {
    const { type = 0 } = one.config;
    const bound = (one.config.collection ?? "").replace(/^main:/, "");
    const title = one.title || one.key;
    const found: { value: string; label: string }[] = [];
    const onRecords = type > 0 && bound !== "" && bound === draft.collection;
    if (draft.context === "none" ? type === 0 || onRecords : onRecords && type === CONTEXT_TYPES[draft.context]) found.push({ value: one.key, label: title });
    if (draft.context === "single" && type === CONTEXT_TYPES.single) {
      for (const field of toOne) if (field.target === bound) found.push({ value: `${one.key}!${field.name}`, label: `${title}, on its ${field.name}` });
    }
    return found;
  });
}

/** The short forms of a filter written out, as conditions are edited: `{"status": "New"}` → `{"$and": [{"status": {"$eq": "New"}}]}`. */
export function inConditions(filter: Filter): Filter {
  const entries = Object.entries(filter);
  if (entries.some(([name]) => name.startsWith("$"))) return filter;
  const parts = entries.flatMap(([name, test]): Filter[] => {
    if (typeof test !== "object" || test === null || Array.isArray(test)) return [{ [name]: { $eq: test } }];
    return Object.entries(test).map(([operator, value]) => ({ [name]: { [operator]: value as unknown } }));
  });
  return { $and: parts };
}

/** What is wrong with the names of the form's fields, before the server is asked; `null` when nothing is. */
export function problemOfNames(draft: Draft): string | null {
  if (draft.rawForm) return null;
  const names = draft.fields.map((one) => one.name);
  const twice = names.find((one, at) => one !== "" && names.indexOf(one) !== at);
  if (names.includes("")) return "every field of the form needs a name";
  return twice === undefined ? null : `two fields of the form are named "${twice}"`;
}

/** Where inputs show what is wrong; a problem below one of these paths stands there, any other above the form. */
const PLACES = [
  "name", "label", "color", "icon", "collection", "context", "placement", "kind", "workflows", "procedure", "client.url", "client.message", "client.level", "client.collection",
  "client.id", "confirm", "form", "visibleWhen", "enabledWhen", "disabledReason", "roles", "onResult.message", "onResult.level", "onResult.redirect", "onResult.download", "sort",
];

export function problemsByPlace(problems: Problem[]): { at: Record<string, string>; others: string[] } {
  const at: Record<string, string> = {};
  const others: string[] = [];
  for (const { path = "", message } of problems) {
    const place = PLACES.find((one) => path === one || path.startsWith(`${one}.`));
    if (place) at[place] = at[place] ? `${at[place]}; ${message}` : message;
    else others.push(message);
  }
  return { at, others };
}
