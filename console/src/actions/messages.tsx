/** What a press of a button led to, said where it is seen and heard; what went wrong stays until it is read. */
import { notifications, notificationsStore } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck, IconInfoCircle, IconX } from "@tabler/icons-react";
import { ApiError, type ActionResult, type Level } from "../client";

const LOOKS: Record<Level, { color: string; icon: React.ReactNode }> = {
  success: { color: "teal", icon: <IconCheck size={18} aria-hidden /> },
  info: { color: "blue", icon: <IconInfoCircle size={18} aria-hidden /> },
  warning: { color: "yellow", icon: <IconAlertTriangle size={18} aria-hidden /> },
  error: { color: "red", icon: <IconX size={18} aria-hidden /> },
};
const READ_MS = 7_000;

export function look(level: Level) {
  return LOOKS[level];
}

/** How often each message that stays was said. */
const said = new Map<string, number>();

/** Shows the message as text, line by line, with its level. One that stays, and is said again while it stands there, tells how often. */
export function say(title: string, message: string, level: Level, id?: string): void {
  const stays = level === "warning" || level === "error";
  const options = { message, ...LOOKS[level], classNames: { description: "as-written" }, withBorder: true, role: stays ? "alert" : "status" };
  if (!stays) {
    notifications.show({ ...options, id, title, autoClose: READ_MS });
    return;
  }
  const key = id ?? JSON.stringify([level, title, message]);
  const { notifications: shown, queue } = notificationsStore.getState();
  const times = !id && [...shown, ...queue].some((one) => one.id === key) ? (said.get(key) ?? 1) + 1 : 1;
  said.set(key, times);
  const whole = { ...options, id: key, title: times > 1 ? `${title} (${times} times)`.trim() : title, autoClose: false as const };
  notifications.show(whole);
  notifications.update(whole);
}

export function showResult(title: string, result: ActionResult): void {
  const queued = result.status === "queued";
  if (queued && !result.message) return; // `follow` tells how it goes
  const fallback = result.status === "failed" ? "It failed; nothing is known of why." : queued ? "Started." : "Done.";
  const level = result.status === "failed" && (result.level === "success" || result.level === "info") ? "error" : result.level;
  const silent = result.status === "success" && !result.message && result.client !== null;
  if (!silent) say(title, result.message || fallback, level);
}

export function showError(error: unknown, title: string): void {
  const message = error instanceof ApiError ? error.message : String((error as Error)?.message ?? error);
  say(title, message, error instanceof ApiError && error.status > 0 && error.status < 500 ? "warning" : "error");
}
