/** The operators of filters by kind of field, in people's words. Source: https://docs.nocobase.com/api/filter-operators */
import type { Field } from "../client";
import { kindOf, type Kind } from "./fields";

/** What stands behind an operator: a value, several, two, or nothing: then `true` is sent, or what `constantOf` says. */
export type Operand = "one" | "many" | "two" | "none" | "no";

export interface Operator {
  name: string;
  label: string;
  operand: Operand;
}

const op = (name: string, label: string, operand: Operand = "one"): Operator => ({ name, label, operand });
const EMPTY = [op("$empty", "is empty", "none"), op("$notEmpty", "is not empty", "none")];
const ORDER = [op("$gt", ">"), op("$gte", "≥"), op("$lt", "<"), op("$lte", "≤"), op("$between", "is between", "two")];
const ANY_OF = [op("$in", "is any of", "many"), op("$notIn", "is none of", "many")];
const TEXT = [
  op("$includes", "contains"), op("$notIncludes", "does not contain"), op("$eq", "is"), op("$ne", "is not"),
  op("$startsWith", "begins with"), op("$endsWith", "ends with"), ...ANY_OF, ...EMPTY,
];
const DATES = [
  op("$dateOn", "is on"), op("$dateNotOn", "is not on"), op("$dateBefore", "is before"), op("$dateAfter", "is after"),
  op("$dateNotAfter", "is on or before"), op("$dateNotBefore", "is on or after"), op("$dateBetween", "is between", "two"), ...EMPTY,
];

const BY_KIND: Record<Kind, Operator[]> = {
  text: TEXT,
  longText: TEXT,
  password: [],
  number: [op("$eq", "="), op("$ne", "≠"), ...ORDER, ...ANY_OF, ...EMPTY],
  boolean: [op("$isTruly", "is yes", "none"), op("$eq", "is no", "no"), op("$isFalsy", "is no or empty", "none"), ...EMPTY],
  day: DATES,
  instant: DATES,
  wallTime: DATES,
  time: [op("$eq", "is"), op("$ne", "is not"), ...ORDER.slice(0, 4), ...EMPTY],
  choice: [op("$eq", "is"), op("$ne", "is not"), ...ANY_OF, ...EMPTY],
  list: [op("$anyOf", "has any of", "many"), op("$noneOf", "has none of", "many"), op("$match", "has exactly", "many"), op("$arrayEmpty", "is empty", "none"), op("$arrayNotEmpty", "is not empty", "none")],
  json: EMPTY,
  toOne: [op("$eq", "is"), op("$ne", "is not"), ...ANY_OF, op("$exists", "is set", "none"), op("$notExists", "is not set", "none")],
  toMany: [op("$in", "has any of", "many")],
};

/** In people's words the operator for who knows but the one side of "is between": its end (0 is missing) or its beginning (1). */
export function openEnded(field: Field, missing: 0 | 1): string | undefined {
  const names = missing === 0 ? ["$lte", "$dateNotAfter"] : ["$gte", "$dateNotBefore"];
  return operatorsOf(field).find((one) => names.includes(one.name))?.label;
}

/** Whether a row can show this operand of the operator: plain values, several of them a list. */
export function isShown(field: Field, operator: string, value: unknown): boolean {
  const found = operatorsOf(field).find((one) => one.name === operator);
  if (!found) return false;
  if (found.operand === "none" || found.operand === "no") return value === constantOf(found.operand);
  if (value === null || found.operand === "one") return isPlain(value);
  if (!Array.isArray(value) || !value.every(isPlain)) return false;
  // Of two the one may be missing while they are typed.
  return found.operand === "many" ? !value.includes(null) : value.length === 2;
}

/** What is sent where nothing is asked for. */
export function constantOf(operand: Operand): boolean | undefined {
  return operand === "none" ? true : operand === "no" ? false : undefined;
}

function isPlain(value: unknown): boolean {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

export function operatorsOf(field: Field): Operator[] {
  return BY_KIND[kindOf(field)];
}
