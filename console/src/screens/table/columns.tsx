import { Anchor, Box } from "@mantine/core";
import type { DataTableColumn } from "mantine-datatable";
import { Link } from "react-router-dom";
import type { Collection, Field, Row } from "../../client";
import { idOf } from "../../model/collections";
import { kindOf, labelOf } from "../../model/fields";
import { Cell } from "./Cell";
import { RowActions } from "./RowActions";
import type { TableState } from "./tableState";
import type { Offered } from "./useTable";

/** The accessor of the column with the buttons. */
export const ACTIONS = "__actions";
const UNSORTED = new Set(["toMany", "json", "list"]);

/** The chosen columns, and the one with the buttons of each row when the role has any. */
export function columnsOf(collection: Collection, fields: Field[], state: TableState, offers: Offered, onEdit: (row: Row) => void): DataTableColumn<Row>[] {
  const columns: DataTableColumn<Row>[] = state.columns.flatMap((name, index) => {
    const field = fields.find((one) => one.name === name);
    return field ? [columnOf(field, index === 0, collection)] : [];
  });
  if (offers.row.length === 0 && !("update" in collection.may) && !("destroy" in collection.may)) return columns;
  return [
    ...columns,
    {
      accessor: ACTIONS,
      title: <Box ta="right">Actions</Box>,
      textAlign: "right",
      width: "0%",
      render: (row) => <RowActions collection={collection} record={row} offers={offers} onEdit={() => onEdit(row)} />,
    },
  ];
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
