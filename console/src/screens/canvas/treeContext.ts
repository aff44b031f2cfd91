import { createContext, use, type ReactNode } from "react";
import type { FlowNode, Kinds, NodeState, Place, Selection, Workflow } from "./types";

/** What can be done with a drawing that may be changed. */
export interface TreeEditing {
  onPlace: (place: Place) => void;
  onDelete: (node: FlowNode) => void;
  onAddBranch: (node: FlowNode) => void;
  onDeleteBranch: (node: FlowNode, index: number) => void;
  menuOf: (node: FlowNode) => ReactNode;
  /** A node that looks for a place: what each place is then called; `null` for one that it cannot have. */
  placing: ((place: Place) => string | null) | null;
  /** What is wrong, by node, and with the trigger. */
  problems: Map<Selection, string[]>;
}

export interface TreeContents {
  workflow: Pick<Workflow, "type" | "triggerTitle" | "config">;
  kinds?: Kinds;
  states?: Record<number, NodeState>;
  selected: Selection | null;
  onSelect?: (selected: Selection) => void;
  edit?: TreeEditing;
  /** "after Query", "first in Yes of Condition". */
  nameOf: (place: Place) => string;
  /** Titles of nodes by their keys. */
  titles: Map<string, string>;
}

export const TreeContext = createContext<TreeContents | null>(null);

export function useTree(): TreeContents {
  const found = use(TreeContext);
  if (!found) throw new Error("useTree outside of a WorkflowTree");
  return found;
}
