import { ActionIcon, Alert, Badge, Button, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { IconPencil, IconPlus, IconTable, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router-dom";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Collection, Field } from "../../client";
import { titleOf } from "../../model/collections";
import { isAssociation, labelOf } from "../../model/fields";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { NotFound } from "../home/NotFound";
import { typeLabel } from "./fieldDraft";
import { FieldDrawer } from "./FieldDrawer";
import { FormWorkflows } from "./FormWorkflows";

type Definition = Collection & { reindex?: { state: string; done?: number; problems?: { message: string }[] } };

const WORKING = new Set(["running", "settling"]);

export default function CollectionScreen() {
  const { name = "" } = useParams();
  const session = useSession();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [removing, setRemoving] = useState<Field | "all" | null>(null);
  const asked = useQuery({
    queryKey: ["definition", name],
    queryFn: ({ signal }) => client.resource<Definition & Record<string, unknown>>("collections").get(name, { signal }),
    refetchInterval: ({ state }) => (WORKING.has(state.data?.reindex?.state ?? "") ? 2_000 : false),
  });
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  const collection = asked.data;
  if (!collection) return <NotFound what={`The collection "${name}"`} />;
  const changed = async () => {
    await Promise.all([queries.invalidateQueries({ queryKey: ["definition", name] }), session.reload()]);
  };
  const job = collection.reindex;
  return (
    <Stack maw={1100}>
      <PageHeader
        title={titleOf(collection)}
        description={collection.name}
        above={[{ label: "Collections", to: "/collections" }]}
        actions={
          <>
            <Button variant="default" component={Link} to={`/tables/${name}`} leftSection={<IconTable size={16} aria-hidden />}>
              Records
            </Button>
            <Button variant="light" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setRemoving("all")}>
              Drop
            </Button>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setParams({ open: "new" })}>
              Add a field
            </Button>
          </>
        }
      />
      {job && job.state !== "done" && (
        <Alert color={job.state === "failed" ? "red" : "blue"} title={job.state === "failed" ? "The last change did not go through" : "Records are being carried along"} role="status">
          {job.problems?.map((one, index) => <Text key={index} size="sm">{one.message}</Text>)}
        </Alert>
      )}
      <Paper withBorder radius="md">
        <Table.ScrollContainer minWidth={560}>
          <Table highlightOnHover verticalSpacing="xs" aria-label="Fields">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Title</Table.Th>
                <Table.Th>Name</Table.Th>
                <Table.Th>Type</Table.Th>
                <Table.Th>Rules</Table.Th>
                <Table.Th ta="right">Actions</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {collection.fields.map((field) => (
                <FieldRow key={field.name} field={field} onEdit={() => setParams({ open: field.name })} onRemove={() => setRemoving(field)} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      <FormWorkflows collection={collection} onSaved={changed} />
      <FieldDrawer collection={collection} open={params.get("open")} onClose={() => setParams({})} onSaved={changed} />
      {removing === "all" && (
        <ConfirmDialog
          title={`Drop ${titleOf(collection)}?`}
          text="All of its records are gone for good. Workflows and buttons on them are disabled, and roles lose their rules for it."
          label="Drop the collection"
          typed={name}
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await client.resource("collections").destroy(name);
            await session.reload();
            say("Dropped", `${titleOf(collection)} is gone.`, "success");
            void navigate("/collections");
          }}
        />
      )}
      {removing !== null && removing !== "all" && (
        <ConfirmDialog
          title={`Remove ${labelOf(removing)}?`}
          text="Its values are gone for good."
          label="Remove the field"
          typed={removing.name}
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await client.resource(`collections/${name}/fields`).destroy(removing.name);
            await changed();
            say("Removed", `${labelOf(removing)} is gone.`, "success");
          }}
        />
      )}
    </Stack>
  );
}

function FieldRow({ field, onEdit, onRemove }: { field: Field; onEdit: () => void; onRemove: () => void }) {
  const rules = [field.required && "required", field.unique && "unique", field.index && "indexed", field.hidden && "hidden", field.isForeignKey && "foreign key", field["building"] === true && "being built"].filter((one) => typeof one === "string");
  return (
    <Table.Tr>
      <Table.Td fw={500}>{labelOf(field)}</Table.Td>
      <Table.Td ff="monospace" fz="sm">
        {field.name}
      </Table.Td>
      <Table.Td>
        {typeLabel(field.type)}
        {isAssociation(field) && ` → ${field.target}`}
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {rules.map((one) => (
            <Badge key={one} variant="default" tt="none" fw={400}>
              {one}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>
        {!field.isForeignKey && (
          <Group gap={4} justify="flex-end" wrap="nowrap">
            <ActionIcon variant="subtle" color="gray" aria-label={`Change ${labelOf(field)}`} onClick={onEdit}>
              <IconPencil size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="red" aria-label={`Remove ${labelOf(field)}`} onClick={onRemove}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
