// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import { escape, fill, press } from "../../testing/hands";
import { mount } from "../../testing/mount";
import { answer, noAnswer, refusal, serve, type Asked } from "../../testing/server";
import { RunDialog } from "./RunDialog";
import type { Workflow } from "./types";

const VERSION = { id: 3, key: "greet", title: "Greet", type: "custom-action", enabled: true, sync: false, config: { type: 0 } } as unknown as Workflow;
const onClose = vi.fn();
let asked: Asked[];
let started: Response[];
let read: Response[];

beforeEach(async () => {
  [started, read] = [[], []];
  asked = serve(({ path }) => (path === "workflows:execute/3" ? started.shift() : path === "executions:get/91" ? read.shift() : undefined) ?? noAnswer());
  await mount(<RunDialog version={VERSION} titleOf={() => undefined} onRefused={() => undefined} onClose={onClose} />);
});

const runs = (status: number) => answer({ execution: { id: 91, status } });
const said = () => document.body.textContent;
const typed = (text: string) => fill(document.querySelector("textarea:not([aria-hidden])"), text);

it.each([["is not answered", () => refusal(503)], ["finds nothing yet", () => answer(null)]])("a run whose reading %s is told as started, not as failed", async (_, found) => {
  [started, read] = [[runs(0)], [found()]];
  await press("Run");
  expect(said()).toContain("It goes on");
  expect(document.querySelector("a")?.getAttribute("href")).toBe("/executions/91");
  expect(document.querySelector('[role="alert"]')).toBeNull();
});

it("a run that got no answer is the same call when it is pressed again", async () => {
  [started, read] = [[refusal(504), runs(1)], [answer({ id: 91, status: 1, reason: null })]];
  await press("Run");
  await press("Run");
  const keys = asked.flatMap(({ path, key }) => (path === "workflows:execute/3" ? [key] : []));
  expect(keys).toEqual([expect.stringMatching(/./), keys[0]]);
});

it("what was typed is asked for before Escape throws it away; Close leaves at once", async () => {
  typed('{"name": "Ada"}');
  await escape();
  expect([said().includes("Leave without saving?"), onClose.mock.calls.length]).toEqual([true, 0]);
  await press("Keep editing");
  await press("Close");
  expect(onClose).toHaveBeenCalledOnce();
});

it("nothing is asked where nothing was typed, or what was typed has run", async () => {
  await escape();
  expect(onClose).toHaveBeenCalledOnce();
  [started, read] = [[runs(0)], [answer(null)]];
  typed('{"name": "Ada"}');
  await press("Run");
  await escape();
  expect([said().includes("Leave without saving?"), onClose.mock.calls.length]).toEqual([false, 2]);
});
