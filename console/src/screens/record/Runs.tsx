import { Anchor, Card, Skeleton, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { client } from "../../app/client";
import { keys } from "../../app/queries";
import { hasEnded, type Execution } from "../../client";
import { duration } from "../../model/times";
import { ErrorNote } from "../../ui/ErrorNote";
import { StatusBadge } from "../../ui/StatusBadge";
import { Timestamp } from "../../ui/Timestamp";

const FIRST = 10;
const LIVE_MS = 2_000;

/** Every run that touched the record, the newest first; looked at again while one is under way. */
export function Runs({ record }: { record: string }) {
  const asked = useQuery({
    queryKey: keys.runs(record),
    queryFn: ({ signal }) => client.resource<Execution>("executions").list({ filter: { record }, sort: ["-id"], pageSize: FIRST, appends: ["workflow"], except: ["context", "output", "stack"], signal }),
    refetchInterval: ({ state }) => (state.data?.rows.some((one) => !hasEnded(one)) ? LIVE_MS : false),
  });
  const rows = asked.data?.rows ?? [];
  return (
    <Card withBorder padding="lg" component="section" aria-label="Runs">
      <Title order={2} size="h4" mb="sm">
        Runs
      </Title>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Skeleton h={24} />}
      {asked.isSuccess && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          No workflow has run on this record yet.
        </Text>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table fz="sm" aria-label="Runs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Workflow</Table.Th>
                <Table.Th>Status</Table.Th>
                <Table.Th>Started</Table.Th>
                <Table.Th ta="right">Took</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((one) => (
                <Table.Tr key={String(one.id)}>
                  <Table.Td>
                    <Anchor component={Link} to={`/executions/${one.id}`} size="sm">
                      {workflowTitle(one)}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <StatusBadge status={one.status} reason={one.reason} />
                  </Table.Td>
                  <Table.Td>
                    <Timestamp at={one.createdAt} />
                  </Table.Td>
                  <Table.Td ta="right">{hasEnded(one) && one.updatedAt ? duration(Date.parse(one.updatedAt) - Date.parse(one.createdAt)) : ""}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Card>
  );
}

function workflowTitle(execution: Execution): string {
  const workflow = execution["workflow"] as { title?: string } | null | undefined;
  return workflow?.title || execution.key;
}
