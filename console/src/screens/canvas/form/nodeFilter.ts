/** A filter whose values may be templates, as rows that people edit. Source: https://docs.nocobase.com/api/filter-operators */
import type { Field, Row } from "../../../client";
import { isWhole, kindOf } from "../../../model/fields";
import { constantOf, isShown, operatorsOf } from "../../../model/operators";
import type { Condition, Conditions } from "../../../model/filters";
import { isTemplate } from "./values";

const DECIMALS = new Set(["float", "double", "real", "decimal"]);

/** The rows; `null` for a filter that rows cannot show. */
export function rowsOf(filter: unknown, fields: Field[]): Conditions | null {
  if (filter === undefined || filter === null) return { all: true, rows: [] };
  if (typeof filter !== "object" || Array.isArray(filter)) return null;
  const [only, ...others] = Object.entries(filter);
  if (only && others.length === 0 && (only[0] === "$and" || only[0] === "$or") && Array.isArray(only[1])) {
    const rows = only[1].flatMap((one: unknown) => (typeof one === "object" && one !== null && Object.keys(one).length === 1 ? partsOf(one as Row, fields) : [null]));
    return rows.every((one) => one !== null) ? { all: only[0] === "$and", rows } : null;
  }
  const rows = partsOf(filter as Row, fields);
  return rows.every((one) => one !== null) ? { all: true, rows } : null;
}

function partsOf(filter: Row, fields: Field[]): (Condition | null)[] {
  return Object.entries(filter).map(([name, test]) => {
    const field = fields.find((one) => kindOf(one) === "toOne" && one.foreignKey === name) ?? fields.find((one) => one.name === name);
    if (!field) return null;
    if (typeof test !== "object" || test === null) return operatorsOf(field).some((one) => one.name === "$eq") ? { field: field.name, operator: "$eq", value: test } : null;
    const [entry, ...more] = Object.entries(test);
    if (!entry || more.length > 0 || !isShown(field, entry[0], isTemplate(entry[1]) ? null : entry[1])) return null;
    return { field: field.name, operator: entry[0], value: entry[1] };
  });
}

/** The filter; every row is in it, also one that is not filled in yet, so that nothing that is seen is lost. */
export function filterOf({ all, rows }: Conditions, fields: Field[]): Row | undefined {
  const parts = rows.flatMap((row) => {
    const field = fields.find((one) => one.name === row.field);
    return field ? [partOf(row, field)] : [];
  });
  if (parts.length === 0) return undefined;
  return parts.length === 1 && all ? parts[0] : { [all ? "$and" : "$or"]: parts };
}

function partOf(row: Condition, field: Field): Row {
  const name = kindOf(field) === "toOne" && field.foreignKey ? field.foreignKey : field.name;
  const operand = operatorsOf(field).find((one) => one.name === row.operator)?.operand;
  return { [name]: { [row.operator]: (operand && constantOf(operand)) ?? typed(row.value, field) } };
}

function typed(value: unknown, field: Field): unknown {
  if (Array.isArray(value)) return value.map((one) => typed(one, field));
  if (isTemplate(value) || typeof value !== "string" || value.trim() === "") return value ?? null;
  const numeric = kindOf(field) === "number" || (kindOf(field) === "choice" && (isWhole(field) || DECIMALS.has(field.type)));
  return numeric && !Number.isNaN(Number(value)) ? Number(value) : value;
}
