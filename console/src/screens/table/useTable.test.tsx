// @vitest-environment happy-dom
import { act, useState } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import type { Collection } from "../../client";
import { click } from "../../testing/hands";
import { mount } from "../../testing/mount";
import { answer, refusal, serve, type Asked } from "../../testing/server";
import { useTableState } from "./tableState";
import { useRecords } from "./useTable";

const field = (name: string) => ({ name, type: "string" });
const having = (...names: string[]) => ({ name: "boxes", title: "Boxes", fields: names.map(field), may: {} }) as unknown as Collection;
const refused = (status: number) => refusal(status, { errors: [{ message: "unknown field 'zz' in collection 'boxes'", path: "sort" }] });
let define: (collection: Collection) => void;
let list: () => Response;
let asked: Asked[];
const reload = vi.fn();

beforeEach(() => void (asked = serve(() => list())));

function Table() {
  const [collection, setCollection] = useState(having("title", "zz"));
  define = setCollection;
  const [state] = useTableState(collection);
  const { data, error, refetch } = useRecords(collection, state);
  return (
    <button onClick={() => void refetch()}>{error ? error.message : `${data?.rows.length ?? 0} rows`}</button>
  );
}

async function show(search: string) {
  await mount(<Table />, { at: `/tables/boxes?${search}`, session: { reload } });
  await settled();
}
const settled = () => act(async () => new Promise((resolve) => setTimeout(resolve, 20)));
const sorts = () => asked.map(({ params }) => params.get("sort"));

it("a sort by a field that was removed meanwhile is dropped, and no error is shown", async () => {
  list = () => (asked.length === 1 ? refused(400) : answer([{ id: 1 }]));
  reload.mockImplementation(async () => define(having("title")));
  await show("sort=zz");
  expect(sorts()).toEqual(["zz", null]);
  expect([document.body.textContent, reload.mock.calls.length]).toEqual(["1 rows", 1]);
});

it("a filter by such a field is told, and asked again the collection is looked at anew", async () => {
  list = () => refused(400);
  await show(`filter=${encodeURIComponent('{"zz":{"$eq":1}}')}`);
  expect(document.body.textContent).toContain("unknown field 'zz'");
  await click(document.querySelector("button"));
  await settled();
  expect([asked.length, reload.mock.calls.length]).toEqual([2, 2]);
});

it.each([403, 500])("of what was refused otherwise (%d) nothing is looked at anew", async (status) => {
  list = () => refused(status);
  await show("sort=zz");
  expect([asked.length, reload.mock.calls.length]).toEqual([1, 0]);
});
