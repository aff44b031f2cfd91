import { useWaiting } from "../app/traffic";
import { useDelayed } from "../ui/useDelayed";

/** A bar along the top while the server has been waited for for half a second, whatever was asked of it. */
export function Progress() {
  return <ProgressBar when={useWaiting()} />;
}

/** The bar, once `when` has held for half a second. */
export function ProgressBar({ when }: { when: boolean }) {
  return useDelayed(when) ? <div className="progress" role="progressbar" aria-label="Loading" /> : null;
}
