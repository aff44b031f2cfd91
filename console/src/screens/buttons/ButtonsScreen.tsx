import { ActionIcon, Alert, Anchor, Button, Group, Paper, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { say, showError } from "../../actions/messages";
import { useSession } from "../../app/session";
import { titleOf } from "../../model/collections";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { NEW } from "./address";
import { change, refreshButtons, useButtons } from "./api";
import { ButtonLook } from "./ButtonLook";
import { draftOf, type Button as Definition } from "./buttonDraft";

const CONTEXTS = { none: "no record", single: "one record", multiple: "several records" };
const KINDS = { workflow: "Workflow", procedure: "Procedure", client: "In the browser" };

/** The buttons by collection. */
export default function ButtonsScreen() {
  const session = useSession();
  const asked = useButtons();
  const [removing, setRemoving] = useState<Definition | null>(null);
  if (!session.isIn("workflows")) return <Alert color="yellow" title="Not in your role">Buttons are made by who manages workflows.</Alert>;
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  const rows = asked.data;
  const own = session.collections.filter((one) => !one.system || rows.some((row) => row.collection === one.name));
  const names = new Set(own.map((one) => one.name));
  const others = [...new Set(rows.map((one) => one.collection).filter((one) => one !== null && !names.has(one)))] as string[];
  const groups = [...own.map((one) => ({ name: one.name as string | null, title: titleOf(one) })), ...others.map((one) => ({ name: one as string | null, title: one })), { name: null, title: "Without a collection" }];
  const full = groups.filter((group) => rows.some((one) => one.collection === group.name));
  const empty = groups.filter((group) => !full.includes(group) && group.name !== null);
  return (
    <Stack gap="lg" maw={1100}>
      <PageHeader
        title="Buttons"
        description="What people press: on a record, on several, or on none."
        actions={
          <Button component={Link} to={`/buttons/${NEW}`} leftSection={<IconPlus size={16} aria-hidden />}>
            New button
          </Button>
        }
      />
      {rows.length === 0 && <Empty title="No button yet">A button starts workflows, calls a procedure, or does something in the browser.</Empty>}
      {full.map((group) => (
        <ButtonGroup key={group.name ?? ""} {...group} rows={rows.filter((one) => one.collection === group.name)} onRemove={setRemoving} />
      ))}
      {empty.length > 0 && (
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            No button yet:
          </Text>
          {empty.map(({ name, title }) => (
            <AddLink key={name} collection={name} title={title} label={title} />
          ))}
        </Group>
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove ${removing.label ?? removing.name}?`}
          text="The button is gone for good; the workflows that it started stay."
          label="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await change.destroy(removing.name);
            await refreshButtons();
            say("Removed", `${removing.label ?? removing.name} is gone.`, "success");
          }}
        />
      )}
    </Stack>
  );
}

function ButtonGroup({ name, title, rows, onRemove }: { name: string | null; title: string; rows: Definition[]; onRemove: (button: Definition) => void }) {
  return (
    <section aria-label={title}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {title}
        </Title>
        <AddLink collection={name} title={title} label="Add" />
      </Group>
      <Paper withBorder radius="md">
          <Table.ScrollContainer minWidth={640}>
            <Table highlightOnHover verticalSpacing="xs" fz="sm" aria-label={`Buttons: ${title}`}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Button</Table.Th>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>Works on</Table.Th>
                  <Table.Th>Does</Table.Th>
                  <Table.Th>Shown</Table.Th>
                  <Table.Th ta="right">Actions</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((one) => (
                  <ButtonRow key={one.name} button={one} onRemove={() => onRemove(one)} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
      </Paper>
    </section>
  );
}

function AddLink({ collection, title, label }: { collection: string | null; title: string; label: string }) {
  const to = `/buttons/${NEW}${collection ? `?collection=${encodeURIComponent(collection)}` : ""}`;
  return (
    <Button size="compact-sm" variant="subtle" component={Link} to={to} leftSection={<IconPlus size={14} aria-hidden />} aria-label={`Add a button: ${title}`}>
      {label}
    </Button>
  );
}

function ButtonRow({ button, onRemove }: { button: Definition; onRemove: () => void }) {
  const label = button.label ?? button.name;
  return (
    <Table.Tr>
      <Table.Td>
        <ButtonLook draft={draftOf(button)} compact still />
      </Table.Td>
      <Table.Td>
        <Anchor component={Link} to={`/buttons/${button.name}`} size="sm" ff="monospace">
          {button.name}
        </Anchor>
      </Table.Td>
      <Table.Td>{CONTEXTS[button.context]}</Table.Td>
      <Table.Td>
        <Text size="sm">{KINDS[button.kind]}</Text>
        <Text size="xs" c="dimmed">
          {whatItDoes(button)}
        </Text>
      </Table.Td>
      <Table.Td>
        <ShownSwitch button={button} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <ActionIcon variant="subtle" color="gray" component={Link} to={`/buttons/${button.name}`} aria-label={`Change ${label}`}>
            <IconPencil size={16} />
          </ActionIcon>
          <ActionIcon variant="subtle" color="red" aria-label={`Remove ${label}`} onClick={onRemove}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function whatItDoes(button: Definition): string {
  if (button.kind === "workflow") return (button.workflows ?? []).map((one) => (one.association ? `${one.key}!${one.association}` : one.key)).join(", ");
  if (button.kind === "procedure") return button.procedure ?? "";
  return { openUrl: "opens an address", message: "shows a message", openRecord: "opens a record" }[button.client?.type ?? "message"];
}

function ShownSwitch({ button }: { button: Definition }) {
  const [busy, setBusy] = useState(false);
  const label = button.label ?? button.name;
  async function set(enabled: boolean) {
    setBusy(true);
    try {
      await change.update(button.name, { enabled });
      await refreshButtons();
    } catch (error) {
      showError(error, label);
    }
    setBusy(false);
  }
  return <Switch aria-label={`${label} is shown`} checked={button.enabled} disabled={busy} onChange={(event) => void set(event.currentTarget.checked)} />;
}
