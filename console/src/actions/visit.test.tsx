// @vitest-environment happy-dom
import { expect, it } from "vitest";
import type { AvailableAction } from "../client";
import { press, until } from "../testing/hands";
import { mount, told } from "../testing/mount";
import { answer, refusal, serve } from "../testing/server";
import { useActions } from "./ActionHost";
import { forgetVisit } from "./follow";

const APPROVE = { name: "approve", label: "Approve", context: "none", kind: "workflow", icon: null, color: null, form: null, confirm: null } as unknown as AvailableAction;
const DONE = { status: "success", messages: ["Approved"], refresh: false };

function Approve() {
  const { press: run, isRunning } = useActions();
  return <button onClick={() => run({ action: APPROVE, ids: [] })}>{isRunning("approve", []) ? "Works" : "Approve"}</button>;
}

it.each([
  ["a refusal that comes when the visitor has left is told to nobody", true, () => refusal(403, { errors: [{ message: "No" }] })],
  ["a result that comes when the visitor has left is told to nobody", true, () => answer(DONE)],
  ["a refusal that comes before is told", false, () => refusal(403, { errors: [{ message: "No" }] })],
])("%s", async (_, hasLeft, late) => {
  let tell: (said: Response) => void = () => undefined;
  serve(() => new Promise((resolve) => (tell = resolve)));
  await mount(<Approve />);
  await press("Approve");
  await until(() => document.querySelector("button")?.textContent === "Works");
  if (hasLeft) forgetVisit();
  tell(late());
  await until(() => document.querySelector("button")?.textContent === "Approve");
  expect(told().length).toBe(hasLeft ? 0 : 1);
});
