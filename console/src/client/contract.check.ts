/** What the compiler is to refuse and to take (`npm run types`), and the client's own types against those of the document. */
import type { ActionResult, AvailableAction, ClientEffect, Verdict } from "./actions";
import type { Connection } from "./connection";
import type { DataOf } from "./contract";
import type { Problem } from "./envelope";
import type { Execution } from "./executions";
import type { components } from "./openapi";
import type { PageMeta, Started } from "./resource";
import type { Collection, Start, User } from "./session";

type Schemas = components["schemas"];
type Expect<T extends true> = T;
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

/** The names of ours that the document does not have, or whose value there may be something that ours does not allow for. */
type Mistaken<Ours, Theirs> = { [K in keyof Named<Ours>]-?: K extends keyof Theirs ? ([NonNullable<Theirs[K]>] extends [NonNullable<Ours[K]>] ? never : K) : K }[keyof Named<Ours>];
type Agrees<Ours, Theirs> = [Mistaken<Ours, Theirs>] extends [never] ? true : Mistaken<Ours, Theirs>;
/** Also what may be null there may be null here. */
type AgreesOnNull<Ours, Theirs> = [{ [K in keyof Named<Ours>]-?: K extends keyof Theirs ? (null extends Theirs[K] ? (null extends Ours[K] ? never : K) : never) : never }[keyof Named<Ours>]] extends [never] ? true : false;
/** Both have the same names, and what is there may be here. */
type Same<Ours, Theirs> = [Ours] extends [never] ? false : [Theirs] extends [never] ? false : [Exclude<keyof Theirs, keyof Ours>] extends [never] ? Agrees<Ours, Theirs> : false;
type TheirEffect = NonNullable<Schemas["ActionResult"]["client"]>;
/** Each effect of one side against that of the same type of the other; a type that only one side has is a mistake too. */
type Effects = { [Type in (ClientEffect | TheirEffect)["type"]]: Same<Extract<ClientEffect, { type: Type }>, Extract<TheirEffect, { type: Type }>> }[(ClientEffect | TheirEffect)["type"]];

export type Contract = [
  Expect<Agrees<Problem, Schemas["Error"]>>,
  // Only a dry run, which this client does not make, has executions without ids.
  Expect<Agrees<Omit<ActionResult, "client" | "executions" | "missing">, Schemas["ActionResult"]>>,
  Expect<Agrees<Pick<ActionResult, "missing">, Schemas["Triggered"]>>,
  Expect<AgreesOnNull<ActionResult, Schemas["ActionResult"]>>,
  Expect<Effects>,
  Expect<Agrees<AvailableAction, Schemas["AvailableAction"]>>,
  Expect<AgreesOnNull<AvailableAction, Schemas["AvailableAction"]>>,
  Expect<Agrees<Verdict, Schemas["OfferedAction"]>>,
  Expect<Agrees<PageMeta, Schemas["Page"]>>,
  Expect<Agrees<Execution, Schemas["Execution"]>>,
  Expect<Agrees<Started, NonNullable<Schemas["Triggered"]["executions"]>[number]>>,
  Expect<Agrees<Started, DataOf<"actions:run">["executions"][number]>>,
  Expect<Agrees<User, Schemas["User"]>>,
  Expect<Agrees<Omit<Start, "user" | "collections">, Schemas["Start"]>>,
  Expect<AgreesOnNull<Start, Schemas["Start"]>>,
  Expect<Agrees<Pick<Collection, "name" | "title">, Schemas["Start"]["collections"][number]>>,
];

/** Never called. Each `@ts-expect-error` is itself an error where the compiler finds nothing wrong. */
export async function refused(connection: Connection): Promise<void> {
  await connection.ask("executions:rerun", { body: { nodeId: 1 }, idempotencyKey: "k" }, 7);
  await connection.ask("workflows:execute", { body: { userId: 1 }, params: { autoRevision: 1 }, idempotencyKey: "k" }, 7);
  await connection.ask("workflowManualTasks:submit", { body: { result: {} }, idempotencyKey: "k" }, 7);
  // @ts-expect-error there is no such operation
  await connection.ask("executions:restart", {}, 7);
  // @ts-expect-error the body has no such property
  await connection.ask("executions:rerun", { body: { node: 1 } }, 7);
  // @ts-expect-error of another type
  await connection.ask("executions:rerun", { body: { nodeId: "first" } }, 7);
  // @ts-expect-error no such parameter
  await connection.ask("actions:available", { params: { ids: [1] } });
  // @ts-expect-error the value is 1 or 0
  await connection.ask("actions:available", { params: { each: "yes" } });
  // @ts-expect-error the password is required
  await connection.ask("auth:signIn", { body: { account: "ada" } });
  // @ts-expect-error a read takes no Idempotency-Key
  await connection.ask("executions:get", { idempotencyKey: "k" }, 7);
  // @ts-expect-error nor does what the server would do twice
  await connection.ask("executions:cancel", { idempotencyKey: "k" }, 7);
  // @ts-expect-error the workflows to trigger are required
  await connection.ask("workflows:trigger", { params: {} });
  const asked = await connection.ask("executions:get", {}, 7);
  // @ts-expect-error a status is a number or null
  const text: string | undefined = asked.data?.status;
  void text;
}
