/** Pages of a list. */
import type { PageMeta } from "../client";

/** The page to go to when `page` is past the end: the last that has rows, or may have; `null` to stay. */
export function pageInstead(page: number, shown: number, meta: Omit<PageMeta, "page">): number | null {
  // A page without rows that goes on is one of a search that takes long.
  if (shown > 0 || page <= 1 || meta.hasNext) return null;
  const last = meta.totalPage ?? (meta.countAtLeast === undefined ? page - 1 : Math.ceil(meta.countAtLeast / meta.pageSize));
  return Math.max(1, Math.min(last, page - 1));
}
