// Editing: what was typed is lost neither to another writer, nor to a key, a link or a page that is emptied meanwhile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

let seen;
let page;

before(async () => {
  seen = await visitor();
  page = seen.page;
  await signIn(page, undefined, undefined, "/tables/samples");
});
after(close);

const row = (name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const question = () => page.getByRole("alertdialog", { name: "Leave without saving?" });

/** The edit form of a new record. */
async function editing(values) {
  const { id } = await api("samples:create", values);
  await open(page, `/tables/samples?open=${id}`);
  const form = page.getByRole("dialog", { name: "Edit" });
  await form.getByLabel("Title").waitFor();
  return { form, note: form.getByRole("alert"), record: () => api(`samples:get/${id}`), destroy: () => api(`samples:destroy/${id}`, {}), write: (changes) => api(`samples:update/${id}`, changes) };
}

test("two writers: who saves second sees what the first one changed, and both are kept", async () => {
  const { form, note, record, write } = await editing({ title: "Two writers", indicator: 10 });
  await form.getByLabel("Indicator").fill("77.5");
  await write({ title: "Renamed" });
  seen.expect("412 samples:update");
  await form.getByRole("button", { name: "Save" }).click();
  await note.getByText("Somebody else changed this record meanwhile").waitFor();
  await note.getByRole("group", { name: "Title" }).getByText("Renamed").waitFor();
  assert.equal((await record()).indicator, 10);
  assert.equal(await form.getByRole("textbox", { name: "Indicator" }).inputValue(), "77.5");
  assert.equal(await form.getByRole("textbox", { name: "Title" }).inputValue(), "Renamed");
  await form.getByRole("button", { name: "Save", exact: true }).click();
  await form.waitFor({ state: "hidden" });
  const { title, indicator } = await record();
  assert.deepEqual({ title, indicator }, { title: "Renamed", indicator: 77.5 });
  await noTrouble(seen);
});

test("where both wrote, one saves over theirs or takes theirs", async () => {
  const { form, note, record, write } = await editing({ title: "Mine or theirs", indicator: 10 });
  await form.getByLabel("Title").fill("Mine");
  await form.getByLabel("Indicator").fill("11");
  await write({ title: "Theirs", indicator: 12 });
  // Back from a dead spot, the record is read again by itself.
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await note.getByRole("group", { name: "Title" }).getByText("Theirs", { exact: true }).waitFor();
  assert.equal(await form.getByRole("textbox", { name: "Title" }).inputValue(), "Mine");
  await note.getByRole("button", { name: "Take theirs: Indicator" }).click();
  assert.equal(await form.getByRole("textbox", { name: "Indicator" }).inputValue(), "12");
  await form.getByRole("button", { name: "Save over theirs" }).click();
  await form.waitFor({ state: "hidden" });
  const { title, indicator } = await record();
  assert.deepEqual({ title, indicator }, { title: "Mine", indicator: 12 });
  await noTrouble(seen);
});

test("a record deleted meanwhile leaves what was typed to be copied", async () => {
  const { form, note, record, destroy } = await editing({ title: "Gone soon", indicator: 10 });
  await form.getByLabel("Title").fill("Long text that took an hour");
  await destroy();
  seen.expect("412 samples:update");
  await form.getByRole("button", { name: "Save" }).click();
  await note.getByText("This record was deleted meanwhile").waitFor();
  assert.equal(await form.getByRole("textbox", { name: "Title" }).inputValue(), "Long text that took an hour");
  assert.ok(await form.getByRole("button", { name: "Save" }).isDisabled());
  assert.equal(await record(), null);
  await form.getByRole("button", { name: "Cancel" }).click();
  await noTrouble(seen);
});

test("Escape, the cross, a click beside, Back and a link ask before what was typed is lost", async () => {
  await open(page, "/tables/samples");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const form = page.getByRole("dialog", { name: "Add to Samples" });
  await form.getByLabel("Title").waitFor();
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "hidden" });

  await page.getByRole("button", { name: "Add", exact: true }).click();
  await form.getByLabel("Title").fill("Not saved yet");
  const ways = [() => page.keyboard.press("Escape"), () => form.getByRole("button", { name: "Close" }).click(), () => page.mouse.click(20, 400), () => page.goBack(), () => open(page, "/users")];
  for (const way of ways) {
    await way();
    await question().getByRole("button", { name: "Keep editing" }).click();
    await question().waitFor({ state: "hidden" });
    assert.equal(await form.getByRole("textbox", { name: "Title" }).inputValue(), "Not saved yet");
    assert.match(page.url(), /open=new/);
  }
  await page.goBack();
  await question().getByRole("button", { name: "Discard it" }).click();
  await form.waitFor({ state: "hidden" });

  // A page with something unsaved on it asks, too.
  await open(page, "/buttons/submit");
  await page.getByLabel("Label").fill("Send it");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Users" }).click();
  await question().getByRole("button", { name: "Keep editing" }).click();
  assert.equal(await page.getByLabel("Label").inputValue(), "Send it");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Users" }).click();
  await question().getByRole("button", { name: "Discard it" }).click();
  await page.getByRole("heading", { name: "Users" }).waitFor();
  await noTrouble(seen);
});

test("the last page, emptied, gives way to the one before; under an error nobody says that there is nothing", async () => {
  const name = `Paged ${Date.now()}`;
  for (let number = 1; number <= 11; number++) await api("samples:create", { title: `${name} ${number}`, indicator: 1 });
  const filter = encodeURIComponent(JSON.stringify({ title: { $includes: name } }));
  await open(page, `/tables/samples?filter=${filter}&size=10&sort=id&page=2`);
  await row(`${name} 11`).getByRole("button", { name: /^More about/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await row(`${name} 10`).waitFor();
  await page.getByText("1–10 of 10").waitFor();
  assert.doesNotMatch(page.url(), /page=/);

  seen.expect("500 samples:list");
  await page.route("**/api/samples:list*", (route) => route.fulfill({ status: 500, json: { errors: [{ message: "Broken on purpose" }] } }));
  await page.getByRole("button", { name: "Title" }).first().click();
  await page.getByRole("alert").getByText("Broken on purpose").waitFor();
  await page.unroute("**/api/samples:list*");
  assert.equal(await page.getByText(/No records yet|Nothing matches/).filter({ visible: true }).count(), 0);
  await noTrouble(seen);
});

test("two wide buttons in a row are whole and in view; on a phone they stand in the row's menu", async () => {
  for (const name of ["first", "second"]) await api("actions:create", { name: `wide_${name}`, label: `A rather wide ${name} button`, collection: "samples", context: "single", placement: "row", kind: "client", client: { type: "message", message: "Hello", level: "info" } });
  await api("actions:update/submit", { enabled: false });
  try {
    await page.setViewportSize({ width: 1280, height: 740 });
    await open(page, "/tables/samples");
    const cell = page.getByRole("cell").filter({ has: page.getByRole("button", { name: "A rather wide second button" }) }).first();
    await cell.waitFor();
    const cut = await cell.evaluate((td) => [...td.querySelectorAll("button")].filter((one) => one.getBoundingClientRect().left < td.getBoundingClientRect().left || one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > td.getBoundingClientRect().right).map((one) => one.textContent));
    assert.deepEqual(cut, []);
    const { right } = await cell.evaluate((td) => td.querySelector("button:last-of-type").getBoundingClientRect());
    assert.ok(right <= 1280, `in view: ${right}`);
    await page.setViewportSize({ width: 375, height: 740 });
    await open(page, "/tables/samples");
    const more = page.getByRole("button", { name: /^More about/ }).first();
    await more.waitFor();
    const box = await more.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 375, `in view: ${JSON.stringify(box)}`);
    await more.click();
    await page.getByRole("menuitem", { name: /A rather wide second button/ }).click();
    await page.getByText("Hello").first().waitFor();
    await noTrouble(seen);
  } finally {
    for (const name of ["first", "second"]) await api(`actions:destroy/wide_${name}`, {});
    await api("actions:update/submit", { enabled: true });
  }
});
