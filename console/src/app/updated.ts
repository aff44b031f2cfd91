/** A server that was updated no longer has the parts that an open page still wants to load: the page is loaded anew once, by itself. */

const RELOADED = "stepbase.reloaded";
const AGAIN_MS = 60_000;
/** The errors that Vite told of: parts of the console that did not come. */
const missing = new WeakSet<object>();

/** Whether `error` is of a part of the console that could not be loaded. */
export function isMissingPart(error: unknown): boolean {
  return typeof error === "object" && error !== null && missing.has(error);
}

/** The address of the script that a page starts with; null for a page that has none. */
export function startOf(page: string): string | null {
  return /<script[^>]*\bsrc="([^"]+)"/.exec(page)?.[1] ?? null;
}

/** Whether the page may load itself anew: not when it has just done so, and what it wanted was still not there. */
export function mayReload(lastMs: number | null, nowMs: number): boolean {
  return lastMs === null || nowMs < lastMs || nowMs - lastMs > AGAIN_MS;
}

/** From now on a missing part leads to the page as it is now, if that is another one. Source: https://vite.dev/guide/build#load-error-handling */
export function watchForUpdates(): void {
  window.addEventListener("vite:preloadError", (event) => {
    missing.add(event.payload);
    void isUpdated().then((updated) => {
      const last = sessionStorage.getItem(RELOADED);
      if (!updated || !mayReload(last === null ? null : Number(last), Date.now())) return;
      sessionStorage.setItem(RELOADED, String(Date.now()));
      window.location.reload();
    });
  });
}

/** Whether the server has another console than the one that runs here; false when it does not answer. */
async function isUpdated(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.getAttribute("src") ?? null;
  try {
    // eslint-disable-next-line no-restricted-syntax -- the page itself, which is no part of the API
    const answer = await fetch(document.baseURI, { cache: "no-store", credentials: "omit" });
    const now = answer.ok ? startOf(await answer.text()) : null;
    return now !== null && now !== own;
  } catch {
    return false;
  }
}
