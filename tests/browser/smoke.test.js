// The vertical slice: sign in, open a table, press a button; nothing that the browser complains of.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor } from "./page.js";

after(close);

const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const button = "Submit for Inspection";
const PAINTED = ["app:start", "samples:list"];

test("a wrong password is refused in words, and the right one leads to the page that was asked for", async () => {
  const seen = await visitor();
  seen.expect("401 auth:signIn");
  await open(seen.page, "/tables/samples");
  await seen.page.getByLabel("E-mail or username").fill("admin@stepbase.local");
  await seen.page.getByRole("textbox", { name: "Password" }).fill("guessed");
  await seen.page.getByRole("button", { name: "Sign in" }).click();
  await seen.page.getByRole("alert").getByText("The username/email or password is incorrect").waitFor();
  await signIn(seen.page, undefined, undefined, "/tables/samples");
  await seen.page.getByRole("heading", { name: "Samples" }).waitFor();
  await noTrouble(seen);
});

/** The calls of the API, by name, that `act` leads to until the table is there with its buttons and nothing is under way. */
async function callsUntilPainted(seen, act) {
  const before = seen.calls.length;
  await act();
  await row(seen.page, "Sample 1").getByRole("button", { name: button }).waitFor();
  await seen.settled();
  return seen.calls.slice(before).map((call) => call.path.split("?")[0]);
}

test("a table is painted with two calls: by its link, by its address, and after signing in there", async () => {
  const seen = await visitor();
  const { page } = seen;
  await signIn(page);
  await page.getByRole("heading", { name: /Hello/ }).waitFor();
  await seen.settled();
  assert.deepEqual(await callsUntilPainted(seen, () => page.getByRole("link", { name: "Samples" }).first().click()), ["samples:list"]);
  assert.deepEqual(await callsUntilPainted(seen, () => page.reload()), PAINTED);
  await noTrouble(seen);

  const fresh = await visitor();
  assert.deepEqual(await callsUntilPainted(fresh, () => signIn(fresh.page, undefined, undefined, "/tables/samples")), ["auth:signIn", ...PAINTED]);
  await noTrouble(fresh);
});

test("a button asks, says what the workflow said with its level, and the table shows the new state", async () => {
  const seen = await visitor();
  const { page, calls } = seen;
  await signIn(page, undefined, undefined, "/tables/samples");

  seen.expect("400 actions:run/submit");
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
  assert.deepEqual((await found("samples", { id: { $in: [1, 2] } }, "&sort=id")).map((one) => one.status), ["Submitted", "Collected"]);
  await noTrouble(seen);
});

test("what may not be pressed is disabled and says why", async () => {
  await api("samples:update/1", { status: "Submitted" });
  const seen = await visitor();
  await signIn(seen.page, undefined, undefined, "/tables/samples");
  const refused = row(seen.page, "Sample 1").getByRole("button", { name: button });
  await refused.and(seen.page.locator('[aria-disabled="true"]')).waitFor();
  await seen.settled();
  const before = seen.calls.length;
  const reason = "Only a sample that is Collected can be submitted";
  assert.equal(await refused.getAttribute("aria-description"), reason);
  await refused.click({ force: true });
  await seen.page.getByRole("tooltip").getByText(reason).waitFor();
  await seen.page.mouse.move(0, 0);
  await seen.page.keyboard.press("Tab");
  await seen.page.getByRole("tooltip").waitFor({ state: "detached" });
  await seen.page.keyboard.press("Shift+Tab"); // from beside it, as with the keyboard alone
  assert.ok(await refused.evaluate((one) => one === document.activeElement));
  await seen.page.getByRole("tooltip").getByText(reason).waitFor();
  await seen.page.keyboard.press("Enter");
  await seen.settled();
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
  await seen.settled();
  const before = calls.length;
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByRole("alert").getByText("Select at least one row first").waitFor();
  await seen.settled();
  assert.equal(calls.length, before);
  for (const name of names.slice(0, 2)) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
  await row(page, "Bulk A").getByText("Archived", { exact: true }).waitFor();
  await row(page, "Bulk B").getByText("Archived", { exact: true }).waitFor();
  await row(page, "Bulk C").getByText("Collected", { exact: true }).waitFor();
  assert.deepEqual((await found("samples", { title: { $startsWith: "Bulk" } }, "&sort=title")).map((one) => one.status), ["Archived", "Archived", "Collected"]);
  await noTrouble(seen);
});

test("a record is added, found by a filter, edited and looked at", async () => {
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/tables/samples");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const form = page.getByRole("dialog");
  seen.expect("400 samples:create");
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
  seen.expect("400 collections:create");
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
  const serial = page.getByRole("row").filter({ hasText: "serial" });
  await serial.getByText("unique").waitFor();

  await serial.getByRole("button", { name: "Change Serial" }).click();
  const change = page.getByRole("dialog");
  assert.ok(await change.getByRole("textbox", { name: /^Name/ }).isDisabled());
  await change.getByLabel("Title").fill("Serial number");
  await change.getByLabel("Unique").uncheck();
  await change.getByLabel("Required").check();
  await change.getByLabel("Default value").fill("S-1");
  await change.getByRole("button", { name: "Save" }).click();
  await serial.getByText("Serial number").waitFor();
  await serial.getByText("required").waitFor();
  assert.equal(await serial.getByText("unique").count(), 0);
  const fields = async () => (await api("collections:get/labTools")).fields;
  const changed = (await fields()).find((one) => one.name === "serial");
  assert.deepEqual([changed.uiSchema.title, changed.required, changed.unique ?? false, changed.defaultValue], ["Serial number", true, false, "S-1"]);

  await serial.getByRole("button", { name: "Remove Serial number" }).click();
  const remove = page.getByRole("alertdialog").getByRole("button", { name: "Remove the field" });
  assert.ok(await remove.isDisabled());
  await page.getByLabel("Type serial to confirm").fill("serial");
  await remove.click();
  await serial.waitFor({ state: "detached" });
  assert.ok(!(await fields()).some((one) => one.name === "serial"));

  await page.getByRole("button", { name: "Drop" }).click();
  const drop = page.getByRole("alertdialog").getByRole("button", { name: "Drop the collection" });
  assert.ok(await drop.isDisabled());
  await page.getByLabel("Type labTools to confirm").fill("labTools");
  await drop.click();
  await page.getByText("Lab tools is gone.").waitFor();
  assert.deepEqual(await found("collections", { name: "labTools" }), []);
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
  seen.calls.length = 0;
  await open(page, "/tables/posts");
  await page.getByText('The collection "posts" is not there').waitFor();
  await seen.settled();
  assert.deepEqual(seen.calls, []);
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

test("what the browser complains of fails a test here, and so does a refusal that nobody expected, or one that never came", async () => {
  const seen = await visitor();
  await open(seen.page);
  await seen.page.getByRole("button", { name: "Sign in" }).waitFor();
  await noTrouble(seen);
  const wrongs = {
    "an error": () => console.error("an error"),
    thrown: () => void setTimeout(() => { throw new Error("thrown"); }),
    "401 nothing:list": () => fetch("/api/nothing:list").then(() => undefined),
    "policy: script-src": () => document.body.appendChild(Object.assign(document.createElement("script"), { textContent: "1" })) && undefined,
    "policy: connect-src": () => fetch("https://elsewhere.example/").catch(() => undefined),
  };
  for (const [wrong, act] of Object.entries(wrongs)) {
    await seen.page.evaluate(act);
    await seen.page.waitForTimeout(100);
    await assert.rejects(noTrouble(seen), (error) => error.message.includes(wrong), wrong);
  }
  await seen.page.reload();
  await seen.page.getByRole("button", { name: "Sign in" }).waitFor();
  await noTrouble(seen);
  seen.expect("404 nothing");
  await assert.rejects(noTrouble(seen), /never came/);
});
