// Takes the pictures of the tour, docs/console.md, against an instance with the example in it: `make pictures`.
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

const FOLDER = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
const MOST_BYTES = 250_000;
const SAMPLES = [["Well 7, north", 97.5, 2], ["Well 7, south", 88, 2], ["Patient 118", 93.2, 1], ["Patient 120", 64, 1], ["Spring, upper", 99, 2]];

async function prepare() {
  for (const [title, indicator, categoryId] of SAMPLES) await api("samples:create", { title, indicator, categoryId });
  const actions = [
    { key: "approve", title: "Approve", status: 1, values: { status: "Approved" } },
    { key: "reject", title: "Reject", status: -5, values: { status: "Rejected" } },
    { key: "draft", title: "Save draft", status: 0 },
  ];
  const schema = { type: "object", properties: { note: { type: "string", title: "Note for the laboratory" } } };
  const forms = { decision: { type: "custom", title: "Decision", schema, actions } };
  const ask = { type: "manual", title: "Ask the head of the laboratory", config: { assignees: ["{{$context.user.id}}"], title: "Release {{$context.data.title}}?", forms } };
  const config = { type: 1, collection: "samples", appends: [] };
  await api("workflows:create", { key: "release", title: "Release a sample", type: "custom-action", sync: false, enabled: true, config, nodes: [ask] });
  await api("samples:trigger/1?triggerWorkflows=release", {});
}

/** Runs the workflow: from then on its version stays as it is, which the canvas says. */
async function submitted() {
  await api("samples:trigger/3?triggerWorkflows=submit_inspection", {});
  const [run] = await api("executions:list?sort=-id&filter=" + encodeURIComponent('{"key":"submit_inspection"}'));
  return `/executions/${run.id}`;
}

async function task() {
  for (;;) {
    const [found] = await api("workflowManualTasks:listMine");
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const heading = (name) => (page) => page.getByRole("heading", { level: 1, name }).waitFor();

/** By name: where it is, or what leads there, when it is to be seen, and how high (pixels). In this order. */
async function shots() {
  const [submit] = await api("workflows:list?filter=" + encodeURIComponent('{"key":"submit_inspection"}'));
  return {
    canvas: [`/workflows/${submit.id}`, (page) => page.getByRole("button", { name: /^Set the status/ }).waitFor(), 1040],
    node: [`/workflows/${submit.id}`, async (page) => {
      await page.getByRole("button", { name: /^Indicator greater than 90/ }).click();
      await page.getByRole("button", { name: /variable into Left side/ }).click();
      await page.getByRole("list", { name: "Variables" }).waitFor();
    }],
    run: [submitted, (page) => page.getByRole("button", { name: /^Set the status ?, Succeeded/ }).waitFor(), 1240],
    table: ["/tables/samples", (page) => page.getByRole("button", { name: "Submit for Inspection" }).first().waitFor()],
    press: ["/tables/samples", async (page) => {
      await page.getByRole("row").filter({ hasText: "Well 7, north" }).getByRole("button", { name: "Submit for Inspection" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Submit for Inspection" }).waitFor();
    }],
    record: ["/tables/samples/3", (page) => page.getByRole("region", { name: "Runs" }).getByText("Succeeded").waitFor()],
    collection: ["/collections/samples", heading("Samples")],
    workflows: ["/workflows", (page) => page.getByRole("link", { name: "Submit for Inspection", exact: true }).waitFor()],
    button: ["/buttons/submit", heading("Submit for Inspection")],
    task: [async () => `/tasks/${(await task()).id}`, (page) => page.getByRole("button", { name: "Approve" }).waitFor()],
    role: ["/roles/member", heading(/member/i)],
  };
}

async function take() {
  mkdirSync(FOLDER, { recursive: true });
  await prepare();
  const seen = await visitor({ colorScheme: "light" });
  const { page } = seen;
  await signIn(page);
  for (const [name, [path, ready, height = 800]] of Object.entries(await shots())) {
    await page.setViewportSize({ width: 1280, height });
    await open(page, "/");
    await heading(/Hello/)(page);
    await open(page, typeof path === "string" ? path : await path());
    await ready(page);
    await seen.settled();
    await page.screenshot({ path: `${FOLDER}${name}.png`, animations: "disabled" });
    const { size } = statSync(`${FOLDER}${name}.png`);
    assert.ok(size < MOST_BYTES, `${name}.png has ${size} bytes`);
    console.log(`docs/pictures/${name}.png ${size} bytes`);
  }
  await noTrouble(seen);
}

await take().finally(close);
