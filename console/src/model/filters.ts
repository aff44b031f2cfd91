/** A filter as rows that people edit, and as the API has it. Source: https://docs.nocobase.com/api/filter-operators */
import type { Field, Filter } from "../client";
import { isWhole, kindOf } from "./fields";
import { isShown, operatorsOf } from "./operators";

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
  const rows = parts.map((part) => fromPart(part as Filter, fields));
  return rows.every((row) => row !== null) ? { all, rows } : null;
}

/** The filter in the page's address; what is no object is none. */
export function parseFilter(text: string | null): Filter | null {
  if (!text) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Filter) : null;
  } catch {
    return null;
  }
}

export function operandOf(row: Condition, field: Field) {
  return operatorsOf(field).find((one) => one.name === row.operator)?.operand ?? "one";
}

function isFilled(row: Condition, field: Field): boolean {
  const operand = operandOf(row, field);
  if (operand === "none") return true;
  if (operand === "many") return Array.isArray(row.value) && row.value.length > 0;
  if (operand === "two") return Array.isArray(row.value) && row.value.length === 2 && row.value.every((one) => one !== "" && one != null);
  return row.value !== "" && row.value !== null && row.value !== undefined;
}

function toPart(row: Condition, field: Field): Filter {
  const name = kindOf(field) === "toOne" && field.foreignKey ? field.foreignKey : field.name;
  const value = operandOf(row, field) === "none" ? true : typed(row.value, field);
  return { [name]: { [row.operator]: value } };
}

function fromPart(part: Filter, fields: Field[]): Condition | null {
  const [entry, ...others] = Object.entries(part);
  if (!entry || others.length > 0) return null;
  const [name, tests] = entry;
  const field = fields.find((one) => kindOf(one) === "toOne" && one.foreignKey === name) ?? fields.find((one) => one.name === name);
  if (!field || typeof tests !== "object" || tests === null) return null;
  const [test, ...more] = Object.entries(tests);
  if (!test || more.length > 0 || !isShown(field, test[0], test[1])) return null;
  return { field: field.name, operator: test[0], value: test[1] };
}

function typed(value: unknown, field: Field): unknown {
  if (Array.isArray(value)) return value.map((one) => typed(one, field));
  const numeric = kindOf(field) === "number" || (kindOf(field) === "choice" && (isWhole(field) || ["float", "double", "real", "decimal"].includes(field.type)));
  // What is no number the server refuses by name; NaN would be sent as null.
  return numeric && typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
}
