// What people press: on some rows, on none, without a record, twice; in a form that starts a workflow; in each of the three kinds.
import assert from "node:assert/strict";
import { after } from "node:test";
import { api, close, open } from "./page.js";
import { addRecord, button, DIALOG, presses, row, said, samplesNamed, says, sets, story, workflow } from "./story.js";

after(close);

const CHOSEN = { id: { $in: "{{$context.data.id}}" } };

async function crates() {
  await samplesNamed("crates", "Crate", [1, 2, 3, 4, 5]);
  const away = { key: "away", ...sets("crates", { status: "Archived" }, CHOSEN) };
  await workflow("archive_crates", 2, "crates", [away, says("{{$jobsMapByNodeKey.away}} are put away")]);
  await button("Archive", "crates", "multiple", { workflows: [{ key: "archive_crates" }], confirm: "Archive these?" });
}

story("a bulk button works on the three of five rows that are checked; with none it says so and calls nobody", { before: crates, path: "/tables/crates" }, async ({ page, calls }) => {
  await row(page, "Crate 5").waitFor();
  await page.waitForLoadState("networkidle");
  const before = calls.length;
  await page.getByRole("button", { name: "Archive" }).click();
  await said(page, "alert", "Select at least one row first").waitFor();
  assert.equal(calls.length, before);
  assert.equal(await page.getByRole(DIALOG).count(), 0);

  const chosen = [1, 3, 4];
  for (const number of chosen) await page.getByRole("checkbox", { name: `Select Crate ${number}` }).check();
  await said(page, "status", "3 selected").waitFor();
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByRole(DIALOG).getByText("3 records").waitFor();
  await open(page, "/tables/crates/0"); // somewhere else nobody is asked any more
  await page.getByRole(DIALOG).waitFor({ state: "detached" });
  await open(page, "/tables/crates");
  for (const number of chosen) await page.getByRole("checkbox", { name: `Select Crate ${number}` }).check();
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByRole(DIALOG).getByRole("button", { name: "Archive" }).click();
  await said(page, "status", "3 are put away").waitFor();
  for (const number of [1, 2, 3, 4, 5]) {
    await row(page, `Crate ${number}`).getByText(chosen.includes(number) ? "Archived" : "Collected", { exact: true }).waitFor();
  }
  assert.equal(presses(calls).length, 1);
});

async function register() {
  await samplesNamed("parcels", "Parcel");
  const made = { key: "made", type: "create", config: { collection: "parcels", params: { values: { title: "{{$context.data.title}}", indicator: 7 } } } };
  await workflow("register_parcel", 0, null, [made, says("{{$jobsMapByNodeKey.made.title}} is registered")]);
  const form = { type: "object", required: ["title"], properties: { title: { type: "string", minLength: 1, title: "Title" } } };
  await button("Register", "parcels", "none", { workflows: [{ key: "register_parcel" }], form });
  await button("registerAnywhere", null, "none", { label: "Register from anywhere", workflows: [{ key: "register_parcel" }], form });
}

story("a button without a record takes its form, wants what is required, and the table shows what it made", { before: register, path: "/tables/parcels" }, async ({ page, calls }) => {
  await page.getByText("No records yet").waitFor();
  await page.getByRole("button", { name: "Register" }).click();
  const form = page.getByRole(DIALOG);
  await form.getByRole("button", { name: "Register" }).click();
  await form.getByText(/required/).first().waitFor();
  await form.getByLabel("Title").fill("By hand");
  await form.getByRole("button", { name: "Register" }).click();
  await said(page, "status", "By hand is registered").waitFor();
  await row(page, "By hand").getByText("7", { exact: true }).waitFor();

  await page.getByRole("link", { name: "Stepbase" }).click();
  await page.getByRole("button", { name: "Register from anywhere" }).click();
  await form.getByLabel("Title").fill("From the start page");
  await form.getByRole("button", { name: "Register from anywhere" }).click();
  await said(page, "status", "From the start page is registered").waitFor();
  assert.ok(presses(calls).every((call) => call.headers["idempotency-key"]));
});

async function notes() {
  await samplesNamed("notes", "Note");
  const nodes = [sets("notes", { status: "Greeted" }), says("Hello, {{$context.data.title}}")];
  await api("workflows:create", { key: "greet_note", title: "Greet the note", type: "action", sync: true, enabled: true, config: { collection: "notes" }, nodes });
}

story("the add form starts the workflow that is bound to it, after the record is saved", { before: notes, path: "/collections/notes" }, async ({ page, calls }) => {
  const card = page.getByRole("region", { name: "Workflows of the forms" });
  await card.getByLabel("The add form starts").first().click();
  await page.getByRole("option", { name: "Greet the note" }).click();
  await page.keyboard.press("Escape");
  await card.getByRole("button", { name: "Save" }).click();
  await said(page, "status", "The forms start what you chose.").waitFor();

  await page.getByRole("link", { name: "Records" }).click();
  await addRecord(page, { Title: "Monday" });
  await said(page, "status", "Hello, Monday").waitFor();
  await row(page, "Monday").getByText("Greeted", { exact: true }).waitFor();
  const created = calls.filter((call) => call.path.startsWith("notes:create"));
  assert.equal(created.length, 1);
  assert.match(created[0].path, /triggerWorkflows=greet_note/);
  assert.ok(created[0].headers["idempotency-key"]);
});

async function kinds() {
  await api("users:create", { username: "kim", nickname: "Kim", email: "kim@example.com", password: "welcome-aboard-77" });
  const onRecord = { kind: "procedure", procedure: "sendWelcomeEmail", onResult: { message: "Sent to {{result.sentTo}}" } };
  const subject = { type: "object", required: ["subject"], properties: { subject: { type: "string", minLength: 1, title: "Subject" } } };
  await button("welcome", "users", "single", { label: "Send welcome email", ...onRecord, form: { type: "object", properties: {} } });
  await button("write", "users", "single", { label: "Write to them", ...onRecord, confirm: "Write now?", form: subject });
  await button("profile", "users", "single", { label: "View profile", kind: "client", client: { type: "openUrl", url: "#/tables/users/{{record.id}}?seen=1" } });
  await button("wave", "users", "single", { label: "Wave", kind: "client", client: { type: "message", message: "Hi {{record.nickname}}", level: "info" } });
}

story("each kind: a procedure at once, one that asks first, the browser's own", { before: kinds, path: "/tables/users" }, async ({ page, calls }) => {
  const kim = page.getByRole("row").filter({ hasText: "kim@example.com" });
  await kim.getByRole("button", { name: "Send welcome email" }).click();
  await said(page, "status", "Sent to kim@example.com").waitFor();

  await kim.getByRole("button", { name: "Write to them" }).click();
  const form = page.getByRole(DIALOG);
  await form.getByText("Write now?").waitFor();
  await form.getByLabel("Subject").fill("Your account");
  await form.getByRole("button", { name: "Write to them" }).click();
  await form.waitFor({ state: "detached" });
  assert.equal(presses(calls).length, 2);

  await kim.getByRole("button", { name: "Wave" }).click();
  await said(page, "status", "Hi Kim").waitFor();
  await kim.getByRole("button", { name: "View profile" }).click();
  await page.getByRole("heading", { level: 1, name: "Kim" }).waitFor();
  assert.match(page.url(), /#\/tables\/users\/\d+\?seen=1$/);
});

async function counter() {
  await samplesNamed("tallies", "Tally", [1]);
  const nodes = [sets("tallies", { indicator: "{{$context.data.indicator + 1}}" }), says("Counted")];
  await workflow("count_up", 1, "tallies", nodes);
  await button("Count up", "tallies", "single", { name: "countUp", workflows: [{ key: "count_up" }] });
}

story("pressed twice quickly a button calls once, with a key of its own; pressed again later with another", { before: counter, path: "/tables/tallies" }, async ({ page, calls }) => {
  const press = row(page, "Tally 1").getByRole("button", { name: "Count up" });
  await press.dblclick();
  await row(page, "Tally 1").getByText("2", { exact: true }).waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(presses(calls).length, 1);
  await press.evaluate((button) => [1, 2, 3].forEach(() => button.click()));
  await row(page, "Tally 1").getByText("3", { exact: true }).waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(presses(calls).length, 2);
  assert.equal(new Set(presses(calls).map((call) => call.headers["idempotency-key"])).size, 2);
});

story("a table is painted with two calls after the session is there", { before: () => samplesNamed("rocks", "Rock", [4]), path: "/" }, async ({ page, calls }) => {
  await page.getByRole("heading", { name: /Hello/ }).waitFor();
  await page.waitForLoadState("networkidle");
  const before = calls.length;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Rock" }).click();
  await row(page, "Rock 1").waitFor();
  await page.waitForLoadState("networkidle");
  assert.deepEqual(calls.slice(before).map((call) => call.path.split("?")[0]), ["rocks:list", "actions:available"]);
});
