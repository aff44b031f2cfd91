/**
 * The client of a Stepbase server; needs nothing but `fetch`.
 *
 *     const client = createClient({ baseUrl: "http://localhost:3000/api/" });
 *     await client.signIn("ada", "inspect-91");
 *     const { rows } = await client.resource("samples").list({ filter: { status: "Collected" } });
 *     const result = await client.runAction("submit", { ids: rows[0].id });
 */
import { availableActions, callProcedure, runAction, type ProcedureOptions, type RunOptions } from "./actions";
import { Connection, type ConnectionOptions } from "./connection";
import type { Operation, RequestOf } from "./contract";
import type { Row } from "./envelope";
import { waitFor, type WaitOptions } from "./executions";
import type { Id } from "./query";
import { Resource } from "./resource";
import { signIn, signOut, start } from "./session";

export * from "./actions";
export type { BodyOf, DataOf, Operation, QueryOf, RequestOf } from "./contract";
export * from "./envelope";
export * from "./executions";
export { isUnheard, Press } from "./press";
export * from "./query";
export * from "./resource";
export * from "./session";
export { freshKey, pause, type ConnectionOptions, type Request, type TokenStore } from "./connection";
export type { components, paths } from "./openapi";

export function createClient(options: ConnectionOptions) {
  const connection = new Connection(options);
  return {
    signIn: (account: string, password: string) => signIn(connection, account, password),
    signOut: () => signOut(connection),
    isSignedIn: () => connection.token !== null,
    /** Forgets the session here only; the server is not asked. */
    forget: () => {
      connection.token = null;
      connection.role = null;
    },
    role: () => connection.role,
    actAs: (role: string | null) => {
      connection.role = role;
    },
    start: (signal?: AbortSignal) => start(connection, signal),
    /** Any operation of the OpenAPI document by its name; the compiler knows what it takes and answers. */
    ask: <O extends Operation>(operation: O, request: RequestOf<O>, id?: Id) => connection.ask(operation, request, id),
    resource: <T extends Row = Row>(name: string) => new Resource<T>(connection, name),
    availableActions: (collection: string | null, ids?: Id[], signal?: AbortSignal) => availableActions(connection, collection, ids, signal),
    runAction: (name: string, run?: RunOptions) => runAction(connection, name, run),
    callProcedure: <T>(name: string, call?: ProcedureOptions) => callProcedure<T>(connection, name, call),
    waitFor: (id: Id, wait?: WaitOptions) => waitFor(connection, id, wait),
  };
}

export type Client = ReturnType<typeof createClient>;
