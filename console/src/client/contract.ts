/** Holds the client's types against the OpenAPI document: a name that the server does not know is a type error here. */
import type { ActionResult, AvailableAction, Verdict } from "./actions";
import type { Problem } from "./envelope";
import type { Execution } from "./executions";
import type { components, paths } from "./openapi";
import type { PageMeta, Started } from "./resource";
import type { Collection, Start, User } from "./session";

type Schemas = components["schemas"];
type Known<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs> extends never ? true : Exclude<keyof Ours, keyof Theirs>;
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
type Triggered = NonNullable<Schemas["Triggered"]["executions"]>[number];

export type Contract = [
  Expect<Known<Named<Problem>, Named<Schemas["Error"]>>>,
  Expect<Known<Named<ActionResult>, Named<Schemas["ActionResult"]>>>,
  Expect<Known<Named<AvailableAction>, Named<Schemas["AvailableAction"]>>>,
  Expect<Known<Named<Verdict>, Named<Schemas["OfferedAction"]>>>,
  Expect<Known<Named<PageMeta>, Named<Schemas["Page"]>>>,
  Expect<Known<Named<Execution>, Named<Schemas["Execution"]>>>,
  Expect<Known<Named<Started>, Named<Triggered>>>,
  Expect<Known<Named<User>, Named<Schemas["User"]>>>,
  Expect<Known<Named<Start>, Named<Schemas["Start"]>>>,
  Expect<Known<Pick<Collection, "name" | "title" | "may">, Named<NonNullable<Schemas["Start"]["collections"]>[number]>>>,
];

type Expect<T extends true> = T;

export const USED_PATHS = [
  "/api/auth:signIn",
  "/api/auth:signOut",
  "/api/app:start",
  "/api/actions:available",
  "/api/actions:run/{id}",
  "/api/executions:get/{id}",
] as const satisfies readonly (keyof paths)[];
