// @vitest-environment happy-dom
import { act } from "react";
import { expect, it, vi } from "vitest";
import { mount } from "../testing/mount";
import { useOnce } from "./useOnce";


function Presser({ forGood, work, onError }: { forGood: boolean; work: () => Promise<void>; onError: (error: unknown) => void }) {
  const [busy, once] = useOnce({ forGood });
  return (
    <button aria-busy={busy} onClick={() => once(work, onError)}>
      Go
    </button>
  );
}

const show = (forGood: boolean, work: () => Promise<void>, onError = vi.fn()) => mount(<Presser forGood={forGood} work={work} onError={onError} />);
/** Pressed so often within one tick; all that it sets off has ended afterwards. */
const press = (times: number) => act(async () => Array.from({ length: times }).forEach(() => document.querySelector("button")?.click()));
const busy = () => document.querySelector("button")?.getAttribute("aria-busy");

it.each([[false, 2], [true, 1]])("what is pressed twice in one tick is done once; for good %s: pressed again when it has worked, %d in all", async (forGood, inAll) => {
  const work = vi.fn(async () => undefined);
  await show(forGood, work);
  await press(2);
  expect(work).toHaveBeenCalledOnce();
  await press(2);
  expect([work.mock.calls.length, busy()]).toEqual([inAll, String(forGood)]);
});

it.each([false, true])("what failed is told, and may be pressed again; for good: %s", async (forGood) => {
  const work = vi.fn<() => Promise<void>>().mockRejectedValue(new Error("no"));
  const onError = vi.fn();
  await show(forGood, work, onError);
  await press(2);
  expect([work.mock.calls.length, onError.mock.calls.length, busy()]).toEqual([1, 1, "false"]);
  await press(1);
  expect(work).toHaveBeenCalledTimes(2);
});
