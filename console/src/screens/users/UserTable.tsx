import { ActionIcon, Anchor, Badge, Group, Table, Text } from "@mantine/core";
import { IconKey, IconLock, IconLockOpen, IconPencil, IconTrash } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import { useSession } from "../../app/session";
import { Refusable } from "../../ui/Refusable";
import { Timestamp } from "../../ui/Timestamp";
import { nameOf, whyNoChange, whyNoEnd, whyNoPassword, type Account } from "./account";

export interface Ask {
  what: "password" | "block" | "remove";
  user: Account;
}

interface Props {
  users: Account[];
  onEdit: (user: Account) => void;
  onAsk: (ask: Ask) => void;
}

export function UserTable({ users, onEdit, onAsk }: Props) {
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table highlightOnHover verticalSpacing="xs" aria-label="Users">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Username</Table.Th>
            <Table.Th>E-mail</Table.Th>
            <Table.Th>Roles</Table.Th>
            <Table.Th>Added</Table.Th>
            <Table.Th ta="right">Actions</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {users.map((user) => (
            <UserRow key={user.id} user={user} onEdit={() => onEdit(user)} onAsk={(what) => onAsk({ what, user })} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function UserRow({ user, onEdit, onAsk }: { user: Account; onEdit: () => void; onAsk: (what: Ask["what"]) => void }) {
  const session = useSession();
  const name = nameOf(user);
  const noChange = whyNoChange(session, user);
  const noPassword = whyNoPassword(session, user);
  const noEnd = whyNoEnd(session, user);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" fw={500} className="as-written">
            {name}
          </Text>
          {user.id === session.user.id && <Badge variant="light" miw="max-content">
              You
            </Badge>}
          {user.blocked && (
            <Badge variant="light" color="red">
              Blocked
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td>{user.username}</Table.Td>
      <Table.Td>{user.email}</Table.Td>
      <Table.Td>
        <Group gap={4}>
          {user.roles.map((role) =>
            session.isIn("roles") ? (
              <Anchor key={role.name} component={Link} to={`/roles/${role.name}`} size="sm">
                <Badge variant="default" tt="none" fw={400}>
                  {role.title || role.name}
                </Badge>
              </Anchor>
            ) : (
              <Badge key={role.name} variant="default" tt="none" fw={400}>
                {role.title || role.name}
              </Badge>
            ),
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Timestamp at={user.createdAt} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Refusable reason={noChange}>
            <ActionIcon variant="subtle" color="gray" aria-label={`Change ${name}`} title={noChange ? undefined : "Change"} onClick={onEdit}>
              <IconPencil size={16} />
            </ActionIcon>
          </Refusable>
          <Refusable reason={noPassword}>
            <ActionIcon variant="subtle" color="gray" aria-label={`Set the password of ${name}`} title={noPassword ? undefined : "Set the password"} onClick={() => onAsk("password")}>
              <IconKey size={16} />
            </ActionIcon>
          </Refusable>
          <Refusable reason={noEnd}>
            <ActionIcon variant="subtle" color="gray" aria-label={user.blocked ? `Let ${name} in again` : `Block ${name}`} title={noEnd ? undefined : user.blocked ? "Let in again" : "Block"} onClick={() => onAsk("block")}>
              {user.blocked ? <IconLockOpen size={16} /> : <IconLock size={16} />}
            </ActionIcon>
          </Refusable>
          <Refusable reason={noEnd}>
            <ActionIcon variant="subtle" color="red" aria-label={`Remove ${name}`} title={noEnd ? undefined : "Remove"} onClick={() => onAsk("remove")}>
              <IconTrash size={16} />
            </ActionIcon>
          </Refusable>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
