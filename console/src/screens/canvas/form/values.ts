/** Between values of a config and the texts that people type. */
import type { Row } from "../../../client";

/** The object with one property set; `undefined` takes it away. */
export function withProperty(object: Row, name: string, value: unknown): Row {
  if (value !== undefined) return { ...object, [name]: value };
  return Object.fromEntries(Object.entries(object).filter(([one]) => one !== name));
}

/** Any value as text: JSON, but a text as it is unless it would read as something else. */
export function toText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  return isJson(value) ? JSON.stringify(value) : value;
}

export function fromText(text: string): unknown {
  if (text.trim() === "") return undefined;
  return isJson(text) ? (JSON.parse(text) as unknown) : text;
}

/** `"12"` → 12; a template, and what is no number yet, stays text. */
export function numberOrText(text: string): number | string | undefined {
  if (text.trim() === "") return undefined;
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

export function isTemplate(value: unknown): value is string {
  return typeof value === "string" && value.includes("{{");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
