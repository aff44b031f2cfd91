// Buttons of every kind: procedures, the browser's own, asynchronous runs followed to their end, forms with bound workflows.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor } from "./page.js";

after(close);

const SAY = { type: "response-message", config: { message: "Noted: {{$context.data.title}}" } };

async function sample(title) {
  return (await api("samples:create", { title, indicator: 12, categoryId: 1 })).id;
}

test("a procedure takes its form, shows a refusal at the field, and what it returned in its message", async () => {
  const id = await sample("Measured");
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, `/tables/samples/${id}`);
  await page.getByRole("button", { name: "Measure again" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Measure again" }).click();
  await form.getByText("is required").first().waitFor();
  await form.getByLabel("Indicator").fill("97");
  await form.getByRole("button", { name: "Measure again" }).click();
  await page.getByText("Measured is now at 97").waitFor();
  await page.getByRole("region", { name: "Fields" }).getByText("97", { exact: true }).waitFor();
  await noTrouble(seen);
});

test("a client action opens the record that it names", async () => {
  const id = await sample("Leads on");
  const seen = await visitor();
  await signIn(seen.page, undefined, undefined, `/tables/samples/${id}`);
  await seen.page.getByRole("button", { name: "Open the category" }).click();
  await seen.page.getByRole("heading", { level: 1, name: "Blood" }).waitFor();
  await noTrouble(seen);
});

test("an asynchronous run is followed to its end", async () => {
  const config = { type: 1, collection: "samples", appends: [] };
  const nodes = [
    { type: "delay", config: { unit: 1000, duration: 2, endStatus: 1 } },
    { type: "update", config: { collection: "samples", params: { filter: { id: "{{$context.data.id}}" }, values: { status: "Rested" } } } },
  ];
  await api("workflows:create", { key: "rest", title: "Rest", type: "custom-action", sync: false, enabled: true, config, nodes });
  await api("actions:create", { name: "rest", label: "Let it rest", collection: "samples", context: "single", placement: "row", kind: "workflow", workflows: [{ key: "rest" }] });
  const id = await sample("Tired");
  const seen = await visitor();
  const { page } = seen;
  await signIn(page, undefined, undefined, `/tables/samples/${id}`);
  await page.getByRole("button", { name: "Let it rest" }).click();
  await page.getByText(/Rest: (Queued|Running)/).waitFor();
  await page.getByText("Rest: Succeeded").waitFor({ timeout: 30_000 });
  await page.getByRole("region", { name: "Fields" }).getByText("Rested").waitFor();
  await page.getByRole("region", { name: "Runs" }).getByText("Succeeded").waitFor();
  assert.equal((await api(`samples:get/${id}`)).status, "Rested");
  await noTrouble(seen);
});

test("a failed run never looks like a success", async () => {
  const config = { type: 1, collection: "samples", appends: [] };
  const nodes = [{ type: "create", config: { collection: "samples", params: { values: { title: null } } } }];
  await api("workflows:create", { key: "break", title: "Break", type: "custom-action", sync: true, enabled: true, config, nodes });
  await api("actions:create", { name: "break", label: "Break it", collection: "samples", context: "single", placement: "details", kind: "workflow", workflows: [{ key: "break" }], onResult: { message: "All is well", level: "success" } });
  const id = await sample("Fragile");
  const seen = await visitor();
  await signIn(seen.page, undefined, undefined, `/tables/samples/${id}`);
  seen.expect("500 actions:run/break");
  await seen.page.getByRole("button", { name: "Break it" }).click();
  await seen.page.getByRole("alert").getByText(/failed/).waitFor();
  assert.equal(await seen.page.getByText("All is well").count(), 0);
  assert.equal((await found("executions", { key: "break" }))[0].status, -2);
  await noTrouble(seen);
});

test("the add form starts the workflows that were bound to it, and shows what they say", async () => {
  await api("workflows:create", { key: "note_post", title: "Note the post", type: "action", sync: true, enabled: true, config: { collection: "posts" }, nodes: [SAY] });
  const seen = await visitor();
  const { page, calls } = seen;
  await signIn(page, undefined, undefined, "/collections/posts");
  const card = page.getByRole("region", { name: "Workflows of the forms" });
  await card.getByLabel("The add form starts").first().click();
  await page.getByRole("option", { name: "Note the post" }).click();
  await page.keyboard.press("Escape");
  await card.getByRole("button", { name: "Save" }).click();
  await page.getByText("The forms start what you chose.").waitFor();

  await open(page, "/tables/posts?open=new");
  const form = page.getByRole("dialog");
  await form.getByText("Saving starts note_post.").waitFor();
  await form.getByLabel("Title").fill("First words");
  await form.getByRole("button", { name: "Add" }).click();
  await page.getByText("Noted: First words").waitFor();
  const created = calls.find((call) => call.path.startsWith("posts:create"));
  assert.match(created.path, /triggerWorkflows=note_post/);
  assert.ok(created.headers["idempotency-key"]);
  await noTrouble(seen);
});
