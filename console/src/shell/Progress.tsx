import { useIsFetching, useIsMutating } from "@tanstack/react-query";
import { useDelayed } from "../ui/useDelayed";

/** A bar along the top while anything has been under way for half a second. */
export function Progress() {
  const busy = useIsFetching() + useIsMutating() > 0;
  return useDelayed(busy) ? <div className="progress" role="progressbar" aria-label="Loading" /> : null;
}
