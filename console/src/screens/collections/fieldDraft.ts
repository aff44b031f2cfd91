/** A field as its form holds it, and as the API takes it. Source: https://docs.nocobase.com/data-sources/data-modeling/collection-fields */
import type { Field, Row } from "../../client";
import { unreadableIn } from "../../forms/unreadable";
import { choicesOf, isAssociation, kindOf } from "../../model/fields";

export interface FieldDraft {
  title: string;
  name: string;
  type: string;
  required: boolean;
  unique: boolean;
  index: boolean;
  /** As the field's type has it; `null`: none. */
  defaultValue: unknown;
  choices: string[];
  target: string;
  foreignKey: string;
  through: string;
}

export const TYPES: { group: string; items: { value: string; label: string }[] }[] = [
  { group: "Text", items: [{ value: "string", label: "Text" }, { value: "text", label: "Long text" }, { value: "uid", label: "Short id, made by itself" }, { value: "uuid", label: "UUID, made by itself" }] },
  { group: "Numbers", items: [{ value: "double", label: "Number" }, { value: "integer", label: "Whole number" }, { value: "boolean", label: "Yes or no" }] },
  { group: "Time", items: [{ value: "datetimeTz", label: "Date and time" }, { value: "dateOnly", label: "Day" }, { value: "time", label: "Time of day" }] },
  { group: "Other", items: [{ value: "array", label: "List of texts" }, { value: "json", label: "JSON" }] },
  { group: "Associations", items: [{ value: "belongsTo", label: "Belongs to one" }, { value: "hasOne", label: "Has one" }, { value: "hasMany", label: "Has many" }, { value: "belongsToMany", label: "Many to many" }] },
];

const OTHER_LABELS: [string, string][] = [["bigInt", "Whole number"], ["date", "Date and time"], ["datetime", "Date and time"], ["datetimeNoTz", "Date and time"], ["float", "Number"], ["real", "Number"], ["decimal", "Number"]];
const LABELS = new Map([...TYPES.flatMap((one) => one.items).map((one): [string, string] => [one.value, one.label]), ...OTHER_LABELS]);
const ORDERED = new Set(["string", "text", "integer", "bigInt", "double", "float", "real", "decimal", "boolean", "datetimeTz", "date", "datetime", "dateOnly", "time", "uid", "uuid"]);

export const EMPTY_FIELD: FieldDraft = { title: "", name: "", type: "string", required: false, unique: false, index: false, defaultValue: null, choices: [], target: "", foreignKey: "", through: "" };

export function typeLabel(type: string): string {
  return LABELS.get(type) ?? type;
}

export function isAssociationType(type: string): boolean {
  return isAssociation({ name: "", type });
}

export function canBeIndexed(type: string): boolean {
  return ORDERED.has(type);
}

export function hasChoices(type: string): boolean {
  return type === "string";
}

/** The draft with another type; a default that only the type before can have is left behind. */
export function retyped(draft: FieldDraft, type: string): FieldDraft {
  const keeps = kindOf({ name: "", type }) === kindOf({ name: "", type: draft.type });
  return { ...draft, type, defaultValue: keeps ? draft.defaultValue : null };
}

/** Why it cannot be sent, by option. */
export function mistakesIn(draft: FieldDraft): Record<string, string> {
  return isAssociationType(draft.type) ? {} : unreadableIn({ defaultValue: draft.defaultValue });
}

/** `Taken at` → `takenAt`: a letter or `_` first, then letters, digits and `_`. */
export function nameFrom(title: string): string {
  const words = title.normalize("NFKD").replace(/[^A-Za-z0-9_ ]+/g, "").trim().split(/\s+/);
  const name = words.map((word, at) => (at === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1)).join("");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

export function draftOf(field: Field): FieldDraft {
  return {
    ...EMPTY_FIELD,
    title: field.uiSchema?.title ?? "",
    name: field.name,
    type: field.type,
    required: field.required ?? false,
    unique: field.unique ?? false,
    index: field.index ?? false,
    defaultValue: field.defaultValue ?? null,
    choices: choicesOf(field).map((one) => one.value),
    target: field.target ?? "",
    foreignKey: field.foreignKey ?? "",
    through: typeof field["through"] === "string" ? field["through"] : "",
  };
}

/** The body of `fields:create`; with `old` the body of `fields:update`, which keeps what the form does not show. */
export function toField(draft: FieldDraft, old?: Field): Row {
  const uiSchema: Row = { ...old?.uiSchema, title: draft.title || draft.name };
  if (hasChoices(draft.type)) {
    if (draft.choices.length > 0) uiSchema["enum"] = draft.choices.map((value) => ({ value, label: choicesOf(old ?? { name: "", type: "" }).find((one) => one.value === value)?.label ?? value }));
    else delete uiSchema["enum"];
  }
  const common: Row = { name: draft.name, type: draft.type, uiSchema, required: draft.required };
  if (isAssociationType(draft.type)) {
    return { ...common, target: draft.target, ...given({ foreignKey: draft.foreignKey, through: draft.type === "belongsToMany" ? draft.through : "" }) };
  }
  const ordered = canBeIndexed(draft.type) ? { unique: draft.unique, index: draft.index } : {};
  return { ...common, ...ordered, ...(draft.defaultValue !== null || (old?.defaultValue ?? null) !== null ? { defaultValue: draft.defaultValue } : {}) };
}

function given(texts: Record<string, string>): Row {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ""));
}
