"""``executions:cancel`` and ``executions:rerun``.

A cancel is first a commit, and then stops the machine, which could write nothing any more. A rerun of an execution that is under way is a
new attempt, which begins where the jobs say that the last one was; of one that has ended it is a new execution, with the jobs before the
chosen node copied. Source: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import takewhile

from chalicelib.domain.graph import Node
from chalicelib.domain.ids import fresh_id
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import EXECUTIONS, Absent, Delete, Item, Put
from chalicelib.domain.status import ABORTED, QUEUEING, STARTED
from chalicelib.domain.workflow import Workflow, plain_name
from chalicelib.engine.commit import Replayed, Stale, commit, store_errors
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, is_kept
from chalicelib.engine.spilled import anew
from chalicelib.engine.stored_jobs import PART, is_part, read_all
from chalicelib.engine.touched import row_names
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Forbidden, Invalid, NotFound, Problem, Unavailable
from chalicelib.nodes import NODE_TYPES
from chalicelib.services import idempotency, machines
from chalicelib.services.attempts import claim, last_attempt, started, version_of
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import after_commit
from chalicelib.services.editing import Editing, open_for
from chalicelib.services.endings import CANCELED_BY_HAND, end_now, is_open
from chalicelib.services.executions import AREA, execution_id_of
from chalicelib.services.session import NO_PERMISSIONS

MOST_WRITES = 90
NODE_ID = "nodeId"
PARAMETERS = ("filterByTk", "token")
DIGITS = re.compile("[0-9]{1,16}")


class ExecutionControl:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def cancel(self, call: Call) -> Answer:
        """Ends an execution that is queued or under way as ABORTED (``reason``: ``manual_cancel``), and the executions it waits for."""
        return store_errors(lambda: self._cancel(call))

    def _cancel(self, call: Call) -> Answer:
        open_for(self._backend, call, AREA, "")
        item, _ = self._found(call)
        if not is_open(item) or not end_now(self._backend, item["id"], ABORTED, CANCELED_BY_HAND, call.deadline_ms):
            raise Invalid("the execution has ended already", path="filterByTk", code="EXECUTION_ENDED")
        workflow = version_of(self._backend, item)
        if workflow is not None:
            machines.stop(self._backend, workflow, item["id"], last_attempt(item))
        return Answer({"id": item["id"], "status": ABORTED, "reason": CANCELED_BY_HAND})

    def rerun(self, call: Call) -> Answer:
        """Runs an execution again, for who acts as root: ``{"nodeId"?}`` → 202 ``{"id", "status", "attempt"?, "rerunOf"?}``.

        One that is under way gets a new attempt. One that has ended stays, and a new one begins at the node, with the results of what
        ran before it; without a node from the start. A node inside a loop or a parallel branch stands for the whole of it. With an
        ``Idempotency-Key`` the same call again answers as the first."""
        try:
            return store_errors(lambda: self._rerun(call))
        except Replayed:
            return store_errors(lambda: self._rerun(call))

    def _rerun(self, call: Call) -> Answer:
        editing = open_for(self._backend, call, AREA, "")
        if not editing.caller.is_root:
            raise Forbidden(NO_PERMISSIONS)
        node_id = _asked_node(call)
        there = idempotency.kept_answer(editing.reads, call, editing.caller, self._backend.clock.now_ms() // 1000)
        if there is not None:
            return there
        item, jobs = self._found(call)
        workflow = version_of(self._backend, item)
        if workflow is None:
            raise Invalid("the version of the workflow that ran is not there any more", path="filterByTk", code="WORKFLOW_NOT_FOUND")
        if item.get("status") is QUEUEING:
            raise Invalid("the execution has not started yet; it will", path="filterByTk", code="EXECUTION_QUEUED")
        if item.get("status") == STARTED:
            return self._kept(editing, call, self._again(item, workflow, node_id))
        return self._anew(editing, call, item, jobs, workflow, node_id)

    def _kept(self, editing: Editing, call: Call, answer: Answer) -> Answer:
        """The answer about a new attempt, kept right after it: a second attempt would do no harm. Raises Replayed."""
        kept = idempotency.keep(call, editing.caller, self._backend.clock.now_ms() // 1000, answer)
        commit(self._backend.store, self._backend.clock, kept, call.deadline_ms)
        return answer

    def _found(self, call: Call) -> tuple[Item, list[Item]]:
        item, jobs = read_all(self._backend.store, execution_id_of(call))
        if item is None or not is_kept(item, self._backend.clock.now_ms()):
            raise NotFound("execution not found", code="EXECUTION_NOT_FOUND")
        return item, jobs

    def _again(self, item: Item, workflow: Workflow, node_id: int | None) -> Answer:
        if node_id is not None:
            message = "an execution that is under way goes on where it is; cancel it first to run it again from a node"
            raise Invalid(message, path="nodeId", code="EXECUTION_STARTED")
        try:
            number = claim(self._backend, item)
        except Stale:
            return self._joined(item)
        if not started(self._backend, item, workflow, number):
            message = f"the attempt {number} was not taken by Step Functions now; the sweep starts the execution"
            raise Unavailable(message, code="NOT_STARTED", data={"retryAfter": 10})
        machines.stop(self._backend, workflow, item["id"], number - 1)
        return Answer({"id": item["id"], "status": STARTED, "attempt": number}, status=202)

    def _joined(self, before: Item) -> Answer:
        """Somebody else has moved the execution since it was read: the attempt that was started then is this call's too.

        Raises Invalid when it has ended meanwhile."""
        key = execution_key(before["id"])
        item = self._backend.store.batch_get([key]).get(key)
        if item is None or not is_open(item):
            raise Invalid("the execution has ended meanwhile", path="filterByTk", code="EXECUTION_ENDED")
        return Answer({"id": item["id"], "status": STARTED, "attempt": last_attempt(item)}, status=202)

    def _anew(self, editing: Editing, call: Call, item: Item, jobs: Sequence[Item], workflow: Workflow, node_id: int | None) -> Answer:
        execution = self._begun(item, workflow)
        before = _before(jobs, workflow, node_id)
        answer = Answer({"id": execution.id, "status": QUEUEING, "rerunOf": item["id"]}, status=202)
        kept = idempotency.keep(call, editing.caller, self._backend.clock.now_ms() // 1000, answer)
        copied = _copies(execution.id, before)
        self._put(copied)
        writes = run_writes(editing.definitions, [execution], f"rerun-{execution.id}", self._backend.now())
        try:
            commit(self._backend.store, self._backend.clock, [*writes, *kept], call.deadline_ms)
        except Replayed:
            self._put([Tagged(Delete(one.write.key), "other") for one in copied])
            raise
        after_commit(self._backend, editing.definitions, [execution])
        return answer

    def _put(self, writes: Sequence[Tagged]) -> None:
        for start in range(0, len(writes), MOST_WRITES):
            commit(self._backend.store, self._backend.clock, writes[start : start + MOST_WRITES])

    def _begun(self, item: Item, workflow: Workflow) -> Execution:
        """A queued execution that does what one that has ended did. Raises Invalid for a synchronous one."""
        doc, now_ms = json.loads(item["doc"]), self._backend.clock.now_ms()
        if workflow.sync and doc.get("spilled") is None:
            message = "this workflow is synchronous; run it again by its trigger or workflows:execute"
            raise Invalid(message, path="filterByTk", code="WORKFLOW_SYNCHRONOUS")
        stack = tuple((execution_id, version_id) for execution_id, version_id in doc.get("stack") or [])
        execution = Execution(
            fresh_id(now_ms), workflow, doc["context"], self._backend.now(), item.get("record"), status=QUEUEING, stack=stack
        )
        execution.rerun_of, execution.manually, execution.spilled = item["id"], True, anew(doc.get("spilled"))
        execution.rows = row_names(plain_name(workflow.config.get("collection") or ""), doc["context"].get("data"))
        return execution


def _asked_node(call: Call) -> int | None:
    """``nodeId`` of the body. Raises Invalid for what would be ignored, since everything would run again then."""
    found = [
        Problem(f'"{name}" means nothing here; the body may hold "{NODE_ID}", the query string filterByTk', name)
        for name in [*(name for name in call.values() if name != NODE_ID), *(name for name in call.params if name not in PARAMETERS)]
    ]
    raw = call.values().get(NODE_ID)
    if raw is not None and (isinstance(raw, bool) or not DIGITS.fullmatch(str(raw))):
        found.append(Problem("nodeId must be the id of a node", NODE_ID))
    if found:
        raise Invalid.of(found)
    return None if raw is None else int(raw)


def _before(jobs: Sequence[Item], workflow: Workflow, node_id: int | None) -> list[Item]:
    """The job items that came before the node, with their parts, in order. Raises Invalid for a node that has not run."""
    if node_id is None:
        return []
    node = workflow.graph.nodes.get(node_id)
    first = _outermost(workflow, node) if node else None
    whole = sorted((job for job in jobs if not is_part(job)), key=lambda job: int(job["seq"]))
    if first is None or all(job["nodeId"] != first.id or job.get("assigns") for job in whole):
        raise Invalid(f"the execution has no job of a node {node_id}", path="nodeId", code="NODE_NOT_RUN")
    kept = list(takewhile(lambda job: job["nodeId"] != first.id or job.get("assigns"), whole))
    names = {job["sk"] for job in kept}
    return kept + [job for job in jobs if is_part(job) and job["sk"].rpartition(PART)[0] in names]


def _outermost(workflow: Workflow, node: Node) -> Node:
    """The outermost loop or parallel node around a node, else the node itself."""
    found, above = node, workflow.graph.parent(node)
    while above is not None:
        found = above if NODE_TYPES[above.type].steer is not None else found
        above = workflow.graph.parent(above)
    return found


def _copies(execution_id: int, jobs: Sequence[Item]) -> list[Tagged]:
    """The writes of the same jobs for another execution. Their numbers stay: they are the order of those that are there."""
    made = []
    for job in jobs:
        renamed = {name: _renamed(job[name], execution_id) for name in ("jobId", "upstreamId") if job.get(name)}
        made.append(Tagged(Put(EXECUTIONS, {**job, **renamed, "pk": str(execution_id)}, Absent()), "job"))
    return made


def _renamed(job_id: str, execution_id: int) -> str:
    return f"{execution_id}-{job_id.partition('-')[2]}"
