// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SearchInput } from "./SearchInput";

let root: Root;
let place: HTMLElement;
const onChange = vi.fn();
const shown = () => place.querySelector("input") as HTMLInputElement;
const address = (value: string) =>
  act(() =>
    root.render(
      <MantineProvider>
        <SearchInput label="Search" value={value} onChange={onChange} />
      </MantineProvider>,
    ),
  );
function typed(text: string) {
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(shown(), text);
    shown().dispatchEvent(new Event("input", { bubbles: true }));
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  place.remove();
  onChange.mockReset();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("no letter is lost when the address follows late, and it is asked for once when typing pauses", () => {
  address("");
  for (const text of ["s", "su", "sub"]) typed(text);
  act(() => vi.advanceTimersByTime(400));
  expect(onChange.mock.calls).toEqual([["sub"]]);
  typed("subm");
  act(() => vi.advanceTimersByTime(400));
  typed("submi");
  address("sub");
  expect(shown().value).toBe("submi");
  address("subm");
  expect(shown().value).toBe("submi");
});

it("typing that ends where it began asks for nothing, and going back still changes what stands there", () => {
  address("");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  address("late");
  typed("later");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  expect(onChange.mock.calls).toEqual([["late"]]);
  address("");
  expect(shown().value).toBe("");
  address("late");
  expect(shown().value).toBe("late");
});

it("what was taken back before the address came is asked for, too", () => {
  address("");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  typed("");
  act(() => vi.advanceTimersByTime(400));
  expect(onChange.mock.calls).toEqual([["late"], [""]]);
});

it("going back in the history changes what stands there", () => {
  address("");
  typed("late");
  act(() => vi.advanceTimersByTime(400));
  address("late");
  address("");
  expect(shown().value).toBe("");
});
