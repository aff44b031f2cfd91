// What people write is text, wherever it is shown: fifty payloads as values, titles, labels, questions, messages and names, on every screen
// that shows them; and an address that is none of the web is refused by the server and, should one come, by the console.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PAYLOADS } from "./payloads.js";
import { api, close, open, signIn, visitor, WAIT_MS } from "./page.js";

const PASSWORD = "inspect-91";
// A button's label has at most 200 characters.
const MOST_CHARACTERS = 198;
/** The payloads, several in one text where they fit. */
const ALL = PAYLOADS.reduce((texts, one) => {
  const last = texts.at(-1);
  return last && `${last} ·${one}`.length <= MOST_CHARACTERS ? [...texts.slice(0, -1), `${last} ·${one}`] : [...texts, one];
}, []);
const world = { records: [], workflows: [], users: [] };

before(async () => {
  for (const [n, text] of ALL.entries()) {
    const fields = [{ name: "title", type: "string", uiSchema: { title: `T ${text}` } }, { name: "note", type: "text" }, { name: "more", type: "json" }];
    fields.push({ name: "kind", type: "string", uiSchema: { title: "Kind", enum: [{ value: "a", label: text }] } });
    await api("collections:create", { name: `xss${n}`, title: text, fields });
    world.users.push((await api("users:create", { username: `xss${n}`, nickname: text, password: PASSWORD, roles: ["admin"] })).id);
    const said = { type: "response-message", title: text, config: { message: "Said: {{$context.data.title}}" } };
    const workflow = { key: `xss_${n}`, title: text, description: text, type: "custom-action", sync: true, enabled: true, config: { type: 1, collection: "xss0", appends: [] }, nodes: [said] };
    world.workflows.push((await api("workflows:create", workflow)).id);
    await api("actions:create", { name: `xss${n}`, label: text, confirm: text, collection: "xss0", context: "single", placement: "details", kind: "workflow", workflows: [{ key: `xss_${n}` }] });
    world.records.push((await api("xss0:create", { title: text, note: text, kind: "a", more: { [text]: text } })).id);
  }
  for (const text of PAYLOADS) await api("xss1:create", { title: text, note: text, more: [text] });
  await api("roles:create", { name: "xss", title: ALL[0], description: ALL[1] });
});

after(async () => {
  await close();
  for (const n of ALL.keys()) {
    await api(`actions:destroy/xss${n}`, {});
    await api(`workflows:destroy/${world.workflows[n]}`, {});
    await api(`users:destroy/${world.users[n]}`, {});
    await api(`collections:destroy/xss${n}`, {});
  }
  await api("roles:destroy/xss", {});
});

async function watched() {
  const seen = await visitor();
  seen.dialogs = [];
  seen.elsewhere = [];
  seen.page.on("dialog", (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  seen.page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(process.env.STEPBASE_URL).origin && !["data:", "blob:"].includes(protocol)) seen.elsewhere.push(request.url());
  });
  return seen;
}

const plain = (text) => text.replace(/\s+/g, " ");

/** What a screen shows beside the navigation: text, and what stands in inputs. */
function shown() {
  const places = [...document.querySelectorAll("main, [role=dialog], [role=alertdialog], [role=alert], [role=status]")];
  const values = [...document.querySelectorAll("input, textarea")].map((one) => one.value);
  return [...places.map((one) => one.textContent), ...values].join(" ").replace(/\s+/g, " ");
}

/** Waits until each stands on the screen, letter by letter. */
async function shownAsText(page, texts, where) {
  const missing = async () => {
    const text = await page.evaluate(shown);
    return texts.filter((one) => !text.includes(plain(one)));
  };
  const ends = Date.now() + WAIT_MS;
  let left = await missing();
  while (left.length > 0 && Date.now() < ends) {
    await page.waitForTimeout(100);
    left = await missing();
  }
  assert.deepEqual(left, [], `${where} does not show these`);
}

/** Nothing of it ran, became an element, or asked anybody. */
async function harmless({ page, trouble, dialogs, elsewhere }, where) {
  const found = await page.evaluate(() => {
    const handlers = [...document.querySelectorAll("*")].filter((one) => [...one.attributes].some((attribute) => attribute.name.startsWith("on")));
    const strange = [...document.querySelectorAll("script:not([src]), iframe, object, embed, math, marquee, video, audio, base:not(:first-of-type), meta[http-equiv], form[action]")];
    const links = [...document.querySelectorAll("[href]")].filter((one) => !/^(https?:)?$/.test(new URL(one.getAttribute("href"), document.baseURI).protocol) && !one.closest("head"));
    return { pwned: window.pwned ?? {}.pwned ?? null, elements: [...handlers, ...strange, ...links].map((one) => one.outerHTML.slice(0, 200)) };
  });
  assert.deepEqual({ ...found, trouble, dialogs, elsewhere }, { pwned: null, elements: [], trouble: [], dialogs: [], elsewhere: [] }, where);
}

test("there are fifty different payloads", () => {
  assert.equal(new Set(PAYLOADS).size, 50);
});

test("a payload that becomes an element is noticed here", async () => {
  for (const text of ["<img src=x onerror=window.pwned=1>", '<a href="javascript:window.pwned=1">x</a>', '<iframe srcdoc="x"></iframe>']) {
    const seen = await watched();
    await open(seen.page);
    await seen.page.getByRole("button", { name: "Sign in" }).waitFor();
    await harmless(seen, "before");
    await seen.page.evaluate((html) => document.body.insertAdjacentHTML("beforeend", html), text);
    await assert.rejects(harmless(seen, text), assert.AssertionError);
  }
});

test("they are text in titles, names and labels, on every screen", async () => {
  const seen = await watched();
  const { page } = seen;
  await signIn(page, "xss0", PASSWORD);
  const [first] = ALL;
  const screens = {
    "/": ALL,
    "/collections": ALL,
    "/collections/xss3": [ALL[3], `T ${ALL[3]}`],
    "/tables/xss4": [ALL[4], `T ${ALL[4]}`],
    "/users?search=xss": ALL,
    "/roles": [first, ALL[1]],
    "/roles/xss": [first, ALL[1]],
    "/roles/xss?tab=collections": ALL,
    "/roles/xss?tab=collections&open=xss3": [ALL[3]],
    "/roles/admin?tab=members": ALL,
    "/profile": [first],
    "/workflows": ALL,
    [`/workflows/${world.workflows[2]}`]: [ALL[2]],
    "/buttons": ALL,
    "/buttons/xss5": [ALL[5]],
  };
  for (const [path, texts] of Object.entries(screens)) {
    await open(page, path);
    await shownAsText(page, texts, path);
    await harmless(seen, path);
  }
});

test("they are text in the cells of a table, in a record, and stay what they were in its form", async () => {
  const seen = await watched();
  const { page } = seen;
  await signIn(page, "xss1", PASSWORD);
  await open(page, "/tables/xss1?size=50");
  await shownAsText(page, PAYLOADS, "the table");
  await harmless(seen, "the table");
  await open(page, `/tables/xss0/${world.records[6]}?`);
  await shownAsText(page, ALL, "the record and its buttons");
  await harmless(seen, "the record");
  await open(page, `/tables/xss0?open=${world.records[6]}`);
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Save" }).waitFor();
  const values = await form.locator("input, textarea").evaluateAll((inputs) => inputs.map((one) => one.value));
  assert.ok(values.map(plain).includes(plain(ALL[6])), JSON.stringify(values));
  await harmless(seen, "the form");
});

test("they are text in the question before a press, and in what the workflow says then", async () => {
  const seen = await watched();
  const { page } = seen;
  await signIn(page, "xss2", PASSWORD);
  for (const [n, text] of ALL.entries()) {
    await open(page, `/tables/xss0/${world.records[n]}`);
    await page.getByRole("main").getByRole("button").filter({ hasText: text.trim().split("\u2028")[0] }).first().click();
    const question = page.getByRole("dialog");
    await question.waitFor();
    assert.ok(plain(await question.textContent()).includes(plain(text)), `the question ${n}`);
    await question.getByRole("button").last().click();
    await shownAsText(page, [`Said: ${text}`], `the message ${n}`);
    await harmless(seen, `the press ${n}`);
    await open(page, "/");
  }
});

test("they are text in the runs of a workflow and in one run", async () => {
  const [{ id }] = await api(`executions:list?pageSize=1&filter=${encodeURIComponent('{"key":"xss_0"}')}`);
  const seen = await watched();
  await signIn(seen.page, "xss3", PASSWORD);
  for (const path of ["/executions", `/executions/${id}`]) {
    await open(seen.page, path);
    await shownAsText(seen.page, [ALL[0]], path);
    await harmless(seen, path);
  }
});

const NO_ADDRESSES = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "//evil.example", "/\\evil.example", "https:evil.example", "{{record.note}}", "https://{{record.note}}/", "blob:x", "file:///etc/passwd"];

test("the server takes no address that is none of the web", async () => {
  for (const url of NO_ADDRESSES) {
    for (const body of [{ kind: "client", client: { type: "openUrl", url } }, { kind: "client", client: { type: "message", message: "x" }, onResult: { redirect: url } }, { kind: "client", client: { type: "message", message: "x" }, onResult: { download: { url } } }]) {
      const answer = await refused("actions:create", { name: "xssUrl", collection: "xss0", context: "single", ...body });
      assert.deepEqual([answer.status, answer.codes.every((code) => code === "UNSAFE_URL")], [400, true], JSON.stringify([url, answer]));
    }
  }
});

async function refused(path, body) {
  const response = await fetch(`${process.env.STEPBASE_URL}/api/${path}`, { method: "POST", headers: { Authorization: `Bearer ${api.token}` }, body: JSON.stringify(body) });
  return { status: response.status, codes: ((await response.json()).errors ?? []).map((one) => one.code) };
}

test("the console follows no such address, should an answer name one", async () => {
  const seen = await watched();
  const { page } = seen;
  await signIn(page, "xss4", PASSWORD);
  const popups = [];
  page.on("popup", (popup) => popups.push(popup.url()));
  let effect;
  await page.route("**/api/actions:run/**", (route) => {
    const data = { status: "success", level: "success", message: null, fieldErrors: {}, refresh: false, redirect: null, download: null, executions: [], client: null, ...effect };
    return route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify({ data }) });
  });
  const addresses = ["javascript:window.pwned=1", " JaVa\nScRiPt:window.pwned=1", "data:text/html,<script>opener.pwned=1</script>", "vbscript:x", "file:///etc/passwd"];
  const main = page.getByRole("main");
  let pressed = 0;
  await open(page, `/tables/xss0/${world.records[0]}`);
  for (const url of addresses) {
    for (const newWindow of [false, true]) {
      pressed += 1;
      effect = { message: `Carried out ${pressed}.`, client: { type: "openUrl", url, newWindow }, redirect: url, download: { url, filename: "x" } };
      await main.getByRole("button").filter({ hasText: PAYLOADS[0] }).first().click();
      await page.getByRole("dialog").getByRole("button").last().click();
      await page.getByText(effect.message).waitFor();
      assert.ok(page.url().endsWith(`/tables/xss0/${world.records[0]}`), page.url());
      await harmless(seen, JSON.stringify(effect));
    }
  }
  assert.deepEqual(popups, []);
});
