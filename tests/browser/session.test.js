// What a person has before them: a session that ends by itself takes nothing typed away; a phone shows what a row offers and nothing in reach is out of sight.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, found, noTrouble, signIn, visitor } from "./page.js";

after(close);

const PASSWORD = "inspect-91";
const PHONE = { width: 375, height: 740 };

const dialog = (page) => page.getByRole("dialog", { name: "Sign in again" });

async function signInAgain(page, account, password) {
  await dialog(page).getByLabel("E-mail or username").fill(account);
  await dialog(page).getByRole("textbox", { name: "Password" }).fill(password);
  await dialog(page).getByRole("button", { name: "Sign in" }).click();
  await dialog(page).waitFor({ state: "detached" });
}

/** As when an administrator ends it: the server takes the token no more. */
async function endSession(page) {
  const token = await page.evaluate(() => sessionStorage.getItem("stepbase.token"));
  const ended = await fetch(`${process.env.STEPBASE_URL}/api/auth:signOut`, { method: "POST", body: "{}", headers: { Authorization: `Bearer ${token}` } });
  assert.equal(ended.status, 200);
}

test("a session that ends while something is typed: the same user signs in over the page and saves it, another finds none of it", async () => {
  await api("users:create", { username: "other", nickname: "Other", password: PASSWORD, roles: ["member"] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/tables/samples?open=new");
  const title = page.getByRole("dialog").getByLabel("Title");
  await title.fill("Typed before the end");
  await endSession(page);
  seen.expect("401 samples:create");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await dialog(page).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await dialog(page).waitFor();
  await signInAgain(page, process.env.STEPBASE_EMAIL, process.env.STEPBASE_PASSWORD);
  assert.equal(await title.inputValue(), "Typed before the end");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await title.waitFor({ state: "detached" });
  assert.equal((await found("samples", { title: "Typed before the end" })).length, 1);
  await noTrouble(seen);

  await page.getByRole("button", { name: "Add", exact: true }).click();
  await title.fill("Not for the other");
  await endSession(page);
  seen.expect("401 samples:create");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await signInAgain(page, "other", PASSWORD);
  await page.getByRole("button", { name: /Your account/ }).waitFor();
  assert.ok(!(await page.getByRole("dialog").getByLabel("Title").inputValue().catch(() => "")).includes("Not for"));
  await noTrouble(seen);
});

test("on a phone a row's buttons are in view, in a menu; a long word widens no page; Tab passes over the closed navigation", async () => {
  const [{ id }] = await found("samples", { title: "Sample 1" });
  const long = await api("samples:create", { title: "w".repeat(200) });
  const seen = await visitor({ viewport: PHONE });
  const { page } = seen;
  await signIn(page, undefined, undefined, '/tables/samples?filter={"title":"Sample 1"}');
  const more = page.getByRole("button", { name: "More about Sample 1", exact: true });
  const place = await more.boundingBox();
  assert.ok(place.x > 0 && place.x + place.width <= PHONE.width, JSON.stringify(place));
  await more.click();
  await page.getByRole("menuitem", { name: "Submit for Inspection" }).waitFor();
  await page.keyboard.press("Escape");
  for (let press = 0; press < 20; press++) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.closest("nav") === null), true);
  }
  for (const path of [`samples/${long.id}`, `samples/${id}`]) {
    await page.goto(`${process.env.STEPBASE_URL}/console/#/tables/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("region", { name: "Fields" }).waitFor();
    await seen.settled();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
  }
  await noTrouble(seen);
});
