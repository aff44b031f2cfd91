// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, type Collection } from "../../client";
import { RecordDrawer } from "./RecordDrawer";

const calls = vi.hoisted(() => ({ create: vi.fn(), say: vi.fn(), refresh: vi.fn() }));
vi.mock("../../app/client", () => ({ client: { resource: () => ({ create: calls.create }) } }));
vi.mock("../../actions/messages", () => ({ say: calls.say }));
vi.mock("../../actions/follow", () => ({ followAnswer: vi.fn() }));
vi.mock("../../app/queries", () => ({ refreshRecords: calls.refresh, keys: {} }));
vi.mock("./EditRecord", () => ({ EditRecord: () => null }));

const SAMPLES = { name: "samples", title: "Samples", may: { create: null }, fields: [{ name: "title", type: "string", defaultValue: "A" }] } as unknown as Collection;
const onClose = vi.fn();
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.clearAllMocks();
  vi.unstubAllGlobals();
});

/** Presses Add; the server refuses so. */
async function add(refusal: ApiError) {
  calls.create.mockRejectedValueOnce(refusal);
  await act(async () =>
    root.render(
      <MantineProvider env="test">
        <MemoryRouter>
          <RecordDrawer collection={SAMPLES} open="new" onClose={onClose} />
        </MemoryRouter>
      </MantineProvider>,
    ),
  );
  await act(async () => document.querySelector<HTMLButtonElement>('button[type="submit"]')?.click());
}
const errors = [{ message: "Not on Sundays" }];

it.each([
  [400, "warning"],
  [500, "error"],
])("what is saved and then refused (%d) by a workflow is told as saved, the drawer closes, lists are read anew", async (status, level) => {
  await add(new ApiError(status, { errors, data: { id: 7 } }));
  expect(calls.say.mock.calls).toEqual([["Added", "Saved, but Not on Sundays", level]]);
  expect([onClose.mock.calls.length, calls.refresh.mock.calls]).toEqual([1, [["samples"]]]);
});

it("what is refused with nothing written stays open, and is told there alone", async () => {
  await add(new ApiError(400, { errors }));
  expect(document.querySelector("[role=alert]")?.textContent).toContain("Not on Sundays");
  expect([onClose, calls.say, calls.refresh].map((one) => one.mock.calls.length)).toEqual([0, 0, 0]);
});
