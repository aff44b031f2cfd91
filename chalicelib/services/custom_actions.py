"""``<collection>:trigger`` and ``workflows:trigger``: the custom action event.

The order is NocoBase's (https://docs.nocobase.com/workflow/triggers/custom-action): who calls (401), may they (403), which workflows,
which rows; then the synchronous ones one after the other, each in a unit of its own, then the asynchronous ones are queued. A warm
call is two requests: one read that asks for everything at once, one write.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import execution_key
from chalicelib.domain.record import Record, Row
from chalicelib.domain.status import ERROR, QUEUEING, RESOLVED
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import execution_writes, mark_frozen, walk
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import Forbidden, Invalid, Json, TooLarge
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, kind_of
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import NO_PERMISSIONS
from chalicelib.services.trigger_plan import Plan, Planner, Selected

FAILED_MESSAGE = "Workflow on your action failed, please contact the administrator"


@dataclass
class Progress:
    """What outlives a walk that starts again: ids given, executions committed, and the write of the key that came before."""

    ids: dict[str, int] = field(default_factory=dict)
    done: dict[str, Execution] = field(default_factory=dict)
    kept_doc: str | None = None
    collisions: int = 0
    records: list[Record] | None = None
    missing: list[Json] = field(default_factory=list)
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def keep_rows(self, plan: Plan) -> None:
        """The rows of the first walk stay the call's rows, each as it is now; one that a workflow removed stays as it was."""
        if self.done:
            now = {record.id: record for record in plan.records or []}
            plan.records = None if self.records is None else [now.get(record.id, record) for record in self.records]
            plan.missing = self.missing
        self.records, self.missing = plan.records, plan.missing


class CustomActions:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def trigger(self, call: Call) -> Answer:
        """Run what the call selects. Raises AppError."""
        progress = Progress()
        return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, lambda n: self._walk(call, progress, n)))

    def _walk(self, call: Call, progress: Progress, number: int) -> Answer:
        reads, definitions = self._backend.reading()
        plan = reads.resolve(Planner(self._backend, reads, definitions, call, begun=bool(progress.done)).plan)
        progress.keep_rows(plan)
        if plan.replay and plan.replay.answer:
            return plan.replay.answer
        if plan.replay:
            self._resume(progress, plan, plan.replay)
        try:
            return _Run(self._backend, reads, definitions, call, plan, progress).answer()
        except Replayed:
            raise Stale from None

    def _resume(self, progress: Progress, plan: Plan, begun: idempotency.Replay) -> None:
        """An earlier try of the same key began and did not end: what it committed stays, the rest runs now."""
        progress.ids.update(begun.executions)
        progress.kept_doc = begun.doc
        for selected in plan.selected:
            execution_id = begun.executions.get(selected.workflow.key)
            if execution_id is None:
                continue
            key = execution_key(execution_id)
            item = self._backend.store.batch_get([key]).get(key)
            if item:
                progress.done[selected.workflow.key] = restored(item, selected.workflow)


class _Run:
    """Runs the plan's workflows and makes the answer; one object per walk."""

    def __init__(self, backend: Backend, reads: Reads, definitions: Definitions, call: Call, plan: Plan, progress: Progress) -> None:
        self._backend = backend
        self._reads = reads
        self._definitions = definitions
        self._call = call
        self._plan = plan
        self._progress = progress
        self._now_ms = backend.clock.now_ms()

    def answer(self) -> Answer:
        """Raises Stale (walk again), and what a run or a commit raises."""
        synchronous = [one for one in self._plan.selected if one.workflow.sync]
        queued = [one for one in self._plan.selected if not one.workflow.sync]
        for one in self._plan.selected:
            self._progress.ids.setdefault(one.workflow.key, fresh_id(self._now_ms + len(self._progress.ids)))
        for position, one in enumerate(synchronous):
            execution = self._progress.done.get(one.workflow.key)
            if execution is None:
                last = position + 1 == len(synchronous)
                execution = self._execute(one, queued if last else [], last)
            if execution.ended_by_end or execution.status != RESOLVED:
                break
        else:
            if not synchronous:
                self._queue(queued)
        return self._compose()

    def _execute(self, one: Selected, queued: Sequence[Selected], last: bool) -> Execution:
        """Walk one synchronous workflow and commit it (with the asynchronous ones, when it is the last and did not stop the call)."""
        execution = self._new_execution(one)
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed=f"{execution.id}/{self._progress.collisions}")
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        execution.context = self._context(one, records)
        unit.guard(record for record in self._rows(records) if self._reads.items.get(record.key))
        walk(execution, records, self._backend.clock, answers=True, deadline_ms=self._call.deadline_ms, timezone=self._call.timezone)
        self._progress.done[one.workflow.key] = execution
        try:
            goes_on = execution.status == RESOLVED and not execution.ended_by_end
            waiting = [self._new_execution(other, records) for other in queued] if goes_on else []
            for other in waiting:
                self._progress.done[other.workflow.key] = other
            self._commit([execution, *waiting], unit.writes(), last or not goes_on)
        except (Invalid, TooLarge) as refusal:
            return self._refused(execution, waiting, refusal)
        except BaseException:
            for key in [execution.workflow.key, *(other.workflow.key for other in queued)]:
                self._progress.done.pop(key, None)
            raise
        unit.committed()
        return execution

    def _refused(self, execution: Execution, waiting: Sequence[Execution], refusal: Invalid | TooLarge) -> Execution:
        """A unique value that is taken shows only at the commit, as does a unit too large: nothing was written, the history says why.

        The first is a 400 that names the field; the second is no fault of the caller's but the last node's."""
        for other in waiting:
            self._progress.done.pop(other.workflow.key, None)
        execution.status, execution.ended_by_end, execution.reason = ERROR, False, refusal.code
        if isinstance(refusal, Invalid):
            execution.refusal = [problem.to_json() for problem in refusal.problems()]
        else:
            last = execution.jobs[-1]
            last.status, last.result = ERROR, {"message": refusal.message, "code": refusal.code}
        execution.messages.clear()
        self._commit([execution], [], True)
        return execution

    def _queue(self, queued: Sequence[Selected]) -> None:
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed="queue")
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        waiting = [self._new_execution(one, records) for one in queued if one.workflow.key not in self._progress.done]
        self._progress.done.update({execution.workflow.key: execution for execution in waiting})
        try:
            self._commit(waiting, [], True)
        except BaseException:
            for execution in waiting:
                self._progress.done.pop(execution.workflow.key)
            raise

    def _new_execution(self, one: Selected, records: UnitRecords | None = None) -> Execution:
        """A started execution; with ``records`` a queued one, its context already loaded."""
        plan = self._plan
        touched = f"{plan.collection.name}/{plan.records[0].id}" if plan.collection and plan.records and not plan.many else None
        execution = Execution(self._progress.ids[one.workflow.key], one.workflow, {}, iso_text(self._now_ms), touched)
        if records is not None:
            execution.status = QUEUEING
            execution.context = self._context(one, records)
        return execution

    def _commit(self, executions: Sequence[Execution], record_writes: Sequence[Json], final: bool) -> None:
        token = self._progress.token
        tagged = [write for execution in executions for write in execution_writes(self._definitions, execution, token, self._backend.now())]
        kept = self._keep(final)
        tagged += [*record_writes, *kept]
        try:
            commit(self._backend.store, self._backend.clock, tagged, self._call.deadline_ms)
        except AlreadyCommitted as there:
            self._settle(executions, there, token)
        if kept and not final:
            self._progress.kept_doc = kept[0].write.item["doc"]
        for execution in executions:
            mark_frozen(self._definitions, execution.workflow)

    def _settle(self, executions: Sequence[Execution], there: AlreadyCommitted, token: str) -> None:
        """Ours, by an earlier send that was not heard: done. Somebody else's id: take another and walk again."""
        stored = restored(there.item, executions[0].workflow)
        if stored.token == token:
            return
        if self._plan.replay is None:
            for execution in executions:
                self._progress.ids[execution.workflow.key] = fresh_id(self._backend.clock.now_ms())
            self._progress.collisions += 1
        raise Stale

    def _keep(self, final: bool) -> list[Json]:
        """The Idempotency-Key's write: the answer with the last commit, the ids with the first of several."""
        if self._call.idempotency_key is None or not (final or self._progress.kept_doc is None):
            return []
        now_s, caller = self._now_ms // 1000, self._plan.caller
        answer = self._compose() if final else None
        kept = idempotency.keep(self._call, caller, now_s, answer, self._progress.ids, self._progress.kept_doc)
        return list(kept)

    def _context(self, one: Selected, records: UnitRecords) -> dict[str, Json]:
        caller = self._plan.caller
        return {"data": self._data(one, records), "user": caller.row(), "roleName": caller.role_name}

    def _data(self, one: Selected, records: UnitRecords) -> Json:
        """``$context.data``: the body, or the rows with the body's properties over them; see the module's page."""
        plan, body = self._plan, self._call.body if self._call.body is not None else {}
        form = _at_path(body, one.path) if one.path else body
        if plan.records is None or plan.collection is None:
            return form
        if one.association:
            rows = self._associated(one, records, self._rows(records), form)
            return rows if plan.many else rows[0]
        if one.path and form is None:
            form = {}
        if not isinstance(form, dict):
            raise Invalid(f"with filterByTk the body must be an object that overwrites the record, not {kind_of(form)}", path="body")
        appends = one.workflow.config.get("appends") or []
        rows = records.rows(plan.collection, self._rows(records), appends)
        overlaid: list[Json] = [row | form | {"id": row["id"]} for row in rows]
        return overlaid if plan.many else overlaid[0]

    def _rows(self, records: UnitRecords) -> list[Record]:
        """The call's rows as the workflows before have left them."""
        plan = self._plan
        if plan.collection is None:
            return []
        return [records.unit.get(plan.collection, record.id) or record for record in plan.records or []]

    def _associated(self, one: Selected, records: UnitRecords, owners: Sequence[Record], form: Json) -> list[Json]:
        """The associated record of each row: from the body when it carries one, else loaded."""
        if form is not None:
            return [form for _ in owners]
        path = ".".join(one.path)
        assert self._plan.collection is not None
        appends = [f"{path}.{name}" for name in one.workflow.config.get("appends") or []]
        rows = records.rows(self._plan.collection, owners, [path, *appends])
        found = [_at_path(row, one.path) for row in rows]
        self._check_view(one, records, found)
        return found

    def _check_view(self, one: Selected, records: UnitRecords, found: Sequence[Json]) -> None:
        """A record that is loaded through an association must be one that the caller may view. Raises Forbidden."""
        seen = PermittedRecords(records.unit, self._definitions, self._plan.caller, self._call, self._now_ms)
        target = records.collection(one.workflow.config.get("collection") or "")
        seen.readable(target.name)
        for row in found:
            record = records.unit.get(target, row["id"]) if isinstance(row, dict) else None
            if record is not None and seen.row(record) is None:
                raise Forbidden(NO_PERMISSIONS)

    def _compose(self) -> Answer:
        """The answer as far as things have come."""
        plan, executions = self._plan, [self._progress.done[key] for key in self._keys() if key in self._progress.done]
        meta: dict[str, Json] = {"executions": [execution.summary() for execution in executions]}
        if plan.skipped:
            meta["skipped"] = plan.skipped
        if plan.missing:
            meta["missing"] = plan.missing
        messages = [message for execution in executions for message in execution.messages]
        bad = next((execution for execution in executions if execution.status is not None and execution.status < 0), None)
        if bad is None:
            return Answer(has_data=False, meta=meta, messages=messages)
        if bad.refusal:
            return Answer(status=400, errors=bad.refusal, meta=meta)
        if bad.ended_by_end:
            text = f'Workflow "{bad.workflow.title}" ended as failed'
            errors: list[Row] = [{"message": m} for m in messages] or [{"message": text, "code": "WORKFLOW_ENDED"}]
            return Answer(status=400, errors=errors, meta=meta)
        return Answer(status=500, errors=[_failure(bad)], meta=meta)

    def _keys(self) -> list[str]:
        ordered = sorted(self._plan.selected, key=lambda one: not one.workflow.sync)
        return [one.workflow.key for one in ordered]


def _failure(execution: Execution) -> Row:
    job = execution.failed_job
    error: Row = {"message": FAILED_MESSAGE, "code": "WORKFLOW_FAILED", "executionId": execution.id}
    return error | ({"node": job.node.title, "nodeKey": job.node.key} if job else {})


def _at_path(value: Json, path: Sequence[str]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
