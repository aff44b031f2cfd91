// @vitest-environment happy-dom
import { expect, it } from "vitest";
import type { Area } from "../client";
import { mount } from "../testing/mount";
import { noAnswer, serve } from "../testing/server";
import CollectionsScreen from "./collections/CollectionsScreen";
import UsersScreen from "./users/UsersScreen";
import WorkflowsScreen from "./workflows/WorkflowsScreen";

async function show(screen: React.ReactNode, manages: Area[]) {
  await mount(screen, { session: { manages } });
  return document.body.textContent;
}

const SCREENS: [Area, React.ComponentType, string][] = [
  ["workflows", WorkflowsScreen, "New workflow"],
  ["collections", CollectionsScreen, "New collection"],
  ["users", UsersScreen, "Add a user"],
];

it.each(SCREENS)("who does not manage %s is told so, finds no button there, and nothing is asked", async (_, Screen) => {
  const asked = serve(noAnswer);
  expect(await show(<Screen />, [])).toContain("Not in your role");
  expect([document.querySelectorAll("button").length, asked.length]).toEqual([0, 0]);
});

it.each(SCREENS)("who manages %s sees them", async (area, Screen, label) => {
  expect(await show(<Screen />, [area])).toContain(label);
  expect(document.body.textContent).not.toContain("Not in your role");
});
