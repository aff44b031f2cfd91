"""The tasks that wait for people, over HTTP: listed, read, submitted. Everybody has their own and sees no others.

They are made by nodes of type ``manual``. A submission is one transaction: the task, the records of its form, the job and the signal to the
execution, or, where the action keeps a draft, the task alone. A task whose job no longer waits (somebody else decided, the execution was
cancelled or ran out of time) is closed when its user next looks. Source: https://docs.nocobase.com/workflow/nodes/manual
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import EVERYTHING, both
from chalicelib.domain.keys import execution_key, job_key
from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record, visible
from chalicelib.domain.retention import lasting
from chalicelib.domain.role import Permit
from chalicelib.domain.status import ABORTED, PENDING, STARTED
from chalicelib.domain.system_collections import WORKFLOW_CC_TASKS, WORKFLOW_MANUAL_TASKS, WORKFLOWS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import store_errors, walk_until_committed
from chalicelib.engine.execution import is_kept
from chalicelib.engine.finder import Search
from chalicelib.engine.unit_of_work import MOST_WRITES
from chalicelib.errors import Invalid, Json
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.cc_tasks import UNREAD
from chalicelib.services.editing import Editing, view
from chalicelib.services.job_signals import signal
from chalicelib.services.listing import shape_of
from chalicelib.services.opened import Opened
from chalicelib.services.own import own
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.records import listed, shown_rows
from chalicelib.services.session import Caller
from chalicelib.services.submission import Begun, Submission

AREA = "workflows"
TASKS = WORKFLOW_MANUAL_TASKS
Act = Callable[[Caller, PermittedRecords], Answer]


class ManualTasks:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def list_mine(self, call: Call) -> Answer:
        """A page of the caller's own: ``title status result executionId nodeId workflowId``; open ones with ``filter={"status": 0}``."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            reach = both(records.plain_filter({"userId": caller.id}, TASKS), lasting(records.now_ms))
            return listed(_opened(caller, records), call, TASKS, reach)

        return self._after_closing(call, act)

    def list_all(self, call: Call) -> Answer:
        """A page of everybody's, for who manages workflows: ``filter={"executionId": …}`` tells whom an execution waits for."""

        def act(editing: Editing) -> Answer:
            shape, paging = shape_of(call), parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            wanted = both(editing.records.filter(filter_of(call), TASKS), lasting(editing.records.now_ms))
            found = editing.records.search(Search(TASKS, wanted, parse_sort(call.params.get("sort") or "id", TASKS))).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer([shape(visible(task)) for task in page], meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        """One of the caller's own with its ``forms`` and the ``record`` that its execution is for (``samples/91``), else ``null``."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            task = records.unit.get(TASKS, task_id(call, "get"))
            is_there = task is not None and is_kept(task.item, records.now_ms) and task.row["userId"] == caller.id
            task = _closed(records, [task])[0] if task and is_there else None
            if task is None:
                return Answer(None)
            rows = shown_rows(_opened(caller, records), call, TASKS, [task])
            return Answer(rows[0] | {"record": _record_of(records, task), "forms": _forms_of(records, task)} if rows else None)

        return own(self._backend, call, act)

    def submit(self, call: Call) -> Answer:
        """Takes ``{"result": {"<form>": {…}, "_": "<action>"}}``; the answer is the task as it is then, with the status 202.

        With an ``Idempotency-Key`` the same call again submits nothing and answers as the first."""

        begun = Begun(self._backend.clock.now_ms(), self._backend.effects())

        def walk(number: int) -> tuple[Answer, Submission | None]:
            read = Submission.read(self._backend, call, begun, task_id(call, "submit"))
            return (read, None) if isinstance(read, Answer) else (read.commit(), read)

        answer, done = store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, walk))
        if done is not None and done.ends_job:
            signal(self._backend, done.task.row["executionId"])
        return answer

    def counts(self, call: Call) -> Answer:
        """How many tasks the caller has: ``[{"userId", "type": "manual" or "cc", "stats": {"pending", "all"}}]``."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            kinds = (("manual", TASKS, PENDING, lasting(records.now_ms)), ("cc", WORKFLOW_CC_TASKS, UNREAD, EVERYTHING))
            rows: list[Json] = []
            for kind, collection, pending, shown in kinds:
                wanted = both(records.plain_filter({"userId": caller.id}, collection), shown)
                mine = records.search(Search(collection, wanted)).records
                stats = {"pending": sum(1 for one in mine if one.row["status"] == pending), "all": len(mine)}
                rows.append({"userId": caller.id, "type": kind, "stats": stats})
            return Answer(rows)

        return self._after_closing(call, act)

    def _after_closing(self, call: Call, act: Act) -> Answer:
        """``act``'s answer once the caller's pending tasks that nobody waits for are closed, if need be in several transactions."""
        closed = 0

        def closing(caller: Caller, records: PermittedRecords) -> Answer:
            nonlocal closed
            mine = both(records.plain_filter({"userId": caller.id, "status": PENDING}, TASKS), lasting(records.now_ms))
            tasks = _closed(records, records.search(Search(TASKS, mine)).records)
            closed = sum(1 for task in tasks if task.row["status"] != PENDING)
            return act(caller, records)

        while True:
            answer = own(self._backend, call, closing)
            if closed < MOST_WRITES:
                return answer


def task_id(call: Call, action: str) -> int:
    """The id that the call names. Raises Invalid."""
    if call.target_key is None:
        raise Invalid(f"this action needs an id: workflowManualTasks:{action}/<id> or filterByTk", path="filterByTk")
    return int(convert_id(TASKS, call.target_key))


def _opened(caller: Caller, records: PermittedRecords) -> Opened:
    opened = Opened(caller, TASKS, Permit(), caller.reads, records.definitions, None)
    opened.records = records
    return opened


def _closed(records: PermittedRecords, tasks: list[Record]) -> list[Record]:
    """The tasks, those that nobody waits for any more closed, at most as many as a transaction holds."""
    reads, unit, count = records.unit.reads, records.unit, 0
    places = {task.key: (execution_key(task.row["executionId"]), job_key(task.row["executionId"], task.row["jobKey"])) for task in tasks}
    reads.load(key for task in tasks if task.row["status"] == PENDING for key in places[task.key])
    found: list[Record] = []
    for task in tasks:
        execution, job = (reads.items.get(key) for key in places[task.key])
        is_open = execution is not None and execution.get("status") == STARTED and job is not None and job["status"] == PENDING
        if task.row["status"] == PENDING and not is_open and count < MOST_WRITES:
            count += 1
            task = unit.update(task, {"status": ABORTED})
        found.append(task)
    return found


def _record_of(records: PermittedRecords, task: Record) -> str | None:
    """The name of the record that the task's execution began with; the caller may have no right to see the record itself."""
    key = execution_key(task.row["executionId"])
    records.unit.reads.load([key])
    item = records.unit.reads.items.get(key)
    return item.get("record") if item and is_kept(item, records.now_ms) else None


def _forms_of(records: PermittedRecords, task: Record) -> Json:
    """The forms of the task's node, as far as who fills them in needs them: without the values and filters behind them."""
    version = records.unit.get(WORKFLOWS, task.row["workflowId"])
    node = Workflow.of(version.row).graph.nodes.get(task.row["nodeId"]) if version else None
    forms: dict[str, Json] = (node.config.get("forms") or {}) if node else {}
    return {key: _shown_form(form) for key, form in forms.items()}


def _shown_form(form: dict[str, Json]) -> dict[str, Json]:
    actions = [{name: value for name, value in action.items() if name != "values"} for action in form.get("actions") or ()]
    return {name: value for name, value in form.items() if name != "filter"} | {"actions": actions}
