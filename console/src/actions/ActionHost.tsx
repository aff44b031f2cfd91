/** Where every press of a button goes through: confirm, form, the call, and what came of it. */
import { createContext, lazy, Suspense, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { client } from "../app/client";
import { refreshRecords } from "../app/queries";
import { freshKey, type ActionResult, type AvailableAction, type Id, type Row } from "../client";
import { follow, forgetVisit } from "./follow";
import { formOf } from "./form";
import { showError, showResult } from "./messages";
import { carryOut } from "./outcome";

const ActionDialog = lazy(() => import("./ActionDialog"));

export interface Press {
  action: AvailableAction;
  ids: Id[];
}

interface Host {
  press: (press: Press) => void;
  isRunning: (action: string, ids: Id[]) => boolean;
}

interface Open extends Press {
  /** One press, one key: what the network repeats is done once. */
  key: string;
}

const Context = createContext<Host | null>(null);

export function useActions(): Host {
  const host = use(Context);
  if (!host) throw new Error("useActions outside of ActionHost");
  return host;
}

const nameOf = (action: string, ids: Id[]) => `${action}:${ids.join(",")}`;

export function ActionHost({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<Open | null>(null);
  const [running, setRunning] = useState<ReadonlySet<string>>(new Set());
  const locked = useRef(new Set<string>());
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [screen, setScreen] = useState(pathname);
  useEffect(() => forgetVisit, []);
  // On another screen nobody is asked any more.
  if (screen !== pathname) {
    setScreen(pathname);
    setOpen(null);
  }

  /** The result; `null` when the same button is being pressed already or nothing came back that could be shown at a field. */
  const run = useCallback(
    async ({ action, ids, key }: Open, input?: Row): Promise<ActionResult | null> => {
      const name = nameOf(action.name, ids);
      if (locked.current.has(name)) return null;
      locked.current.add(name);
      setRunning(new Set(locked.current));
      try {
        const sent = action.context === "none" ? undefined : action.context === "single" ? ids[0] : ids;
        const result = await client.runAction(action.name, { ids: sent, input, idempotencyKey: key });
        await settled(action, result, navigate);
        return result;
      } catch (error) {
        showError(error, action.label ?? action.name);
        return null;
      } finally {
        locked.current.delete(name);
        setRunning(new Set(locked.current));
      }
    },
    [navigate],
  );

  const host = useMemo<Host>(
    () => ({
      press: ({ action, ids }) => {
        const pressed = { action, ids, key: freshKey() };
        if (action.confirm || formOf(action)) setOpen(pressed);
        else void run(pressed);
      },
      isRunning: (action, ids) => running.has(nameOf(action, ids)),
    }),
    [run, running],
  );

  return (
    <Context value={host}>
      {children}
      {open && (
        <Suspense fallback={null}>
          <ActionDialog
            action={open.action}
            count={open.ids.length}
            onClose={() => setOpen(null)}
            onRun={async (input) => {
              const result = await run(open, input);
              // What was answered is over, the next attempt is another call; what may have got through is asked for under its key again.
              if (result) setOpen((now) => now && { ...now, key: freshKey() });
              return result;
            }}
          />
        </Suspense>
      )}
    </Context>
  );
}

async function settled(action: AvailableAction, result: ActionResult, navigate: (to: string) => void | Promise<void>): Promise<void> {
  const title = action.label ?? action.name;
  // A refusal stands at the fields of the form where there is one; without a form there is nowhere else to say it.
  if (Object.keys(result.fieldErrors).length === 0 || !formOf(action)) showResult(title, result);
  if (result.status !== "failed") carryOut(result, navigate);
  if (result.refresh || result.status === "failed") void refreshRecords(action.collection);
  if (result.executions.some((one) => one.status === null || one.status === 0)) {
    void follow(title, result.executions).then(() => refreshRecords(action.collection));
  }
}

