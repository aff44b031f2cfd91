/** What the list of workflows shows, as the page's address has it: `?title=submit&type=custom-action&category=3&page=2`. */
import { useCallback, useMemo } from "react";
import { useNewestParams } from "../../app/newestParams";
import type { Filter } from "../../client";

export interface ListState {
  title: string;
  type: string | null;
  category: string | null;
  page: number;
  open: string | null;
}

export function readListState(params: URLSearchParams): ListState {
  const page = Number(params.get("page"));
  return { title: params.get("title") ?? "", type: params.get("type"), category: params.get("category"), page: Number.isInteger(page) && page > 0 ? page : 1, open: params.get("open") };
}

export function writeListState(state: ListState): URLSearchParams {
  const { page, ...texts } = state;
  const params = new URLSearchParams(Object.entries(texts).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  if (page > 1) params.set("page", String(page));
  return params;
}

/** One row a workflow: its current version. */
export function listFilter({ title, type }: ListState): Filter {
  const words = title.trim();
  return { current: true, ...(type ? { type } : {}), ...(words ? { $or: [{ title: { $includes: words } }, { key: { $includes: words } }] } : {}) };
}

export function useListState(): [ListState, (changes: Partial<ListState>, how?: { replace: boolean }) => void] {
  const [params, setParams] = useNewestParams();
  const state = useMemo(() => readListState(params), [params]);
  const change = useCallback(
    (changes: Partial<ListState>, how?: { replace: boolean }) => setParams((now) => writeListState({ ...readListState(now), ...("page" in changes || "open" in changes ? {} : { page: 1 }), ...changes }), how ?? { replace: "title" in changes }),
    [setParams],
  );
  return [state, change];
}
