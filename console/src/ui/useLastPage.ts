import { useEffect, useRef } from "react";
import type { PageMeta } from "../client";
import { pageInstead } from "../model/pages";

interface Asked {
  data: { rows: unknown[]; meta: Omit<PageMeta, "page"> } | undefined;
  isSuccess: boolean;
  /** The rows are still those of the page before. */
  isPlaceholderData: boolean;
}

/** Goes back to the last page there is when `page` has no rows (any more). Returns whether there are no rows at all, as far as is known. */
export function useLastPage(asked: Asked, page: number, goTo: (page: number) => void): boolean {
  const go = useRef(goTo);
  useEffect(() => {
    go.current = goTo;
  });
  const answer = asked.isSuccess && !asked.isPlaceholderData ? asked.data : undefined;
  const instead = answer ? pageInstead(page, answer.rows.length, answer.meta) : null;
  useEffect(() => {
    if (instead !== null) go.current(instead);
  }, [instead]);
  return answer?.rows.length === 0 && page === 1;
}
