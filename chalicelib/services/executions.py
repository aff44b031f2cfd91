"""What ran: ``executions:list|get|destroy``, and ``workflows:execute``, which runs one by hand.

History is read by workflow (all of them when none is named) or by record, newest or oldest first (`services/history.py`). Source: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import Filter, parse_filter
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import Delete
from chalicelib.domain.query import parse_paging, parse_selection, parse_sort, sort_rows
from chalicelib.domain.record import Row
from chalicelib.domain.status import STARTED
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.engine.commit import commit
from chalicelib.engine.execution import public_execution
from chalicelib.engine.finder import Search
from chalicelib.engine.stored_jobs import public_jobs, read_all
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Forbidden, Invalid, Json
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.closing import purge
from chalicelib.services.editing import Editing, view
from chalicelib.services.history import Entry, kept, matching
from chalicelib.services.own_executions import own_state
from chalicelib.services.workflow_rows import row_of

AREA = "workflows"


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
            _field("waitsFor", "string"),
            _field("stack", "json"),
            _field("parentExecutionId", "integer"),
            _field("rerunOf", "integer"),
            _field("spilled", "boolean"),
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
        """A page of history. ``filter`` by ``key`` and ``record`` is served by an index, the rest by reading; ``record`` is one record
        that the executions touched: started for it, had it among their rows, or wrote it."""

        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            wanted = _wanted(editing, call)
            sort = parse_sort(call.params.get("sort"), EXECUTION)
            newest_first = not sort or sort[0].descending
            found, complete = matching(editing, wanted, newest_first)
            rows = [entry.row for entry in found]
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
            item = kept(editing, [execution_id]).get(execution_id)
            return Answer(self._shown(editing, call, [public_execution(item)])[0] if item else None)

        try:
            return view(self._backend, call, AREA, act)
        except Forbidden:
            return own_state(self._backend, call)

    def destroy(self, call: Call) -> Answer:
        """Removes history, by id or by ``filter``; executions that have not ended stay. The answer is how many went."""

        def act(editing: Editing) -> Answer:
            keys = call.target_keys
            if keys is None and not _filter(call):
                raise Invalid("to do destroy action, filter or filterByTk is required", path="filter", code="FILTER_REQUIRED")
            if keys is None:
                found, _ = matching(editing, _wanted(editing, call), True)
            else:
                ids = [int(convert_id(EXECUTION, key)) for key in (keys if isinstance(keys, list) else [keys])]
                found = [Entry.of(item) for item in kept(editing, ids).values()]
            return Answer(self._removed([entry for entry in found if entry.row["status"] not in (None, STARTED)], call.deadline_ms))

        return view(self._backend, call, AREA, act)

    def _removed(self, entries: Sequence[Entry], deadline_ms: int | None) -> int:
        """How many went: those that are one item many at a time, the others each with its jobs and hints."""
        alone = {entry.row["id"]: bool(entry.row["jobs"]) and not entry.item.get("hinted") for entry in entries}
        inside = [execution_key(one) for one, is_alone in alone.items() if is_alone]
        for start in range(0, len(inside), 90):
            deletes = [Tagged(Delete(key), "other") for key in inside[start : start + 90]]
            commit(self._backend.store, self._backend.clock, deletes, deadline_ms)
        for one in (one for one, is_alone in alone.items() if not is_alone):
            purge(self._backend, one, deadline_ms)
        return len(alone)

    def get_job(self, call: Call) -> Answer:
        """One job by its id, ``<execution id>-<number>``."""

        def act(editing: Editing) -> Answer:
            execution_id = execution_id_of_job(call)
            item = kept(editing, [execution_id]).get(execution_id)
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
        raise Invalid("a job's id is <execution id>-<number>: in the path or in filterByTk", path="filterByTk", code="INVALID_ID")
    return int(execution_id)


def _with_jobs(editing: Editing, row: Row) -> Row:
    """The row with its jobs, which an asynchronous execution keeps beside it."""
    if row["jobs"]:
        return row
    return row | {"jobs": public_jobs(read_all(editing.reads.store, row["id"])[1], row["id"])}


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

    now_ms = editing.records.now_ms
    return parse_filter(_filter(call), EXECUTION, _resolve, now_ms=now_ms, timezone=call.timezone).resolve_associations(ids_of)
