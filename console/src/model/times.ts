/** Instants as people read them, in the browser's zone and language. */

const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const WALL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function shortTime(at: string | number): string {
  return formatted(SHORT, new Date(at));
}

export function fullTime(at: string | number): string {
  return formatted(FULL, new Date(at));
}

/** `2026-11-21` is that day everywhere. */
export function day(text: string): string {
  return formatted(DAY, new Date(`${text}T00:00:00Z`));
}

/** An instant as `<input type="datetime-local">` has it: `2026-11-21T10:30`, in the user's zone. */
export function toLocalInput(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

export function fromLocalInput(text: string): string | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A date and time without a zone is the same everywhere; the server writes it as if it were UTC. */
export function wallTime(text: string): string {
  return formatted(WALL, wall(text));
}

/** Such a time as `<input type="datetime-local">` has it, and back as the server writes it. */
export function toWallInput(text: string): string {
  const date = wall(text);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 16);
}

export function fromWallInput(text: string): string | null {
  const date = wall(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function wall(text: string): Date {
  const written = text.trim().replace(" ", "T");
  return new Date(/T[\d:.]+$/.test(written) ? `${written}Z` : written);
}

/** 61500 → `1 min 1 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function formatted(format: Intl.DateTimeFormat, date: Date): string {
  return Number.isNaN(date.getTime()) ? "—" : format.format(date);
}
