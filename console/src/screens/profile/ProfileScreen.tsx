import { Button, Group, Paper, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, type ReactNode, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { mistakesAt } from "../../forms/mistakes";
import { ErrorNote } from "../../ui/ErrorNote";
import { PageHeader } from "../../ui/PageHeader";
import { Unsaved } from "../../ui/Unsaved";
import { PasswordForm } from "./PasswordForm";

/** What one changes of oneself: name, phone, the role to begin with, the password. */
export default function ProfileScreen() {
  const { user } = useSession();
  return (
    <Stack maw={640}>
      <PageHeader title="Profile" description="What others see of you, and how you sign in." />
      <Section title="You">
        <NameForm />
      </Section>
      <Section title="Signing in">
        <Text size="sm">
          {[user.username, user.email].filter(Boolean).join(" or ")}
          <Text span c="dimmed" size="sm">
            {" "}
            — whoever manages users changes it
          </Text>
        </Text>
        <DefaultRole />
      </Section>
      <Section title="Password">
        <PasswordForm />
      </Section>
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder radius="md" p="md" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      <Stack gap="sm">{children}</Stack>
    </Paper>
  );
}

function NameForm() {
  const session = useSession();
  const phoneNow = typeof session.user["phone"] === "string" ? session.user["phone"] : "";
  const [nickname, setNickname] = useState(session.user.nickname ?? "");
  const [phone, setPhone] = useState(phoneNow);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { at, others } = mistakesAt(error, ["nickname", "phone"]);
  const isChanged = nickname !== (session.user.nickname ?? "") || phone !== phoneNow;

  async function save(event: SyntheticEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await client.resource("users").call("updateProfile", { body: { nickname: nickname || null, phone: phone || null } });
      await session.reload();
      say("Profile", "Saved.", "success");
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  }

  return (
    <form onSubmit={(event) => void save(event)} noValidate>
      <Unsaved when={isChanged} />
      <Stack gap="sm">
        {others !== null && <ErrorNote error={others} />}
        <TextInput label="Name" value={nickname} onChange={(event) => setNickname(event.currentTarget.value)} error={at["nickname"]} autoComplete="nickname" />
        <TextInput label="Phone" type="tel" value={phone} onChange={(event) => setPhone(event.currentTarget.value)} error={at["phone"]} autoComplete="tel" />
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={!isChanged}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function DefaultRole() {
  const session = useSession();
  const [chosen, setChosen] = useState(session.defaultRole);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function choose(roleName: string | null) {
    if (!roleName || busy) return;
    setBusy(true);
    setError(null);
    try {
      await client.resource("users").call("setDefaultRole", { body: { roleName } });
      setChosen(roleName);
      void session.reload();
      say("Default role", "Saved; you begin with it when you sign in.", "success");
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  }

  return (
    <>
      {error !== null && <ErrorNote error={error} />}
      <Select label="Begin in the role" description={`You act as ${session.roles.find((one) => one.name === session.role)?.title ?? session.role} now`} placeholder="Choose" data={session.roles.map((one) => ({ value: one.name, label: one.title }))} value={chosen} onChange={(role) => void choose(role)} disabled={busy || session.roles.length < 2} allowDeselect={false} maw={320} />
    </>
  );
}
