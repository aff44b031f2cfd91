import { expect, it } from "vitest";
import { pageInstead } from "./pages";

it("a page past the end gives way to the last one that has rows", () => {
  expect(pageInstead(3, 0, { pageSize: 20, count: 40, totalPage: 2 })).toBe(2);
  expect(pageInstead(9, 0, { pageSize: 20, count: 40, totalPage: 2 })).toBe(2);
  expect(pageInstead(2, 0, { pageSize: 20, count: 0, totalPage: 0 })).toBe(1);
});

it("without a count it is the one before, or the last that is known of", () => {
  expect(pageInstead(3, 0, { pageSize: 20, hasNext: false })).toBe(2);
  expect(pageInstead(9, 0, { pageSize: 20, hasNext: false, countAtLeast: 45 })).toBe(3);
});

it("stays where there are rows, on the first page, and where more may come", () => {
  expect(pageInstead(3, 1, { pageSize: 20, totalPage: 3 })).toBeNull();
  expect(pageInstead(1, 0, { pageSize: 20, totalPage: 0 })).toBeNull();
  expect(pageInstead(3, 0, { pageSize: 20, hasNext: true })).toBeNull();
});
