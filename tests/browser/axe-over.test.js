// Everybody can use what opens over a screen too, and both in the colours and sizes that axe.test.js leaves out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings, LOOKS, made, OTHER_LOOKS, screens, world } from "./axe.js";
import { close } from "./page.js";

const SUBMIT = "Submit for Inspection";
const button = (name) => (page) => page.getByRole("main").getByRole("button", { name }).first().click();
async function aField(page) {
  await page.getByRole("button", { name: "Add a field" }).click();
  await page.getByRole("region", { name: "Field 1" }).getByLabel("Title").fill("Why");
}
const chosen = (first, item) => async (page) => {
  await page.getByRole("button", { name: first }).first().click();
  await page.getByRole("menuitem", { name: item }).click();
};

/** What opens over a screen, as `[address, what opens it]`; with an address alone the form or the tab has one of its own. */
const OVER = () => [
  ["/tables/samples", button("Filter")],
  ["/tables/samples", button("Columns")],
  ["/tables/samples", (page) => page.getByRole("button", { name: "More about Sample 1" }).click()],
  ["/tables/samples", chosen("More about Sample 1", "Delete")],
  ["/tables/samples", button(SUBMIT)],
  ["/tables/samples", button("Archive")],
  ["/tables/samples?open=new"],
  ["/tables/samples?open=1"],
  ["/tables/samples/1", button("Measure again")],
  ["/", button("Register a sample")],
  ["/", (page) => page.getByRole("button", { name: "Super Admin" }).or(page.getByRole("button", { name: "Your account" })).first().click()],
  ["/collections?open=new"],
  ["/collections/samples?open=new"],
  ["/collections/samples?open=category"],
  ["/collections/samples", button("Drop")],
  ["/workflows", button("New workflow")],
  ["/workflows", button("Import")],
  [`/workflows/${made.drawn}`, (page) => page.locator(".wf-card-main").nth(1).click()],
  [`/workflows/${made.drawn}`, (page) => page.locator(".wf-card-main").first().click()],
  [`/workflows/${made.drawn}`, button("Add at the beginning")],
  [`/workflows/${made.drawn}`, chosen("More about Found", "Move to…")],
  [`/workflows/${made.drawn}`, chosen("More about Found", "Delete")],
  [`/workflows/${made.drawn}`, chosen("More about this workflow", "Settings")],
  [`/workflows/${made.drawn}`, button(/^Run$/)],
  [`/executions/${made.failed}`, (page) => page.getByRole("radiogroup", { name: "How the run is shown" }).getByText("List").click()],
  [`/executions/${made.failed}`, button(/^Run again$/)],
  ["/executions?status=-2"],
  ["/tasks?show=closed"],
  ["/tasks?show=copies"],
  ["/users?open=new"],
  ["/users?open=1"],
  ["/users", button("Set the password of Axe")],
  ["/users", button("Block Axe")],
  ["/roles?open=new"],
  ["/roles/root"],
  ["/roles/axe?tab=collections"],
  ["/roles/axe?tab=collections&open=samples"],
  ["/roles/axe?tab=areas"],
  ["/roles/axe?tab=members"],
  ["/api-keys?open=new"],
  ["/buttons/remeasure"],
  // The last one: who has begun it is asked before leaving.
  ["/buttons/+?collection=samples", aField],
];

before(world);
after(close);

test("nothing serious in what opens over a screen", async () => {
  assert.deepEqual(await findings(OVER(), [...LOOKS, ...OTHER_LOOKS]), []);
});

test("nothing serious on any screen in dark colours on a desk or light ones on a phone", async () => {
  assert.deepEqual(await findings(screens(), OTHER_LOOKS), []);
});
