/** The operators of filters by kind of field, in people's words. Source: https://docs.nocobase.com/api/filter-operators */
import type { Field } from "../client";
import { kindOf, type Kind } from "./fields";

/** What stands behind an operator: a value, several, two, nothing (`true` is sent), or a span of days up to now. */
export type Operand = "one" | "many" | "two" | "none" | "span";

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
  boolean: [op("$isTruly", "is yes", "none"), op("$isFalsy", "is no", "none")],
  day: DATES,
  instant: DATES,
  wallTime: DATES,
  time: [op("$eq", "is"), op("$ne", "is not"), ...ORDER.slice(0, 4), ...EMPTY],
  choice: [op("$eq", "is"), op("$ne", "is not"), ...ANY_OF, ...EMPTY],
  list: [op("$anyOf", "has any of", "many"), op("$noneOf", "has none of", "many"), op("$match", "has exactly", "many"), op("$arrayEmpty", "is empty", "none"), op("$arrayNotEmpty", "is not empty", "none")],
  json: EMPTY,
  toOne: [op("$eq", "is"), op("$ne", "is not"), op("$exists", "is set", "none"), op("$notExists", "is not set", "none")],
  toMany: [],
};

/** Whether a row can show this operand of the operator: several values are a list of plain ones. */
export function isShown(field: Field, operator: string, value: unknown): boolean {
  const found = operatorsOf(field).find((one) => one.name === operator);
  if (found?.operand !== "many" || value === null) return found !== undefined;
  return Array.isArray(value) && value.every((one) => typeof one === "string" || typeof one === "number" || typeof one === "boolean");
}

export function operatorsOf(field: Field): Operator[] {
  return BY_KIND[kindOf(field)];
}
