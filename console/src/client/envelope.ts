/** The one shape of the server's answers: `{data, meta, messages}`, or `{errors}`. */

export type Row = Record<string, unknown>;

export interface Problem {
  message: string;
  code?: string;
  /** Where in the request: `title`, `nodes.0.config.collection`. */
  path?: string;
}

export interface Envelope<T> {
  data?: T;
  meta?: Row;
  messages?: { message: string }[];
  errors?: Problem[];
}

/** An answer that worked. `data` is what was asked for; `messages` is what workflows said. */
export interface Answer<T> {
  data: T;
  meta: Row;
  messages: string[];
  status: number;
  /** The record's version, for `ifMatch`. */
  version: string | null;
}

/** An answer that did not work, or none at all (`status` 0, code `NO_ANSWER`). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problems: Problem[];
  readonly data: unknown;
  readonly meta: Row;
  readonly requestId: string | null;

  constructor(status: number, envelope: Envelope<unknown>, requestId: string | null = null) {
    const problems = envelope.errors?.length ? envelope.errors : [{ message: defaultMessage(status) }];
    super(problems.map((problem) => problem.message).join("\n"));
    this.name = "ApiError";
    this.status = status;
    this.problems = problems;
    this.code = problems[0]?.code ?? "UNKNOWN";
    this.data = envelope.data;
    this.meta = envelope.meta ?? {};
    this.requestId = requestId;
  }

  /** What is wrong with a field and everything below it. */
  at(path: string): string[] {
    return this.problems.filter((one) => one.path === path || one.path?.startsWith(`${path}.`)).map((one) => one.message);
  }
}

/** No answer came: the network, or the server is not there. */
export function noAnswer(cause: unknown): ApiError {
  const error = new ApiError(0, { errors: [{ message: "The server did not answer. Check the connection and try again.", code: "NO_ANSWER" }] });
  error.cause = cause;
  return error;
}

/** The envelope in a response's text; what is no JSON (a proxy's page) is told as the status. */
export function parseEnvelope(text: string, status: number): Envelope<unknown> {
  if (!text) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Envelope<unknown>;
  } catch {
    // Falls through: the body is not ours.
  }
  return { errors: [{ message: defaultMessage(status) }] };
}

function defaultMessage(status: number): string {
  return `The server answered with the status ${status}`;
}
