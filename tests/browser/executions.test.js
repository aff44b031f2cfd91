// What ran: found by filters, looked at node by node and round by round, followed while it runs, cancelled, run again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor } from "./page.js";

const ON_SAMPLE = { type: 1, collection: "samples", appends: [] };
const text = (expression) => ({ engine: "string", expression });
let mary;

async function workflow(key, title, nodes, sync = false) {
  await api("workflows:create", { key, title, type: "custom-action", sync, enabled: true, config: ON_SAMPLE, nodes });
}

/** Runs it on a sample of its own; the execution's id. */
async function run(key, title) {
  const sample = await api("samples:create", { title, indicator: 1 });
  await api(`samples:trigger/${sample.id}?triggerWorkflows=${key}`, {}).catch(() => undefined);
  const [found] = await api(`executions:list?sort=-id&filter=${encodeURIComponent(JSON.stringify({ record: `samples/${sample.id}` }))}`);
  return { id: found.id, sample: sample.id };
}

async function until(holds) {
  for (let looks = 0; looks < 100; looks++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${holds} does not come true`);
}

let seen;

before(async () => {
  seen = await visitor();
  await signIn(seen.page);
  mary = await api("users:create", { username: "runs_mary", nickname: "Mary", password: "waits-for-her-91", roles: ["member"] });
  await workflow("runs_rounds", "Three rounds", [
    { key: "each", type: "loop", title: "Each of three", config: { target: 3 }, branches: { 0: [{ key: "said", type: "calculation", title: "Name the round", config: text("round {{$scopes.each.item}}") }] } },
    { type: "response-message", title: "Say it", config: { message: "All <b>three</b> are done" } },
  ], true);
  await workflow("runs_waits", "Waits for people", [
    { key: "ask", type: "manual", title: "Ask Mary", config: { assignees: [mary.id], title: "Look" } },
    { key: "rest", type: "delay", title: "Rest", config: { duration: 1, unit: 3_600_000, endStatus: 1 } },
  ]);
  await workflow("runs_breaks", "Breaks", [
    { key: "first", type: "calculation", title: "First", config: text("ready") },
    { key: "make", type: "create", title: "Make a post", config: { collection: "posts", params: { values: { title: null } } } },
  ]);
});
after(close);

const statusCells = (page) => page.locator("tbody tr td:nth-child(2)").allTextContents();

/** Chooses one status more in the filter. */
async function chooseStatus(page, name) {
  // What was chosen before lies over the input.
  await page.getByRole("combobox", { name: "Status" }).dispatchEvent("click");
  await page.getByRole("option", { name, exact: true }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("option", { name, exact: true }).waitFor({ state: "hidden" });
}

test("runs are found by workflow, record and status, and the address says which", async () => {
  const { sample } = await run("runs_rounds", "Found");
  const broken = await run("runs_breaks", "Broken");
  await until(async () => (await api(`executions:get/${broken.id}`)).status === -2);
  const { page } = seen;
  await open(page, "/executions");
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "Three rounds", exact: true }) });
  await row.first().getByText("Succeeded").waitFor();
  await page.getByLabel("Workflow").first().click();
  await page.getByRole("option", { name: "Breaks" }).click();
  await page.getByRole("row").getByRole("link", { name: "Breaks" }).first().waitFor();
  await row.first().waitFor({ state: "detached" });
  assert.match(page.url(), /workflow=runs_breaks/);
  await page.getByRole("button", { name: "Show all" }).click();
  await row.first().waitFor();

  for (const [name, status, filter] of [["Error", "-2", { status: -2 }], ["Succeeded", "-2,1", { status: { $in: [-2, 1] } }]]) {
    await chooseStatus(page, name);
    await page.waitForURL((url) => decodeURIComponent(url.hash).includes(`status=${status}`));
    const expected = (await found("executions", filter, "&sort=-id")).map((one) => (one.status === -2 ? "Error" : "Succeeded"));
    await until(async () => JSON.stringify(await statusCells(page)) === JSON.stringify(expected));
  }
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByLabel("Record").fill(`samples/${sample}`);
  await page.keyboard.press("Enter");
  await page.getByText("1–1 of 1").waitFor();
  await row.getByRole("link", { name: `Samples ${sample}` }).waitFor();
  await chooseStatus(page, "Error");
  await page.getByText("Nothing matches").waitFor();
  await noTrouble(seen);
});

// Fourteen hours before and eleven behind UTC: for one of them at least it is another day there than in UTC.
for (const timezoneId of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
  test(`days are those of the user's zone: ${timezoneId}`, async () => {
    const { sample } = await run("runs_rounds", `Of today, ${timezoneId}`);
    const dayIn = (date) => new Intl.DateTimeFormat("sv-SE", { timeZone: timezoneId }).format(date);
    const [{ createdAt }] = await found("executions", { record: `samples/${sample}` });
    const day = dayIn(new Date(createdAt));
    const [dayBefore, dayAfter] = [-86_400_000, 86_400_000].map((shift) => new Date(Date.parse(`${day}T00:00:00Z`) + shift).toISOString().slice(0, 10));
    const there = await visitor({ timezoneId });
    const { page } = there;
    await signIn(page, undefined, undefined, `/executions?record=samples/${sample}`);
    const one = page.getByText("1–1 of 1");
    const none = page.getByText("Nothing matches");
    await one.waitFor();
    const days = [["From", day, one], ["To", day, one], ["From", dayAfter, none], ["From", "", one], ["To", dayBefore, none], ["To", day, one]];
    for (const [label, value, expected] of days) {
      const asked = there.calls.length;
      await page.getByLabel(label, { exact: true }).fill(value);
      await until(() => there.calls.length > asked);
      await there.settled();
      await expected.waitFor();
    }
    await noTrouble(there);
    await page.context().close();
  });
}

test("a run shows what it said, each node's result, and the rounds of a loop", async () => {
  const { id } = await run("runs_rounds", "Rounds");
  const { page } = seen;
  await open(page, `/executions/${id}`);
  await page.getByRole("alert").or(page.getByText("All <b>three</b> are done")).first().waitFor();
  await page.getByRole("group", { name: `Execution ${id} of Three rounds` }).getByText("Name the round").click();
  const details = page.getByRole("region", { name: "Details" });
  const result = details.getByRole("region", { name: "Result" });
  await result.getByText("round 2").waitFor();
  await page.getByRole("button", { name: "Round before, of Each of three" }).click();
  await result.getByText("round 1").waitFor();
  assert.match(decodeURIComponent(page.url()), /rounds=each:1/);
  await page.getByRole("radiogroup", { name: "How the run is shown" }).getByText("List").click();
  await page.getByRole("list", { name: "Nodes" }).getByRole("button", { name: /Each of three/ }).click();
  await result.getByText('"looped": 3').waitFor();
  await page.getByRole("list", { name: "Nodes" }).getByRole("button", { name: "Trigger" }).click();
  await details.getByRole("region", { name: "Context" }).getByText('"title": "Rounds"').waitFor();
  await page.getByText("A synchronous workflow is run again by its trigger").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Run again" }).first().hover({ force: true });
  await page.getByRole("tooltip").getByText("A synchronous workflow is run again by its trigger").waitFor();
  await noTrouble(seen);
});

test("a run that waits says for whom and until when, goes on before one's eyes, and can be cancelled", async () => {
  const { id } = await run("runs_waits", "Waiting");
  const { page } = seen;
  await open(page, `/executions/${id}`);
  await page.getByRole("status").getByText("Ask Mary waits for Mary (task)").waitFor();
  const [task] = await api(`workflowManualTasks:list?filter=${encodeURIComponent(JSON.stringify({ executionId: id }))}`);
  assert.equal(task.userId, mary.id);
  await api(`jobs:resume/${id}-1`, { status: 1, result: "fine" });
  await page.getByRole("status").getByText(/Rest waits until/).waitFor();
  await page.getByRole("button", { name: "Cancel it" }).click();
  const before = seen.calls.filter((call) => call.path.startsWith("executions:cancel")).length;
  assert.equal(before, 0);
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel it" }).click();
  await page.getByRole("region", { name: "The run" }).getByText("Aborted").waitFor();
  await page.getByRole("region", { name: "The run" }).getByText("manual cancel").waitFor();
  assert.equal((await api(`executions:get/${id}`)).status, -3);
  assert.equal(await page.getByRole("button", { name: "Cancel it" }).count(), 0);
  await noTrouble(seen);
});

test("a run that failed says where and why, and is run again from there", async () => {
  const { id } = await run("runs_breaks", "Failing");
  const { page } = seen;
  await open(page, `/executions/${id}`);
  await page.getByRole("alert").getByText("Make a post ended it").waitFor();
  const details = page.getByRole("region", { name: "Details" });
  await details.getByRole("region", { name: "Error" }).getByText(/title/).waitFor();
  await details.getByRole("button", { name: "Run again from here" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Run again" }).click();
  await page.getByRole("region", { name: "The run" }).getByText("Rerun of").waitFor();
  await page.getByRole("link", { name: String(id) }).waitFor();
  await page.getByRole("alert").getByText("Make a post ended it").waitFor();
  await page.getByRole("button", { name: "More about this execution" }).click();
  await page.getByRole("menuitem", { name: "Delete from history" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Executions" }).waitFor();
  await noTrouble(seen);
});

test("who does not manage workflows is told so", async () => {
  const other = await visitor();
  await signIn(other.page, "runs_mary", "waits-for-her-91", "/executions");
  await other.page.getByText("What workflows did is shown to who manages them.").waitFor();
  assert.equal(await other.page.getByRole("link", { name: "Executions" }).count(), 0);
  await other.settled();
  assert.ok(!other.calls.some((call) => call.path.startsWith("executions:")));
  await noTrouble(other);
});
