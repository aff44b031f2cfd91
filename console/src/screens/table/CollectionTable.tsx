import { Alert, Box, Button, Group, Paper, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { DataTable } from "mantine-datatable";
import { useMemo, useRef } from "react";
import { ActionButton } from "../../actions/ActionButton";
import type { Collection, Row } from "../../client";
import { idOf, recordTitle, titleOf } from "../../model/collections";
import { columnFields, shownFields } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { PageHeader } from "../../ui/PageHeader";
import { useDelayed } from "../../ui/useDelayed";
import { useLastPage } from "../../ui/useLastPage";
import { BulkActions } from "./BulkActions";
import { ColumnChoice } from "./ColumnChoice";
import { ACTIONS, columnsOf } from "./columns";
import { FilterMenu } from "./FilterMenu";
import { Paging } from "./Paging";
import { RecordDrawer } from "./RecordDrawer";
import { useTableState } from "./tableState";
import { useSelection } from "./useSelection";
import { useElsewhere, useOffers, useRecords, useRefusedCursor } from "./useTable";

const WIDE = "(min-width: 62em)";

export function CollectionTable({ collection }: { collection: Collection }) {
  const [state, change] = useTableState(collection);
  const records = useRecords(collection, state);
  useRefusedCursor(records.error, () => change({ page: 1, cursor: null }, { replace: true }));
  const rows = records.data?.rows;
  const isEmpty = useLastPage(records, state.page, (page) => change({ page, cursor: null }, { replace: true }));
  const offers = useOffers(collection.name, rows);
  const selection = useSelection(state.filter, rows);
  const others = useElsewhere(collection.name, selection.elsewhere);
  const table = useRef<HTMLTableElement | null>(null);
  const fields = useMemo(() => shownFields(collection), [collection]);
  const isWide = useMediaQuery(WIDE, undefined, { getInitialValueInEffect: false });
  const late = useDelayed(records.isFetching);
  const columns = columnsOf(collection, fields, state, offers, !isWide, {
    onEdit: (row) => change({ open: String(idOf(row)) }),
    onDeleted: (row) => selection.forget([idOf(row)]),
    onSort: (sort) => change({ sort }),
  });
  return (
    <>
      <PageHeader
        title={titleOf(collection)}
        actions={
          <>
            {offers.toolbar.map((action) => (
              <ActionButton key={action.name} action={action} ids={[]} verdict={action} />
            ))}
            {"create" in collection.may && (
              <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ open: "new" })}>
                Add
              </Button>
            )}
          </>
        }
      />
      <Paper withBorder radius="md" style={{ overflow: "hidden" }}>
        <Group justify="space-between" p="xs" gap="xs">
          <Group gap="xs">
            <FilterMenu fields={fields} filter={state.filter} onChange={(filter) => change({ filter })} />
            <ColumnChoice fields={columnFields(collection)} columns={state.columns} onChange={(columnNames) => change({ columns: columnNames })} />
          </Group>
          <BulkActions collection={collection} offers={offers} others={others} selection={selection} table={table} />
        </Group>
        {state.isFilterBroken && <BrokenFilter onRemove={() => change({ filter: null })} />}
        <Problems records={records.isFetching ? null : records.error} buttons={offers.error ?? others.error} onRetry={() => void records.refetch()} />
        <DataTable<Row>
          records={rows ?? []}
          columns={columns}
          idAccessor="id"
          tableRef={(element) => void (table.current = element)}
          minHeight={rows?.length ? undefined : 240}
          verticalSpacing="xs"
          highlightOnHover
          pinLastColumn={columns.at(-1)?.accessor === ACTIONS}
          fetching={late || records.isPending}
          aria-label={titleOf(collection)}
          // Faded out it would still be read aloud beside the rows; and who got an error knows nothing of how many there are.
          emptyState={isEmpty ? undefined : <></>}
          noRecordsText={state.filter ? "Nothing matches the filter" : "No records yet"}
          selectedRecords={selection.here}
          onSelectedRecordsChange={selection.check}
          allRecordsSelectionCheckboxProps={{ "aria-label": "Select all rows of this page" }}
          getRecordSelectionCheckboxProps={(row) => ({ "aria-label": `Select ${recordTitle(row, collection)}` })}
        />
        <Paging collection={collection} meta={records.data?.meta} shown={rows?.length ?? 0} state={state} isStale={records.isPlaceholderData} onChange={change} />
      </Paper>
      <RecordDrawer collection={collection} open={state.open} onClose={() => change({ open: null })} />
    </>
  );
}

/** Who believes to see a choice of records must not be shown all of them without a word. */
function BrokenFilter({ onRemove }: { onRemove: () => void }) {
  return (
    <Alert color="yellow" role="alert" title="The filter in this page's address cannot be read" m="sm">
      <Group>
        <Text size="sm">All records are shown.</Text>
        <Button size="xs" variant="default" onClick={onRemove}>
          Remove the filter
        </Button>
      </Group>
    </Alert>
  );
}

function Problems({ records, buttons, onRetry }: { records: unknown; buttons: unknown; onRetry: () => void }) {
  return (
    <Box px="sm">
      {records !== null && <ErrorNote error={records} onRetry={onRetry} />}
      {buttons !== null && <ErrorNote error={buttons} title="The buttons could not be loaded" />}
    </Box>
  );
}
