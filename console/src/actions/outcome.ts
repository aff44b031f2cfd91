/** What the page does after a press: open, redirect, download. Addresses were made and checked by the server; they are checked again. */
import type { ActionResult, AvailableAction, ClientEffect } from "../client";
import { formOf } from "./form";
import { say, showResult } from "./messages";

type Navigate = (to: string) => void | Promise<void>;

/** Says what came of a press of `count` records; what was done of some of them only is no plain success. */
export function tell(action: AvailableAction, result: ActionResult, count: number): void {
  const title = action.label ?? action.name;
  // A refusal stands at the fields of the form where there is one; without a form there is nowhere else to say it.
  if (Object.keys(result.fieldErrors).length === 0 || !formOf(action)) showResult(title, result);
  const gone = result.missing?.length ?? 0;
  if (gone > 0) say(title, `${gone} of the ${count} ${gone === 1 ? "was" : "were"} not there any more.`, "warning");
}

export function carryOut(result: ActionResult, navigate: Navigate): void {
  if (result.client) inBrowser(result.client, result, navigate);
  if (result.download) download(result.download.url, result.download.filename);
  // An address to open is told as the redirect, too: it is opened once, and this page stays where it is to be a new window.
  if (result.redirect && result.client?.type !== "openUrl") go(result.redirect, navigate);
}

/** The result's own message is shown already and mostly the same as the effect's. */
function inBrowser(effect: ClientEffect, { message, level }: ActionResult, navigate: Navigate): void {
  if (effect.type === "message") {
    if (effect.message !== message) say("", effect.message, level);
    return;
  }
  const url = effect.type === "openUrl" ? effect.url : `#/tables/${encodeURIComponent(effect.collection)}/${encodeURIComponent(String(effect.id))}`;
  if (effect.newWindow) open(url);
  else go(url, navigate);
}

/** The address when it leads over HTTP, else null: `javascript:` and the like never run. */
export function safeUrl(url: string, base = document.baseURI): string | null {
  try {
    const parsed = new URL(url, base);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}

/**
 * Where the address of an effect leads. `/…` begins where the server does, behind its stage: with the console at
 * `https://a.example/dev/console/`, `/api/x` is `https://a.example/dev/api/x`; one that has the stage already stays. `#…` and `?…` are of the console.
 */
export function placeOf(url: string, base = document.baseURI): string | null {
  if (!/^\/(?![/\\])/.test(url)) return safeUrl(url, base);
  const root = new URL("..", base);
  const isWhole = new URL(url, root).pathname.startsWith(root.pathname);
  return safeUrl(isWhole ? url : `.${url}`, root.href);
}

/** `#/tables/samples` is a place in the console. */
function go(url: string, navigate: Navigate): void {
  if (url.startsWith("#/")) void navigate(url.slice(1));
  else {
    const safe = placeOf(url);
    if (safe) window.location.assign(safe);
  }
}

function open(url: string): void {
  const safe = placeOf(url);
  if (safe) window.open(safe, "_blank", "noopener,noreferrer");
}

function download(url: string, filename: string | null): void {
  const safe = placeOf(url);
  if (!safe) return;
  const link = document.createElement("a");
  link.href = safe;
  link.download = filename ?? "";
  link.rel = "noopener";
  link.click();
}
