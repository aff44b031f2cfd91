import { Button, Group, MultiSelect, PasswordInput, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { keys } from "../../app/queries";
import { useSession } from "../../app/session";
import { mistakesAt } from "../../forms/mistakes";
import type { Choice } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { NotFound } from "../home/NotFound";
import { draftOf, INPUTS, nameOf, valuesOf, whyNoChange, type Account, type Draft } from "./account";

interface Props {
  /** An id, `new`, or null. */
  open: string | null;
  choices: Choice[];
  onClose: () => void;
  onSaved: () => Promise<unknown>;
}

export function UserDrawer({ open, choices, onClose, onSaved }: Props) {
  return (
    <GuardedDrawer opened={open !== null} onClose={onClose} title={open === "new" ? "Add a user" : "Change the user"}>
      {open === "new" && <UserForm user={null} choices={choices} onClose={onClose} onSaved={onSaved} />}
      {open !== null && open !== "new" && <Stored key={open} id={open} choices={choices} onClose={onClose} onSaved={onSaved} />}
    </GuardedDrawer>
  );
}

function Stored({ id, ...props }: Omit<Props, "open"> & { id: string }) {
  const asked = useQuery({
    queryKey: keys.record("users", id, "management"),
    queryFn: ({ signal }) => client.resource<Account>("users").get(id, { appends: ["roles"], signal }),
    staleTime: 0,
    gcTime: 0,
  });
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  if (!asked.data) return <NotFound what="This user" />;
  return <UserForm user={asked.data} {...props} />;
}

function UserForm({ user, choices, onClose, onSaved }: Omit<Props, "open"> & { user: Account | null }) {
  const session = useSession();
  const [before] = useState(() => draftOf(user));
  const [draft, setDraft] = useState(before);
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce({ forGood: true });
  const { at, others } = mistakesAt(error, INPUTS);
  const refused = whyNoChange(session, user);
  const set = (changes: Partial<Draft>) => setDraft((now) => ({ ...now, ...changes }));
  const titles = new Map(choices.map((one) => [one.value, one.label]));
  const text = (name: "nickname" | "username" | "email" | "phone") => ({ value: draft[name], error: at[name], disabled: busy, onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value }) });

  function save(event: SyntheticEvent) {
    event.preventDefault();
    if (refused) return;
    once(async () => {
      const values = valuesOf(draft, before, user === null);
      if (user && Object.keys(values).length === 0) return onClose();
      setError(null);
      if (user) await client.resource("users").update(user.id, values);
      else await client.resource("users").create(values);
      await onSaved();
      say(user ? "Saved" : "Added", `${draft.nickname || draft.username || draft.email}`, "success");
      return onClose();
    }, setError);
  }

  return (
    <form onSubmit={save} noValidate>
      <Unsaved when={Object.keys(valuesOf(draft, before, user === null)).length > 0} />
      <Stack>
        {refused && <ErrorNote error={new Error(refused)} title="Not allowed" />}
        {others !== null && <ErrorNote error={others} />}
        <TextInput label="Name" {...text("nickname")} data-autofocus autoComplete="off" />
        <TextInput label="Username" description="To sign in with; without @" {...text("username")} autoComplete="off" />
        <TextInput label="E-mail" type="email" description="To sign in with, and for mail" {...text("email")} autoComplete="off" />
        <TextInput label="Phone" type="tel" {...text("phone")} autoComplete="off" />
        {!user && <PasswordInput label="Password" description="At least 6 characters. Without one the user cannot sign in yet." value={draft.password} error={at["password"]} disabled={busy} onChange={(event) => set({ password: event.currentTarget.value })} autoComplete="new-password" visibilityToggleButtonProps={{ "aria-label": "Show the password" }} />}
        <MultiSelect
          label="Roles"
          description={user ? undefined : "None chosen: the default role"}
          data={choices}
          value={draft.roles}
          error={at["roles"]}
          disabled={busy}
          onChange={(roles) => set({ roles, defaultRole: draft.defaultRole && roles.includes(draft.defaultRole) ? draft.defaultRole : null })}
          searchable
          clearable
          hidePickedOptions
        />
        <Select
          label="Default role"
          description="The role that the user acts in unless another is chosen"
          placeholder="The first of the roles"
          data={draft.roles.map((name) => ({ value: name, label: titles.get(name) ?? name }))}
          value={draft.defaultRole}
          error={at["defaultRole"]}
          disabled={busy || draft.roles.length === 0}
          onChange={(defaultRole) => set({ defaultRole })}
          clearable
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={refused !== null} aria-label={user ? `Save ${nameOf(user)}` : undefined}>
            {user ? "Save" : "Add"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
