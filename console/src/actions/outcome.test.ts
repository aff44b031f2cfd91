// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import * as messages from "./messages";
import { carryOut, placeOf, safeUrl, tell } from "./outcome";
import type { ActionResult, AvailableAction } from "../client";

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
  carryOut({ ...RESULT, client: { type: "openRecord", collection: "categories", id: 7, newWindow: false } }, navigate);
  carryOut({ ...RESULT, redirect: "#/tables/samples" }, navigate);
  expect(navigate.mock.calls).toEqual([["/tables/categories/a%2Fb"], ["/tables/categories/7"], ["/tables/samples"]]);
});

it.each([
  ["http://here.example/console/", "/api/samples:list", "http://here.example/api/samples:list"],
  ["http://here.example/console/", "/users/1?a=b#c", "http://here.example/users/1?a=b#c"],
  ["http://here.example/console/", "#/tables/samples", "http://here.example/console/#/tables/samples"],
  ["https://a.example/dev/console/", "/api/samples:list", "https://a.example/dev/api/samples:list"],
  ["https://a.example/dev/console/", "/console/#/tables/samples", "https://a.example/dev/console/#/tables/samples"],
  ["https://a.example/dev/console/", "/dev/api/samples:list", "https://a.example/dev/api/samples:list"],
  ["https://a.example/dev/console/", "/developers", "https://a.example/dev/developers"],
  ["https://a.example/dev/console/", "/a:b", "https://a.example/dev/a:b"],
  ["https://a.example/dev/console/", "/javascript:alert(1)", "https://a.example/dev/javascript:alert(1)"],
  ["https://a.example/dev/console/", "#/tables/samples", "https://a.example/dev/console/#/tables/samples"],
  ["https://a.example/dev/console/", "?role=member", "https://a.example/dev/console/?role=member"],
  ["https://a.example/dev/console/", "https://b.example/x", "https://b.example/x"],
  ["https://a.example/dev/console/", "javascript:alert(1)", null],
])("seen from %s, %s leads to %s", (base, url, target) => {
  expect(placeOf(url, base)).toBe(target);
});

it("a new window with a place of the console opens the console where it lies", () => {
  const opened = vi.spyOn(window, "open").mockReturnValue(null);
  const base = document.head.appendChild(document.createElement("base"));
  base.href = "https://a.example/dev/console/";
  carryOut({ ...RESULT, client: { type: "openUrl", url: "#/tables/samples", newWindow: true } }, vi.fn());
  carryOut({ ...RESULT, client: { type: "openUrl", url: "/api/report", newWindow: true } }, vi.fn());
  const navigate = vi.fn();
  carryOut({ ...RESULT, client: { type: "openRecord", collection: "categories", id: "a/b", newWindow: true } }, navigate);
  expect(opened.mock.calls.map(([url]) => url)).toEqual(["https://a.example/dev/console/#/tables/samples", "https://a.example/dev/api/report", "https://a.example/dev/console/#/tables/categories/a%2Fb"]);
  expect(navigate).not.toHaveBeenCalled();
  base.remove();
  opened.mockRestore();
});

it("an address to open, which the result names as its redirect too, is opened once: here, or in the new window alone", () => {
  const opened = vi.spyOn(window, "open").mockReturnValue(null);
  const navigate = vi.fn();
  const url = "#/tables/samples";
  carryOut({ ...RESULT, redirect: url, client: { type: "openUrl", url, newWindow: true } }, navigate);
  expect([opened.mock.calls.length, navigate.mock.calls.length]).toEqual([1, 0]);
  carryOut({ ...RESULT, redirect: url, client: { type: "openUrl", url, newWindow: false } }, navigate);
  expect([opened.mock.calls.length, navigate.mock.calls]).toEqual([1, [["/tables/samples"]]]);
  opened.mockRestore();
});

it("a message that differs from the result's own is said with the result's level", () => {
  const said = vi.spyOn(messages, "say").mockReturnValue(undefined);
  carryOut({ ...RESULT, level: "warning", message: "Done", client: { type: "message", message: "Mind the gap" } }, vi.fn());
  carryOut({ ...RESULT, message: "Done", client: { type: "message", message: "Done" } }, vi.fn());
  expect(said.mock.calls).toEqual([["", "Mind the gap", "warning"]]);
  said.mockRestore();
});

it.each([
  [[2], "1 of the 3 was not there any more."],
  [[2, 3], "2 of the 3 were not there any more."],
])("beside a success it is warned of chosen records that were gone: %j", (missing, warning) => {
  const [shown, said] = [vi.spyOn(messages, "showResult").mockReturnValue(undefined), vi.spyOn(messages, "say").mockReturnValue(undefined)];
  const action = { name: "bulk", label: "Bulk say", form: null } as AvailableAction;
  tell(action, { ...RESULT, missing }, 3);
  tell(action, RESULT, 3);
  expect(shown).toHaveBeenCalledTimes(2);
  expect(said.mock.calls).toEqual([["Bulk say", warning, "warning"]]);
  [shown, said].forEach((one) => one.mockRestore());
});
