// @vitest-environment happy-dom
import { act } from "react";
import { expect, it, vi } from "vitest";
import { escape, press } from "../testing/hands";
import { mount } from "../testing/mount";
import { leave } from "./leaving";
import { GuardedDrawer, GuardedModal, Unsaved } from "./Unsaved";

const isAsked = () => document.body.textContent.includes("Leave without saving?");

it("a drawer or dialog with nothing typed closes at once", async () => {
  const close = vi.fn();
  await mount(
    <GuardedModal opened onClose={close}>
      <Unsaved when={false} />
    </GuardedModal>,
  );
  await escape();
  expect(isAsked()).toBe(false);
  expect(close).toHaveBeenCalledOnce();
});

it.each([GuardedDrawer, GuardedModal])("with something typed it asks first: kept open, or discarded", async (Guarded) => {
  const close = vi.fn();
  await mount(
    <Guarded opened onClose={close}>
      <Unsaved when />
    </Guarded>,
  );
  await escape();
  expect(isAsked()).toBe(true);
  await press("Keep editing");
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 0]);
  await escape();
  await press("Discard it");
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 1]);
});

it("the key that closes the question does not close what lies below it", async () => {
  const close = vi.fn();
  await mount(
    <GuardedDrawer opened onClose={close}>
      <Unsaved when />
    </GuardedDrawer>,
  );
  await escape();
  await escape();
  expect([isAsked(), close.mock.calls.length]).toEqual([false, 0]);
});

it("a dialog asks for what is typed in it, not for the page below", async () => {
  const close = vi.fn();
  await mount(
    <>
      <Unsaved when />
      <GuardedModal opened onClose={close}>
        <Unsaved when={false} />
      </GuardedModal>
    </>,
  );
  await escape();
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
  await mount(
    page(
      <GuardedDrawer opened onClose={close}>
        <Unsaved when />
      </GuardedDrawer>,
    ),
  );
  await escape();
  await press("Discard it");
  expect(close).toHaveBeenCalledOnce();
  await mount(page(null));
  act(() => leave(go));
  expect([isAsked(), go.mock.calls.length]).toEqual([true, 0]);
  await press("Discard it");
  expect([isAsked(), go.mock.calls.length]).toEqual([false, 1]);
});

it("a link to another page of the console asks first, and is followed once agreed", async () => {
  const go = vi.fn((event: React.MouseEvent) => event.preventDefault());
  await mount(
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

it("nothing is asked once all is saved", async () => {
  const go = vi.fn();
  await mount(<Unsaved when />);
  await mount(<Unsaved when={false} />);
  leave(go);
  expect(go).toHaveBeenCalledOnce();
});

it.each([[<Unsaved when={false} key="saved" />], [null]])("a form that is saved or gone before the answer lets go what waited for it", async (after) => {
  const go = vi.fn();
  await mount(<Unsaved when key="saved" />);
  act(() => leave(go));
  expect([isAsked(), go.mock.calls.length]).toEqual([true, 0]);
  await mount(after);
  expect([isAsked(), go.mock.calls.length]).toEqual([false, 1]);
});

it.each(["Keep editing", "Discard it"])("what was answered does not wait any more: %s", async (answer) => {
  const go = vi.fn();
  await mount(<Unsaved when />);
  act(() => leave(go));
  await press(answer);
  const times = go.mock.calls.length;
  await mount(null);
  expect(go).toHaveBeenCalledTimes(times);
  expect(times).toBe(answer === "Discard it" ? 1 : 0);
});
