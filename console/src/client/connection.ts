/** One connection to a server: who calls, in which role; every request of the client goes through `send`. */
import type { DataOf, Operation, RequestOf } from "./contract";
import { ApiError, noAnswer, parseEnvelope, type Answer } from "./envelope";
import { queryString, type Id, type Params } from "./query";

export interface TokenStore {
  get(): string | null;
  set(token: string | null): void;
}

export interface ConnectionOptions {
  /** Where `/api/` lies: `https://example.com/dev/api/`. */
  baseUrl: string;
  tokens?: TokenStore;
  /** The role to act in; without it the user's default role. */
  role?: string | null;
  timezone?: string;
  fetch?: typeof fetch;
  /** Called when the server no longer takes the token. */
  onSignedOut?: (error: ApiError) => void;
}

export interface Request {
  method?: "GET" | "POST";
  params?: Params;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Makes the request one that may be sent again: the server does it once. */
  idempotencyKey?: string;
}

const WAITS_MS = [400, 1_500];
const ASKED_AGAIN = new Set([0, 503]);

export class Connection {
  role: string | null;
  private readonly tokens: TokenStore;

  constructor(private readonly options: ConnectionOptions) {
    this.tokens = options.tokens ?? inMemory();
    this.role = options.role ?? null;
  }

  get token(): string | null {
    return this.tokens.get();
  }

  set token(token: string | null) {
    this.tokens.set(token);
  }

  /** The answer; a request with an Idempotency-Key that got none is sent again under the same key. Throws ApiError. */
  async send<T>(path: string, request: Request = {}): Promise<Answer<T>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.sendOnce<T>(path, request);
      } catch (error) {
        const waitMs = WAITS_MS[attempt];
        const again = error instanceof ApiError && ASKED_AGAIN.has(error.status) && request.idempotencyKey;
        if (!again || waitMs === undefined || request.signal?.aborted) throw error;
        await pause(waitMs, request.signal);
      }
    }
  }

  /** An operation of the OpenAPI document, by its name; the compiler holds the request against it (contract.ts). Throws ApiError. */
  ask<O extends Operation>(operation: O, request: RequestOf<O>, id?: Id): Promise<Answer<DataOf<O>>> {
    const { ifMatch, ...others } = request as Request & { ifMatch?: string };
    const path = id === undefined ? operation : `${operation}/${encodeURIComponent(String(id))}`;
    return this.send<DataOf<O>>(path, ifMatch === undefined ? others : { ...others, headers: { "If-Match": ifMatch } });
  }

  private async sendOnce<T>(path: string, request: Request): Promise<Answer<T>> {
    const { params = {}, body, signal } = request;
    const query = queryString(params);
    const sentToken = this.token;
    const response = await this.fetched(`${this.options.baseUrl}${path}${query ? `?${query}` : ""}`, {
      method: request.method ?? (body === undefined ? "GET" : "POST"),
      headers: this.headers(request),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "omit",
      cache: "no-store",
    });
    const renewed = response.headers.get("x-new-token");
    // Another answer may have renewed it, or the user may have signed out, meanwhile.
    if (renewed && this.token === sentToken) this.token = renewed;
    const envelope = parseEnvelope(await text(response), response.status);
    if (response.ok && !envelope.errors) {
      const messages = (envelope.messages ?? []).map((one) => one.message);
      return { data: envelope.data as T, meta: envelope.meta ?? {}, messages, status: response.status, version: response.headers.get("etag") };
    }
    throw this.failed(new ApiError(response.status, envelope, response.headers.get("x-request-id")), sentToken);
  }

  private failed(error: ApiError, sentToken: string | null): ApiError {
    if (error.status === 401 && sentToken && this.token === sentToken && error.code !== "INVALID_CREDENTIALS") {
      this.options.onSignedOut?.(error);
    }
    return error;
  }

  private async fetched(url: string, init: RequestInit): Promise<Response> {
    try {
      return await (this.options.fetch ?? fetch)(url, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw noAnswer(error);
    }
  }

  private headers(request: Request): Record<string, string> {
    const headers: Record<string, string> = { "X-Timezone": this.options.timezone ?? zone(), ...request.headers };
    if (this.token) headers["Authorization"] = `Bearer ${this.token}`;
    if (this.token && this.role) headers["X-Role"] = this.role;
    if (request.body !== undefined) headers["Content-Type"] = "application/json";
    if (request.idempotencyKey) headers["Idempotency-Key"] = request.idempotencyKey;
    return headers;
  }
}

/** A fresh Idempotency-Key. `crypto.randomUUID` is there under HTTPS only. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Resolves after `ms` milliseconds. Throws the signal's reason when it is aborted before. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

function inMemory(): TokenStore {
  let kept: string | null = null;
  return { get: () => kept, set: (token) => (kept = token) };
}

function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

async function text(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw noAnswer(error);
  }
}
