/** What a table shows, as the page's address has it: `?filter={…}&sort=-indicator&page=2&size=50&columns=title,status`. */
import { useCallback, useMemo } from "react";
import { useNewestParams } from "../../app/newestParams";
import type { Collection, Filter } from "../../client";
import { firstColumns } from "../../model/collections";
import { columnFields } from "../../model/fields";
import { isUnreadable, parseFilter } from "../../model/filters";

export const PAGE_SIZES = [10, 20, 50];
/** So many records the server reads by the number of their page; further on by cursors only. */
const BY_NUMBER = 10_000;

export interface TableState {
  filter: Filter | null;
  /** There is a filter in the address that cannot be read. */
  isFilterBroken: true | undefined;
  sort: { field: string; descending: boolean } | null;
  page: number;
  size: number;
  /** Where the page before ended, for lists too long to be counted. */
  cursor: string | null;
  columns: string[];
  /** The record that is being edited, `new` for one being added. */
  open: string | null;
}

export type Changes = Partial<Omit<TableState, "filter" | "isFilterBroken">> & { filter?: Filter | null };

export function readTableState(params: URLSearchParams, collection: Collection): TableState {
  const fields = new Set(columnFields(collection).map((one) => one.name));
  const sort = params.get("sort");
  const sortField = sort?.replace(/^-/, "") ?? "";
  const asked = Number(params.get("size"));
  const size = PAGE_SIZES.includes(asked) ? asked : 20;
  const page = Math.max(1, Math.trunc(Number(params.get("page"))) || 1);
  const cursor = params.get("cursor");
  const columns = (params.get("columns") ?? "").split(",").filter((one) => fields.has(one));
  return {
    filter: parseFilter(params.get("filter")),
    isFilterBroken: isUnreadable(params.get("filter")) || undefined,
    sort: fields.has(sortField) ? { field: sortField, descending: sort?.startsWith("-") ?? false } : null,
    page: cursor ? page : Math.min(page, lastByNumber(size)),
    size,
    cursor,
    columns: columns.length > 0 ? columns : firstColumns(collection),
    open: params.get("open"),
  };
}

export function lastByNumber(size: number): number {
  return Math.floor(BY_NUMBER / size);
}

/** The address after these changes; what is as at the beginning is left out, and another order or filter begins on the first page. */
export function writeTableState(params: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(params);
  const set = (name: string, value: string | null | undefined) => (value ? next.set(name, value) : next.delete(name));
  if ("filter" in changes || "sort" in changes || "size" in changes) {
    next.delete("page");
    next.delete("cursor");
  }
  if ("filter" in changes) set("filter", changes.filter && JSON.stringify(changes.filter));
  if ("sort" in changes) set("sort", changes.sort && `${changes.sort.descending ? "-" : ""}${changes.sort.field}`);
  if ("size" in changes) set("size", changes.size === 20 ? null : String(changes.size));
  if ("page" in changes) {
    set("page", changes.page === 1 ? null : String(changes.page));
    set("cursor", changes.cursor);
  }
  if ("columns" in changes) set("columns", changes.columns?.join(","));
  if ("open" in changes) set("open", changes.open);
  return next;
}

export function useTableState(collection: Collection): [TableState, (changes: Changes, how?: { replace: boolean }) => void] {
  const [params, setParams] = useNewestParams();
  const state = useMemo(() => readTableState(params, collection), [params, collection]);
  const change = useCallback((changes: Changes, how?: { replace: boolean }) => setParams((now) => writeTableState(now, changes), how), [setParams]);
  return [state, change];
}
