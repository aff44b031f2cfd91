"""Workflow definitions over HTTP. Source: https://docs.nocobase.com/workflow/development/api

A version is one record with its nodes inside, so it is read and edited atomically. What is saved has been checked: every problem is
told at once, each with its path. A version that has run is frozen. The enabled version is also kept whole under its key.
"""

from __future__ import annotations

from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, edit, edit_once, view
from chalicelib.services.known_keys import OF_WORKFLOW, check_known
from chalicelib.services.preconditions import check_unchanged, time_tag
from chalicelib.services.versions import (
    AREA,
    categories_of,
    check,
    checked_key,
    demote_others,
    first_version,
    forget_key,
    free_version_id,
    is_frozen,
    mirror,
    new_data,
    numbered,
    version_id_of,
    versions_of,
)
from chalicelib.services.workflow_rows import row_of, shown

EDITABLE = ("title", "description", "triggerTitle", "options", "config", "enabled", "categories")
MOST_AT_ONCE = 80


class Workflows:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create(self, call: Call) -> Answer:
        """A first version; with ``nodes`` (nested or flat) the whole workflow at once."""

        def act(editing: Editing) -> Answer:
            values = call.values()
            check_known(values, OF_WORKFLOW, "a workflow", ("key", "type", "sync", *EDITABLE, "nodes"))
            key = checked_key(values.get("key"))
            if versions_of(editing, key):
                raise Invalid(f'a workflow with the key "{key}" already exists', path="key", code="NOT_UNIQUE")
            data = new_data(values, key)
            if values.get("categories") is not None:
                data["categories"] = categories_of(editing, values["categories"])
            version_id = free_version_id(editing)
            data["nodes"], data["nodeSeq"] = numbered(values.get("nodes"), version_id, 0)
            check(editing, data, sent=values.get("nodes"))
            return Answer(row_of(first_version(editing, data, version_id), with_nodes=values.get("nodes") is not None))

        return edit_once(self._backend, call, AREA, act)

    def list_workflows(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            search = Search(WORKFLOWS, editing.records.filter(filter_of(call), WORKFLOWS), parse_sort(call.params.get("sort"), WORKFLOWS))
            found = editing.records.search(search).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer(shown(editing, call, page), meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOWS, version_id_of(call))
            return Answer(shown(editing, call, [record])[0], headers={"ETag": time_tag(record.row)}) if record else Answer(None)

        return view(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """Title, options, categories, config (until the first run), ``enabled``. Enabling a version disables the others of its key.
        ``If-Match`` names the state that may be changed; a change of a node makes another one too."""

        def act(editing: Editing) -> Answer:
            values = call.values()
            record = editing.unit.get(WORKFLOWS, version_id_of(call))
            check_unchanged(call, "the workflow", row_of(record) if record else None)
            if record is None:
                return Answer([])
            check_known(values, OF_WORKFLOW, "a workflow", EDITABLE)
            _check_fixed(record, values)
            changed = record.item["data"] | {name: values[name] for name in EDITABLE if name in values}
            if values.get("categories") is not None:
                changed["categories"] = categories_of(editing, values["categories"])
            if changed.get("enabled"):
                changed["current"] = True
                demote_others(editing, record.row["key"], int(record.id))
            _check_changed(editing, changed, values)
            record = editing.unit.update(record, changed)
            mirror(editing, record)
            return Answer([row_of(record)], headers={"ETag": time_tag(record.row)})

        return edit(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """The current version takes all versions of its key with it; another version only itself. Executions stay."""
        while edit(self._backend, call, AREA, lambda editing: _thinned_out(editing, version_id_of(call))).data:
            pass

        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOWS, version_id_of(call))
            if record is None:
                return Answer(0)
            for version in versions_of(editing, record.row["key"]) if record.row["current"] else [record]:
                editing.unit.destroy(version)
            if record.row["current"]:
                forget_key(editing, record)
            return Answer(1)

        return edit(self._backend, call, AREA, act)


def _thinned_out(editing: Editing, version_id: int) -> Answer:
    """Take away old versions of a key that has more than one transaction can remove; how many that were."""
    record = editing.unit.get(WORKFLOWS, version_id)
    old = [other for other in versions_of(editing, record.row["key"]) if other.id != record.id] if record and record.row["current"] else []
    surplus = old[:MOST_AT_ONCE] if len(old) >= MOST_AT_ONCE else []
    for version in surplus:
        editing.unit.destroy(version)
    return Answer(len(surplus))


def _check_changed(editing: Editing, changed: Row, values: Row) -> None:
    """Raise Invalid with what is wrong: of a workflow that is not enabled, only in what was sent, so that it can be mended bit by bit."""

    def is_sent(problem: Problem, data: Row) -> bool:
        return bool(data.get("enabled")) or not problem.path or problem.path.split(".")[0] in values

    check(editing, changed, is_sent)


def _check_fixed(record: Record, values: Row) -> None:
    for name in ("type", "sync", "key"):
        if name in values and values[name] != record.row[name]:
            raise Invalid(f"{name} of a workflow can not be changed", path=name, code="READ_ONLY_FIELD")
    if "config" in values and is_frozen(record) and values["config"] != record.row["config"]:
        raise Invalid("config of executed workflow can not be updated", path="config", code="WORKFLOW_FROZEN")
    if "nodes" in values:
        raise Invalid("nodes are changed by workflows/<id>/nodes:create and flow_nodes:update|destroy", path="nodes")
