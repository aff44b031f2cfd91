import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isWaiting, watched, whenWaiting } from "./traffic";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const slow = watched((_, init) => new Promise((resolve, reject) => setTimeout(() => (init?.method === "POST" ? reject(new Error("no answer")) : resolve(new Response())), 300)));

it("a write and the reads that follow it are one wait, which ends with the last answer", async () => {
  const heard: boolean[] = [];
  const stop = whenWaiting(() => heard.push(isWaiting()));
  const done = slow("a").then(() => Promise.all([slow("b"), slow("c")]));
  expect(isWaiting()).toBe(true);
  await vi.advanceTimersByTimeAsync(600);
  await done;
  expect(isWaiting()).toBe(true);
  await vi.advanceTimersByTimeAsync(200);
  expect(heard).toEqual([true, false]);
  stop();
});

it("what gets no answer is no longer waited for", async () => {
  const refused = expect(slow("a", { method: "POST" })).rejects.toThrow("no answer");
  await vi.advanceTimersByTimeAsync(500);
  await refused;
  expect(isWaiting()).toBe(false);
});
