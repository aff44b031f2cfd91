/** What the canvas shows beside the drawing, as the page's address has it: `?open=trigger`, `?open=<node>`, `?open=new&type=query&at=<upstream>.<branch>`. */
import { useCallback } from "react";
import { useSearchParams } from "react-router-dom";
import type { Place } from "./types";

export type Opened =
  | { what: "nothing" }
  | { what: "trigger" | "settings" | "run" }
  | { what: "node"; id: number }
  | { what: "choose"; place: Place }
  | { what: "new"; type: string; place: Place };

export function readOpened(params: URLSearchParams): Opened {
  const open = params.get("open");
  const place = placeOf(params.get("at"));
  if (open === "trigger" || open === "settings" || open === "run") return { what: open };
  if (open === "new" && place) {
    const type = params.get("type");
    return type ? { what: "new", type, place } : { what: "choose", place };
  }
  return open && /^\d+$/.test(open) ? { what: "node", id: Number(open) } : { what: "nothing" };
}

export function writeOpened(opened: Opened): URLSearchParams {
  const params = new URLSearchParams();
  if (opened.what === "node") params.set("open", String(opened.id));
  else if (opened.what === "choose" || opened.what === "new") {
    params.set("open", "new");
    params.set("at", `${opened.place.upstreamId ?? "start"}.${opened.place.branchIndex ?? "next"}`);
    if (opened.what === "new") params.set("type", opened.type);
  } else if (opened.what !== "nothing") params.set("open", opened.what);
  return params;
}

export function useOpened(): [Opened, (opened: Opened) => void] {
  const [params, setParams] = useSearchParams();
  const open = useCallback((opened: Opened) => setParams(writeOpened(opened)), [setParams]);
  return [readOpened(params), open];
}

function placeOf(text: string | null): Place | null {
  const found = /^(\d+|start)\.(\d+|next)$/.exec(text ?? "");
  if (!found) return null;
  return { upstreamId: found[1] === "start" ? null : Number(found[1]), branchIndex: found[2] === "next" ? null : Number(found[2]) };
}
