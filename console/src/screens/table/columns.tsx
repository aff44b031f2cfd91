import { Anchor, Box, VisuallyHidden } from "@mantine/core";
import type { DataTableColumn } from "mantine-datatable";
import { Link } from "react-router-dom";
import type { Collection, Field, Row } from "../../client";
import { idOf } from "../../model/collections";
import { kindOf, labelOf } from "../../model/fields";
import { Cell } from "./Cell";
import { RowActions } from "./RowActions";
import { SortHeading } from "./SortHeading";
import type { TableState } from "./tableState";
import type { Offered } from "./useTable";

/** The accessor of the column with the buttons. */
export const ACTIONS = "__actions";
type Sort = NonNullable<TableState["sort"]>;

interface Handlers {
  onEdit: (row: Row) => void;
  onDeleted: (row: Row) => void;
  onSort: (sort: Sort) => void;
}

const UNSORTED = new Set(["toMany", "json", "list"]);

/** The chosen columns, and the one with the buttons of each row when the role has any; `folded`: as one menu. */
export function columnsOf(collection: Collection, fields: Field[], state: TableState, offers: Offered, folded: boolean, { onEdit, onDeleted, onSort }: Handlers): DataTableColumn<Row>[] {
  const columns: DataTableColumn<Row>[] = state.columns.flatMap((name, index) => {
    const field = fields.find((one) => one.name === name);
    return field ? [columnOf(field, index === 0, collection, state.sort, onSort)] : [];
  });
  if (offers.row.length === 0 && !("update" in collection.may) && !("destroy" in collection.may)) return columns;
  return [
    ...columns,
    {
      accessor: ACTIONS,
      title: folded ? <VisuallyHidden>Actions</VisuallyHidden> : <Box ta="right">Actions</Box>,
      textAlign: "right",
      width: "0%",
      render: (row) => <RowActions collection={collection} record={row} offers={offers} onEdit={() => onEdit(row)} onDeleted={() => onDeleted(row)} folded={folded} />,
    },
  ];
}

function columnOf(field: Field, first: boolean, collection: Collection, sort: TableState["sort"], onSort: (sort: Sort) => void): DataTableColumn<Row> {
  const isSortable = !UNSORTED.has(kindOf(field)) && field.type !== "hasOne";
  const align = kindOf(field) === "number" && field.name !== "id" ? "right" : "left";
  const own = sort?.field === field.name ? sort : null;
  const sorted = own && (own.descending ? "descending" : "ascending");
  return {
    accessor: field.name,
    title: isSortable ? <SortHeading label={labelOf(field)} sorted={sorted} align={align} onSort={() => onSort({ field: field.name, descending: sorted === "ascending" })} /> : labelOf(field),
    noWrap: true,
    textAlign: align,
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
