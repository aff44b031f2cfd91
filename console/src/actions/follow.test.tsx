import { afterEach, expect, it, vi } from "vitest";
import { follow } from "./follow";

const { waitFor, show, update } = vi.hoisted(() => ({ waitFor: vi.fn(), show: vi.fn(), update: vi.fn() }));
vi.mock("@mantine/notifications", () => ({ notifications: { show, update, clean: () => undefined } }));
vi.mock("../app/client", () => ({ client: { waitFor } }));
vi.mock("../app/queries", () => ({ refreshRecords: async () => undefined }));

const KEY = "i03jz4ks0pz";
const said = () => show.mock.calls.map(([told]) => (told as { message: string }).message);
const ends = (...seen: object[]) => waitFor.mockImplementation(async (_: unknown, { onChange }: { onChange: (one: object) => void }) => seen.forEach(onChange));
afterEach(() => [waitFor, show, update].forEach((one) => one.mockReset()));

it("a run is told by its workflow's title and never by its key", async () => {
  const workflow = { title: "Approve an order" };
  ends({ key: KEY, status: 0, workflow }, { key: KEY, status: -1, workflow, reason: "timeout" });
  await follow("Approve", [{ id: 1, key: KEY, status: null }]);
  expect(said()).toEqual(["Queued", "Approve an order: Running", "Approve an order: Failed (timeout)"]);
});

it.each([{ title: null }, null])("of a workflow without a title the state is told", async (workflow) => {
  ends({ key: KEY, status: 1, workflow });
  await follow("Approve", [{ id: 1, key: KEY, status: null }]);
  expect(said()).toEqual(["Queued", "Succeeded"]);
});

it("one of which nothing more is heard keeps the name that it was told by", async () => {
  waitFor.mockImplementation(async (_: unknown, { onChange }: { onChange: (one: object) => void }) => {
    onChange({ key: KEY, status: 0, workflow: { title: "Approve an order" } });
    throw new Error("gone");
  });
  await follow("Approve", [{ id: 1, key: KEY, status: null }]);
  expect(said().at(-1)).toBe("Approve an order: goes on in the background (gone)");
});
