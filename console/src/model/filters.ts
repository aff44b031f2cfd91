/** A filter as rows that people edit, and as the API has it. Source: https://docs.nocobase.com/api/filter-operators */
import type { Field, Filter } from "../client";
import { isAssociation, isWhole, kindOf } from "./fields";
import { constantOf, isShown, operatorsOf } from "./operators";

export interface Condition {
  field: string;
  operator: string;
  value: unknown;
}

export interface Conditions {
  all: boolean;
  rows: Condition[];
}

export const NO_CONDITIONS: Conditions = { all: true, rows: [] };

/** The filter of the API; rows that are not filled in yet are left out. `null` when nothing is asked. */
export function toFilter(conditions: Conditions, fields: Field[]): Filter | null {
  const byName = new Map(fields.map((one) => [one.name, one]));
  const parts = conditions.rows.flatMap((row) => {
    const field = byName.get(row.field);
    return field && isFilled(row, field) ? [toPart(row, field)] : [];
  });
  if (parts.length === 0) return null;
  return { [conditions.all ? "$and" : "$or"]: parts };
}

/** The rows of a filter that `toFilter` made; `null` for any other, which can be shown but not edited. */
export function fromFilter(filter: Filter | null, fields: Field[]): Conditions | null {
  if (!filter) return NO_CONDITIONS;
  const all = "$and" in filter;
  const parts = filter[all ? "$and" : "$or"];
  if (Object.keys(filter).length !== 1 || !Array.isArray(parts)) return null;
  const rows = parts.map((part) => fromPart(part, fields));
  return rows.every((row) => row !== null) ? { all, rows } : null;
}

/** The filter without its conditions on fields that are not there (any more), and which these are. */
export function withoutGone(filter: Filter, fields: Field[]): { filter: Filter; gone: string[] } {
  const known = new Set(fields.flatMap((one) => [one.name, one.foreignKey]));
  const gone: string[] = [];
  const isKept = (part: unknown) => {
    const [name = "", ...others] = isObject(part) ? Object.keys(part).map((key) => key.split(".")[0]) : [];
    const isGone = name !== "" && others.length === 0 && !name.startsWith("$") && !known.has(name);
    if (isGone) gone.push(name);
    return !isGone;
  };
  const kept = Object.entries(filter).map(([how, parts]) => [how, Array.isArray(parts) ? parts.filter(isKept) : parts]);
  return { filter: Object.fromEntries(kept) as Filter, gone };
}

/** The filter in the page's address; what is no object, or asks nothing, is none. */
export function parseFilter(text: string | null): Filter | null {
  if (!text) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !asksNothing(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether this is no filter at all: then everything would be shown, and nobody would see why. */
export function isUnreadable(text: string | null): boolean {
  if (!text) return false;
  try {
    return !isObject(JSON.parse(text));
  } catch {
    return true;
  }
}

export function operandOf(row: Condition, field: Field) {
  return operatorsOf(field).find((one) => one.name === row.operator)?.operand ?? "one";
}

/** Of "is between" with one side filled in which is missing: 0 its beginning, 1 its end; else `null`. */
export function missingSide(row: Condition, field: Field): 0 | 1 | null {
  if (operandOf(row, field) !== "two" || !Array.isArray(row.value)) return null;
  const [from, to] = (row.value as unknown[]).map((one) => one !== "" && one != null);
  return from === to ? null : from ? 1 : 0;
}

function isFilled(row: Condition, field: Field): boolean {
  const operand = operandOf(row, field);
  if (constantOf(operand) !== undefined) return true;
  if (operand === "many") return Array.isArray(row.value) && row.value.length > 0;
  if (operand === "two") return Array.isArray(row.value) && row.value.length === 2 && row.value.every((one) => one !== "" && one != null);
  return row.value !== "" && row.value !== null && row.value !== undefined;
}

function toPart(row: Condition, field: Field): Filter {
  const constant = constantOf(operandOf(row, field));
  return { [nameOf(field, constant === undefined)]: { [row.operator]: constant ?? typed(row.value, field) } };
}

/** What of a field the API compares: of a belongsTo its key, of other associations the partners' ids. */
function nameOf(field: Field, isCompared: boolean): string {
  if (!isAssociation(field)) return field.name;
  if (field.type === "belongsTo") return field.foreignKey ?? field.name;
  return isCompared ? `${field.name}.id` : field.name;
}

function fromPart(part: unknown, fields: Field[]): Condition | null {
  if (!isObject(part)) return null;
  const [entry, ...others] = Object.entries(part);
  if (!entry || others.length > 0) return null;
  const [name, tests] = entry;
  if (!isObject(tests)) return null;
  const [test, ...more] = Object.entries(tests);
  const field = fields.find((one) => test && nameOf(one, typeof test[1] !== "boolean") === name) ?? fields.find((one) => one.name === name);
  if (!field || !test || more.length > 0 || !isShown(field, test[0], test[1])) return null;
  return { field: field.name, operator: test[0], value: test[1] };
}

function typed(value: unknown, field: Field): unknown {
  if (Array.isArray(value)) return value.map((one) => typed(one, field));
  const numeric = kindOf(field) === "number" || (kindOf(field) === "choice" && (isWhole(field) || ["float", "double", "real", "decimal"].includes(field.type)));
  // What is no number the server refuses by name; NaN would be sent as null.
  return numeric && typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
}

function isObject(value: unknown): value is Filter {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asksNothing(filter: Filter): boolean {
  return Object.values(filter).every((parts) => Array.isArray(parts) && parts.length === 0);
}
