// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { ApiError } from "../../client";
import { click, escape, fill, press } from "../../testing/hands";
import { mount } from "../../testing/mount";
import { ConfigDrawer } from "./ConfigDrawer";

const onClose = vi.fn();

const show = (locked: string | null, onSave = vi.fn(async () => undefined)) =>
  mount(<ConfigDrawer heading="End" about="" type="end" schema={{ type: "object", properties: {} }} stored={{ updatedAt: "2026-11-21T10:00:00.000Z" }} title="End" titlePlaceholder="" config={{ endStatus: 1 }} problems={[]} variables={[]} before={[]} sync={false} locked={locked} saveLabel="Save" onSave={onSave} onClose={onClose} />);
const asJson = () => click(document.querySelector<HTMLInputElement>("input[role=switch]"));
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
  fill(json(), "{}");
  await escape();
  expect(result()).toEqual([true, 0]);
});

const title = () => document.querySelector<HTMLInputElement>("input:not([role])");

/** Saves "Mine" over what somebody has made `current` of meanwhile. */
async function meet(current: object | null) {
  const onSave = vi.fn().mockRejectedValueOnce(new ApiError(412, { errors: [{ message: "at another version" }], data: current }));
  await show(null, onSave);
  fill(title(), "Mine");
  await press("Save");
  return onSave;
}

const THEIRS = { title: "Theirs", config: { endStatus: -1 }, updatedAt: "2026-11-21T10:00:05.000Z" };

it("what somebody else saved meanwhile is overwritten only when that is meant", async () => {
  const onSave = await meet(THEIRS);
  expect(document.body.textContent).toContain("Somebody else changed this node meanwhile");
  expect(title()?.value).toBe("Mine");
  await press("Save over theirs");
  expect(onSave.mock.calls).toEqual([
    ["Mine", { endStatus: 1 }, '"2026-11-21T10:00:00.000Z"'],
    ["Mine", { endStatus: 1 }, '"2026-11-21T10:00:05.000Z"'],
  ]);
});

it("theirs can be taken instead", async () => {
  const onSave = await meet(THEIRS);
  await press("Discard mine, take theirs");
  expect([title()?.value, document.body.textContent.includes("meanwhile")]).toEqual(["Theirs", false]);
  await press("Save");
  expect(onSave.mock.lastCall).toEqual(["Theirs", { endStatus: -1 }, '"2026-11-21T10:00:05.000Z"']);
});

it("what was removed meanwhile is said to be", async () => {
  await meet(null);
  expect(document.body.textContent).toContain("This node was removed meanwhile");
  expect(title()?.value).toBe("Mine");
});
