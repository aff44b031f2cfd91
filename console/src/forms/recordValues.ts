/** What a form holds, and what of it is sent. */
import type { Field, Row } from "../client";
import { kindOf } from "../model/fields";

/** The values that a form begins with: of a new record the defaults, a switch being off; of one that is there what it has. */
export function firstValues(fields: Field[], record: Row | null): Row {
  const values: Row = {};
  for (const field of fields) {
    if (kindOf(field) === "toOne") values[field.name] = record ? (record[field.foreignKey ?? ""] ?? idIn(record[field.name])) : null;
    else if (kindOf(field) === "toMany") values[field.name] = Array.isArray(record?.[field.name]) ? (record[field.name] as Row[]).map((one) => one["id"]) : [];
    else values[field.name] = record ? (record[field.name] ?? null) : (field.defaultValue ?? (field.required && kindOf(field) === "boolean" ? false : null));
  }
  return values;
}

/** What differs from the beginning; of a new record all that is filled in, and what was emptied: left out, the server would put its default in. */
export function changedValues(values: Row, before: Row, isNew: boolean): Row {
  const kept = Object.entries(values).filter(([name, value]) => {
    if (isNew) return !isEmpty(value) || !isEmpty(before[name]);
    return JSON.stringify(value) !== JSON.stringify(before[name]);
  });
  return Object.fromEntries(kept.map(([name, value]) => [name, isNew && value === "" ? null : value]));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** The mistakes by the field whose input shows them, and those that no input shows. */
export function mistakesByField(problems: { message: string; path?: string }[], fields: Field[]): { at: Record<string, string>; others: string[] } {
  const at: Record<string, string> = {};
  const others: string[] = [];
  for (const { message, path } of problems) {
    const first = path?.replace(/^values\./, "").split(".")[0];
    const field = fields.find((one) => one.name === first || (one.foreignKey !== undefined && one.foreignKey === first));
    if (field) at[field.name] = at[field.name] ? `${at[field.name]}; ${message}` : message;
    else others.push(message);
  }
  return { at, others };
}

function idIn(partner: unknown): unknown {
  return typeof partner === "object" && partner !== null ? ((partner as Row)["id"] ?? null) : (partner ?? null);
}
