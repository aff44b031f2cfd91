// What surrounds every screen: what was said stays to be read, waiting is shown, letters are not lost, nothing is done twice.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, found, noTrouble, signIn, visitor } from "./page.js";

after(close);

const NUMBERS = [1, 2, 3, 4, 5, 6, 7];
const SLOW_MS = 1_200;

async function made(values) {
  return api("workflows:create", { type: "custom-action", sync: true, config: { type: 1, collection: "samples" }, ...values });
}

/** Calls of this name are answered late. */
async function slow(page, name) {
  await page.route((url) => url.pathname.includes(`/api/${name}`), async (route) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    await route.continue();
  });
}

test("whatever number of refusals there is, each can be read; the same again is counted; all are closed at once", async () => {
  for (const one of NUMBERS) {
    const { id } = await made({ title: `Broken ${one}` });
    await api(`workflows/${id}/nodes:create`, { type: "response-message" });
  }
  const seen = await visitor({ viewport: { width: 1280, height: 500 } });
  const { page } = seen;
  await signIn(page, undefined, undefined, "/workflows?title=Broken");
  seen.expect("400 workflows:update");
  for (const one of NUMBERS) {
    await page.getByRole("switch", { name: `Broken ${one} is enabled` }).press(" ");
    await page.getByRole("alert").filter({ hasText: `Broken ${one} cannot be enabled` }).waitFor();
  }
  await page.getByRole("switch", { name: "Broken 3 is enabled" }).press(" ");
  await page.getByRole("alert").filter({ hasText: "Broken 3 cannot be enabled (2 times)" }).waitFor();
  assert.equal(await page.getByRole("alert").count(), NUMBERS.length);
  const newest = await page.getByRole("alert").last().boundingBox();
  assert.ok(newest.y > 0 && newest.y + newest.height <= 500, JSON.stringify(newest));
  const first = page.getByRole("alert").filter({ hasText: "Broken 1 cannot" });
  await first.scrollIntoViewIfNeeded();
  const oldest = await first.boundingBox();
  assert.ok(oldest.y >= 0 && oldest.y + oldest.height <= 500, JSON.stringify(oldest));
  await page.getByRole("button", { name: "New workflow" }).click({ trial: true }); // they cover nothing but their corner
  await page.getByRole("button", { name: "Close all 7 messages" }).click();
  await page.getByRole("alert").first().waitFor({ state: "detached" });
  await noTrouble(seen);
});

test("letters typed fast all stay, and the address follows", async () => {
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/workflows");
  await slow(page, "workflows:list");
  const search = page.getByRole("searchbox", { name: "Search by title or key" });
  await search.pressSequentially("submit_", { delay: 20 });
  await page.waitForURL(/title=submit_$/);
  await search.pressSequentially("inspection", { delay: 5 });
  assert.equal(await search.inputValue(), "submit_inspection");
  await page.waitForURL(/title=submit_inspection$/);
  await seen.settled();
  assert.equal(await search.inputValue(), "submit_inspection");
  assert.equal(await page.getByRole("table", { name: "Workflows" }).getByRole("row").count(), 2);
  await noTrouble(seen);
});

test("each of the first steps leads to where it is done", async () => {
  for (const { name } of await found("actions", {})) await api(`actions:destroy?filterByTk=${name}`, {});
  const seen = await visitor();
  const { page } = seen;
  await signIn(page);
  const steps = page.getByRole("region", { name: "First steps" });
  const places = {
    "Define your collections": page.getByRole("dialog", { name: "New collection" }),
    "Draw a workflow": page.getByRole("dialog", { name: "New workflow" }),
    "Enable it": page.getByRole("heading", { level: 1, name: "Workflows" }),
    "Add a button": page.getByRole("heading", { level: 1, name: "New button" }),
  };
  await steps.waitFor();
  assert.deepEqual(await steps.getByRole("link").allTextContents(), Object.keys(places));
  for (const [step, place] of Object.entries(places)) {
    await steps.getByRole("link", { name: step }).click();
    await place.waitFor();
    await seen.settled();
    await page.goBack();
    await steps.waitFor();
  }
  await noTrouble(seen);
});

test("a menu's slow work is shown and is not begun twice", async () => {
  await made({ title: "To be copied" });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/workflows?title=To be copied");
  await slow(page, "workflows:revision");
  const more = page.getByRole("button", { name: "More about To be copied" });
  await more.click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await page.getByRole("progressbar", { name: "Loading" }).waitFor();
  assert.ok(await more.isDisabled());
  await page.getByText("To be copied copy").first().waitFor();
  await seen.settled();
  assert.equal((await found("workflows", { title: { $includes: "To be copied" } })).length, 2);
  await noTrouble(seen);
});
