// The canvas: nodes are mended, moved about, tested; what is wrong is shown at its node.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, noTrouble, signIn, visitor } from "./page.js";

after(close);

const MEETS = { rejectOnFalse: false, calculation: { calculator: "gt", operands: ["{{$context.data.indicator}}", 90] } };
const say = (key, message) => ({ key, type: "response-message", title: key, config: { message } });
const card = (page, name) => page.locator(".wf-card-main").filter({ has: page.locator(".wf-card-title").getByText(name, { exact: true }) });
const cards = (page) => page.locator(".wf-card-title").allTextContents();

async function made(values) {
  return api("workflows:create", { type: "custom-action", sync: true, config: { type: 1, collection: "samples" }, ...values });
}

async function choose(page, label, option, inside = page) {
  await inside.getByRole("combobox", { name: label }).or(inside.getByRole("textbox", { name: label })).first().click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

test("what is wrong is shown at its node and in its form, and is mended there", async () => {
  const { id } = await made({ title: "To be mended" });
  await api(`workflows/${id}/nodes:create`, { type: "response-message", title: "Says nothing" });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, `/workflows/${id}`);
  seen.expect("400 workflows:update");
  await page.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await page.getByRole("alert").getByText("One problem is marked in the drawing.").waitFor();
  await page.getByRole("button", { name: /^Says nothing.*1 to mend/ }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText(/"message" is required|message.*required/i).first().waitFor();
  await drawer.getByRole("textbox", { name: "Message" }).fill("Something");
  await drawer.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: /^Says nothing\W+Something$/ }).waitFor();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await page.getByText("To be mended runs from now on.").waitFor();
  await noTrouble(seen);
});

/** Presses the key until what is called so has the focus. */
async function tabTo(page, name, key = "Tab") {
  const wanted = page.getByRole("button", { name, exact: true });
  await wanted.waitFor();
  for (let presses = 0; presses < 60; presses++) {
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${name} is not reached with ${key}`);
}

/** Opens the menu that has the focus and takes the item of this name. */
async function chooseByKeys(page, name) {
  await page.keyboard.press("Enter");
  const item = page.getByRole("menuitem", { name });
  await item.waitFor();
  for (let presses = 0; presses < 10; presses++) {
    if (await item.evaluate((one) => one === document.activeElement)) return page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.waitForTimeout(30);
  }
  return assert.fail(`${name} is not reached in the menu`);
}

test("nodes are reached, edited, moved, duplicated and deleted with the keyboard", async () => {
  const nodes = [{ key: "meets", type: "condition", title: "Meets", config: MEETS, branches: { 1: [say("Yes one", "a"), say("Yes two", "b")], 0: [say("No one", "c")] } }, say("Last", "d")].map((one) => ({ ...one, key: one.key.replace(" ", "_") }));
  for (const line of Object.values(nodes[0].branches)) for (const one of line) one.key = one.key.replace(" ", "_");
  const { id } = await made({ title: "By keyboard", nodes });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, `/workflows/${id}`);
  await card(page, "Custom action").focus();
  for (const name of ["Meets", "Yes one", "Yes two", "No one", "Last"]) {
    await page.keyboard.press("ArrowDown");
    assert.match(await page.evaluate(() => document.activeElement.textContent), new RegExp(`^${name}`));
  }
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByLabel("Title").fill("Very last");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await card(page, "Very last").waitFor();

  // Moved without the mouse: to the menu beside the card, down to its item, on to the place, and pressed there.
  await card(page, "Very last").focus();
  await tabTo(page, "More about Very last");
  await chooseByKeys(page, "Move to…");
  await page.getByText("Choose where “Very last” goes").waitFor();
  assert.equal(await page.getByRole("button", { name: "Move it here, after Very last" }).count(), 0);
  await tabTo(page, "Move it here, first in No of Meets", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".wf-card-title")].at(-1).textContent === "No one");
  assert.deepEqual(await cards(page), ["Custom action", "Meets", "Yes one", "Yes two", "Very last", "No one"]);

  await card(page, "Yes two").focus();
  await tabTo(page, "More about Yes two");
  await chooseByKeys(page, "Duplicate to…");
  await page.getByText("Choose where the copy of “Yes two” goes").waitFor();
  await tabTo(page, "Put the copy here, after Meets");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".wf-card-title").length === 7);

  await card(page, "Meets").focus();
  await page.keyboard.press("Delete");
  const ask = page.getByRole("alertdialog");
  await ask.getByLabel(/Keep those of “Yes”/).check();
  await ask.getByRole("button", { name: "Delete" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".wf-card-title").length === 4);
  assert.deepEqual(await cards(page), ["Custom action", "Yes one", "Yes two", "Yes two"]);
  const kept = (await api(`workflows:get/${id}?appends=nodes`)).nodes;
  assert.equal(kept.length, 3);
  await noTrouble(seen);
});

test("a node is tested by itself; loops and parallels show their bodies, branches come and go", async () => {
  const all = { key: "all", type: "query", title: "All", config: { collection: "samples", multiple: true } };
  const each = { key: "each", type: "loop", title: "Each", config: { target: "{{$jobsMapByNodeKey.all}}" }, branches: { 0: [say("Inside", "{{$scopes.each.item.title}}")] } };
  const { id } = await made({ title: "With bodies", sync: false, nodes: [all, each, { key: "both", type: "parallel", title: "Both", config: {} }] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, `/workflows/${id}`);
  await card(page, "All").click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("button", { name: "Test" }).click();
  await page.getByRole("status").filter({ hasText: "Succeeded" }).getByText(/"title": "Sample/).first().waitFor();
  await drawer.getByRole("button", { name: "Cancel" }).click();

  await card(page, "Inside").focus();
  await page.keyboard.press("Enter");
  await drawer.getByText("‹Loop: Each › Item › Title›").waitFor();
  await drawer.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Repeats for each item").waitFor();

  await page.getByRole("button", { name: "Add a branch to Both" }).press("Enter");
  await page.getByRole("dialog", { name: "Add a node first in 3 of Both" }).getByRole("button", { name: /^Delay/ }).click();
  await drawer.getByRole("textbox", { name: "Duration" }).fill("5");
  await choose(page, "Unit", "minutes", drawer);
  await choose(page, "Afterwards", "The workflow goes on", drawer);
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await card(page, "Delay").getByText("5 minutes").waitFor();
  await page.getByRole("button", { name: "Remove Branch 3 of Both" }).press("Enter");
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".wf-card-title").length === 5);
  await noTrouble(seen);
});
