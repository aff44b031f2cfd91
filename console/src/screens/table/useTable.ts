/** The page of records and what may be done with each: one call; what may be done is asked for by itself when only that may have changed. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { client } from "../../app/client";
import { keys, queries } from "../../app/queries";
import { useSession } from "../../app/session";
import { ApiError, type AvailableAction, type Collection, type Id, type ListOptions, type Verdict } from "../../client";
import { appendsOf, idOf } from "../../model/collections";
import { shownFields } from "../../model/fields";
import type { TableState } from "./tableState";
import { MOST_AT_ONCE } from "./useSelection";

export function listOptions(collection: Collection, state: TableState, isInView: (name: string) => boolean): ListOptions {
  const shown = shownFields(collection).filter((one) => state.columns.includes(one.name));
  const sorted = shownFields(collection).find((one) => one.name === state.sort?.field);
  const sortName = sorted?.foreignKey && sorted.type === "belongsTo" ? sorted.foreignKey : sorted?.name;
  return {
    filter: state.filter ?? undefined,
    sort: sortName ? [`${state.sort?.descending ? "-" : ""}${sortName}`] : undefined,
    page: state.page,
    pageSize: state.size,
    cursor: state.cursor ?? undefined,
    appends: appendsOf(shown, isInView),
  };
}

export function useRecords(collection: Collection, state: TableState) {
  const session = useSession();
  const options = listOptions(collection, state, (name) => session.collection(name) !== undefined);
  return useQuery({
    queryKey: keys.records(collection.name, options),
    queryFn: async ({ signal }) => {
      const { offers, ...page } = await client.resource(collection.name).list({ ...options, actions: true, signal }).catch(async (error: unknown) => {
        // A field that is asked for may be gone meanwhile: what is then known of the collection no longer asks for it.
        if (error instanceof ApiError && error.status === 400) await session.reload();
        throw error;
      });
      if (offers) queries.setQueryData(keys.offers(collection.name, page.rows.map(idOf)), offers);
      return page;
    },
    placeholderData: keepPreviousData,
  });
}

/** The place in a long list that the address names may be gone, with the list that it was of: one begins anew. */
export function useRefusedCursor(error: unknown, begin: () => void): void {
  const go = useRef(begin);
  useEffect(() => {
    go.current = begin;
  });
  const isRefused = error instanceof ApiError && error.code === "INVALID_CURSOR";
  useEffect(() => {
    if (isRefused) go.current();
  }, [isRefused]);
}

export interface Offered {
  toolbar: AvailableAction[];
  bulk: AvailableAction[];
  /** The buttons of rows, in order. */
  row: AvailableAction[];
  /** All on a single record, for the record's own page. */
  single: AvailableAction[];
  /** What the server says of the action and the record: undefined = not shown, null = not known yet. */
  verdict: (action: string, id: Id) => Verdict | null | undefined;
  isPending: boolean;
  error: unknown;
}

export function useOffers(collection: string, records: { id?: unknown }[] | undefined): Offered {
  const ids = (records ?? []).map((one) => idOf(one as Record<string, unknown>));
  const asked = useQuery({
    queryKey: keys.offers(collection, ids),
    queryFn: ({ signal }) => client.availableActions(collection, ids, signal),
    enabled: records !== undefined,
    placeholderData: keepPreviousData,
  });
  const actions = asked.data?.actions ?? [];
  const byRecord = asked.data?.records ?? {};
  return {
    toolbar: actions.filter((one) => one.context === "none" && one.placement !== "form"),
    bulk: actions.filter((one) => one.context === "multiple"),
    row: actions.filter((one) => one.context === "single" && one.placement !== "details" && one.placement !== "form"),
    single: actions.filter((one) => one.context === "single" && one.placement !== "form"),
    verdict: (action, id) => {
      const verdicts = byRecord[String(id)];
      return verdicts ? verdicts.find((one) => one.name === action) : null;
    },
    isPending: asked.isPending,
    error: asked.error,
  };
}

/** What may be done with chosen records that this page does not show: asked for as long as one call takes them. */
export function useElsewhere(collection: string, ids: Id[]): Offered {
  return useOffers(collection, ids.length > 0 && ids.length <= MOST_AT_ONCE ? ids.map((id) => ({ id })) : undefined);
}
