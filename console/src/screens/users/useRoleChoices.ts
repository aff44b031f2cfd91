import { useQuery } from "@tanstack/react-query";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import type { Row } from "../../client";
import type { Choice } from "../../model/fields";
import { ROOT } from "./account";

interface NamedRole extends Row {
  name: string;
  title: string | null;
}

const ALL_ROLES = 200;

/** The roles that may be given: all for who manages roles, else one's own and those that were `seen` at users. Root gives root, too. */
export function useRoleChoices(seen: { name: string; title?: string }[]): Choice[] {
  const session = useSession();
  const asked = useQuery({
    queryKey: ["roles", "choices"],
    queryFn: ({ signal }) => client.resource<NamedRole>("roles").list({ fields: ["name", "title"], pageSize: ALL_ROLES, signal }),
    enabled: session.isIn("roles"),
  });
  const titles = new Map<string, string>();
  const known = [...(asked.data?.rows ?? []), ...session.roles, ...seen];
  for (const { name, title } of known) if (!titles.get(name)) titles.set(name, title || name);
  if (session.role === ROOT) titles.set(ROOT, "Root");
  return [...titles].map(([value, label]) => ({ value, label }));
}
