// Workflows by clicks: listed, made, drawn, enabled, run, revised.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

after(close);

// Keys are for good: the specs share one installation.
const tag = Date.now().toString(36);
const say = (key, message) => ({ key, type: "response-message", title: key, config: { message } });
const card = (page, name) => page.locator(".wf-card-main").filter({ has: page.locator(".wf-card-title").getByText(name, { exact: true }) });
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

async function made(values) {
  return api("workflows:create", { type: "custom-action", sync: true, config: { type: 1, collection: "samples" }, ...values });
}

async function choose(page, label, option, inside = page) {
  await inside.getByRole("combobox", { name: label }).or(inside.getByRole("textbox", { name: label })).first().click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

test("a workflow is made, drawn and enabled by clicks, runs on a chosen record, and is then revised", async () => {
  const sample = await api("samples:create", { title: `For the canvas ${tag}`, indicator: 95 });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/workflows");
  await page.getByRole("button", { name: "New workflow" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Title").fill("Drawn by hand");
  await drawer.getByLabel("Key").fill(`drawn_${tag}`);
  seen.expect("400 workflows:create");
  await drawer.getByRole("button", { name: "Make it" }).click();
  await drawer.getByText("Collection is required for record-based context").waitFor();
  await choose(page, "Collection", "Samples", drawer);
  await drawer.getByRole("button", { name: "Make it" }).click();

  await page.getByRole("button", { name: "Add at the beginning" }).click();
  await page.getByRole("button", { name: /^Condition/ }).click();
  await drawer.getByLabel("Title").fill("High enough?");
  await drawer.getByRole("button", { name: "Comparison", exact: true }).click();
  await drawer.getByRole("button", { name: "Insert a variable into Left side" }).click();
  await page.getByRole("button", { name: "Indicator", exact: true }).click();
  assert.equal(await drawer.getByLabel("Left side", { exact: true }).inputValue(), "{{$context.data.indicator}}");
  await drawer.getByText("‹Record › Indicator›").waitFor();
  await choose(page, "Comparison", ">", drawer);
  await drawer.getByLabel("Right side", { exact: true }).fill("90");
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await card(page, "High enough?").getByText("indicator > 90").waitFor();

  await page.getByRole("button", { name: "Add first in Yes of High enough?" }).click();
  await page.getByRole("button", { name: /^Update records/ }).click();
  await choose(page, "Collection", "Samples", drawer);
  await drawer.getByRole("button", { name: "Condition", exact: true }).click();
  await choose(page, "Field", "ID", drawer);
  await drawer.getByRole("button", { name: "Use a variable as the value" }).click();
  await page.getByLabel("Search variables").fill("record id");
  await page.getByRole("button", { name: /^ID/ }).first().click();
  await choose(page, "Set a field", "Status", drawer);
  await drawer.getByRole("textbox", { name: "Status" }).fill("Approved");
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await card(page, "Update records").waitFor();
  await page.getByRole("button", { name: "Add first in No of High enough?" }).click();
  await page.getByRole("button", { name: /^Response message/ }).click();
  await drawer.getByRole("textbox", { name: "Message" }).fill("Too low");
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await card(page, "Response message").waitFor();

  await page.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await page.getByText("Drawn by hand runs from now on.").waitFor();
  const [version] = await api(`workflows:list?filter={"key":"drawn_${tag}"}&appends=nodes`);
  assert.equal(version.enabled, true);
  assert.deepEqual(version.nodes.map((one) => [one.type, one.branchIndex]), [["condition", null], ["update", 1], ["response-message", 0]]);
  assert.deepEqual(version.nodes[1].config.params, { filter: { id: { $eq: "{{$context.data.id}}" } }, values: { status: "Approved" } });

  await page.getByRole("button", { name: "Run", exact: true }).click();
  await choose(page, "Record", `For the canvas ${tag}`, drawer);
  await drawer.getByRole("button", { name: "Dry run" }).click();
  await drawer.getByText(`It would update samples ${sample.id}.`).waitFor();
  await drawer.getByRole("button", { name: "Run", exact: true }).click();
  await drawer.getByText("Succeeded").waitFor();
  assert.match(await drawer.getByRole("link", { name: "Open the execution" }).getAttribute("href"), /#\/executions\/\d+$/);
  assert.equal((await api(`samples:get/${sample.id}`)).status, "Approved");
  await drawer.getByRole("button", { name: "Close" }).last().click();

  await page.getByText("This version has run").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Add / }).count(), 0);
  await card(page, "High enough?").click();
  await drawer.getByText("Make a new version to change it.").waitFor();
  assert.ok(await drawer.getByLabel("Title").isDisabled());
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "New version" }).click();
  await page.getByRole("button", { name: "Version 2" }).waitFor();
  await page.getByRole("button", { name: "Add at the beginning" }).waitFor();
  assert.ok(!(await page.getByRole("switch", { name: "Enabled" }).isChecked()));
  await page.getByRole("button", { name: "Version 2" }).click();
  await page.getByRole("menuitem", { name: /Version 1/ }).click();
  await page.getByText("This version has run").waitFor();
  await noTrouble(seen);
});

test("the key of a workflow shows under the mouse and on the keyboard, and is copied", async () => {
  const { id } = await made({ key: `shown_${tag}`, title: "Shows its key" });
  const seen = await visitor({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = seen;
  await signIn(page, undefined, undefined, `/workflows/${id}`);
  const key = page.locator(".wf-key");
  const shown = () => key.evaluate((one) => getComputedStyle(one).opacity);
  await page.getByRole("heading", { name: /Shows its key/ }).waitFor();
  await page.mouse.move(900, 600);
  assert.equal(await shown(), "0");
  await page.getByRole("heading", { name: /Shows its key/ }).hover();
  await page.waitForFunction(() => getComputedStyle(document.querySelector(".wf-key")).opacity === "1");
  await page.getByRole("button", { name: `Copy the key shown_${tag}` }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `shown_${tag}`);
  await page.mouse.move(900, 600);
  await page.getByRole("heading", { name: /Shows its key/ }).focus();
  await page.waitForFunction(() => getComputedStyle(document.querySelector(".wf-key")).opacity === "1");
  await noTrouble(seen);
});

test("the list finds, switches, copies, exports, imports and deletes", async () => {
  const category = await api("workflowCategories:create", { title: `Laboratory ${tag}` });
  const { id } = await made({ key: `listed_${tag}`, title: "Listed one", nodes: [say("hello", "Hello")] });
  await api(`workflows:update/${id}`, { categories: [category.id] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/workflows");
  await page.getByLabel("Search by title or key").fill(`listed_${tag}`);
  await row(page, "Listed one").getByText(`Laboratory ${tag}`).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  assert.match(page.url(), /title=listed_/);
  await row(page, "Listed one").getByRole("switch").click({ force: true });
  await page.getByText("Listed one runs from now on.").waitFor();

  await row(page, "Listed one").getByRole("button", { name: "More about Listed one" }).click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await page.getByText("Listed one copy", { exact: true }).first().waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    (async () => {
      await row(page, "Listed one").getByRole("button", { name: "More about Listed one", exact: true }).click();
      await page.getByRole("menuitem", { name: "Export" }).click();
    })(),
  ]);
  assert.equal(download.suggestedFilename(), `listed_${tag}.json`);

  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator('input[type="file"]').setInputFiles(await download.path());
  await dialog.getByText(`listed_${tag}`).waitFor();
  await dialog.getByRole("button", { name: "Import" }).click();
  await page.getByRole("button", { name: "Version 2" }).waitFor();

  await open(page, "/workflows?title=Listed");
  await row(page, "Listed one copy").getByRole("button", { name: "More about Listed one copy" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Listed one copy is gone.").waitFor();
  await open(page, `/workflows?category=${category.id}`);
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await noTrouble(seen);
});
