import { describe, expect, it, vi } from "vitest";
import { ApiError, createClient, Press, type Execution } from "./index";

interface Sent {
  url: URL;
  init: RequestInit & { headers: Record<string, string> };
  body: unknown;
}

/** A client whose server gives these answers in order; what is no answer is thrown. */
function served(...answers: (Partial<{ status: number; body: unknown; headers: Record<string, string> }> | Error)[]) {
  const sent: Sent[] = [];
  const fetched = vi.fn(async (url: string, init: RequestInit) => {
    sent.push({ url: new URL(url), init: init as Sent["init"], body: typeof init.body === "string" ? JSON.parse(init.body) : undefined });
    const next = answers.shift() ?? {};
    if (next instanceof Error) throw next;
    return new Response(JSON.stringify(next.body ?? { data: null }), { status: next.status ?? 200, headers: next.headers });
  });
  const signedOut = vi.fn();
  const client = createClient({ baseUrl: "http://here.example/dev/api/", fetch: fetched as unknown as typeof fetch, timezone: "Europe/Berlin", onSignedOut: signedOut });
  return { client, sent, signedOut };
}

const KEY = "Idempotency-Key";

describe("the session", () => {
  it("sends the token of the sign-in, the zone and the role with every call", async () => {
    const { client, sent } = served({ body: { data: { user: { id: 1 }, token: "t1" } } }, {});
    await client.signIn("ada", "secret");
    client.actAs("lab");
    await client.resource("samples").get(91);
    expect(sent[0]?.init.headers["Authorization"]).toBeUndefined();
    expect(sent[1]?.init.headers).toMatchObject({ Authorization: "Bearer t1", "X-Role": "lab", "X-Timezone": "Europe/Berlin" });
    expect(sent[1]?.url.pathname).toBe("/dev/api/samples:get/91");
  });

  it("goes on with a renewed token", async () => {
    const { client, sent } = served({ body: { data: { user: {}, token: "old" } } }, { headers: { "x-new-token": "new" } }, {});
    await client.signIn("ada", "secret");
    await client.resource("samples").get(1);
    await client.resource("samples").get(1);
    expect(sent[2]?.init.headers["Authorization"]).toBe("Bearer new");
  });

  it("hears that the token is no longer taken, but not that a password was wrong", async () => {
    const refused = { status: 401, body: { errors: [{ message: "Ended", code: "EXPIRED_SESSION" }] } };
    const wrong = { status: 401, body: { errors: [{ message: "Wrong", code: "INVALID_CREDENTIALS" }] } };
    const { client, signedOut } = served(wrong, { body: { data: { user: {}, token: "t" } } }, refused);
    await expect(client.signIn("ada", "guess")).rejects.toMatchObject({ status: 401, code: "INVALID_CREDENTIALS" });
    expect(signedOut).not.toHaveBeenCalled();
    await client.signIn("ada", "right");
    await expect(client.resource("samples").list()).rejects.toBeInstanceOf(ApiError);
    expect(signedOut).toHaveBeenCalledOnce();
  });

  it("is over here whatever the server says to the sign-out", async () => {
    const { client } = served({ body: { data: { user: {}, token: "t" } } }, { status: 500 });
    await client.signIn("ada", "right");
    await expect(client.signOut()).rejects.toBeInstanceOf(ApiError);
    expect(client.isSignedIn()).toBe(false);
  });
});

describe("records", () => {
  it("lists with filter, sort, appends and paging as the API reads them", async () => {
    const { client, sent } = served({ body: { data: [{ id: 1 }], meta: { count: 1, page: 2, pageSize: 10, totalPage: 1 } } });
    const page = await client.resource("samples").list({ filter: { indicator: { $gt: 90 } }, sort: ["-indicator", "title"], appends: ["category"], page: 2, pageSize: 10 });
    expect(Object.fromEntries(sent[0]?.url.searchParams ?? [])).toEqual({ filter: '{"indicator":{"$gt":90}}', sort: "-indicator,title", appends: "category", page: "2", pageSize: "10" });
    expect(page).toEqual({ rows: [{ id: 1 }], meta: { count: 1, page: 2, pageSize: 10, totalPage: 1 } });
  });

  it("goes on behind a cursor instead of counting pages", async () => {
    const { client, sent } = served({ body: { data: [], meta: {} } });
    await client.resource("samples").list({ page: 7, cursor: "abc" });
    expect(Object.fromEntries(sent[0]?.url.searchParams ?? [])).toEqual({ cursor: "abc" });
  });

  it("encodes ids and names, and reaches associations", async () => {
    const { client, sent } = served({}, {});
    await client.resource("samples").get("a/b?c");
    await client.resource("posts/1/tags").link("add", [2, 3]);
    expect(sent[0]?.url.pathname).toBe("/dev/api/samples:get/a%2Fb%3Fc");
    expect(sent[1]?.url.pathname).toBe("/dev/api/posts/1/tags:add");
    expect(sent[1]?.body).toEqual([2, 3]);
  });

  it("tells the version and sends it back", async () => {
    const { client, sent } = served({ body: { data: { id: 1 } }, headers: { ETag: '"3"' } }, {});
    const { version } = await client.resource("samples").getVersion(1);
    await client.resource("samples").update(1, { title: "B" }, { ifMatch: version ?? "" });
    expect(sent[1]?.init.headers["If-Match"]).toBe('"3"');
    expect(sent[1]?.url.searchParams.get("filterByTk")).toBe("1");
  });

  it("names every problem of a refusal, and those of a field", async () => {
    const { client } = served({ status: 400, body: { errors: [{ message: "must be text", code: "INVALID", path: "title" }, { message: "is missing", path: "lines.0.count" }] } });
    const error = await client.resource("samples").create({}).catch((refused: unknown) => refused as ApiError);
    expect(error).toMatchObject({ status: 400, code: "INVALID", message: "must be text\nis missing" });
    expect((error as ApiError).at("lines")).toEqual(["is missing"]);
  });

  it("says that no answer came, and what a proxy's page stands for", async () => {
    const { client } = served(new TypeError("failed"));
    await expect(client.resource("samples").list()).rejects.toMatchObject({ status: 0, code: "NO_ANSWER" });
    const page = createClient({ baseUrl: "http://x/", fetch: (async () => new Response("<h1>Bad gateway</h1>", { status: 502 })) as typeof fetch });
    await expect(page.resource("samples").list()).rejects.toMatchObject({ status: 502, message: "The server answered with the status 502" });
  });
});

describe("starts", () => {
  it("carries a key of its own with every start, and none where nothing starts", async () => {
    const { client, sent } = served({}, {}, {}, {}, {}, {}, {});
    await client.resource("samples").trigger({ workflows: ["a", "b!category"], ids: [1, 2] });
    await client.runAction("submit", { ids: 1, input: { reason: "x" } });
    await client.callProcedure("sendWelcomeEmail", { resource: "users", record: 5 });
    await client.resource("samples").create({ title: "A" }, { triggerWorkflows: ["after"] });
    await client.resource("samples").create({ title: "A" });
    const sentKeys = sent.map((one) => one.init.headers[KEY]);
    expect(new Set(sentKeys.slice(0, 4)).size).toBe(4);
    expect(sentKeys.slice(0, 4).every((key) => key && key.length >= 16)).toBe(true);
    expect(sentKeys[4]).toBeUndefined();
    expect(sent[0]?.url.searchParams.getAll("filterByTk[]")).toEqual(["1", "2"]);
    expect(sent[0]?.url.searchParams.get("triggerWorkflows")).toBe("a,b!category");
    expect(sent[1]?.body).toEqual({ filterByTk: 1, input: { reason: "x" } });
    expect(sent[2]?.url.pathname).toBe("/dev/api/users:sendWelcomeEmail/5");
  });

  it("asks again under the same key when no answer came", async () => {
    vi.useFakeTimers();
    const { client, sent } = served(new TypeError("failed"), { status: 503 }, { body: { data: { status: "success", fieldErrors: {} } } });
    const result = client.runAction("submit");
    await vi.runAllTimersAsync();
    expect((await result).status).toBe("success");
    expect(new Set(sent.map((one) => one.init.headers[KEY])).size).toBe(1);
    expect(sent).toHaveLength(3);
    vi.useRealTimers();
  });

  it("asks once where a second time could do it twice", async () => {
    const { client, sent } = served(new TypeError("failed"));
    await expect(client.resource("samples").create({ title: "A" })).rejects.toMatchObject({ code: "NO_ANSWER" });
    expect(sent).toHaveLength(1);
  });

  it("gives the refusal of an action as its result, and throws what is none", async () => {
    const data = { status: "failed", level: "warning", message: "No", fieldErrors: { size: ["too small"] } };
    const { client } = served({ status: 400, body: { errors: [{ message: "No" }], data } }, { status: 401, body: { errors: [{ message: "Sign in" }] } });
    expect(await client.runAction("submit")).toEqual(data);
    await expect(client.runAction("submit")).rejects.toMatchObject({ status: 401 });
  });

  it("tells which of the chosen records were gone, whether the others worked or not", async () => {
    const [worked, failed] = [{ status: "success", fieldErrors: {} }, { status: "failed", fieldErrors: {} }];
    const { client } = served({ body: { data: worked, meta: { missing: [2] } } }, { status: 422, body: { errors: [{ message: "No" }], data: failed, meta: { missing: [2, 3] } } }, { body: { data: worked, meta: {} } });
    expect(await client.runAction("submit", { ids: [1, 2] })).toEqual({ ...worked, missing: [2] });
    expect(await client.runAction("submit", { ids: [1, 2, 3] })).toEqual({ ...failed, missing: [2, 3] });
    expect(await client.runAction("submit", { ids: [1, 2] })).not.toHaveProperty("missing");
  });

  it.each([503, 504])("an answer that leaves open whether it was done (%d) is an error, also with a result in it: pressed again it is the same call", async (status) => {
    vi.useFakeTimers();
    const broken = { status, body: { errors: [{ message: "The database does not answer" }], data: { status: "failed", level: "error", message: "The database does not answer", fieldErrors: {} } } };
    const worked = { body: { data: { status: "success", fieldErrors: {} } } };
    const { client, sent } = served(...(status === 503 ? [broken, broken, broken] : [broken]), worked, worked);
    const press = new Press();
    const run = () => press.send({ ids: 1 }, (idempotencyKey) => client.runAction("submit", { ids: 1, idempotencyKey }));
    const first = run().catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await first).toMatchObject({ status, message: "The database does not answer" });
    expect((await run()).status).toBe("success");
    expect(new Set(sent.map((one) => one.init.headers[KEY])).size).toBe(1);
    await run();
    expect(sent.at(-1)?.init.headers[KEY]).not.toBe(sent[0]?.init.headers[KEY]);
    vi.useRealTimers();
  });

  it("tells what may be done with each record", async () => {
    const records = { "1": [{ name: "go", enabled: false, reason: "Not yet" }] };
    const { client, sent } = served({ body: { data: [{ name: "go", enabled: false }], meta: { records } } });
    expect((await client.availableActions("samples", [1])).records).toEqual(records);
    expect(sent[0]?.url.search).toBe("?collection=samples&filterByTk%5B%5D=1&each=1");
  });
});

describe("waiting", () => {
  const state = (status: number | null, updatedAt: string) => ({ body: { data: { id: 7, status, updatedAt } } });

  it("tells each change once and ends with the execution", async () => {
    vi.useFakeTimers();
    const { client } = served(state(null, "1"), state(0, "2"), state(0, "2"), state(1, "3"));
    const changes: (number | null)[] = [];
    const ended = client.waitFor(7, { onChange: (execution: Execution) => changes.push(execution.status) });
    await vi.runAllTimersAsync();
    expect((await ended).status).toBe(1);
    expect(changes).toEqual([null, 0, 1]);
    vi.useRealTimers();
  });

  it("stops when it is told to", async () => {
    const { client } = served(state(0, "1"), state(0, "1"));
    const stop = new AbortController();
    const waiting = client.waitFor(7, { signal: stop.signal, onChange: () => setTimeout(() => stop.abort(new Error("enough"))) });
    await expect(waiting).rejects.toThrow("enough");
  });

  it("goes on through a silence, and begins to count anew with each answer", async () => {
    vi.useFakeTimers();
    const silence = [new TypeError("failed"), { status: 503 }];
    const { client, sent } = served(...silence, state(0, "1"), ...silence, state(1, "2"));
    const heard: boolean[] = [];
    const ended = client.waitFor(7, { firstWaitMs: 100, patienceMs: 700, onHeard: (isHeard) => heard.push(isHeard) });
    await vi.runAllTimersAsync();
    expect((await ended).status).toBe(1);
    expect(sent).toHaveLength(6);
    expect(heard).toEqual([false, false, true, false, false, true]);
    vi.useRealTimers();
  });

  it.each([[{}, 300_000], [{ patienceMs: 5_000 }, 5_000]])("gives up when the server stays away: %j", async (options, patienceMs) => {
    vi.useFakeTimers();
    const { client, sent } = served(...Array.from({ length: 100 }, () => new TypeError("failed")));
    const begin = Date.now();
    const ended = client.waitFor(7, options).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await ended).toMatchObject({ status: 0, code: "NO_ANSWER" });
    expect(Date.now() - begin).toBeGreaterThanOrEqual(patienceMs);
    expect(Date.now() - begin).toBeLessThan(patienceMs + 10_000);
    expect(sent.length).toBeLessThan(50);
    vi.useRealTimers();
  });

  it("says that there is no such execution", async () => {
    const { client } = served({ body: { data: null } });
    await expect(client.waitFor(7)).rejects.toMatchObject({ status: 404 });
  });
});
