/** The server's problems of a whole workflow, each at what it is about. */
import { ApiError, type Problem } from "../../client";
import type { FlowNode, Selection } from "./types";

export interface WorkflowProblems {
  /** Paths are those within: `config.params.filter`. */
  at: Map<Selection, Problem[]>;
  others: Problem[];
}

export const NO_PROBLEMS: WorkflowProblems = { at: new Map(), others: [] };

export function problemsOf(error: unknown, nodes: FlowNode[]): WorkflowProblems {
  const found: WorkflowProblems = { at: new Map(), others: [] };
  const given: Problem[] = error instanceof ApiError ? error.problems : [{ message: String((error as Error)?.message ?? error) }];
  for (const problem of given) {
    const place = /^nodes\.(\d+)\.?(.*)$/.exec(problem.path ?? "");
    const node = place ? nodes[Number(place[1])] : undefined;
    if (node) add(found, node.id, { ...problem, path: place?.[2] });
    else if (problem.path === "config" || problem.path?.startsWith("config.")) add(found, "trigger", problem);
    else found.others.push(problem);
  }
  return found;
}

export function without(problems: WorkflowProblems, which: Selection): WorkflowProblems {
  return { at: new Map([...problems.at].filter(([one]) => one !== which)), others: problems.others };
}

function add(found: WorkflowProblems, which: Selection, problem: Problem): void {
  found.at.set(which, [...(found.at.get(which) ?? []), problem]);
}
