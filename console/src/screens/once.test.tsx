// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NewKey } from "./apiKeys/NewKey";
import type { Kinds } from "./canvas/types";
import { FieldDrawer } from "./collections/FieldDrawer";
import { NewCollection } from "./collections/NewCollection";
import { RunActions } from "./executions/RunActions";
import type { Run } from "./executions/runs";
import { NewRole } from "./roles/NewRole";
import { UserDrawer } from "./users/UserDrawer";
import { NewWorkflow } from "./workflows/NewWorkflow";

const ask = vi.hoisted(() => vi.fn<(url: string, init?: RequestInit) => Promise<Response>>(() => new Promise(() => undefined)));
vi.mock("../app/traffic", () => ({ watched: () => ask }));
vi.mock("../app/session", () => ({ useSession: () => ({ isIn: () => true, collection: () => undefined, collections: [], roles: [{ name: "root", title: "Root" }], user: { id: 1 }, role: "root", reload: async () => undefined }) }));
vi.mock("./canvas/form/ConfigForm", () => ({ ConfigForm: () => null }));

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  ask.mockClear();
  vi.unstubAllGlobals();
});

const show = (what: React.ReactNode) =>
  act(async () =>
    root.render(
      <MantineProvider env="test">
        <QueryClientProvider client={new QueryClient()}>
          <MemoryRouter>{what}</MemoryRouter>
        </QueryClientProvider>
      </MantineProvider>,
    ),
  );
const sent = () => ask.mock.calls.flatMap(([url, init]) => (init?.method === "POST" ? [[url.replace(/^.*\/api\//, ""), new Headers(init.headers).has("Idempotency-Key")]] : []));
const submit = () => document.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
const nothing = () => undefined;
const done = async () => undefined;
const KINDS = { nodes: new Map(), triggers: new Map() } as unknown as Kinds;
const COLLECTION = { name: "boxes", fields: [] } as never;

it.each<[string, React.ReactNode, string, boolean]>([
  ["an API key", <NewKey onClose={nothing} onMade={nothing} />, "apiKeys:create", false],
  ["a role", <NewRole onClose={nothing} />, "roles:create", true],
  ["a user", <UserDrawer open="new" choices={[]} onClose={nothing} onSaved={done} />, "users:create", false],
  ["a workflow", <NewWorkflow kinds={KINDS} onClose={nothing} />, "workflows:create", true],
  ["a collection", <NewCollection onClose={nothing} />, "collections:create", true],
])("a form that is sent twice in one tick makes %s once", async (_, form, path, hasKey) => {
  await show(form);
  await act(async () => [submit(), submit()]);
  await act(async () => void submit());
  expect(sent()).toEqual([[path, hasKey]]);
});

it("a field is added once", async () => {
  await show(<FieldDrawer collection={COLLECTION} open="new" onClose={nothing} onSaved={done} />);
  const input = [...document.querySelectorAll("label")].find((one) => one.textContent?.startsWith("Name"))?.htmlFor ?? "";
  const box = document.getElementById(input);
  await act(async () => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(box, "weight");
    box?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await act(async () => [submit(), submit()]);
  expect(sent()).toEqual([["collections/boxes/fields:create", true]]);
});

it("an execution is run again once, under the key of its press", async () => {
  await show(<RunActions id="7" run={{ id: 7, key: "slow", status: 1, workflow: { sync: false }, jobs: [] } as unknown as Run} />);
  const press = (label: string, within: string) => [...document.querySelectorAll<HTMLButtonElement>(`${within} button`)].find((one) => one.textContent === label)?.click();
  await act(async () => press("Run again", "body"));
  await act(async () => [press("Run again", "form"), press("Run again", "form")]);
  expect(sent()).toEqual([["executions:rerun/7", true]]);
});
