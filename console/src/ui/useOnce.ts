import { useCallback, useRef, useState } from "react";

type Once = (act: () => Promise<unknown>, onError: (error: unknown) => void) => void;

/** Whether something is being done, and what does one thing at a time: a second press while the first is under way does nothing. */
export function useOnce(): [boolean, Once] {
  const locked = useRef(false);
  const [busy, setBusy] = useState(false);
  const once = useCallback<Once>((act, onError) => {
    if (locked.current) return;
    locked.current = true;
    setBusy(true);
    void act()
      .catch(onError)
      .finally(() => {
        locked.current = false;
        setBusy(false);
      });
  }, []);
  return [busy, once];
}
