/** The server as a test stands in for it, behind the client's `fetch`. */
import { notifications } from "@mantine/notifications";
import { onTestFinished, vi } from "vitest";

/** A call of the console. */
export interface Asked {
  /** `samples:create`, `executions:get/7`. */
  path: string;
  method: string;
  params: URLSearchParams;
  body: unknown;
  /** Its Idempotency-Key. */
  key: string | null;
}

type Server = (asked: Asked) => Response | Promise<Response>;

export const noAnswer = () => new Promise<Response>(() => undefined);
export const answer = (data: unknown, meta: object = {}) => Response.json({ data, meta });
/** A refusal; `envelope` holds its errors, and the data that come with it. */
export const refusal = (status: number, envelope: object = {}) => Response.json(envelope, { status });

const GONE = 410;
// The one of the clock, whatever a test puts in its place.
const { setTimeout: wait } = globalThis;
/** What the test that is running has put in the server's place, last of all. */
let current: Asked[] | null = null;
/** How many calls there have been, in all tests. */
let calls = 0;
const MOST_TURNS = 100;

/** Whether something stands in for the server. */
export const isServed = () => current !== null;

/**
 * Until the test has ended `server` answers what the client asks; the list that is returned grows with each call. What is not answered by then is
 * refused: no call waits on in the next test. (Nor may one be sent then: what has a key the client sends again after 503.) What comes of a refusal
 * is awaited, and the messages are taken away after that, as the last thing of all: who asked may tell of it though the page is gone.
 */
export function serve(server: Server): Asked[] {
  const asked: Asked[] = [];
  let stop: () => void = () => undefined;
  const end = new Promise<Response>((resolve) => (stop = () => resolve(refusal(GONE))));
  current = asked;
  vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
    calls++;
    if (current !== asked) return refusal(GONE);
    const call = callOf(url, init);
    asked.push(call);
    return Promise.race([server(call), end.then((gone) => gone.clone()), aborted(init.signal)]);
  });
  onTestFinished(async () => {
    current = null;
    stop();
    await quiet();
    notifications.clean();
    vi.unstubAllGlobals();
  });
  return asked;
}

/** Resolves when nothing more is asked. */
async function quiet(): Promise<void> {
  for (let turns = 0, before = -1; calls !== before && turns < MOST_TURNS; turns++) {
    before = calls;
    await new Promise((resolve) => wait(resolve));
  }
}

function callOf(url: string, { method = "GET", body, headers }: RequestInit): Asked {
  const { pathname, searchParams } = new URL(url);
  return {
    path: decodeURIComponent(pathname.replace(/^.*\/api\//, "")),
    method,
    params: searchParams,
    body: body ? (JSON.parse(String(body)) as unknown) : null,
    key: new Headers(headers).get("Idempotency-Key"),
  };
}

/** Rejects when the caller no longer waits. */
function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
}
