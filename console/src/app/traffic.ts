/** Whether the server is being waited for: by queries, by presses of menus, by moves of nodes alike. */
import { useSyncExternalStore } from "react";

/** What follows at once, such as reading what was written, is still the same wait. */
const GAP_MS = 120;

let underWay = 0;
let waiting = false;
let gap: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** The same fetch; while one of its answers is due, `isWaiting`. */
export function watched(fetched: typeof fetch): typeof fetch {
  return async (input, init) => {
    begun();
    try {
      return await fetched(input, init);
    } finally {
      ended();
    }
  };
}

export function isWaiting(): boolean {
  return waiting;
}

/** Calls `listener` when waiting begins and ends; what it returns stops that. */
export function whenWaiting(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useWaiting(): boolean {
  return useSyncExternalStore(whenWaiting, isWaiting);
}

function begun(): void {
  underWay++;
  clearTimeout(gap);
  set(true);
}

function ended(): void {
  underWay--;
  if (underWay === 0) gap = setTimeout(() => set(false), GAP_MS);
}

function set(next: boolean): void {
  if (waiting === next) return;
  waiting = next;
  for (const listener of listeners) listener();
}
