/** A record that is being edited while others change it: what was typed stays, what others changed is told. */
import type { Field, Row } from "../client";
import { firstValues } from "./recordValues";

/** What the form was made from. */
export interface Stored {
  record: Row;
  version: string | null;
}

export interface Edits {
  stored: Stored;
  values: Row;
  /** What others changed since something was typed, by field. */
  changes: Change[];
}

export interface Change {
  field: Field;
  /** The record as it was when the form was opened, and as it is now. */
  was: Row;
  now: Row;
  /** Something else was typed here: saving overwrites what the others wrote. */
  isTyped: boolean;
}

const UNTOLD = new Set(["id", "createdAt", "updatedAt", "createdBy", "updatedBy"]);

export function begin(fields: Field[], stored: Stored): Edits {
  return { stored, values: firstValues(fields, stored.record), changes: [] };
}

/** The form with the record as it is by now: inputs nobody touched show it, the others keep what was typed. `shown` are the fields that people see of a record. */
export function meet(fields: Field[], shown: Field[], edits: Edits, stored: Stored): Edits {
  const before = firstValues(fields, edits.stored.record);
  const now = firstValues(fields, stored.record);
  const isTyped = (name: string) => name in now && !same(edits.values[name], before[name]) && !same(edits.values[name], now[name]);
  const typed = Object.keys(now).filter(isTyped);
  const values = { ...now, ...Object.fromEntries(typed.map((name) => [name, edits.values[name]])) };
  // Nothing is told where nothing could be lost.
  if (typed.length === 0) return { stored, values, changes: [] };
  const told = new Map(edits.changes.map((one) => [one.field.name, one.was]));
  const changes = shown
    .filter((field) => !UNTOLD.has(field.name))
    .map((field) => ({ field, was: told.get(field.name) ?? edits.stored.record, now: stored.record, isTyped: typed.includes(field.name) }))
    .filter((one) => !same(valueOf(one.field, one.was), valueOf(one.field, one.now)));
  return { stored, values, changes };
}

/** The form with what the others wrote in place of what was typed there; without a name in all inputs. */
export function takeTheirs(fields: Field[], edits: Edits, name?: string): Edits {
  const now = firstValues(fields, edits.stored.record);
  if (name === undefined) return { ...edits, values: now, changes: [] };
  const changes = edits.changes.map((one) => (one.field.name === name ? { ...one, isTyped: false } : one));
  return { ...edits, values: { ...edits.values, [name]: now[name] }, changes };
}

/** Whether both are the same for people: nothing, an empty text and none at all are. */
export function same(a: unknown, b: unknown): boolean {
  return inText(a) === inText(b);
}

function inText(value: unknown): string {
  return JSON.stringify(value === undefined || value === "" ? null : value, (_, inner: unknown) => (isPlain(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}

function isPlain(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An association's value is its partner's id. */
function valueOf(field: Field, record: Row): unknown {
  return firstValues([field], record)[field.name];
}
