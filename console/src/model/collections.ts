/** What a collection and its records are called, and which columns its table begins with. */
import type { Collection, Field, Id, Row } from "../client";
import { inWords, isAssociation, kindOf, shownFields } from "./fields";

const NAMING = ["title", "name", "nickname", "label", "subject", "username", "email"];
const FIRST_COLUMNS = 7;
const NOT_AT_FIRST = new Set(["json", "list", "longText", "toMany", "password"]);

export function titleOf(collection: { name: string; title?: string | null }): string {
  return collection.title || inWords(collection.name);
}

/** The field that names a record: `titleField` of the collection, else one that is called so, else its first text. */
export function titleFieldOf(collection: Collection | undefined): string | null {
  if (!collection) return null;
  const names = new Set(collection.fields.map((one) => one.name));
  if (collection.titleField && names.has(collection.titleField)) return collection.titleField;
  return NAMING.find((one) => names.has(one)) ?? collection.fields.find((one) => kindOf(one) === "text")?.name ?? null;
}

export function recordTitle(record: Row, collection: Collection | undefined): string {
  const naming = [titleFieldOf(collection), ...NAMING].filter((one) => one !== null);
  const found = naming.map((name) => record[name]).find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found : `#${String(record["id"] ?? "?")}`;
}

export function idOf(record: Row): Id {
  return record["id"] as Id;
}

/** The columns of a table nobody has chosen columns for. */
export function firstColumns(collection: Collection): string[] {
  const own = shownFields(collection).filter((one) => !one.readOnly || !["id", "updatedAt", "createdBy", "updatedBy"].includes(one.name));
  return own.filter((one) => !NOT_AT_FIRST.has(kindOf(one))).slice(0, FIRST_COLUMNS).map((one) => one.name);
}

/** The to-one associations among these fields whose partners may be loaded along. */
export function appendsOf(fields: Field[], isInView: (collection: string) => boolean): string[] {
  return fields.filter((one) => isAssociation(one) && kindOf(one) === "toOne" && one.target && isInView(one.target)).map((one) => one.name);
}
