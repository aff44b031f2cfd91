/** The fields of a button's form, as people edit them, and as the JSON Schema that they are. */
import type { Row } from "../../client";
import { inOrder } from "../../forms/fieldOrder";
import { nameFrom } from "../collections/fieldDraft";

export type FieldType = "text" | "number" | "integer" | "boolean" | "date" | "email" | "choice" | "choices";

export interface FormField {
  /** Of this row of the form, as long as it is edited. */
  id: string;
  name: string;
  title: string;
  type: FieldType;
  required: boolean;
  description: string;
  choices: string[];
  least: number | null;
  most: number | null;
}

export const FIELD_TYPES: { value: FieldType; label: string }[] = [
  { value: "text", label: "Text" },
  { value: "number", label: "Number" },
  { value: "integer", label: "Whole number" },
  { value: "boolean", label: "Yes or no" },
  { value: "date", label: "Day" },
  { value: "email", label: "E-mail address" },
  { value: "choice", label: "One of several" },
  { value: "choices", label: "Some of several" },
];

const NUMERIC = new Set<FieldType>(["number", "integer"]);
const CHOOSING = new Set<FieldType>(["choice", "choices"]);
const NAMED_FORMATS: Partial<Record<string, FieldType>> = { date: "date", email: "email" };
const KNOWN = new Set(["type", "title", "description", "format", "enum", "items", "uniqueItems", "minimum", "maximum", "minLength"]);

let count = 0;

export function emptyField(): FormField {
  return { id: `new-${++count}`, name: "", title: "", type: "text", required: false, description: "", choices: [], least: null, most: null };
}

export const isNumeric = (type: FieldType) => NUMERIC.has(type);
export const hasChoices = (type: FieldType) => CHOOSING.has(type);

/** With a new title the name follows, as long as it was made from the title. */
export function retitled(field: FormField, title: string): FormField {
  return { ...field, title, name: field.name === nameFrom(field.title) ? nameFrom(title) : field.name };
}

/** The schema of a form with these fields, each with its place (`x-index`); `null` for none. */
export function schemaOf(fields: FormField[]): Row | null {
  if (fields.length === 0) return null;
  const required = fields.filter((one) => one.required).map((one) => one.name);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((one, at) => [one.name, { ...propertyOf(one), "x-index": at }])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function propertyOf(field: FormField): Row {
  const about = { ...(field.title ? { title: field.title } : {}), ...(field.description ? { description: field.description } : {}) };
  switch (field.type) {
    case "number":
    case "integer":
      return { type: field.type, ...about, ...(field.least === null ? {} : { minimum: field.least }), ...(field.most === null ? {} : { maximum: field.most }) };
    case "boolean":
      return { type: "boolean", ...about };
    case "choice":
      return { type: "string", ...about, enum: field.choices };
    case "choices":
      return { type: "array", ...about, items: { type: "string", enum: field.choices }, uniqueItems: true };
    case "date":
    case "email":
      return { type: "string", ...about, format: field.type };
    default:
      return { type: "string", ...about, ...(field.required ? { minLength: 1 } : {}) };
  }
}

/** The fields, in their order, of a schema that `schemaOf` could have made; `null` for any other. */
export function fieldsOfSchema(schema: Row | null): FormField[] | null {
  if (schema === null) return [];
  const properties = schema["properties"];
  if (schema["type"] !== "object" || typeof properties !== "object" || properties === null) return null;
  if (Object.keys(schema).some((one) => !["type", "properties", "required"].includes(one))) return null;
  const required = new Set(Array.isArray(schema["required"]) ? (schema["required"] as string[]) : []);
  const found = inOrder(properties as Row).map(([name, one]) => fieldOf(name, one as Row, required.has(name)));
  return found.every((one) => one !== null) ? found : null;
}

function fieldOf(name: string, { "x-index": place = 0, ...property }: Row, required: boolean): FormField | null {
  const type = typeOf(property);
  if (typeof place !== "number" || !type || Object.keys(property).some((one) => !KNOWN.has(one))) return null;
  const items = property["items"] as { enum?: unknown } | undefined;
  const choices = (type === "choices" ? items?.enum : property["enum"]) as string[] | undefined;
  const field: FormField = {
    ...emptyField(), name, type, required,
    title: textIn(property, "title"), description: textIn(property, "description"), choices: choices ?? [],
    least: numberIn(property, "minimum"), most: numberIn(property, "maximum"),
  };
  // What would come out otherwise is not what was there.
  return JSON.stringify(sorted(propertyOf(field))) === JSON.stringify(sorted(property)) ? field : null;
}

function typeOf(property: Row): FieldType | null {
  const { type, format } = property as { type?: unknown; format?: unknown };
  if (type === "number" || type === "integer" || type === "boolean") return type;
  if (type === "array") return "choices";
  if (type !== "string") return null;
  if (Array.isArray(property["enum"])) return "choice";
  return format === undefined ? "text" : (NAMED_FORMATS[String(format)] ?? null);
}

const textIn = (row: Row, name: string) => (typeof row[name] === "string" ? row[name] : "");
const numberIn = (row: Row, name: string) => (typeof row[name] === "number" ? row[name] : null);

function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => a.localeCompare(b)).map(([name, value]) => [name, isRow(value) ? sorted(value) : value]));
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
