/** Users as who manages them sees them, what of them may be changed, and the page's address. */
import type { Session } from "../../app/session";
import type { Filter, Row, User } from "../../client";

export interface Account extends User {
  phone: string | null;
  roles: { name: string; title?: string }[];
  defaultRole: string | null;
  blocked: boolean | null;
  createdAt: string;
}

export const ROOT = "root";
export const PAGE_SIZE = 20;

export interface UsersState {
  search: string;
  role: string | null;
  page: number;
  /** An id, `new`, or null: the form beside the page. */
  open: string | null;
}

export function readUsersState(params: URLSearchParams): UsersState {
  const page = Number(params.get("page"));
  return { search: params.get("search") ?? "", role: params.get("role"), page: Number.isInteger(page) && page > 0 ? page : 1, open: params.get("open") };
}

/** The address after `changes`; what is asked anew begins on the first page. */
export function writeUsersState(state: UsersState, changes: Partial<UsersState>): URLSearchParams {
  const asksAnew = "search" in changes || "role" in changes;
  const { search, role, page, open } = { ...state, ...(asksAnew ? { page: 1 } : {}), ...changes };
  const entries = { search, role: role ?? "", page: page > 1 ? String(page) : "", open: open ?? "" };
  return new URLSearchParams(Object.entries(entries).filter(([, value]) => value !== ""));
}

export function filterOf({ search, role }: UsersState): Filter | undefined {
  const text = search.trim();
  const named = ["nickname", "username", "email"].map((name) => ({ [name]: { $includes: text } }));
  const parts: Filter[] = [...(text ? [{ $or: named }] : []), ...(role ? [{ roles: role }] : [])];
  return parts.length > 1 ? { $and: parts } : parts[0];
}

export function nameOf(user: Pick<User, "id" | "nickname" | "username" | "email">): string {
  return user.nickname || user.username || user.email || `User ${user.id}`;
}

type Who = Pick<Session, "isIn" | "role" | "user">;

/** Why the role may not change this user; `null` when it may, as far as is known here. */
export function whyNoChange(session: Who, user: Pick<Account, "roles"> | null): string | null {
  if (!session.isIn("users")) return "Your role does not manage users";
  if (user?.roles.some((one) => one.name === ROOT) && session.role !== ROOT) return "Only root changes a root user";
  return null;
}

/** Why this user may be neither blocked nor removed. */
export function whyNoEnd(session: Who, user: Account): string | null {
  return whyNoChange(session, user) ?? (user.id === session.user.id ? "Nobody blocks or removes themselves" : null);
}

/** Why this user's password is not set here. */
export function whyNoPassword(session: Who, user: Account): string | null {
  return whyNoChange(session, user) ?? (user.id === session.user.id ? "Change your own password in your profile" : null);
}

export interface Draft {
  nickname: string;
  username: string;
  email: string;
  phone: string;
  password: string;
  roles: string[];
  defaultRole: string | null;
}

export const INPUTS = ["nickname", "username", "email", "phone", "password", "roles", "defaultRole"] as const;

export function draftOf(user: Account | null): Draft {
  const texts = { nickname: user?.nickname ?? "", username: user?.username ?? "", email: user?.email ?? "", phone: user?.phone ?? "" };
  return { ...texts, password: "", roles: user?.roles.map((one) => one.name) ?? [], defaultRole: user?.defaultRole ?? null };
}

/** What differs from before; an emptied text is `null`. A new user without roles gets the default ones. */
export function valuesOf(draft: Draft, before: Draft, isNew: boolean): Row {
  const changed = INPUTS.filter((name) => JSON.stringify(draft[name]) !== JSON.stringify(before[name]));
  const values = Object.fromEntries(changed.map((name) => [name, draft[name] === "" ? null : draft[name]]));
  if (!isNew) delete values["password"];
  return values;
}
