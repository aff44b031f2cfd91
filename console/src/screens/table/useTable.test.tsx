// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, useState } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, type Collection, type ListOptions } from "../../client";
import { useTableState } from "./tableState";
import { useRecords } from "./useTable";

const { list, reload } = vi.hoisted(() => ({ list: vi.fn(), reload: vi.fn() }));
vi.mock("../../app/client", () => ({ client: { resource: () => ({ list }) } }));
vi.mock("../../app/session", () => ({ useSession: () => ({ collection: () => undefined, reload }) }));

const field = (name: string) => ({ name, type: "string" });
const having = (...names: string[]) => ({ name: "boxes", title: "Boxes", fields: names.map(field), may: {} }) as unknown as Collection;
const refused = (status: number) => new ApiError(status, { errors: [{ message: "unknown field 'zz' in collection 'boxes'", path: "sort" }] });
let root: Root;
let define: (collection: Collection) => void;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  [list, reload].forEach((one) => one.mockReset());
  vi.unstubAllGlobals();
});

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
  await act(async () =>
    root.render(
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <MemoryRouter initialEntries={[`/tables/boxes?${search}`]}>
          <Table />
        </MemoryRouter>
      </QueryClientProvider>,
    ),
  );
  await settled();
}
const settled = () => act(async () => new Promise((resolve) => setTimeout(resolve, 20)));
const sorts = () => list.mock.calls.map(([options]) => (options as ListOptions).sort);

it("a sort by a field that was removed meanwhile is dropped, and no error is shown", async () => {
  list.mockRejectedValueOnce(refused(400)).mockResolvedValue({ rows: [{ id: 1 }], meta: {} });
  reload.mockImplementation(async () => define(having("title")));
  await show("sort=zz");
  expect(sorts()).toEqual([["zz"], undefined]);
  expect([document.body.textContent, reload.mock.calls.length]).toEqual(["1 rows", 1]);
});

it("a filter by such a field is told, and asked again the collection is looked at anew", async () => {
  list.mockRejectedValue(refused(400));
  await show(`filter=${encodeURIComponent('{"zz":{"$eq":1}}')}`);
  expect(document.body.textContent).toContain("unknown field 'zz'");
  await act(async () => document.querySelector("button")?.click());
  await settled();
  expect([list.mock.calls.length, reload.mock.calls.length]).toEqual([2, 2]);
});

it.each([403, 500])("of what was refused otherwise (%d) nothing is looked at anew", async (status) => {
  list.mockRejectedValue(refused(status));
  await show("sort=zz");
  expect([list.mock.calls.length, reload.mock.calls.length]).toEqual([1, 0]);
});
