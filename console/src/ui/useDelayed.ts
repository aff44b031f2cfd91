import { useEffect, useState } from "react";

/** Whether `active` has been so for `ms` milliseconds. */
export function useDelayed(active: boolean, ms = 500): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!active) return undefined;
    const timer = setTimeout(() => setLate(true), ms);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [active, ms]);
  return active && late;
}
