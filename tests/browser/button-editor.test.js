// Buttons are made and changed: only what fits is offered, the preview follows, mistakes stand at their place, and the table has the button.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

const SAY = { type: "response-message", config: { message: "Heard: {{$context.data.why}}" } };

async function workflow(key, title, config, enabled = true) {
  await api("workflows:create", { key, title, type: "custom-action", sync: true, enabled, config, nodes: [SAY] });
}

let seen;

before(async () => {
  seen = await visitor();
  await signIn(seen.page);
  await workflow("editor_sample", "On a sample", { type: 1, collection: "samples", appends: [] });
  await workflow("editor_category", "On a category", { type: 1, collection: "categories", appends: [] });
  await workflow("editor_many", "On many samples", { type: 2, collection: "samples", appends: [] });
  await workflow("editor_off", "Not enabled", { type: 1, collection: "samples", appends: [] }, false);
});
after(close);

test("a button with a question, a form and a rule is made by clicks, and works in the table", async () => {
  const sample = await api("samples:create", { title: "Editor A", indicator: 1, status: "Fresh" });
  const stale = await api("samples:create", { title: "Editor B", indicator: 1, status: "Stale" });
  const { page } = seen;
  await open(page, "/buttons");
  await page.getByRole("region", { name: "Samples" }).getByRole("link", { name: "Add a button: Samples" }).click();
  await page.getByLabel("Label").fill("Tell them");
  assert.equal(await page.getByLabel("Name", { exact: false }).first().inputValue(), "tellThem");
  await page.getByRole("combobox", { name: "Icon" }).click();
  await page.getByRole("option", { name: "Bell" }).click();
  await page.getByRole("combobox", { name: "Workflows" }).click();
  await page.getByRole("option", { name: "On a sample" }).waitFor();
  await page.getByRole("option", { name: "On a category, on its category" }).waitFor();
  assert.equal(await page.getByRole("option", { name: "On many samples" }).count(), 0);
  assert.equal(await page.getByRole("option", { name: "Not enabled" }).count(), 0);
  await page.getByRole("option", { name: "On a sample" }).click();
  await page.keyboard.press("Escape");

  await page.getByLabel("Question").fill("Tell <b>everybody</b>?");
  await page.getByRole("button", { name: "Add a field" }).click();
  const field = page.getByRole("region", { name: "Field 1" });
  await field.getByLabel("Title").fill("Why");
  await field.getByLabel("Required").check();
  const dark = page.getByRole("region", { name: "Preview" }).getByRole("group", { name: "Dark" });
  await dark.getByText("Tell <b>everybody</b>?").waitFor();
  await dark.getByLabel("Why").waitFor();
  assert.equal(await dark.getByRole("button", { name: "Tell them" }).count(), 3);

  const rule = page.getByRole("group", { name: "Can be pressed where" });
  await rule.getByRole("button", { name: /^Filter/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Field" }).click();
  await page.getByRole("option", { name: "Status" }).click();
  await dialog.getByRole("combobox", { name: "Operator" }).click();
  await page.getByRole("option", { name: "is", exact: true }).click();
  await dialog.getByLabel("Value").fill("Fresh");
  await dialog.getByRole("button", { name: "Apply" }).click();
  await page.getByLabel("Why not").fill("Only fresh ones");
  assert.ok(!seen.calls.some((call) => call.method === "POST" && call.path.startsWith("actions:")));
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("region", { name: "Samples" }).getByRole("link", { name: "tellThem" }).waitFor();

  await open(page, `/tables/samples/${sample.id}`);
  await page.getByRole("button", { name: "Tell them" }).click();
  await page.getByRole("dialog").getByLabel("Why").fill("it rains");
  await page.getByRole("dialog").getByRole("button", { name: "Tell them" }).click();
  await page.getByText("Heard: it rains").waitFor();
  await open(page, `/tables/samples/${stale.id}`);
  await page.getByRole("heading", { level: 1, name: "Editor B" }).waitFor();
  await page.getByRole("button", { name: /Tell them/ }).and(page.locator('[aria-disabled="true"]')).hover({ force: true });
  await page.getByRole("tooltip").getByText("Only fresh ones").waitFor();
  await api("actions:destroy/tellThem", {});
  await noTrouble(seen);
});

test("what cannot be is marked at its place, and nothing is lost on the way", async () => {
  const { page } = seen;
  await open(page, "/buttons/+?collection=samples");
  await page.getByLabel("Label").fill("Look it up");
  await page.getByText("In the browser", { exact: true }).click();
  seen.expect("400 actions:create");
  await page.getByLabel("Address").fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Add a field" }).click();
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("alert").getByText("every field of the form needs a name").waitFor();
  await page.getByRole("button", { name: "Remove field 1" }).click();
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByText("One thing needs a look; it is marked below.").waitFor();
  await page.locator('[class*="Input-error"]').first().waitFor();
  await page.getByLabel("Address").fill("https://example.com/{{record.id}}");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("link", { name: "lookItUp" }).click();
  await page.getByRole("heading", { name: "Look it up" }).waitFor();
  assert.equal(await page.getByLabel("Address").inputValue(), "https://example.com/{{record.id}}");
  await open(page, "/buttons");
  await page.getByRole("button", { name: "Remove Look it up" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("link", { name: "lookItUp" }).waitFor({ state: "detached" });
  await noTrouble(seen);
});

test("a button that is there is changed: its rule is edited as conditions, its procedure is offered with its form", async () => {
  const { page } = seen;
  await open(page, "/buttons/submit");
  const rule = page.getByRole("group", { name: "Shown for records where" });
  await rule.getByRole("button", { name: /^Filter/ }).click();
  assert.equal(await page.getByRole("dialog").getByLabel("Value").inputValue(), "Archived");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Procedure", { exact: true }).click();
  await page.getByRole("combobox", { name: "Procedure" }).click();
  assert.equal(await page.getByRole("option", { name: /sendWelcomeEmail/ }).count(), 0);
  await page.getByRole("option", { name: /remeasure/ }).click();
  await page.getByText("It brings its own form").waitFor();
  await page.getByRole("region", { name: "Preview" }).getByRole("group", { name: "Light" }).getByLabel("Indicator").waitFor();
  await page.getByRole("button", { name: "Edit as JSON Schema" }).click();
  await page.getByLabel("JSON Schema of the form").fill('{"type": "object", "properties": {"a": {"type": "string", "pattern": "^x$"}}}');
  assert.ok(await page.getByRole("button", { name: "Edit as fields" }).isDisabled());
  await page.getByRole("button", { name: "Cancel" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Buttons" }).waitFor();
  const kept = await api("actions:get/submit");
  assert.deepEqual([kept.kind, kept.visibleWhen], ["workflow", { status: { $ne: "Archived" } }]);

  await page.getByRole("switch", { name: "Measure again is shown" }).click({ force: true });
  await page.getByRole("switch", { name: "Measure again is shown", checked: false }).waitFor();
  assert.equal((await api("actions:get/remeasure")).enabled, false);
  await page.getByRole("switch", { name: "Measure again is shown" }).click({ force: true });
  await page.getByRole("switch", { name: "Measure again is shown", checked: true }).waitFor();
  await noTrouble(seen);
});
