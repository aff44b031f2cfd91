/** The parameters of the page's address: as they are shown, and as they are. */
import { useCallback } from "react";
import { useSearchParams, type NavigateOptions } from "react-router-dom";

export type Rewrite = (now: URLSearchParams) => URLSearchParams;

/** The parameters in the address at this moment; the console's pages lie behind `#`. */
export function newestParams(): URLSearchParams {
  const [, ...query] = window.location.hash.split("?");
  return new URLSearchParams(query.join("?"));
}

/**
 * As `useSearchParams`, but a change begins with the newest address. The router shows a change in its own time: one that comes before that, begun
 * with what is shown, would take the one before back.
 */
export function useNewestParams(): [URLSearchParams, (rewrite: Rewrite, how?: NavigateOptions) => void] {
  const [shown, setParams] = useSearchParams();
  const change = useCallback((rewrite: Rewrite, how?: NavigateOptions) => setParams(rewrite(newestParams()), how), [setParams]);
  return [shown, change];
}
