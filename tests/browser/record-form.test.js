// The form of a new record: what is refused comes into view, what is drawn is what is sent, and what is stored is what is shown.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor } from "./page.js";

const field = (name, type, more = {}) => ({ name, type, uiSchema: { title: name.charAt(0).toUpperCase() + name.slice(1) }, ...more });

let seen;
let page;

before(async () => {
  const many = Array.from({ length: 14 }, (_, index) => field(`note${index}`, "string"));
  const fields = [field("title", "string", { required: true }), field("flag", "boolean", { required: true }), field("maybe", "boolean"), field("color", "string", { defaultValue: "red" }), field("size", "double"), field("begins", "datetimeNoTz"), ...many];
  await api("collections:create", { name: "oddments", title: "Oddments", titleField: "title", fields });
  seen = await visitor({ timezoneId: "America/New_York", viewport: { width: 1280, height: 500 } });
  page = seen.page;
  await signIn(page);
});
after(close);

test("the first input that was refused has the focus and is in view", async () => {
  seen.expect("400 oddments:create");
  await open(page, "/tables/oddments?open=new");
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await form.getByRole("alert").getByText("One thing needs a look; it is marked below.").waitFor();
  const title = form.getByLabel("Title");
  assert.ok(await title.evaluate((one) => one === document.activeElement));
  const { y } = await title.boundingBox();
  assert.ok(y >= 0 && y < 500, `the input stands at ${y}`);
  await noTrouble(seen);
});

test("off is sent as no, none as none, an emptied default as nothing, and a time as it stands", async () => {
  const form = page.getByRole("dialog");
  await form.getByLabel("Title").fill("First");
  await form.getByLabel("Color").fill("");
  await form.getByLabel("Size").fill("0.00000000000001");
  await form.getByLabel("Begins").fill("2026-01-05T10:30");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await form.waitFor({ state: "detached" });
  const [{ flag, maybe = null, color = null, size, begins }] = await found("oddments", { title: "First" });
  assert.deepEqual({ flag, maybe, color, size, begins }, { flag: false, maybe: null, color: null, size: 1e-14, begins: "2026-01-05T10:30:00.000Z" });
  const row = page.locator("tbody tr").filter({ hasText: "First" });
  await row.getByText("1e-14").waitFor();
  await row.getByText(/Jan 5, 2026, 10:30/).waitFor();
  await noTrouble(seen);
});
