import { useLayoutEffect, useRef, type RefObject } from "react";

/**
 * For what may go while the focus is in it, or in a dialog that it has open (`isAsking`): the focus goes to the next row's first control when it
 * stands in a row, else to its table, else to what `heir` names.
 */
export function useFocusPassedOn(place: RefObject<HTMLElement | null>, isAsking: boolean, heir?: () => HTMLElement | null | undefined): void {
  const now = useRef({ isAsking, heir });
  useLayoutEffect(() => {
    now.current = { isAsking, heir };
  });
  useLayoutEffect(() => {
    const element = place.current;
    return () => {
      const { isAsking: asks, heir: named } = now.current;
      if (!element || !(asks || element.contains(document.activeElement))) return;
      const heirs = [...rowsNearby(element), element.closest("table")];
      // What goes is still there at this moment, with the focus in it.
      queueMicrotask(() => {
        if (document.activeElement === document.body) focus(heirs.find((one) => one?.isConnected) ?? named?.());
      });
    };
  }, [place]);
}

/** The rows after this one, then those before it, the nearest first. */
function rowsNearby(element: HTMLElement): HTMLElement[] {
  const row = element.closest("tr");
  const rows = [...(row?.parentElement?.querySelectorAll<HTMLElement>(":scope > tr") ?? [])];
  const at = rows.findIndex((one) => one === row);
  return [...rows.slice(at + 1), ...rows.slice(0, Math.max(at, 0)).reverse()].filter((one) => controlIn(one) !== null);
}

const controlIn = (row: HTMLElement) => row.querySelector<HTMLElement>("input:not(:disabled), a[href], button:not(:disabled)");

function focus(found: HTMLElement | null | undefined): void {
  if (!found) return;
  const target = found.tagName === "TR" ? controlIn(found) : found;
  if (found.tagName === "TABLE") found.tabIndex = -1;
  target?.focus();
}
