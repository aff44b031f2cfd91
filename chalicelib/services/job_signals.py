"""Ends a pending job of an asynchronous execution from outside, and tells the machine that waits for it; ``jobs:resume`` over HTTP.

The job's new status and one more signal to the execution are one transaction, together with whatever caused them. Then the task token is
sent: one that was kept before is found by a read after the commit, one that is taken later finds the signal counted and ends its own wait.
Where the sending fails the sweep sends again.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from chalicelib.domain.keys import execution_key, job_key, record_key
from chalicelib.domain.machines import MachineRefused
from chalicelib.domain.ports import EXECUTIONS, Check, Equals, Item, Key, Put, StoreUnavailable, Update
from chalicelib.domain.status import ABORTED, KNOWN, PENDING, STARTED
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import commit, store_errors, walk_until_committed
from chalicelib.engine.execution import is_kept, public_execution
from chalicelib.engine.policies import meta_of, policies_of
from chalicelib.engine.reads import Reads
from chalicelib.engine.stored_jobs import StoredJob, ended_item, parse_jobs, public_jobs, read_all
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.nodes import NODE_TYPES
from chalicelib.observability import logger
from chalicelib.services import machines
from chalicelib.services.attempts import last_attempt, next_attempt
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.endings import PARENT_ABORTED, end_now
from chalicelib.services.executions import execution_id_of_job
from chalicelib.services.session import NO_PERMISSIONS, signed_in

NOT_OPEN = "NOT_OPEN"
ACCEPTED = 202


@dataclass(frozen=True)
class ReadJob:
    """A job with its execution and the version that runs, as one walk of a call read them."""

    execution: Item
    item: Item
    version: Item

    @property
    def execution_id(self) -> int:
        return int(self.execution["id"])

    @cached_property
    def workflow(self) -> Workflow:
        row = self.version["data"] | {"id": self.execution["workflowId"]}
        return Workflow.of(row, frozen=True, version=self.version["version"])

    @cached_property
    def stored(self) -> StoredJob:
        """Raises Invalid when the version has lost the node."""
        found = parse_jobs([self.item], self.workflow.graph)
        if not found:
            raise Invalid("the node of this job is gone", code=NOT_OPEN)
        return found[0]

    def must_be_open(self, now_ms: int) -> None:
        """Raises Invalid unless the execution runs and the job waits."""
        expires_ms = self.execution.get("expiresAt")
        if self.execution.get("status") != STARTED:
            raise Invalid("the execution has ended: nothing waits there any more", code=NOT_OPEN)
        if expires_ms is not None and now_ms >= expires_ms:
            raise Invalid("the time of the execution is over: nothing waits there any more", code=NOT_OPEN)
        if self.item["status"] != PENDING:
            raise Invalid(f"the job has ended already, with status {self.item['status']}", code=NOT_OPEN)
        if self._is_late(now_ms):
            raise Invalid("the time of the node is over: nothing waits there any more", code=NOT_OPEN)

    def _is_late(self, now_ms: int) -> bool:
        """Whether the node's ``timeoutSeconds`` are over, though no walk has come by since."""
        due_ms, stored = self.item.get("dueAt"), self.stored
        is_timed = policies_of(self.workflow)[stored.job.node.id].timeout_ms is not None
        return is_timed and due_ms is not None and now_ms >= due_ms and not stored.awaits_retry

    def check_writes(self) -> list[Tagged]:
        """Conditions under which the job is still open at the commit."""
        job = Key(EXECUTIONS, self.item["pk"], self.item["sk"])
        own = Check(execution_key(self.execution_id), Equals({"status": STARTED}))
        return [Tagged(Check(job, Equals({"status": PENDING})), "other"), Tagged(own, "other")]

    def writes(self, status: int, result: Json, now: str) -> list[Tagged]:
        """The writes that give the job this status and result, and signal the execution unless the job still waits. Raises TooLarge.

        They are refused when the job has been changed from outside since it was read (``told`` counts that), or is no longer open."""
        told = self.item.get("told") or 0
        changed, parts = ended_item(self.item | {"told": told + 1}, status, result, now)
        kept = Put(EXECUTIONS, changed, Equals({"status": PENDING, "told": told or None}))
        own, is_open = execution_key(self.execution_id), Equals({"status": STARTED})
        heard = Check(own, is_open) if status == PENDING else Update(own, add={"signals": 1}, condition=is_open)
        return [Tagged(kept, "job"), *(Tagged(Put(EXECUTIONS, part), "other") for part in parts), Tagged(heard, "other")]

    def answer(self, *items: Item) -> Answer:
        """The job as it is in these items, its own and those of its parts."""
        return Answer(public_jobs(items, self.execution_id)[0], status=ACCEPTED)


def read_job(reads: Reads, execution_id: int, place: str, version_id: int) -> ReadJob:
    """The job at a place (``<location>#<node key>``). Raises Invalid when it, its execution or the version is gone."""
    keys = (execution_key(execution_id), job_key(execution_id, place), record_key(WORKFLOWS.uid, version_id))
    reads.load(keys)
    execution, item, version = (reads.items.get(key) for key in keys)
    if execution is None or item is None or version is None:
        raise Invalid("the execution or its workflow is no longer there: nothing waits any more", code=NOT_OPEN)
    return ReadJob(execution, item, version)


def signal(backend: Backend, execution_id: int) -> None:
    """Send the token of the task that waits, if one does; after the commit that counted the signal."""
    key = execution_key(execution_id)
    try:
        token = (backend.store.batch_get([key]).get(key) or {}).get("taskToken")
        if token:
            backend.machines.send(str(token))
    except (MachineRefused, StoreUnavailable) as lost:
        logger.warning("execution %s was not told at once, the sweep will: %s", execution_id, lost)


class JobSignals:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def resume(self, call: Call) -> Answer:
        """Gives a job that waits a ``status`` and a ``result``; the execution goes on. Without a status, or with 0, nothing changes."""

        def walk(number: int) -> tuple[Answer, ReadJob | None]:
            reads, definitions = self._backend.reading()
            if not signed_in(self._backend, reads, definitions, call).is_root:
                raise Forbidden(NO_PERMISSIONS)
            job = self._read(reads, call)
            job.must_be_open(self._backend.clock.now_ms())
            _must_not_steer(job.stored)
            status, result = _wanted(call, job.stored.job.result)
            if status == PENDING:
                return job.answer(job.item), None
            writes = job.writes(status, result, self._backend.now())
            commit(self._backend.store, self._backend.clock, writes, call.deadline_ms)
            return job.answer(*(one.write.item for one in writes if isinstance(one.write, Put))), job

        answer, ended = store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, walk))
        if ended is not None:
            self._wake(ended)
        return answer

    def _wake(self, job: ReadJob) -> None:
        """Let the execution go on. A machine that waits for a time hears no signal: another attempt takes its place."""
        signal(self._backend, job.execution_id)
        self._let_child_go(job)
        if job.stored.hears_signals:
            return
        own = execution_key(job.execution_id)
        item = self._backend.store.batch_get([own]).get(own)
        if item is not None and item.get("status") == STARTED and next_attempt(self._backend, item, job.workflow) is not None:
            machines.stop(self._backend, job.workflow, job.execution_id, last_attempt(item))

    def _let_child_go(self, job: ReadJob) -> None:
        """End the execution that the job waited for, best effort: one that is not reached runs to an end that changes nothing here."""
        child_id = meta_of(job.stored.job.meta, "executionId")
        if not isinstance(child_id, int):
            return
        try:
            store_errors(lambda: end_now(self._backend, child_id, ABORTED, PARENT_ABORTED))
        except AppError as error:
            logger.warning("execution %s goes on, though nobody waits for it: %s", child_id, error)

    def _read(self, reads: Reads, call: Call) -> ReadJob:
        """The job that the call names. Raises Invalid, NotFound."""
        job_id = call.target_key or ""
        own, items = read_all(self._backend.store, execution_id_of_job(call))
        if own is None or not is_kept(own, self._backend.clock.now_ms()):
            raise NotFound(f"there is no job {job_id}", code="JOB_NOT_FOUND")
        found = next((item for item in items if item.get("jobId") == job_id), None)
        if found is not None:
            version = record_key(WORKFLOWS.uid, own["workflowId"])
            reads.load([version])
            stored = reads.items[version]
            if stored is None:
                raise Invalid("the version of the workflow is gone: nothing can go on", code=NOT_OPEN)
            return ReadJob(own, found, stored)
        if any(job["id"] == job_id for job in public_execution(own)["jobs"]):
            raise Invalid("the execution has ended: nothing waits there any more", code=NOT_OPEN)
        raise NotFound(f"there is no job {job_id}", code="JOB_NOT_FOUND")


def _must_not_steer(stored: StoredJob) -> None:
    if NODE_TYPES[stored.job.node.type].steer is not None:
        raise Invalid(f'"{stored.job.node.title}" waits for what is in its branches: resume the job that waits there', path="filterByTk")


def _wanted(call: Call, result: Json) -> tuple[int, Json]:
    """Status and result of the body. Raises Invalid with every mistake."""
    values = call.values()
    found = [
        Problem(f'"{name}" of a job cannot be set; "status" and "result" can', name) for name in values if name not in ("status", "result")
    ]
    status = values.get("status")
    if status is not None and (type(status) is not int or status not in KNOWN):
        found.append(Problem(f"a status is one of {', '.join(map(str, sorted(KNOWN)))}", "status"))
    if found:
        raise Invalid.of(found)
    return status or PENDING, values.get("result", result)
