/** Who is signed in, and what the interface begins with. */
import type { Connection } from "./connection";
import type { Operation } from "./contract";
import type { Row } from "./envelope";
import type { Id } from "./query";

export interface User extends Row {
  id: Id;
  username: string | null;
  nickname: string | null;
  email: string | null;
}

export type FieldOptions = Row & { uiSchema?: { title?: string; enum?: (string | number | boolean | { value: unknown; label?: string })[] } };

export interface Field extends FieldOptions {
  name: string;
  type: string;
  required?: boolean;
  unique?: boolean;
  index?: boolean;
  hidden?: boolean;
  readOnly?: boolean;
  defaultValue?: unknown;
  target?: string;
  foreignKey?: string;
  isForeignKey?: boolean;
}

export type Need = "view" | "create" | "update" | "destroy" | "trigger" | "triggerNew";

export interface Collection {
  name: string;
  title: string | null;
  idType?: "integer" | "string";
  titleField?: string;
  system?: boolean;
  /** Post-action workflows that start with the add and the edit form: `key` or `key!association`. */
  formWorkflows?: { create?: string[]; update?: string[] };
  fields: Field[];
  /** By action the fields that the role may use, `null` for all; an action that is not in it is not allowed. */
  may: Partial<Record<Need, string[] | null>>;
}

export type Area = "collections" | "workflows" | "roles" | "users" | "auditLogs";

export interface Start {
  user: User;
  role: string;
  /** In which the user begins, and calls act that name none; `null` for a user without roles. */
  defaultRole: string | null;
  roles: { name: string; title: string }[];
  manages: Area[];
  /** How many tasks and copies are open. */
  tasks: { manual: number; cc: number };
  collections: Collection[];
}

/** Signs in; the connection keeps the token. Throws ApiError: 401 `INVALID_CREDENTIALS`, 429 `TOO_MANY_ATTEMPTS`. */
export async function signIn(connection: Connection, account: string, password: string): Promise<User> {
  connection.token = null;
  const { data } = await connection.ask("auth:signIn", { body: { account, password } });
  connection.token = data.token;
  return data.user as User;
}

/** Ends the session on the server, and here whatever the server says. */
export async function signOut(connection: Connection): Promise<void> {
  try {
    if (connection.token) await connection.send("auth:signOut" satisfies Operation, { body: {} });
  } finally {
    connection.token = null;
    connection.role = null;
  }
}

export async function start(connection: Connection, signal?: AbortSignal): Promise<Start> {
  return (await connection.ask("app:start", { signal })).data as Start;
}
