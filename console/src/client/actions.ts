/** Buttons as the server knows them: which there are, what may be pressed, and pressing one; and procedures. */
import { freshKey, type Connection } from "./connection";
import { ApiError, type Answer, type Row } from "./envelope";
import { isUnheard } from "./press";
import { actionPath, type Id } from "./query";
import type { Started } from "./resource";

export type Level = "info" | "success" | "warning" | "error";

export interface Verdict {
  name: string;
  enabled: boolean;
  reason?: string;
  code?: string;
}

export interface AvailableAction extends Verdict {
  label: string | null;
  color: string | null;
  icon: string | null;
  collection: string | null;
  context: "none" | "single" | "multiple";
  placement: "toolbar" | "row" | "details" | "form" | null;
  kind: "workflow" | "procedure" | "client";
  confirm: string | null;
  form: Row | null;
  sort: number | null;
}

export interface Offers {
  actions: AvailableAction[];
  /** By id of a record, what may be done with it alone. */
  records: Record<string, Verdict[]>;
}

export type ClientEffect =
  | { type: "openUrl"; url: string; newWindow?: boolean }
  | { type: "message"; message: string }
  | { type: "openRecord"; collection: string; id: Id; newWindow?: boolean };

export interface ActionResult {
  status: "success" | "queued" | "failed";
  level: Level;
  message: string | null;
  fieldErrors: Record<string, string[]>;
  refresh: boolean;
  redirect: string | null;
  download: { url: string; filename: string | null } | null;
  executions: Started[];
  client: ClientEffect | null;
  result?: unknown;
  /** The chosen records that were not there any more; of the others it was done. From the answer's `meta`. */
  missing?: Id[];
}

export interface RunOptions {
  ids?: Id | Id[];
  input?: Row;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface ProcedureOptions {
  /** `users` for a procedure of a collection; without it one of none. */
  resource?: string;
  record?: Id;
  input?: Row;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** The actions of a collection (`null`: those of none), and what may be done with each of `ids` (at most 90). */
export async function availableActions(connection: Connection, collection: string | null, ids: Id[] = [], signal?: AbortSignal): Promise<Offers> {
  const params = { collection, filterByTk: ids.length ? ids : undefined, each: ids.length ? (1 as const) : undefined };
  const answer = await connection.ask("actions:available", { params, signal });
  return { actions: answer.data as AvailableAction[], records: (answer.meta["records"] ?? {}) as Offers["records"] };
}

/**
 * What pressing did. A refusal is a result too (`status: "failed"`). Throws ApiError for what never reached the action, and for what `isUnheard`:
 * whether it was done is open, so that only the same call again, under the same key, is safe.
 */
export async function runAction(connection: Connection, name: string, options: RunOptions = {}): Promise<ActionResult> {
  const { ids, input, signal, idempotencyKey = freshKey() } = options;
  const body = { ...(ids === undefined ? {} : { filterByTk: ids }), ...(input ? { input } : {}) };
  try {
    const { data, meta } = await connection.ask("actions:run", { body, signal, idempotencyKey }, name);
    return withMissing(data as ActionResult, meta);
  } catch (error) {
    if (error instanceof ApiError && !isUnheard(error) && isResult(error.data)) return withMissing(error.data, error.meta);
    throw error;
  }
}

/** The result of a procedure. Throws ApiError. */
export function callProcedure<T>(connection: Connection, name: string, options: ProcedureOptions = {}): Promise<Answer<T>> {
  const { resource = "procedures", record, input = {}, signal, idempotencyKey = freshKey() } = options;
  return connection.send<T>(actionPath(resource, name, record), { body: input, signal, idempotencyKey });
}

function withMissing(result: ActionResult, { missing }: Row): ActionResult {
  return Array.isArray(missing) && missing.length > 0 ? { ...result, missing: missing as Id[] } : result;
}

function isResult(data: unknown): data is ActionResult {
  return typeof data === "object" && data !== null && "status" in data && "fieldErrors" in data;
}
