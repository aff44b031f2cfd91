/**
 * The server's OpenAPI document as types: what each operation takes and answers. Calls through `ask` are held against it by the compiler: a
 * name, a parameter, a value or an Idempotency-Key that the server does not take is a type error where the call is made.
 */
import type { operations } from "./openapi";
import type { Filter, Id } from "./query";

export type Operation = keyof operations;

type Parameters<O extends Operation> = operations[O]["parameters"];
type Part<P, Name extends "query" | "header"> = P extends { [N in Name]?: infer Found } ? ([NonNullable<Found>] extends [never] ? object : NonNullable<Found>) : object;
type QueryIn<O extends Operation> = Part<Parameters<O>, "query">;
type HeadersIn<O extends Operation> = Part<Parameters<O>, "header">;

/** `filterByTk[]` is a list under its plain name, `filter` an object that is sent as JSON; what may be left out may be null. */
type Given<Query, Name extends keyof Query> = (Name extends "filter" ? Filter : Name extends `${string}[]` ? Id | Id[] : Query[Name]) | (undefined extends Query[Name] ? null | undefined : never);
type PlainName<Name> = Name extends `${infer Plain}[]` ? Plain : Name;

export type QueryOf<O extends Operation> = { [Name in keyof QueryIn<O> as PlainName<Name>]: Given<QueryIn<O>, Name> };

export type BodyOf<O extends Operation> = NonNullable<operations[O]["requestBody"]> extends { content: { "application/json": infer Body } } ? Body : undefined;

type Good<R> = R extends { 200: { content: { "application/json": infer A } } } ? A : R extends { 202: { content: { "application/json": infer A } } } ? A : never;
export type DataOf<O extends Operation> = Good<operations[O]["responses"]> extends { data: infer Data } ? Data : undefined;

type Only<Known, Name, Value> = Name extends keyof Known ? Value : undefined;

/** What a call of the operation may carry. A parameter that the document requires is required here. */
export type RequestOf<O extends Operation> = {
  signal?: AbortSignal;
  /** Without one the request is a GET; an operation that writes and takes nothing is sent `{}`. */
  body?: BodyOf<O> extends undefined ? Record<string, never> : BodyOf<O>;
  idempotencyKey?: Only<HeadersIn<O>, "Idempotency-Key", string>;
  ifMatch?: Only<HeadersIn<O>, "If-Match", string>;
} & (object extends QueryOf<O> ? { params?: QueryOf<O> } : { params: QueryOf<O> });
