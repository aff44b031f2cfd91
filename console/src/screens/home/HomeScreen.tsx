import { Anchor, Card, Group, SimpleGrid, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { ActionButton } from "../../actions/ActionButton";
import { client } from "../../app/client";
import { keys } from "../../app/queries";
import { useSession } from "../../app/session";
import { titleOf } from "../../model/collections";
import { shownFields } from "../../model/fields";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { PageHeader } from "../../ui/PageHeader";
import { FirstSteps } from "./FirstSteps";

/** The collections in view, and the buttons that need no record. */
export function HomeScreen() {
  const session = useSession();
  const offers = useQuery({ queryKey: keys.offers(null, []), queryFn: ({ signal }) => client.availableActions(null, [], signal) });
  const tables = session.collections.filter((one) => !one.system);
  const buttons = offers.data?.actions ?? [];
  return (
    <Stack gap="lg" maw={1100}>
      <PageHeader title={`Hello, ${session.user.nickname || session.user.username || "there"}`} description={`You act as ${session.roles.find((one) => one.name === session.role)?.title ?? session.role}.`} />
      {offers.isError && <ErrorNote error={offers.error} onRetry={() => void offers.refetch()} />}
      <FirstSteps />
      {buttons.length > 0 && (
        <section aria-labelledby="home-actions">
          <Title id="home-actions" order={2} size="h4" mb="sm">
            Actions
          </Title>
          <Group gap="sm">
            {buttons.map((action) => (
              <ActionButton key={action.name} action={action} ids={[]} verdict={action} />
            ))}
          </Group>
        </section>
      )}
      <section aria-labelledby="home-data">
        <Title id="home-data" order={2} size="h4" mb="sm">
          Data
        </Title>
        {tables.length === 0 && (
          <Empty title="Nothing is in your view yet">{session.isIn("collections") ? <Anchor component={Link} to="/collections?open=new" size="sm">Define the first collection</Anchor> : "Ask somebody who manages roles, or act in another role."}</Empty>
        )}
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {tables.map((one) => (
            <Card key={one.name} withBorder padding="md" component={Link} to={`/tables/${one.name}`} td="none" c="inherit">
              <Group wrap="nowrap">
                <ThemeIcon variant="light" size="lg" aria-hidden>
                  <IconTable size={20} stroke={1.6} />
                </ThemeIcon>
                <Stack gap={0} miw={0}>
                  <Text fw={600} className="one-line">
                    {titleOf(one)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {shownFields(one).length} fields
                  </Text>
                </Stack>
              </Group>
            </Card>
          ))}
        </SimpleGrid>
      </section>
    </Stack>
  );
}
