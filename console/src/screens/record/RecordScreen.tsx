import { Button, Card, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router-dom";
import { ActionButton } from "../../actions/ActionButton";
import { client } from "../../app/client";
import { keys } from "../../app/queries";
import { useSession } from "../../app/session";
import type { Collection } from "../../client";
import { appendsOf, recordTitle, titleOf } from "../../model/collections";
import { isAssociation, kindOf, labelOf, shownFields } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { NotFound } from "../home/NotFound";
import { Cell } from "../table/Cell";
import { RecordDrawer } from "../table/RecordDrawer";
import { useOffers } from "../table/useTable";
import { Partners } from "./Partners";
import { Runs } from "./Runs";

const WIDE = new Set(["longText", "json"]);

export default function RecordScreen() {
  const { collection: name = "", id = "" } = useParams();
  const collection = useSession().collection(name);
  if (!collection) return <NotFound what={`The collection "${name}"`} />;
  return <RecordPage key={`${name}/${id}`} collection={collection} id={id} />;
}

function RecordPage({ collection, id }: { collection: Collection; id: string }) {
  const session = useSession();
  const [params, setParams] = useSearchParams();
  const fields = shownFields(collection);
  const appends = appendsOf(fields.filter((one) => one.type !== "hasOne"), (name) => session.collection(name) !== undefined);
  const asked = useQuery({
    queryKey: keys.record(collection.name, id, { appends }),
    queryFn: ({ signal }) => client.resource(collection.name).get(id, { appends, signal }),
    placeholderData: keepPreviousData,
  });
  const offers = useOffers(collection.name, [{ id }]);
  if (asked.isError && asked.data === undefined) return <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  const record = asked.data;
  if (!record) return <NotFound what="This record" />;
  const apart = fields.filter((one) => isAssociation(one) && one.type !== "belongsTo" && session.collection(one.target ?? ""));
  const plain = fields.filter((one) => kindOf(one) !== "toMany" && !apart.includes(one));
  return (
    <Stack gap="lg" maw={1100}>
      <PageHeader
        title={recordTitle(record, collection)}
        above={[{ label: titleOf(collection), to: `/tables/${collection.name}` }]}
        actions={
          <>
            {offers.single.map((action) => {
              const verdict = offers.verdict(action.name, id);
              return verdict === undefined ? null : <ActionButton key={action.name} action={action} ids={[record["id"] as string]} verdict={verdict} />;
            })}
            {"update" in collection.may && (
              <Button leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setParams({ open: id })}>
                Edit
              </Button>
            )}
          </>
        }
      />
      <Card withBorder padding="lg" component="section" aria-label="Fields">
        <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }} spacing="lg" verticalSpacing="md">
          {plain.map((field) => (
            <Stack key={field.name} gap={2} style={WIDE.has(kindOf(field)) ? { gridColumn: "1 / -1" } : undefined}>
              <Text size="xs" c="dimmed" fw={500}>
                {labelOf(field)}
              </Text>
              <Group gap={4} fz="sm">
                <Cell record={record} field={field} full />
              </Group>
            </Stack>
          ))}
        </SimpleGrid>
      </Card>
      {apart.map((field) => (
        <Partners key={field.name} collection={collection} id={id} field={field} />
      ))}
      {session.isIn("workflows") && <Runs record={`${collection.name}/${id}`} />}
      <RecordDrawer collection={collection} open={params.get("open")} onClose={() => setParams({})} />
    </Stack>
  );
}
