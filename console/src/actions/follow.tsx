/** Asynchronous executions, told as they go until the last one has ended. */
import { notifications } from "@mantine/notifications";
import { client } from "../app/client";
import { refreshRecords } from "../app/queries";
import { ApiError, hasEnded, statusName, type Answer, type Execution, type Started } from "../client";
import { look } from "./messages";

type State = Pick<Execution, "key" | "status" | "workflow"> & { reason?: string | null; messages?: string[]; unseen?: boolean };

let visit = new AbortController();

/** The visitor has left or acts in another role: what was said to them goes, and nothing more is told of what they started. */
export function forgetVisit(): void {
  visit.abort();
  visit = new AbortController();
  notifications.clean();
}

/** Aborted when the visit ends that is under way now. */
export const currentVisit = () => visit.signal;

/** Follows what a written record has set off in the background; the records are loaded anew when it has ended. */
export function followAnswer(title: string, answer: Answer<unknown>, collection: string): void {
  const started = (answer.meta["executions"] ?? []) as Started[];
  if (started.some((one) => !hasEnded(one))) void follow(title, started).then(() => refreshRecords(collection));
}

/** Resolves when all have ended, or when nothing more can be learned of them. Never rejects. */
export async function follow(title: string, started: Started[]): Promise<void> {
  const { signal } = visit;
  const id = `follow-${started.map((one) => one.id).join("-")}`;
  const states = new Map<string, State>(started.map((one) => [String(one.id), one]));
  const tell = () => show(id, title, [...states.values()]);
  tell();
  await Promise.all(
    started.filter((one) => !hasEnded(one)).map(async (one) => {
      const change = (execution: State) => {
        states.set(String(one.id), execution);
        tell();
      };
      try {
        await client.waitFor(one.id, { onChange: change, signal });
      } catch (error) {
        if (signal.aborted) return;
        const refused = error instanceof ApiError && (error.status === 403 || error.status === 404);
        change({ ...states.get(String(one.id)), key: one.key, status: one.status, unseen: true, reason: refused ? null : error instanceof Error ? error.message : String(error) });
      }
    }),
  );
}

function show(id: string, title: string, states: State[]): void {
  const failed = states.some((one) => one.status !== null && one.status < 0);
  const unseen = states.some((one) => one.unseen);
  const ended = states.every((one) => hasEnded(one) || one.unseen);
  const level = failed ? "error" : ended && !unseen ? "success" : "info";
  const message = grouped(states.map((one) => `${named(one.workflow?.["title"], one.unseen ? "goes on in the background" : statusName(one.status))}${one.reason ? ` (${one.reason})` : ""}${(one.messages ?? []).map((said) => `\n${said}`).join("")}`)).join("\n");
  const options = {
    id,
    title,
    message,
    ...look(level),
    loading: !ended,
    autoClose: ended && !failed ? 7_000 : (false as const),
    withCloseButton: true,
    withBorder: true,
    classNames: { description: "as-written" },
    role: failed ? "alert" : "status",
  };
  notifications.show(options);
  notifications.update(options);
}

/** A key may be made up: who presses a button knows a workflow by its title, else by what they pressed, which is said above. */
function named(title: unknown, state: string): string {
  return typeof title === "string" && title ? `${title}: ${state}` : `${state.charAt(0).toUpperCase()}${state.slice(1)}`;
}

/** Each line once, with how many there are of it: many records, few outcomes. */
export function grouped(lines: string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => (count > 1 ? `${count} × ${line}` : line));
}
