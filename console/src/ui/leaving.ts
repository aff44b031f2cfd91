/** Forms with something unsaved in them, and what asks them before the page goes elsewhere: a link, Back and Forward, an address typed, the tab closed. */
import { createContext } from "react";

export type Go = () => void;
type Ask = (go: Go) => void;
/** What each form does before it lets `go` happen. */
export type Forms = Set<Ask>;

const everywhere: Forms = new Set();
/** The forms in the same drawer or dialog, else those of the page. */
export const Beside = createContext<Forms>(everywhere);

/** Goes at once when nothing in `forms` is unsaved, else when whoever typed it agrees; what is unsaved elsewhere is asked for as before. */
export function leave(go: Go, forms: Forms = everywhere): void {
  const ask = [...forms].at(-1);
  if (!ask) return go();
  ask(() => {
    for (const one of [...forms]) everywhere.delete(one);
    go();
  });
}

/** The number of the page in the browser's history on which something is unsaved. */
let stays = 0;

/** From now on `ask` decides. Returns what ends it. */
export function guard(ask: Ask, beside: Forms): () => void {
  if (everywhere.size === 0) stays = pageNumber() ?? 0;
  const places = [beside, everywhere];
  places.forEach((one) => one.add(ask));
  return () => places.forEach((one) => one.delete(ask));
}

function listen(): void {
  let isReturning = false;
  document.addEventListener("click", onClick, { capture: true });
  window.addEventListener("beforeunload", (event) => {
    if (everywhere.size > 0) event.preventDefault();
  });
  window.addEventListener("popstate", (event) => {
    if (isReturning) {
      isReturning = false;
      return event.stopImmediatePropagation();
    }
    // An address that was typed has no number yet: it stands one further.
    const steps = (pageNumber() ?? stays + 1) - stays;
    if (everywhere.size === 0 || steps === 0) return undefined;
    event.stopImmediatePropagation();
    isReturning = true;
    history.go(-steps);
    leave(() => history.go(steps));
    return undefined;
  });
}

function onClick(event: MouseEvent): void {
  const link = everywhere.size > 0 ? linkWithin(event) : null;
  if (!link) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  leave(() => link.click());
}

/** The link to another page of the console that a click follows here; others open elsewhere, or unload the page. */
function linkWithin(event: MouseEvent): HTMLAnchorElement | null {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const link = isPlain && event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
  if (!link || link.target === "_blank" || link.hasAttribute("download")) return null;
  const [page, to] = link.href.split("#");
  return to !== undefined && page === location.href.split("#")[0] ? link : null;
}

/** As the router counts. */
function pageNumber(): number | null {
  return (history.state as { idx?: number } | null)?.idx ?? null;
}

// The window's listeners are called in the order in which they came: these come before the router's.
if (typeof window !== "undefined") listen();
