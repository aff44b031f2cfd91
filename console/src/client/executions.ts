/** Executions: their statuses, and waiting for one to end. Source: https://docs.nocobase.com/workflow/advanced/executions */
import { pause, type Connection } from "./connection";
import { ApiError, type Row } from "./envelope";
import { isUnheard } from "./press";
import type { Id } from "./query";

export interface Execution extends Row {
  id: Id;
  key: string;
  workflowId: Id;
  /** `null` queued, 0 started, 1 resolved, negative: not well. */
  status: number | null;
  reason: string | null;
  /** What it said to the call that waited for it; told to whom manages no workflows. */
  messages?: string[];
  /** Of what `waitFor` tells: the version, of which everybody may see the `title`; `null` when it is gone. */
  workflow?: Row | null;
  createdAt: string;
  updatedAt: string | null;
}

export interface WaitOptions {
  signal?: AbortSignal;
  /** Called with every state that differs from the one before. */
  onChange?: (execution: Execution) => void;
  /** Called after each question: whether an answer came. */
  onHeard?: (isHeard: boolean) => void;
  /** Milliseconds until the second look; it grows to ten seconds. */
  firstWaitMs?: number;
  /** Milliseconds of waiting, without one answer, after which it gives up; five minutes. */
  patienceMs?: number;
}

const STATUS_NAMES: Record<string, string> = {
  null: "Queued",
  "0": "Running",
  "1": "Succeeded",
  "-1": "Failed",
  "-2": "Error",
  "-3": "Aborted",
  "-4": "Canceled",
  "-5": "Rejected",
  "-6": "Retry needed",
};
const LONGEST_WAIT_MS = 10_000;
const PATIENCE_MS = 300_000;

export function statusName(status: number | null): string {
  return STATUS_NAMES[String(status)] ?? `Status ${status}`;
}

export function hasEnded(execution: { status: number | null }): boolean {
  return execution.status !== null && execution.status !== 0;
}

/**
 * The execution once it has ended. Everybody may wait for what runs in their own name. Throws ApiError: 403 for another's, or one whose history
 * has expired; 404 when it is gone; what the last question got when the server stays away for longer than `patienceMs`.
 */
export async function waitFor(connection: Connection, id: Id, options: WaitOptions = {}): Promise<Execution> {
  const { signal, onChange, onHeard, firstWaitMs = 700, patienceMs = PATIENCE_MS } = options;
  let seen = "";
  // Counted, not read from the clock: a computer that slept has not waited.
  let silentMs = 0;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS)) {
    const params = { except: "context,output,stack", appends: "workflow" };
    const asked = await heard(connection.ask("executions:get", { params, signal }, id), silentMs < patienceMs);
    silentMs = asked === null ? silentMs + waitMs : 0;
    onHeard?.(asked !== null);
    if (asked === null) {
      await pause(waitMs, signal);
      continue;
    }
    const data = asked.data as Execution | null;
    if (data === null) throw new ApiError(404, { errors: [{ message: `There is no execution ${id}`, code: "NOT_FOUND" }] });
    const now = `${data.status} ${data.updatedAt ?? ""}`;
    if (now !== seen) onChange?.(data);
    seen = now;
    if (hasEnded(data)) return data;
    await pause(waitMs, signal);
  }
}

/** The answer, or null where none came and it `mayMiss` one: an execution goes on whoever hears of it. */
async function heard<Answer>(answer: Promise<Answer>, mayMiss: boolean): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (mayMiss && isUnheard(error)) return null;
    throw error;
  }
}
