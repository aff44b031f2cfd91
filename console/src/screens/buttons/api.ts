/** Buttons as definitions, and what they may start. */
import { useQuery } from "@tanstack/react-query";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Row } from "../../client";
import type { BoundWorkflow, Button } from "./buttonDraft";

const buttons = () => client.resource<Button>("actions");

export interface OfferedProcedure {
  name: string;
  title: string;
  collection: string | null;
  form: Row | null;
}

export function useButtons() {
  return useQuery({ queryKey: ["buttons"], queryFn: async ({ signal }) => (await buttons().list({ pageSize: 200, signal })).rows });
}

export function useButton(name: string | null) {
  return useQuery({ queryKey: ["button", name], queryFn: ({ signal }) => buttons().get(name ?? "", { signal }), enabled: name !== null, staleTime: 0 });
}

/** The enabled workflows that buttons can start. */
export function useStartable() {
  return useQuery({
    queryKey: ["workflows", { type: "custom-action", enabled: true }],
    queryFn: async ({ signal }) => (await client.resource<BoundWorkflow>("workflows").list({ filter: { type: "custom-action", enabled: true }, pageSize: 200, signal })).rows,
  });
}

export function useProcedures() {
  return useQuery({
    queryKey: ["procedures"],
    queryFn: async ({ signal }) => (await client.resource("actions").call<OfferedProcedure[]>("procedures", { signal })).data,
    staleTime: Infinity,
  });
}

/** The roles that a button may be for; who does not manage roles is offered their own. */
export function useRoles(): { name: string; title: string }[] {
  const session = useSession();
  const asked = useQuery({
    queryKey: ["roles", "names"],
    queryFn: async ({ signal }) => (await client.resource<{ name: string; title: string } & Row>("roles").list({ fields: ["name", "title"], pageSize: 200, signal })).rows,
    enabled: session.isIn("roles"),
    staleTime: 60_000,
  });
  return asked.data ?? session.roles;
}

export async function refreshButtons(): Promise<void> {
  await queries.invalidateQueries({ predicate: ({ queryKey: [what] }) => ["buttons", "button", "offers"].includes(String(what)) });
}

export const change = {
  create: (values: Row, idempotencyKey: string) => buttons().create(values, { idempotencyKey }),
  update: (name: string, values: Row, ifMatch?: string) => buttons().update(name, values, { ifMatch }),
  destroy: (name: string) => buttons().destroy(name),
};
