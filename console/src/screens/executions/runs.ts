/** A run's jobs: where each ran, in which rounds of which loops, how it went and what it waits for. */
import type { Execution, Row } from "../../client";
import { duration, shortTime } from "../../model/times";
import type { FlowNode, NodeState, Workflow } from "../canvas/types";

export interface Job extends Row {
  id: string;
  nodeId: number;
  nodeKey: string;
  /** `rounds.0/if~1#calc`: the rounds and branches that it ran in, then the node. */
  jobKey: string;
  status: number;
  result: unknown;
  meta: Row | null;
  log: string | null;
  startedAt: string;
  updatedAt: string;
}

export interface Run extends Execution {
  jobs: Job[];
  workflow: Workflow | null;
  context: Row | null;
  output: unknown;
  record: string | null;
  startedAt: string | null;
  waitsFor: string | null;
  rerunOf: number | null;
  parentExecutionId: number | null;
  spilled: boolean;
  manually: boolean | null;
}

export interface Task extends Row {
  id: number;
  userId: number;
  executionId: number;
  jobKey: string;
  status: number;
}

/** The round that is looked at, by key of the loop. */
export type Rounds = Record<string, number>;

interface Step {
  key: string;
  round: number;
}

/** The rounds that a job ran in, outermost first: `a.0/if~1/b.2#n` → a 0, b 2. */
export function roundsOf(jobKey: string): Step[] {
  const place = jobKey.slice(0, Math.max(0, jobKey.lastIndexOf("#")));
  return place.split("/").flatMap((step) => {
    const found = /^(.+)\.(\d+)$/.exec(step);
    return found?.[1] !== undefined ? [{ key: found[1], round: Number(found[2]) }] : [];
  });
}

/** How many rounds each loop has that is reached with these choices, and which one is looked at: the last, unless another is chosen. */
export function roundChoices(jobs: Job[], chosen: Rounds): Record<string, { count: number; round: number }> {
  const found: Record<string, { count: number; round: number }> = {};
  const steps = jobs.map((job) => roundsOf(job.jobKey));
  for (let depth = 0; steps.some((one) => one.length > depth); depth++) {
    const within = steps.filter((one) => one.length > depth && one.slice(0, depth).every((step) => found[step.key]?.round === step.round));
    for (const one of within) {
      const { key, round } = one[depth] as Step;
      const count = Math.max(found[key]?.count ?? 0, round + 1);
      found[key] = { count, round: Math.min(chosen[key] ?? count - 1, count - 1) };
    }
  }
  return found;
}

/** The jobs of the rounds that are looked at; of one that ran several times the last. */
export function jobsByNode(jobs: Job[], chosen: Rounds): Map<number, Job> {
  const rounds = roundChoices(jobs, chosen);
  const seen = jobs.filter((job) => !job.jobKey.includes(">") && roundsOf(job.jobKey).every((step) => rounds[step.key]?.round === step.round));
  return new Map(seen.map((job) => [job.nodeId, job]));
}

export function statesOf(byNode: Map<number, Job>): Record<number, NodeState> {
  return Object.fromEntries([...byNode].map(([id, job]) => [id, { status: job.status, note: tookOf(job) ?? undefined }]));
}

/** How long a job took that has ended. */
export function tookOf(job: Job): string | null {
  return job.status === 0 ? null : duration(Date.parse(job.updatedAt) - Date.parse(job.startedAt));
}

export function runTook(run: Pick<Run, "status" | "createdAt" | "updatedAt">): string {
  return run.status !== null && run.status !== 0 && run.updatedAt ? duration(Date.parse(run.updatedAt) - Date.parse(run.createdAt)) : "";
}

/** What a job that has not ended waits for, in words; `names` are those of the users that have a task. */
export function waitOf(job: Job, node: FlowNode | undefined, names: string[]): string {
  const retryAt = job.meta?.["retryAt"];
  if (typeof retryAt === "string") return `tries again at ${shortTime(retryAt)}`;
  if (node?.type === "delay" && typeof job.result === "number") return `waits until ${shortTime(Date.parse(job.startedAt) + job.result)}`;
  const seconds = node?.config?.["timeoutSeconds"];
  const until = typeof seconds === "number" ? `, until ${shortTime(Date.parse(job.startedAt) + seconds * 1_000)}` : "";
  if (node?.type === "manual") return `waits for ${names.length > 0 ? names.join(", ") : "somebody"} (task)${until}`;
  if (node?.type === "subflow") return `waits for another workflow${until}`;
  return `waits${until}`;
}

/** The users that the job still waits for. */
export function waitedFor(job: Job, tasks: Task[]): number[] {
  return tasks.filter((task) => task.status === 0 && task.jobKey === job.jobKey).map((task) => task.userId);
}

/** What the workflow said to who started it, in order. */
export function messagesOf(run: Run, nodes: FlowNode[]): string[] {
  const saying = new Set(nodes.filter((one) => one.type === "response-message").map((one) => one.id));
  return run.jobs.flatMap((job) => (saying.has(job.nodeId) && job.status === 1 && typeof job.result === "string" ? [job.result] : []));
}

/** The failure that ended the run, in words. */
export function failureOf(run: Run): { job: Job; message: string } | null {
  const job = run.status !== null && run.status < 0 ? run.jobs.findLast((one) => one.status < 0) : undefined;
  if (!job) return null;
  const result = job.result as { message?: unknown; code?: unknown } | null;
  const message = typeof result?.message === "string" ? result.message : typeof job.result === "string" ? job.result : "";
  return { job, message: message || job.log || "" };
}

/** Whether what a job left is what went wrong: who rejects a task, or ends a workflow as failed, leaves a result all the same. */
export function isError({ status, result }: Job): boolean {
  return status < 0 && (typeof result === "string" || (typeof result === "object" && result !== null && "message" in result));
}
