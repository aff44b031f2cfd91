import { expect, it } from "vitest";
import type { Collection } from "../../client";
import { keepPlace, placeBefore } from "./cursors";
import { readTableState } from "./tableState";

const MANY = { name: "many", fields: [{ name: "title", type: "string" }, { name: "labels", type: "hasMany", target: "tags" }], may: {} } as unknown as Collection;
const read = (query: string) => readTableState(new URLSearchParams(query), MANY);

it("a page is asked for by number as far as the server reads so", () => {
  expect(read("size=50&page=900")).toMatchObject({ page: 200, cursor: null });
  expect(read("size=10&page=900").page).toBe(900);
  expect(read("size=50&page=900&cursor=on")).toMatchObject({ page: 900, cursor: "on" });
});

it("the page before is asked for by number, further on where it began, and of what was not seen the last that has a number", () => {
  keepPlace(MANY, read("size=50&page=201&cursor=a"));
  expect(placeBefore(MANY, read("size=50&page=201&cursor=a"))).toEqual({ page: 200, cursor: null });
  expect(placeBefore(MANY, read("size=50&page=202&cursor=b"))).toEqual({ page: 201, cursor: "a" });
  expect(placeBefore(MANY, read("size=50&page=202&cursor=b&sort=title"))).toEqual({ page: 200, cursor: null });
  expect(placeBefore(MANY, read("size=50&page=205&cursor=e"))).toEqual({ page: 200, cursor: null });
});

it("partners of which there may be thousands are no column", () => {
  expect(read("columns=title,labels").columns).toEqual(["title"]);
});
