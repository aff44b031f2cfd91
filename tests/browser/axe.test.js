// Every screen that the console has, by its own list: axe finds nothing serious, light and dark, and no page is wider than a phone of 375 px.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { api, close, noTrouble, open, visitor } from "./page.js";

const AXE = readFileSync(createRequire(new URL("../../console/package.json", import.meta.url)).resolve("axe-core/axe.min.js"), "utf8");
const LISTED = readFileSync(new URL("../../console/src/screens/index.ts", import.meta.url), "utf8");
const PATTERNS = [...LISTED.matchAll(/\bpath: "([^"]+)"/g)].map((match) => match[1]);

/** An address for each path with parameters; a screen that is new needs one here. */
const EXAMPLES = {
  "/tables/:collection": () => "/tables/samples",
  "/tables/:collection/:id": () => "/tables/samples/1",
  "/collections/:name": () => "/collections/samples",
  "/roles/:name": () => "/roles/member",
  "/workflows/:id": async () => `/workflows/${(await api("workflows:list?pageSize=1"))[0].id}`,
  "/executions/:id": async () => `/executions/${await anExecution()}`,
  "/buttons/:name": () => "/buttons/submit",
  "/tasks/:id": () => "/tasks/1",
  "*": () => "/nowhere",
};
/** Forms and tabs, which have addresses, too. */
const MORE = [
  "/tables/samples?open=new", "/collections?open=new", "/collections/samples?open=new", "/users?open=new", "/users?open=1", "/roles?open=new", "/roles/root",
  "/roles/axe?tab=collections", "/roles/axe?tab=collections&open=samples", "/roles/axe?tab=areas", "/roles/axe?tab=members", "/api-keys?open=new",
];
let addresses;
let userId;

before(async () => {
  const actions = [{ name: "view", fields: ["title"], scope: { status: "Collected" } }, { name: "trigger", scope: "own" }];
  await api("roles:create", { name: "axe", title: "Axe", resources: { samples: { usingActionsConfig: true, actions } } });
  userId = (await api("users:create", { username: "axe", nickname: "Axe", roles: ["axe"] })).id;
  const missing = PATTERNS.filter((one) => (one.includes(":") || one === "*") && !EXAMPLES[one]);
  assert.deepEqual(missing, [], "these screens need an address in EXAMPLES");
  addresses = [...(await Promise.all(PATTERNS.map((one) => EXAMPLES[one]?.() ?? one))), ...MORE];
});

after(async () => {
  await api(`users:destroy/${userId}`, {});
  await api("roles:destroy/axe", {});
  await close();
});

async function anExecution() {
  await api("samples:trigger/1?triggerWorkflows=submit_inspection", {});
  for (;;) {
    const [found] = await api("executions:list?pageSize=1");
    if (found) return found.id;
  }
}

/** Counts what is under way, so that a screen can be looked at once it has everything. */
function watchTraffic(page) {
  let open = 0;
  page.on("request", () => (open += 1));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, () => (open -= 1));
  return async () => {
    for (let quiet = 0; quiet < 3; quiet = open === 0 ? quiet + 1 : 0) await page.waitForTimeout(60);
  };
}

/** What `look` says of each screen, to somebody who is signed in. */
async function visited(seen, look) {
  const { page } = seen;
  const settled = watchTraffic(page);
  await open(page);
  await page.getByLabel("E-mail or username").fill(process.env.STEPBASE_EMAIL);
  await page.getByRole("textbox", { name: "Password" }).fill(process.env.STEPBASE_PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /Hello/ }).waitFor();
  const found = [];
  for (const address of addresses) {
    await open(page, address);
    await page.locator(/[?&]open=/.test(address) ? "[role=dialog] form" : "main").first().waitFor();
    await settled();
    for (const one of await look(page)) found.push(`${address}: ${one}`);
  }
  await noTrouble(seen);
  return found;
}

/** Where the page, or a form over it, is wider than the window. */
async function tooWide(page) {
  const { widest, width } = await page.evaluate(() => {
    const dialogs = [...document.querySelectorAll("[role=dialog]")].map((one) => one.scrollWidth);
    return { widest: Math.max(document.documentElement.scrollWidth, ...dialogs), width: window.innerWidth };
  });
  return widest > width ? [`${widest} of ${width} px`] : [];
}

async function serious(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const worst = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  return worst.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious on any screen, ${colorScheme}`, async () => {
    assert.deepEqual(await visited(await visitor({ colorScheme }), serious), []);
  });
}

test("on a phone of 375 px no page is scrolled sideways", async () => {
  const phone = await visitor({ viewport: { width: 375, height: 740 }, hasTouch: true });
  assert.deepEqual(await visited(phone, tooWide), []);
});
