import { describe, expect, it } from "vitest";
import { inputsOf } from "./inputs";
import type { Job, Run } from "./runs";

const job = (id: string, jobKey: string, result: unknown = null): Job => ({ id, nodeId: Number(id), nodeKey: jobKey.split("#").pop()?.split(">").pop() ?? "", jobKey, status: 1, result, meta: null, log: null, startedAt: "", updatedAt: "" });
const run = (context: Run["context"], ...jobs: Job[]): Pick<Run, "context" | "jobs"> => ({ context, jobs });

describe("what went into a node", () => {
  it("is told for each variable once, wherever it stands in the config", () => {
    const own = job("2", "#note");
    const config = { a: "{{$context.data.title}} and {{ $context.data.title }}", b: [{ c: "{{$jobsMapByNodeKey.ask.f.note}}" }] };
    expect(inputsOf(config, own, run({ data: { title: "S1" } }, job("1", "#ask", { f: { note: "fine" } }), own))).toEqual([
      { variable: "$context.data.title", value: "S1", isKept: true },
      { variable: "$jobsMapByNodeKey.ask.f.note", value: "fine", isKept: true },
    ]);
    expect(inputsOf({ plain: "text", number: 5 }, own, run({}))).toEqual([]);
  });

  it("takes a result as it was when the node ran: not a later one, but one that was set meanwhile", () => {
    const own = job("3", "#note");
    const jobs = [job("1", "#count", 1), job("2", "#set>count", 2), own, job("4", "#count", 9)];
    expect(inputsOf("{{$jobsMapByNodeKey.count}}", own, run({}, ...jobs))[0]).toMatchObject({ value: 2 });
  });

  it("takes a result of its own round, and none of another", () => {
    const [first, second] = [job("2", "each.0#note"), job("4", "each.1#note")];
    const jobs = [job("1", "each.0#calc", "a"), first, job("3", "each.1#calc", "b"), second, job("5", "#after")];
    expect(inputsOf("{{$jobsMapByNodeKey.calc}}", first, run({}, ...jobs))[0]).toMatchObject({ value: "a" });
    expect(inputsOf("{{$jobsMapByNodeKey.calc}}", second, run({}, ...jobs))[0]).toMatchObject({ value: "b" });
    expect(inputsOf("{{$jobsMapByNodeKey.calc}}", jobs[4] as Job, run({}, ...jobs))[0]).toMatchObject({ isKept: false });
  });

  it("gives of a list the value of each", () => {
    expect(inputsOf("{{$context.data.tags.name}}", job("1", "#n"), run({ data: { tags: [{ name: "a" }, { name: "b" }] } }))[0]).toMatchObject({ value: ["a", "b"] });
  });

  it.each([["$system.now"], ["$scopes.each.item"], ["$context.data.category.title"], ["$context.large.x"], ["$jobsMapByNodeKey.nobody"]])("says of %s that it is not kept", (variable) => {
    const context = { data: { category: null }, large: { cut: true, bytes: 400_000 } };
    expect(inputsOf(`{{${variable}}}`, job("1", "#n"), run(context))).toEqual([{ variable, isKept: false }]);
  });
});
