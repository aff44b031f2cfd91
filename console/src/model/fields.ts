/** What the console makes of a field: its label, its kind of input, and the fields that every collection has. */
import type { Collection, Field, Row } from "../client";

export type Kind = "text" | "longText" | "number" | "boolean" | "day" | "instant" | "wallTime" | "time" | "json" | "list" | "choice" | "toOne" | "toMany" | "password";

export const SYSTEM_FIELDS: Field[] = [
  { name: "id", type: "integer", readOnly: true, uiSchema: { title: "ID" } },
  { name: "createdAt", type: "datetimeTz", readOnly: true, uiSchema: { title: "Created at" } },
  { name: "updatedAt", type: "datetimeTz", readOnly: true, uiSchema: { title: "Updated at" } },
  { name: "createdBy", type: "belongsTo", target: "users", foreignKey: "createdById", readOnly: true, uiSchema: { title: "Created by" } },
  { name: "updatedBy", type: "belongsTo", target: "users", foreignKey: "updatedById", readOnly: true, uiSchema: { title: "Updated by" } },
];

const KINDS: Record<string, Kind> = {
  string: "text", uid: "text", uuid: "text", nanoid: "text", text: "longText", password: "password",
  integer: "number", bigInt: "number", float: "number", double: "number", real: "number", decimal: "number", snowflakeId: "number", sort: "number",
  unixTimestamp: "number", boolean: "boolean", dateOnly: "day", time: "time",
  date: "instant", datetime: "instant", datetimeTz: "instant", datetimeNoTz: "wallTime",
  json: "json", jsonb: "json", array: "list", set: "list",
  belongsTo: "toOne", hasOne: "toOne", hasMany: "toMany", belongsToMany: "toMany",
};

const WHOLE = new Set(["integer", "bigInt", "snowflakeId", "sort", "unixTimestamp"]);

export function kindOf(field: Field): Kind {
  const kind = KINDS[field.type] ?? "json";
  return choicesOf(field).length > 0 && (kind === "text" || kind === "number") ? "choice" : kind;
}

export function isWhole(field: Field): boolean {
  return WHOLE.has(field.type);
}

export function isAssociation(field: Field): boolean {
  return ["toOne", "toMany"].includes(KINDS[field.type] ?? "");
}

export interface Choice {
  value: string;
  label: string;
}

/** The values that a field offers (`uiSchema.enum`), each once. */
export function choicesOf(field: Field): Choice[] {
  const offered = field.uiSchema?.enum;
  if (!Array.isArray(offered)) return [];
  const found = new Map<string, Choice>();
  for (const one of offered.map(choiceIn)) if (one && !found.has(one.value)) found.set(one.value, one);
  return [...found.values()];
}

/** A choice is a pair, or a plain value that is its own label; `null` for what no input could offer. */
function choiceIn(offered: unknown): Choice | null {
  const { value, label } = typeof offered === "object" && offered !== null ? (offered as { value?: unknown; label?: unknown }) : { value: offered };
  if (!isPlain(value)) return null;
  return { value: String(value), label: isPlain(label) ? String(label) : String(value) };
}

function isPlain(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/** `uiSchema.title`, else the name in words: `takenAt` → `Taken at`. */
export function labelOf(field: Field): string {
  const given = field.uiSchema?.title;
  return typeof given === "string" && given && !given.startsWith("{{") ? given : inWords(field.name);
}

export function inWords(name: string): string {
  const words = name.replace(/[_-]+/g, " ").replace(/([a-z0-9])([A-Z])/g, "$1 $2").trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The fields in view, those of the system last; a foreign key is told by its association. */
export function shownFields(collection: Collection): Field[] {
  const own = collection.fields.filter((one) => !one.hidden && one.type !== "password");
  const keys = new Set(own.filter(isAssociation).map((one) => one.foreignKey));
  const names = new Set(own.map((one) => one.name));
  const kept = own.filter((one) => !keys.has(one.name) || isAssociation(one));
  return [...kept, ...SYSTEM_FIELDS.filter((one) => !names.has(one.name) && !(collection.system && isAssociation(one)))];
}

/** The fields that a table can have as columns: of many partners, thousands maybe, none are loaded with each row. */
export function columnFields(collection: Collection): Field[] {
  return shownFields(collection).filter((one) => kindOf(one) !== "toMany");
}

/** The fields that the role may write with `need`, in order. */
export function writableFields(collection: Collection, need: "create" | "update"): Field[] {
  const allowed = collection.may[need];
  if (allowed === undefined) return [];
  const names = allowed === null ? null : new Set(allowed);
  const keys = new Set(collection.fields.filter(isAssociation).map((one) => one.foreignKey));
  return collection.fields.filter((one) => {
    if (one.readOnly || one.hidden || (keys.has(one.name) && !isAssociation(one))) return false;
    return !names || names.has(one.name) || (one.foreignKey !== undefined && names.has(one.foreignKey));
  });
}

/** The value of an association's partner in a record that has it loaded. */
export function partnerOf(record: Row, field: Field): Row | null {
  const value = record[field.name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : null;
}
