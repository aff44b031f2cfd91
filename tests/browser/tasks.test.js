// Tasks: a badge, the record, forms with their rules, drafts, what the server refuses, history; copies.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

const PASSWORD = "does-her-tasks-91";
let tina;
let seen;

async function ask(key, forms, data = {}) {
  const nodes = [{ key: "ok", type: "manual", title: "Ask", config: { assignees: [tina.id], title: "Look at {{$context.data.title}}", forms } }];
  await api("workflows:create", { key, title: key, type: "custom-action", sync: false, enabled: true, config: { type: 1, collection: "samples", appends: [] }, nodes });
  const sample = await api("samples:create", { title: `For ${key}`, indicator: 7, ...data });
  await api(`samples:trigger/${sample.id}?triggerWorkflows=${key}`, {});
  for (let looks = 0; looks < 100; looks++) {
    const [run] = await api(`executions:list?appends=jobs&filter=${encodeURIComponent(JSON.stringify({ key }))}`);
    if (run?.jobs.length > 0) return { sample: sample.id, execution: run.id };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${key} did not begin to wait`);
}

before(async () => {
  const resources = { samples: { usingActionsConfig: true, actions: [{ name: "view" }] }, posts: { usingActionsConfig: true, actions: [{ name: "view" }] } };
  await api("roles:create", { name: "clerk", title: "Clerk", strategy: { actions: [] }, resources });
  tina = await api("users:create", { username: "tina", nickname: "Tina", password: PASSWORD, roles: ["clerk"] });
  seen = await visitor();
});
after(close);

test("a task is found by its badge, kept as a draft, held against its form, settled, and read afterwards", async () => {
  const schema = { type: "object", required: ["note"], properties: { note: { type: "string", title: "Note", minLength: 1 }, score: { type: "integer", title: "Score", maximum: 10 } } };
  const actions = [{ key: "yes", title: "Approve", status: 1 }, { key: "no", title: "Reject", status: -5 }, { key: "keep", title: "Save draft", status: 0 }];
  const { sample, execution } = await ask("tasks_decide", { decision: { type: "custom", title: "Your decision", schema, actions } });
  const { page, calls } = seen;
  await signIn(page, "tina", PASSWORD);
  await page.getByRole("navigation", { name: "Main" }).getByRole("status", { name: "1 to do" }).waitFor();
  assert.equal(calls.filter((call) => call.path.startsWith("userWorkflowTasks")).length, 0);
  await page.getByRole("link", { name: /Tasks/ }).click();
  await page.getByRole("link", { name: "Look at For tasks_decide" }).click();
  await page.getByRole("region", { name: "The record" }).getByText("For tasks_decide").first().waitFor();

  const form = page.getByRole("region", { name: "Your decision" });
  await form.getByRole("button", { name: "Approve" }).click();
  await form.getByText("is required").first().waitFor();
  assert.equal(calls.filter((call) => call.path.startsWith("workflowManualTasks:submit")).length, 0);
  await form.getByLabel("Score").fill("8");
  await form.getByRole("button", { name: "Save draft" }).click();
  await page.getByText("You can go on later.").waitFor();
  await open(page, "/tasks");
  await page.getByRole("row").getByText("Draft").waitFor();
  await page.getByRole("link", { name: "Look at For tasks_decide" }).click();
  await form.getByLabel("Note").fill("It is <i>fine</i>");
  assert.equal(await form.getByLabel("Score").inputValue(), "8");
  await form.getByRole("button", { name: "Approve" }).click();
  await page.getByText("Your answer was taken.").waitFor();
  await form.getByText("You chose").getByText("Approve").waitFor();
  await form.getByText("It is <i>fine</i>").waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("status").waitFor({ state: "detached" });

  await open(page, "/tasks");
  await page.getByText("Nothing waits for you").waitFor();
  await page.getByRole("radiogroup", { name: "Which tasks" }).getByText("Done").click();
  await page.getByRole("row").getByText("Agreed").waitFor();
  assert.match(page.url(), /show=closed/);
  const submitted = calls.filter((call) => call.path.startsWith("workflowManualTasks:submit"));
  assert.equal(submitted.length, 2);
  assert.equal(new Set(submitted.map((call) => call.headers["idempotency-key"])).size, 2);
  assert.ok(!submitted.some((call) => call.headers["idempotency-key"] === undefined));
  const [job] = (await api(`executions:get/${execution}?appends=jobs`)).jobs;
  assert.deepEqual([job.status, job.result], [1, { decision: { note: "It is <i>fine</i>", score: 8 }, _: "yes" }]);
  assert.ok(sample);
  await noTrouble(seen);
});

test("forms on records write them, and what the server refuses stands at its field", async () => {
  const forms = {
    fix: { type: "update", collection: "samples", filter: { id: "{{$context.data.id}}" }, fields: ["status"], title: "Mark the sample", actions: [{ key: "fix", title: "Mark it", status: 1 }] },
    tell: { type: "create", collection: "posts", actions: [{ key: "tell", title: "Post it", status: 1 }] },
  };
  const { sample } = await ask("tasks_records", forms);
  const { page } = seen;
  await open(page, "/tasks");
  await page.getByRole("link", { name: "Look at For tasks_records" }).click();
  const post = page.getByRole("region", { name: "Add posts" });
  await post.getByLabel("Content").fill("Without a title");
  seen.expect("400 workflowManualTasks:submit");
  await post.getByRole("button", { name: "Post it" }).click();
  await post.locator('[class*="error"]').getByText(/title|required/i).first().waitFor();
  const mark = page.getByRole("region", { name: "Mark the sample" });
  assert.equal(await mark.getByLabel("Title").count(), 0);
  await mark.getByLabel("Status").fill("Seen by Tina");
  await mark.getByRole("button", { name: "Mark it" }).click();
  await page.getByText("Your answer was taken.").last().waitFor();
  await page.getByRole("region", { name: "The record" }).getByText("Seen by Tina").waitFor();
  assert.equal((await api(`samples:get/${sample}`)).status, "Seen by Tina");
  await noTrouble(seen);
});

test("copies are read and marked", async () => {
  await api("workflows:create", { key: "tasks_copy", type: "custom-action", sync: true, enabled: true, config: { type: 0 }, nodes: [{ type: "cc", config: { users: [tina.id], title: "News about {{$context.data.what}}" } }] });
  await api("workflows:trigger?triggerWorkflows=tasks_copy", { what: "<script>alert(1)</script>" });
  const { page } = seen;
  await open(page, "/tasks?show=copies");
  const row = page.getByRole("row").filter({ hasText: "News about <script>alert(1)</script>" });
  await row.getByText("Unread").waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("status", { name: "1 unread" }).waitFor();
  await row.getByRole("button", { name: "Mark as read" }).click();
  await row.getByText("Read", { exact: true }).waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("status").waitFor({ state: "detached" });
  await row.getByRole("button", { name: "Mark as unread" }).click();
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await row.getByText("Read", { exact: true }).waitFor();
  await noTrouble(seen);
});
