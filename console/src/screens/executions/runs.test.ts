import { describe, expect, it } from "vitest";
import type { FlowNode } from "../canvas/types";
import { failureOf, isError, jobsByNode, messagesOf, roundChoices, roundsOf, statesOf, waitedFor, waitOf, type Job, type Run } from "./runs";
import { listFilter, readListState, writeListState } from "./listState";

let number = 0;
const job = (jobKey: string, nodeId: number, more: Partial<Job> = {}): Job => ({
  id: `7-${++number}`, nodeId, nodeKey: jobKey.split("#")[1] ?? "", jobKey, status: 1, result: null, meta: null, log: null,
  startedAt: "2026-11-21T10:00:00.000Z", updatedAt: "2026-11-21T10:00:00.250Z", ...more,
});
const node = (type: string, config: Record<string, unknown> = {}) => ({ id: 1, key: "n", type, title: null, config, upstreamId: null, branchIndex: null }) as FlowNode;

describe("rounds of loops", () => {
  const jobs = [job("#a", 1), job("a.0/if~1/b.0#n", 3), job("a.0/if~1/b.1#n", 3), job("a.1/if~1/b.0#n", 3), job("#end", 9)];

  it("are read from a job's place", () => {
    expect(roundsOf("a.0/if~1/b.12#n")).toEqual([{ key: "a", round: 0 }, { key: "b", round: 12 }]);
    expect(roundsOf("#n")).toEqual([]);
    expect(roundsOf("my.loop.3#n")).toEqual([{ key: "my.loop", round: 3 }]);
  });

  it("are the last ones unless others are chosen; inner loops have those of the outer round", () => {
    expect(roundChoices(jobs, {})).toEqual({ a: { count: 2, round: 1 }, b: { count: 1, round: 0 } });
    expect(roundChoices(jobs, { a: 0 })).toEqual({ a: { count: 2, round: 0 }, b: { count: 2, round: 1 } });
    expect(roundChoices(jobs, { a: 7, b: 7 })).toEqual({ a: { count: 2, round: 1 }, b: { count: 1, round: 0 } });
  });

  it("say which job a node shows", () => {
    expect(jobsByNode(jobs, {}).get(3)?.jobKey).toBe("a.1/if~1/b.0#n");
    expect(jobsByNode(jobs, { a: 0, b: 0 }).get(3)?.jobKey).toBe("a.0/if~1/b.0#n");
    expect(statesOf(jobsByNode(jobs, {}))[9]).toEqual({ status: 1, note: "250 ms" });
  });

  it("a result that another node put in its place is no run of the node", () => {
    expect(jobsByNode([job("#v", 1, { result: 1 }), job("#set>v", 1, { result: 2 })], {}).get(1)?.result).toBe(1);
  });
});

describe("what a job waits for", () => {
  const pending = (more: Partial<Job> = {}) => job("#n", 1, { status: 0, ...more });

  it("is said in words", () => {
    expect(waitOf(pending({ result: 3_600_000 }), node("delay"), [])).toMatch(/^waits until .*/);
    expect(waitOf(pending(), node("manual"), ["Mary", "Bob"])).toBe("waits for Mary, Bob (task)");
    expect(waitOf(pending(), node("manual", { timeoutSeconds: 60 }), [])).toMatch(/^waits for somebody \(task\), until /);
    expect(waitOf(pending({ meta: { retryAt: "2026-11-21T11:00:00.000Z" } }), node("request"), [])).toMatch(/^tries again at /);
  });

  it("names those whose task is open, of this job alone", () => {
    const tasks = [[5, "#n", 0], [6, "#n", 1], [7, "#m", 0]].map(([userId, jobKey, status], id) => ({ id, userId, executionId: 7, jobKey, status }));
    expect(waitedFor(pending(), tasks as never)).toEqual([5]);
  });
});

it("a run tells what it said, and what ended it", () => {
  const jobs = [job("#said", 1, { result: "Hello" }), job("#made", 2, { status: -2, result: { message: "title is required", code: "X" } })];
  const run = { status: -2, jobs } as Run;
  expect(messagesOf(run, [{ ...node("response-message"), id: 1 }, { ...node("create"), id: 2 }])).toEqual(["Hello"]);
  expect(failureOf(run)).toMatchObject({ message: "title is required", job: { nodeId: 2 } });
  expect(failureOf({ ...run, status: 1 })).toBeNull();
});

describe("the list's address", () => {
  it("is read as far as it makes sense", () => {
    expect(readListState(new URLSearchParams("status=0,-2,x&page=-1&from=nonsense"))).toMatchObject({ status: ["0", "-2"], page: 1, from: "" });
  });

  it("becomes the filter of the API", () => {
    const state = readListState(new URLSearchParams("workflow=submit&status=queued,-1&record=samples/1&from=2026-11-01&to=2026-11-02"));
    expect(listFilter(state)).toEqual({
      key: "submit",
      record: "samples/1",
      $and: [{ $or: [{ status: null }, { status: { $in: [-1] } }] }, { createdAt: { $dateNotBefore: "2026-11-01" } }, { createdAt: { $dateNotAfter: "2026-11-02" } }],
    });
    expect(listFilter(readListState(new URLSearchParams()))).toBeUndefined();
  });

  it("begins on the first page with another filter", () => {
    expect(writeListState(new URLSearchParams("page=3&record=a/1"), { status: ["0"] }).toString()).toBe("record=a%2F1&status=0");
    expect(writeListState(new URLSearchParams("status=0"), { page: 2, status: undefined }).toString()).toBe("status=0&page=2");
  });
});

describe("what a job left", () => {
  it.each([
    [-2, { message: "boom" }, true],
    [-1, "boom", true],
    [-5, 1, false],
    [-1, null, false],
    [1, { message: "sent" }, false],
  ])("with status %i, %j, is an error: %s", (status, result, expected) => {
    expect(isError(job("#a", 1, { status, result }))).toBe(expected);
  });
});
