import { Anchor, Card, Group, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { client } from "../../app/client";
import { keys } from "../../app/queries";
import { useSession } from "../../app/session";
import { appendsOf, recordTitle, titleOf } from "../../model/collections";
import { kindOf, labelOf, shownFields } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Cell } from "../table/Cell";

const LEFT_OUT = new Set(["id", "updatedAt", "updatedBy"]);

/** The record that a run is for (`samples/91`), as far as it is in view. */
export function RecordCard({ record: name }: { record: string }) {
  const session = useSession();
  const at = name.indexOf("/");
  const id = name.slice(at + 1);
  const collection = session.collection(name.slice(0, at));
  const fields = collection ? shownFields(collection).filter((one) => kindOf(one) !== "toMany" && !LEFT_OUT.has(one.name)) : [];
  const appends = appendsOf(fields, (one) => session.collection(one) !== undefined);
  const asked = useQuery({
    queryKey: keys.record(collection?.name ?? "", id, { appends }),
    queryFn: ({ signal }) => client.resource(collection?.name ?? "").get(id, { appends, signal }),
    enabled: collection !== undefined,
  });
  const record = asked.data;
  return (
    <Card withBorder padding="lg" component="section" aria-label="The record">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {record ? recordTitle(record, collection) : "The record"}
        </Title>
        {collection && record && (
          <Anchor component={Link} to={`/tables/${collection.name}/${encodeURIComponent(id)}`} size="sm">
            Open in {titleOf(collection)}
          </Anchor>
        )}
      </Group>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {collection && asked.isPending && <Skeleton h={40} />}
      {(!collection || record === null) && (
        <Text size="sm" c="dimmed">
          It is about {name}, which is not in your view or gone.
        </Text>
      )}
      {record && (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="md">
          {fields.map((field) => (
            <Stack key={field.name} gap={2} miw={0}>
              <Text size="xs" c="dimmed" fw={500}>
                {labelOf(field)}
              </Text>
              <Group gap={4} fz="sm">
                <Cell record={record} field={field} full />
              </Group>
            </Stack>
          ))}
        </SimpleGrid>
      )}
    </Card>
  );
}
