import { Anchor, Button, Card, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router-dom";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import type { Collection, Field } from "../../client";
import { idOf, recordTitle } from "../../model/collections";
import { labelOf } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Timestamp } from "../../ui/Timestamp";

/** How many are shown at first, and after each press for more; the last is what the server gives at once. */
const STEPS = [10, 50, 200];

/** The partners of a to-many association, the newest first. */
export function Partners({ collection, id, field }: { collection: Collection; id: string; field: Field }) {
  const target = useSession().collection(field.target ?? "");
  const [step, setStep] = useState(0);
  const pageSize = STEPS[step] ?? 200;
  const asked = useQuery({
    queryKey: ["records", target?.name ?? "", { of: `${collection.name}/${id}/${field.name}`, pageSize }],
    queryFn: ({ signal }) => client.resource(`${collection.name}/${id}/${field.name}`).list({ sort: ["-id"], pageSize, signal }),
    placeholderData: keepPreviousData,
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
        {(count === undefined ? asked.data?.meta.hasNext : count > rows.length) && (
          <Group gap="xs">
            <Text size="xs" c="dimmed" role="status">The newest {rows.length}{count !== undefined && ` of ${count}`}</Text>
            {step < STEPS.length - 1 && (
              <Button size="compact-xs" variant="subtle" loading={asked.isPlaceholderData} onClick={() => setStep(step + 1)}>
                Show more
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Card>
  );
}
