import { ActionIcon, Badge, Button, Group, Paper, Table, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Id, Row } from "../../client";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { Refusable } from "../../ui/Refusable";
import { Timestamp } from "../../ui/Timestamp";
import { NewKey } from "./NewKey";
import { NewToken } from "./NewToken";

interface ApiKey extends Row {
  id: Id;
  name: string;
  roleName: string;
  expiresAt: string | null;
  ending: string;
  createdAt: string;
}

/** As many as a user has at most. */
const MOST_KEYS = 50;

/** One's own API keys: making one, which is shown this once, and removing them. */
export default function ApiKeysScreen() {
  const session = useSession();
  const [params, setParams] = useSearchParams();
  const [made, setMade] = useState<{ name: string; token: string } | null>(null);
  const [removing, setRemoving] = useState<ApiKey | null>(null);
  const asked = useQuery({ queryKey: ["apiKeys"], queryFn: ({ signal }) => client.resource<ApiKey>("apiKeys").list({ pageSize: MOST_KEYS, sort: ["-createdAt"], signal }) });
  const rows = asked.data?.rows ?? [];
  const refresh = () => queries.invalidateQueries({ queryKey: ["apiKeys"] });
  const titles = new Map(session.roles.map((one) => [one.name, one.title]));
  return (
    <>
      <PageHeader
        title="API keys"
        description="For programs that call in your name. Everybody has keys of their own, and sees no others."
        actions={
          <Refusable reason={rows.length >= MOST_KEYS ? `A user has at most ${MOST_KEYS} keys; remove one first` : null}>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setParams({ open: "new" })}>
              New key
            </Button>
          </Refusable>
        }
      />
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asked.isSuccess && (
        <Paper withBorder radius="md">
          {rows.length === 0 ? (
            <Empty title="No key yet">A key acts in one of your roles until it expires or you remove it.</Empty>
          ) : (
            <Table.ScrollContainer minWidth={620}>
              <Table highlightOnHover verticalSpacing="xs" aria-label="API keys">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Ends with</Table.Th>
                    <Table.Th>Role</Table.Th>
                    <Table.Th>Made</Table.Th>
                    <Table.Th>Expires</Table.Th>
                    <Table.Th ta="right">Actions</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map((key) => (
                    <Table.Tr key={key.id}>
                      <Table.Td fw={500} className="as-written">
                        {key.name}
                      </Table.Td>
                      <Table.Td ff="monospace" fz="sm">
                        …{key.ending}
                      </Table.Td>
                      <Table.Td>{titles.get(key.roleName) ?? key.roleName}</Table.Td>
                      <Table.Td>
                        <Timestamp at={key.createdAt} />
                      </Table.Td>
                      <Table.Td>
                        <Expiry at={key.expiresAt} />
                      </Table.Td>
                      <Table.Td>
                        <Group justify="flex-end">
                          <ActionIcon variant="subtle" color="red" aria-label={`Remove ${key.name}`} title="Remove" onClick={() => setRemoving(key)}>
                            <IconTrash size={16} />
                          </ActionIcon>
                        </Group>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Paper>
      )}
      {params.get("open") === "new" && (
        <NewKey
          onClose={() => setParams({})}
          onMade={(key) => {
            setMade(key);
            setParams({});
            void refresh();
          }}
        />
      )}
      {made && <NewToken name={made.name} token={made.token} onClose={() => setMade(null)} />}
      {removing && (
        <ConfirmDialog
          title={`Remove ${removing.name}?`}
          text="Programs that use it are refused from this moment on."
          label="Remove the key"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await client.resource("apiKeys").destroy(removing.id);
            await refresh();
            say("Removed", `${removing.name} works no more.`, "success");
          }}
        />
      )}
    </>
  );
}

function Expiry({ at }: { at: string | null }) {
  if (at === null) return <Text size="sm">Never</Text>;
  if (new Date(at).getTime() > Date.now()) return <Timestamp at={at} />;
  return (
    <Badge variant="light" color="red">
      Expired
    </Badge>
  );
}
