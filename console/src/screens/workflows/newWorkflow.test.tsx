// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest";
import { queries } from "../../app/queries";
import { fill, submit } from "../../testing/hands";
import { isStale, mount } from "../../testing/mount";
import { answer, noAnswer, refusal, serve, type Asked } from "../../testing/server";
import type { Kinds } from "../canvas/types";
import { NewWorkflow } from "./NewWorkflow";

const LIST = ["workflows", {}];
const KINDS = { nodes: new Map(), triggers: new Map() } as unknown as Kinds;
let answers: Response[];
let asked: Asked[];

beforeEach(async () => {
  asked = serve(({ path }) => (path === "workflows:create" ? answers.shift() : undefined) ?? noAnswer());
  queries.setQueryData(LIST, []);
  await mount(<NewWorkflow kinds={KINDS} onClose={() => undefined} />);
});

const sentKeys = () => asked.flatMap(({ path, key }) => (path === "workflows:create" ? [key] : []));

it("what is made again after a lost answer is the same call, and the list is asked for", async () => {
  answers = [refusal(504), answer({ id: 7 })];
  await submit();
  expect(isStale(LIST)).toBe(true);
  await submit();
  expect(sentKeys()).toEqual([expect.stringMatching(/./), sentKeys()[0]]);
});

it("what was changed after a lost answer, and what was refused, is another call", async () => {
  answers = [refusal(504), refusal(400), answer({ id: 7 })];
  await submit();
  fill(document.querySelector("input[data-autofocus]"), "Another");
  await submit();
  await submit();
  expect(new Set(sentKeys()).size).toBe(3);
});
