// A table of many records: in order, page by page, counted or not, with the columns that one chose, in the zone where one is; its edit form,
// and what is seen of a call that takes its time, gets no answer, or is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor, WAIT_MS } from "./page.js";

const MANY = 25;
const AT = "2026-03-01T00:30:00.000Z"; // still February in New York, half past nine in Tokyo
const field = (name, type, more = {}) => ({ name, type, uiSchema: { title: name.charAt(0).toUpperCase() + name.slice(1) }, ...more });
const named = (number) => `Row ${String(number).padStart(2, "0")}`;
const numbers = Array.from({ length: MANY }, (_, index) => index + 1);
const names = (first, last) => numbers.slice(first - 1, last).map(named);
const indicatorOf = (number) => (number * 7) % MANY;

let seen;
let page;

before(async () => {
  const fields = [field("title", "string", { required: true, unique: true }), field("indicator", "double"), field("status", "string"), field("taken", "datetimeTz"), field("due", "dateOnly")];
  await api("collections:create", { name: "shelves", title: "Shelves", titleField: "title", fields });
  await api("collections:create", { name: "piles", title: "Piles", titleField: "title", simplePaginate: true, fields: [field("title", "string", { index: true })] });
  await Promise.all(numbers.map((number) => api("shelves:create", { title: named(number), indicator: indicatorOf(number), status: "New", taken: AT, due: "2026-03-01" })));
  await Promise.all(numbers.map((number) => api("piles:create", { title: named(number) })));
  seen = await visitor();
  page = seen.page;
  await signIn(page);
});
after(close);

/** The titles of the rows that are to be seen. */
const titles = () => page.locator("tbody tr").getByRole("link").allTextContents();
/** Waits until these are the titles, in this order. */
async function shows(expected) {
  const ends = Date.now() + WAIT_MS;
  while (JSON.stringify(await titles()) !== JSON.stringify(expected) && Date.now() < ends) await page.waitForTimeout(50);
  assert.deepEqual(await titles(), expected);
}
const status = (text) => page.getByRole("status").getByText(text, { exact: true }).waitFor();
const heading = (title) => page.locator("thead th").filter({ hasText: title });
const lists = (of) => seen.calls.filter((call) => call.path.startsWith(`${of}:list`)).map((call) => new URLSearchParams(call.path.split("?")[1]));

test("a press on a heading sorts by it, another turns the order round, and both begin on the first page", async () => {
  await open(page, "/tables/shelves?size=10&page=2");
  await status("11–20 of 25");
  const rising = numbers.toSorted((one, other) => indicatorOf(one) - indicatorOf(other)).map(named);
  await heading("Indicator").click();
  await status("1–10 of 25");
  await shows(rising.slice(0, 10));
  assert.match(page.url(), /sort=indicator/);
  await page.locator("thead th[aria-sort=ascending]").filter({ hasText: "Indicator" }).waitFor();
  assert.equal(await page.locator("thead th[aria-sort]").count(), 1);
  await heading("Indicator").click();
  await page.waitForURL(/sort=-indicator/);
  await page.locator("thead th[aria-sort=descending]").filter({ hasText: "Indicator" }).waitFor();
  await shows(rising.toReversed().slice(0, 10));
  await noTrouble(seen);
});

test("counted pages are gone through by number, and the browser goes back to the one before", async () => {
  await open(page, "/tables/shelves?size=10&sort=title");
  await status("1–10 of 25");
  await page.getByRole("button", { name: "Page 2" }).click();
  await status("11–20 of 25");
  await shows(names(11, 20));
  await page.getByRole("button", { name: "Page 3" }).click();
  await status("21–25 of 25");
  await shows(names(21, 25));
  await page.goBack();
  await status("11–20 of 25");
  await page.getByLabel("Rows per page").first().click();
  await page.getByRole("option", { name: "20 rows" }).click();
  await status("1–20 of 25");
  await shows(names(1, 20));
  await noTrouble(seen);
});

/** On and back through the pages of a list that is not counted. */
async function onAndBack() {
  const [back, on] = ["Previous page", "Next page"].map((name) => page.getByRole("button", { name }));
  await page.getByText("Page 1", { exact: true }).waitFor();
  await shows(names(1, 10));
  assert.ok(await back.isDisabled());
  for (const [number, first, last] of [[2, 11, 20], [3, 21, 25]]) {
    await on.click();
    await page.getByText(`Page ${number}`, { exact: true }).waitFor();
    await shows(names(first, last));
  }
  assert.ok(await on.isDisabled());
  await back.click();
  await page.getByText("Page 2", { exact: true }).waitFor();
  await shows(names(11, 20));
}

test("a list that is not counted is gone through on and back", async () => {
  await open(page, "/tables/piles?size=10&sort=title");
  await onAndBack();
  assert.ok(lists("piles").every((asked) => !asked.has("cursor")));
  await noTrouble(seen);
});

test("a list with cursors is gone through by them", async () => {
  // The server gives cursors to lists of more than 10,000 records, and to who begins with an empty one.
  const begin = (route) => route.continue({ url: route.request().url().includes("cursor=") ? undefined : `${route.request().url()}&cursor=` });
  await page.route(/\/api\/piles:list/, begin);
  await open(page, "/nowhere");
  await page.reload(); // nothing is kept of the pages before
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  seen.calls.length = 0;
  await open(page, "/tables/piles?size=10&sort=title");
  await onAndBack();
  const cursors = lists("piles").map((asked) => asked.get("cursor"));
  assert.ok(cursors[1] && cursors[2] && cursors[1] !== cursors[2], JSON.stringify(cursors));
  await page.unroute(/\/api\/piles:list/, begin);
  await noTrouble(seen);
});

test("columns are chosen; the address keeps them, and a reload too", async () => {
  await open(page, "/tables/shelves");
  await heading("Indicator").waitFor();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Indicator" }).click();
  await page.getByRole("checkbox", { name: "Created by" }).click();
  await page.keyboard.press("Escape");
  for (const again of [false, true]) {
    if (again) await page.reload();
    await heading("Created by").waitFor();
    assert.equal(await heading("Indicator").count(), 0);
    await page.locator("tbody").getByText("Super Admin").first().waitFor();
  }
  assert.match(decodeURIComponent(page.url()), /columns=title,/);
  await noTrouble(seen);
});

for (const [timezoneId, day, local] of [["Asia/Tokyo", "Mar 1, 2026", "2026-03-01T09:30"], ["America/New_York", "Feb 28, 2026", "2026-02-28T19:30"]]) {
  test(`instants are shown and taken in the user's zone, days are the same everywhere: ${timezoneId}`, async () => {
    const there = await visitor({ timezoneId });
    await signIn(there.page, undefined, undefined, "/tables/shelves?columns=title,taken,due&sort=title");
    const row = there.page.getByRole("row").filter({ hasText: named(1) });
    const shown = row.locator(`time[datetime="${AT}"]`);
    const expected = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short", timeZone: timezoneId }).format(new Date(AT));
    assert.equal(await shown.textContent(), expected);
    assert.ok(expected.startsWith(day));
    await row.getByText("Mar 1, 2026", { exact: true }).waitFor();
    await row.getByRole("button", { name: `More about ${named(1)}` }).click();
    await there.page.getByRole("menuitem", { name: "Edit" }).click();
    const input = there.page.getByRole("dialog").getByLabel("Taken");
    assert.equal(await input.inputValue(), local);
    await input.fill(local.replace("30", "45"));
    await there.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await there.page.getByRole("dialog").waitFor({ state: "detached" });
    const [{ id, taken }] = await found("shelves", { title: named(1) });
    assert.equal(taken, AT.replace("30", "45"));
    await api(`shelves:update/${id}`, { taken: AT });
    assert.ok(there.calls.every((call) => call.headers["x-timezone"] === timezoneId));
    await noTrouble(there);
  });
}

async function edited(title) {
  await open(page, `/tables/shelves?columns=title,indicator,status&filter=${encodeURIComponent(JSON.stringify({ title }))}`);
  const row = page.getByRole("row").filter({ hasText: title });
  await row.getByRole("button", { name: `More about ${title}` }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel("Title").waitFor();
  return { row, form: page.getByRole("dialog") };
}

test("a workflow is bound to the edit form: saving starts it, after the record is written", async () => {
  const nodes = [
    { type: "update", config: { collection: "shelves", params: { filter: { id: "{{$context.data.id}}" }, values: { status: "Seen at {{$context.data.indicator}}" } } } },
    { type: "response-message", config: { message: "Looked at {{$context.data.title}}" } },
  ];
  await api("workflows:create", { key: "look_at", title: "Look at it", type: "action", sync: true, enabled: true, config: { collection: "shelves" }, nodes });
  await open(page, "/collections/shelves");
  const card = page.getByRole("region", { name: "Workflows of the forms" });
  await card.getByLabel("The edit form starts").first().click();
  await page.getByRole("option", { name: "Look at it" }).click();
  await page.keyboard.press("Escape");
  await card.getByRole("button", { name: "Save" }).click();
  await page.getByText("The forms start what you chose.").waitFor();
  const { row, form } = await edited(named(2));
  await form.getByText("Saving starts look_at.").waitFor();
  await form.getByLabel("Indicator").fill("77.5");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").getByText(`Looked at ${named(2)}`).waitFor();
  await row.getByText("Seen at 77.5", { exact: true }).waitFor();
  const [stored] = await found("shelves", { title: named(2) });
  assert.deepEqual([stored.indicator, stored.status], [77.5, "Seen at 77.5"]);
  assert.equal((await found("executions", { key: "look_at" })).length, 1);
  await noTrouble(seen);
});

test("what the server refuses stands at its field, told to who does not see it too, and nothing typed is lost", async () => {
  const { form } = await edited(named(3));
  seen.expect("400 shelves:update");
  await form.getByLabel("Title").fill(named(4));
  await form.getByLabel("Indicator").fill("5");
  await form.getByRole("button", { name: "Save" }).click();
  const wrong = form.locator("input[aria-invalid=true]");
  await wrong.waitFor();
  assert.equal(await wrong.inputValue(), named(4));
  const about = await wrong.evaluate((input) => (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent).join(" "));
  assert.match(about, /unique|already|taken/i);
  assert.equal(await form.getByLabel("Indicator").inputValue(), "5");
  await form.getByLabel("Title").fill("Renamed");
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "detached" });
  assert.deepEqual((await found("shelves", { title: { $in: ["Renamed", named(3)] } })).map((one) => [one.title, one.indicator]), [["Renamed", 5]]);
  await noTrouble(seen);
});

const writes = () => seen.calls.filter((call) => call.method === "POST");

test("a call that takes its time is seen to be under way, and a second press sends nothing", async () => {
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route(/\/api\/shelves:update/, async (route) => {
    await held;
    await route.continue();
  });
  const { form } = await edited(named(5));
  const before = writes().length;
  await form.getByLabel("Indicator").fill("1234");
  const save = form.getByRole("button", { name: "Save" });
  await save.click();
  await form.locator('button[type="submit"][data-loading]').waitFor();
  await save.click({ force: true });
  await form.getByLabel("Title").evaluate((input) => input.form.requestSubmit());
  await page.waitForTimeout(600);
  assert.equal(writes().length, before + 1);
  assert.ok(await form.getByLabel("Title").isDisabled());
  go();
  await form.waitFor({ state: "detached" });
  await page.unroute(/\/api\/shelves:update/);
  assert.equal((await found("shelves", { title: named(5) }))[0].indicator, 1234);
  await noTrouble(seen);
});

test("a list that takes over half a second shows progress, and none once it is there", async () => {
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route(/\/api\/piles:list/, async (route) => {
    await held;
    await route.continue();
  });
  const bar = page.getByRole("progressbar", { name: "Loading" });
  await open(page, "/tables/piles?size=50");
  await bar.waitFor();
  go();
  await page.getByRole("link", { name: named(25) }).waitFor();
  await bar.waitFor({ state: "detached" });
  await page.unroute(/\/api\/piles:list/);
  await noTrouble(seen);
});

test("a call whose answer is lost is sent again under its key; the next press has a key of its own", async () => {
  let lost = 2;
  await page.route(/\/api\/shelves:update/, async (route) => {
    const answer = await route.fetch();
    if (lost-- > 0) await route.abort("connectionreset");
    else await route.fulfill({ response: answer });
  });
  const before = writes().length;
  for (const indicator of ["71", "72"]) {
    const { form } = await edited(named(6));
    await form.getByLabel("Indicator").fill(indicator);
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    assert.equal(String((await found("shelves", { title: named(6) }))[0].indicator), indicator);
  }
  await page.unroute(/\/api\/shelves:update/);
  const keys = writes().slice(before).map((call) => call.headers["idempotency-key"]);
  assert.deepEqual([keys.length, keys[0], keys[1]], [4, keys[2], keys[2]]);
  assert.ok(keys[0] && keys[3] && keys[0] !== keys[3]);
  seen.trouble.splice(0, Infinity, ...seen.trouble.filter((one) => !/net::ERR_CONNECTION_RESET/.test(one)));
  await noTrouble(seen);
});

test("rows stay checked on other pages; what is deleted is no longer selected, and the focus stays in the table", async () => {
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.tagName);
  await open(page, "/tables/shelves?size=10&sort=title");
  await page.getByRole("checkbox", { name: "Select Row 01" }).check();
  await page.getByRole("button", { name: "Page 2" }).click();
  await page.getByRole("checkbox", { name: "Select Row 11" }).check();
  await status("2 selected, 1 not on this page");
  await page.getByRole("button", { name: "More about Row 12" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await shows([...names(11, 11), ...names(13, 21)]);
  await page.getByRole("alertdialog").waitFor({ state: "detached" });
  assert.equal(await focused(), "Select Row 13");
  await page.getByRole("main").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await shows(names(14, 23));
  await page.getByText("2 selected, 1 not on this page").waitFor({ state: "detached" });
  assert.equal(await focused(), "Shelves");
  await noTrouble(seen);
});
