/** What is asked about executions, and what is done to them. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import { hasEnded, type Press, type Row } from "../../client";
import { recordTitle } from "../../model/collections";
import type { Workflow } from "../canvas/types";
import { listFilter, PAGE_SIZE, type ListState } from "./listState";
import type { Run, Task } from "./runs";

const LIVE_MS = 3_000;
const HEAVY = ["context", "output", "stack"];
const executions = () => client.resource<Run>("executions");

export function useRuns(state: ListState, enabled: boolean) {
  return useQuery({
    queryKey: ["executions", state],
    enabled,
    queryFn: ({ signal }) => executions().list({ filter: listFilter(state), sort: ["-id"], page: state.page, pageSize: PAGE_SIZE, appends: ["workflow"], except: HEAVY, signal }),
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: ({ state: now }) => (now.data?.rows.some((one) => !hasEnded(one)) ? LIVE_MS : false),
  });
}

export function useRun(id: string) {
  return useQuery({ queryKey: ["execution", id], queryFn: ({ signal }) => executions().get(id, { appends: ["jobs", "workflow"], signal }), staleTime: 0 });
}

/**
 * Looks at a run that has not ended, ever more seldom, and reads it anew whenever it has moved. Since when (epoch milliseconds) nothing is heard
 * of it; `null` while it is.
 */
export function useFollowed(id: string, isOpen: boolean): number | null {
  const [lostAt, setLostAt] = useState<number | null>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    const leaving = new AbortController();
    const { signal } = leaving;
    const onHeard = (isHeard: boolean) => setLostAt((since) => (isHeard ? null : (since ?? Date.now())));
    // The next question may be seconds away.
    window.addEventListener("offline", () => onHeard(false), { signal });
    // What goes wrong is shown where the run itself is read.
    client.waitFor(id, { signal, onHeard, onChange: () => void refreshRun(id) }).then(() => refreshRun(id), () => undefined);
    return () => leaving.abort();
  }, [id, isOpen]);
  return isOpen ? lostAt : null;
}

async function refreshRun(id: string): Promise<void> {
  await queries.invalidateQueries({ predicate: ({ queryKey: [what, of] }) => what === "executions" || (["execution", "executionTasks"].includes(String(what)) && String(of) === id) });
}

/** The version that ran, with its nodes; `null` when it is gone. */
export function useVersionOf(run: Run | null | undefined) {
  const id = run?.workflowId;
  return useQuery({
    queryKey: ["workflow", String(id), "nodes"],
    queryFn: ({ signal }) => client.resource<Workflow>("workflows").get(id ?? 0, { appends: ["nodes"], signal }),
    enabled: id !== undefined,
    staleTime: 60_000,
  });
}

/** The tasks of a run and what their users are called. */
export function useTasksOf(id: string, wanted: boolean) {
  const users = useSession().collection("users");
  return useQuery({
    queryKey: ["executionTasks", id],
    queryFn: async ({ signal }) => {
      const { rows: tasks } = await client.resource<Task>("workflowManualTasks").list({ filter: { executionId: Number(id) }, pageSize: 200, signal });
      const ids = [...new Set(tasks.map((one) => one.userId))];
      const people: Row[] = users && ids.length > 0 ? (await client.resource("users").list({ filter: { id: { $in: ids } }, pageSize: ids.length, signal })).rows : [];
      const names = new Map(ids.map((one) => [one, nameIn(people, one)]));
      return { tasks, nameOf: (user: number) => names.get(user) ?? `user ${user}` };
    },
    enabled: wanted,
  });
}

function nameIn(people: Row[], id: number): string {
  const found = people.find((one) => one["id"] === id);
  return found ? String(found["nickname"] || found["username"] || recordTitle(found, undefined)) : `user ${id}`;
}

/** The workflows that a list of executions may be narrowed to: one entry a key. */
export function useWorkflowNames() {
  return useQuery({
    queryKey: ["workflows", { current: true, for: "names" }],
    queryFn: async ({ signal }) => (await client.resource<Workflow>("workflows").list({ filter: { current: true }, fields: ["key", "title"], pageSize: 200, signal })).rows,
    staleTime: 60_000,
  });
}

export const control = {
  cancel: async (id: string) => {
    await client.ask("executions:cancel", { body: {} }, id);
    await refreshRun(id);
  },
  /** The id of what runs now: a new execution, or the same one with another attempt. */
  rerun: async (id: string, press: Press, nodeId?: number) => {
    const body = nodeId === undefined ? {} : { nodeId };
    const { data } = await press.send([id, body], (idempotencyKey) => client.ask("executions:rerun", { body, idempotencyKey }, id));
    await refreshRun(id);
    return data;
  },
  destroy: async (id: string) => {
    await executions().destroy(id);
    await queries.invalidateQueries({ queryKey: ["executions"] });
  },
};
