import { useCallback, useRef, useState } from "react";

type Once = (act: () => Promise<unknown>, onError: (error: unknown) => void) => void;

/**
 * Whether something is being done, and what does one thing at a time: a second press while the first is under way does nothing, also one that
 * comes before the page was drawn anew. `forGood`: what worked is not done again, as in a form that closes with it.
 */
export function useOnce({ forGood = false } = {}): [boolean, Once] {
  const locked = useRef(false);
  const [busy, setBusy] = useState(false);
  const once = useCallback<Once>(
    (act, onError) => {
      const unlock = () => {
        locked.current = false;
        setBusy(false);
      };
      const run = async () => {
        try {
          await act();
        } catch (error) {
          unlock();
          return onError(error);
        }
        return forGood || unlock();
      };
      if (locked.current) return;
      locked.current = true;
      setBusy(true);
      void run();
    },
    [forGood],
  );
  return [busy, once];
}
