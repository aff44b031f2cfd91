// @vitest-environment happy-dom
import { act } from "react";
import { beforeEach, expect, it } from "vitest";
import { button, fill, press, submit } from "../testing/hands";
import { mount } from "../testing/mount";
import { noAnswer, serve, type Asked } from "../testing/server";
import { NewKey } from "./apiKeys/NewKey";
import type { Kinds } from "./canvas/types";
import { FieldDrawer } from "./collections/FieldDrawer";
import { NewCollection } from "./collections/NewCollection";
import { RunActions } from "./executions/RunActions";
import type { Run } from "./executions/runs";
import { NewRole } from "./roles/NewRole";
import { UserDrawer } from "./users/UserDrawer";
import { NewWorkflow } from "./workflows/NewWorkflow";

let asked: Asked[];

beforeEach(() => void (asked = serve(noAnswer)));

const show = (what: React.ReactNode) => mount(what, { session: { manages: ["collections", "roles", "users", "workflows"], role: "root", roles: [{ name: "root", title: "Root" }] } });
const sent = () => asked.flatMap(({ method, path, key }) => (method === "POST" ? [[path, key !== null]] : []));
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
  await submit(2);
  await submit();
  expect(sent()).toEqual([[path, hasKey]]);
});

it("a field is added once", async () => {
  await show(<FieldDrawer collection={COLLECTION} open="new" onClose={nothing} onSaved={done} />);
  const input = [...document.querySelectorAll("label")].find((one) => one.textContent?.startsWith("Name"))?.htmlFor ?? "";
  fill(document.getElementById(input), "weight");
  await submit(2);
  expect(sent()).toEqual([["collections/boxes/fields:create", true]]);
});

it("an execution is run again once, under the key of its press", async () => {
  await show(<RunActions id="7" run={{ id: 7, key: "slow", status: 1, workflow: { sync: false }, jobs: [] } as unknown as Run} />);
  await press("Run again");
  await act(async () => [1, 2].forEach(() => button("Run again", "form")?.click()));
  expect(sent()).toEqual([["executions:rerun/7", true]]);
});
