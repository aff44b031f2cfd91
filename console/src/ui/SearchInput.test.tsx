// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fill } from "../testing/hands";
import { mount } from "../testing/mount";
import { SearchInput } from "./SearchInput";

const onChange = vi.fn();
const shown = () => document.querySelector("input") as HTMLInputElement;
const address = (value: string) => mount(<SearchInput label="Search" value={value} onChange={onChange} />);
const typed = (text: string) => fill(shown(), text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("no letter is lost when the address follows late, and it is asked for once when typing pauses", async () => {
  await address("");
  for (const text of ["s", "su", "sub"]) typed(text);
  act(() => vi.advanceTimersByTime(400));
  expect(onChange.mock.calls).toEqual([["sub"]]);
  typed("subm");
  act(() => vi.advanceTimersByTime(400));
  typed("submi");
  await address("sub");
  expect(shown().value).toBe("submi");
  await address("subm");
  expect(shown().value).toBe("submi");
});

it("typing that ends where it began asks for nothing, and going back still changes what stands there", async () => {
  await address("");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  await address("late");
  typed("later");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  expect(onChange.mock.calls).toEqual([["late"]]);
  await address("");
  expect(shown().value).toBe("");
  await address("late");
  expect(shown().value).toBe("late");
});

it("what was taken back before the address came is asked for, too", async () => {
  await address("");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  typed("");
  act(() => vi.advanceTimersByTime(400));
  expect(onChange.mock.calls).toEqual([["late"], [""]]);
});

it("going back in the history changes what stands there", async () => {
  await address("");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  await address("late");
  await address("");
  expect(shown().value).toBe("");
});
