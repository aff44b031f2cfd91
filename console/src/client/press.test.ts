import { describe, expect, it } from "vitest";
import { ApiError, Press } from "./index";

const failing = (status: number) => new ApiError(status, { errors: [{ message: "no" }] });

/** The keys of presses whose calls end as told: with an answer, or with the error of a status. */
async function keys(press: Press, ...calls: [content: unknown, outcome: "ok" | number][]): Promise<string[]> {
  const found: string[] = [];
  for (const [content, outcome] of calls) {
    const sent = press.send(content, async (key) => {
      found.push(key);
      if (outcome !== "ok") throw failing(outcome);
    });
    await sent.catch(() => undefined);
  }
  return found;
}

describe("a press", () => {
  it.each([0, 502, 503, 504])("that got no answer (%d) is sent again under its key", async (status) => {
    const [first, again, next] = await keys(new Press(), ["a", status], ["a", "ok"], ["a", "ok"]);
    expect(again).toBe(first);
    expect(next).not.toBe(first);
  });

  it.each(["ok" as const, 400, 403, 409, 422, 500])("that was answered (%s) is over: the next one is another call", async (outcome) => {
    const [first, next] = await keys(new Press(), ["a", outcome], ["a", "ok"]);
    expect(next).not.toBe(first);
  });

  it("with another content is another call, whatever became of the one before", async () => {
    const [first, changed] = await keys(new Press(), [{ note: "a" }, 0], [{ note: "b" }, "ok"]);
    expect(changed).not.toBe(first);
  });

  it("stays open until it is answered", async () => {
    const press = new Press();
    expect(press.isOpen).toBe(false);
    await keys(press, ["a", 0]);
    expect(press.isOpen).toBe(true);
    await keys(press, ["a", "ok"]);
    expect(press.isOpen).toBe(false);
  });

  it("gives the answer, and throws what the call throws", async () => {
    expect(await new Press().send(1, async () => "done")).toBe("done");
    await expect(new Press().send(1, async () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });
});
