// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../../client";
import type { Kinds } from "../canvas/types";
import { NewWorkflow } from "./NewWorkflow";

const { createWorkflow, refreshWorkflows, refreshUnheard } = vi.hoisted(() => ({ createWorkflow: vi.fn(), refreshWorkflows: vi.fn(), refreshUnheard: vi.fn() }));
vi.mock("../canvas/api", () => ({ change: { createWorkflow }, refreshWorkflows, refreshUnheard, useCategories: () => ({}) }));
vi.mock("../canvas/form/ConfigForm", () => ({ ConfigForm: () => null }));
vi.mock("../../actions/messages", () => ({ say: () => undefined }));

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
  root = createRoot(document.body.appendChild(document.createElement("div")));
  const kinds = { nodes: new Map(), triggers: new Map() } as unknown as Kinds;
  act(() =>
    root.render(
      <MantineProvider env="test">
        <MemoryRouter>
          <NewWorkflow kinds={kinds} onClose={() => undefined} />
        </MemoryRouter>
      </MantineProvider>,
    ),
  );
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  [createWorkflow, refreshWorkflows, refreshUnheard].forEach((one) => one.mockReset());
  vi.unstubAllGlobals();
});

const send = () => act(async () => void document.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
const sentKeys = () => createWorkflow.mock.calls.map(([, key]) => key as string);
function title(text: string) {
  const input = document.querySelector<HTMLInputElement>("input[data-autofocus]");
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, text);
    input?.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

it("what is made again after a lost answer is the same call, and the list is asked for", async () => {
  const lost = new ApiError(0, {});
  createWorkflow.mockRejectedValueOnce(lost).mockResolvedValue({ id: 7 });
  await send();
  expect(refreshUnheard).toHaveBeenCalledWith(lost);
  await send();
  expect(sentKeys()).toEqual([expect.stringMatching(/./), sentKeys()[0]]);
});

it("what was changed after a lost answer, and what was refused, is another call", async () => {
  createWorkflow.mockRejectedValueOnce(new ApiError(0, {})).mockRejectedValueOnce(new ApiError(400, {})).mockResolvedValue({ id: 7 });
  await send();
  title("Another");
  await send();
  await send();
  expect(new Set(sentKeys()).size).toBe(3);
});
