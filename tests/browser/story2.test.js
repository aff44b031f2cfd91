// What people press, made by clicks before: a button for some rows, one without a record, a form that starts a workflow, each of the three
// kinds; and one that is pressed twice. Goes on with the samples of the story before.
import assert from "node:assert/strict";
import { after } from "node:test";
import { close, found, open } from "./page.js";
import { addMessage, addNode, addRecord, addUpdate, addUser, button, choose, DIALOG, drawWorkflow, go, makeButton, presses, row, said, samplesNamed, says, setField, sets, stored, story, table, workflow } from "./story.js";

after(close);

const ALL = ["Sample 1", "Sample 2", "Sample 3", "Sample 80", "Sample 95"];
const CHOSEN = ["Sample 1", "Sample 3", "Sample 80"];

story("a bulk button is drawn and made; it works on the three of five rows that are checked, and with none it says so and calls nobody", { path: "/" }, async ({ page, calls, settled }) => {
  await drawWorkflow(page, "Archive samples", { context: "Several records", collection: "Samples" }, async () => {
    await addUpdate(page, "Add at the beginning", "Put away", "Samples", { Status: "Archived" });
    await addNode(page, "Add after Put away", "response-message", "Say so", (drawer) => drawer.getByRole("textbox", { name: "Message" }).fill("They are put away"));
  });
  await makeButton(page, "Archive", { collection: "Samples", context: /^Several records/, workflow: "Archive samples", question: "Archive these?" });
  await table(page, "Samples");
  for (const title of ALL.slice(0, 3)) await addRecord(page, { Title: title, Indicator: 50 });
  await row(page, "Sample 3").waitFor();
  const before = Object.fromEntries(await Promise.all(ALL.map(async (title) => [title, await stored("samples", title)])));
  await settled();

  const archive = page.getByRole("main").getByRole("button", { name: "Archive" });
  const asked = calls.length;
  await archive.click();
  await said(page, "alert", "Select at least one row first").waitFor();
  await settled();
  assert.equal(calls.length, asked);
  assert.equal(await page.getByRole(DIALOG).count(), 0);

  for (const title of CHOSEN) await page.getByRole("checkbox", { name: `Select ${title}` }).check();
  await said(page, "status", "3 selected").waitFor();
  await archive.click();
  await page.getByRole(DIALOG).getByText("3 records").waitFor();
  await open(page, "/tables/samples/0"); // somewhere else nobody is asked any more
  await page.getByRole(DIALOG).waitFor({ state: "detached" });
  await open(page, "/tables/samples");
  for (const title of CHOSEN) await page.getByRole("checkbox", { name: `Select ${title}` }).check();
  await archive.click();
  await page.getByRole(DIALOG).getByRole("button", { name: "Archive" }).click();
  await said(page, "status", "They are put away").waitFor();
  for (const title of ALL) {
    const now = CHOSEN.includes(title) ? "Archived" : before[title];
    await row(page, title).getByText(now, { exact: true }).waitFor();
    assert.equal(await stored("samples", title), now, title);
  }
  assert.equal(presses(calls).length, 1);
});

story("a button without a record is drawn and made; it takes its form, wants what is required, and the table shows what it made", { path: "/" }, async ({ page, calls }) => {
  await drawWorkflow(page, "Register a sample", { context: "No record" }, async () => {
    await addNode(page, "Add at the beginning", "create", "Make the sample", async (drawer) => {
      await choose(page, drawer.getByRole("combobox", { name: "Collection", exact: true }), "Samples");
      await setField(page, drawer, "Title *");
      await drawer.getByLabel("Title", { exact: true }).last().fill("{{$context.data.title}}");
      await setField(page, drawer, "Status");
      await drawer.getByLabel("Status", { exact: true }).fill("Registered");
    });
    await addMessage(page, "Add after Make the sample", "Say so", "Registered by ", "User who started it", "");
  });
  await makeButton(page, "Register", { collection: "Samples", context: /^No record/, workflow: "Register a sample" }, async () => {
    await page.getByRole("button", { name: "Add a field" }).click();
    const field = page.getByRole("region", { name: "Field 1" });
    await field.getByLabel("Title").fill("Title");
    await field.getByLabel("Required").check();
  });
  await table(page, "Samples");
  await page.getByRole("button", { name: "Register" }).click();
  const form = page.getByRole(DIALOG);
  await form.getByRole("button", { name: "Register" }).click();
  await form.getByText(/required/).first().waitFor();
  assert.equal(presses(calls).length, 0);
  await form.getByLabel("Title").fill("By hand");
  await form.getByRole("button", { name: "Register" }).click();
  await said(page, "status", /^Registered by/).waitFor();
  await row(page, "By hand").getByText("Registered", { exact: true }).waitFor();
  assert.equal(await stored("samples", "By hand"), "Registered");
  assert.equal(presses(calls).length, 1);
  assert.ok(presses(calls)[0].headers["idempotency-key"]);
});

story("a workflow is bound to the add form; the form saves the record, starts the workflow and says what it says", { path: "/" }, async ({ page, calls }) => {
  await drawWorkflow(page, "Check the sample in", { trigger: /^After a form/, collection: "Samples" }, async () => {
    await addUpdate(page, "Add at the beginning", "Note it", "Samples", { Status: "Checked in" });
    await addMessage(page, "Add after Note it", "Greet it", "Welcome, ", "Title", "");
  });
  await go(page, "Collections");
  await page.getByRole("main").getByRole("link", { name: "Samples", exact: true }).click();
  const card = page.getByRole("region", { name: "Workflows of the forms" });
  await card.getByLabel("The add form starts").first().click();
  await page.getByRole("option", { name: "Check the sample in" }).click();
  await page.keyboard.press("Escape");
  await card.getByRole("button", { name: "Save" }).click();
  await said(page, "status", "The forms start what you chose.").waitFor();

  await page.getByRole("link", { name: "Records" }).click();
  await addRecord(page, { Title: "Monday" });
  await said(page, "status", "Welcome, Monday").waitFor();
  await row(page, "Monday").getByText("Checked in", { exact: true }).waitFor();
  assert.equal(await stored("samples", "Monday"), "Checked in");
  const created = calls.filter((call) => call.path.startsWith("samples:create"));
  assert.equal(created.length, 1);
  assert.ok(created[0].headers["idempotency-key"]);
});

const PROCEDURE = "Send a welcome email (sendWelcomeEmail)";

async function procedure(page, answer) {
  await page.getByText("Procedure", { exact: true }).click();
  await choose(page, page.getByRole("combobox", { name: "Procedure" }), PROCEDURE);
  if (answer) await page.getByRole("region", { name: "Afterwards" }).getByRole("textbox", { name: "Message" }).fill(answer);
}

story("each kind is made: a procedure with its result in the message, one that asks first, the browser's own", { path: "/" }, async ({ page, calls }) => {
  await addUser(page, "Kim", { username: "kim", email: "kim@example.com", password: "welcome-aboard-77" });
  await makeButton(page, "Send welcome email", { collection: "Users" }, () => procedure(page, "Sent to {{result.sentTo}}"));
  await makeButton(page, "Write to them", { collection: "Users", question: "Write now?" }, () => procedure(page));
  await makeButton(page, "View profile", { collection: "Users" }, async () => {
    await page.getByText("In the browser", { exact: true }).click();
    await page.getByLabel("Address").fill("#/tables/users/{{record.id}}?seen=1");
  });
  await open(page, "/tables/users");
  const kim = page.getByRole("row").filter({ hasText: "kim@example.com" });
  /** Presses it; the result that comes back. */
  const answered = async (pressed) => {
    const [response] = await Promise.all([page.waitForResponse(/actions:run\//), pressed.click()]);
    const { status, result } = (await response.json()).data;
    return { status, ...result };
  };
  const sent = { status: "success", success: true, sentTo: "kim@example.com" };

  await kim.getByRole("button", { name: "Send welcome email" }).click();
  const form = page.getByRole(DIALOG);
  await form.getByLabel("Subject").waitFor(); // the procedure brings a form, in which nothing is required
  assert.deepEqual(await answered(form.getByRole("button", { name: "Send welcome email" })), sent);
  await said(page, "status", "Sent to kim@example.com").waitFor();

  await kim.getByRole("button", { name: "Write to them" }).click();
  await form.getByText("Write now?").waitFor();
  await form.getByRole("button", { name: "Cancel" }).click();
  await form.waitFor({ state: "detached" });
  assert.equal(presses(calls).length, 1);
  await kim.getByRole("button", { name: "Write to them" }).click();
  assert.deepEqual(await answered(form.getByRole("button", { name: "Write to them" })), sent);
  await form.waitFor({ state: "detached" });
  assert.equal(presses(calls).length, 2);

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

story("pressed twice quickly a button calls once, with a key of its own; pressed again later with another", { before: counter, path: "/tables/tallies" }, async ({ page, calls, settled }) => {
  const press = row(page, "Tally 1").getByRole("button", { name: "Count up" });
  await press.dblclick();
  await row(page, "Tally 1").getByText("2", { exact: true }).waitFor();
  await settled();
  assert.equal(presses(calls).length, 1);
  await press.evaluate((button) => [1, 2, 3].forEach(() => button.click()));
  await row(page, "Tally 1").getByText("3", { exact: true }).waitFor();
  await settled();
  assert.equal(presses(calls).length, 2);
  assert.equal(new Set(presses(calls).map((call) => call.headers["idempotency-key"])).size, 2);
  assert.equal(await stored("tallies", "Tally 1", "indicator"), 3);
  assert.equal((await found("executions", { key: "count_up" })).length, 2);
});
