/** What a press of a button led to, said where it is seen and heard; what went wrong stays until it is read. */
import { notifications } from "@mantine/notifications";
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

/** Shows the message as text, line by line, with its level. */
export function say(title: string, message: string, level: Level, id?: string): void {
  notifications.show({
    id,
    title,
    message,
    ...LOOKS[level],
    classNames: { description: "as-written" },
    autoClose: level === "warning" || level === "error" ? false : READ_MS,
    withBorder: true,
    role: level === "warning" || level === "error" ? "alert" : "status",
  });
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
