/** Where every press of a button goes through: confirm, form, the call, and what came of it. */
import { Modal } from "@mantine/core";
import { createContext, lazy, Suspense, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { client } from "../app/client";
import { refreshRecords } from "../app/queries";
import { Press, type ActionResult, type AvailableAction, type Id, type Row } from "../client";
import { ErrorBoundary } from "../shell/ErrorBoundary";
import { ProgressBar } from "../shell/Progress";
import { currentVisit, follow, forgetVisit } from "./follow";
import { formOf } from "./form";
import { showError } from "./messages";
import { carryOut, tell } from "./outcome";

const ActionDialog = lazy(() => import("./ActionDialog"));

export interface Pressed {
  action: AvailableAction;
  ids: Id[];
  /** It succeeded, or was begun, and what is shown of the records is no longer right. */
  onChanged?: () => void;
}

interface Host {
  press: (pressed: Pressed) => void;
  isRunning: (action: string, ids: Id[]) => boolean;
}

interface Open extends Pressed {
  /** One press, one key: what the network repeats is done once. */
  press: Press;
}

/** For so long another click on a button whose call got no answer is the same press. */
const SAME_PRESS_MS = 60_000;

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
  const unheard = useRef(new Map<string, { press: Press; atMs: number }>());
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
    async ({ action, ids, press, onChanged }: Open, input?: Row): Promise<ActionResult | null> => {
      const name = nameOf(action.name, ids);
      if (locked.current.has(name)) return null;
      locked.current.add(name);
      setRunning(new Set(locked.current));
      const visit = currentVisit();
      try {
        const sent = action.context === "none" ? undefined : action.context === "single" ? ids[0] : ids;
        const result = await press.send({ sent, input }, (idempotencyKey) => client.runAction(action.name, { ids: sent, input, idempotencyKey }));
        // Whoever comes next did not press it.
        if (visit.aborted) return null;
        await settled(action, result, ids.length, navigate);
        if (result.status !== "failed" && result.refresh) onChanged?.();
        return result;
      } catch (error) {
        if (!visit.aborted) showError(error, action.label ?? action.name);
        return null;
      } finally {
        if (press.isOpen) unheard.current.set(name, { press, atMs: Date.now() });
        else unheard.current.delete(name);
        locked.current.delete(name);
        setRunning(new Set(locked.current));
      }
    },
    [navigate],
  );

  const host = useMemo<Host>(
    () => ({
      press: ({ action, ids, onChanged }) => {
        const before = unheard.current.get(nameOf(action.name, ids));
        const pressed = { action, ids, onChanged, press: before && Date.now() - before.atMs < SAME_PRESS_MS ? before.press : new Press() };
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
        <ErrorBoundary frame={(note) => <Broken title={open.action.label ?? open.action.name} note={note} onClose={() => setOpen(null)} />}>
          <Suspense fallback={<ProgressBar when />}>
            <ActionDialog
              action={open.action}
              count={open.ids.length}
              onClose={() => setOpen(null)}
              onRun={(input) => run(open, input)}
            />
          </Suspense>
        </ErrorBoundary>
      )}
    </Context>
  );
}

async function settled(action: AvailableAction, result: ActionResult, count: number, navigate: (to: string) => void | Promise<void>): Promise<void> {
  const title = action.label ?? action.name;
  tell(action, result, count);
  if (result.status !== "failed") carryOut(result, navigate);
  if (result.refresh || result.status === "failed" || result.missing) void refreshRecords(action.collection);
  if (result.executions.some((one) => one.status === null || one.status === 0)) {
    void follow(title, result.executions).then(() => refreshRecords(action.collection));
  }
}

/** The dialog itself could not be shown: nothing was called. */
function Broken({ title, note, onClose }: { title: string; note: ReactNode; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      {note}
    </Modal>
  );
}
