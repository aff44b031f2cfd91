/** Writes a record's links; what is shown of both sides is read anew. */
import { followAnswer } from "../../actions/follow";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { refreshRecords } from "../../app/queries";
import type { Collection, Field, Id, Page, Row } from "../../client";

/** An association of one record. */
export interface Association {
  collection: Collection;
  id: string;
  field: Field;
}

interface Change {
  how: "add" | "remove";
  ids: Id[];
  /** What is said of it, with its title. */
  said: [title: string, message: string];
}

const pathOf = ({ collection, id, field }: Association) => `${collection.name}/${encodeURIComponent(id)}/${field.name}`;

/** A page of the partners, the newest first; of a hasOne its partner. */
export async function partnersOf(of: Association, pageSize: number, signal: AbortSignal): Promise<Page<Row>> {
  const partners = client.resource(pathOf(of));
  if (of.field.type !== "hasOne") return partners.list({ sort: ["-id"], pageSize, signal });
  const { data } = await partners.call<Row | null>("get", { signal });
  return { rows: data ? [data] : [], meta: { page: 1, pageSize, count: data ? 1 : 0 } };
}

/** Links or unlinks, and resolves when what is shown is read anew; `onDone` is called before that. Throws ApiError. */
export async function change(of: Association, { how, ids, said: [title, message] }: Change, idempotencyKey: string, onDone?: () => void): Promise<void> {
  const answer = await client.resource(pathOf(of)).link(how, ids, { idempotencyKey });
  onDone?.();
  say(title, answer.messages.join("\n") || message, "success");
  followAnswer(title, answer, of.collection.name);
  const touched = new Set([of.collection.name, of.field.target, of.field["through"]].filter((one) => typeof one === "string"));
  await Promise.all([...touched].map(refreshRecords));
}
