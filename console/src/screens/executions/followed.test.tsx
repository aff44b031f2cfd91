// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { WaitOptions } from "../../client/executions";
import { useFollowed } from "./api";

const { waitFor } = vi.hoisted(() => ({ waitFor: vi.fn<(id: string, options: WaitOptions) => Promise<void>>(() => new Promise(() => undefined)) }));
vi.mock("../../app/client", () => ({ client: { waitFor } }));
vi.mock("../../app/session", () => ({ useSession: () => ({}) }));

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
  vi.spyOn(Date, "now").mockReturnValue(1000);
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  waitFor.mockClear();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function Run({ isOpen }: { isOpen: boolean }) {
  return <p>{String(useFollowed("7", isOpen))}</p>;
}

const show = (isOpen: boolean) => act(async () => root.render(<Run isOpen={isOpen} />));
const hear = (isHeard: boolean) => act(async () => waitFor.mock.lastCall?.[1].onHeard?.(isHeard));
const later = (ms: number) => vi.mocked(Date.now).mockReturnValue(ms);
const said = () => document.body.textContent;

it("a run of which nothing is heard tells since when, until something is", async () => {
  await show(true);
  expect(said()).toBe("null");
  await hear(false);
  later(2000);
  await hear(false);
  expect(said()).toBe("1000");
  await hear(true);
  expect(said()).toBe("null");
});

it("without a network that is known before the next question, and a run that has ended is as it will stay", async () => {
  await show(true);
  await act(async () => void window.dispatchEvent(new Event("offline")));
  expect(said()).toBe("1000");
  await show(false);
  expect(said()).toBe("null");
});
