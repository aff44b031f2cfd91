// @vitest-environment happy-dom
/** Of what a test has left under way nothing comes in the next one, whichever has begun it first: the page or the server. */
import { describe, expect, it } from "vitest";
import { say, showError } from "../actions/messages";
import { client } from "../app/client";
import { mount, told } from "./mount";
import { answer, noAnswer, serve } from "./server";

const ask = () => client.runAction("approve").then(() => say("Approve", "Done.", "success"), (error: unknown) => showError(error, "Approve"));
const BEGINNINGS: [string, () => Promise<unknown>][] = [
  ["the page", () => mount(<p />).then(() => serve(noAnswer))],
  ["the server", async () => (serve(noAnswer), mount(<p />))],
  ["the page alone", () => mount(<p />)],
  ["the server alone", async () => serve(noAnswer)],
];

describe.each(BEGINNINGS)("where %s is begun first", (_, begin) => {
  it("a call is under way when the test ends", async () => {
    await begin();
    void ask();
  });

  it("the next test is told nothing of it", async () => {
    expect(told()).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told()).toEqual([]);
  });
});

it("what is answered after many turns, and what waits for it, comes before the end", async () => {
  serve(() => answer({ status: "success" }));
  void ask().then(ask).then(ask);
});

it("the next test is told nothing of these", async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told()).toEqual([]);
});
