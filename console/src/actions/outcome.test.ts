// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { carryOut, safeUrl } from "./outcome";
import type { ActionResult } from "../client";

const RESULT: ActionResult = { status: "success", level: "success", message: null, fieldErrors: {}, refresh: true, redirect: null, download: null, executions: [], client: null };

it.each([["javascript:alert(1)"], ["data:text/html,x"], [" java\nscript:alert(1)"], ["http://["]])("an address that is none of the web is not followed: %j", (url) => {
  expect(safeUrl(url, "http://here.example/")).toBeNull();
});

it.each([["https://a.example/x", "https://a.example/x"], ["/users/1", "http://here.example/users/1"]])("%s leads to %s", (url, target) => {
  expect(safeUrl(url, "http://here.example/")).toBe(target);
});

it("a record and a redirect within the console are places of the console", () => {
  const navigate = vi.fn();
  carryOut({ ...RESULT, client: { type: "openRecord", collection: "categories", id: "a/b" } }, navigate);
  carryOut({ ...RESULT, redirect: "#/tables/samples" }, navigate);
  expect(navigate.mock.calls).toEqual([["/tables/categories/a%2Fb"], ["/tables/samples"]]);
});
