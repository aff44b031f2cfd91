// A page of the console in Chromium, for the tests here: signed in, watched for errors, violations, refusals and calls.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { existsSync } from "node:fs";

const { chromium } = createRequire(new URL("../../console/package.json", import.meta.url))("playwright-core");
const { STEPBASE_URL, STEPBASE_EMAIL, STEPBASE_PASSWORD } = process.env;
// Pages live for seconds here: compiling them once more costs more than it gains.
const ARGUMENTS = ["--no-sandbox", "--js-flags=--no-opt,--single-threaded-gc"];
const PROGRAM = process.env.CHROMIUM || ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);

export const WAIT_MS = 30_000;
const LOOK_MS = 50;
const QUIET_LOOKS = 5;

let browser;

export async function close() {
  await browser?.close();
}

/**
 * A fresh visitor: `{page, calls, trouble, expect, settled}`. `calls` are the requests to the API so far; `trouble` what the browser complained
 * of and every answer of 400 and above that was not said before by `expect("401 auth:signIn")`; `settled()` waits until nothing is under way.
 */
export async function visitor(options = {}) {
  browser ??= await chromium.launch({ executablePath: PROGRAM, args: ARGUMENTS });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", locale: "en-US", ...options });
  const seen = { calls: [], trouble: [], expected: new Map(), expect: (...refusals) => refusals.forEach((one) => seen.expected.set(one, 0)) };
  // Kept outside of the page, so that a reload forgets none.
  await context.exposeBinding("violated", (_, what) => seen.trouble.push(what));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => window.violated(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile ?? ""}`), true);
  });
  seen.page = await context.newPage();
  seen.page.setDefaultTimeout(WAIT_MS);
  watchTrouble(seen);
  seen.settled = watchTraffic(seen.page);
  seen.page.on("request", (request) => {
    const path = apiPath(request.url());
    if (path) seen.calls.push({ method: request.method(), path, headers: request.headers(), body: request.postData() });
  });
  return seen;
}

/** `samples:list?page=2` of an address of the API, else undefined. */
function apiPath(url) {
  const [, path] = url.split("/api/");
  return path && decodeURIComponent(path);
}

function watchTrouble({ page, trouble, expected }) {
  // The browser logs each refused request too; the answers themselves say more.
  page.on("console", (message) => message.type() === "error" && !/the server responded with a status of [45]\d\d/.test(message.text()) && trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("response", (response) => {
    if (response.status() < 400) return;
    const said = `${response.status()} ${apiPath(response.url()) ?? new URL(response.url()).pathname}`;
    const known = [...expected.keys()].find((one) => said.startsWith(one));
    if (known) expected.set(known, expected.get(known) + 1);
    else trouble.push(said);
  });
}

/** Counts what is under way; the answer waits until nothing has been for a while, or says what still is. */
function watchTraffic(page) {
  const open = new Set();
  page.on("request", (request) => open.add(request));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => open.delete(request));
  return async () => {
    const ends = Date.now() + WAIT_MS;
    for (let quiet = 0; quiet < QUIET_LOOKS; quiet = open.size === 0 ? quiet + 1 : 0) {
      assert.ok(Date.now() < ends, `still under way: ${[...open].map((one) => one.url()).join(", ")}`);
      await page.waitForTimeout(LOOK_MS);
    }
  };
}

export async function open(page, path = "/", url = STEPBASE_URL) {
  await page.goto(`${url}/console/#${path}`);
}

export async function signIn(page, account = STEPBASE_EMAIL, password = STEPBASE_PASSWORD, path = "/", url = STEPBASE_URL) {
  await open(page, path, url);
  await page.getByLabel("E-mail or username").fill(account);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  // On a phone the navigation is behind a button.
  await page.getByRole("navigation", { name: "Main" }).or(page.getByRole("button", { name: "Open the navigation" })).first().waitFor();
}

/** Calls the API as root, past the console: what the test's world begins with, and what became of it. */
export async function api(path, body) {
  api.token ??= await token();
  const headers = { Authorization: `Bearer ${api.token}` };
  const response = await fetch(`${STEPBASE_URL}/api/${path}`, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  assert.ok(response.ok, JSON.stringify(answer));
  return answer.data;
}

/** The records of a collection, or of the system, that match. */
export async function found(collection, filter, more = "") {
  return api(`${collection}:list?pageSize=200&filter=${encodeURIComponent(JSON.stringify(filter))}${more}`);
}

async function token() {
  const body = JSON.stringify({ account: STEPBASE_EMAIL, password: STEPBASE_PASSWORD });
  const response = await fetch(`${STEPBASE_URL}/api/auth:signIn`, { method: "POST", body });
  return (await response.json()).data.token;
}

/** Nothing that nobody expected, and everything that was expected; from here on nothing is. */
export async function noTrouble({ page, trouble, expected }) {
  await page.evaluate(() => undefined); // what the page reports has arrived
  const never = [...expected].filter(([, times]) => times === 0).map(([refusal]) => `never came: ${refusal}`);
  const all = [...trouble, ...never];
  trouble.length = 0;
  expected.clear();
  assert.deepEqual(all, []);
}
