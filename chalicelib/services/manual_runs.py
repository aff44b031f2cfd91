"""``workflows:execute``: run a version by hand, enabled or not, synchronous or not, in process as far as it does not have to wait.

Source: https://docs.nocobase.com/workflow/development/api (execute). Nodes that answer a call have no call here.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import StoreUnavailable
from chalicelib.domain.record import Record
from chalicelib.domain.status import QUEUEING, STARTED
from chalicelib.domain.workflow import Workflow, plain_name
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.compiler import waits as waiting
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution
from chalicelib.engine.ports import Effects
from chalicelib.engine.touched import row_names
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Invalid, Json
from chalicelib.nodes import NODE_TYPES
from chalicelib.observability import logger
from chalicelib.services import idempotency
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import FIRST_ATTEMPT, after_commit, start
from chalicelib.services.editing import Editing, open_for
from chalicelib.services.manual_contexts import manual_context
from chalicelib.services.revisions import add_revision
from chalicelib.services.versions import AREA, check, found_version, is_frozen, version_id_of

LONGEST_WALK_MS = 20_000


class ManualRuns:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def execute(self, call: Call) -> Answer:
        """``{"userId", "roleName"?, "data"?, "filterByTk"?}`` → ``{"execution": {"id", "status"}}``.

        A pre-action event takes ``target`` and ``action`` in place of ``data``; a record event ``data`` alone, and the execution is null
        when its condition does not hold.

        With ``autoRevision=1`` also ``"newVersionId"``: a version to go on editing, made in the same transaction. With an
        ``Idempotency-Key`` the same call again runs nothing and answers as the first."""
        if call.body is None:
            raise Invalid("values is required", path="body")
        version_id = version_id_of(call)
        execution_id, effects = fresh_id(self._backend.clock.now_ms()), self._backend.effects()

        def once(number: int) -> Answer:
            editing = open_for(self._backend, call, AREA, f"{execution_id}/{number}")
            there = idempotency.kept_answer(editing.reads, call, editing.caller, self._now_s())
            if there is not None:
                return there
            try:
                return self._run(editing, call, version_id, execution_id, effects)
            except Replayed:
                raise Stale from None

        return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, once))

    def _run(self, editing: Editing, call: Call, version_id: int, execution_id: int, effects: Effects) -> Answer:
        version = found_version(editing, version_id)
        revised = _wants_revision(call.params.get("autoRevision"))
        workflow = _workflow(editing, version)
        check(editing, version.item["data"])
        context = manual_context(editing, workflow, call.values())
        if context is None:
            answer = Answer({"execution": None})
            commit(self._backend.store, self._backend.clock, self._kept(editing, call, answer), call.deadline_ms)
            return answer
        execution = self._begun(editing, call, workflow, context, execution_id, effects)
        new = {"newVersionId": add_revision(editing, version, {}).id} if revised else {}
        answer = _answer_of(execution, execution.status, new)
        kept = self._kept(editing, call, answer)
        self._write(editing, call, execution, kept)
        if execution.status is not QUEUEING:
            return answer
        walked = _answer_of(execution, self._walked(execution, call), new)
        self._keep_again(editing, call, walked, kept)
        return walked

    def _begun(
        self, editing: Editing, call: Call, workflow: Workflow, context: dict[str, Json], execution_id: int, effects: Effects
    ) -> Execution:
        """The execution, walked to its end; queued when it has to wait."""
        execution = Execution(execution_id, workflow, context, iso_text(self._backend.clock.now_ms()), manually=True)
        execution.rows = row_names(plain_name(workflow.config.get("collection") or ""), context.get("data"))
        if has_to_wait(workflow):
            execution.status = QUEUEING
            return execution
        runner = self._backend.runner(effects, deadline_ms=call.deadline_ms, timezone=call.timezone)
        runner.walk(execution, editing.records, answers=False)
        return execution

    def _write(self, editing: Editing, call: Call, execution: Execution, kept: Sequence[Tagged]) -> None:
        """Commit the run, and begin what it has queued. Raises Stale, Replayed, and what else a commit raises."""
        token = call.request_id or secrets.token_hex(8)
        executions = [execution, *editing.unit.ran, *editing.unit.queued]
        now, announces = self._backend.now(), self._backend.announces
        tagged = run_writes(editing.definitions, executions, token, now, announces=announces) + editing.unit.writes()
        try:
            commit(self._backend.store, self._backend.clock, [*tagged, *kept], call.deadline_ms)
        except AlreadyCommitted as there:
            if there.item["id"] != execution.id:
                raise
        is_queued = execution.status is QUEUEING
        after_commit(self._backend, editing.definitions, [one for one in executions if one is not execution or not is_queued])

    def _now_s(self) -> int:
        return self._backend.clock.now_ms() // 1000

    def _kept(self, editing: Editing, call: Call, answer: Answer) -> list[Tagged]:
        """The write that keeps the answer for the call's Idempotency-Key."""
        return idempotency.keep(call, editing.caller, self._now_s(), answer)

    def _keep_again(self, editing: Editing, call: Call, answer: Answer, kept: Sequence[Tagged]) -> None:
        """Keep how far the run had come, best effort: what was kept at first, that it is queued, was true as well."""
        again = idempotency.keep(call, editing.caller, self._now_s(), answer, before=idempotency.doc_of(kept))
        try:
            commit(self._backend.store, self._backend.clock, again, call.deadline_ms)
        except (AppError, StoreUnavailable, Replayed) as lost:
            logger.warning("the answer to the key of execution %s says that it is queued: %s", answer.data["execution"]["id"], lost)

    def _walked(self, execution: Execution, call: Call) -> int | None:
        """The status after the first attempt's walk in this process, as far as that comes; what waits then goes on with its machine."""
        runs = AsyncRuns(self._backend)
        deadline_ms = call.deadline_ms or self._backend.clock.now_ms() + LONGEST_WALK_MS
        try:
            status = runs.walk_in_process(execution.id, FIRST_ATTEMPT, deadline_ms)
        except AppError as error:
            logger.warning("execution %s goes on with its machine: %s", execution.id, error)
            status = STARTED
        if status == STARTED:
            start(self._backend, execution)
        return status


def _answer_of(execution: Execution, status: int | None, more: dict[str, Json]) -> Answer:
    return Answer({"execution": {"id": execution.id, "status": status}, **more})


def has_to_wait(workflow: Workflow) -> bool:
    """Whether the version has nodes that wait, so that no call can see its end. A subflow waits in an asynchronous version only."""
    types = [NODE_TYPES[node.type] for node in workflow.graph.nodes.values() if waiting(node)]
    return any(not (kind.also_sync and workflow.sync) for kind in types)


def _wants_revision(raw: Json) -> bool:
    """Whether the parameter is the number 1. Raises Invalid for what is no number."""
    try:
        return float(raw or 0) == 1 if raw != "false" else False
    except (TypeError, ValueError):
        raise Invalid("autoRevision must be 0 or 1", path="autoRevision") from None


def _workflow(editing: Editing, version: Record) -> Workflow:
    """The version to run; of an enabled one the copy that is kept under its key, which a first run freezes too."""
    key = version.row["key"]
    enabled = editing.reads.resolve(lambda: editing.definitions.workflow(key)) if version.row["enabled"] else None
    if enabled is not None and enabled.id == version.id:
        return enabled
    return Workflow.of(version.row, frozen=is_frozen(version), version=version.version)
