import { createContext, use } from "react";
import type { Collection, Problem } from "../../../client";
import type { FlowNode } from "../types";
import type { Variable } from "../variables";

/** What every input of a config's form may need to know. */
export interface FormContents {
  /** What templates may name; none where templates are not read. */
  variables: Variable[];
  problems: Problem[];
  disabled: boolean;
  find: (collection: string) => Collection | undefined;
  /** Nodes that run before, for inputs that name one. */
  before: FlowNode[];
}

export const FormContext = createContext<FormContents | null>(null);

export function useForm(): FormContents {
  const found = use(FormContext);
  if (!found) throw new Error("useForm outside of a ConfigForm");
  return found;
}

/** What is wrong with the value at this path and below it. */
export function useMistake(path: string): string | undefined {
  const { problems } = useForm();
  const found = problems.filter((one) => one.path === path || one.path?.startsWith(`${path}.`));
  return found.length > 0 ? found.map((one) => one.message).join("; ") : undefined;
}
