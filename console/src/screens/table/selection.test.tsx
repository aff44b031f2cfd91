// @vitest-environment happy-dom
import { act } from "react";
import { HashRouter } from "react-router-dom";
import { beforeEach, expect, it } from "vitest";
import type { Collection, Id } from "../../client";
import { button, click, press, until } from "../../testing/hands";
import { mount, told } from "../../testing/mount";
import { answer, serve, type Asked } from "../../testing/server";
import { BulkActions } from "./BulkActions";
import { CollectionTable } from "./CollectionTable";
import type { Selection } from "./useSelection";
import type { Offered } from "./useTable";

const SAMPLES = { name: "samples", title: "Samples", may: { view: null, destroy: null }, fields: [{ name: "title", type: "string" }] } as unknown as Collection;
const ACTION = { name: "archive", label: "Archive", context: "multiple", collection: "samples", enabled: false, code: "NO_RECORD", confirm: null, form: null };
const RESULT = { status: "success", level: "success", message: "Put away", fieldErrors: {}, refresh: true, redirect: null, download: null, executions: [], client: null };

/** Whole tables are drawn: where much else runs, slowly. */
const PATIENT_MS = 20_000;
const noop = () => undefined;

let there: number[];
let refused: Record<number, object>;
let asked: Asked[];

/** The samples by their page, newest last, and whatever is done with them. */
function server({ path, params, body }: Asked): Response {
  if (path === "actions:run/archive") return answer(RESULT);
  if (path === "samples:destroy") {
    const gone = idsOf(params).map(Number);
    there = there.filter((one) => !gone.includes(one));
    return answer(gone.length, body ?? {});
  }
  const verdicts = (ids: number[]) => Object.fromEntries(ids.map((id) => [id, [{ name: "archive", enabled: true, ...refused[id] }]]));
  if (path === "actions:available") return answer([ACTION], { records: verdicts(idsOf(params).map(Number)) });
  const sorted = params.get("sort") === "-title" ? [...there].reverse() : there;
  const page = Number(params.get("page") ?? 1);
  const size = Number(params.get("pageSize"));
  const shown = sorted.slice((page - 1) * size, page * size);
  return answer(shown.map((id) => ({ id, title: `Sample ${id}` })), { count: there.length, page, pageSize: size, totalPage: Math.ceil(there.length / size), actions: [ACTION], records: verdicts(shown) });
}
const idsOf = (params: URLSearchParams) => [...params].filter(([name]) => name.startsWith("filterByTk")).flatMap(([, value]) => (value.startsWith("[") ? (JSON.parse(value) as string[]) : value.split(",")));

beforeEach(() => {
  there = Array.from({ length: 21 }, (_, at) => at + 1);
  refused = {};
  asked = serve(server);
});

/** `may` of a row that nothing can be done with costs no menu for each. */
async function show(may: object = { view: null }) {
  window.location.hash = "#/tables/samples?size=10";
  await mount(<CollectionTable collection={{ ...SAMPLES, may } as Collection} />, { router: HashRouter, session: { collections: [SAMPLES] } });
  await shows(1);
}
const box = (label: string) => document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`);
const shows = (id: number) => until(() => box(`Select Sample ${id}`) !== null);
const check = (...ids: number[]) => ids.reduce((before, id) => before.then(() => click(box(`Select Sample ${id}`), `row ${id}`)), Promise.resolve());
const count = () => [...document.querySelectorAll("[role=status]")].map((one) => one.textContent).find((text) => text.includes("selected"));
const checked = () => [...document.querySelectorAll<HTMLInputElement>("tbody input:checked")].map((one) => one.getAttribute("aria-label"));
const ran = () => asked.filter(({ path }) => path === "actions:run/archive").map(({ body }) => body);
const go = (hash: string) =>
  act(async () => {
    window.location.hash = hash;
    window.dispatchEvent(new HashChangeEvent("hashchange"));
    window.dispatchEvent(new PopStateEvent("popstate"));
  });

it("what is checked stays while one pages, and a button gets all of it", async () => {
  await show();
  await check(1, 2);
  expect(count()).toBe("2 selected");
  await press("Page 2");
  await shows(11);
  await check(11);
  expect([count(), checked()]).toEqual(["3 selected, 2 not on this page", ["Select Sample 11"]]);
  await press("Archive");
  expect(ran()).toEqual([{ filterByTk: [1, 2, 11] }]);
  await until(() => count() === undefined);
}, PATIENT_MS);

it("what is checked stays while one sorts, and can be taken back where it is shown", async () => {
  await show();
  await check(1, 2);
  await go("#/tables/samples?size=10&sort=-title");
  await shows(21);
  expect([count(), checked()]).toEqual(["2 selected, 2 not on this page", []]);
  await go("#/tables/samples?size=10");
  await shows(1);
  await check(2);
  expect([count(), checked()]).toEqual(["1 selected", ["Select Sample 1"]]);
}, PATIENT_MS);

it("what the server says of rows on other pages holds, too", async () => {
  refused[1] = { enabled: false, reason: "Only a sample that is Collected", code: "ACTION_DISABLED" };
  await show();
  await check(1);
  await press("Page 2");
  await until(() => button("Archive")?.getAttribute("aria-disabled") === "true" && asked.some(({ path }) => path === "actions:available"));
  await press("Archive");
  expect([told(), ran()]).toEqual([[["Archive", "Only a sample that is Collected", "yellow"]], []]);
}, PATIENT_MS);

it("a selection ends by Clear, and with another filter, which is told", async () => {
  await show();
  await check(1, 2);
  button("Clear the selection")?.focus();
  await press("Clear the selection");
  expect([count(), checked(), told()]).toEqual([undefined, [], []]);
  expect(document.activeElement?.tagName).toBe("TABLE");
  await check(1, 2);
  await go(`#/tables/samples?size=10&filter=${encodeURIComponent('{"$and":[{"title":{"$includes":"Sample"}}]}')}`);
  await until(() => count() === undefined);
  expect(told()).toEqual([["Nothing is selected any more", "The 2 selected rows were of the list before its filter changed.", "blue"]]);
  await go("#/tables/samples?size=10");
  expect(count()).toBeUndefined();
}, PATIENT_MS);

const selectionOf = (length: number): Selection => ({ ids: Array.from({ length }, (_, at) => at + 1), here: [], elsewhere: [], check: noop, clear: noop, forget: noop });
function bar(length: number) {
  const verdict = (name: string, id: Id) => ({ name, enabled: true, ...refused[Number(id)] });
  const offers = { bulk: [ACTION], verdict } as unknown as Offered;
  return mount(<BulkActions collection={SAMPLES} offers={offers} others={offers} selection={selectionOf(length)} table={{ current: null }} />);
}

it("more rows than one call takes are told before it", async () => {
  await bar(91);
  await press("Archive");
  await press("Delete");
  expect([told(), asked, document.querySelector("[role=alertdialog]")]).toEqual([[["Archive", "At most 90 rows at a time; 91 are selected", "yellow"]], [], null]);
  await bar(90);
  await press("Archive");
  await press("Delete");
  expect([ran().length, document.querySelector("[role=alertdialog]")?.textContent.includes("Delete 90 records?")]).toEqual([1, true]);
}, PATIENT_MS);

it("of several rows those that are gone stop nothing: the server tells of them; all of them do", async () => {
  refused[1] = { enabled: false, reason: "There is no sample 1", code: "RECORD_NOT_FOUND" };
  await bar(2);
  await press("Archive");
  expect([told().length, ran()]).toEqual([1, [{ filterByTk: [1, 2] }]]);
  await bar(1);
  await press("Archive");
  expect([told().at(-1), ran().length]).toEqual([["Archive", "There is no sample 1", "yellow"], 1]);
}, PATIENT_MS);

it("of what is deleted nothing stays selected, and the focus goes to the next row, at last to the table", async () => {
  there = [1, 2, 3];
  await show(SAMPLES.may);
  await check(1, 2);
  await deleteRow(2);
  expect([count(), document.activeElement?.getAttribute("aria-label")]).toEqual(["1 selected", "Select Sample 3"]);
  await deleteRow(3);
  expect(document.activeElement?.getAttribute("aria-label")).toBe("Select Sample 1");
  await deleteRow(1);
  expect([count(), document.activeElement?.tagName]).toEqual([undefined, "TABLE"]);
}, PATIENT_MS);

it("after the chosen ones are deleted the focus is on the table", async () => {
  await show(SAMPLES.may);
  await check(1, 2);
  button("Delete")?.focus();
  await press("Delete");
  await press("Delete", "[role=alertdialog]");
  await until(() => count() === undefined && !box("Select Sample 1"));
  expect([there.length, document.activeElement?.tagName]).toEqual([19, "TABLE"]);
}, PATIENT_MS);

async function deleteRow(id: number): Promise<void> {
  button(`More about Sample ${id}`)?.focus();
  await press(`More about Sample ${id}`);
  await click([...document.querySelectorAll<HTMLElement>("[role=menuitem]")].find((one) => one.textContent === "Delete"));
  await press("Delete", "[role=alertdialog]");
  await until(() => !box(`Select Sample ${id}`) && !document.querySelector("[role=alertdialog]"));
}
