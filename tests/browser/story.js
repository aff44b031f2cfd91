// What the stories share: a test with a visitor of its own, at whose end the browser must have had nothing to complain of, and the clicks
// that come again and again. Their instance is empty at first; each story makes what it needs under names of its own.
import { test } from "node:test";
import { api, noTrouble, signIn, visitor } from "./page.js";

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
      seen.trouble = seen.trouble.filter((one) => !expected?.test(one));
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
  await page.getByRole("link", { name: "Collections" }).click();
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
