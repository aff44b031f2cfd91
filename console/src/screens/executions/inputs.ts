/** What the variables of a node held when it ran, as far as the history has kept it. Source: https://docs.nocobase.com/workflow/advanced/variables */
import type { Row } from "../../client";
import type { Job, Run } from "./runs";

export interface Input {
  /** `$context.data.title`: what stands between the braces. */
  variable: string;
  value?: unknown;
  /** The history has it; what a loop's round, a date or the system gave is not in it, nor what was too large. */
  isKept: boolean;
}

type Found = { value: unknown } | null;

/** Each variable of the config once, with the value that the job got. */
export function inputsOf(config: unknown, job: Job, run: Pick<Run, "context" | "jobs">): Input[] {
  return [...new Set(variablesIn(config))].map((variable) => {
    const found = valueOf(variable, job, run);
    return found ? { variable, value: found.value, isKept: true } : { variable, isKept: false };
  });
}

function variablesIn(value: unknown): string[] {
  if (typeof value === "string") return [...value.matchAll(/\{\{\s*([^{}]+?)\s*\}\}/g)].map((match) => match[1] ?? "");
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(variablesIn) : [];
}

function valueOf(variable: string, job: Job, run: Pick<Run, "context" | "jobs">): Found {
  const [root, ...path] = variable.replace(/^ctx\./, "").split(".");
  if (root === "$context") return at(run.context, path);
  if (root !== "$jobsMapByNodeKey" || path.length === 0) return null;
  const source = seenBy(job, path[0] ?? "", run.jobs);
  return source ? at(source.result, path.slice(1)) : null;
}

/** The latest result of a node that stood when the job began: one of the same rounds and branches, or of those around it. */
function seenBy(job: Job, nodeKey: string, jobs: Job[]): Job | undefined {
  const before = jobs.slice(0, jobs.findIndex((one) => one.id === job.id));
  const found = before.findLast((one) => one.nodeKey === nodeKey);
  return found && isAround(placeOf(found), placeOf(job)) ? found : undefined;
}

function placeOf({ jobKey }: Job): string {
  return jobKey.slice(0, Math.max(0, jobKey.lastIndexOf("#")));
}

function isAround(outer: string, inner: string): boolean {
  return outer === "" || outer === inner || inner.startsWith(`${outer}/`);
}

/** Of a list the value of each; null where the history does not have it. */
function at(value: unknown, path: string[]): Found {
  if (isCut(value)) return null;
  const [name, ...rest] = path;
  if (name === undefined) return { value };
  if (Array.isArray(value) && !/^\d+$/.test(name)) {
    const each = value.map((one) => at(one, path));
    return each.every((one) => one !== null) ? { value: each.flatMap((one) => one?.value) } : null;
  }
  if (typeof value !== "object" || value === null || !(name in value)) return null;
  return at((value as Row)[name], rest);
}

/** What stands where the history had no room: `{"cut": true, "bytes": 400000}`. */
function isCut(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Row)["cut"] === true && typeof (value as Row)["bytes"] === "number";
}
