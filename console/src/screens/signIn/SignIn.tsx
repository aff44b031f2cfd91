import { Alert, Button, Center, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useState, type SyntheticEvent } from "react";
import { client } from "../../app/client";
import type { User } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { Logo } from "../../shell/Logo";

interface Props {
  onSignedIn: (user: User) => void;
  reason: string | null;
}

export function SignIn({ onSignedIn, reason }: Props) {
  useDocumentTitle("Sign in · Stepbase");
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function submit(event: SyntheticEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      onSignedIn(await client.signIn(account, password));
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  }

  return (
    <Center mih="100vh" p="md" component="main">
      <Stack w="100%" maw={400} gap="lg">
        <Group justify="center" gap="sm">
          <Logo size={36} />
          <Title order={1} size="h2">
            Stepbase
          </Title>
        </Group>
        <Paper withBorder shadow="sm" p="xl" component="form" onSubmit={(event) => void submit(event)}>
          <Stack>
            <Text size="sm" c="dimmed">
              Sign in with your e-mail address or username.
            </Text>
            {reason && !error && <Alert color="yellow">{reason}</Alert>}
            {error !== null && <ErrorNote error={error} title="You are not signed in" />}
            <TextInput label="E-mail or username" value={account} onChange={(event) => setAccount(event.currentTarget.value)} autoComplete="username" required autoFocus withAsterisk={false} />
            <PasswordInput label="Password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} autoComplete="current-password" required withAsterisk={false} />
            <Button type="submit" loading={busy} fullWidth>
              Sign in
            </Button>
          </Stack>
        </Paper>
      </Stack>
    </Center>
  );
}
