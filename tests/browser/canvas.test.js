// The canvas: nodes are mended, moved about, tested; what is wrong is shown at its node.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { api, close, noTrouble, signIn, visitor } from "./page.js";

const AXE = readFileSync(createRequire(new URL("../../console/package.json", import.meta.url)).resolve("axe-core/axe.min.js"), "utf8");

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
  await page.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await page.getByRole("alert").getByText("One problem is marked in the drawing.").waitFor();
  await page.getByRole("button", { name: /^Says nothing.*1 to mend/ }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText(/"message" is required|message.*required/i).first().waitFor();
  await drawer.getByRole("textbox", { name: "Message" }).fill("Something");
  await drawer.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: /^Says nothing\W+Something$/ }).waitFor();
  await page.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await page.getByText("To be mended runs from now on.").waitFor();
  await noTrouble(seen);
});

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

  await page.getByRole("button", { name: "More about Very last" }).click();
  await page.getByRole("menuitem", { name: "Move to…" }).click();
  await page.getByText("Choose where “Very last” goes").waitFor();
  assert.equal(await page.getByRole("button", { name: "Move it here, after Very last" }).count(), 0);
  await page.getByRole("button", { name: "Move it here, first in No of Meets" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll(".wf-card-title")].at(-1).textContent === "No one");
  assert.deepEqual(await cards(page), ["Custom action", "Meets", "Yes one", "Yes two", "Very last", "No one"]);

  await page.getByRole("button", { name: "More about Yes two" }).click();
  await page.getByRole("menuitem", { name: "Duplicate to…" }).click();
  await page.getByRole("button", { name: "Put the copy here, after Meets" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".wf-card-title").length === 7);

  await card(page, "Meets").focus();
  await page.keyboard.press("Delete");
  const ask = page.getByRole("alertdialog");
  await ask.getByLabel(/Keep those of “Yes”/).check();
  await ask.getByRole("button", { name: "Delete" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".wf-card-title").length === 4);
  assert.deepEqual(await cards(page), ["Custom action", "Yes one", "Yes two", "Yes two"]);
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

  await page.getByRole("button", { name: "Add a branch to Both" }).click({ force: true });
  await page.getByRole("dialog", { name: "Add a node first in 3 of Both" }).getByRole("button", { name: /^Delay/ }).click();
  await drawer.getByRole("textbox", { name: "Duration" }).fill("5");
  await choose(page, "Unit", "minutes", drawer);
  await choose(page, "Afterwards", "The workflow goes on", drawer);
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await card(page, "Delay").getByText("5 minutes").waitFor();
  await page.getByRole("button", { name: "Remove Branch 3 of Both" }).click({ force: true });
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".wf-card-title").length === 5);
  await noTrouble(seen);
});

async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter((one) => one.impact === "serious" || one.impact === "critical").map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious in the drawing, the types and a form, ${colorScheme}`, async () => {
    const found = { key: "found", type: "query", title: "Found", config: { collection: "samples", params: { filter: { id: "{{$context.data.id}}" } } } };
    const { id } = await made({ title: "For everybody", nodes: [found, { key: "meets", type: "condition", config: MEETS, branches: { 1: [say("Yes", "{{$jobsMapByNodeKey.found.title}}")] } }] });
    const seen = await visitor({ colorScheme });
    const { page } = seen;
    await signIn(page, undefined, undefined, `/workflows/${id}`);
    await card(page, "Found").waitFor();
    const drawing = await findings(page);
    await card(page, "Found").click();
    await page.getByText("‹Record › ID›").waitFor();
    const form = await findings(page);
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Add after Found" }).click();
    await page.getByRole("dialog").getByText("Query records").waitFor();
    assert.deepEqual({ drawing, form, types: await findings(page) }, { drawing: [], form: [], types: [] });
    await noTrouble(seen);
  });
}
