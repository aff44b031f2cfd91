// The server was updated while a page is open: what the page still wants to load is gone. It says so, or loads itself anew once.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { close, noTrouble, open, signIn, visitor } from "./page.js";

after(close);

const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const CLEAR = "This part of the console could not be loaded";

/** The parts whose names begin so are no longer there; what is returned brings them back. */
async function gone(seen, name) {
  const parts = new RegExp(`/console/${name}-[\\w-]{8}\\.js$`);
  await seen.page.route(parts, (route) => route.fulfill({ status: 404, contentType: "text/plain", body: "There is no such file.\n" }));
  return () => seen.page.unroute(parts);
}

/** What the browser says of a part that is not there is expected here. */
async function noOther(seen) {
  const others = seen.trouble.filter((one) => !/404 .*\/console\/\w+-[\w-]{8}\.js|dynamically imported module/.test(one));
  seen.trouble.length = 0;
  assert.deepEqual(others, []);
  await noTrouble(seen);
}

test("a screen that is gone says what happened, the rest goes on, and Reload brings it", async () => {
  const seen = await visitor();
  const { page } = seen;
  const restore = await gone(seen, "WorkflowsScreen");
  await signIn(page, undefined, undefined, "/tables/samples");
  const main = page.getByRole("navigation", { name: "Main" });
  await main.getByRole("link", { name: "Workflows" }).click();
  await page.getByRole("alert").getByText(CLEAR).waitFor();
  await main.getByRole("link", { name: "Samples" }).click();
  await row(page, "Sample 1").waitFor();
  await main.getByRole("link", { name: "Workflows" }).click();
  await page.getByRole("alert").getByText(CLEAR).waitFor();
  await restore();
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("heading", { name: "Workflows" }).waitFor();
  await noOther(seen);
});

test("a button whose dialog is gone says so in a dialog, and nothing is called", async () => {
  const seen = await visitor();
  const { page, calls } = seen;
  await gone(seen, "ActionDialog");
  await signIn(page, undefined, undefined, "/tables/samples");
  await row(page, "Sample 1").getByRole("button", { name: "Submit for Inspection" }).click();
  const dialog = page.getByRole("dialog", { name: "Submit for Inspection" });
  await dialog.getByText(CLEAR).waitFor();
  await dialog.getByRole("button", { name: "Reload" }).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
  await row(page, "Sample 1").waitFor();
  assert.ok(!calls.some((call) => call.path.startsWith("actions:run")));
  await noOther(seen);
});

test("a page from before the update loads itself anew, once, and is where one wanted to go", async () => {
  const seen = await visitor();
  const { page } = seen;
  let pages = 0;
  // The first page is one of the version before: it begins with another script.
  await page.route(/\/console\/$/, async (route) => {
    const answer = await route.fetch();
    const text = await answer.text();
    const isFirst = route.request().isNavigationRequest() && pages++ === 0;
    await route.fulfill({ response: answer, body: isFirst ? text.replace(/(src="\.\/[^"]+\.js)"/, '$1?before"') : text });
  });
  await gone(seen, "UsersScreen");
  await signIn(page, undefined, undefined, "/");
  assert.equal(pages, 1);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Users" }).click();
  // Gone from the new one as well: it says so, and does not begin again and again.
  await page.waitForFunction(() => performance.getEntriesByType("navigation")[0].type === "reload");
  await page.getByRole("alert").getByText(CLEAR).waitFor();
  await seen.settled();
  assert.equal(pages, 2);
  assert.match(page.url(), /#\/users$/);
  await open(page, "/tables/samples");
  await row(page, "Sample 1").waitFor();
  await noOther(seen);
});
