/** What was read from the server, by key. The first part of a key says what it is; see README.md for the list. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError, type Id } from "../client";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal stays one; only what got no answer is worth a second try.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      refetchOnWindowFocus: false,
    },
    mutations: { retry: false },
  },
});

/** What a page shows of a collection's records is asked for again: lists, single ones, offers and runs. */
export async function refreshRecords(collection: string | null): Promise<void> {
  const about = collection === null ? ["records", "record", "offers", "runs"] : null;
  await queries.invalidateQueries({
    predicate: ({ queryKey: [what, of] }) =>
      about ? about.includes(String(what)) : what === "runs" || (["records", "record", "offers"].includes(String(what)) && of === collection),
  });
}

export const keys = {
  start: (role: string | null) => ["start", role] as const,
  records: (collection: string, options: unknown) => ["records", collection, options] as const,
  record: (collection: string, id: Id, shape: unknown) => ["record", collection, String(id), shape] as const,
  offers: (collection: string | null, ids: Id[]) => ["offers", collection, ids.map(String)] as const,
  runs: (record: string) => ["runs", record] as const,
};
