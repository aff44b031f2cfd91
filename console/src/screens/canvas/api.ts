/** What the canvas asks of the server, and what it changes there. */
import { useQuery } from "@tanstack/react-query";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { isUnheard, type Row } from "../../client";
import type { Category, FlowNode, Kinds, NodeKind, Place, TriggerKind, Workflow } from "./types";

const VERSION_PARTS = ["nodes", "stats", "versionStats", "categories"];
const workflows = () => client.resource<Workflow>("workflows");
const nodes = () => client.resource("flow_nodes");

/** The types of nodes and triggers; they change with the server only. */
export function useKinds() {
  return useQuery({
    queryKey: ["nodeKinds"],
    queryFn: async ({ signal }): Promise<Kinds> => {
      const { data } = await nodes().call<{ nodes: NodeKind[]; triggers: TriggerKind[] }>("types", { signal });
      return { nodes: new Map(data.nodes.map((one) => [one.type, one])), triggers: new Map(data.triggers.map((one) => [one.type, one])) };
    },
    staleTime: Infinity,
  });
}

export function useVersion(id: string) {
  return useQuery({ queryKey: ["workflow", id], queryFn: ({ signal }) => workflows().get(id, { appends: VERSION_PARTS, signal }), staleTime: 0 });
}

/** All versions of a workflow, newest first. */
export function useVersions(key: string | undefined) {
  return useQuery({
    queryKey: ["workflows", { key }],
    queryFn: async ({ signal }) => (await workflows().list({ filter: { key }, sort: ["-id"], appends: ["versionStats"], except: ["config"], pageSize: 200, signal })).rows,
    enabled: key !== undefined,
  });
}

export function useCategories() {
  return useQuery({ queryKey: ["workflowCategories"], queryFn: async ({ signal }) => (await client.resource<Category>("workflowCategories").list({ pageSize: 200, signal })).rows, staleTime: 60_000 });
}

/** After a change of a version: what is shown of it, and of workflows anywhere, is asked for again. */
export async function refreshWorkflows(): Promise<void> {
  await queries.invalidateQueries({ predicate: ({ queryKey: [what] }) => what === "workflow" || what === "workflows" || what === "offers" });
}

/** Made or not, nobody knows: the lists say it when it was. */
export function refreshUnheard(error: unknown): void {
  if (isUnheard(error)) void refreshWorkflows();
}

export const change = {
  createNode: async (version: number, values: Row, idempotencyKey: string) => (await client.resource<Row>(`workflows/${version}/nodes`).create(values, { idempotencyKey })).data as unknown as FlowNode,
  updateNode: (id: number, values: Row, ifMatch?: string) => nodes().update(id, values, { ifMatch }),
  moveNode: (id: number, place: Place) => nodes().call("move", { body: place }, id),
  duplicateNode: (id: number, place: Place, idempotencyKey: string) => nodes().call<FlowNode>("duplicate", { body: place, idempotencyKey }, id),
  destroyNode: (id: number, keepBranch: number | null) => nodes().call("destroy", { params: { keepBranch: keepBranch ?? undefined }, body: {} }, id),
  destroyBranch: (id: number, branchIndex: number, shift: boolean) => nodes().call("destroyBranch", { body: { branchIndex, shift: shift ? 1 : 0 } }, id),
  testNode: async (type: string, config: Row) => (await nodes().call<{ status: number; result: unknown; log?: string }>("test", { body: { type, config } })).data,
  updateWorkflow: (id: number, values: Row, ifMatch?: string) => workflows().update(id, values, { ifMatch }),
  createWorkflow: async (values: Row, idempotencyKey: string) => (await workflows().create(values, { idempotencyKey })).data,
  destroyWorkflow: (id: number) => workflows().destroy(id),
  newVersion: async (version: Workflow, idempotencyKey: string) => (await workflows().call<Workflow>("revision", { params: { filter: { key: version.key } }, body: {}, idempotencyKey }, version.id)).data,
  copyWorkflow: async (version: Workflow, title: string, idempotencyKey: string) => (await workflows().call<Workflow>("revision", { body: { title }, idempotencyKey }, version.id)).data,
  exportVersion: async (id: number) => (await workflows().call<Row>("export", {}, id)).data,
  importDocument: async (document: Row, idempotencyKey: string) => (await workflows().call<Workflow>("import", { body: document, idempotencyKey })).data,
  execute: async (id: number, values: Row, idempotencyKey: string) => (await client.ask("workflows:execute", { body: values, idempotencyKey }, id)).data.execution,
};
