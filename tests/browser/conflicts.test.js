// Two engineers at one definition: who saves second is told, and writes over the other's change only when told to.
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

let seen;
let page;

beforeEach(async () => {
  seen = await visitor();
  page = seen.page;
  await signIn(page);
});
afterEach(() => page.context().close());
after(close);

const says = (message) => ({ message });
const drawer = () => page.getByRole("dialog");
const note = (what) => page.getByRole("alert").filter({ hasText: `Somebody else changed this ${what} meanwhile` });
const TAKE = "Discard mine, take theirs";

/** A workflow of one node, drawn, with that node's form open. */
async function atNode(title) {
  const { id, nodes } = await api("workflows:create", { title, type: "custom-action", sync: true, config: { type: 1, collection: "samples" }, nodes: [{ type: "response-message", title: "Says", config: says("First") }] });
  const node = nodes?.[0]?.id ?? (await api(`workflows:get/${id}?appends=nodes`)).nodes[0].id;
  await open(page, `/workflows/${id}`);
  await page.getByRole("button", { name: /^Says\W/ }).click();
  await drawer().getByRole("textbox", { name: "Message" }).waitFor();
  return { id, stored: () => api(`flow_nodes:get/${node}`), write: (values) => api(`flow_nodes:update/${node}`, values), remove: () => api(`flow_nodes:destroy/${node}`, {}) };
}

test("at one node: nothing is written over unasked; saved over theirs, it is mine", async () => {
  const { stored, write } = await atNode("Two at a node");
  await drawer().getByRole("textbox", { name: "Message" }).fill("Mine");
  await write({ title: "Speaks", config: says("Theirs") });
  seen.expect("412 flow_nodes:update");
  await drawer().getByRole("button", { name: "Save" }).click();
  await note("node").waitFor();
  assert.equal((await stored()).config.message, "Theirs");
  assert.equal(await drawer().getByRole("textbox", { name: "Message" }).inputValue(), "Mine");
  await noTrouble(seen);

  // Changed once more meanwhile, it is refused once more.
  await write({ config: says("Theirs again") });
  seen.expect("412 flow_nodes:update");
  const refused = page.waitForResponse((answer) => answer.status() === 412);
  await drawer().getByRole("button", { name: "Save over theirs" }).click();
  await refused;
  assert.equal((await stored()).config.message, "Theirs again");
  await drawer().getByRole("button", { name: "Save over theirs" }).click();
  await drawer().waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Says\W+Mine$/ }).waitFor();
  assert.equal((await stored()).config.message, "Mine");
  await noTrouble(seen);
});

test("at one node: theirs, taken, is what the form shows and what the next change is made to", async () => {
  const { stored, write } = await atNode("Theirs at a node");
  await drawer().getByRole("textbox", { name: "Message" }).fill("Mine");
  await write({ title: "Speaks", config: says("Theirs") });
  seen.expect("412 flow_nodes:update");
  await drawer().getByRole("button", { name: "Save" }).click();
  await note("node").getByRole("button", { name: TAKE }).click();
  await note("node").waitFor({ state: "detached" });
  assert.equal(await drawer().getByRole("textbox", { name: "Message" }).inputValue(), "Theirs");
  assert.equal(await drawer().getByRole("textbox", { name: "Title" }).inputValue(), "Speaks");
  await drawer().getByRole("textbox", { name: "Message" }).fill("Theirs, and mine");
  await drawer().getByRole("button", { name: "Save" }).click();
  await drawer().waitFor({ state: "detached" });
  const { title, config } = await stored();
  assert.deepEqual({ title, config }, { title: "Speaks", config: says("Theirs, and mine") });
  await noTrouble(seen);
});

test("a node removed meanwhile leaves what was typed to be copied", async () => {
  const { remove } = await atNode("Removed node");
  await drawer().getByRole("textbox", { name: "Message" }).fill("Long text that took an hour");
  await remove();
  seen.expect("412 flow_nodes:update");
  await drawer().getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("This node was removed meanwhile").waitFor();
  assert.equal(await drawer().getByRole("textbox", { name: "Message" }).inputValue(), "Long text that took an hour");
  assert.ok(await drawer().getByRole("button", { name: "Save" }).isDisabled());
  await drawer().getByRole("button", { name: "Cancel" }).click();
  await drawer().waitFor({ state: "detached" });
  await noTrouble(seen);
});

test("at a trigger: another's new title of the workflow is no matter, another's trigger is", async () => {
  const { id } = await api("workflows:create", { title: "Two at a trigger", type: "custom-action", sync: true, config: { type: 1, collection: "samples" } });
  const stored = () => api(`workflows:get/${id}`);
  const opened = async () => {
    await open(page, "/workflows");
    await open(page, `/workflows/${id}`);
    await page.locator(".wf-card-main").first().click();
    await drawer().getByRole("textbox", { name: "Title" }).waitFor();
  };
  await opened();
  await drawer().getByRole("textbox", { name: "Title" }).fill("Asked for");
  await api(`workflows:update/${id}`, { title: "Renamed meanwhile" });
  seen.expect("412 workflows:update");
  await drawer().getByRole("button", { name: "Save" }).click();
  await drawer().waitFor({ state: "detached" });
  const { title, triggerTitle } = await stored();
  assert.deepEqual({ title, triggerTitle }, { title: "Renamed meanwhile", triggerTitle: "Asked for" });
  await noTrouble(seen);

  await opened();
  await drawer().getByRole("textbox", { name: "Title" }).fill("Mine");
  await api(`workflows:update/${id}`, { triggerTitle: "Theirs" });
  seen.expect("412 workflows:update");
  await drawer().getByRole("button", { name: "Save" }).click();
  await note("trigger").waitFor();
  assert.equal((await stored()).triggerTitle, "Theirs");
  await drawer().getByRole("button", { name: "Save over theirs" }).click();
  await drawer().waitFor({ state: "detached" });
  assert.equal((await stored()).triggerTitle, "Mine");
  await noTrouble(seen);
});

test("at a button: told, taken or saved over", async () => {
  await api("actions:create", { name: "contested", label: "Contested", collection: "samples", context: "single", placement: "row", kind: "client", client: { type: "message", message: "Hello", level: "info" } });
  const stored = () => api("actions:get/contested");
  const opened = async () => {
    await open(page, "/buttons");
    await open(page, "/buttons/contested");
    await page.getByRole("textbox", { name: "Label" }).waitFor();
  };
  const label = () => page.getByRole("textbox", { name: "Label" });
  await opened();
  await label().fill("Mine");
  await api("actions:update/contested", { label: "Theirs" });
  seen.expect("412 actions:update");
  await page.getByRole("button", { name: "Save" }).click();
  await note("button").getByRole("button", { name: TAKE }).click();
  assert.equal(await label().inputValue(), "Theirs");
  assert.equal((await stored()).label, "Theirs");
  await noTrouble(seen);

  await label().fill("Mine after all");
  await api("actions:update/contested", { label: "Theirs again" });
  seen.expect("412 actions:update");
  await page.getByRole("button", { name: "Save" }).click();
  await note("button").waitFor();
  await page.getByRole("button", { name: "Save over theirs" }).click();
  await page.getByRole("heading", { name: "Buttons" }).waitFor();
  assert.equal((await stored()).label, "Mine after all");
  await api("actions:destroy/contested", {});
  await noTrouble(seen);
});
