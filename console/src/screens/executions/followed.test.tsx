// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { mount } from "../../testing/mount";
import { answer, refusal, serve } from "../../testing/server";
import { useFollowed } from "./api";

const LONGEST_WAIT_MS = 10_000;
let isThere: boolean;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  isThere = true;
  serve(() => (isThere ? answer({ id: 7, status: 0 }) : refusal(503)));
});
afterEach(() => void vi.useRealTimers());

function Run({ isOpen }: { isOpen: boolean }) {
  return <p>{String(useFollowed("7", isOpen))}</p>;
}

const show = (isOpen: boolean) => mount(<Run isOpen={isOpen} />);
/** Until the server was asked again, at least once. */
const hear = async (isHeard: boolean) => {
  isThere = isHeard;
  await act(() => vi.advanceTimersByTimeAsync(LONGEST_WAIT_MS));
};
const said = () => document.body.textContent;

it("a run of which nothing is heard tells since when, until something is", async () => {
  await show(true);
  expect(said()).toBe("null");
  await hear(false);
  const since = said();
  expect(Number(since)).toBeGreaterThan(0);
  await hear(false);
  expect(said()).toBe(since);
  await hear(true);
  expect(said()).toBe("null");
});

it("without a network that is known before the next question, and a run that has ended is as it will stay", async () => {
  await show(true);
  vi.setSystemTime(1000);
  await act(async () => void window.dispatchEvent(new Event("offline")));
  expect(said()).toBe("1000");
  await show(false);
  expect(said()).toBe("null");
});
