"""What ran: ``executions:list|get|destroy``, and ``workflows:execute``, which runs one by hand.

History is read by workflow (all of them when none is named) or by record, newest or oldest first; its indexes are eventually
consistent. Source: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import EVERYTHING, Filter, parse_filter
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import EXECUTIONS, Delete, Item, Store
from chalicelib.domain.query import parse_paging, parse_selection, parse_sort, sort_rows
from chalicelib.domain.record import Row
from chalicelib.domain.status import STARTED
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.engine.commit import commit
from chalicelib.engine.execution import is_kept, public_execution
from chalicelib.engine.finder import Search
from chalicelib.engine.stored_jobs import public_jobs, read_all
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Invalid, Json
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, view
from chalicelib.services.endings import purge
from chalicelib.services.workflow_rows import row_of

AREA = "workflows"
MOST_READ = 2_000


def _field(name: str, kind: str) -> Field:
    return Field(name, kind, read_only=True)


EXECUTION = Collection(
    "executions",
    "executions",
    fields={
        field.name: field
        for field in (
            _field("id", "integer"),
            _field("key", "string"),
            _field("workflowId", "integer"),
            _field("status", "integer"),
            _field("record", "string"),
            _field("context", "json"),
            _field("output", "json"),
            _field("manually", "boolean"),
            _field("dispatched", "boolean"),
            _field("reason", "string"),
            _field("stack", "json"),
            _field("parentExecutionId", "integer"),
            _field("rerunOf", "integer"),
            _field("eventKey", "string"),
            _field("expiresAt", "date"),
            _field("createdAt", "date"),
            _field("startedAt", "date"),
            _field("updatedAt", "date"),
            Field("jobs", "hasMany", read_only=True, target="jobs", foreign_key="executionId"),
            Field("workflow", "belongsTo", read_only=True, target="workflows", foreign_key="workflowId"),
        )
    },
    system=True,
)
JOB = Collection(
    "jobs",
    "jobs",
    id_type="string",
    fields={
        name: _field(name, kind)
        for name, kind in {
            "id": "string",
            "executionId": "integer",
            "nodeId": "integer",
            "nodeKey": "string",
            "jobKey": "string",
            "upstreamId": "string",
            "status": "integer",
            "result": "json",
            "meta": "json",
            "log": "text",
            "startedAt": "date",
            "createdAt": "date",
            "updatedAt": "date",
        }.items()
    },
    system=True,
)


class Executions:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def list_executions(self, call: Call) -> Answer:
        """A page of history. ``filter`` by ``key``, ``workflowId``, ``record`` is served by an index, the rest by reading."""

        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            wanted = _wanted(editing, call)
            sort = parse_sort(call.params.get("sort"), EXECUTION)
            newest_first = not sort or sort[0].descending
            rows, complete = _matching(editing, wanted, newest_first)
            rows = sort_rows(rows, sort) if sort else rows
            page = rows[paging.offset : paging.offset + paging.page_size] if paging.paginate else rows
            meta: dict[str, Json] = {"page": paging.page, "pageSize": paging.page_size}
            if complete:
                meta = {"count": len(rows), **meta, "totalPage": -(-len(rows) // paging.page_size)}
            else:
                more = len(rows) > paging.offset + len(page)
                meta |= {"hasNext": more, "countAtLeast": len(rows), "plan": {"complete": False}}
            return Answer(self._shown(editing, call, page), meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            execution_id = execution_id_of(call)
            item = _kept(editing, [execution_id]).get(execution_id)
            return Answer(self._shown(editing, call, [public_execution(item)])[0] if item else None)

        return view(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """Removes history, by id or by ``filter``; executions that have not ended stay. The answer is how many went."""

        def act(editing: Editing) -> Answer:
            keys = call.target_keys
            if keys is None and not _filter(call):
                raise Invalid("to do destroy action, filter or filterByTk is required", path="filter", code="FILTER_REQUIRED")
            if keys is None:
                rows, _ = _matching(editing, _wanted(editing, call), True)
            else:
                ids = [int(convert_id(EXECUTION, key)) for key in (keys if isinstance(keys, list) else [keys])]
                rows = [public_execution(item) for item in _kept(editing, ids).values()]
            return Answer(self._removed([row for row in rows if row["status"] not in (None, STARTED)], call.deadline_ms))

        return view(self._backend, call, AREA, act)

    def _removed(self, rows: Sequence[Row], deadline_ms: int | None) -> int:
        """How many went: those with their jobs inside many at a time, the others each with its jobs."""
        inside = [execution_key(row["id"]) for row in rows if row["jobs"]]
        for start in range(0, len(inside), 90):
            deletes = [Tagged(Delete(key), "other") for key in inside[start : start + 90]]
            commit(self._backend.store, self._backend.clock, deletes, deadline_ms)
        for row in rows:
            if not row["jobs"]:
                purge(self._backend, row["id"], whole=True, deadline_ms=deadline_ms)
        return len(rows)

    def get_job(self, call: Call) -> Answer:
        """One job by its id, ``<execution id>-<number>``."""

        def act(editing: Editing) -> Answer:
            execution_id = execution_id_of_job(call)
            item = _kept(editing, [execution_id]).get(execution_id)
            jobs = _with_jobs(editing, public_execution(item))["jobs"] if item else []
            return Answer(next((job for job in jobs if job["id"] == call.target_key), None))

        return view(self._backend, call, AREA, act)

    def _shown(self, editing: Editing, call: Call, rows: Sequence[Row]) -> list[Row]:
        params = call.params
        selection = parse_selection(params.get("fields"), params.get("except"), params.get("appends"), EXECUTION, _resolve)
        if ("jobs",) in selection.appends:
            rows = [_with_jobs(editing, row) for row in rows]
        if ("workflow",) in selection.appends:
            rows = [row | {"workflow": _workflow(editing, row["workflowId"])} for row in rows]
        return [selection.apply(row) for row in rows]


def execution_id_of(call: Call) -> int:
    """The execution that the call names. Raises Invalid."""
    key = call.target_key
    if key is None:
        raise Invalid("filterByTk is required", path="filterByTk")
    return int(convert_id(EXECUTION, key))


def execution_id_of_job(call: Call) -> int:
    """The execution of the job that the call names by ``<execution id>-<number>``. Raises Invalid."""
    execution_id, _, number = (call.target_key or "").partition("-")
    if not re.fullmatch("[0-9]{1,16}", execution_id) or not re.fullmatch("[0-9]{1,9}", number):
        raise Invalid("a job's id is <execution id>-<number>", path="filterByTk", code="INVALID_ID")
    return int(execution_id)


def _with_jobs(editing: Editing, row: Row) -> Row:
    """The row with its jobs, which an asynchronous execution keeps beside it."""
    if row["jobs"]:
        return row
    return row | {"jobs": public_jobs(read_all(editing.reads.store, row["id"])[1], row["id"])}


def _kept(editing: Editing, ids: Sequence[int]) -> dict[int, Item]:
    """The history items of these executions, by id."""
    found = editing.reads.store.batch_get([execution_key(one) for one in ids])
    return {item["id"]: item for item in found.values() if is_kept(item)}


def _resolve(name: str) -> Collection:
    return {"jobs": JOB, "workflows": WORKFLOWS}[name]


def _workflow(editing: Editing, version_id: int) -> Row | None:
    record = editing.unit.get(WORKFLOWS, version_id)
    return row_of(record) if record else None


def _filter(call: Call) -> Json:
    """The filter, ``key`` trimmed: clients have been seen to send a blank before it."""
    raw = filter_of(call)
    if isinstance(raw, dict) and isinstance(raw.get("key"), str):
        return raw | {"key": raw["key"].strip()}
    return raw


def _wanted(editing: Editing, call: Call) -> Filter:
    """The call's filter; a condition on ``workflow`` becomes one on the ids of the versions that meet it. Raises Invalid."""

    def ids_of(field: Field, inner: Filter) -> list[int | str]:
        if field.name != "workflow":
            raise Invalid(f'executions cannot be filtered by "{field.name}"', path=f"filter.{field.name}")
        return [record.id for record in editing.records.search(Search(WORKFLOWS, inner)).records]

    return parse_filter(_filter(call), EXECUTION, _resolve).resolve_associations(ids_of)


def _matching(editing: Editing, wanted: Filter, newest_first: bool) -> tuple[list[Row], bool]:
    """Rows that match, in the order of their ids, and whether everything was read."""
    pinned = wanted.pinned_ids()
    if pinned is not None:
        known = [public_execution(item) for item in _kept(editing, [int(one) for one in pinned]).values()]
        return sorted((row for row in known if wanted.matches(row)), key=lambda row: row["id"], reverse=newest_first), True
    rows: list[Row] = []
    for read, item in enumerate(_history(editing, wanted, newest_first), 1):
        row = public_execution(item)
        if wanted.matches(row):
            rows.append(row)
        if read >= MOST_READ:
            return rows, False
    return rows, True


def _history(editing: Editing, wanted: Filter, newest_first: bool) -> Iterator[Item]:
    """Execution items in the order of their ids: of a record, of a workflow, or of all workflows merged."""
    pinned = {bound.field: bound.low for bound in wanted.bounds() if bound.equal}
    store = editing.reads.store
    if isinstance(pinned.get("record"), str):
        return _index(store, "byRecord", pinned["record"], newest_first)
    if isinstance(pinned.get("key"), str):
        return _index(store, "byWorkflow", pinned["key"], newest_first)
    versions = editing.records.search(Search(WORKFLOWS, EVERYTHING)).records
    by_workflow = [_index(store, "byWorkflow", key, newest_first) for key in sorted({record.row["key"] for record in versions})]
    return heapq.merge(*by_workflow, key=lambda item: item["id"], reverse=newest_first)


def _index(store: Store, index: str, partition: str, newest_first: bool) -> Iterator[Item]:
    start = None
    while True:
        page = store.query(EXECUTIONS, partition, index=index, forward=not newest_first, start=start)
        yield from filter(is_kept, page.items)
        start = page.next
        if start is None:
            return
