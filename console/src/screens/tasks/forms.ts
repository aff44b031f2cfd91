/** The forms of a task, what is filled in to them, and what of that is sent. Source: https://docs.nocobase.com/workflow/nodes/manual */
import type { Collection, Field, Problem, Row } from "../../client";
import { labelOf } from "../../model/fields";
import { changedValues, firstValues } from "../../forms/recordValues";

export interface FormAction {
  key: string;
  title?: string | null;
  /** 1 agrees, a negative one does not, 0 keeps a draft. */
  status: number;
}

export interface TaskForm extends Row {
  type: "custom" | "create" | "update";
  title?: string | null;
  description?: string | null;
  /** Of a custom form: what is asked, as a JSON Schema of an object. */
  schema?: Row;
  collection?: string | null;
  /** Of create and update: the fields to fill in; without it all of the collection's. */
  fields?: string[];
  actions: FormAction[];
}

const NAMES: Record<string, string> = { custom: "Your answer", create: "Add", update: "Change" };

export function titleOfForm(form: TaskForm, collectionTitle: string | undefined): string {
  return form.title || (form.type === "custom" ? "Your answer" : `${NAMES[form.type]} ${(collectionTitle ?? form.collection ?? "").toLowerCase()}`.trim());
}

export function labelOfAction(action: FormAction): string {
  return action.title || (action.status === 0 ? "Save draft" : action.status > 0 ? "Submit" : "Reject");
}

/** The fields that the form asks for; the workflow writes them, whatever the user may. A foreign key that it names is chosen as its association. */
export function fieldsOf(form: TaskForm, collection: Collection | undefined): Field[] {
  if (!collection) return [];
  const fields = collection.fields.filter((one) => !one.readOnly && !one.hidden && one.type !== "password");
  const keys = new Set(fields.filter(isToOne).map((one) => one.foreignKey));
  const named = Array.isArray(form.fields) && form.fields.length > 0 ? new Set(form.fields) : null;
  return fields
    .filter((one) => !keys.has(one.name))
    .flatMap((one) => asNamed(one, named))
    .map((one) => (form.type === "update" ? { ...one, required: false } : one));
}

function isToOne(field: Field): boolean {
  return field.type === "belongsTo";
}

/** The field under the name that the form has for it; none where it has none. */
function asNamed(field: Field, named: Set<string> | null): Field[] {
  if (!named || named.has(field.name)) return [field];
  const key = isToOne(field) ? field.foreignKey : undefined;
  return key !== undefined && named.has(key) ? [{ ...field, name: key, uiSchema: { ...field.uiSchema, title: labelOf(field) } }] : [];
}

/** What the form begins with: the draft, else the defaults of a new record; of a change nothing, since what is left empty stays. */
export function valuesAtFirst(form: TaskForm, fields: Field[], draft: unknown): Row {
  const kept = typeof draft === "object" && draft !== null && !Array.isArray(draft) ? (draft as Row) : {};
  if (form.type === "custom") return kept;
  const first = form.type === "create" ? firstValues(fields, null) : Object.fromEntries(fields.map((one) => [one.name, null]));
  const before = Object.fromEntries(fields.map((one) => [one.name, kept[one.name] ?? (one.foreignKey ? kept[one.foreignKey] : undefined) ?? first[one.name]]));
  return before;
}

/** What is sent: of a record's form only what is filled in. */
export function valuesToSend(form: TaskForm, values: Row): Row {
  return form.type === "custom" ? values : changedValues(values, {}, true);
}

/** The server's problems by field of this form (`result.decision.title`), and the rest. */
export function problemsOf(problems: Problem[], formKey: string): { at: Record<string, string[]>; others: string[] } {
  const at: Record<string, string[]> = {};
  const others: string[] = [];
  for (const { path = "", message } of problems) {
    const prefix = `result.${formKey}.`;
    if (path.startsWith(prefix)) (at[path.slice(prefix.length)] ??= []).push(message);
    else others.push(message);
  }
  return { at, others };
}

export interface Answered {
  label: string;
  value: unknown;
}

/** What was submitted, as lines to read: by form its values under their labels, and the button that was pressed. */
export function answered(task: { result: Record<string, unknown> | null; forms?: Record<string, TaskForm> }, collectionOf: (name: string) => Collection | undefined): { form: string; lines: Answered[]; action: string | null }[] {
  const { _: pressed, ...forms } = task.result ?? {};
  return Object.entries(forms).map(([key, values]) => {
    const form = task.forms?.[key];
    const collection = form?.collection ? collectionOf(form.collection) : undefined;
    const action = form?.actions.find((one) => one.key === pressed);
    const lines = typeof values === "object" && values !== null ? Object.entries(values).map(([name, value]) => ({ label: labelOfValue(name, form, collection), value })) : [];
    return { form: form ? titleOfForm(form, collection?.title ?? undefined) : key, lines, action: action ? labelOfAction(action) : typeof pressed === "string" ? pressed : null };
  });
}

function labelOfValue(name: string, form: TaskForm | undefined, collection: Collection | undefined): string {
  const field = collection?.fields.find((one) => isToOne(one) && one.foreignKey === name) ?? collection?.fields.find((one) => one.name === name);
  if (field) return labelOf(field);
  const properties = form?.schema?.["properties"] as Record<string, { title?: string }> | undefined;
  return properties?.[name]?.title ?? name;
}
