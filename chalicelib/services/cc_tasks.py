"""The copies that workflows sent to users, over HTTP: listed, read, marked as read. Everybody has their own and sees no others.

They are made by nodes of type ``cc``. Source: https://docs.nocobase.com/workflow/nodes/cc
"""

from __future__ import annotations

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.record import Record, visible
from chalicelib.domain.role import Permit
from chalicelib.domain.system_collections import WORKFLOW_CC_TASKS
from chalicelib.engine.finder import Search
from chalicelib.engine.unit_of_work import MOST_WRITES
from chalicelib.errors import Forbidden, Invalid, Json, NotFound
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.opened import Opened
from chalicelib.services.own import own
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.records import listed, shown_rows
from chalicelib.services.session import Caller

UNREAD, READ = 0, 1


class CcTasks:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def list_mine(self, call: Call) -> Answer:
        """A page of the caller's own: ``title status readAt executionId nodeId workflowId``; unread ones with ``filter={"status": 0}``."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            reach = records.plain_filter({"userId": caller.id}, WORKFLOW_CC_TASKS)
            return listed(_opened(caller, records), call, WORKFLOW_CC_TASKS, reach)

        return own(self._backend, call, act)

    def get(self, call: Call) -> Answer:
        """One of the caller's own, ``null`` when there is none with that id."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            if call.target_key is None:
                raise Invalid("this action needs an id: workflowCcTasks:get/<id> or filterByTk", path="filterByTk")
            task = records.unit.get(WORKFLOW_CC_TASKS, convert_id(WORKFLOW_CC_TASKS, call.target_key))
            rows = shown_rows(_opened(caller, records), call, WORKFLOW_CC_TASKS, [task] if task else [])
            return Answer(rows[0] if rows else None)

        return own(self._backend, call, act)

    def read(self, call: Call) -> Answer:
        """Marks those that ``filterByTk`` names as read, without it all of the caller's; the answer is what changed."""
        return self._mark(call, READ)

    def unread(self, call: Call) -> Answer:
        """Marks as unread again; as `read`."""
        return self._mark(call, UNREAD)

    def _mark(self, call: Call, status: int) -> Answer:
        """All of them may be more than one transaction holds: then it is done in several."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            tasks = _named(caller, records, keys) if keys else _marked(caller, records, UNREAD if status == READ else READ)
            values = {"status": status, "readAt": self._backend.now() if status == READ else None}
            changed = [records.unit.update(task, values) for task in tasks if task.row["status"] != status]
            return Answer([visible(task) for task in changed])

        keys, rows = _keys_of(call), list[Json]()
        while True:
            changed = own(self._backend, call, act).data
            rows += changed
            if keys or len(changed) < MOST_WRITES:
                return Answer(rows)


def _opened(caller: Caller, records: PermittedRecords) -> Opened:
    opened = Opened(caller, WORKFLOW_CC_TASKS, Permit(), caller.reads, records.definitions, None)
    opened.records = records
    return opened


def _keys_of(call: Call) -> list[Json]:
    """The ids that the call names. Raises Invalid for an empty list, which might mean all or none."""
    raw = call.target_keys
    if raw == []:
        raise Invalid("filterByTk names no task; leave it out to mean all of yours", path="filterByTk")
    return raw if isinstance(raw, list) else [] if raw in (None, "") else [raw]


def _named(caller: Caller, records: PermittedRecords, keys: list[Json]) -> list[Record]:
    """The tasks with these ids. Raises NotFound, and Forbidden when one is another user's."""
    ids = list(dict.fromkeys(convert_id(WORKFLOW_CC_TASKS, key) for key in keys))
    found = dict(zip(ids, records.unit.get_many(WORKFLOW_CC_TASKS, ids), strict=True))
    missing = [str(task_id) for task_id, task in found.items() if task is None]
    if missing:
        raise NotFound(f"there is no task {', '.join(missing)}", code="RECORD_NOT_FOUND")
    tasks = [task for task in found.values() if task]
    others = [str(task.id) for task in tasks if task.row["userId"] != caller.id]
    if others:
        raise Forbidden(f"the task {', '.join(others)} is another user's")
    return tasks


def _marked(caller: Caller, records: PermittedRecords, status: int) -> list[Record]:
    """As many of the caller's tasks of that status as one transaction can change."""
    mine = records.plain_filter({"userId": caller.id, "status": status}, WORKFLOW_CC_TASKS)
    return records.search(Search(WORKFLOW_CC_TASKS, mine, limit=MOST_WRITES)).records
