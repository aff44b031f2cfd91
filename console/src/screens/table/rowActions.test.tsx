// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AvailableAction, Collection, Verdict } from "../../client";
import { RowActions } from "./RowActions";
import type { Offered } from "./useTable";

const press = vi.hoisted(() => vi.fn());
vi.mock("../../actions/ActionHost", () => ({ useActions: () => ({ press, isRunning: () => false }) }));

const WHY = "Only a sample that is Collected can be submitted";
const SAMPLES = { name: "samples", title: "Samples", fields: [{ name: "title", type: "string" }], may: { view: null } } as Collection;
const action = (name: string, label: string) => ({ name, label, context: "single", icon: null, color: null }) as AvailableAction;
const VERDICTS: Record<string, Verdict> = { approve: { name: "approve", enabled: true }, submit: { name: "submit", enabled: false, reason: WHY } };
const ROW = [action("approve", "Approve"), action("submit", "Submit"), action("hidden", "Hidden")];
const OFFERS = { row: ROW, verdict: (name: string) => VERDICTS[name] } as unknown as Offered;

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  press.mockClear();
  vi.unstubAllGlobals();
});

const show = (folded: boolean) =>
  act(() =>
    root.render(
      <MantineProvider env="test">
        <RowActions collection={SAMPLES} record={{ id: 7, title: "Sample 7" }} offers={OFFERS} onEdit={() => undefined} folded={folded} />
      </MantineProvider>,
    ),
  );
const buttons = () => [...document.querySelectorAll("button:not([role=menuitem])")].map((one) => one.getAttribute("aria-label") ?? one.textContent);
const items = () => [...document.querySelectorAll<HTMLElement>("[role=menuitem]")];
const click = (found: HTMLElement | null | undefined) => act(async () => found?.click());

it("with room each button of a row stands there", () => {
  show(false);
  expect(buttons()).toEqual(["Approve", "Submit"]);
});

it("without room they are one menu, where what may not be pressed says why", async () => {
  show(true);
  expect(buttons()).toEqual(["More about Sample 7"]);
  await click(document.querySelector("button"));
  expect(items().map((one) => one.textContent)).toEqual(["Approve", `Submit${WHY}`]);
  expect(items().map((one) => one.getAttribute("aria-disabled"))).toEqual(["false", "true"]);
  await click(items()[1]);
  expect(press).not.toHaveBeenCalled();
  await click(items()[0]);
  expect(press.mock.calls).toEqual([[{ action: ROW[0], ids: [7] }]]);
});
