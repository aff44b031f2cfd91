import { Alert, Button, Center, Group, Pagination, Paper, Select, Table, Text, useMatches } from "@mantine/core";
import { IconPlus, IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { Empty } from "../../ui/Empty";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { PageHeader } from "../../ui/PageHeader";
import { SearchInput } from "../../ui/SearchInput";
import { useLastPage } from "../../ui/useLastPage";
import { useCategories, useKinds } from "../canvas/api";
import type { Kinds, Workflow } from "../canvas/types";
import { ImportWorkflow } from "./ImportWorkflow";
import { listFilter, useListState, type ListState } from "./listState";
import { NewWorkflow } from "./NewWorkflow";
import { WorkflowRow } from "./WorkflowRow";

const PAGE_SIZE = 20;
const ALL = 200;

/** The workflows, each with its switch and what has run; making one, importing one. */
export default function WorkflowsScreen() {
  if (!useSession().isIn("workflows")) return <Alert color="yellow" title="Not in your role">Workflows are made by who manages them.</Alert>;
  return <Workflows />;
}

function Workflows() {
  const [state, change] = useListState();
  const kinds = useKinds();
  const asked = useWorkflows(state);
  const rows = asked.data?.rows ?? [];
  const minWidth = useMatches({ base: 330, sm: 760 });
  const pages = asked.data?.meta.totalPage ?? 1;
  const isEmpty = useLastPage(asked, state.page, (page) => change({ page }, { replace: true }));
  const isFiltered = Boolean(state.title || state.type || state.category);
  return (
    <>
      <PageHeader
        title="Workflows"
        description="What happens after a button, a change or a date."
        actions={
          <>
            <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} onClick={() => change({ open: "import" })}>
              Import
            </Button>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ open: "new" })}>
              New workflow
            </Button>
          </>
        }
      />
      <Filters state={state} onChange={change} kinds={kinds.data} />
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      <Paper withBorder radius="md">
        {asked.isPending && <Loading />}
        {isEmpty && (
          <Empty title={isFiltered ? "No workflow is like that" : "No workflow yet"}>{isFiltered ? "Search for something else." : "Make the first one: choose what sets it off, then draw what happens."}</Empty>
        )}
        {rows.length > 0 && (
          <Table.ScrollContainer minWidth={minWidth}>
            <Table highlightOnHover verticalSpacing="sm" aria-label="Workflows">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Title</Table.Th>
                  <Table.Th visibleFrom="sm">Trigger</Table.Th>
                  <Table.Th visibleFrom="sm">Categories</Table.Th>
                  <Table.Th ta="right">Executed</Table.Th>
                  <Table.Th>Enabled</Table.Th>
                  <Table.Th ta="right">Actions</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((one) => (
                  <WorkflowRow key={one.id} workflow={one} kinds={kinds.data} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Paper>
      {pages > 1 && (
        <Center mt="md">
          <Pagination total={pages} value={state.page} onChange={(page) => change({ page })} getControlProps={(control) => ({ "aria-label": `${control} page` })} />
        </Center>
      )}
      {state.open === "new" && <NewWorkflow kinds={kinds.data} onClose={() => change({ open: null })} />}
      {state.open === "import" && <ImportWorkflow onClose={() => change({ open: null })} />}
    </>
  );
}

/** A workflow keeps its categories as ids that no filter reaches; of one category all are read and sorted out here. */
function useWorkflows(state: ListState) {
  const { category, page } = state;
  const filter = listFilter(state);
  return useQuery({
    queryKey: ["workflows", { filter, category, page }],
    queryFn: async ({ signal }) => {
      const shape = { appends: ["stats", "versionStats", "categories"], sort: ["-id"], signal };
      const resource = client.resource<Workflow>("workflows");
      if (!category) {
        const found = await resource.list({ filter, ...shape, page, pageSize: PAGE_SIZE });
        return { rows: found.rows, meta: found.meta };
      }
      const all: Workflow[] = [];
      for (let at = 1; ; at++) {
        const found = await resource.list({ filter, ...shape, page: at, pageSize: ALL });
        all.push(...found.rows.filter((one) => one.categories?.some((each) => String(each.id) === category)));
        if (at >= (found.meta.totalPage ?? 1)) break;
      }
      return { rows: all.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE), meta: { pageSize: PAGE_SIZE, totalPage: Math.max(1, Math.ceil(all.length / PAGE_SIZE)) } };
    },
    placeholderData: (before) => before,
  });
}

interface FiltersProps {
  state: ListState;
  onChange: (changes: Partial<ListState>) => void;
  kinds: Kinds | undefined;
}

function Filters({ state, onChange, kinds }: FiltersProps) {
  const categories = useCategories();
  const types = [...(kinds?.triggers.values() ?? [])].map((one) => ({ value: one.type, label: one.title }));
  const data = (categories.data ?? []).map((one) => ({ value: String(one.id), label: one.title }));
  return (
    <Group mb="sm" gap="sm" align="flex-end">
      <SearchInput label="Search by title or key" value={state.title} onChange={(title) => onChange({ title })} w={{ base: "100%", xs: 260 }} />
      <Select aria-label="Trigger" placeholder="Every trigger" data={types} value={state.type} onChange={(type) => onChange({ type })} clearable w={190} />
      {(data.length > 0 || state.category) && <Select aria-label="Category" placeholder="Every category" data={data} value={state.category} onChange={(category) => onChange({ category })} clearable w={190} />}
      {categories.isError && <Text size="xs" c="red">The categories could not be loaded.</Text>}
    </Group>
  );
}
