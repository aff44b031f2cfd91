// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../../client";
import { RunDialog } from "./RunDialog";
import type { Workflow } from "./types";

const { execute, get } = vi.hoisted(() => ({ execute: vi.fn(), get: vi.fn() }));
vi.mock("./api", () => ({ change: { execute }, refreshWorkflows: async () => undefined }));
vi.mock("../../app/client", () => ({ client: { resource: () => ({ get }) } }));
vi.mock("../../app/queries", () => ({ refreshRecords: async () => undefined, keys: {} }));
vi.mock("../../app/session", () => ({ useSession: () => ({ user: { id: 1 }, role: "admin" }) }));

const VERSION = { id: 3, key: "greet", title: "Greet", type: "custom-action", enabled: true, sync: false, config: { type: 0 } } as unknown as Workflow;
const onClose = vi.fn();
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
  root = createRoot(document.body.appendChild(document.createElement("div")));
  act(() =>
    root.render(
      <MantineProvider env="test">
        <MemoryRouter>
          <RunDialog version={VERSION} titleOf={() => undefined} onRefused={() => undefined} onClose={onClose} />
        </MemoryRouter>
      </MantineProvider>,
    ),
  );
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  [execute, get, onClose].forEach((one) => one.mockReset());
  vi.unstubAllGlobals();
});

const said = () => document.body.textContent;
const press = (label: string) => act(async () => [...document.querySelectorAll("button")].find((one) => one.textContent === label)?.click());
const escape = () => act(() => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
function typed(text: string) {
  const input = document.querySelector<HTMLTextAreaElement>("textarea:not([aria-hidden])");
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")?.set?.call(input, text);
    input?.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

it.each([["is not answered", () => get.mockRejectedValue(new ApiError(503, {}))], ["finds nothing yet", () => get.mockResolvedValue(null)]])("a run whose reading %s is told as started, not as failed", async (_, answers) => {
  execute.mockResolvedValue({ id: 91, status: 0 });
  answers();
  await press("Run");
  expect(said()).toContain("It goes on");
  expect(document.querySelector("a")?.getAttribute("href")).toBe("/executions/91");
  expect(document.querySelector('[role="alert"]')).toBeNull();
});

it("a run that got no answer is the same call when it is pressed again", async () => {
  execute.mockRejectedValueOnce(new ApiError(503, {})).mockResolvedValueOnce({ id: 91, status: 1 });
  get.mockResolvedValue({ id: 91, status: 1, reason: null });
  await press("Run");
  await press("Run");
  const [first, again] = execute.mock.calls.map((one) => one[2] as string);
  expect(again).toBe(first);
});

it("what was typed is asked for before Escape throws it away; Close leaves at once", async () => {
  typed('{"name": "Ada"}');
  escape();
  expect([said().includes("Leave without saving?"), onClose.mock.calls.length]).toEqual([true, 0]);
  await press("Keep editing");
  await press("Close");
  expect(onClose).toHaveBeenCalledOnce();
});

it("nothing is asked where nothing was typed, or what was typed has run", async () => {
  escape();
  expect(onClose).toHaveBeenCalledOnce();
  execute.mockResolvedValue({ id: 91, status: 0 });
  get.mockResolvedValue(null);
  typed('{"name": "Ada"}');
  await press("Run");
  escape();
  expect([said().includes("Leave without saving?"), onClose.mock.calls.length]).toEqual([false, 2]);
});
