/** One's own tasks and copies: read, submitted, marked. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import type { BodyOf, Page, PageMeta, Press, Row } from "../../client";
import type { TaskForm } from "./forms";

export const PAGE_SIZE = 20;
const AGAIN_MS = 60_000;

export interface Task extends Row {
  id: number;
  title: string | null;
  status: number;
  result: Record<string, unknown> | null;
  executionId: number;
  workflowId: number;
  createdAt: string;
  updatedAt: string;
}

export interface OpenTask extends Task {
  /** The record that the run is for: `samples/91`. */
  record: string | null;
  forms: Record<string, TaskForm>;
}

export interface Copy extends Task {
  readAt: string | null;
}

/** What a list of tasks shows: those that are open, what was done, or the copies that workflows sent. */
export type Shown = "open" | "closed" | "copies";

export function useTasks(shown: Shown, page: number) {
  return useQuery({
    queryKey: ["tasks", shown, page],
    queryFn: async ({ signal }): Promise<Page<Task>> => {
      const resource = client.resource<Task>(shown === "copies" ? "workflowCcTasks" : "workflowManualTasks");
      const filter = shown === "open" ? { status: 0 } : shown === "closed" ? { status: { $ne: 0 } } : undefined;
      const { data, meta } = await resource.call<Task[]>("listMine", { params: { filter, sort: "-id", page, pageSize: PAGE_SIZE }, signal });
      return { rows: data, meta: meta as unknown as PageMeta };
    },
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchInterval: AGAIN_MS,
  });
}

export function useTask(id: string) {
  return useQuery({ queryKey: ["task", id], queryFn: ({ signal }) => client.resource<OpenTask>("workflowManualTasks").get(id, { signal }), staleTime: 0 });
}

/** How many tasks and copies are open; `app:start` has told it, so that the first paint needs no call for it. */
export function useTaskCounts() {
  const { tasks } = useSession();
  return useQuery({
    queryKey: ["taskCounts"],
    queryFn: async ({ signal }) => {
      const { data } = await client.resource("userWorkflowTasks").call<{ type: "manual" | "cc"; stats: { pending: number } }[]>("listMine", { signal });
      const of = (type: string) => data.find((one) => one.type === type)?.stats.pending ?? 0;
      return { manual: of("manual"), cc: of("cc") };
    },
    initialData: tasks,
    staleTime: Infinity,
    refetchInterval: AGAIN_MS,
  });
}

/** What the badge says is asked again: a list that is newer must not say otherwise. */
export async function refreshCounts(): Promise<void> {
  await queries.invalidateQueries({ queryKey: ["taskCounts"] });
}

async function refreshTasks(): Promise<void> {
  await queries.invalidateQueries({ predicate: ({ queryKey: [what] }) => ["tasks", "task", "taskCounts", "records", "record", "runs", "executions", "execution"].includes(String(what)) });
}

/** Sends one form with the button that was pressed; what comes back is the task as it is then. */
export async function submitTask(id: number, form: string, values: Row, action: string, press: Press): Promise<Task> {
  const body = { result: { [form]: values, _: action } } as unknown as BodyOf<"workflowManualTasks:submit">;
  try {
    return (await press.send(body, (idempotencyKey) => client.ask("workflowManualTasks:submit", { body, idempotencyKey }, id))).data as unknown as Task;
  } finally {
    await refreshTasks();
  }
}

/** Marks these copies, without ids all of one's own. */
export async function markCopies(how: "read" | "unread", ids?: number[]): Promise<void> {
  await client.resource("workflowCcTasks").call(how, { params: { filterByTk: ids }, body: {} });
  await refreshTasks();
}
