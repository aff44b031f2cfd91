import { Button, Card, Group, MultiSelect, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import type { Collection } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";

interface Props {
  collection: Collection;
  onSaved: () => Promise<void>;
}

interface Workflow extends Record<string, unknown> {
  key: string;
  title: string | null;
  config: { collection?: string; global?: boolean };
}

/** Which post-action workflows the add and the edit form start. Source: https://docs.nocobase.com/workflow/triggers/post-action */
export function FormWorkflows({ collection, onSaved }: Props) {
  const session = useSession();
  const stored = { create: collection.formWorkflows?.create ?? [], update: collection.formWorkflows?.update ?? [] };
  const [changed, setBound] = useState<typeof stored | null>(null);
  const bound = changed ?? stored;
  const [busy, once] = useOnce();
  const [error, setError] = useState<unknown>(null);
  const asked = useQuery({
    queryKey: ["workflows", { type: "action", enabled: true }],
    queryFn: ({ signal }) => client.resource<Workflow>("workflows").list({ filter: { type: "action", enabled: true }, pageSize: 200, signal }),
    enabled: session.isIn("workflows"),
  });
  if (!session.isIn("workflows")) return null;
  const fitting = (asked.data?.rows ?? []).filter((one) => one.config.collection === collection.name && !one.config.global);
  const known = new Set(fitting.map((one) => one.key));
  const data = [...fitting.map((one) => ({ value: one.key, label: one.title || one.key })), ...[...bound.create, ...bound.update].filter((one) => !known.has(one)).map((key) => ({ value: key, label: `${key} (not enabled)` }))];
  const choices = [...new Map(data.map((one) => [one.value, one])).values()];

  const nothing = asked.isError ? "They could not be loaded" : asked.isPending ? "Loading…" : "No enabled post-action workflow of this collection";

  const save = () =>
    once(async () => {
      setError(null);
      await client.resource("collections").update(collection.name, { formWorkflows: bound });
      await onSaved();
      setBound(null);
      say("Saved", "The forms start what you chose.", "success");
    }, setError);

  return (
    <Card withBorder padding="lg" component="section" aria-label="Workflows of the forms">
      <Unsaved when={JSON.stringify(bound) !== JSON.stringify(stored)} />
      <Stack gap="sm">
        <Title order={2} size="h4">
          Workflows of the forms
        </Title>
        <Text size="sm" c="dimmed">
          Post-action workflows of this collection that start when somebody saves a form.
        </Text>
        {asked.isError && <ErrorNote error={asked.error} />}
        {error !== null && <ErrorNote error={error} />}
        <Group grow align="flex-start">
          <MultiSelect label="The add form starts" data={choices} value={bound.create} onChange={(create) => setBound({ ...bound, create })} nothingFoundMessage={nothing} searchable />
          <MultiSelect label="The edit form starts" data={choices} value={bound.update} onChange={(update) => setBound({ ...bound, update })} nothingFoundMessage={nothing} searchable />
        </Group>
        <Group justify="flex-end">
          <Button variant="light" loading={busy} onClick={save}>
            Save
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}
