/** What stands in an input and is no value yet. */
import type { Row } from "../client";

/** Text that is no JSON (yet): shown as it was typed, never sent. */
export class Unreadable {
  constructor(readonly text: string) {}

  /** So that two are compared by what was typed. */
  toJSON(): string {
    return `not JSON: ${this.text}`;
  }
}

/** The text of a JSON value, as its input shows it. */
export function writeJson(value: unknown): string {
  if (value === null || value === undefined) return "";
  return value instanceof Unreadable ? value.text : JSON.stringify(value, null, 2);
}

/** The value of a text; an empty one has none. */
export function readJson(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return new Unreadable(text);
  }
}

/** What to say at inputs whose text is no value. */
export function unreadableIn(values: Row): Record<string, string> {
  const found = Object.entries(values).filter(([, value]) => value instanceof Unreadable);
  return Object.fromEntries(found.map(([name]) => [name, "This is not JSON: mend it, or leave it empty"]));
}
