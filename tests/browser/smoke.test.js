// The vertical slice: sign in, open a table, press a button; nothing that the browser complains of.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

after(close);

const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const button = "Submit for Inspection";

test("a wrong password is refused in words, and the right one leads to the page that was asked for", async () => {
  const seen = await visitor();
  await open(seen.page, "/tables/samples");
  await seen.page.getByLabel("E-mail or username").fill("admin@stepbase.local");
  await seen.page.getByRole("textbox", { name: "Password" }).fill("guessed");
  await seen.page.getByRole("button", { name: "Sign in" }).click();
  await seen.page.getByRole("alert").getByText("The username/email or password is incorrect").waitFor();
  await signIn(seen.page, undefined, undefined, "/tables/samples");
  await seen.page.getByRole("heading", { name: "Samples" }).waitFor();
  await noTrouble(seen);
});

test("a table is painted with two calls after the session is there", async () => {
  const seen = await visitor();
  await signIn(seen.page);
  await seen.page.getByRole("heading", { name: /Hello/ }).waitFor();
  await seen.page.waitForLoadState("networkidle");
  const before = seen.calls.length;
  await seen.page.getByRole("link", { name: "Samples" }).first().click();
  await row(seen.page, "Sample 1").getByRole("button", { name: button }).waitFor();
  await seen.page.waitForLoadState("networkidle");
  assert.deepEqual(
    seen.calls.slice(before).map((call) => call.path.split("?")[0]),
    ["samples:list", "actions:available"],
  );
  await noTrouble(seen);
});

test("a button asks, says what the workflow said with its level, and the table shows the new state", async () => {
  const seen = await visitor();
  const { page, calls } = seen;
  await signIn(page, undefined, undefined, "/tables/samples");

  await row(page, "Sample 2").getByRole("button", { name: button }).click();
  await page.getByRole("dialog").getByText("Submit this sample for inspection?").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: button }).click();
  await page.getByRole("alert").getByText("The indicator of Sample 2 is 42: it must be greater than 90").waitFor();
  await row(page, "Sample 2").getByText("Collected").waitFor();

  await row(page, "Sample 1").getByRole("button", { name: button }).click();
  await page.getByRole("dialog").getByRole("button", { name: button }).click();
  await page.getByText("Sample 1 is submitted for inspection").waitFor();
  await row(page, "Sample 1").getByText("Submitted", { exact: true }).waitFor();

  const runs = calls.filter((call) => call.path.startsWith("actions:run/"));
  const keys = new Set(runs.map((call) => call.headers["idempotency-key"]));
  assert.equal(runs.length, 2);
  assert.equal(keys.size, 2);
  assert.ok(!keys.has(undefined));
  await noTrouble(seen);
});

test("what may not be pressed is disabled and says why", async () => {
  await api("samples:update/1", { status: "Submitted" });
  const seen = await visitor();
  await signIn(seen.page, undefined, undefined, "/tables/samples");
  const refused = row(seen.page, "Sample 1").getByRole("button", { name: button });
  await refused.and(seen.page.locator('[aria-disabled="true"]')).waitFor();
  const before = seen.calls.length;
  await refused.click({ force: true });
  await seen.page.getByRole("tooltip").getByText("Only a sample that is Collected can be submitted").waitFor();
  assert.equal(await seen.page.getByRole("dialog").count(), 0);
  assert.equal(seen.calls.length, before);
  await noTrouble(seen);
});

test("a bulk button with nothing selected says so and calls nobody; with rows it works on those", async () => {
  const names = ["Bulk A", "Bulk B", "Bulk C"];
  for (const title of names) await api("samples:create", { title, indicator: 50 });
  const seen = await visitor();
  const { page, calls } = seen;
  await signIn(page, undefined, undefined, "/tables/samples");
  await row(page, "Bulk A").waitFor();
  await page.waitForLoadState("networkidle");
  const before = calls.length;
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByRole("alert").getByText("Select at least one row first").waitFor();
  assert.equal(calls.length, before);
  for (const name of names.slice(0, 2)) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
  await row(page, "Bulk A").getByText("Archived", { exact: true }).waitFor();
  await row(page, "Bulk B").getByText("Archived", { exact: true }).waitFor();
  await row(page, "Bulk C").getByText("Collected", { exact: true }).waitFor();
  await noTrouble(seen);
});

test("a record is added, found by a filter, edited and looked at", async () => {
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/tables/samples");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Add" }).click();
  await form.getByText(/title/i).and(page.locator('[class*="error"]')).first().waitFor();
  await form.getByLabel("Title").fill("<img src=x onerror=alert(1)>");
  await form.getByLabel("Indicator").fill("91.5");
  await form.getByRole("combobox", { name: "Category" }).or(form.getByLabel("Category")).first().click();
  await page.getByRole("option", { name: "Water" }).click();
  await form.getByRole("button", { name: "Add" }).click();
  await page.getByRole("link", { name: "<img src=x onerror=alert(1)>", exact: true }).waitFor();

  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByLabel("Value").fill("onerror");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("1–1 of 1").waitFor();
  assert.match(decodeURIComponent(page.url()), /filter=\{"\$and":\[\{"title":\{"\$includes":"onerror"\}\}\]\}/);

  await page.getByRole("link", { name: "<img src=x onerror=alert(1)>", exact: true }).click();
  await page.getByRole("heading", { name: "<img src=x" }).waitFor();
  await page.getByText("No workflow has run on this record yet.").waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("Mended");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Mended" }).waitFor();
  await noTrouble(seen);
});

test("a collection is made with fields and an association, changed, and dropped by typing its name", async () => {
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/collections");
  await page.getByRole("button", { name: "New collection" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Title").first().fill("Lab tools");
  assert.equal(await drawer.getByLabel("Name").first().inputValue(), "labTools");
  await drawer.getByRole("button", { name: "Add a field" }).click();
  const field = drawer.getByRole("region").last();
  await field.getByLabel("Title").fill("Sample");
  await field.getByRole("combobox", { name: "Type" }).click();
  await page.getByRole("option", { name: "Belongs to one" }).click();
  await drawer.getByRole("button", { name: "Make it" }).click();
  await drawer.getByText("needs a look").waitFor();
  await field.getByRole("combobox", { name: "Leads to" }).click();
  await page.getByRole("option", { name: "Samples" }).click();
  await drawer.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("heading", { name: "Lab tools" }).waitFor();
  await page.getByText("No records yet").waitFor();

  await open(page, "/collections/labTools");
  await page.getByRole("button", { name: "Add a field" }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("Serial");
  await page.getByRole("dialog").getByLabel("Unique").check();
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("row").filter({ hasText: "serial" }).getByText("unique").waitFor();

  await page.getByRole("button", { name: "Drop" }).click();
  const drop = page.getByRole("alertdialog").getByRole("button", { name: "Drop the collection" });
  assert.ok(await drop.isDisabled());
  await page.getByLabel("Type labTools to confirm").fill("labTools");
  await drop.click();
  await page.getByText("Lab tools is gone.").waitFor();
  assert.equal(await page.getByRole("link", { name: "Lab tools" }).count(), 0);
  await noTrouble(seen);
});

test("somebody without the right sees what they may, and why a button is not theirs", async () => {
  const role = { name: "viewer", title: "Viewer", strategy: { actions: [] }, resources: { samples: { usingActionsConfig: true, actions: [{ name: "view", fields: ["title", "status"] }] } } };
  await api("roles:create", role);
  await api("users:create", { username: "vera", nickname: "Vera", password: "look-only-91", roles: ["viewer"] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, "vera", "look-only-91", "/tables/samples");
  await row(page, "Sample 3").waitFor();
  assert.equal(await page.getByRole("button", { name: "Add", exact: true }).count(), 0);
  assert.equal(await page.locator("th").filter({ hasText: "Indicator" }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Collections" }).count(), 0);
  await row(page, "Sample 3").getByRole("button", { name: button }).hover({ force: true });
  await page.getByRole("tooltip").getByText("No permissions").waitFor();
  await open(page, "/tables/posts");
  await page.getByText('The collection "posts" is not there').waitFor();
  await noTrouble(seen);
});

test("a decimal is typed key by key", async () => {
  const seen = await visitor();
  await signIn(seen.page, undefined, undefined, "/tables/samples");
  await seen.page.getByRole("button", { name: "Add" }).click();
  const field = seen.page.getByRole("dialog").getByLabel("Indicator");
  await field.pressSequentially("-0.05");
  assert.equal(await field.inputValue(), "-0.05");
  await field.fill("");
  await field.pressSequentially("97.5");
  assert.equal(await field.inputValue(), "97.5");
  await noTrouble(seen);
});
