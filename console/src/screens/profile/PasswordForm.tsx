import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { ApiError } from "../../client";
import { mistakesAt } from "../../forms/mistakes";
import { ErrorNote } from "../../ui/ErrorNote";
import { Unsaved } from "../../ui/Unsaved";

const EMPTY = { oldPassword: "", newPassword: "", confirmPassword: "" };
type Name = keyof typeof EMPTY;
const SHOW = { "aria-label": "Show the password" };

/** Changes one's own password; this session goes on with the new one, all others end. */
export function PasswordForm() {
  const session = useSession();
  const [values, setValues] = useState(EMPTY);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { at, others } = mistakesOf(error);

  async function change(event: SyntheticEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await client.resource("auth").call("changePassword", { body: values });
      // The change ended this session, too.
      await client.signIn(session.user.username ?? session.user.email ?? "", values.newPassword);
      setValues(EMPTY);
      say("Password", "Changed; your other sessions have ended.", "success");
      await session.reload();
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  }

  const set = (name: Name, value: string) => setValues((now) => ({ ...now, [name]: value }));
  const input = (name: Name) => ({ value: values[name], error: at[name], visibilityToggleButtonProps: SHOW, onChange: (event: { currentTarget: { value: string } }) => set(name, event.currentTarget.value) });
  return (
    <form onSubmit={(event) => void change(event)} noValidate>
      <Unsaved when={Object.values(values).some((one) => one !== "")} />
      <Stack gap="sm">
        {others !== null && <ErrorNote error={others} />}
        <PasswordInput label="Current password" {...input("oldPassword")} autoComplete="current-password" />
        <PasswordInput label="New password" description="At least 6 characters" {...input("newPassword")} autoComplete="new-password" />
        <PasswordInput label="The new password again" {...input("confirmPassword")} autoComplete="new-password" />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            All your other sessions end; API keys stay.
          </Text>
          <Button type="submit" loading={busy} disabled={!values.oldPassword || !values.newPassword}>
            Change the password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A wrong current password has no path, and rules for passwords name them all `password`. */
function mistakesOf(error: unknown) {
  if (error instanceof ApiError && error.code === "INVALID_CREDENTIALS") return { at: { oldPassword: error.message } as Partial<Record<Name, string>>, others: null };
  const { at, others } = mistakesAt(error, [...Object.keys(EMPTY), "password"]);
  return { at: { ...at, newPassword: at["newPassword"] ?? at["password"] } as Partial<Record<Name, string>>, others };
}
