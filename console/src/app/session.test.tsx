// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { onlineManager, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { User } from "../client";
import { client } from "./client";
import { queries } from "./queries";
import { SessionGate, useSession } from "./session";

const person = (id: number) => ({ id, username: `user${id}`, nickname: null, email: null }) as User;
const REASON = "Your session has expired";

let root: Root;
let server: (path: string, init: RequestInit) => Response;
let asked: string[];
let goOn: (user: User) => void;

vi.mock("./traffic", () => ({ watched: () => (url: string, init: RequestInit) => Promise.resolve(globalThis.fetch(url, init)) }));

const answer = (data: unknown, status = 200) => new Response(JSON.stringify(status === 200 ? { data } : { errors: [{ message: REASON, code: "EXPIRED_SESSION" }] }), { status });
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
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const path = url.split("/api/")[1] ?? "";
    asked.push(path);
    return Promise.resolve(server(path, init));
  });
  asked = [];
  server = () => answer(started(person(1)));
  sessionStorage.setItem("stepbase.token", "one");
  sessionStorage.setItem("stepbase.role", "member");
  root = createRoot(document.body.appendChild(document.createElement("div")));
  act(() =>
    root.render(
      <MantineProvider env="test">
        <QueryClientProvider client={queries}>
          <SessionGate
            signIn={(onSignedIn, reason) => {
              goOn = onSignedIn;
              return <p>Sign in. {reason}</p>;
            }}
          >
            <Page />
          </SessionGate>
        </QueryClientProvider>
      </MantineProvider>,
    ),
  );
  await until(() => input() !== null);
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  queries.clear();
  onlineManager.setOnline(true);
  sessionStorage.clear();
  vi.unstubAllGlobals();
});

const input = () => document.querySelector("input");
const text = () => document.body.textContent;

async function until(holds: () => boolean) {
  for (let looks = 0; looks < 100 && !holds(); looks++) await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  expect(holds()).toBe(true);
}

async function endedByItself() {
  const field = input();
  if (field) field.value = "a draft";
  server = () => answer(null, 401);
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
  await until(() => asked.slice(before).includes("app:start"));
});

it("for another user the page is made anew", async () => {
  await endedByItself();
  await signedInAs(person(2));
  await until(() => text().includes("Page of user2"));
  expect([document.querySelector("dialog"), input()?.value, sessionStorage.getItem("stepbase.role")]).toEqual([null, "", null]);
});

it("who signs out leaves nothing of the page, also when the session had ended before", async () => {
  server = () => answer(null, 401);
  act(() => [...document.querySelectorAll("button")].at(-1)?.click());
  await until(() => input() === null);
  expect([document.querySelector("dialog"), onlineManager.isOnline()]).toEqual([null, true]);
  expect(text()).toContain("Sign in. ");
});
