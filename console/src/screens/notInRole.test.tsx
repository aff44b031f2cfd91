// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Area } from "../client";
import CollectionsScreen from "./collections/CollectionsScreen";
import UsersScreen from "./users/UsersScreen";
import WorkflowsScreen from "./workflows/WorkflowsScreen";

let manages: Area[];
const ask = vi.hoisted(() => vi.fn(() => new Promise<Response>(() => undefined)));

vi.mock("../app/traffic", () => ({ watched: () => ask }));
vi.mock("../app/session", () => ({ useSession: () => ({ isIn: (area: Area) => manages.includes(area), collections: [], roles: [], user: { id: 1 }, role: "member" }) }));

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  ask.mockClear();
  vi.unstubAllGlobals();
});

function show(screen: React.ReactNode) {
  act(() =>
    root.render(
      <MantineProvider env="test">
        <QueryClientProvider client={new QueryClient()}>
          <MemoryRouter>{screen}</MemoryRouter>
        </QueryClientProvider>
      </MantineProvider>,
    ),
  );
  return document.body.textContent;
}

const SCREENS: [Area, React.ComponentType, string][] = [
  ["workflows", WorkflowsScreen, "New workflow"],
  ["collections", CollectionsScreen, "New collection"],
  ["users", UsersScreen, "Add a user"],
];

it.each(SCREENS)("who does not manage %s is told so, finds no button there, and nothing is asked", (_, Screen) => {
  manages = [];
  expect(show(<Screen />)).toContain("Not in your role");
  expect([document.querySelectorAll("button").length, ask.mock.calls.length]).toEqual([0, 0]);
});

it.each(SCREENS)("who manages %s sees them", (area, Screen, label) => {
  manages = [area];
  expect(show(<Screen />)).toContain(label);
  expect(document.body.textContent).not.toContain("Not in your role");
});
