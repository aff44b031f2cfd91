// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leave } from "./leaving";
import { GuardedDrawer, GuardedModal, Unsaved } from "./Unsaved";

let root: ReturnType<typeof createRoot>;

beforeEach(() => {
  (globalThis as Record<string, unknown>)["IS_REACT_ACT_ENVIRONMENT"] = true;
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
});

const show = (what: React.ReactNode) => act(() => root.render(<MantineProvider env="test">{what}</MantineProvider>));
const escape = () => act(() => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
const press = (label: string) => act(async () => [...document.querySelectorAll("button")].find((one) => one.textContent === label)?.click());
const isAsked = () => document.body.textContent.includes("Leave without saving?");

it("a drawer or dialog with nothing typed closes at once", () => {
  const close = vi.fn();
  show(
    <GuardedModal opened onClose={close}>
      <Unsaved when={false} />
    </GuardedModal>,
  );
  escape();
  expect(isAsked()).toBe(false);
  expect(close).toHaveBeenCalledOnce();
});

it.each([GuardedDrawer, GuardedModal])("with something typed it asks first: kept open, or discarded", async (Guarded) => {
  const close = vi.fn();
  show(
    <Guarded opened onClose={close}>
      <Unsaved when />
    </Guarded>,
  );
  escape();
  expect(isAsked()).toBe(true);
  await press("Keep editing");
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 0]);
  escape();
  await press("Discard it");
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 1]);
});

it("the key that closes the question does not close what lies below it", () => {
  const close = vi.fn();
  show(
    <GuardedDrawer opened onClose={close}>
      <Unsaved when />
    </GuardedDrawer>,
  );
  escape();
  escape();
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 0]);
});

it("a dialog asks for what is typed in it, not for the page below", () => {
  const close = vi.fn();
  show(
    <>
      <Unsaved when />
      <GuardedModal opened onClose={close}>
        <Unsaved when={false} />
      </GuardedModal>
    </>,
  );
  escape();
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 1]);
});

it("what is discarded in a drawer leaves what is unsaved on the page below to be asked for", async () => {
  const close = vi.fn();
  const go = vi.fn();
  const page = (drawer: React.ReactNode) => (
    <>
      <Unsaved when />
      {drawer}
    </>
  );
  show(
    page(
      <GuardedDrawer opened onClose={close}>
        <Unsaved when />
      </GuardedDrawer>,
    ),
  );
  escape();
  await press("Discard it");
  expect(close).toHaveBeenCalledOnce();
  show(page(null));
  act(() => leave(go));
  expect([isAsked(), go.mock.calls.length]).toEqual([true, 0]);
  await press("Discard it");
  expect([isAsked(), go.mock.calls.length]).toEqual([false, 1]);
});

it("a link to another page of the console asks first, and is followed once agreed", async () => {
  const go = vi.fn((event: React.MouseEvent) => event.preventDefault());
  show(
    <>
      <Unsaved when />
      <a href="#/users" onClick={go}>
        Users
      </a>
    </>,
  );
  const link = document.querySelector("a");
  act(() => link?.click());
  expect([isAsked(), go.mock.calls.length]).toEqual([true, 0]);
  await press("Discard it");
  expect([isAsked(), go.mock.calls.length]).toEqual([false, 1]);
});

it("nothing is asked once all is saved", () => {
  const go = vi.fn();
  show(<Unsaved when />);
  show(<Unsaved when={false} />);
  leave(go);
  expect(go).toHaveBeenCalledOnce();
});

it.each([[<Unsaved when={false} key="saved" />], [null]])("a form that is saved or gone before the answer lets go what waited for it", (after) => {
  const go = vi.fn();
  show(<Unsaved when key="saved" />);
  act(() => leave(go));
  expect([isAsked(), go.mock.calls.length]).toEqual([true, 0]);
  show(after);
  expect([isAsked(), go.mock.calls.length]).toEqual([false, 1]);
});

it.each(["Keep editing", "Discard it"])("what was answered does not wait any more: %s", async (answer) => {
  const go = vi.fn();
  show(<Unsaved when />);
  act(() => leave(go));
  await press(answer);
  const times = go.mock.calls.length;
  show(null);
  expect(go).toHaveBeenCalledTimes(times);
  expect(times).toBe(answer === "Discard it" ? 1 : 0);
});
