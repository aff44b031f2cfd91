"""``<collection>:trigger`` and ``workflows:trigger``: the custom action event.

The order is NocoBase's (https://docs.nocobase.com/workflow/triggers/custom-action): who calls (401), may they (403), which workflows,
which rows; then the synchronous ones one after the other, each in a unit of its own, then the asynchronous ones are queued. A warm
call is two requests: one read that asks for everything at once, one write.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import execution_key
from chalicelib.domain.record import Record
from chalicelib.domain.status import QUEUEING
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.ports import Effects
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Invalid, Json, TooLarge
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import after_commit
from chalicelib.services.dry_run import Rehearsal, naming_no_execution, would_be
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.run_answers import failed, messages_of, note_refusal, refused_answer, stops
from chalicelib.services.session import Caller
from chalicelib.services.trigger_contexts import TriggerContexts
from chalicelib.services.trigger_plan import Ids, Plan, Planner, Selected

Check = Callable[[Caller, Record | None, UnitRecords], None]


@dataclass
class Progress:
    """What outlives a walk that starts again: ids given, executions committed, effects had, and the write of the key that came before."""

    effects: Effects
    ids: dict[str, int] = field(default_factory=dict)
    done: dict[str, Execution] = field(default_factory=dict)
    kept_doc: str | None = None
    collisions: int = 0
    records: list[Record] | None = None
    missing: list[Json] = field(default_factory=list)
    among: Ids | None = None
    check: Check | None = None
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

    def trigger(self, call: Call, among: Ids | None = None, check: Check | None = None) -> Answer:
        """Run what the call selects. Raises AppError."""
        # Other rows than those ``among`` count as missing, and ``check`` may refuse one as it is in this very walk; said here, since the
        # docstring is part of the published reference.
        progress = Progress(self._backend.effects(call.dry_run), among=among, check=check)
        with naming_no_execution(call):
            return store_errors(
                lambda: walk_until_committed(self._backend.clock, call.deadline_ms, lambda n: self._walk(call, progress, n))
            )

    def _walk(self, call: Call, progress: Progress, number: int) -> Answer:
        reads, definitions = self._backend.reading()
        plan = reads.resolve(Planner(self._backend, reads, definitions, call, begun=bool(progress.done), among=progress.among).plan)
        progress.keep_rows(plan)
        if plan.replay and plan.replay.answer:
            return plan.replay.answer
        if plan.replay:
            self._resume(progress, plan, plan.replay)
        elif progress.check and not progress.done:
            unit = self._backend.unit(reads, user_id=None, at_ms=self._backend.clock.now_ms(), seed="rules")
            records = UnitRecords(unit, definitions, now_ms=self._backend.clock.now_ms(), timezone=call.timezone)
            for record in plan.records or []:
                progress.check(plan.caller, record, records)
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
        self._runner = backend.runner(progress.effects, deadline_ms=call.deadline_ms, timezone=call.timezone)
        self._dry_unit: UnitOfWork | None = None
        self._rehearsal = Rehearsal(backend.store)
        self._contexts = TriggerContexts(definitions, call, plan, self._now_ms)

    def answer(self) -> Answer:
        """Raises Stale (walk again), and what a run or a commit raises."""
        synchronous = [one for one in self._plan.selected if one.workflow.sync]
        queued = [one for one in self._plan.selected if not one.workflow.sync]
        for one in self._plan.selected:
            self._progress.ids.setdefault(one.workflow.key, fresh_id(self._now_ms + len(self._progress.ids)))
        for position, one in enumerate(synchronous):
            execution = self._progress.done.get(one.workflow.key)
            if execution is None:
                last = position + 1 == len(synchronous) and self._plan.nothing is None
                execution = self._execute(one, queued if last else [], last)
            if stops(execution):
                break
        else:
            if self._plan.nothing is not None:
                raise self._plan.nothing
            if not synchronous:
                self._queue(queued)
        answer = self._compose()
        if self._dry_unit is None:
            return answer
        seen = PermittedRecords(self._dry_unit, self._definitions, self._plan.caller, self._call, self._now_ms)
        return would_be(answer, seen, self._plan.caller, self._progress.effects)

    def _unit(self, seed: str) -> UnitOfWork:
        """A unit of its own for each workflow; in a dry run one for all, since nothing is there to be read after."""
        if self._dry_unit is not None:
            return self._dry_unit
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed=seed)
        if self._call.dry_run:
            self._dry_unit = unit
        return unit

    def _execute(self, one: Selected, queued: Sequence[Selected], last: bool) -> Execution:
        """Walk one synchronous workflow and commit it (with the asynchronous ones, when it is the last and did not stop the call)."""
        execution = self._new_execution(one)
        unit = self._unit(f"{execution.id}/{self._progress.collisions}")
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        execution.context = self._contexts.of(one, records)
        unit.guard(record for record in self._contexts.rows(records) if self._reads.items.get(record.key))
        before = unit.savepoint()
        self._runner.walk(execution, records, answers=True)
        self._progress.done[one.workflow.key] = execution
        try:
            goes_on = not stops(execution)
            waiting = [self._new_execution(other, records) for other in queued] if goes_on else []
            for other in waiting:
                self._progress.done[other.workflow.key] = other
            self._commit([execution, *unit.ran, *unit.queued, *waiting], unit.writes(), last or not goes_on)
        except (Invalid, TooLarge) as refusal:
            unit.rollback(before)
            return self._refused(execution, waiting, refusal)
        except BaseException:
            for key in [execution.workflow.key, *(other.workflow.key for other in queued)]:
                self._progress.done.pop(key, None)
            raise
        if not self._call.dry_run:
            unit.committed()
        return execution

    def _refused(self, execution: Execution, waiting: Sequence[Execution], refusal: Invalid | TooLarge) -> Execution:
        """Nothing was written but the history that says why."""
        for other in waiting:
            self._progress.done.pop(other.workflow.key, None)
        note_refusal(execution, refusal)
        self._commit([execution], [], True)
        return execution

    def _queue(self, queued: Sequence[Selected]) -> None:
        unit = self._unit("queue")
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
            execution.context = self._contexts.of(one, records)
        return execution

    def _commit(self, executions: Sequence[Execution], record_writes: Sequence[Json], final: bool) -> None:
        token = self._progress.token
        tagged = run_writes(self._definitions, executions, token, self._backend.now())
        if self._call.dry_run:
            return self._rehearsal.commit([*tagged, *record_writes])
        kept = self._keep(final)
        tagged += [*record_writes, *kept]
        try:
            commit(self._backend.store, self._backend.clock, tagged, self._call.deadline_ms)
        except AlreadyCommitted as there:
            self._settle(executions, there, token)
        if kept and not final:
            self._progress.kept_doc = kept[0].write.item["doc"]
        return after_commit(self._backend, self._definitions, executions)

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

    def _compose(self) -> Answer:
        """The answer as far as things have come."""
        plan, executions = self._plan, [self._progress.done[key] for key in self._keys() if key in self._progress.done]
        meta: dict[str, Json] = {"executions": [execution.summary() for execution in executions]}
        if plan.skipped:
            meta["skipped"] = plan.skipped
        if plan.missing:
            meta["missing"] = plan.missing
        messages, bad = messages_of(executions), failed(executions)
        if bad is None:
            return Answer(has_data=False, meta=meta, messages=messages)
        return refused_answer(bad, messages, meta)

    def _keys(self) -> list[str]:
        ordered = sorted(self._plan.selected, key=lambda one: not one.workflow.sync)
        return [one.workflow.key for one in ordered]
