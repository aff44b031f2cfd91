// @vitest-environment happy-dom
import { expect, it } from "vitest";
import type { AvailableAction, Collection, Verdict } from "../../client";
import { click } from "../../testing/hands";
import { mount } from "../../testing/mount";
import { noAnswer, serve } from "../../testing/server";
import { RowActions } from "./RowActions";
import type { Offered } from "./useTable";

const WHY = "Only a sample that is Collected can be submitted";
const SAMPLES = { name: "samples", title: "Samples", fields: [{ name: "title", type: "string" }], may: { view: null } } as Collection;
const action = (name: string, label: string) => ({ name, label, context: "single", icon: null, color: null, form: null, confirm: null }) as unknown as AvailableAction;
const VERDICTS: Record<string, Verdict> = { approve: { name: "approve", enabled: true }, submit: { name: "submit", enabled: false, reason: WHY } };
const ROW = [action("approve", "Approve"), action("submit", "Submit"), action("hidden", "Hidden")];
const OFFERS = { row: ROW, verdict: (name: string) => VERDICTS[name] } as unknown as Offered;

const show = (folded: boolean) => mount(<RowActions collection={SAMPLES} record={{ id: 7, title: "Sample 7" }} offers={OFFERS} onEdit={() => undefined} onDeleted={() => undefined} folded={folded} />);
const buttons = () => [...document.querySelectorAll("button:not([role=menuitem])")].map((one) => one.getAttribute("aria-label") ?? one.textContent);
const items = () => [...document.querySelectorAll<HTMLElement>("[role=menuitem]")];

it("with room each button of a row stands there", async () => {
  await show(false);
  expect(buttons()).toEqual(["Approve", "Submit"]);
});

it("without room they are one menu, where what may not be pressed says why", async () => {
  const asked = serve(noAnswer);
  await show(true);
  expect(buttons()).toEqual(["More about Sample 7"]);
  await click(document.querySelector("button"));
  expect(items().map((one) => one.textContent)).toEqual(["Approve", `Submit${WHY}`]);
  expect(items().map((one) => one.getAttribute("aria-disabled"))).toEqual(["false", "true"]);
  await click(items()[1]);
  expect(asked).toEqual([]);
  await click(items()[0]);
  expect(asked.map(({ path, body }) => [path, body])).toEqual([["actions:run/approve", { filterByTk: 7 }]]);
});
