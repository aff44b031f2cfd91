/** What the server refused, for forms whose inputs are known by name. */
import { ApiError } from "../client";

export interface Mistakes {
  /** Messages by the first part of their path. */
  at: Record<string, string>;
  /** What belongs to no input, as an error to show; `null` when there is nothing of the kind. */
  others: unknown;
}

/**
 * The refusal where what was sent is written all the same: a workflow that came after the write has refused, or had no time. The server
 * then has what it wrote beside its word; of a refusal that left nothing behind (an `atomic` workflow's, a wrong value) there is none, and
 * a 412 has what somebody else wrote. Else `null`.
 */
export function refusedAfterSaving(error: unknown): ApiError | null {
  const isSaved = error instanceof ApiError && error.status !== 412 && error.data !== undefined && error.data !== null;
  return isSaved ? error : null;
}

export function mistakesAt(error: unknown, names: readonly string[]): Mistakes {
  if (error === null) return { at: {}, others: null };
  if (!(error instanceof ApiError)) return { at: {}, others: error };
  const at: Record<string, string> = {};
  const others: string[] = [];
  for (const { path = "", message } of error.problems) {
    const name = path.split(".")[0] ?? "";
    if (names.includes(name)) at[name] = at[name] ? `${at[name]}\n${message}` : message;
    else others.push(message);
  }
  if (others.length === 0) return { at, others: null };
  return { at, others: Object.keys(at).length === 0 ? error : new Error(others.join("\n")) };
}
