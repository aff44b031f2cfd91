import { Alert, Button, Group, Pagination, Paper, Select, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../../app/client";
import { useNewestParams } from "../../app/newestParams";
import { queries } from "../../app/queries";
import { useSession } from "../../app/session";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { Refusable } from "../../ui/Refusable";
import { SearchInput } from "../../ui/SearchInput";
import { useLastPage } from "../../ui/useLastPage";
import { filterOf, PAGE_SIZE, readUsersState, whyNoChange, writeUsersState, type Account, type UsersState } from "./account";
import { useRoleChoices } from "./useRoleChoices";
import { UserDialog } from "./UserDialog";
import { UserDrawer } from "./UserDrawer";
import { UserTable, type Ask } from "./UserTable";

/** The users; adding, changing, blocking and removing them. */
export default function UsersScreen() {
  if (!useSession().isIn("users")) return <Alert color="yellow" title="Not in your role">Users are added and changed by who manages them.</Alert>;
  return <Users />;
}

function Users() {
  const session = useSession();
  const [params, setParams] = useNewestParams();
  const state = readUsersState(params);
  const [asking, setAsking] = useState<Ask | null>(null);
  const change = (changes: Partial<UsersState>) => setParams((now) => writeUsersState(readUsersState(now), changes));
  const filter = filterOf(state);
  const asked = useQuery({
    queryKey: ["records", "users", { filter, page: state.page, for: "management" }],
    queryFn: ({ signal }) => client.resource<Account>("users").list({ filter, page: state.page, pageSize: PAGE_SIZE, appends: ["roles"], signal }),
    placeholderData: keepPreviousData,
  });
  const rows = asked.data?.rows ?? [];
  const isEmpty = useLastPage(asked, state.page, (page) => setParams((now) => writeUsersState(readUsersState(now), { page }), { replace: true }));
  const choices = useRoleChoices(rows.flatMap((one) => one.roles));
  const refresh = () => Promise.all([queries.invalidateQueries({ queryKey: ["records", "users"] }), queries.invalidateQueries({ queryKey: ["record", "users"] }), session.reload()]);
  const pages = asked.data?.meta.totalPage ?? (asked.data?.meta.hasNext ? state.page + 1 : state.page);

  return (
    <>
      <PageHeader
        title="Users"
        description="Who may sign in, and the roles that they have."
        actions={
          <Refusable reason={whyNoChange(session, null)}>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ open: "new" })}>
              Add a user
            </Button>
          </Refusable>
        }
      />
      <Group mb="sm" gap="sm">
        <SearchInput label="Search by name or e-mail" value={state.search} onChange={(search) => change({ search })} w={{ base: "100%", xs: 280 }} />
        <Select aria-label="Role" placeholder="All roles" data={choices} value={state.role} onChange={(role) => change({ role })} clearable w={{ base: "100%", xs: 200 }} />
      </Group>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asked.isSuccess && (
        <Paper withBorder radius="md">
          {isEmpty && <Empty title="Nobody is here">{filter && "No user matches what you asked for."}</Empty>}
          {rows.length > 0 && <UserTable users={rows} onEdit={(user) => change({ open: String(user.id) })} onAsk={setAsking} />}
          {rows.length > 0 && (
            <Group justify="space-between" p="xs">
              <Text size="sm" c="dimmed" role="status">
                {asked.data.meta.count === undefined ? `Page ${state.page}` : `${asked.data.meta.count} in all`}
              </Text>
              {pages > 1 && <Pagination size="sm" total={pages} value={state.page} onChange={(page) => change({ page })} getControlProps={(control) => ({ "aria-label": `${control} page` })} getItemProps={(page) => ({ "aria-label": `Page ${page}` })} />}
            </Group>
          )}
        </Paper>
      )}
      <UserDrawer open={state.open} choices={choices} onClose={() => change({ open: null })} onSaved={refresh} />
      {asking && <UserDialog ask={asking} onClose={() => setAsking(null)} onSaved={refresh} />}
    </>
  );
}
