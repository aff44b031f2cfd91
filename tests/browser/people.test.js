// Users, roles, API keys and one's own profile: what who manages them does, and what others are told that they may not.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, noTrouble, open, signIn, visitor } from "./page.js";

after(close);

const row = (page, name) => page.getByRole("row").filter({ hasText: name });
const told = (page, text) => page.getByRole("status").getByText(text).first().waitFor();

async function calledWith(token, path) {
  const response = await fetch(`${process.env.STEPBASE_URL}/api/${path}`, { headers: { Authorization: `Bearer ${token}` } });
  return response.status;
}

test("a user is added, found, given a role and a password, blocked, let in and removed", async () => {
  const seen = await visitor();
  const { page, calls } = seen;
  await signIn(page, undefined, undefined, "/users");
  await page.getByRole("button", { name: "Add a user" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name", { exact: true }).fill("Grace");
  seen.expect("400 users:create", "400 users:update");
  await form.getByLabel("Username").fill("gr@ce");
  await form.getByLabel("Password", { exact: true }).fill("first-password");
  await form.getByRole("button", { name: "Add" }).click();
  await form.getByText("a username holds no @").waitFor();
  await form.getByLabel("Username").fill("grace");
  await form.getByRole("button", { name: "Add" }).click();
  await row(page, "Grace").getByText("Member").waitFor();
  await form.waitFor({ state: "detached" });

  await page.getByLabel("Search by name or e-mail").fill("grac");
  await page.getByText("1 in all").waitFor();
  assert.match(page.url(), /search=grac/);
  await row(page, "Grace").getByRole("button", { name: "Change Grace" }).click();
  await form.getByLabel("E-mail").fill("grace@example.com");
  await form.getByRole("combobox", { name: "Roles" }).or(form.getByRole("textbox", { name: "Roles" })).first().click();
  await page.getByRole("option", { name: "Admin" }).click();
  await page.keyboard.press("Escape");
  await form.getByRole("button", { name: "Save Grace" }).click();
  await row(page, "Grace").getByText("Admin").waitFor();
  const update = calls.find((call) => call.path.startsWith("users:update"));
  assert.ok(update, "one update");

  await row(page, "Grace").getByRole("button", { name: "Set the password of Grace" }).click();
  await form.getByLabel("New password").fill("x");
  await form.getByRole("button", { name: "Set the password" }).click();
  await form.getByText("6 to 200 characters").waitFor();
  await form.getByLabel("New password").fill("second-password");
  await form.getByRole("button", { name: "Set the password" }).click();
  await told(page, "Has a new password");

  await row(page, "Grace").getByRole("button", { name: "Block Grace" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Block" }).click();
  await row(page, "Grace").getByText("Blocked").waitFor();
  const body = JSON.stringify({ account: "grace", password: "second-password" });
  assert.equal((await fetch(`${process.env.STEPBASE_URL}/api/auth:signIn`, { method: "POST", body })).status, 401);
  await row(page, "Grace").getByRole("button", { name: "Let Grace in again" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Let in" }).click();
  await row(page, "Grace").getByRole("button", { name: "Block Grace" }).waitFor();
  assert.equal((await fetch(`${process.env.STEPBASE_URL}/api/auth:signIn`, { method: "POST", body })).status, 200);

  await row(page, "Grace").getByRole("button", { name: "Remove Grace" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove the user" }).click();
  await page.getByText("No user matches").waitFor();
  assert.deepEqual((await api(`users:list?filter=${encodeURIComponent('{"username":"grace"}')}`)).length, 0);
  await noTrouble(seen);
});

test("nobody blocks themselves, and the reason can be read", async () => {
  const seen = await visitor();
  await signIn(seen.page, undefined, undefined, "/users");
  const block = row(seen.page, "Super Admin").getByRole("button", { name: "Block Super Admin" });
  await block.hover();
  await seen.page.getByRole("tooltip").getByText("Nobody blocks or removes themselves").waitFor();
  await block.click({ force: true });
  assert.equal(await seen.page.getByRole("alertdialog").count(), 0);
  await noTrouble(seen);
});

test("a role is made, its matrix, its rules for a collection and its areas set, and removed", async () => {
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/roles");
  await page.getByRole("button", { name: "New role" }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("Quality lab");
  await page.getByRole("dialog").getByRole("button", { name: "Make it" }).click();
  await page.getByRole("heading", { level: 1, name: "Quality lab" }).waitFor();
  assert.match(page.url(), /roles\/quality-lab$/);

  await page.getByRole("radio", { name: "View: Own records" }).check();
  await page.getByRole("radio", { name: "Add: All records" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await told(page, "Saved");
  assert.deepEqual((await api("roles:get/quality-lab")).strategy.actions, ["view:own", "create"]);

  await page.getByRole("tab", { name: "By collection" }).click();
  await page.getByRole("button", { name: "Samples" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("switch", { name: "Rules of its own" }).click();
  const view = form.getByRole("group", { name: "View" });
  await view.getByText("Some", { exact: true }).click();
  seen.expect("400 roles/quality-lab/resources:create");
  await view.getByLabel("View: filter").fill('{"statu": 1}');
  await form.getByRole("button", { name: "Save" }).click();
  await view.getByText(/statu/).last().waitFor();
  await view.getByLabel("View: filter").fill('{"status": "Collected"}');
  await view.getByRole("switch", { name: "View: all fields" }).click();
  await view.getByRole("textbox", { name: "View: fields" }).or(view.getByRole("combobox", { name: "View: fields" })).first().click();
  await page.getByRole("option", { name: "Indicator" }).click();
  await page.keyboard.press("Escape");
  await form.getByRole("button", { name: "Save" }).click();
  await row(page, "Samples").getByText("View: some").waitFor();
  const [rule] = (await api("roles:get/quality-lab")).resources.samples.actions;
  assert.deepEqual([rule.name, rule.scope], ["view", { status: "Collected" }]);
  assert.ok(rule.fields.includes("title") && !rule.fields.includes("indicator"), JSON.stringify(rule.fields));

  await page.getByRole("tab", { name: "Management" }).click();
  await page.getByRole("switch", { name: "Users" }).click();
  const saved = page.waitForResponse((response) => response.url().includes("roles:update"));
  await page.getByRole("button", { name: "Save" }).click();
  await saved;
  assert.deepEqual((await api("roles:get/quality-lab")).snippets, ["pm.users"]);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove the role" }).click();
  await page.getByRole("heading", { level: 1, name: "Roles and permissions" }).waitFor();
  await told(page, "Quality lab is gone.");
  await row(page, "quality-lab").waitFor({ state: "detached" });
  await noTrouble(seen);
});

test("a role is given to somebody, holds for them, and is taken again", async () => {
  const view = { name: "view", fields: ["title", "status"], scope: { status: "Collected" } };
  await api("roles:create", { name: "sampler", title: "Sampler", snippets: ["pm.users"], resources: { samples: { usingActionsConfig: true, actions: [view] } } });
  await api("users:create", { username: "lin", nickname: "Lin", password: "inspect-91", roles: [] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/roles/sampler");
  await page.getByRole("tab", { name: "Members" }).click();
  await page.getByText("Nobody has this role").waitFor();
  await page.getByRole("textbox", { name: "Give the role to" }).or(page.getByRole("combobox", { name: "Give the role to" })).first().fill("Lin");
  await page.getByRole("option", { name: "Lin" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Give", exact: true }).click();
  await row(page, "lin").waitFor();
  await noTrouble(seen);

  const lin = await visitor();
  await signIn(lin.page, "lin", "inspect-91", "/users");
  await lin.page.getByRole("link", { name: "Users" }).waitFor();
  assert.equal(await lin.page.getByRole("link", { name: "Roles" }).count(), 0);
  const change = row(lin.page, "Super Admin").getByRole("button", { name: "Change Super Admin" });
  await change.hover();
  await lin.page.getByRole("tooltip").getByText("Only root changes a root user").waitFor();
  await open(lin.page, "/tables/samples");
  await lin.page.getByRole("heading", { level: 1, name: "Samples" }).waitFor();
  await row(lin.page, "Sample 3").waitFor();
  assert.equal(await lin.page.locator("thead th").filter({ hasText: "Indicator" }).count(), 0);
  lin.expect("403 roles:list");
  await open(lin.page, "/roles");
  await lin.page.getByRole("alert").getByText("No permissions").waitFor();
  await noTrouble(lin);

  await page.getByRole("button", { name: "Take the role from Lin" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Take it" }).click();
  await page.getByText("Nobody has this role").waitFor();
  await noTrouble(seen);
});

test("the default role is given on, and stock roles stay", async () => {
  await api("roles:create", { name: "guest", title: "Guest" });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, "/roles/guest");
  await page.getByRole("button", { name: "Give to new users" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Give it to new users" }).click();
  await page.getByRole("button", { name: "Remove" }).hover();
  await page.getByRole("tooltip").getByText("New users get this role").waitFor();
  assert.equal((await api("roles:get/member")).default, false);
  await open(page, "/roles/member");
  await page.getByRole("button", { name: "Give to new users" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Give it to new users" }).click();
  await page.getByRole("button", { name: "Remove" }).hover();
  await page.getByRole("tooltip").getByText("A stock role cannot be removed").waitFor();
  assert.equal((await api("roles:get/member")).default, true);
  await noTrouble(seen);
});

test("an API key is shown once, works, and works no more once it is removed", async () => {
  const seen = await visitor({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = seen;
  await signIn(page);
  await page.getByRole("button", { name: /Super Admin|Your account/ }).click();
  await page.getByRole("menuitem", { name: "API keys" }).click();
  await page.getByRole("button", { name: "New key" }).click();
  seen.expect("400 apiKeys:create");
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Make it" }).click();
  await form.getByText("name must be a text").waitFor();
  await form.getByLabel("Name").fill("nightly");
  await form.getByRole("combobox", { name: "Works for" }).or(form.getByRole("textbox", { name: "Works for" })).first().click();
  await page.getByRole("option", { name: "90 days" }).click();
  await form.getByRole("button", { name: "Make it" }).click();
  const shown = page.getByRole("textbox", { name: "The key" });
  const token = await shown.inputValue();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  await page.getByRole("button", { name: "I have it" }).click();
  await row(page, "nightly").getByText(`…${token.slice(-6)}`).waitFor();
  assert.equal((await page.content()).includes(token), false);
  assert.equal(await calledWith(token, "samples:list"), 200);

  await page.getByRole("button", { name: "Remove nightly" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove the key" }).click();
  await page.getByText("No key yet").waitFor();
  assert.equal(await calledWith(token, "samples:list"), 401);
  await noTrouble(seen);
});

test("one changes one's own name and password, and stays signed in", async () => {
  await api("users:create", { username: "kay", nickname: "Kay", password: "first-password", roles: ["member"] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, "kay", "first-password", "/profile");
  await page.getByRole("textbox", { name: "Name" }).fill("Katherine");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: /Katherine/ }).waitFor();
  await page.getByLabel("Current password").fill("guessed-wrong");
  await page.getByLabel("New password", { exact: true }).fill("second-password");
  await page.getByLabel("The new password again").fill("second-passwort");
  seen.expect("400 auth:changePassword", "401 auth:changePassword");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByText("The password is inconsistent").waitFor();
  await page.getByLabel("The new password again").fill("second-password");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByText("The password is incorrect").waitFor();
  await page.getByLabel("Current password").fill("first-password");
  await page.getByRole("button", { name: "Change the password" }).click();
  await told(page, "Changed; your other sessions have ended.");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Profile" }).waitFor();
  const again = await visitor();
  await signIn(again.page, "kay", "second-password");
  await noTrouble(seen);
});

test("who does not manage users sees neither their screen in the navigation nor its data", async () => {
  await api("users:create", { username: "guest", nickname: "Guest", password: "inspect-91", roles: ["member"] });
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, "guest", "inspect-91");
  for (const name of ["Users", "Roles", "Collections"]) assert.equal(await page.getByRole("link", { name, exact: true }).count(), 0);
  await open(page, "/users");
  await page.getByText("Not in your role").waitFor();
  assert.equal(await page.getByRole("button", { name: "Add a user" }).count(), 0);
  const shown = await page.getByRole("main").textContent();
  for (const theirs of ["Super Admin", process.env.STEPBASE_EMAIL, "Grace"]) assert.ok(!shown.includes(theirs), theirs);
  const token = await page.evaluate(() => sessionStorage.getItem("stepbase.token"));
  const answer = await fetch(`${process.env.STEPBASE_URL}/api/users:list?appends=roles`, { headers: { Authorization: `Bearer ${token}` } });
  assert.deepEqual((await answer.json()).data, []);
  await noTrouble(seen);
});
