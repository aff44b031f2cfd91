// Everybody can use it: every screen that the console has, by its own list, and what opens over it. axe finds nothing serious in light colours
// on a desk nor in dark ones on a phone of 375 px, where nothing is wider than the phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor } from "./page.js";

const AXE = readFileSync(createRequire(new URL("../../console/package.json", import.meta.url)).resolve("axe-core/axe.min.js"), "utf8");
const LISTED = readFileSync(new URL("../../console/src/screens/index.ts", import.meta.url), "utf8");
const PATTERNS = [...LISTED.matchAll(/\bpath: "([^"]+)"/g)].map((match) => match[1]);
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 375, height: 740 };
const SUBMIT = "Submit for Inspection";

const made = {};
const button = (name) => (page) => page.getByRole("main").getByRole("button", { name }).first().click();
async function aField(page) {
  await page.getByRole("button", { name: "Add a field" }).click();
  await page.getByRole("region", { name: "Field 1" }).getByLabel("Title").fill("Why");
}
const chosen = (first, item) => async (page) => {
  await page.getByRole("button", { name: first }).first().click();
  await page.getByRole("menuitem", { name: item }).click();
};

/** An address for each path with parameters; a screen that is new needs one here. */
const EXAMPLES = {
  "/tables/:collection": () => "/tables/samples",
  "/tables/:collection/:id": () => "/tables/samples/1",
  "/collections/:name": () => "/collections/samples",
  "/roles/:name": () => "/roles/member",
  "/workflows/:id": () => `/workflows/${made.ran}`,
  "/executions/:id": () => `/executions/${made.failed}`,
  "/buttons/:name": () => "/buttons/submit",
  "/tasks/:id": () => `/tasks/${made.task}`,
  "*": () => "/nowhere",
};

/** What opens over a screen, as `[address, what opens it]`; with an address alone the form or the tab has one of its own. */
const OVER = () => [
  ["/tables/samples", button("Filter")],
  ["/tables/samples", button("Columns")],
  ["/tables/samples", (page) => page.getByRole("button", { name: "More about Sample 1" }).click()],
  ["/tables/samples", chosen("More about Sample 1", "Delete")],
  ["/tables/samples", button(SUBMIT)],
  ["/tables/samples", button("Archive")],
  ["/tables/samples?open=new"],
  ["/tables/samples?open=1"],
  ["/tables/samples/1", button("Measure again")],
  ["/", button("Register a sample")],
  ["/", (page) => page.getByRole("button", { name: "Super Admin" }).or(page.getByRole("button", { name: "Your account" })).first().click()],
  ["/collections?open=new"],
  ["/collections/samples?open=new"],
  ["/collections/samples?open=category"],
  ["/collections/samples", button("Drop")],
  ["/workflows", button("New workflow")],
  ["/workflows", button("Import")],
  [`/workflows/${made.drawn}`, (page) => page.locator(".wf-card-main").nth(1).click()],
  [`/workflows/${made.drawn}`, (page) => page.locator(".wf-card-main").first().click()],
  [`/workflows/${made.drawn}`, button("Add at the beginning")],
  [`/workflows/${made.drawn}`, chosen("More about Found", "Move to…")],
  [`/workflows/${made.drawn}`, chosen("More about Found", "Delete")],
  [`/workflows/${made.drawn}`, chosen("More about this workflow", "Settings")],
  [`/workflows/${made.drawn}`, button(/^Run$/)],
  [`/executions/${made.failed}`, (page) => page.getByRole("radiogroup", { name: "How the run is shown" }).getByText("List").click()],
  [`/executions/${made.failed}`, button(/^Run again$/)],
  ["/executions?status=-2"],
  ["/tasks?show=closed"],
  ["/tasks?show=copies"],
  ["/users?open=new"],
  ["/users?open=1"],
  ["/users", button("Set the password of Axe")],
  ["/users", button("Block Axe")],
  ["/roles?open=new"],
  ["/roles/root"],
  ["/roles/axe?tab=collections"],
  ["/roles/axe?tab=collections&open=samples"],
  ["/roles/axe?tab=areas"],
  ["/roles/axe?tab=members"],
  ["/api-keys?open=new"],
  ["/buttons/remeasure"],
  // The last one: who has begun it is asked before leaving.
  ["/buttons/+?collection=samples", aField],
];

before(async () => {
  const actions = [{ name: "view", fields: ["title"], scope: { status: "Collected" } }, { name: "trigger", scope: "own" }];
  await api("roles:create", { name: "axe", title: "Axe", resources: { samples: { usingActionsConfig: true, actions } } });
  await api("users:create", { username: "axe", nickname: "Axe", roles: ["axe"] });
  await workflows();
  const missing = PATTERNS.filter((one) => (one.includes(":") || one === "*") && !EXAMPLES[one]);
  assert.deepEqual(missing, [], "these screens need an address in EXAMPLES");
});
after(close);

/** One that has run, one that can be changed, a run that failed, a task with a form of several inputs. */
async function workflows() {
  const config = { type: 1, collection: "samples", appends: [] };
  const create = async (key, nodes, more) => (await api("workflows:create", { key, title: `Axe: ${key}`, type: "custom-action", enabled: true, config, nodes, ...more })).id;
  const find = { key: "found", type: "query", title: "Found", config: { collection: "samples", params: { filter: { id: "{{$context.data.id}}" } } } };
  const calculation = { group: { type: "and", calculations: [{ calculator: "gt", operands: ["{{$context.data.indicator}}", 90] }] } };
  const said = { type: "response-message", config: { message: "{{$jobsMapByNodeKey.found.title}}" } };
  made.drawn = await create("axe_drawn", [find, { type: "condition", title: "Meets", config: { rejectOnFalse: false, calculation }, branches: { 1: [said] } }, { type: "parallel", title: "Both", config: {} }], { sync: true });
  made.ran = await create("axe_fails", [{ type: "create", title: "Make a post", config: { collection: "posts", params: { values: { title: null } } } }], { sync: false });
  const schema = { type: "object", required: ["note"], properties: { note: { type: "string", title: "Note", minLength: 1 }, kind: { enum: ["a", "b"], title: "Kind" }, sure: { type: "boolean", title: "Sure" }, score: { type: "integer", title: "Score" } } };
  const forms = { decision: { type: "custom", title: "Decide", schema, actions: [{ key: "yes", title: "Approve", status: 1 }, { key: "no", title: "Reject", status: -5 }] } };
  await create("axe_asks", [{ type: "manual", title: "Ask", config: { assignees: ["{{$context.user.id}}"], title: "Look at it", forms } }], { sync: false });
  await api("samples:trigger/1?triggerWorkflows=axe_fails,axe_asks", {});
  made.failed = (await until(async () => (await found("executions", { key: "axe_fails" })).find((one) => one.status < 0))).id;
  made.task = (await until(async () => (await api("workflowManualTasks:listMine"))[0])).id;
}

async function until(ask) {
  for (let looks = 0; looks < 100; looks++) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it did not come");
}

/** Waits until nothing moves or fades any more: half faded in a text is pale to axe. What goes round and round is left out. */
async function still(page) {
  await page.evaluate(async () => {
    await new Promise(requestAnimationFrame);
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.all(ending.map((one) => one.finished.catch(() => undefined)));
  });
}

async function axe(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const worst = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  return worst.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.html.slice(0, 160)}`).join(" | ")}`);
}

/** Where the page, or a form over it, is wider than the window. */
async function tooWide(page) {
  const { widest, width } = await page.evaluate(() => {
    const dialogs = [...document.querySelectorAll("[role=dialog], [role=alertdialog]")].map((one) => one.scrollWidth);
    return { widest: Math.max(document.documentElement.scrollWidth, ...dialogs), width: window.innerWidth };
  });
  return widest > width ? [`${widest} of ${width} px`] : [];
}

/** What is wrong with what is to be seen: in light colours on a desk, in dark ones and by its width on a phone. */
async function wrong({ page }) {
  await still(page);
  const desk = await axe(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(PHONE);
  await still(page);
  const phone = [...(await axe(page)), ...(await tooWide(page))];
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: "light" });
  return Object.entries({ desk, phone }).flatMap(([where, list]) => list.map((one) => `${where}: ${one}`));
}

/** What is wrong on each of these screens, to somebody who is signed in. */
async function findings(screens) {
  const seen = await visitor({ colorScheme: "light" });
  const { page } = seen;
  await signIn(page);
  const all = [];
  for (const [address, act] of screens) {
    await open(page, "/nowhere");
    await page.getByRole("heading", { name: "is not there" }).or(page.getByText("is not there")).first().waitFor();
    await open(page, address);
    await page.locator(/[?&]open=/.test(address) ? "[role=dialog] form" : "main :is(h1, h2, p)").first().waitFor();
    await seen.settled();
    await act?.(page);
    await seen.settled();
    for (const one of await wrong(seen)) all.push(`${address} ${act ?? ""}: ${one}`);
    await page.keyboard.press("Escape");
  }
  await noTrouble(seen);
  return all;
}

test("nothing serious on any screen", async () => {
  assert.deepEqual(await findings(PATTERNS.map((one) => [EXAMPLES[one]?.() ?? one])), []);
});

test("nothing serious in what opens over a screen", async () => {
  assert.deepEqual(await findings(OVER()), []);
});

test("nothing serious where one signs in, with a wrong password too", async () => {
  const seen = await visitor({ colorScheme: "light" });
  const { page } = seen;
  await open(page);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  const found = await wrong(seen);
  seen.expect("401 auth:signIn");
  await page.getByLabel("E-mail or username").fill("nobody");
  await page.getByRole("textbox", { name: "Password" }).fill("guessed");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.deepEqual([...found, ...(await wrong(seen))], []);
  await noTrouble(seen);
});

test("axe notices here what nobody can read, and the width what sticks out", async () => {
  const seen = await visitor();
  await open(seen.page);
  await seen.page.getByRole("button", { name: "Sign in" }).waitFor();
  await seen.page.evaluate(() => {
    const pale = Object.assign(document.createElement("p"), { textContent: "Pale" });
    Object.assign(pale.style, { color: "#bbb", width: "500px" });
    document.body.append(pale);
  });
  const found = (await wrong(seen)).join("\n");
  assert.match(found, /^desk: color-contrast: .*Pale/m);
  assert.match(found, /^phone: 5\d\d of 375 px/m);
});

test("on a phone the navigation opens and closes", async () => {
  const seen = await visitor({ viewport: PHONE, hasTouch: true });
  const { page } = seen;
  await signIn(page);
  await page.getByRole("button", { name: "Open the navigation" }).click();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Samples" }).click();
  await page.getByRole("heading", { name: "Samples" }).waitFor();
  await page.getByRole("button", { name: "Open the navigation" }).waitFor();
  assert.deepEqual(await tooWide(page), []);
  await noTrouble(seen);
});
