// What ran: found by filters, looked at node by node and round by round, followed while it runs, cancelled, run again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

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

test("runs are found by workflow, status, record and day, and the address says which", async () => {
  const { sample } = await run("runs_rounds", "Found");
  await run("runs_breaks", "Broken");
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
  await page.getByLabel("Record").fill(`samples/${sample}`);
  await page.keyboard.press("Enter");
  await page.getByText("1–1 of 1").waitFor();
  await row.getByRole("link", { name: `Samples ${sample}` }).waitFor();
  await page.getByLabel("Status").first().click();
  await page.getByRole("option", { name: "Error" }).click();
  await page.keyboard.press("Escape");
  await page.getByText("Nothing matches").waitFor();
  await open(page, "/executions?from=2001-01-01&to=2001-01-02");
  await page.getByText("Nothing matches").waitFor();
  await noTrouble(seen);
});

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
  await noTrouble(other);
});
