// What axe finds serious on a screen of the console, in light and dark colours, on a desk and on a phone of 375 px, where nothing may be wider
// than the phone; and the world in which every screen has something to show.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { api, found, noTrouble, open, signIn, visitor } from "./page.js";

const AXE = readFileSync(createRequire(new URL("../../console/package.json", import.meta.url)).resolve("axe-core/axe.min.js"), "utf8");
const LISTED = readFileSync(new URL("../../console/src/screens/index.ts", import.meta.url), "utf8");
const PATTERNS = [...LISTED.matchAll(/\bpath: "([^"]+)"/g)].map((match) => match[1]);
const WIDE = { width: 1280, height: 800 };
export const PHONE = { width: 375, height: 740 };

/** Ids of what `world` makes. */
export const made = {};

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

/** Every screen that the console has, by its own list. */
export const screens = () => PATTERNS.map((one) => [EXAMPLES[one]?.() ?? one]);

const look = (where, colorScheme, size) => ({ where: `${where}, ${colorScheme}`, colorScheme, size });
export const LOOKS = [look("desk", "light", WIDE), look("phone", "dark", PHONE)];
export const OTHER_LOOKS = [look("desk", "dark", WIDE), look("phone", "light", PHONE)];

export async function world() {
  const actions = [{ name: "view", fields: ["title"], scope: { status: "Collected" } }, { name: "trigger", scope: "own" }];
  await api("roles:create", { name: "axe", title: "Axe", resources: { samples: { usingActionsConfig: true, actions } } });
  await api("users:create", { username: "axe", nickname: "Axe", roles: ["axe"] });
  await workflows();
  const missing = PATTERNS.filter((one) => (one.includes(":") || one === "*") && !EXAMPLES[one]);
  assert.deepEqual(missing, [], "these screens need an address in EXAMPLES");
}

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
  for (let looks = 0; looks < 600; looks++) {
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
export async function tooWide(page) {
  const { widest, width } = await page.evaluate(() => {
    const dialogs = [...document.querySelectorAll("[role=dialog], [role=alertdialog]")].map((one) => one.scrollWidth);
    return { widest: Math.max(document.documentElement.scrollWidth, ...dialogs), width: window.innerWidth };
  });
  return widest > width ? [`${widest} of ${width} px`] : [];
}

/** What is wrong with what is to be seen, as it looks in each of these ways. */
export async function wrong({ page }, looks = LOOKS) {
  const all = [];
  for (const { where, colorScheme, size } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    await still(page);
    for (const one of [...(await axe(page)), ...(size === PHONE ? await tooWide(page) : [])]) all.push(`${where}: ${one}`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: "light" });
  return all;
}

/** What is wrong on each of these screens, to somebody who is signed in. */
export async function findings(screens, looks = LOOKS) {
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
    for (const one of await wrong(seen, looks)) all.push(`${address} ${act ?? ""}: ${one}`);
    await page.keyboard.press("Escape");
  }
  await noTrouble(seen);
  return all;
}
