/** What the list of executions shows, as the page's address has it: `?workflow=submit&status=0,-2&record=samples/91&from=2026-11-01`. */
import { useCallback, useMemo } from "react";
import { useNewestParams } from "../../app/newestParams";
import { statusName, type Filter } from "../../client";

export const PAGE_SIZE = 20;
const QUEUED = "queued";

export const STATUSES = [QUEUED, "0", "1", "-1", "-2", "-3", "-4", "-5"].map((value) => ({ value, label: statusName(value === QUEUED ? null : Number(value)) }));

export interface ListState {
  workflow: string;
  status: string[];
  record: string;
  /** Days, `2026-11-21`. */
  from: string;
  to: string;
  page: number;
}

export function readListState(params: URLSearchParams): ListState {
  const known = new Set(STATUSES.map((one) => one.value));
  const day = (name: string) => (/^\d{4}-\d{2}-\d{2}$/.test(params.get(name) ?? "") ? (params.get(name) ?? "") : "");
  return {
    workflow: params.get("workflow") ?? "",
    status: (params.get("status") ?? "").split(",").filter((one) => known.has(one)),
    record: (params.get("record") ?? "").trim(),
    from: day("from"),
    to: day("to"),
    page: Math.max(1, Math.trunc(Number(params.get("page"))) || 1),
  };
}

/** The address after these changes; what is empty is left out, and another filter begins on the first page. */
export function writeListState(params: URLSearchParams, changes: Partial<ListState>): URLSearchParams {
  const next = new URLSearchParams(params);
  next.delete("page");
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const text = String(value);
    if (text === "" || (name === "page" && text === "1")) next.delete(name);
    else next.set(name, text);
  }
  return next;
}

export function useListState(): [ListState, (changes: Partial<ListState>) => void] {
  const [params, setParams] = useNewestParams();
  const state = useMemo(() => readListState(params), [params]);
  const change = useCallback((changes: Partial<ListState>) => setParams((now) => writeListState(now, changes)), [setParams]);
  return [state, change];
}

export function listFilter({ workflow, status, record, from, to }: ListState): Filter | undefined {
  const parts: Filter[] = [];
  const numbers = status.filter((one) => one !== QUEUED).map(Number);
  const byStatus: Filter[] = [...(status.includes(QUEUED) ? [{ status: null }] : []), ...(numbers.length > 0 ? [{ status: { $in: numbers } }] : [])];
  if (byStatus.length > 0) parts.push(byStatus.length > 1 ? { $or: byStatus } : (byStatus[0] as Filter));
  if (from) parts.push({ createdAt: { $dateNotBefore: from } });
  if (to) parts.push({ createdAt: { $dateNotAfter: to } });
  const filter = { ...(workflow ? { key: workflow } : {}), ...(record ? { record } : {}), ...(parts.length > 0 ? { $and: parts } : {}) };
  return Object.keys(filter).length > 0 ? filter : undefined;
}
