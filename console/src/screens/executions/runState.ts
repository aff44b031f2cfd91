/** What is looked at of a run, as the page's address has it: `?node=123&rounds=each:2&view=list`. */
import { useCallback, useMemo } from "react";
import { useNewestParams } from "../../app/newestParams";
import type { Selection } from "../canvas/types";
import type { Rounds } from "./runs";

export interface RunState {
  node: Selection | null;
  rounds: Rounds;
  view: "drawing" | "list" | null;
}

export function readRunState(params: URLSearchParams): RunState {
  const node = params.get("node");
  const view = params.get("view");
  const rounds = (params.get("rounds") ?? "").split(",").flatMap((one) => {
    const found = /^(.+):(\d+)$/.exec(one);
    return found?.[1] ? [[decodeURIComponent(found[1]), Number(found[2])] as const] : [];
  });
  return {
    node: node === "trigger" ? "trigger" : node && /^\d+$/.test(node) ? Number(node) : null,
    rounds: Object.fromEntries(rounds),
    view: view === "list" || view === "drawing" ? view : null,
  };
}

export function useRunState(): [RunState, (changes: Partial<RunState>) => void] {
  const [params, setParams] = useNewestParams();
  const state = useMemo(() => readRunState(params), [params]);
  const change = useCallback(
    (changes: Partial<RunState>) =>
      setParams(
        (now) => {
          const next = new URLSearchParams(now);
          if (changes.node !== undefined) next.set("node", String(changes.node));
          if (changes.view) next.set("view", changes.view);
          if (changes.rounds) next.set("rounds", Object.entries(changes.rounds).map(([key, round]) => `${encodeURIComponent(key)}:${round}`).join(","));
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  return [state, change];
}
