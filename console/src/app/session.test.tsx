// @vitest-environment happy-dom
import { onlineManager } from "@tanstack/react-query";
import { act } from "react";
import { beforeEach, expect, it } from "vitest";
import type { User } from "../client";
import { until } from "../testing/hands";
import { mount } from "../testing/mount";
import { answer, refusal, serve, type Asked } from "../testing/server";
import { client } from "./client";
import { queries } from "./queries";
import { SessionGate, useSession } from "./session";

const person = (id: number) => ({ id, username: `user${id}`, nickname: null, email: null }) as User;
const REASON = "Your session has expired";

let server: (path: string) => Response;
let asked: Asked[];
let goOn: (user: User) => void;

const started = (user: User) => ({ user, role: "member", defaultRole: "member", roles: [], manages: [], tasks: {}, collections: [] });

function Page() {
  const session = useSession();
  return (
    <label>
      Page of {session.user.username} <input defaultValue="" />
      <button type="button" onClick={() => void session.signOut()}>
        Sign out
      </button>
    </label>
  );
}

beforeEach(async () => {
  asked = serve((one) => server(one.path));
  server = () => answer(started(person(1)));
  sessionStorage.setItem("stepbase.token", "one");
  sessionStorage.setItem("stepbase.role", "member");
  await mount(
    <SessionGate
      signIn={(onSignedIn, reason) => {
        goOn = onSignedIn;
        return <p>Sign in. {reason}</p>;
      }}
    >
      <Page />
    </SessionGate>,
  );
  await until(() => input() !== null);
});

const input = () => document.querySelector("input");
const text = () => document.body.textContent;
const ended = () => refusal(401, { errors: [{ message: REASON, code: "EXPIRED_SESSION" }] });

async function endedByItself() {
  const field = input();
  if (field) field.value = "a draft";
  server = () => ended();
  await act(() => client.resource("samples").list().catch(() => undefined));
}

/** Signs in as who the server then says it is. */
async function signedInAs(user: User) {
  server = (path) => answer(path.startsWith("auth:signIn") ? { token: "two", user } : started(user));
  const found = await client.signIn(String(user.username), "inspect-91");
  await act(() => Promise.resolve(goOn(found)));
}

it("a session that ends by itself leaves the page below the sign-in, and nothing asks meanwhile", async () => {
  await endedByItself();
  expect(text()).toContain(`Sign in. ${REASON}`);
  expect([document.querySelector("dialog")?.open, input()?.value, client.isSignedIn()]).toEqual([true, "a draft", false]);
  const before = asked.length;
  await act(async () => void queries.invalidateQueries());
  expect(asked.length).toBe(before);
});

it("who signs in as the same user goes on in the same role with what was typed", async () => {
  await endedByItself();
  const before = asked.length;
  await signedInAs(person(1));
  expect([document.querySelector("dialog"), input()?.value, client.role()]).toEqual([null, "a draft", "member"]);
  await until(() => asked.slice(before).some((one) => one.path === "app:start"));
});

it("for another user the page is made anew", async () => {
  await endedByItself();
  await signedInAs(person(2));
  await until(() => text().includes("Page of user2"));
  expect([document.querySelector("dialog"), input()?.value, sessionStorage.getItem("stepbase.role")]).toEqual([null, "", null]);
});

it("who signs out leaves nothing of the page, also when the session had ended before", async () => {
  server = () => ended();
  act(() => [...document.querySelectorAll("button")].at(-1)?.click());
  await until(() => input() === null);
  expect([document.querySelector("dialog"), onlineManager.isOnline()]).toEqual([null, true]);
  expect(text()).toContain("Sign in. ");
});
