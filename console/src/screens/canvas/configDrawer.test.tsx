// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ConfigDrawer } from "./ConfigDrawer";

vi.mock("../../app/session", () => ({ useSession: () => ({ collections: [], collection: () => undefined }) }));

const onClose = vi.fn();
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  onClose.mockReset();
  vi.unstubAllGlobals();
});

const show = (locked: string | null) =>
  act(async () =>
    root.render(
      <MantineProvider env="test">
        <ConfigDrawer heading="End" about="" type="end" schema={{ type: "object", properties: {} }} title="End" titlePlaceholder="" config={{ endStatus: 1 }} problems={[]} variables={[]} before={[]} sync={false} locked={locked} saveLabel="Save" onSave={async () => undefined} onClose={onClose} />
      </MantineProvider>,
    ),
  );
const asJson = () => act(async () => document.querySelector<HTMLInputElement>("input[role=switch]")?.click());
const escape = () => act(async () => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
const result = () => [document.body.textContent.includes("Leave without saving?"), onClose.mock.calls.length];
const json = () => document.querySelector<HTMLTextAreaElement>("textarea:not([aria-hidden])");

it.each([[null], ["This version has run"]])("a config that is only looked at as JSON is left at once; locked: %s", async (locked) => {
  await show(locked);
  await asJson();
  expect(json()?.value).toContain("endStatus");
  await escape();
  expect(result()).toEqual([false, 1]);
});

it("a config changed as JSON is asked for before it is left", async () => {
  await show(null);
  await asJson();
  await act(async () => {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")?.set?.call(json(), "{}");
    json()?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await escape();
  expect(result()).toEqual([true, 0]);
});
