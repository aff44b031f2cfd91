// From an empty installation to "Submitted", by clicks alone: two collections, a workflow that is drawn, a button, and its presses.
import assert from "node:assert/strict";
import { after } from "node:test";
import { api, close, found } from "./page.js";
import { addMessage, addNode, addRecord, addUpdate, choose, column, DIALOG, drawWorkflow, makeButton, makeCollection, pick, presses, row, said, setField, stored, story, table } from "./story.js";

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
  const { fields } = await api("collections:get/samples");
  assert.deepEqual(fields.map((one) => [one.name, one.type]), [["title", "string"], ["indicator", "double"], ["status", "string"]]);
  const [sample] = (await api("collections:get/inspections")).fields.filter((one) => one.name === "sample");
  assert.deepEqual([sample.type, sample.target], ["belongsTo", "samples"]);
});

story("the workflow is drawn and enabled", { path: "/" }, async ({ page }) => {
  await drawWorkflow(page, SUBMIT, { collection: "Samples" }, async () => {
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
    await addUpdate(page, "Add after Note the inspection", "Set the status", "Samples", { Status: "Submitted" });
    await addMessage(page, "Add after Set the status", "Say so", "Submitted: ", "Title", "");
    await addMessage(page, `Add first in No of ${OVER_90}`, "Say why not", "Not over 90: ", "Title", "!");
    await addNode(page, "Add after Say why not", "end", "End as failed", (drawer) => choose(page, drawer.getByRole("combobox", { name: /status/i }), "Failed"));
  });
  const [drawn] = await found("workflows", { title: SUBMIT }, "&appends=nodes");
  assert.deepEqual([drawn.enabled, drawn.nodes.length], [true, 6]);
});

story('the button "Submit for Inspection" is added', { path: "/" }, async ({ page }) => {
  await makeButton(page, SUBMIT, { collection: "Samples", workflow: SUBMIT, question: "Submit this sample?" }, async () => {
    assert.ok(await page.getByRole("radio", { name: /^One record/ }).isChecked());
  });
});

async function press(page, sample) {
  await row(page, sample).getByRole("button", { name: SUBMIT }).click();
  await page.getByRole(DIALOG).getByText("Submit this sample?").waitFor();
  await page.getByRole(DIALOG).getByRole("button", { name: SUBMIT }).click();
}

const pressing = "a sample with 80 is refused with the message; one with 95 has its record and is submitted";

story(pressing, { path: "/tables/samples" }, async ({ page, calls, expect }) => {
  expect("400 actions:run/");
  await press(page, "Sample 80");
  await said(page, "alert", "Not over 90: Sample 80!").waitFor();
  await row(page, "Sample 80").getByText("Collected", { exact: true }).waitFor();
  assert.equal(await stored("samples", "Sample 80"), "Collected");
  assert.deepEqual(await found("inspections", {}), []);

  await press(page, "Sample 95");
  await said(page, "status", "Submitted: Sample 95").waitFor();
  await row(page, "Sample 95").getByText("Submitted", { exact: true }).waitFor();
  assert.equal(presses(calls).length, 2);

  await table(page, "Inspections");
  await row(page, "Inspection of Sample 95").getByText("Sample 95", { exact: true }).waitFor();
  await page.getByText("1–1 of 1").waitFor();
  const [sample] = await found("samples", { title: "Sample 95" });
  assert.equal(sample.status, "Submitted");
  const records = await found("inspections", {});
  assert.deepEqual(records.map((one) => [one.title, one.sampleId]), [["Inspection of Sample 95", sample.id]]);
});

story("the refused run is drawn with what each node did", { path: "/executions" }, async ({ page }) => {
  await page.getByRole("row").filter({ hasText: "Failed" }).getByRole("link", { name: SUBMIT }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: /^Say why not ?, Succeeded/ }).waitFor();
  await page.getByRole("button", { name: /^End as failed ?, Failed/ }).waitFor();
  await page.getByRole("button", { name: /^Note the inspection ?, Not reached/ }).waitFor();
});
