// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Cell } from "./Cell";

// Before the formats are made.
vi.hoisted(() => vi.stubEnv("TZ", "America/New_York"));

let place: HTMLElement;
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  vi.unstubAllGlobals();
});

function shown(type: string, value: unknown): string {
  act(() => root.render(<MantineProvider env="test"><main><Cell record={{ of: value }} field={{ name: "of", type }} /></main></MantineProvider>));
  return place.querySelector("main")?.textContent ?? "";
}

it.each([[1e-14, "1e-14"], [0.1234567890123, "0.1234567890123"], [0.1, "0.1"], [0, "0"]])("a number is shown as it is stored: %d", (value, text) => {
  expect(shown("double", value)).toBe(text);
});

it("a time without a zone is shown as it stands, an instant in the zone of who looks", () => {
  expect(shown("datetimeNoTz", "2026-01-05T10:30:00.000Z")).toMatch(/10:30/);
  expect(shown("datetimeTz", "2026-01-05T10:30:00.000Z")).toMatch(/0?5:30/);
});
