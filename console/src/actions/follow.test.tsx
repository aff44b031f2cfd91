// @vitest-environment happy-dom
import { notifications } from "@mantine/notifications";
import { afterEach, beforeEach, expect, it, vi, type MockInstance } from "vitest";
import { answer, refusal, serve } from "../testing/server";
import { follow } from "./follow";

const KEY = "i03jz4ks0pz";
let show: MockInstance<typeof notifications.show>;

beforeEach(() => {
  vi.useFakeTimers();
  show = vi.spyOn(notifications, "show");
});
afterEach(() => {
  notifications.clean();
  vi.useRealTimers();
});

const said = () => show.mock.calls.map(([told]) => told.message);
/** Follows a run that is queued; the server answers so, one after the other. */
async function followed(...answers: Response[]) {
  const asked = serve(() => answers.shift() ?? refusal(500));
  const ended = follow("Approve", [{ id: 1, key: KEY, status: null }]);
  await vi.advanceTimersByTimeAsync(10_000);
  await ended;
  expect([asked.map(({ path }) => path)[0], answers]).toEqual(["executions:get/1", []]);
}

it("a run is told by its workflow's title and never by its key", async () => {
  const workflow = { title: "Approve an order" };
  await followed(answer({ key: KEY, status: 0, workflow }), answer({ key: KEY, status: -1, workflow, reason: "timeout" }));
  expect(said()).toEqual(["Queued", "Approve an order: Running", "Approve an order: Failed (timeout)"]);
});

it.each([{ title: null }, null])("of a workflow without a title the state is told", async (workflow) => {
  await followed(answer({ key: KEY, status: 1, workflow }));
  expect(said()).toEqual(["Queued", "Succeeded"]);
});

it("one of which nothing more is heard keeps the name that it was told by", async () => {
  await followed(answer({ key: KEY, status: 0, workflow: { title: "Approve an order" } }), refusal(500, { errors: [{ message: "gone" }] }));
  expect(said().at(-1)).toBe("Approve an order: goes on in the background (gone)");
});
