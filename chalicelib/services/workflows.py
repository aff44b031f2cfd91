"""Workflow definitions over HTTP. Source: https://docs.nocobase.com/workflow/development/api

A version is one record with its nodes inside, so it is read and edited atomically. What is saved has been checked: every problem is
told at once, each with its path. A version that has run is frozen. The enabled version is also kept whole under its key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chalicelib.domain.collection import Collection
from chalicelib.domain.graph import Graph
from chalicelib.domain.ids import BASE_MS, LOW_BITS, fresh_key
from chalicelib.domain.ports import Delete, Put
from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record, Row
from chalicelib.domain.selection import names_in
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import enabled_key
from chalicelib.engine.finder import Search
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.engine.validation import flatten, problems_of_workflow
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.counters import executed
from chalicelib.services.editing import Editing, edit, view

AREA = "workflows"
EDITABLE = ("title", "description", "triggerTitle", "options", "config", "enabled")
APPENDS = ("nodes", "stats", "versionStats", "createdBy", "updatedBy")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
DEFAULT_OPTIONS: dict[str, Json] = {"timeout": 0}


class Workflows:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create(self, call: Call) -> Answer:
        """A first version; with ``nodes`` (nested or flat) the whole workflow at once."""

        def act(editing: Editing) -> Answer:
            values = call.values()
            data = _new_version(values, _checked_key(editing, values.get("key")))
            version_id = _version_id(editing)
            data["nodes"], data["nodeSeq"] = _numbered(values.get("nodes"), version_id, 0)
            _check(editing, data)
            record = editing.unit.create(WORKFLOWS, data | {"id": version_id, "current": True})
            _mirror(editing, record)
            return Answer(_row(record, with_nodes=values.get("nodes") is not None))

        return edit(self._backend, call, AREA, act)

    def list_workflows(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            search = Search(WORKFLOWS, editing.records.filter(filter_of(call), WORKFLOWS), parse_sort(call.params.get("sort"), WORKFLOWS))
            found = editing.records.search(search).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer(_shown(editing, call, page), meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOWS, version_id_of(call))
            return Answer(_shown(editing, call, [record])[0] if record else None)

        return view(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """Title, options, config (until the first run), ``enabled``. Enabling a version disables the others of its key."""

        def act(editing: Editing) -> Answer:
            values = call.values()
            record = editing.unit.get(WORKFLOWS, version_id_of(call))
            if record is None:
                return Answer([])
            _check_fixed(record, values)
            data = record.item["data"]
            changed = data | {name: values[name] for name in EDITABLE if name in values}
            if changed.get("enabled"):
                changed["current"] = True
                _demote_others(editing, record)
            _check(editing, changed)
            record = editing.unit.update(record, changed)
            _mirror(editing, record)
            return Answer([_row(record)])

        return edit(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """The current version takes all versions of its key with it; another version only itself. Executions stay."""

        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOWS, version_id_of(call))
            if record is None:
                return Answer(0)
            for version in versions_of(editing, record.row["key"]) if record.row["current"] else [record]:
                editing.unit.destroy(version)
            if record.row["current"]:
                editing.extra.append(Tagged(Delete(enabled_key(record.row["key"])), "other"))
            return Answer(1)

        return edit(self._backend, call, AREA, act)


def version_id_of(call: Call) -> int:
    """The version that the call is about. Raises Invalid."""
    key = call.target_key
    if key is None:
        raise Invalid("filterByTk is required", path="filterByTk")
    if not re.fullmatch("[0-9]{1,16}", key):
        raise Invalid("filterByTk is invalid", path="filterByTk", code="INVALID_ID")
    return int(key)


def versions_of(editing: Editing, key: str) -> list[Record]:
    return editing.records.search(Search(WORKFLOWS, editing.records.filter({"key": key}, WORKFLOWS))).records


def change_nodes(editing: Editing, version: Record, nodes: Sequence[Row], seq: int | None = None) -> Record:
    """Stage the version with these nodes. Raises Invalid when it is frozen or would not be sound."""
    data = version.item["data"] | {"nodes": list(nodes)} | ({"nodeSeq": seq} if seq is not None else {})
    _check(editing, data, links_only=not data.get("enabled"))
    changed = editing.unit.update(version, data)
    _mirror(editing, changed)
    return changed


def public_nodes(version: Record) -> list[Row]:
    """The nodes as the API shows them, ``downstreamId`` and ``workflowId`` added."""
    raw = version.item["data"].get("nodes") or []
    graph = Graph.of(raw)
    shown = []
    for node in raw:
        following = graph.next(graph.nodes[node["id"]])
        times = {
            "createdAt": node.get("createdAt") or version.item["createdAt"],
            "updatedAt": node.get("updatedAt") or version.item["updatedAt"],
        }
        shown.append(node | times | {"downstreamId": following.id if following else None, "workflowId": version.id})
    return shown


def _new_version(values: Row, key: str) -> Row:
    if "type" not in values:
        raise Invalid('"type" is required', path="type")
    return {
        "key": key,
        "title": values.get("title"),
        "description": values.get("description"),
        "triggerTitle": values.get("triggerTitle"),
        "type": values["type"],
        "config": values.get("config") if values.get("config") is not None else {},
        "options": DEFAULT_OPTIONS | (values["options"] if isinstance(values.get("options"), dict) else {}),
        "enabled": values.get("enabled", False),
        "sync": values.get("sync", False),
    }


def _checked_key(editing: Editing, key: Json) -> str:
    if key is None:
        return fresh_key()
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise Invalid("a workflow's key is 1 to 64 letters, digits, _ and -", path="key")
    if versions_of(editing, key):
        raise Invalid(f'a workflow with the key "{key}" already exists', path="key", code="NOT_UNIQUE")
    return key


def _version_id(editing: Editing) -> int:
    """A free id whose low bits are clear: the nodes are numbered after it."""
    made = (editing.backend.clock.now_ms() - BASE_MS) << LOW_BITS
    while editing.unit.get(WORKFLOWS, made) is not None:
        made += 1 << LOW_BITS
    return made


def _numbered(nodes: Json, version_id: int, seq: int) -> tuple[list[Row], int]:
    """The nodes flat, with ids after the version's, and the last number given."""
    if nodes is None:
        return [], seq
    if not isinstance(nodes, list):
        raise Invalid("nodes must be a list of nodes in running order", path="nodes")
    counter = iter(range(version_id + seq + 1, version_id + (1 << LOW_BITS)))
    flat = flatten(nodes, lambda: next(counter), fresh_key)
    return flat, seq + len(flat)


def _check(editing: Editing, data: Row, links_only: bool = False) -> None:
    """Raise Invalid with everything that is wrong. A workflow that is not enabled may hold a node that is still to be filled in."""
    found: list[Problem] = problems_of_workflow({name: value for name, value in data.items() if value is not None}, _finder(editing))
    if links_only:
        found = [problem for problem in found if not problem.path.startswith("nodes.") or ".config" not in problem.path]
    if found:
        raise Invalid.of(found)


def _finder(editing: Editing) -> Callable[[str], Collection | None]:
    return lambda name: editing.collection(name.removeprefix("main:"))


def _check_fixed(record: Record, values: Row) -> None:
    for name in ("type", "sync", "key"):
        if name in values and values[name] != record.row[name]:
            raise Invalid(f"{name} of a workflow can not be changed", path=name, code="READ_ONLY_FIELD")
    if "config" in values and is_frozen(record) and values["config"] != record.row["config"]:
        raise Invalid("config of executed workflow can not be updated", path="config", code="WORKFLOW_FROZEN")
    if "nodes" in values:
        raise Invalid("nodes are changed by workflows/<id>/nodes:create and flow_nodes:update|destroy", path="nodes")


def is_frozen(record: Record) -> bool:
    return bool(record.item.get("frozen"))


def _demote_others(editing: Editing, record: Record) -> None:
    for other in versions_of(editing, record.row["key"]):
        if other.id != record.id and (other.row["enabled"] or other.row["current"]):
            editing.unit.update(other, {"enabled": False, "current": None})


def _mirror(editing: Editing, record: Record) -> None:
    """Keep the copy under the key in step: it is there exactly while a version is enabled."""
    key = enabled_key(record.row["key"])
    if record.row["enabled"]:
        data = {name: value for name, value in record.item["data"].items() if value is not None} | {"id": record.id}
        item = {"pk": key.pk, "sk": key.sk, "version": record.version, "data": data, "frozen": record.item.get("frozen")}
        editing.extra.append(Tagged(Put(key.table, item), "other"))
    elif record.row["current"]:
        editing.extra.append(Tagged(Delete(key), "other"))


def _row(record: Record, with_nodes: bool = False) -> Row:
    row = {name: value for name, value in record.row.items() if name not in ("nodes", "nodeSeq")}
    row |= {"invalid": False, "executed": 0, "allExecuted": 0, "options": row["options"] or DEFAULT_OPTIONS, "config": row["config"] or {}}
    row["enabled"], row["sync"] = bool(row["enabled"]), bool(row["sync"])
    return row | ({"nodes": public_nodes(record)} if with_nodes else {})


def _shown(editing: Editing, call: Call, records: Sequence[Record]) -> list[Row]:
    """Rows with ``appends`` (nodes, stats, versionStats) and cut to ``fields`` and ``except``."""
    found: list[Problem] = []
    appends = names_in(call.params.get("appends"), "appends", found)
    fields, without = names_in(call.params.get("fields"), "fields", found), names_in(call.params.get("except"), "except", found)
    known = {*(field for field in WORKFLOWS.fields if field not in ("nodes", "nodeSeq")), "executed", "allExecuted"}
    found += [Problem(f'"{name}" cannot be appended; {", ".join(APPENDS)} can', "appends") for name in appends if name not in APPENDS]
    found += [Problem(f'unknown field "{name}" in collection "workflows"', "fields") for name in fields if name not in known | set(APPENDS)]
    if found:
        raise Invalid.of(found)
    rows = []
    counts = executed(editing.reads, records) if {"stats", "versionStats"} & set(appends) else {}
    for record in records:
        row = {name: value for name, value in _row(record).items() if (not fields or name in fields) and name not in without}
        rows.append(row | _appended(record, appends, counts))
    people = [name for name in ("createdBy", "updatedBy") if name in appends]
    if people:
        for row, whole in zip(rows, editing.records.rows(WORKFLOWS, records, people), strict=True):
            row.update({name: whole[name] for name in people})
    return rows


def _appended(record: Record, appends: Sequence[str], counts: dict[int, tuple[int, int]]) -> Row:
    row: Row = {}
    if "nodes" in appends:
        row["nodes"] = public_nodes(record)
    total, of_version = counts.get(int(record.id), (0, 0))
    if "stats" in appends:
        row["stats"] = {"key": record.row["key"], "executed": total}
    if "versionStats" in appends:
        row["versionStats"] = {"id": record.id, "executed": of_version}
    return row


def found_version(editing: Editing, version_id: int) -> Record:
    """Raises NotFound."""
    record = editing.unit.get(WORKFLOWS, version_id)
    if record is None:
        raise NotFound("workflow not found", code="WORKFLOW_NOT_FOUND")
    return record
