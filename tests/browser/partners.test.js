// A record's partners are linked and unlinked on its page: by mouse, by keys alone, on a phone; what may not be is said.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, found, noTrouble, open, signIn, visitor, WAIT_MS } from "./page.js";

const named = (name, title, more = []) => ({ name, title, titleField: "name", fields: [{ name: "name", type: "string", uiSchema: { title: "Name" } }, ...more] });
const field = (name, title, type, more) => ({ name, type, uiSchema: { title }, ...more });
const PASSWORD = "look-only-91";

let seen;
let page;
let kit;
let other;

before(async () => {
  await api("collections:create", named("labels", "Labels"));
  await api("collections:create", named("kits", "Kits", [field("labels", "Labels", "belongsToMany", { target: "labels", through: "kitLabels", foreignKey: "kitId", otherKey: "labelId" })]));
  const ofKit = (more = {}) => field("kit", "Kit", "belongsTo", { target: "kits", ...more });
  for (const [name, title, required] of [["tools", "Tools", false], ["seals", "Seals", true], ["cases", "Cases", false]]) await api("collections:create", named(name, title, [ofKit({ required })]));
  await api("collections/labels/fields:create", field("kits", "Kits", "belongsToMany", { target: "kits", through: "kitLabels", foreignKey: "labelId", otherKey: "kitId" }));
  await api("collections/kits/fields:create", field("tools", "Tools", "hasMany", { target: "tools", foreignKey: "kitId" }));
  await api("collections/kits/fields:create", field("seals", "Seals", "hasMany", { target: "seals", foreignKey: "kitId" }));
  await api("collections/kits/fields:create", field("case", "Case", "hasOne", { target: "cases", foreignKey: "kitId" }));
  [kit, other] = [await api("kits:create", { name: "First aid" }), await api("kits:create", { name: "Travel" })];
  for (const name of ["Red", "Green"]) await api("labels:create", { name });
  for (const name of ["Box", "Bag"]) await api("cases:create", { name });
  await Promise.all([
    api("labels:create", { name: "Blue" }),
    api("tools:create", { name: "Scissors", kit: other.id }),
    api("tools:create", { name: `Tweezers ${"long".repeat(20)}` }),
    api("seals:create", { name: "Seal 1", kit: kit.id }),
    api("roles:create", { name: "looker", title: "Looker", strategy: { actions: ["view"] } }).then(() => api("users:create", { username: "lea", nickname: "Lea", password: PASSWORD, roles: ["looker"] })),
  ]);
  seen = await visitor();
  page = seen.page;
  await signIn(page, undefined, undefined, `/tables/kits/${kit.id}`);
});
after(close);

const card = (name, on = page) => on.getByRole("region", { name, exact: true });
const linkTo = (name, on = page) => card(name, on).getByRole("button", { name: `Link … ${name}`, exact: true });
const unlink = (name, on = page) => on.getByRole("button", { name: `Unlink ${name}`, exact: true });
const rows = (name) => card(name).getByRole("listitem").getByRole("link").allTextContents();
const dialog = (on = page) => on.getByRole("dialog");
const focused = (what) => what.evaluate((one) => new Promise((resolve) => setTimeout(() => resolve(one === document.activeElement), 100)));
const writes = () => seen.calls.filter(({ path }) => /:(add|set|remove|toggle)$/.test(path)).map(({ path, body, headers }) => [path, JSON.parse(body), Boolean(headers["idempotency-key"])]);

/** Waits until the card has these records. */
async function has(name, expected) {
  const ends = Date.now() + WAIT_MS;
  while (JSON.stringify(await rows(name)) !== JSON.stringify(expected) && Date.now() < ends) await page.waitForTimeout(50);
  assert.deepEqual(await rows(name), expected);
}

async function choose(association, ...names) {
  await linkTo(association).click();
  for (const name of names) await page.getByRole("option", { name, exact: true }).click();
  // The list of choices of several stays open.
  if (await page.getByRole("option").first().isVisible()) await page.keyboard.press("Escape");
}
const link = () => dialog().getByRole("button", { name: "Link", exact: true }).click();
const says = (text) => page.getByRole("status").getByText(text, { exact: true }).waitFor();

test("several labels are linked with one call and one unlinked at once; both sides show it", async () => {
  await choose("Labels", "Red", "Green");
  await link();
  await has("Labels", ["Green", "Red"]);
  await says("2 records are linked.");
  await card("Labels").getByRole("heading", { name: "Labels (2)" }).waitFor();
  await linkTo("Labels").click();
  await page.getByRole("option", { name: "Blue" }).waitFor();
  assert.deepEqual(await page.getByRole("option").allTextContents(), ["Blue"], "what is linked is not offered");
  await page.keyboard.press("Escape");
  await dialog().getByRole("button", { name: "Cancel" }).click();
  await card("Labels").getByRole("link", { name: "Red" }).click();
  await has("Kits", ["First aid"]);
  await page.goBack();
  await unlink("Red").click();
  await has("Labels", ["Green"]);
  await says("Red is no longer linked.");
  assert.ok(await focused(linkTo("Labels")));
  const [red, green] = await found("labels", { name: { $in: ["Red", "Green"] } }, "&sort=id");
  assert.deepEqual(writes(), [[`kits/${kit.id}/labels:add`, [red.id, green.id], true], [`kits/${kit.id}/labels:remove`, [red.id], true]]);
  await page.goForward();
  await card("Kits").getByText("None").waitFor();
  await page.goBack();
  await noTrouble(seen);
});

test("a tool is taken from where it was; unlinking it asks, and a seal that must have its kit stays, with the reason", async () => {
  await choose("Tools", "Scissors");
  await dialog().getByText("What is linked elsewhere is taken from there.").waitFor();
  await link();
  await has("Tools", ["Scissors"]);
  assert.deepEqual((await found("tools", { name: "Scissors" })).map((one) => one.kitId), [kit.id]);
  const question = page.getByRole("alertdialog");
  await unlink("Scissors").click();
  await question.getByText("Its Kit is emptied; the record itself stays.").waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  await question.waitFor({ state: "hidden" });
  assert.ok(await focused(unlink("Scissors")));
  await unlink("Scissors").click();
  await question.getByRole("button", { name: "Unlink" }).click();
  await has("Tools", []);
  await question.waitFor({ state: "hidden" });
  assert.ok(await focused(linkTo("Tools")));
  assert.deepEqual((await found("tools", { name: "Scissors" })).map((one) => one.kitId), [null]);
  seen.expect(`400 kits/${kit.id}/seals:remove`);
  await unlink("Seal 1").click();
  await question.getByRole("button", { name: "Unlink" }).click();
  await question.getByRole("alert").getByText(/"kitId" is required in seals/).waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  await has("Seals", ["Seal 1"]);
  await noTrouble(seen);
});

test("by keys alone: a case is chosen, another takes its place, and it goes", async () => {
  const { keyboard } = page;
  const linkByKeys = async (name) => {
    await linkTo("Case").focus();
    await keyboard.press("Enter");
    const input = dialog().getByRole("combobox", { name: "Case" });
    await page.getByRole("option", { name, exact: true }).waitFor();
    assert.ok(await focused(input));
    await keyboard.type(name);
    await page.getByRole("option", { name: name === "Box" ? "Bag" : "Box" }).waitFor({ state: "hidden" });
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await page.getByRole("option").waitFor({ state: "hidden" });
    assert.equal(await input.inputValue(), name);
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    assert.ok(await focused(dialog().getByRole("button", { name: "Link", exact: true })));
  };
  await linkByKeys("Box");
  await keyboard.press("Enter");
  await has("Case", ["Box"]);
  await dialog().waitFor({ state: "hidden" });
  assert.ok(await focused(linkTo("Case")));
  await linkByKeys("Bag");
  await dialog().getByText(/^Box is unlinked: its Kit is emptied\./).waitFor();
  await keyboard.press("Escape");
  await page.getByRole("button", { name: "Keep editing" }).click();
  await link();
  await has("Case", ["Bag"]);
  assert.deepEqual((await found("cases", {}, "&sort=id")).map((one) => one.kitId), [null, kit.id]);
  await keyboard.press("Tab");
  await keyboard.press("Tab");
  assert.ok(await focused(unlink("Bag")));
  await keyboard.press("Enter");
  await page.getByRole("alertdialog").getByText("Its Kit is emptied; the record itself stays.").waitFor();
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await has("Case", []);
  await noTrouble(seen);
});

test("on a phone nothing is wider than the page, and who may only look reads why nothing can be linked", async () => {
  const [tweezers] = await found("tools", { name: { $startsWith: "Tweezers" } });
  await api(`kits/${kit.id}/tools:add`, [tweezers.id]);
  const there = await visitor({ viewport: { width: 375, height: 740 } });
  await signIn(there.page, "lea", PASSWORD, `/tables/kits/${kit.id}`);
  await linkTo("Tools", there.page).waitFor();
  await unlink(tweezers.name, there.page).waitFor();
  for (const one of [linkTo("Tools", there.page), unlink(tweezers.name, there.page)]) {
    assert.equal(await one.getAttribute("aria-disabled"), "true");
    await one.hover();
    await there.page.getByRole("tooltip", { name: "Your role may not change these records" }).waitFor();
    await one.click({ force: true });
  }
  assert.equal(await dialog(there.page).count(), 0);
  assert.ok(await there.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await noTrouble(there);
  await there.page.context().close();
});
