// What takes its time, and what goes wrong: runs in the background, tasks of people, rights, a server that does not answer.
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { after } from "node:test";
import { api, close, open, signIn } from "./page.js";
import { button, presses, row, said, samplesNamed, says, sets, story, workflow } from "./story.js";

after(close);

const STEPBASE = new URL(process.env.STEPBASE_URL);

async function ovens() {
  await samplesNamed("ovens", "Oven", [20]);
  const nodes = [{ type: "delay", title: "Heat up", config: { unit: 1000, duration: 3, endStatus: 1 } }, sets("ovens", { status: "Hot" })];
  await workflow("heat", 1, "ovens", nodes, { sync: false, title: "Heat" });
  await button("Heat it", "ovens", "single", { name: "heat", workflows: [{ key: "heat" }] });
}

story("a run in the background is followed through its delay to its end, and the table shows the new state", { before: ovens, path: "/tables/ovens" }, async ({ page }) => {
  await row(page, "Oven 1").getByRole("button", { name: "Heat it" }).click();
  await page.getByText(/heat: (Queued|Running)/i).waitFor();
  await row(page, "Oven 1").getByText("Collected", { exact: true }).waitFor();
  await page.getByText(/heat: Succeeded/i).waitFor({ timeout: 30_000 });
  await row(page, "Oven 1").getByText("Hot", { exact: true }).waitFor();
  await row(page, "Oven 1").getByRole("link").click();
  await page.getByRole("region", { name: "Runs" }).getByText("Succeeded").waitFor();
});

async function requests() {
  const [id] = await samplesNamed("requests", "Request", [1]);
  await api("roles:create", { name: "decider", title: "Decider", strategy: { actions: ["view"] } });
  const mary = await api("users:create", { username: "mary", nickname: "Mary", password: "i-decide-here-5", roles: ["decider"] });
  const actions = [{ key: "approve", title: "Approve", status: 1, values: { status: "Approved" } }, { key: "reject", title: "Reject", status: -5, values: { status: "Rejected" } }];
  const decision = { type: "update", title: "Decide", collection: "requests", filter: { id: "{{$context.data.id}}" }, actions };
  const ask = { type: "manual", title: "Ask Mary", config: { assignees: [mary.id], title: "Approve {{$context.data.title}}", forms: { decision } } };
  await workflow("ask_mary", 1, "requests", [ask], { sync: false });
  await button("Ask for approval", "requests", "single", { name: "askForApproval", workflows: [{ key: "ask_mary" }] });
  return id;
}

story("a task waits for the person it was given to, who opens it and decides; the record has the decision", { before: requests, path: "/tables/requests" }, async ({ page }) => {
  await row(page, "Request 1").getByRole("button", { name: "Ask for approval" }).click();
  await page.getByText(/ask_mary: (Queued|Running)/).waitFor();
  await page.getByRole("button", { name: "Super Admin" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();

  await signIn(page, "mary", "i-decide-here-5", "/tasks");
  assert.equal(await page.getByText("Ask for approval").count(), 0); // what was said to somebody else
  await page.getByRole("link", { name: "Approve Request 1" }).click();
  await page.getByRole("heading", { level: 1, name: "Approve Request 1" }).waitFor();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("Your answer was taken.").waitFor();
  await page.getByText("Agreed").first().waitFor();
  await open(page, "/tables/requests");
  await row(page, "Request 1").getByText("Approved", { exact: true }).waitFor();
});

async function guards() {
  await samplesNamed("vaults", "Vault", [1]);
  await workflow("unlock", 1, "vaults", [sets("vaults", { status: "Open" })]);
  await button("Unlock", "vaults", "single", { workflows: [{ key: "unlock" }] });
  const view = [{ name: "view", fields: ["title", "status"] }];
  await api("roles:create", { name: "guard", title: "Guard", strategy: { actions: [] }, resources: { vaults: { usingActionsConfig: true, actions: view } } });
  await api("users:create", { username: "gus", nickname: "Gus", password: "only-watching-33", roles: ["guard"] });
}

const asGuard = { before: guards, path: "/tables/vaults", account: "gus", password: "only-watching-33" };

story("who lacks the right sees the button disabled and why; pressing it calls nobody", asGuard, async ({ page, calls }) => {
  const unlock = row(page, "Vault 1").getByRole("button", { name: "Unlock" });
  await unlock.and(page.locator('[aria-disabled="true"]')).waitFor();
  await page.waitForLoadState("networkidle");
  const before = calls.length;
  await unlock.click({ force: true });
  await unlock.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("tooltip").getByText(/permission/i).waitFor();
  assert.equal(calls.length, before);
  await row(page, "Vault 1").getByText("Collected", { exact: true }).waitFor();
  for (const title of ["Collections", "Workflows", "Buttons", "Executions", "Users", "Roles"]) {
    assert.equal(await page.getByRole("link", { name: title, exact: true }).count(), 0, title);
  }
});

/** The product behind a wire that can be cut: `wire.mode` is `through`, `cut` (nobody listens) or `mute` (calls get there, answers do not come back). */
async function wired() {
  const wire = { mode: "through" };
  const server = createServer((caller) => {
    if (wire.mode === "cut") return caller.destroy();
    const product = connect(Number(STEPBASE.port), STEPBASE.hostname);
    const end = () => [caller, product].forEach((one) => one.destroy());
    caller.on("data", (bytes) => product.write(bytes)).on("close", end).on("error", end);
    product.on("data", (bytes) => (wire.mode === "mute" ? end() : caller.write(bytes))).on("close", end).on("error", end);
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

story("a server that is gone is an error that stays; one whose answer was lost is asked under the same key, and did it once", overWire, async ({ page, calls }, wire) => {
  try {
    await signIn(page, undefined, undefined, "/tables/gauges", wire.url);
    const press = row(page, "Gauge 1").getByRole("button", { name: "Step up" });
    await press.waitFor();
    await page.waitForLoadState("networkidle");

    wire.set("cut");
    await press.click();
    await page.getByRole("alert").filter({ hasText: "Step up" }).waitFor();
    assert.equal(await page.getByText("One more").count(), 0);
    await row(page, "Gauge 1").getByText("1", { exact: true }).waitFor();
    const refused = presses(calls);
    assert.equal(new Set(refused.map((call) => call.headers["idempotency-key"])).size, 1);

    wire.set("mute");
    await press.click();
    while (presses(calls).length === refused.length) await page.waitForTimeout(20);
    await page.waitForTimeout(200);
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
