/** The server's problems of a collection's rules, each at the action that it is about. */
import { ApiError } from "../../client";
import type { RuleDraft } from "./role";

export type RuleErrors = Partial<Record<"name" | "fields" | "scope", string>>;

/** `resources.samples.actions.1.scope` is the scope of the second rule that was sent. */
export function mistakesOfRules(error: unknown, drafts: RuleDraft[], collection: string): { at: Record<string, RuleErrors>; others: string[] } {
  const at: Record<string, RuleErrors> = {};
  const others: string[] = [];
  if (error instanceof SyntaxError) at[String(error.cause)] = { scope: error.message };
  if (!(error instanceof ApiError)) return { at, others };
  const sent = drafts.filter((one) => one.reach !== "none");
  const start = `resources.${collection}.actions.`;
  for (const { path = "", message } of error.problems) {
    const [index = "", option = "name"] = path.startsWith(start) ? path.slice(start.length).split(".") : [];
    const draft = sent[Number(index)];
    if (!path.startsWith(start) || !draft) others.push(message);
    else at[draft.name] = { ...at[draft.name], [option === "scope" || option === "fields" ? option : "name"]: message };
  }
  return { at, others };
}
