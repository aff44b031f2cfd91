// A member, who manages nothing, presses buttons that start workflows in the background, and is told how they end: well, badly, canceled.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, found, noTrouble, signIn, visitor } from "./page.js";

const PASSWORD = "presses-buttons-91";
const WAIT = { key: "wait", type: "delay", title: "Wait", config: { duration: 2, unit: 1000, endStatus: 1 } };
const CHANGE = { key: "change", type: "update", config: { collection: "samples", params: { filter: { id: "{{$context.data.id}}" }, values: { status: "Warm" } } } };
const REFUSE = { key: "refuse", type: "end", config: { endStatus: -1 } };
let seen;

async function button(name, label, nodes, type = 1) {
  await api("workflows:create", { key: name, title: label, type: "custom-action", sync: false, enabled: true, config: { type, collection: "samples", appends: [] }, nodes });
  const context = type === 1 ? { context: "single", placement: "row" } : { context: "multiple", placement: "toolbar" };
  await api("actions:create", { name, label, collection: "samples", ...context, kind: "workflow", workflows: [{ key: name }] });
}

const sampleRow = (title) => seen.page.getByRole("row").filter({ hasText: title });
const told = (label) => seen.page.locator(".mantine-Notification-root").filter({ hasText: label });
const press = (title, label) => sampleRow(title).getByRole("button", { name: label }).click();

before(async () => {
  await button("warm", "Warm it", [WAIT, CHANGE]);
  await button("spoil", "Spoil it", [WAIT, REFUSE]);
  await button("keep", "Keep it", [{ ...WAIT, config: { ...WAIT.config, duration: 600 } }]);
  await button("warm_all", "Warm these", [WAIT], 2);
  await api("workflows:create", { key: "noted", title: "Noted", type: "action", sync: false, enabled: true, config: { collection: "samples", appends: [] }, nodes: [WAIT] });
  await api("collections:update/samples", { formWorkflows: { create: ["noted"] } });
  await api("roles:create", { name: "presser", title: "Presser", strategy: { actions: [] }, resources: { samples: { usingActionsConfig: true, actions: ["view", "create", "trigger"].map((name) => ({ name })) } } });
  await api("users:create", { username: "mia", nickname: "Mia", password: PASSWORD, roles: ["presser"] });
  for (const title of ["Cold sample", "Other sample"]) await api("samples:create", { title, indicator: 7, status: "Collected" });
  seen = await visitor();
  await signIn(seen.page, "mia", PASSWORD, "/tables/samples");
});
after(close);

test("a run that ends well is followed to its end, and the table shows the new state", async () => {
  await press("Cold sample", "Warm it");
  await told("Warm it").getByText(/: (Queued|Running)/).waitFor();
  await told("Warm it").getByText(/: Succeeded/).waitFor();
  await sampleRow("Cold sample").getByText("Warm", { exact: true }).waitFor();
  const asked = seen.calls.filter((call) => call.path.startsWith("executions:get/"));
  assert.ok(asked.length >= 2);
  assert.equal(seen.calls.filter((call) => call.path.startsWith("executions:list")).length, 0);
  await noTrouble(seen);
});

test("a run that ends badly is an alert that stays, and never says that it succeeded", async () => {
  await press("Other sample", "Spoil it");
  await told("Spoil it").getByText(/: Failed/).waitFor();
  await seen.page.getByRole("alert").filter({ hasText: "Spoil it" }).waitFor();
  assert.equal(await told("Spoil it").getByText("Succeeded").count(), 0);
  await noTrouble(seen);
});

test("one that somebody cancels says so, of several records each is followed, and a form's workflow is too", async () => {
  const { page } = seen;
  await press("Other sample", "Keep it");
  await told("Keep it").getByText(/: (Queued|Running)/).waitFor();
  for (const title of ["Cold sample", "Other sample"]) await sampleRow(title).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Warm these" }).click();
  await page.getByRole("button", { name: "Add", exact: true }).first().click();
  await page.getByRole("dialog").getByLabel("Title").fill("Fresh sample");
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await told("Added").getByText(/Noted: Succeeded/).waitFor();
  await told("Warm these").getByText(/: Succeeded/).waitFor();
  const [run] = await found("executions", { key: "keep" });
  await api(`executions:cancel/${run.id}`, {});
  await told("Keep it").getByText(/: Aborted \(manual_cancel\)/).waitFor();
  await noTrouble(seen);
});
