// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { queries } from "../../app/queries";
import type { Collection } from "../../client";
import { press } from "../../testing/hands";
import { isStale, mount, told } from "../../testing/mount";
import { refusal, serve } from "../../testing/server";
import { RecordDrawer } from "./RecordDrawer";

const SAMPLES = { name: "samples", title: "Samples", may: { create: null }, fields: [{ name: "title", type: "string", defaultValue: "A" }] } as unknown as Collection;
const LISTS = ["samples", "boxes"].map((name) => ["records", name, {}]);
const onClose = vi.fn();

/** Presses Add; the server refuses so. */
async function add(refused: Response) {
  const asked = serve(() => refused);
  LISTS.forEach((key) => queries.setQueryData(key, []));
  await mount(<RecordDrawer collection={SAMPLES} open="new" onClose={onClose} />);
  await press("Add");
  expect(asked.map(({ path }) => path)).toEqual(["samples:create"]);
}
const errors = [{ message: "Not on Sundays" }];

it.each([
  [400, "yellow"],
  [500, "red"],
])("what is saved and then refused (%d) by a workflow is told as saved, the drawer closes, lists are read anew", async (status, color) => {
  await add(refusal(status, { errors, data: { id: 7 } }));
  expect(told()).toEqual([["Added", "Saved, but Not on Sundays", color]]);
  expect([onClose.mock.calls.length, LISTS.map(isStale)]).toEqual([1, [true, false]]);
});

it("what is refused with nothing written stays open, and is told there alone", async () => {
  await add(refusal(400, { errors }));
  expect(document.querySelector("[role=alert]")?.textContent).toContain("Not on Sundays");
  expect([onClose.mock.calls.length, told(), LISTS.map(isStale)]).toEqual([0, [], [false, false]]);
});
