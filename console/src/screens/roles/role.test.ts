// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { draftOf as userDraft, filterOf, readUsersState, valuesOf, whyNoChange, whyNoEnd, writeUsersState, type Account } from "../users/account";
import { draftsOf, inShort, opens, reachIn, rulesOf, withArea, withReach } from "./role";

describe("a strategy", () => {
  it("says of each action whether it reaches none, own or all records", () => {
    const actions = ["view:own", "create", "update:all", "destroy:own", "destroy"];
    expect(["view", "create", "update", "destroy", "export"].map((name) => reachIn(actions, name))).toEqual(["own", "all", "all", "all", "none"]);
  });

  it("holds one entry of an action after a change, and leaves the others", () => {
    expect(withReach(["trigger", "view:own", "view", "triggerNew"], "view", "all")).toEqual(["trigger", "triggerNew", "view"]);
    expect(withReach(["view", "create"], "view", "own")).toEqual(["create", "view:own"]);
    expect(withReach(["trigger:own", "triggerNew"], "trigger", "none")).toEqual(["triggerNew"]);
  });
});

describe("rules of a collection", () => {
  const rules = {
    usingActionsConfig: true,
    actions: [
      { name: "view", fields: ["title"], scope: { status: "Open" } },
      { name: "update", fields: [], scope: { key: "own" } },
      { name: "destroy", fields: [], scope: "all" },
      { name: "call:sendWelcomeEmail", scope: null },
    ],
  };

  it("are read whichever way a scope is written, and an empty list of fields means none where fields can be chosen", () => {
    const byName = Object.fromEntries(draftsOf(rules).map((one) => [one.name, one]));
    expect(byName["view"]).toMatchObject({ reach: "filter", fields: ["title"] });
    expect(JSON.parse(byName["view"]?.filter ?? "")).toEqual({ status: "Open" });
    expect(byName["update"]).toMatchObject({ reach: "own", fields: [] });
    expect(byName["destroy"]).toMatchObject({ reach: "all", fields: null });
    expect(byName["create"]).toMatchObject({ reach: "none" });
    expect(byName["call:sendWelcomeEmail"]).toMatchObject({ reach: "all" });
  });

  it("come back as they were, and keep what the form does not show", () => {
    const kept = { ...rules, dataSourceKey: "main", actions: [{ name: "view", fields: ["title"], scope: { status: "Open" }, scopeId: 7 }] };
    expect(rulesOf(draftsOf(kept), kept, true)).toEqual(kept);
  });

  it("with a filter that is none are refused, naming the action", () => {
    const drafts = draftsOf(rules).map((one) => (one.name === "view" ? { ...one, filter: "[1" } : one));
    expect(() => rulesOf(drafts, rules, true)).toThrow(expect.objectContaining({ cause: "view" }));
    expect(() => rulesOf(drafts.map((one) => ({ ...one, filter: "{}" })), rules, true)).toThrow(SyntaxError);
  });

  it("are told in short", () => {
    expect(inShort(draftsOf(rules))).toBe("View: some · Change: own · Remove: all · 1 more");
    expect(inShort(draftsOf(undefined))).toBe("Nothing");
  });
});

describe("snippets", () => {
  it.each([
    [["pm.*"], true],
    [["pm"], true],
    [["pm.users"], true],
    [["pm.*", "!pm.users"], false],
    [["pm.user"], false],
    [["pmXusers"], false],
  ])("%j opens the users: %s", (snippets, open) => {
    expect(opens(snippets, "pm.users")).toBe(open);
  });

  it("open and shut one area without touching the others", () => {
    expect(withArea(["pm.*", "ui.*"], "pm.users", false)).toEqual(["pm.*", "ui.*", "!pm.users"]);
    expect(withArea(["pm.*", "ui.*", "!pm.users"], "pm.users", true)).toEqual(["pm.*", "ui.*"]);
    expect(withArea([], "pm.users", true)).toEqual(["pm.users"]);
    expect(withArea(["pm.users", "pm.acl.roles"], "pm.users", false)).toEqual(["pm.acl.roles"]);
  });
});

describe("users", () => {
  const ada = { id: 7, nickname: "Ada", username: "ada", email: null, phone: null, roles: [{ name: "member" }], defaultRole: "member", blocked: null, createdAt: "" } as Account;
  const session = (over: object) => ({ isIn: () => true, role: "admin", user: { ...ada, id: 1 }, ...over });

  it("are changed by who manages users, root users by root, and nobody ends themselves", () => {
    expect(whyNoChange(session({}), ada)).toBeNull();
    expect(whyNoChange(session({ isIn: () => false }), ada)).toMatch(/does not manage/);
    expect(whyNoChange(session({}), { roles: [{ name: "root" }] })).toMatch(/Only root/);
    expect(whyNoChange(session({ role: "root" }), { roles: [{ name: "root" }] })).toBeNull();
    expect(whyNoEnd(session({ user: ada }), ada)).toMatch(/themselves/);
  });

  it("are written as far as they were changed", () => {
    const before = userDraft(ada);
    expect(valuesOf({ ...before, nickname: "", roles: ["member", "lab"], password: "secret-1" }, before, false)).toEqual({ nickname: null, roles: ["member", "lab"] });
    const none = userDraft(null);
    expect(valuesOf({ ...none, username: "bob", password: "secret-1" }, none, true)).toEqual({ username: "bob", password: "secret-1" });
  });

  it("are found by what the address asks, from the first page", () => {
    const state = readUsersState(new URLSearchParams("search=a&page=3&role=lab&open=5"));
    expect(filterOf(state)).toEqual({ $and: [{ $or: [{ nickname: { $includes: "a" } }, { username: { $includes: "a" } }, { email: { $includes: "a" } }] }, { roles: "lab" }] });
    expect(writeUsersState(state, { search: "b" }).toString()).toBe("search=b&role=lab&open=5");
    expect(writeUsersState(state, { open: null }).toString()).toBe("search=a&role=lab&page=3");
    expect(readUsersState(new URLSearchParams("page=-1")).page).toBe(1);
  });
});
