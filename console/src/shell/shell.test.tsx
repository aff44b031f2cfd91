// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Shell } from "./Shell";

vi.mock("./Navigation", () => ({ Navigation: () => <a href="#/tables/samples">Samples</a> }));
vi.mock("./UserMenu", () => ({ UserMenu: () => null }));

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

function show(widthPx: number) {
  (window as unknown as { happyDOM: { setViewport: (size: { width: number }) => void } }).happyDOM.setViewport({ width: widthPx });
  act(() =>
    root.render(
      <MantineProvider env="test">
        <MemoryRouter>
          <Shell>page</Shell>
        </MemoryRouter>
      </MantineProvider>,
    ),
  );
}

const isInReach = () => document.querySelector('nav[aria-label="Main"]')?.hasAttribute("inert") === false;
const press = (label: string) => act(() => document.querySelector<HTMLElement>(`[aria-label="${label}"]`)?.click());

it("on a phone the keyboard comes to the navigation only while it is open", () => {
  show(375);
  expect(isInReach()).toBe(false);
  press("Open the navigation");
  expect(isInReach()).toBe(true);
  press("Close the navigation");
  expect(isInReach()).toBe(false);
});

it("beside the page the navigation is always in reach", () => {
  show(1280);
  expect(isInReach()).toBe(true);
});
