/** Who is signed in: loaded once by `app:start`, and again when the role or a definition changes. */
import { onlineManager, useQuery } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import type { ApiError, Area, Collection, Start, User } from "../client";
import { SignInOver } from "../shell/SignInOver";
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

/** Given by `SessionGate`, and by tests. */
export const SessionContext = createContext<Session | null>(null);

/** The session; only below `SessionGate`. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error("useSession outside of SessionGate");
  return session;
}

interface GateProps {
  /** What is shown to somebody who is not signed in. `reason`: why, when it was not their wish. */
  signIn: (onSignedIn: (user: User) => void, reason: string | null) => ReactNode;
  children: ReactNode;
}

/** Who the page was made for, as far as that was told. */
const knownUser = () => queries.getQueriesData<Start>({ queryKey: ["start"] }).find(([, told]) => told)?.[1]?.user;

/** A session that ends by itself leaves the page as it is, below the sign-in: the same user goes on with what is typed there. */
export function SessionGate({ signIn, children }: GateProps) {
  const [signedIn, setSignedIn] = useState(client.isSignedIn());
  const [reason, setReason] = useState<string | null>(null);
  const [hasEnded, setEnded] = useState(false);
  const [visit, setVisit] = useState(0);
  const leave = useCallback((why: string | null) => {
    client.forget();
    sessionStorage.removeItem(ROLE);
    queries.clear();
    onlineManager.setOnline(true);
    setEnded(false);
    setReason(why);
    setSignedIn(false);
  }, []);
  const end = useCallback(
    ({ message }: ApiError) => {
      if (!knownUser()) return leave(message);
      client.forget();
      // What the page asks by itself waits, as it does without a network.
      onlineManager.setOnline(false);
      setReason(message);
      setEnded(true);
    },
    [leave],
  );
  useEffect(() => whenSignedOut(end), [end]);
  function goOn(user: User) {
    setEnded(false);
    setReason(null);
    if (user.id === knownUser()?.id) client.actAs(sessionStorage.getItem(ROLE));
    else {
      queries.clear();
      sessionStorage.removeItem(ROLE);
      setVisit(visit + 1);
    }
    onlineManager.setOnline(true);
    void queries.invalidateQueries();
  }
  if (!signedIn) return signIn(() => setSignedIn(true), reason);
  return (
    <>
      <Started key={visit} onLeave={leave}>
        {children}
      </Started>
      {hasEnded && <SignInOver>{signIn(goOn, reason)}</SignInOver>}
    </>
  );
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
  return <SessionContext value={session}>{children}</SessionContext>;
}
