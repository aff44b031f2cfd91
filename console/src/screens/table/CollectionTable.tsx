import { Anchor, Box, Button, Group, Paper } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { DataTable, type DataTableColumn } from "mantine-datatable";
import { useMemo, useState } from "react";
import { Link } from "react-router-dom";
import { ActionButton } from "../../actions/ActionButton";
import type { Collection, Field, Row } from "../../client";
import { idOf, recordTitle, titleOf } from "../../model/collections";
import { kindOf, labelOf, shownFields } from "../../model/fields";
import { ErrorNote } from "../../ui/ErrorNote";
import { PageHeader } from "../../ui/PageHeader";
import { useDelayed } from "../../ui/useDelayed";
import { BulkActions } from "./BulkActions";
import { Cell } from "./Cell";
import { ColumnChoice } from "./ColumnChoice";
import { FilterMenu } from "./FilterMenu";
import { Paging } from "./Paging";
import { RecordDrawer } from "./RecordDrawer";
import { RowActions } from "./RowActions";
import { useTableState } from "./tableState";
import { useOffers, useRecords } from "./useTable";

const UNSORTED = new Set(["toMany", "json", "list"]);

export function CollectionTable({ collection }: { collection: Collection }) {
  const [state, change] = useTableState(collection);
  const [selected, setSelected] = useState<Row[]>([]);
  const records = useRecords(collection, state);
  const rows = records.data?.rows;
  const offers = useOffers(collection.name, rows);
  const fields = useMemo(() => shownFields(collection), [collection]);
  const late = useDelayed(records.isFetching);
  const chosen = selected.filter((one) => rows?.some((row) => idOf(row) === idOf(one)));
  const showsRowColumn = offers.row.length > 0 || "update" in collection.may || "destroy" in collection.may;
  const columns: DataTableColumn<Row>[] = state.columns.flatMap((name, index) => {
    const field = fields.find((one) => one.name === name);
    return field ? [columnOf(field, index === 0, collection)] : [];
  });
  if (showsRowColumn) {
    columns.push({
      accessor: "__actions",
      title: <Box ta="right">Actions</Box>,
      textAlign: "right",
      width: "0%",
      render: (row) => <RowActions collection={collection} record={row} offers={offers} onEdit={() => change({ open: String(idOf(row)) })} />,
    });
  }
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
            <ColumnChoice fields={fields} columns={state.columns} onChange={(columnNames) => change({ columns: columnNames })} />
          </Group>
          <BulkActions collection={collection} offers={offers} selected={chosen} onDone={() => setSelected([])} />
        </Group>
        {records.isError && !records.isFetching && (
          <Box px="sm">
            <ErrorNote error={records.error} onRetry={() => void records.refetch()} />
          </Box>
        )}
        {offers.error !== null && (
          <Box px="sm">
            <ErrorNote error={offers.error} title="The buttons could not be loaded" />
          </Box>
        )}
        <DataTable<Row>
          records={rows ?? []}
          columns={columns}
          idAccessor="id"
          minHeight={240}
          verticalSpacing="xs"
          highlightOnHover
          fetching={late || records.isPending}
          // Faded out it would still be read aloud beside the rows.
          emptyState={rows?.length ? <></> : undefined}
          noRecordsText={state.filter ? "Nothing matches the filter" : "No records yet"}
          sortStatus={{ columnAccessor: state.sort?.field ?? "", direction: state.sort?.descending ? "desc" : "asc" }}
          onSortStatusChange={({ columnAccessor, direction }) => change({ sort: { field: String(columnAccessor), descending: direction === "desc" } })}
          selectedRecords={chosen}
          onSelectedRecordsChange={setSelected}
          allRecordsSelectionCheckboxProps={{ "aria-label": "Select all rows of this page" }}
          getRecordSelectionCheckboxProps={(row) => ({ "aria-label": `Select ${recordTitle(row, collection)}` })}
        />
        <Paging meta={records.data?.meta} shown={rows?.length ?? 0} state={state} onChange={change} />
      </Paper>
      <RecordDrawer collection={collection} open={state.open} onClose={() => change({ open: null })} />
    </>
  );
}

function columnOf(field: Field, first: boolean, collection: Collection): DataTableColumn<Row> {
  return {
    accessor: field.name,
    title: labelOf(field),
    sortable: !UNSORTED.has(kindOf(field)) && field.type !== "hasOne",
    noWrap: true,
    textAlign: kindOf(field) === "number" && field.name !== "id" ? "right" : "left",
    render: (row) =>
      first ? (
        <Anchor component={Link} to={`/tables/${collection.name}/${encodeURIComponent(String(idOf(row)))}`} fz="inherit" fw={500}>
          {row[field.name] ? <Cell record={row} field={kindOf(field) === "toOne" ? { ...field, type: "string" } : field} /> : `#${String(idOf(row))}`}
        </Anchor>
      ) : (
        <Cell record={row} field={field} />
      ),
  };
}
