import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { mistakesAt } from "../../forms/mistakes";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedModal, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { nameOf, type Account } from "./account";

interface Props {
  user: Account;
  onClose: () => void;
  onSaved: () => Promise<unknown>;
}

/** Sets another user's password; theirs is never shown. */
export function PasswordDialog({ user, onClose, onSaved }: Props) {
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce({ forGood: true });
  const { at, others } = mistakesAt(error, ["password"]);

  function save(event: SyntheticEvent) {
    event.preventDefault();
    once(async () => {
      setError(null);
      await client.resource("users").update(user.id, { password });
      say(nameOf(user), "Has a new password; all sessions have ended.", "success");
      onClose();
      await onSaved();
    }, setError);
  }

  return (
    <GuardedModal opened busy={busy} onClose={onClose} title={`New password for ${nameOf(user)}`}>
      <form onSubmit={save} noValidate>
        <Unsaved when={password !== ""} />
        <Stack>
          <Text size="sm">All sessions of the user end. API keys stay.</Text>
          {others !== null && <ErrorNote error={others} />}
          <PasswordInput label="New password" description="At least 6 characters" value={password} onChange={(event) => setPassword(event.currentTarget.value)} error={at["password"]} autoComplete="new-password" data-autofocus visibilityToggleButtonProps={{ "aria-label": "Show the password" }} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Set the password
            </Button>
          </Group>
        </Stack>
      </form>
    </GuardedModal>
  );
}
