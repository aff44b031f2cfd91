// What takes its time, and what goes wrong: runs in the background, tasks of people, rights, made by clicks on the samples of the stories
// before; and a server that does not answer.
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { after } from "node:test";
import { close, found, signIn } from "./page.js";
import { addNode, addRecord, addUpdate, addUser, button, choose, DIALOG, drawWorkflow, go, makeButton, pick, presses, row, said, samplesNamed, says, sets, signOut, stored, story, table, workflow } from "./story.js";

after(close);

const STEPBASE = new URL(process.env.STEPBASE_URL);

story("a run in the background is drawn; it is followed through its delay to its end, and the table shows the new state", { path: "/" }, async ({ page }) => {
  await drawWorkflow(page, "Heat the sample", { collection: "Samples", background: true }, async () => {
    await addNode(page, "Add at the beginning", "delay", "Heat up", async (drawer) => {
      await drawer.getByRole("textbox", { name: "Duration" }).fill("2");
      await choose(page, drawer.getByRole("combobox", { name: "Unit" }), "seconds");
      await choose(page, drawer.getByRole("combobox", { name: "Afterwards" }), "The workflow goes on");
    });
    await addUpdate(page, "Add after Heat up", "Note it", "Samples", { Status: "Hot" });
  });
  await makeButton(page, "Heat it", { collection: "Samples", workflow: "Heat the sample" });
  await table(page, "Samples");
  await addRecord(page, { Title: "Cold one" });
  const before = await stored("samples", "Cold one");
  await row(page, "Cold one").getByRole("button", { name: "Heat it" }).click();
  await page.getByText(/: (Queued|Running)/).waitFor();
  assert.equal(await stored("samples", "Cold one"), before);
  await page.getByText(/: Succeeded/).waitFor({ timeout: 30_000 });
  await row(page, "Cold one").getByText("Hot", { exact: true }).waitFor();
  assert.equal(await stored("samples", "Cold one"), "Hot");
  await row(page, "Cold one").getByRole("link").first().click();
  await page.getByRole("region", { name: "Runs" }).getByText("Succeeded").first().waitFor();
});

/** Draws the node that asks Mary to approve or to reject. */
async function askMary(page, drawer) {
  const assignees = drawer.getByRole("combobox", { name: "Assignees" });
  await assignees.click();
  await page.getByRole("option", { name: "Mary", exact: true }).click();
  await page.keyboard.press("Escape");
  await drawer.getByRole("textbox", { name: "Task title" }).fill("Approve ");
  await pick(page, drawer.getByRole("button", { name: /variable into Task title/ }), "Title");
  await drawer.getByLabel("Key of a new form").fill("decision");
  await drawer.getByRole("button", { name: "Add", exact: true }).first().click();
  const form = drawer.getByRole("group", { name: "Form decision" });
  await choose(page, form.getByRole("combobox", { name: "Kind" }), "Changes records");
  await choose(page, form.getByRole("combobox", { name: "Collection", exact: true }), "Samples");
  await form.getByRole("button", { name: "Condition", exact: true }).click();
  await choose(page, form.getByRole("combobox", { name: "Field", exact: true }), "ID");
  await pick(page, form.getByRole("button", { name: "Use a variable as the value" }), "ID");
  for (const [index, [key, title, status]] of [["approve", "Approve", "Agreed"], ["reject", "Reject", "Rejected"]].entries()) {
    await form.getByRole("button", { name: "Add to Actions" }).click();
    const action = form.getByRole("group", { name: `Action ${index + 1}` });
    await action.getByRole("textbox", { name: "Key" }).fill(key);
    await action.getByRole("textbox", { name: "Title" }).first().fill(title);
    await choose(page, action.getByRole("combobox", { name: "Status" }), status);
  }
}

story("a task waits for the person it was given to, who opens it and decides; the record has the decision", { path: "/" }, async ({ page }) => {
  await addUser(page, "Mary", { username: "mary", password: "i-decide-here-5" });
  await drawWorkflow(page, "Ask Mary", { collection: "Samples", background: true }, async () => {
    await addNode(page, "Add at the beginning", "manual", "Ask Mary", (drawer) => askMary(page, drawer));
  });
  await makeButton(page, "Ask for approval", { collection: "Samples", workflow: "Ask Mary" });
  await table(page, "Samples");
  await addRecord(page, { Title: "Doubtful" });
  await row(page, "Doubtful").getByRole("button", { name: "Ask for approval" }).click();
  await page.getByText(/: (Queued|Running)/).waitFor();
  await signOut(page);

  await signIn(page, "mary", "i-decide-here-5");
  assert.equal(await page.getByText("Ask for approval").count(), 0); // what was said to somebody else
  await page.getByRole("link", { name: /Tasks/ }).click();
  await page.getByRole("link", { name: "Approve Doubtful" }).click();
  await page.getByRole("heading", { level: 1, name: "Approve Doubtful" }).waitFor();
  await page.getByRole("main").getByLabel("Status").fill("Approved");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("Your answer was taken.").waitFor();
  await page.getByText("Agreed").first().waitFor();
  assert.equal(await stored("samples", "Doubtful"), "Approved");
  await ended("Ask Mary");
  await signOut(page, "Mary");
  await signIn(page);
  await table(page, "Samples");
  await row(page, "Doubtful").getByText("Approved", { exact: true }).waitFor();
});

/** Waits until the newest run of the workflow has succeeded. */
async function ended(title) {
  const [{ key }] = await found("workflows", { title });
  for (let looks = 0; looks < 600; looks++) {
    const [run] = await found("executions", { key }, "&sort=-id");
    if (run.status === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${title} did not succeed`);
}

/** Makes a role that sees every record and may nothing else. */
async function watcher(page) {
  await go(page, "Roles");
  await page.getByRole("button", { name: "New role" }).click();
  await page.getByRole(DIALOG).getByLabel("Title").fill("Watcher");
  await page.getByRole(DIALOG).getByRole("button", { name: "Make it" }).click();
  await page.getByRole("heading", { level: 1, name: "Watcher" }).waitFor();
  await page.getByRole("radio", { name: "View: All records" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await said(page, "status", "Saved").first().waitFor();
}

const BUTTONS = ["Submit for Inspection", "Heat it", "Ask for approval"];

story("who lacks the right sees the buttons disabled and why; pressing them calls nobody", { path: "/" }, async ({ page, calls, settled }) => {
  await watcher(page);
  await addUser(page, "Gus", { username: "gus", password: "only-watching-33", roles: ["Watcher"] });
  await table(page, "Samples");
  await addRecord(page, { Title: "Guarded" });
  const before = await stored("samples", "Guarded");
  await signOut(page);
  await signIn(page, "gus", "only-watching-33");
  await table(page, "Samples");
  await row(page, "Guarded").waitFor();
  await settled();
  const made = calls.length;
  for (const name of BUTTONS) {
    const refused = row(page, "Guarded").getByRole("button", { name });
    await refused.and(page.locator('[aria-disabled="true"]')).waitFor();
    await refused.click({ force: true });
    await refused.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("tooltip").getByText(/permission/i).waitFor();
    await page.mouse.move(0, 0);
  }
  await settled();
  assert.equal(calls.length, made);
  assert.equal(await page.getByRole(DIALOG).count(), 0);
  assert.equal(await stored("samples", "Guarded"), before);
  assert.equal(await page.getByRole("button", { name: "Add", exact: true }).count(), 0);
  for (const title of ["Collections", "Workflows", "Buttons", "Executions", "Users", "Roles"]) {
    assert.equal(await page.getByRole("link", { name: title, exact: true }).count(), 0, title);
  }
});

/** The product behind a wire that can be cut: `wire.mode` is `through`, `cut` (nobody listens) or `mute` (calls get there, answers do not come back). */
async function wired() {
  const wire = { mode: "through", lost: 0 };
  const server = createServer((caller) => {
    if (wire.mode === "cut") return caller.destroy();
    const product = connect(Number(STEPBASE.port), STEPBASE.hostname);
    const end = () => [caller, product].forEach((one) => one.destroy());
    const lose = () => {
      wire.lost += 1;
      end();
    };
    caller.on("data", (bytes) => product.write(bytes)).on("close", end).on("error", end);
    product.on("data", (bytes) => (wire.mode === "mute" ? lose() : caller.write(bytes))).on("close", end).on("error", end);
    wire.open.add(caller.on("close", () => wire.open.delete(caller)));
    return caller;
  });
  wire.open = new Set();
  wire.set = (mode) => {
    wire.mode = mode;
    if (mode === "cut") wire.open.forEach((one) => one.destroy());
  };
  wire.close = () => {
    wire.set("cut");
    server.close();
  };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  wire.url = `http://127.0.0.1:${server.address().port}`;
  return wire;
}

async function gauges() {
  await samplesNamed("gauges", "Gauge", [1]);
  await workflow("step_up", 1, "gauges", [sets("gauges", { indicator: "{{$context.data.indicator + 1}}" }), says("One more")]);
  await button("Step up", "gauges", "single", { name: "stepUp", workflows: [{ key: "step_up" }] });
  return wired();
}

const overWire = { before: gauges, expected: /net::ERR_/ };

story("a server that is gone is an error that stays; one whose answer was lost is asked under the same key, and did it once", overWire, async ({ page, calls, settled }, wire) => {
  try {
    await signIn(page, undefined, undefined, "/tables/gauges", wire.url);
    const press = row(page, "Gauge 1").getByRole("button", { name: "Step up" });
    await press.waitFor();
    await settled();

    wire.set("cut");
    await press.click();
    await page.getByRole("alert").filter({ hasText: "Step up" }).waitFor();
    assert.equal(await page.getByText("One more").count(), 0);
    await row(page, "Gauge 1").getByText("1", { exact: true }).waitFor();
    const refused = presses(calls);
    assert.equal(new Set(refused.map((call) => call.headers["idempotency-key"])).size, 1);

    wire.set("mute");
    await press.click();
    while (wire.lost === 0) await page.waitForTimeout(20);
    wire.set("through");
    await said(page, "status", "One more").waitFor();
    await row(page, "Gauge 1").getByText("2", { exact: true }).waitFor();
    const later = presses(calls).slice(refused.length);
    assert.ok(later.length > 1);
    assert.equal(new Set(later.map((call) => call.headers["idempotency-key"])).size, 1);
  } finally {
    wire.close();
  }
});
