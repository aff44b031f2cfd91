// Everybody can use it: no serious finding of axe on the main screens, light and dark, and on a phone the navigation is a drawer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { close, noTrouble, open, signIn, visitor } from "./page.js";

const AXE = readFileSync(createRequire(new URL("../../console/package.json", import.meta.url)).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = { "/": "Hello", "/tables/samples": "Samples", "/tables/samples/1": "Sample 1", "/collections": "Collections", "/collections/samples": "Samples", "/workflows": "Workflows", "/executions": "Executions", "/tasks": "Tasks", "/buttons": "Buttons", "/buttons/submit": "Submit for Inspection" };

after(close);

async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  return serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious, ${colorScheme}`, async () => {
    const seen = await visitor({ colorScheme });
    const { page } = seen;
    await open(page);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    const found = { "sign in": await findings(page) };
    await signIn(page);
    for (const [path, heading] of Object.entries(SCREENS)) {
      await open(page, path);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await page.waitForLoadState("networkidle");
      found[path] = await findings(page);
    }
    await open(page, "/tables/samples?open=new");
    await page.getByRole("dialog").getByLabel("Title").waitFor();
    found["the add form"] = await findings(page);
    assert.deepEqual(Object.entries(found).filter(([, list]) => list.length > 0), []);
    await noTrouble(seen);
  });
}

test("on a phone the navigation opens and closes, and nothing is wider than the screen", async () => {
  const seen = await visitor({ viewport: { width: 390, height: 800 }, hasTouch: true });
  const { page } = seen;
  await open(page);
  await page.getByLabel("E-mail or username").fill(process.env.STEPBASE_EMAIL);
  await page.getByRole("textbox", { name: "Password" }).fill(process.env.STEPBASE_PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Open the navigation" }).click();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Samples" }).click();
  await page.getByRole("heading", { name: "Samples" }).waitFor();
  await page.getByRole("button", { name: "Open the navigation" }).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await noTrouble(seen);
});
