/** Who is signed in: loaded once by `app:start`, and again when the role or a definition changes. */
import { useQuery } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import type { ApiError, Area, Collection, Start } from "../client";
import { ErrorNote } from "../ui/ErrorNote";
import { Loading } from "../ui/Loading";
import { client, whenSignedOut } from "./client";
import { keys, queries } from "./queries";

const ROLE = "stepbase.role";

export interface Session extends Start {
  collection: (name: string) => Collection | undefined;
  isIn: (area: Area) => boolean;
  signOut: () => Promise<void>;
  actAs: (role: string) => void;
  /** After a definition has changed. */
  reload: () => Promise<void>;
}

const Context = createContext<Session | null>(null);

/** The session; only below `SessionGate`. */
export function useSession(): Session {
  const session = use(Context);
  if (!session) throw new Error("useSession outside of SessionGate");
  return session;
}

interface GateProps {
  /** What is shown to somebody who is not signed in. `reason`: why, when it was not their wish. */
  signIn: (onSignedIn: () => void, reason: string | null) => ReactNode;
  children: ReactNode;
}

export function SessionGate({ signIn, children }: GateProps) {
  const [signedIn, setSignedIn] = useState(client.isSignedIn());
  const [reason, setReason] = useState<string | null>(null);
  const leave = useCallback((why: string | null) => {
    client.forget();
    sessionStorage.removeItem(ROLE);
    queries.clear();
    setReason(why);
    setSignedIn(false);
  }, []);
  useEffect(() => whenSignedOut((error: ApiError) => leave(error.message)), [leave]);
  if (!signedIn) return signIn(() => setSignedIn(true), reason);
  return <Started onLeave={leave}>{children}</Started>;
}

function Started({ onLeave, children }: { onLeave: (why: string | null) => void; children: ReactNode }) {
  const [role, setRole] = useState(sessionStorage.getItem(ROLE));
  const asked = useQuery({
    queryKey: keys.start(role),
    queryFn: ({ signal }) => {
      client.actAs(role);
      return client.start(signal);
    },
    staleTime: Infinity,
  });
  const session = useMemo<Session | null>(() => {
    if (!asked.data) return null;
    const byName = new Map(asked.data.collections.map((one) => [one.name, one]));
    const manages = new Set(asked.data.manages);
    return {
      ...asked.data,
      collection: (name) => byName.get(name),
      isIn: (area) => manages.has(area),
      signOut: () => client.signOut().catch(() => undefined).then(() => onLeave(null)),
      actAs: (name) => {
        client.actAs(name);
        sessionStorage.setItem(ROLE, name);
        queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "start" });
        setRole(name);
      },
      reload: () => queries.invalidateQueries({ queryKey: ["start"] }),
    };
  }, [asked.data, onLeave]);
  if (asked.isError && !session) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (!session) return <Loading label="Loading your workspace" />;
  return <Context value={session}>{children}</Context>;
}
