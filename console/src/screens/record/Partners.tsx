import { Anchor, Card, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import type { Collection, Field } from "../../client";
import { idOf, recordTitle } from "../../model/collections";
import { labelOf } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Timestamp } from "../../ui/Timestamp";

const FIRST = 10;

/** The partners of a to-many association, the newest first. */
export function Partners({ collection, id, field }: { collection: Collection; id: string; field: Field }) {
  const target = useSession().collection(field.target ?? "");
  const asked = useQuery({
    queryKey: ["records", target?.name ?? "", { of: `${collection.name}/${id}/${field.name}` }],
    queryFn: ({ signal }) => client.resource(`${collection.name}/${id}/${field.name}`).list({ sort: ["-id"], pageSize: FIRST, signal }),
  });
  const rows = asked.data?.rows ?? [];
  const count = asked.data?.meta.count;
  return (
    <Card withBorder padding="lg" component="section" aria-label={labelOf(field)}>
      <Title order={2} size="h4" mb="sm">
        {labelOf(field)} {count !== undefined && <Text span c="dimmed" fz="sm">({count})</Text>}
      </Title>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Skeleton h={24} />}
      {asked.isSuccess && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          None
        </Text>
      )}
      <Stack gap={6}>
        {rows.map((row) => (
          <Group key={String(idOf(row))} justify="space-between" fz="sm">
            {target?.system ? <Text size="sm">{recordTitle(row, target)}</Text> : (
              <Anchor component={Link} to={`/tables/${field.target}/${encodeURIComponent(String(idOf(row)))}`} size="sm">
                {recordTitle(row, target)}
              </Anchor>
            )}
            <Text size="xs" c="dimmed" component="div">
              <Timestamp at={row["createdAt"] as string | null} />
            </Text>
          </Group>
        ))}
        {count !== undefined && count > FIRST && <Text size="xs" c="dimmed">The newest {FIRST} of {count}</Text>}
      </Stack>
    </Card>
  );
}
