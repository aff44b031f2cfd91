import { Anchor, Badge, Button, Group, Paper, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router-dom";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { Refusable } from "../../ui/Refusable";
import { NewRole } from "./NewRole";
import { ACTIONS, AREAS, opens, reachIn, STOCK, type Role } from "./role";

const MOST = 200;
const ROOT: Role = { name: "root", title: "Root", description: "May everything. Cannot be changed.", default: false, strategy: null, resources: null, snippets: ["pm.*"] };

/** The roles; making one. */
export default function RolesScreen() {
  const session = useSession();
  const [params, setParams] = useSearchParams();
  const asked = useQuery({ queryKey: ["roles", "all"], queryFn: ({ signal }) => client.resource<Role>("roles").list({ pageSize: MOST, signal }) });
  const refused = session.isIn("roles") ? null : "Your role does not manage roles";
  return (
    <>
      <PageHeader
        title="Roles and permissions"
        description="What their members may see, change and press."
        actions={
          <Refusable reason={refused}>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setParams({ open: "new" })}>
              New role
            </Button>
          </Refusable>
        }
      />
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asked.isSuccess && (
        <Paper withBorder radius="md">
          <Table.ScrollContainer minWidth={640}>
            <Table highlightOnHover verticalSpacing="sm" aria-label="Roles">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Title</Table.Th>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>Everywhere</Table.Th>
                  <Table.Th>Own rules</Table.Th>
                  <Table.Th>Manages</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {[ROOT, ...asked.data.rows].map((role) => (
                  <RoleRow key={role.name} role={role} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Paper>
      )}
      {params.get("open") === "new" && !refused && <NewRole onClose={() => setParams({})} />}
    </>
  );
}

function RoleRow({ role }: { role: Role }) {
  const snippets = role.snippets ?? [];
  const areas = AREAS.filter((one) => opens(snippets, one.snippet)).map((one) => one.label);
  const rules = Object.entries(role.resources ?? {}).filter(([, one]) => one.usingActionsConfig);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Anchor component={Link} to={`/roles/${role.name}`} fw={500} size="sm">
            {role.title || role.name}
          </Anchor>
          {role.default && (
            <Badge variant="light" tt="none" miw="max-content">
              Given to new users
            </Badge>
          )}
          {STOCK.has(role.name) && (
            <Badge variant="default" tt="none" fw={400}>
              Stock
            </Badge>
          )}
        </Group>
        {role.description && (
          <Text size="xs" c="dimmed" className="as-written">
            {role.description}
          </Text>
        )}
      </Table.Td>
      <Table.Td ff="monospace" fz="sm">
        {role.name}
      </Table.Td>
      <Table.Td>{role.name === ROOT.name ? "Everything" : inWords(role.strategy?.actions ?? [])}</Table.Td>
      <Table.Td>{rules.length > 0 ? rules.map(([name]) => name).join(", ") : "—"}</Table.Td>
      <Table.Td>{areas.length === AREAS.length ? "Everything" : areas.join(", ") || "—"}</Table.Td>
    </Table.Tr>
  );
}

function inWords(actions: string[]): string {
  const parts = ACTIONS.map((one) => [one.label, reachIn(actions, one.name)] as const).filter(([, reach]) => reach !== "none");
  if (parts.length === ACTIONS.length && parts.every(([, reach]) => reach === "all")) return "Every action";
  return parts.map(([label, reach]) => (reach === "own" ? `${label} (own)` : label)).join(", ") || "Nothing";
}
