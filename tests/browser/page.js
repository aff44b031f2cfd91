// A page of the console in Chromium, for the tests here: signed in, watched for errors, violations and calls.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { existsSync } from "node:fs";

const { chromium } = createRequire(new URL("../../console/package.json", import.meta.url))("playwright-core");
const { STEPBASE_URL, STEPBASE_EMAIL, STEPBASE_PASSWORD } = process.env;
const PROGRAM = process.env.CHROMIUM || ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);

export const WAIT_MS = 15_000;

let browser;

export async function close() {
  await browser?.close();
}

/** `{page, calls, trouble}`: a fresh visitor; `calls` are the requests to the API so far, `trouble` what the browser complained of. */
export async function visitor(options = {}) {
  browser ??= await chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox"] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const calls = [];
  const trouble = [];
  // A refused call is logged by the browser itself; what it means is the test's to say.
  page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) && trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("request", (request) => {
    const [, path] = request.url().split("/api/");
    if (path) calls.push({ method: request.method(), path: decodeURIComponent(path), headers: request.headers() });
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return { page, calls, trouble };
}

export async function open(page, path = "/", url = STEPBASE_URL) {
  await page.goto(`${url}/console/#${path}`);
}

export async function signIn(page, account = STEPBASE_EMAIL, password = STEPBASE_PASSWORD, path = "/", url = STEPBASE_URL) {
  await open(page, path, url);
  await page.getByLabel("E-mail or username").fill(account);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
}

/** Calls the API as root, past the console: what the test's world begins with. */
export async function api(path, body) {
  api.token ??= await token();
  const headers = { Authorization: `Bearer ${api.token}` };
  const response = await fetch(`${STEPBASE_URL}/api/${path}`, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  assert.ok(response.ok, JSON.stringify(answer));
  return answer.data;
}

async function token() {
  const body = JSON.stringify({ account: STEPBASE_EMAIL, password: STEPBASE_PASSWORD });
  const response = await fetch(`${STEPBASE_URL}/api/auth:signIn`, { method: "POST", body });
  return (await response.json()).data.token;
}

export async function noTrouble({ page, trouble }) {
  assert.deepEqual(trouble, []);
  assert.deepEqual(await page.evaluate(() => window.violations), []);
}
