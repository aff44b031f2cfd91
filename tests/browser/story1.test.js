// From an empty installation to "Submitted", by clicks alone: two collections, a workflow that is drawn, a button, and its presses.
import assert from "node:assert/strict";
import { after } from "node:test";
import { close } from "./page.js";
import { addRecord, choose, column, DIALOG, makeCollection, row, said, story } from "./story.js";

after(close);

const SUBMIT = "Submit for Inspection";
const OVER_90 = "Indicator greater than 90?";

story("both collections are defined, and samples put in", { path: "/" }, async ({ page }) => {
  await page.getByText("No collection is in your view.").waitFor();
  await makeCollection(page, "Samples", [{ title: "Indicator", type: "Number" }, { title: "Status", default: "Collected" }]);
  await page.getByText("No records yet").waitFor();
  await addRecord(page, { Title: "Sample 80", Indicator: 80 });
  await addRecord(page, { Title: "Sample 95", Indicator: 95 });
  await row(page, "Sample 95").getByText("Collected").waitFor();
  await makeCollection(page, "Inspections", [{ title: "Sample", type: "Belongs to one", leadsTo: "Samples" }]);
  await column(page, "Sample").waitFor();
  assert.equal(await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^(Samples|Inspections)$/ }).count(), 2);
});

/** Opens the list of types at the plus of this name, chooses one, and gives it a title. */
async function addNode(page, where, type, title, fill) {
  await page.getByRole("button", { name: where, exact: true }).click();
  await page.getByRole(DIALOG, { name: /^Add a node/ }).locator(`[data-type="${type}"]`).click();
  const drawer = page.getByRole(DIALOG, { name: /^Add:/ });
  await drawer.getByLabel("Title", { exact: true }).first().fill(title);
  await fill(drawer);
  await drawer.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: new RegExp(`^${title.replace("?", "\\?")}`) }).waitFor();
  await drawer.waitFor({ state: "detached" });
}

/** Picks a variable from the tree behind the button of this name. */
async function pick(page, button, ...way) {
  await button.click();
  const tree = page.getByRole("list", { name: "Variables" });
  await tree.getByRole("button", { name: way.at(-1), exact: true }).click();
}

async function say(page, drawer, before, after) {
  const message = drawer.getByRole("textbox", { name: "Message" });
  await message.fill(before);
  await pick(page, drawer.getByRole("button", { name: /variable into Message/ }), "Title");
  await message.press("End");
  await message.pressSequentially(after);
}

const setField = (page, drawer, field) => choose(page, drawer.getByRole("combobox", { name: "Set a field" }), field);

story("the workflow is drawn and enabled", { path: "/" }, async ({ page }) => {
  await page.getByRole("link", { name: "Workflows" }).click();
  await page.getByRole("button", { name: "New workflow" }).click();
  const made = page.getByRole(DIALOG, { name: "New workflow" });
  await made.getByLabel("Title").fill(SUBMIT);
  await choose(page, made.getByRole("combobox", { name: "Collection", exact: true }), "Samples");
  await made.getByRole("button", { name: "Make it" }).click();

  await addNode(page, "Add at the beginning", "condition", OVER_90, async (drawer) => {
    await drawer.getByRole("button", { name: "Comparison", exact: true }).click();
    await pick(page, drawer.getByRole("button", { name: /variable into Left side/ }), "Indicator");
    await choose(page, drawer.getByRole("combobox", { name: "Comparison" }), ">");
    await drawer.getByRole("textbox", { name: "Right side" }).fill("90");
  });
  await addNode(page, `Add first in Yes of ${OVER_90}`, "create", "Note the inspection", async (drawer) => {
    await choose(page, drawer.getByRole("combobox", { name: "Collection", exact: true }), "Inspections");
    await setField(page, drawer, "Title *");
    await drawer.getByLabel("Title", { exact: true }).last().fill("Inspection of ");
    await pick(page, drawer.getByRole("button", { name: /variable into Title/ }), "Title");
    await setField(page, drawer, "Sample");
    await pick(page, drawer.getByRole("button", { name: "Use a variable for Sample" }), "ID");
  });
  await addNode(page, "Add after Note the inspection", "update", "Set the status", async (drawer) => {
    await choose(page, drawer.getByRole("combobox", { name: "Collection", exact: true }), "Samples");
    await drawer.getByRole("button", { name: "Condition", exact: true }).click();
    await choose(page, drawer.getByRole("combobox", { name: "Field", exact: true }), "ID");
    await pick(page, drawer.getByRole("button", { name: "Use a variable as the value" }), "ID");
    await setField(page, drawer, "Status");
    await drawer.getByLabel("Status", { exact: true }).fill("Submitted");
  });
  await addNode(page, "Add after Set the status", "response-message", "Say so", (drawer) => say(page, drawer, "Submitted: ", ""));
  await addNode(page, `Add first in No of ${OVER_90}`, "response-message", "Say why not", (drawer) => say(page, drawer, "Not over 90: ", "!"));
  await addNode(page, "Add after Say why not", "end", "End as failed", (drawer) => choose(page, drawer.getByRole("combobox", { name: /status/i }), "Failed"));
  await page.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await said(page, "status", `${SUBMIT} runs from now on.`).waitFor();
});

story('the button "Submit for Inspection" is added', { path: "/" }, async ({ page }) => {
  await page.getByRole("link", { name: "Buttons" }).click();
  await page.getByRole("link", { name: "New button" }).click();
  await page.getByRole("textbox", { name: "Label" }).fill(SUBMIT);
  await choose(page, page.getByRole("combobox", { name: "Collection", exact: true }), "Samples");
  assert.ok(await page.getByRole("radio", { name: /^One record/ }).isChecked());
  await page.getByRole("combobox", { name: "Workflows" }).click();
  await page.getByRole("option", { name: SUBMIT }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("textbox", { name: "Question" }).fill("Submit this sample?");
  await page.getByRole("region", { name: "Preview" }).getByText(SUBMIT).first().waitFor();
  await page.getByRole("button", { name: "Make it" }).click();
  await said(page, "status", /is as you said/).waitFor();
});

async function press(page, sample) {
  await row(page, sample).getByRole("button", { name: SUBMIT }).click();
  await page.getByRole(DIALOG).getByText("Submit this sample?").waitFor();
  await page.getByRole(DIALOG).getByRole("button", { name: SUBMIT }).click();
}

story("a sample with 80 is refused with the message; one with 95 has its record and is submitted", { path: "/tables/samples" }, async ({ page }) => {
  await press(page, "Sample 80");
  await said(page, "alert", "Not over 90: Sample 80!").waitFor();
  await row(page, "Sample 80").getByText("Collected", { exact: true }).waitFor();

  await press(page, "Sample 95");
  await said(page, "status", "Submitted: Sample 95").waitFor();
  await row(page, "Sample 95").getByText("Submitted", { exact: true }).waitFor();

  await page.getByRole("link", { name: "Inspections" }).click();
  const record = row(page, "Inspection of Sample 95");
  await record.getByText("Sample 95", { exact: true }).waitFor();
  await page.getByText("1–1 of 1").waitFor();
});

story("the refused run is drawn with what each node did", { path: "/executions" }, async ({ page }) => {
  await page.getByRole("row").filter({ hasText: "Failed" }).getByRole("link", { name: SUBMIT }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: /^Say why not ?, Succeeded/ }).waitFor();
  await page.getByRole("button", { name: /^End as failed ?, Failed/ }).waitFor();
  await page.getByRole("button", { name: /^Note the inspection ?, Not reached/ }).waitFor();
});
