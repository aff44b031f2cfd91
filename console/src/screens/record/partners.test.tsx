// @vitest-environment happy-dom
import { act } from "react";
import { expect, it } from "vitest";
import { queries } from "../../app/queries";
import type { Collection, Row } from "../../client";
import { button, click, escape, press, submit, until } from "../../testing/hands";
import { isStale, mount, told } from "../../testing/mount";
import { answer, noAnswer, refusal, serve, type Asked } from "../../testing/server";
import { Partners } from "./Partners";

const PAIRS = { name: "labels", type: "belongsToMany", target: "marks", through: "gadgetMarks", foreignKey: "gadgetId", otherKey: "markId" };
const HELD = { name: "parts", type: "hasMany", target: "marks", foreignKey: "gadgetId" };
const ONE = { name: "plate", type: "hasOne", target: "marks", foreignKey: "gadgetId" };
const MARKS = { name: "marks", title: "Marks", may: { view: null }, fields: [{ name: "name", type: "string" }, { name: "gadget", type: "belongsTo", target: "gadgets", foreignKey: "gadgetId" }] };
const ROWS = [{ id: 2, name: "Mark 2" }, { id: 1, name: "Mark 1" }];
const LISTS = ["gadgets", "marks", "gadgetMarks", "boxes"].map((name) => ["records", name, { here: 1 }]);
const WRITES = /:(add|remove)$/;

type On = (asked: Asked, linked: Row[]) => Response | Promise<Response>;

/** A server that keeps the links; `on` answers what is written instead. */
function server(on?: On): Asked[] {
  let linked: Row[] = ROWS;
  return serve((asked) => {
    const { path, body } = asked;
    if (WRITES.test(path)) {
      if (on) return on(asked, linked);
      linked = path.endsWith(":add") ? [...linked, ...(body as number[]).map((id) => ({ id, name: `Mark ${id}` }))] : linked.filter((one) => !(body as unknown[]).includes(one["id"]));
      return answer(undefined);
    }
    if (path === "gadgets/7/plate:get") return answer(linked[0] ?? null);
    const rows = path === "marks:list" ? [{ id: 3, name: "Mark 3" }, { id: 4, name: "Mark 4" }] : linked;
    return answer(rows, { count: rows.length, page: 1, pageSize: 10 });
  });
}

async function show(field: object, may: object = { update: null }) {
  const gadgets = { name: "gadgets", title: "Gadgets", may, fields: [field] } as unknown as Collection;
  LISTS.forEach((key) => queries.setQueryData(key, []));
  await mount(<Partners collection={gadgets} id="7" field={field as never} />, { session: { collections: [gadgets, MARKS as unknown as Collection] } });
  await until(() => document.querySelector("li") !== null);
}

const titles = () => [...document.querySelectorAll("li a")].map((one) => one.textContent);
const heading = () => document.querySelector("h2")?.textContent;
const writes = (asked: Asked[]) => asked.filter(({ path }) => WRITES.test(path)).map(({ path, body, key }) => [path, body, key !== null]);
const option = (text: string) => [...document.querySelectorAll<HTMLElement>("[role=option]")].find((one) => one.textContent?.includes(text));
const dialog = (part: string) => document.querySelector<HTMLElement>(`[role=dialog] ${part}, [role=alertdialog] ${part}`);

async function choose(...names: string[]) {
  await press("Link …");
  await until(() => dialog("form input") !== null);
  await click(dialog("form input"));
  for (const name of names) {
    await until(() => option(name) !== undefined);
    await click(option(name));
  }
}

it("several records are linked by one call; list and count, and what is kept of both sides and their pairs, are read anew", async () => {
  const asked = server();
  await show(PAIRS);
  await choose("Mark 3", "Mark 4");
  const offered = asked.find(({ path }) => path === "marks:list");
  expect(offered?.params.get("filter")).toBe('{"id":{"$notIn":[2,1]}}');
  await submit(2);
  await until(() => titles().length === 4);
  expect(writes(asked)).toEqual([["gadgets/7/labels:add", [3, 4], true]]);
  expect([heading(), told()]).toEqual(["Labels (4)", [["Labels", "2 records are linked.", "teal"]]]);
  expect([LISTS.map(isStale), dialog("form")]).toEqual([[true, true, true, false], null]);
});

it("with nothing chosen nothing is called, and the button says what is missing", async () => {
  const asked = server();
  await show(PAIRS);
  await press("Link …");
  await until(() => dialog("form input") !== null);
  expect(button("Link", "form")?.getAttribute("aria-description")).toBe("Choose records first");
  await press("Link", "form");
  await submit();
  expect(writes(asked)).toEqual([]);
});

it("a refusal stands in the dialog, with what was chosen", async () => {
  server(() => refusal(400, { errors: [{ message: "there is no record 3" }] }));
  await show(PAIRS);
  await choose("Mark 3");
  await submit();
  await until(() => dialog("[role=alert]") !== null);
  expect(dialog("[role=alert]")?.textContent).toContain("there is no record 3");
  expect([dialog("form")?.textContent?.includes("Mark 3"), told()]).toEqual([true, []]);
});

it("a pair is taken apart at once, by one call for two presses; the focus stays in the list", async () => {
  const asked = server();
  await show(PAIRS);
  button("Unlink Mark 2")?.focus();
  await act(async () => [1, 2].forEach(() => button("Unlink Mark 2")?.click()));
  await until(() => titles().length === 1);
  expect(writes(asked)).toEqual([["gadgets/7/labels:remove", [2], true]]);
  expect([heading(), told()]).toEqual(["Labels (1)", [["Labels", "Mark 2 is no longer linked.", "teal"]]]);
  await until(() => document.activeElement === button("Link …"));
});

it.each([[HELD, "gadgets/7/parts:remove"], [ONE, "gadgets/7/plate:remove"]])("a partner that holds the key is asked for before it loses it: %j", async (field, path) => {
  const asked = server();
  await show(field);
  await press("Unlink Mark 2");
  expect(dialog("form")?.textContent).toContain("Its Gadget is emptied; the record itself stays.");
  await press("Cancel");
  expect(writes(asked)).toEqual([]);
  await press("Unlink Mark 2");
  await press("Unlink", "form");
  await until(() => !titles().includes("Mark 2"));
  expect([writes(asked), dialog("form")]).toEqual([[[path, [2], true]], null]);
});

it.each([[HELD, "[role=alertdialog]"], [PAIRS, "section"]])("what may not be unlinked stays, with the server's reason: %j", async (field, where) => {
  server(() => refusal(400, { errors: [{ message: '"gadgetId" is required in marks, so 2 cannot be unlinked', code: "FOREIGN_KEY_REQUIRED" }] }));
  await show(field);
  await press("Unlink Mark 2");
  if (field === HELD) await press("Unlink", "form");
  await until(() => document.querySelector(`${where} [role=alert]`) !== null);
  expect(document.querySelector(`${where} [role=alert]`)?.textContent).toContain("so 2 cannot be unlinked");
  expect([titles(), told()]).toEqual([["Mark 2", "Mark 1"], []]);
});

it("what got no answer is the same call when it is pressed again", async () => {
  const asked = server(() => refusal(502));
  await show(PAIRS);
  await press("Unlink Mark 1");
  await until(() => document.querySelector("section [role=alert]") !== null);
  await press("Unlink Mark 1");
  await until(() => writes(asked).length === 2);
  const [first, second] = asked.filter(({ path }) => WRITES.test(path));
  expect(second?.key).toBe(first?.key);
});

it("a hasOne has one partner: another takes its place, and the dialog says what becomes of the first", async () => {
  const asked = server(noAnswer);
  await show(ONE);
  expect([titles(), heading()?.trim()]).toEqual([["Mark 2"], "Plate"]);
  await choose("Mark 3");
  expect(dialog("form")?.textContent).toContain("Mark 2 is unlinked: its Gadget is emptied. What is linked elsewhere is taken from there.");
  await submit();
  expect(writes(asked)).toEqual([["gadgets/7/plate:add", [3], true]]);
});

it("what was chosen is not lost by Escape", async () => {
  server();
  await show(ONE);
  await choose("Mark 3");
  await escape();
  expect(document.body.textContent).toContain("Leave without saving?");
});

it.each([
  [{}, "Your role may not change these records"],
  [{ update: ["title"] }, "Your role may not change this field"],
])("who may %j can do neither, and reads why at each button", async (may, reason) => {
  const asked = server();
  await show(PAIRS, may);
  const buttons = ["Link …", "Unlink Mark 1", "Unlink Mark 2"];
  expect(buttons.map((one) => button(one)?.getAttribute("aria-description"))).toEqual(buttons.map(() => reason));
  for (const one of buttons) await press(one);
  expect([dialog("form"), writes(asked)]).toEqual([null, []]);
});
