/** Linking and unlinking a record's partners: whether the role may, and what is lost by it. */
import type { Collection, Field } from "../client";
import { titleOf } from "./collections";
import { inWords, isAssociation, labelOf, SYSTEM_FIELDS } from "./fields";

const EVERYWHERE = new Set(SYSTEM_FIELDS.flatMap(({ name, foreignKey }) => [name, foreignKey]));

/** Why the role cannot link or unlink partners of the association at any record of the collection; `null` when it can at some. */
export function whyNotLinked({ may }: Collection, field: Field): string | null {
  if (field.readOnly) return "The system sets this field";
  if (may.update === undefined) return "Your role may not change these records";
  return may.update === null || may.update.includes(field.name) ? null : "Your role may not change this field";
}

/** Whether the partners hold the record's key, so that they have one such record at most. */
export const isHeldByPartner = (field: Field) => field.type === "hasOne" || field.type === "hasMany";

/** What a partner loses when it is unlinked, in a sentence; `null` where it can be linked again as it was. `through`: the collection of the pairs, when it is in view. */
export function lostByUnlinking(field: Field, target: Collection | undefined, through: Collection | undefined): string | null {
  if (isHeldByPartner(field)) return `Its ${keyLabel(field, target)} is emptied; the record itself stays.`;
  const keys = [field.foreignKey, field["otherKey"]];
  const isOwn = (one: Field) => !EVERYWHERE.has(one.name) && !keys.includes(one.name) && !(isAssociation(one) && keys.includes(one.foreignKey));
  return through?.fields.some(isOwn) ? `What ${titleOf(through)} says of this link is lost; the record itself stays.` : null;
}

/** What the key of a hasOne or hasMany is called in the partners. */
export function keyLabel(field: Field, target: Collection | undefined): string {
  const other = target?.fields.find((one) => one.type === "belongsTo" && one.foreignKey === field.foreignKey);
  return other ? labelOf(other) : inWords(field.foreignKey ?? "key");
}
