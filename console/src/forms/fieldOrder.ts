/** The order of a form's fields: `x-index`, as in NocoBase's schemas; a database may hand the properties back in any. Source: https://schema.formilyjs.org */
import type { Row } from "../client";

/** The properties with their names: those with an `x-index` by that, then the others as they stand. */
export function inOrder(properties: Row): [string, unknown][] {
  return Object.entries(properties)
    .map((entry) => ({ entry, index: indexOf(entry[1]) }))
    .sort((a, b) => (a.index === b.index ? 0 : a.index - b.index))
    .map((one) => one.entry);
}

/** rjsf's `ui:order` for every object of the schema whose properties say where they stand. */
export function orderOf(schema: unknown): Row {
  if (!isRow(schema)) return {};
  const properties = isRow(schema["properties"]) ? schema["properties"] : {};
  const names = inOrder(properties).map(([name]) => name);
  const indexed = Object.values(properties).some((one) => indexOf(one) !== Infinity);
  // "*" stands for the properties that are not listed, so a property of that name cannot be listed.
  const own: Row = indexed && !names.includes("*") ? { "ui:order": [...names, "*"] } : {};
  for (const [name, below] of [...Object.entries(properties), ["items", schema["items"]] as const]) {
    const found = orderOf(below);
    if (Object.keys(found).length > 0) own[name] = found;
  }
  return own;
}

function indexOf(property: unknown): number {
  const index = isRow(property) ? property["x-index"] : undefined;
  return typeof index === "number" && !Number.isNaN(index) ? index : Infinity;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
