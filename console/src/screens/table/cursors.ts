/** Where the pages of lists too long to be numbered begin, so that one can go back through those one has seen. */
import type { Collection } from "../../client";
import { lastByNumber, type TableState } from "./tableState";

type Place = Pick<TableState, "page" | "cursor">;

const seen = new Map<string, string | null>();
const MOST_KEPT = 1_000;

/** Keeps that this page begins at its cursor. */
export function keepPlace(collection: Collection, state: TableState): void {
  const key = keyOf(collection, state, state.page);
  seen.delete(key);
  seen.set(key, state.cursor);
  const [oldest] = seen.keys();
  if (seen.size > MOST_KEPT && oldest !== undefined) seen.delete(oldest);
}

/** The page before: by its number where the server reads by numbers, else as it was seen; else the last that has a number. */
export function placeBefore(collection: Collection, state: TableState): Place {
  const page = state.page - 1;
  if (page <= lastByNumber(state.size)) return { page, cursor: null };
  const cursor = seen.get(keyOf(collection, state, page)) ?? null;
  return { page: cursor ? page : lastByNumber(state.size), cursor };
}

function keyOf({ name }: Collection, { filter, sort, size }: TableState, page: number): string {
  return JSON.stringify([name, filter, sort, size, page]);
}
