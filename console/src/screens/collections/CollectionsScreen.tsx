import { Alert, Anchor, Badge, Button, Paper, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link, useSearchParams } from "react-router-dom";
import { useSession } from "../../app/session";
import { titleOf } from "../../model/collections";
import { isAssociation } from "../../model/fields";
import { Empty } from "../../ui/Empty";
import { PageHeader } from "../../ui/PageHeader";
import { NewCollection } from "./NewCollection";

/** The collections; making one. */
export default function CollectionsScreen() {
  const session = useSession();
  const [params, setParams] = useSearchParams();
  if (!session.isIn("collections")) return <Alert color="yellow" title="Not in your role">Collections are made by who manages them.</Alert>;
  const collections = session.collections.filter((one) => !one.system);
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setParams({ open: "new" })}>
      New collection
    </Button>
  );
  return (
    <>
      <PageHeader title="Collections" description="What your records are made of." actions={add} />
      <Paper withBorder radius="md">
        {collections.length === 0 ? (
          <Empty title="No collection yet">Make the first one: give it a name and fields.</Empty>
        ) : (
          <Table.ScrollContainer minWidth={520}>
            <Table highlightOnHover verticalSpacing="sm" aria-label="Collections">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Title</Table.Th>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>Fields</Table.Th>
                  <Table.Th>Leads to</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {collections.map((one) => (
                  <Table.Tr key={one.name}>
                    <Table.Td>
                      <Anchor component={Link} to={`/collections/${one.name}`} fw={500} size="sm">
                        {titleOf(one)}
                      </Anchor>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm" ff="monospace">
                        {one.name}
                      </Text>
                    </Table.Td>
                    <Table.Td>{one.fields.filter((field) => !isAssociation(field) && !field.isForeignKey).length}</Table.Td>
                    <Table.Td>
                      {one.fields.filter(isAssociation).map((field) => (
                        <Badge key={field.name} variant="default" tt="none" fw={400} mr={4}>
                          {field.target}
                        </Badge>
                      ))}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Paper>
      {params.get("open") === "new" && <NewCollection onClose={() => setParams({})} />}
    </>
  );
}
