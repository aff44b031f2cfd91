import { ActionIcon, Button, Group, Pagination, Paper, Table, Text } from "@mantine/core";
import { IconUserMinus, IconUserPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNewestParams } from "../../app/newestParams";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Id, User } from "../../client";
import { AssociationSelect } from "../../forms/AssociationSelect";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { Refusable } from "../../ui/Refusable";
import { useLastPage } from "../../ui/useLastPage";
import { useOnce } from "../../ui/useOnce";
import { nameOf, ROOT } from "../users/account";

const PAGE_SIZE = 20;
const FIELD = { name: "members", type: "belongsToMany", target: "users" };

/** Who has the role; giving and taking it. */
export function Members({ role }: { role: string }) {
  const session = useSession();
  const [params, setParams] = useNewestParams();
  const page = Math.max(1, Math.floor(Number(params.get("page"))) || 1);
  const [taking, setTaking] = useState<User | null>(null);
  const resource = client.resource<User>(`roles/${role}/users`);
  const asked = useQuery({
    queryKey: ["roles", "members", role, page],
    queryFn: ({ signal }) => resource.list({ page, pageSize: PAGE_SIZE, signal }),
    placeholderData: keepPreviousData,
  });
  const refused = role === ROOT && session.role !== ROOT ? "Only root gives and takes this role" : null;
  const refresh = () => Promise.all([queries.invalidateQueries({ queryKey: ["roles", "members", role] }), queries.invalidateQueries({ queryKey: ["records", "users"] }), session.reload()]);
  const take = async (user: User) => {
    await resource.link("remove", [user.id]);
    await refresh();
    say(nameOf(user), "No longer has this role.", "success");
  };
  const goTo = (next: number, replace = false) =>
    setParams(
      (now) => {
        now.set("page", String(next));
        return now;
      },
      { replace },
    );
  const isEmpty = useLastPage(asked, page, (last) => goTo(last, true));

  return (
    <>
      <Giving refused={refused} onGive={(ids) => resource.link("add", ids).then(refresh)} />
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asked.isSuccess && (
        <Paper withBorder radius="md">
          {isEmpty && <Empty title="Nobody has this role">Give it to somebody above, or in the users.</Empty>}
          {asked.data.rows.length > 0 && (
            <Table.ScrollContainer minWidth={480}>
              <Table highlightOnHover aria-label="Members">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Username</Table.Th>
                    <Table.Th>E-mail</Table.Th>
                    <Table.Th ta="right">Actions</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {asked.data.rows.map((user) => (
                    <Table.Tr key={user.id}>
                      <Table.Td fw={500} className="as-written">
                        {nameOf(user)}
                      </Table.Td>
                      <Table.Td>{user.username}</Table.Td>
                      <Table.Td>{user.email}</Table.Td>
                      <Table.Td>
                        <Group justify="flex-end">
                          <Refusable reason={refused ?? (role === ROOT && user.id === session.user.id ? "Nobody takes the role root from themselves" : null)}>
                            <ActionIcon variant="subtle" color="red" aria-label={`Take the role from ${nameOf(user)}`} onClick={() => setTaking(user)}>
                              <IconUserMinus size={16} />
                            </ActionIcon>
                          </Refusable>
                        </Group>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
          {(asked.data.meta.totalPage ?? 1) > 1 && (
            <Group justify="flex-end" p="xs">
              <Pagination size="sm" total={asked.data.meta.totalPage ?? 1} value={page} onChange={(next) => goTo(next)} getControlProps={(control) => ({ "aria-label": `${control} page` })} getItemProps={(number) => ({ "aria-label": `Page ${number}` })} />
            </Group>
          )}
        </Paper>
      )}
      {taking && <ConfirmDialog title={`Take the role from ${nameOf(taking)}?`} text="They may no longer do what only this role allows." label="Take it" onClose={() => setTaking(null)} onConfirm={() => take(taking)} />}
    </>
  );
}

function Giving({ refused, onGive }: { refused: string | null; onGive: (ids: Id[]) => Promise<unknown> }) {
  const [ids, setIds] = useState<Id[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, once] = useOnce();
  const isInView = useSession().collection("users") !== undefined;

  const give = () =>
    once(async () => {
      setError(null);
      await onGive(ids);
      setIds([]);
    }, setError);

  const reason = refused ?? (!isInView ? "Your role does not see users" : ids.length === 0 ? "Choose users first" : null);
  return (
    <>
      <Group align="flex-end" mb="sm" gap="sm">
        <div style={{ flex: "1 1 240px", maxWidth: 480 }}>
          <AssociationSelect field={FIELD} label="Give the role to" value={ids} onChange={(chosen) => setIds(chosen as Id[])} disabled={refused !== null} />
        </div>
        <Refusable reason={reason}>
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} loading={busy} onClick={give}>
            Give
          </Button>
        </Refusable>
      </Group>
      {refused && (
        <Text size="sm" c="dimmed" mb="sm">
          {refused}.
        </Text>
      )}
      {error !== null && <ErrorNote error={error} />}
    </>
  );
}
