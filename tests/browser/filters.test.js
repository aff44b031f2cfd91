// The filter of a table as people set it: by field and operator, by keys alone, in an address that is wrong, on a phone; and pages so far back
// that no number leads there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor, WAIT_MS } from "./page.js";

const field = (name, type, more = {}) => ({ name, type, uiSchema: { title: name.charAt(0).toUpperCase() + name.slice(1) }, ...more });
const AT = "2026-03-01T00:30:00.000Z"; // still February in New York

let seen;
let page;

before(async () => {
  await api("collections:create", { name: "marks", title: "Marks", titleField: "name", fields: [field("name", "string")] });
  const fields = [
    field("title", "string"), field("amount", "integer"), field("flag", "boolean"), field("clock", "time"), field("taken", "datetimeTz"),
    field("words", "array"), field("mark", "belongsTo", { target: "marks" }), field("marks", "belongsToMany", { target: "marks", through: "gadgetMarks", foreignKey: "gadgetId", otherKey: "markId" }),
  ];
  await api("collections:create", { name: "gadgets", title: "Gadgets", titleField: "title", fields });
  await api("collections:create", { name: "plates", title: "Plates", titleField: "name", fields: [field("name", "string"), field("gadget", "belongsTo", { target: "gadgets" })] });
  await api("collections/gadgets/fields:create", field("plate", "hasOne", { target: "plates", foreignKey: "gadgetId" }));
  const marks = await Promise.all(Array.from({ length: 25 }, (_, index) => api("marks:create", { name: `Mark ${String(index).padStart(2, "0")}` })));
  const [a, b] = marks.map((one) => one.id);
  const one = await api("gadgets:create", { title: "One", amount: 1, flag: true, clock: "09:15:00", taken: AT, words: ["a,b", "A,B"], mark: a, marks: [a, b] });
  await api("gadgets:create", { title: '50% "off", a+b&c', amount: 2, flag: false, clock: "09:16:00", taken: "2026-03-02T12:00:00.000Z", words: ["a"], mark: b });
  await api("gadgets:create", { title: "Žlutý 漢字", amount: 3, words: [] });
  await api("plates:create", { name: "Plate", gadget: one.id });
  seen = await visitor();
  page = seen.page;
  await signIn(page);
});
after(close);

const table = "/tables/gadgets?columns=title";
const filtered = (filter) => `${table}&filter=${encodeURIComponent(typeof filter === "string" ? filter : JSON.stringify(filter))}`;
const opener = () => page.getByRole("button", { name: /^Filter/ });
const apply = () => page.getByRole("button", { name: "Apply" });
const valueOf = (label) => page.getByLabel(label, { exact: true }).first().inputValue();
const titles = () => page.locator("tbody tr").getByRole("link").allTextContents();
/** Waits until these are the titles, in this order. */
async function shows(expected, what) {
  const ends = Date.now() + WAIT_MS;
  while (JSON.stringify(await titles()) !== JSON.stringify(expected) && Date.now() < ends) await page.waitForTimeout(50);
  assert.deepEqual(await titles(), expected, what);
}
const status = (text, on = page) => on.getByRole("status").getByText(text, { exact: true }).waitFor();

async function choose(label, name) {
  await page.getByLabel(label, { exact: true }).first().click();
  await page.getByRole("option", { name, exact: true }).click();
}

const pick = (label, name) => async () => {
  await page.getByRole("combobox", { name: label, exact: true }).first().click();
  await page.getByRole("option", { name, exact: true }).click();
  if (label === "Values") await page.keyboard.press("Escape"); // the list of choices stays open for more
};
const type = (label, text) => () => page.getByLabel(label, { exact: true }).first().fill(text);
const several = (...texts) => async () => {
  for (const text of texts) {
    await page.getByLabel("Values", { exact: true }).first().fill(text);
    await page.keyboard.press("Enter");
  }
};
const ONE = "One";
const TWO = '50% "off", a+b&c';
const THREE = "Žlutý 漢字";

const CASES = [
  ["Title", "contains", type("Value", '% "OFF", A+b&'), [TWO]],
  ["Flag", "is no", undefined, [TWO]],
  ["Clock", "is", type("Value", "09:15"), [ONE]],
  ["Words", "has any of", several("a,b"), [ONE]],
  ["Marks", "has any of", pick("Values", "Mark 01"), [ONE]],
  ["Plate", "is", pick("Value", "Plate"), [ONE]],
];

test("each kind of field is asked as its operators say, and the menu shows again what the address has", async () => {
  await open(page, `${table}&sort=id`);
  await shows([ONE, TWO, THREE]);
  for (const [name, operator, value, expected] of CASES) {
    const before = page.url();
    await opener().click();
    await choose("Field", name);
    await choose("Operator", operator);
    await value?.();
    await apply().click();
    await page.waitForURL((url) => url.href !== before);
    await shows(expected, `${name} ${operator}`);
    await opener().click();
    assert.deepEqual([await valueOf("Field"), await valueOf("Operator")], [name, operator]);
    await page.getByRole("button", { name: "Cancel" }).click();
  }
  await page.goBack();
  await shows([ONE]);
  await page.reload();
  await shows([ONE]);
  await noTrouble(seen);
});

test("a day is the day of who looks", async () => {
  const there = await visitor({ timezoneId: "America/New_York" });
  await signIn(there.page, undefined, undefined, filtered({ $and: [{ taken: { $dateOn: "2026-02-28" } }] }));
  await status("1–1 of 1", there.page);
  await there.page.getByRole("link", { name: ONE }).waitFor();
  await there.page.context().close();
});

test("by keys alone: the focus is where one is, and comes back", async () => {
  const { keyboard } = page;
  const focused = (what) => what.evaluate((one) => new Promise((resolve) => setTimeout(() => resolve(one === document.activeElement), 100)));
  await open(page, table);
  await status("1–3 of 3");
  await opener().focus();
  await keyboard.press("Enter");
  await apply().waitFor();
  assert.ok(await focused(page.getByLabel("Field", { exact: true }).first()));
  await keyboard.type("amo");
  await page.getByRole("option", { name: "Title" }).waitFor({ state: "hidden" });
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await page.getByRole("option", { name: "Amount" }).waitFor({ state: "hidden" });
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await page.getByRole("option", { name: "≠" }).waitFor();
  await keyboard.press("Escape"); // closes the list of choices only
  await page.getByRole("option", { name: "≠" }).waitFor({ state: "hidden" });
  assert.equal(await valueOf("Field"), "Amount");
  await keyboard.press("Tab");
  await keyboard.type("2");
  await keyboard.press("Enter");
  await status("1–1 of 1");
  assert.ok(await focused(opener()));
  await keyboard.press("Enter");
  await apply().waitFor();
  await keyboard.press("Escape");
  await apply().waitFor({ state: "hidden" });
  assert.ok(await focused(opener()));
  await keyboard.press("Tab");
  await keyboard.press("Enter"); // removes the filter
  await status("1–3 of 3");
  assert.ok(await focused(opener()));
  // A question that is answered gives the focus back, too.
  const more = page.getByRole("button", { name: `More about ${ONE}` });
  await more.focus();
  await keyboard.press("Enter");
  await page.locator("[role=menuitem]:focus").waitFor();
  await page.waitForTimeout(200); // the menu has come to rest
  await keyboard.press("ArrowDown");
  await page.locator("[role=menuitem]:focus").filter({ hasText: "Delete" }).waitFor();
  await keyboard.press("Enter");
  const question = page.getByText("It is gone for good.");
  await question.waitFor();
  await keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  assert.ok(await focused(more));
  await noTrouble(seen);
});

test("a filter that is none is told of, and not taken for no filter", async () => {
  await open(page, filtered("{oops"));
  const alert = page.getByRole("alert").filter({ hasText: "cannot be read" });
  await alert.waitFor();
  await alert.getByRole("button", { name: "Remove the filter" }).click();
  await alert.waitFor({ state: "detached" });
  assert.doesNotMatch(page.url(), /filter/);
  await noTrouble(seen);
});

test("a condition on a field that is gone is named, and the others are kept; one that is nothing breaks nothing", async () => {
  seen.expect("400 gadgets:list");
  await open(page, filtered({ $and: [{ nope: { $eq: 1 } }, { amount: { $eq: 2 } }] }));
  await page.getByRole("alert").getByText("nope").waitFor();
  await opener().click();
  await page.getByText("There is no field “nope” any more.").waitFor();
  await apply().click();
  await status("1–1 of 1");
  assert.deepEqual(await titles(), [TWO]);
  await open(page, filtered({ $and: [null] }));
  await page.getByRole("alert").getByText("must be an object").waitFor();
  await page.getByRole("button", { name: "Remove the filter" }).click();
  await status("1–3 of 3");
  await noTrouble(seen);
});

test("on a phone two days stand within the page, and their button to remove them beside", async () => {
  await page.setViewportSize({ width: 375, height: 740 });
  await open(page, filtered({ $and: [{ taken: { $dateBetween: ["2026-01-01", "2026-12-31"] } }] }));
  await opener().click();
  for (const name of ["From", "To", "Remove the condition"]) {
    const box = await page.getByLabel(name, { exact: true }).boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= 375, `${name}: ${JSON.stringify(box)}`);
    const isOnTop = await page.getByLabel(name, { exact: true }).evaluate((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return [0.1, 0.5, 0.9].every((part) => one.contains(document.elementFromPoint(x + width * part, y + height / 2)));
    });
    assert.ok(isOnTop, name);
  }
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.setViewportSize({ width: 1280, height: 800 });
  await noTrouble(seen);
});

test("a list of partners says that there are more than it shows, and opens anew on all of them", async () => {
  await open(page, `${table}&open=new`);
  const input = page.getByRole("dialog").getByRole("combobox", { name: "Mark", exact: true });
  await input.click();
  await page.getByRole("option", { name: "5 more: type to search" }).waitFor();
  await input.fill("Mark 24");
  await page.getByRole("option", { name: "Mark 00" }).waitFor({ state: "hidden" });
  await page.getByRole("option", { name: "Mark 24" }).click();
  await input.click();
  await page.getByRole("option", { name: "Mark 00" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await noTrouble(seen);
});

test("a second press on Next, before the page is there, leads nowhere; and a cursor that is refused to the beginning", async () => {
  // As of a list of more than 10,000: nothing is counted, and each page says where the next begins.
  const asked = [];
  await page.route(/\/api\/gadgets:list/, async (route) => {
    const params = new URL(route.request().url()).searchParams;
    const cursor = params.get("cursor");
    asked.push(cursor ?? params.get("page"));
    if (cursor === "stale") return route.fulfill({ status: 400, json: { errors: [{ message: "this cursor is not one that this list has answered with", code: "INVALID_CURSOR", path: "cursor" }] } });
    const at = Number(cursor ?? 1);
    await page.waitForTimeout(300);
    return route.fulfill({ json: { data: [{ id: at, title: `Row of ${at}` }], meta: { page: at, pageSize: 20, hasNext: true, cursor: String(at + 1), countAtLeast: 10_001 } } });
  });
  await open(page, `${table}&size=10`);
  await page.getByRole("link", { name: "Row of 1" }).waitFor();
  const next = page.getByRole("button", { name: "Next page" });
  await next.evaluate((button) => button.click());
  await page.getByText("Page 2", { exact: true }).waitFor();
  await next.evaluate((button) => button.click());
  await page.getByRole("link", { name: "Row of 2" }).waitFor();
  assert.equal(await page.getByText("Page 2", { exact: true }).count(), 1);
  await open(page, `${table}&size=10&page=1001&cursor=501`);
  await page.getByRole("link", { name: "Row of 501" }).waitFor();
  await next.click();
  await page.getByRole("link", { name: "Row of 502" }).waitFor();
  await page.getByRole("button", { name: "Previous page" }).click(); // no number leads there
  await page.getByText("Page 1,001", { exact: true }).waitFor();
  seen.expect("400 gadgets:list");
  await open(page, `${table}&size=10&page=1900&cursor=stale`);
  await page.getByText("Page 1", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Row of 1", exact: true }).waitFor();
  assert.doesNotMatch(page.url(), /cursor/);
  assert.deepEqual(asked, ["1", "2", "501", "502", "stale"]);
  await page.unroute(/\/api\/gadgets:list/);
  await noTrouble(seen);
});
