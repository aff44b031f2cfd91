// What the stories share: a test with a visitor of its own, at whose end the browser must have had nothing to complain of, and the clicks
// that come again and again. Their instance is empty at first; each story makes what it needs under names of its own.
import { test } from "node:test";
import { api, found, noTrouble, signIn, visitor } from "./page.js";

const { STORY_SHOTS } = process.env;

export const DIALOG = "dialog";

/**
 * Plays with a fresh visitor who is signed in at `path`, after `before` has made what the story begins with; `play` gets both.
 * `expected` are complaints of the browser that belong to the story.
 */
export function story(name, { before, path, account, password, expected, ...options }, play) {
  test(name, async () => {
    const world = await before?.();
    const seen = await visitor(options);
    try {
      if (path) await signIn(seen.page, account, password, path);
      await play(seen, world);
      if (expected) seen.trouble.splice(0, Infinity, ...seen.trouble.filter((one) => !expected.test(one)));
      await noTrouble(seen);
    } catch (error) {
      if (STORY_SHOTS) await seen.page.screenshot({ path: `${STORY_SHOTS}/${name.replace(/\W+/g, "_").slice(0, 60)}.png` });
      throw error;
    } finally {
      await seen.page.context().close();
    }
  });
}

/** The row of a table whose link has this text. */
export function row(page, name) {
  return page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
}

/** The heading of a column. */
export function column(page, title) {
  return page.locator("th").filter({ has: page.getByText(title, { exact: true }) });
}

/** Chooses from a list of choices, by the label of its input. */
export async function choose(page, input, option) {
  await input.click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Makes a collection on its screen. A field: `{title, type?, leadsTo?, default?, required?}`; the form begins with a required Title. */
export async function makeCollection(page, title, fields) {
  await go(page, "Collections");
  await page.getByRole("button", { name: "New collection" }).click();
  const drawer = page.getByRole(DIALOG);
  await drawer.getByLabel("Title").first().fill(title);
  for (const field of fields) {
    await drawer.getByRole("button", { name: "Add a field" }).click();
    const inputs = drawer.getByRole("region").last();
    await inputs.getByLabel("Title").fill(field.title);
    if (field.type) await choose(page, inputs.getByRole("combobox", { name: "Type" }), field.type);
    if (field.leadsTo) await choose(page, inputs.getByRole("combobox", { name: "Leads to" }), field.leadsTo);
    if (field.default) await inputs.getByLabel("Default value").fill(field.default);
  }
  await drawer.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
}

/**
 * Draws a workflow from the list of workflows on: makes it, adds what `draw` adds, and enables it. `trigger` and `context` are the titles of
 * what sets it off and of its context; `background`: nobody waits for it.
 */
export async function drawWorkflow(page, title, { trigger, context, collection, background }, draw) {
  await go(page, "Workflows");
  await page.getByRole("button", { name: "New workflow" }).click();
  const made = page.getByRole(DIALOG, { name: "New workflow" });
  await made.getByLabel("Title").fill(title);
  if (trigger) await made.getByRole("radio", { name: trigger }).click();
  if (background) await made.getByRole("radiogroup", { name: "Who waits for it" }).getByText("Asynchronous").click();
  if (context) await choose(page, made.getByRole("combobox", { name: "Context" }), context);
  if (collection) await choose(page, made.getByRole("combobox", { name: "Collection", exact: true }), collection);
  await made.getByRole("button", { name: "Make it" }).click();
  await draw();
  await page.locator("label").filter({ hasText: /^Enabled$/ }).click(); // the pointer: the keyboard's focus is still on its way back from the drawer
  await said(page, "status", `${title} runs from now on.`).waitFor();
}

/** Opens the list of types at the plus of this name, chooses one, and gives it a title; `fill` gets the drawer. */
export async function addNode(page, where, type, title, fill) {
  await page.getByRole("button", { name: where, exact: true }).click();
  await page.getByRole(DIALOG, { name: /^Add a node/ }).locator(`[data-type="${type}"]`).click();
  const drawer = page.getByRole(DIALOG, { name: /^Add:/ });
  await drawer.getByLabel("Title", { exact: true }).first().fill(title);
  await fill(drawer);
  await drawer.getByRole("button", { name: "Add", exact: true }).last().click();
  await page.getByRole("button", { name: new RegExp(`^${title.replace("?", "\\?")}`) }).waitFor();
  await drawer.waitFor({ state: "detached" });
}

/** Adds the node that sets fields of the workflow's own records: `{Status: "Hot"}`. */
export async function addUpdate(page, where, title, collection, values) {
  await addNode(page, where, "update", title, async (drawer) => {
    await choose(page, drawer.getByRole("combobox", { name: "Collection", exact: true }), collection);
    await drawer.getByRole("button", { name: "Condition", exact: true }).click();
    await choose(page, drawer.getByRole("combobox", { name: "Field", exact: true }), "ID");
    await pick(page, drawer.getByRole("button", { name: "Use a variable as the value" }), "ID");
    for (const [field, value] of Object.entries(values)) {
      await setField(page, drawer, field);
      await drawer.getByLabel(field, { exact: true }).fill(value);
    }
  });
}

/** Adds the node that says `before`, a variable of the first group, `after`. */
export async function addMessage(page, where, title, before, variable, after) {
  await addNode(page, where, "response-message", title, async (drawer) => {
    const message = drawer.getByRole("textbox", { name: "Message" });
    await message.fill(before);
    await pick(page, drawer.getByRole("button", { name: /variable into Message/ }), variable);
    await message.press("End");
    await message.pressSequentially(after);
  });
}

/** Picks a variable from the tree behind the button. */
export async function pick(page, button, variable) {
  await button.click();
  await page.getByRole("list", { name: "Variables" }).first().getByRole("button", { name: variable, exact: true }).first().click();
}

export const setField = (page, drawer, field) => choose(page, drawer.getByRole("combobox", { name: "Set a field" }), field);

/** Makes a button from the list of buttons on; `fill` does what the label, the collection, the context and the workflow leave open. */
export async function makeButton(page, label, { collection, context, workflow: title, question }, fill) {
  await go(page, "Buttons");
  await page.getByRole("link", { name: "New button" }).click();
  await page.getByRole("textbox", { name: "Label" }).fill(label);
  await choose(page, page.getByRole("combobox", { name: "Collection", exact: true }), collection);
  if (context) await page.getByRole("radio", { name: context }).check();
  if (title) {
    await page.getByRole("combobox", { name: "Workflows" }).click();
    await page.getByRole("option", { name: title, exact: true }).click();
    await page.keyboard.press("Escape");
  }
  if (question) await page.getByRole("textbox", { name: "Question" }).fill(question);
  await fill?.();
  await page.getByRole("region", { name: "Preview" }).getByText(label).first().waitFor();
  await page.getByRole("button", { name: "Make it" }).click();
  await said(page, "status", `${label} is as you said.`).waitFor();
}

/** Adds a user from the list of users on, who has these roles. */
export async function addUser(page, name, { username, email, password, roles = [] }) {
  await go(page, "Users");
  await page.getByRole("button", { name: "Add a user" }).click();
  const form = page.getByRole(DIALOG);
  await form.getByLabel("Name", { exact: true }).fill(name);
  await form.getByLabel("Username").fill(username);
  if (email) await form.getByLabel("E-mail").fill(email);
  await form.getByLabel("Password", { exact: true }).fill(password);
  for (const role of roles) {
    await form.getByRole("combobox", { name: "Roles" }).click();
    await page.getByRole("option", { name: role, exact: true }).click();
    await form.getByLabel("Name", { exact: true }).click(); // the list of roles closes
  }
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await form.waitFor({ state: "detached" });
  await page.getByRole("row").filter({ hasText: username }).waitFor();
}

export async function signOut(page, name = "Super Admin") {
  await page.getByRole("button", { name }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}

/** What a field is in the record with this title, past the console. */
export async function stored(collection, title, field = "status") {
  const rows = await found(collection, { title });
  return rows.length === 1 ? rows[0][field] : `${rows.length} records`;
}

/** Follows the link of this name in the navigation. */
export async function go(page, title) {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: title, exact: true }).click();
}

/** Goes to the table of a collection by its link in the navigation. */
export async function table(page, title) {
  await go(page, title);
  await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
}

/** Adds a record on the table's screen that is open; `values` by label. */
export async function addRecord(page, values) {
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const form = page.getByRole(DIALOG);
  for (const [label, value] of Object.entries(values)) await form.getByLabel(label).fill(String(value));
  await form.getByRole("button", { name: "Add" }).click();
  await form.waitFor({ state: "detached" });
}

/** A collection for a story that is about something else: title, indicator, status (Collected at first). */
export async function samplesNamed(name, title, indicators = []) {
  const fields = [
    { name: "title", type: "string", required: true, uiSchema: { title: "Title" } },
    { name: "indicator", type: "double", uiSchema: { title: "Indicator" } },
    { name: "status", type: "string", defaultValue: "Collected", uiSchema: { title: "Status" } },
  ];
  await api("collections:create", { name, title, fields });
  const ids = [];
  for (const [index, indicator] of indicators.entries()) ids.push((await api(`${name}:create`, { title: `${title} ${index + 1}`, indicator })).id);
  return ids;
}

/** A `custom-action` workflow on single records (type 1), several (2) or none (0). */
export async function workflow(key, type, collection, nodes, more = {}) {
  const config = type === 0 ? { type } : { type, collection, appends: [] };
  return api("workflows:create", { key, title: key, type: "custom-action", sync: true, enabled: true, config, nodes, ...more });
}

export function says(message) {
  return { type: "response-message", config: { message } };
}

/** Sets fields of the records that the workflow's context names. */
export function sets(collection, values, filter = { id: "{{$context.data.id}}" }) {
  return { type: "update", config: { collection, params: { filter, values } } };
}

export async function button(name, collection, context, more) {
  return api("actions:create", { name, label: name, collection, context, kind: "workflow", placement: context === "single" ? "row" : "toolbar", ...more });
}

/** What is said on the page: `alert` for what went wrong, `status` for the rest. */
export function said(page, role, text) {
  return page.getByRole(role).getByText(text);
}

/** The calls of buttons so far. */
export function presses(calls) {
  return calls.filter((call) => call.path.startsWith("actions:run/"));
}
