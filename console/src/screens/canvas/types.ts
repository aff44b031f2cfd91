/** Versions of workflows, their nodes and the types of them, as the server tells them. */
import type { Id, Row } from "../../client";

export interface FlowNode {
  id: number;
  key: string;
  type: string;
  title: string | null;
  config: Row | null;
  upstreamId: number | null;
  branchIndex: number | null;
  updatedAt: string;
}

export interface Workflow extends Row {
  id: number;
  key: string;
  title: string | null;
  description: string | null;
  type: string;
  triggerTitle: string | null;
  sync: boolean;
  enabled: boolean;
  current: boolean | null;
  config: Row;
  options: Row;
  createdAt: string;
  updatedAt: string;
  nodes?: FlowNode[];
  /** Executions of all versions, and of this one. */
  stats?: { executed: number };
  versionStats?: { executed: number };
  categories?: Category[];
}

export interface Category extends Row {
  id: number;
  title: string;
  color: string | null;
}

/** A JSON Schema as far as forms look at it. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
}

interface Kind {
  type: string;
  title: string;
  description: string;
  schema: Schema;
}

export interface NodeKind extends Kind {
  /** What every config of the type may hold beside its own: retries, a timeout, what happens on failure. */
  policies: Schema;
  /** By index what the branch is called; `null` where the config or people say which there are. */
  branches: Record<string, string> | null;
  branchOnFailure: boolean;
  waits: boolean;
  alsoSync: boolean;
  testable: boolean;
}

export interface TriggerKind extends Kind {
  alwaysSync: boolean;
  alwaysAsync: boolean;
}

export interface Kinds {
  nodes: Map<string, NodeKind>;
  triggers: Map<string, TriggerKind>;
}

/** Where a node stands: behind another (`null`: first of all), or first in a branch of it. */
export interface Place {
  upstreamId: number | null;
  branchIndex: number | null;
}

export interface NodeState {
  status: number | null;
  note?: string;
}

export type Selection = number | "trigger";

export type VersionId = Id;
