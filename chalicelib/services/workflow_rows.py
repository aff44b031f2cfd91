"""Workflow versions and their nodes as the API shows them. Source: https://docs.nocobase.com/workflow/development/api"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.graph import Graph
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.selection import names_in
from chalicelib.domain.system_collections import WORKFLOW_CATEGORIES, WORKFLOWS
from chalicelib.errors import Invalid, Problem
from chalicelib.services.call import Call
from chalicelib.services.counters import executed
from chalicelib.services.editing import Editing
from chalicelib.services.versions import DEFAULT_OPTIONS

APPENDS = ("nodes", "stats", "versionStats", "categories", "createdBy", "updatedBy")
OF_NODE = (
    "id", "key", "type", "title", "config", "upstreamId", "branchIndex", "downstreamId", "workflowId", "createdAt", "updatedAt",
)  # fmt: skip
INSIDE = ("nodes", "nodeSeq", "dueSince", "categories")


def public_nodes(version: Record) -> list[Row]:
    """The nodes as the API shows them, ``downstreamId`` and ``workflowId`` added. One that came with its version is as old as that."""
    raw = version.item["data"].get("nodes") or []
    graph = Graph.of(raw)
    shown = []
    for node in raw:
        following = graph.next(graph.nodes[node["id"]])
        times = dict.fromkeys(("createdAt", "updatedAt"), version.item["createdAt"])
        shown.append(times | node | {"downstreamId": following.id if following else None, "workflowId": version.id})
    return shown


def public_node(version: Record, node_id: int) -> Row | None:
    return next((node for node in public_nodes(version) if node["id"] == node_id), None)


def row_of(record: Record, with_nodes: bool = False) -> Row:
    row = {name: value for name, value in record.row.items() if name not in INSIDE}
    row |= {"invalid": False, "executed": 0, "allExecuted": 0, "options": row["options"] or DEFAULT_OPTIONS, "config": row["config"] or {}}
    row["enabled"], row["sync"] = bool(row["enabled"]), bool(row["sync"])
    return row | ({"nodes": public_nodes(record)} if with_nodes else {})


def shown(editing: Editing, call: Call, records: Sequence[Record]) -> list[Row]:
    """Rows with `APPENDS` as asked for, and cut to ``fields`` and ``except``. Raises Invalid for a name that is none."""
    found: list[Problem] = []
    appends = names_in(call.params.get("appends"), "appends", found)
    fields, without = names_in(call.params.get("fields"), "fields", found), names_in(call.params.get("except"), "except", found)
    known = {*(field for field in WORKFLOWS.fields if field not in INSIDE), "executed", "allExecuted"}
    found += [Problem(f'"{name}" cannot be appended; {", ".join(APPENDS)} can', "appends") for name in appends if name not in APPENDS]
    of_nodes = {name.removeprefix("nodes.") for name in fields if name.startswith("nodes.")}
    fields = list(dict.fromkeys("nodes" if name.startswith("nodes.") else name for name in fields))
    found += [Problem(f'unknown field "{name}" in collection "workflows"', "fields") for name in fields if name not in known | set(APPENDS)]
    found += [Problem(f'unknown field "nodes.{name}": a node has {", ".join(OF_NODE)}', "fields") for name in of_nodes - set(OF_NODE)]
    if found:
        raise Invalid.of(found)
    appends += [name for name in fields if name in APPENDS and name not in appends]
    rows = []
    counts = executed(editing.reads, records) if {"stats", "versionStats"} & set(appends) else {}
    for record in records:
        row = {name: value for name, value in row_of(record).items() if (not fields or name in fields) and name not in without}
        rows.append(_cut_nodes(row | _appended(editing, record, appends, counts), of_nodes))
    people = [name for name in ("createdBy", "updatedBy") if name in appends]
    if people:
        for row, whole in zip(rows, editing.records.rows(WORKFLOWS, records, people), strict=True):
            row.update({name: whole[name] for name in people})
    return rows


def _cut_nodes(row: Row, names: set[str]) -> Row:
    """The row whose nodes have only what ``fields=nodes.key`` names."""
    if not names or "nodes" not in row:
        return row
    return row | {"nodes": [{name: value for name, value in node.items() if name in names} for node in row["nodes"]]}


def category_rows(editing: Editing, record: Record) -> list[Row]:
    """The workflow's categories; one that has been removed since is left out."""
    found = editing.unit.get_many(WORKFLOW_CATEGORIES, record.item["data"].get("categories") or [])
    return [visible(category) for category in found if category]


def _appended(editing: Editing, record: Record, appends: Sequence[str], counts: dict[int, tuple[int, int]]) -> Row:
    row: Row = {}
    if "nodes" in appends:
        row["nodes"] = public_nodes(record)
    if "categories" in appends:
        row["categories"] = category_rows(editing, record)
    total, of_version = counts.get(int(record.id), (0, 0))
    if "stats" in appends:
        row["stats"] = {"key": record.row["key"], "executed": total}
    if "versionStats" in appends:
        row["versionStats"] = {"id": record.id, "executed": of_version}
    return row
