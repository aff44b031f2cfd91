/** Shows components in a test as `main.tsx` and `app/App.tsx` do, for somebody who is signed in, with a server that is stood in for. */
import { MantineProvider } from "@mantine/core";
import { notificationsStore } from "@mantine/notifications";
import { onlineManager, QueryClientProvider } from "@tanstack/react-query";
import { act, type ComponentType, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { onTestFinished } from "vitest";
import { ActionHost } from "../actions/ActionHost";
import { client } from "../app/client";
import { queries } from "../app/queries";
import { SessionContext, type Session } from "../app/session";
import { theme } from "../app/theme";
import type { User } from "../client";
import { isServed, noAnswer, serve } from "./server";

interface Given {
  /** What the session says; else a member who manages nothing. */
  session?: Partial<Session>;
  /** The address at the beginning. */
  at?: string;
  /** Instead of a router with an address of its own. */
  router?: ComponentType<{ children: ReactNode }>;
}

let root: Root | null = null;

/**
 * Shows `what`, in place of what this test has shown before; all of it is gone when the test has ended. Without `serve` nobody answers.
 * Returns when what that sets off, but for answers that are still due, has ended.
 */
export async function mount(what: ReactNode, given: Given = {}): Promise<void> {
  const page = (root ??= begun());
  await act(async () => page.render(asInTheApp(what, given)));
}

/** The messages beside the page: title, text and colour of each, in order. */
export const told = () => [...notificationsStore.getState().notifications, ...notificationsStore.getState().queue].map(({ title, message, color }) => [title, message, color]);

/** Whether what is read under this key is asked for again; `queries.setQueryData` put it there. */
export const isStale = (key: readonly unknown[]) => queries.getQueryState(key)?.isInvalidated === true;

function begun(): Root {
  // Its end is the last: it takes the messages away.
  if (!isServed()) serve(noAnswer);
  (globalThis as Record<string, unknown>)["IS_REACT_ACT_ENVIRONMENT"] = true;
  // What an input that grows with its text listens to, and happy-dom has not.
  Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
  const page = createRoot(document.body.appendChild(document.createElement("div")));
  onTestFinished(() => {
    root = null;
    act(() => page.unmount());
    document.body.replaceChildren();
    queries.clear();
    onlineManager.setOnline(true);
    client.forget();
    sessionStorage.clear();
  });
  return page;
}

function asInTheApp(what: ReactNode, { session = {}, at = "/", router }: Given): ReactNode {
  const Router = router ?? MemoryRouter;
  // The style elements would be text of the page.
  return (
    <MantineProvider env="test" theme={theme} withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>
        <Router {...(router ? {} : { initialEntries: [at] })}>
          <SessionContext value={sessionOf(session)}>
            <ActionHost>{what}</ActionHost>
          </SessionContext>
        </Router>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function sessionOf(told: Partial<Session>): Session {
  const collections = told.collections ?? [];
  const manages = told.manages ?? [];
  return {
    user: { id: 1, username: "ada", nickname: null, email: null } as User,
    role: "member",
    defaultRole: "member",
    roles: [],
    tasks: { manual: 0, cc: 0 },
    manages,
    collections,
    collection: (name) => collections.find((one) => one.name === name),
    isIn: (area) => manages.includes(area),
    signOut: async () => undefined,
    actAs: () => undefined,
    reload: async () => undefined,
    ...told,
  };
}
