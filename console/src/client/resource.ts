/** Records of a collection, or of an association (`posts/1/tags`): the actions that all of them have. */
import type { Offers } from "./actions";
import { freshKey, type Connection, type Request } from "./connection";
import type { QueryOf } from "./contract";
import type { Answer, Row } from "./envelope";
import { actionPath, listParams, shapeParams, type Filter, type Id, type ListOptions, type Params, type Shape } from "./query";

/** `count` and `totalPage` where the number is known, else `hasNext`, `cursor` and `countAtLeast`. */
export interface PageMeta {
  page: number;
  pageSize: number;
  count?: number;
  totalPage?: number;
  hasNext?: boolean;
  cursor?: string | null;
  countAtLeast?: number;
}

export interface Page<T> {
  rows: T[];
  meta: PageMeta;
  /** What may be done, when it was asked for. */
  offers?: Offers;
}

export interface WriteOptions {
  /** Keys of post-action workflows that the page binds to its form: `key` or `key!association`. */
  triggerWorkflows?: string[];
  /** Associations that may be written through. */
  updateAssociationValues?: string[];
  /** The record's version: the write holds for this one only. */
  ifMatch?: string;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface TriggerOptions {
  workflows: string[];
  /** One id, several, or none. */
  ids?: Id | Id[];
  values?: Row;
  idempotencyKey?: string;
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface Started {
  id: Id;
  key: string;
  status: number | null;
}

export class Resource<T extends Row = Row> {
  constructor(
    private readonly connection: Connection,
    readonly name: string,
  ) {}

  async list(options: ListOptions = {}): Promise<Page<T>> {
    const answer = await this.call<T[]>("list", { params: listParams(options), signal: options.signal });
    const { actions, records, ...meta } = answer.meta;
    return { rows: answer.data, meta: meta as unknown as PageMeta, offers: actions ? ({ actions, records } as Offers) : undefined };
  }

  /** How many records match; `null` where only a lower bound is known. */
  async count(filter?: Filter): Promise<number | null> {
    const { meta } = await this.list({ filter, pageSize: 1, fields: ["id"] });
    return meta.count ?? null;
  }

  /** The record, `null` when it is not there or out of reach. */
  async get(id: Id, shape: Shape & { signal?: AbortSignal } = {}): Promise<T | null> {
    const answer = await this.call<T | null>("get", { params: shapeParams(shape), signal: shape.signal }, id);
    return answer.data;
  }

  /** The same with its version, for an update that holds only while nobody else changed the record. */
  async getVersion(id: Id, shape: Shape & { signal?: AbortSignal } = {}): Promise<{ record: T | null; version: string | null }> {
    const answer = await this.call<T | null>("get", { params: shapeParams(shape), signal: shape.signal }, id);
    return { record: answer.data, version: answer.version };
  }

  create(values: Row, options: WriteOptions = {}): Promise<Answer<T>> {
    return this.call<T>("create", writing(values, options, {}));
  }

  /** The records that were changed. */
  update(target: Id | Filter, values: Row, options: WriteOptions = {}): Promise<Answer<T[]>> {
    return this.call<T[]>("update", writing(values, options, targetParams(target)));
  }

  /** How many were removed. */
  async destroy(target: Id | Id[] | Filter, options: WriteOptions = {}): Promise<number> {
    const answer = await this.call<number>("destroy", writing({}, options, targetParams(target)));
    return answer.data;
  }

  /** Starts custom-action workflows; `messages` is what they said, `meta.executions` what ran. */
  trigger(options: TriggerOptions): Promise<Answer<unknown>> {
    const { ids, workflows, values, signal, dryRun } = options;
    const known = { triggerWorkflows: workflows.join(","), filterByTk: ids } satisfies QueryOf<"samples:trigger:many">;
    const params: Params = { ...known, dryRun: dryRun ? 1 : undefined };
    return this.call("trigger", { params, body: values ?? {}, signal, idempotencyKey: options.idempotencyKey ?? freshKey() });
  }

  /** Links and unlinks partners of an association. */
  link(how: "add" | "set" | "remove" | "toggle", ids: Id[], { idempotencyKey }: Pick<WriteOptions, "idempotencyKey"> = {}): Promise<Answer<unknown>> {
    return this.call(how, { body: ids, idempotencyKey });
  }

  /** Any other action: `call("listMeta")`, `call("revision", {params, body}, id)`. */
  call<R>(action: string, request: Request = {}, id?: Id): Promise<Answer<R>> {
    return this.connection.send<R>(actionPath(this.name, action, id), request);
  }
}

function targetParams(target: Id | Id[] | Filter): Params {
  return typeof target === "object" && !Array.isArray(target) ? { filter: target } : { filterByTk: target };
}

function writing(values: Row, options: WriteOptions, params: Params): Request {
  const bound = options.triggerWorkflows?.length ? options.triggerWorkflows.join(",") : undefined;
  const known = { triggerWorkflows: bound, updateAssociationValues: options.updateAssociationValues?.join(",") } satisfies QueryOf<"samples:create"> & QueryOf<"samples:update">;
  return {
    params: { ...params, ...known },
    body: values,
    headers: options.ifMatch ? { "If-Match": options.ifMatch } : undefined,
    // A form that starts workflows must not start them twice, whatever the network does.
    idempotencyKey: options.idempotencyKey ?? (bound ? freshKey() : undefined),
    signal: options.signal,
  };
}
