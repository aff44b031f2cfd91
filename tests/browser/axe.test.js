// Everybody can use it: axe finds nothing serious on any screen that the console has, in light colours on a desk nor in dark ones on a phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings, PHONE, screens, tooWide, world, wrong } from "./axe.js";
import { close, noTrouble, open, signIn, visitor } from "./page.js";

before(world);
after(close);

test("nothing serious on any screen", async () => {
  assert.deepEqual(await findings(screens()), []);
});

test("nothing serious where one signs in, with a wrong password too", async () => {
  const seen = await visitor({ colorScheme: "light" });
  const { page } = seen;
  await open(page);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  const found = await wrong(seen);
  seen.expect("401 auth:signIn");
  await page.getByLabel("E-mail or username").fill("nobody");
  await page.getByRole("textbox", { name: "Password" }).fill("guessed");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.deepEqual([...found, ...(await wrong(seen))], []);
  await noTrouble(seen);
});

test("axe notices here what nobody can read, and the width what sticks out", async () => {
  const seen = await visitor();
  await open(seen.page);
  await seen.page.getByRole("button", { name: "Sign in" }).waitFor();
  await seen.page.evaluate(() => {
    const pale = Object.assign(document.createElement("p"), { textContent: "Pale" });
    Object.assign(pale.style, { color: "#bbb", width: "500px" });
    document.body.append(pale);
  });
  const found = (await wrong(seen)).join("\n");
  assert.match(found, /^desk, light: color-contrast: .*Pale/m);
  assert.match(found, /^phone, dark: 5\d\d of 375 px/m);
});

test("on a phone the navigation opens and closes", async () => {
  const seen = await visitor({ viewport: PHONE, hasTouch: true });
  const { page } = seen;
  await signIn(page);
  await page.getByRole("button", { name: "Open the navigation" }).click();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Samples" }).click();
  await page.getByRole("heading", { name: "Samples" }).waitFor();
  await page.getByRole("button", { name: "Open the navigation" }).waitFor();
  assert.deepEqual(await tooWide(page), []);
  await noTrouble(seen);
});
