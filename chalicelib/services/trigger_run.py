"""The workflows of one ``:trigger`` call, one after the other: each synchronous one in a unit of its own, then the asynchronous ones.

One that has no time to come to its end is queued where it allows that (``options.spillToAsync``), and with it what was to come after it.
Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.record import Record
from chalicelib.engine.commit import AlreadyCommitted, Stale, commit
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Savepoint, UnitOfWork
from chalicelib.errors import DeadlineExceeded, Invalid, Json, TooLarge
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import after_commit
from chalicelib.services.dry_run import Rehearsal, would_be
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.run_answers import failed, messages_of, note_refusal, refused_answer, stops
from chalicelib.services.session import Caller
from chalicelib.services.spilling import Spilling, beside, too_large
from chalicelib.services.trigger_contexts import TriggerContexts
from chalicelib.services.trigger_plan import Ids, Plan, Selected

Check = Callable[[Caller, Record | None, UnitRecords], None]


@dataclass
class Progress:
    """What outlives a walk that starts again: ids given, executions committed, effects had, and the write of the key that came before."""

    spilling: Spilling
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


class TriggerRun:
    """Runs the plan's workflows and makes the answer; one object per walk."""

    def __init__(self, backend: Backend, reads: Reads, definitions: Definitions, call: Call, plan: Plan, progress: Progress) -> None:
        self._backend = backend
        self._reads = reads
        self._definitions = definitions
        self._call = call
        self._plan = plan
        self._progress = progress
        self._now_ms = backend.clock.now_ms()
        self._spilling = progress.spilling
        self._left_out: list[Json] = []
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
                execution = self._execute(one, [*synchronous[position + 1 :], *queued])
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
        return would_be(answer, seen, self._plan.caller, self._spilling.effects)

    def _unit(self, seed: str) -> UnitOfWork:
        """A unit of its own for each workflow; in a dry run one for all, since nothing is there to be read after."""
        if self._dry_unit is not None:
            return self._dry_unit
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed=seed)
        if self._call.dry_run:
            self._dry_unit = unit
        return unit

    def _execute(self, one: Selected, later: Sequence[Selected]) -> Execution:
        """Walk one synchronous workflow and commit it (with the asynchronous ones, when it is the last and did not stop the call)."""
        execution, seed = self._new_execution(one), f"{self._progress.ids[one.workflow.key]}/{self._progress.collisions}"
        unit = self._unit(seed)
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        execution.context = self._contexts.of(one, records)
        execution.rows = self._contexts.names(one, execution.context)
        unit.guard(record for record in self._contexts.rows(records) if self._reads.items.get(record.key))
        before = unit.savepoint()
        try:
            self._spilling.begin(one.workflow.key, one.workflow, self._backend.clock)
            self._spilling.runner(self._backend, one.workflow).walk(execution, records, answers=True)
        except DeadlineExceeded as over:
            if not self._spilling.allows(one.workflow):
                raise beside(over, self._executions()) from over
            return self._spill(self._spilling.spill(one.workflow.key, execution, seed, self._now_ms), later, over)
        self._commit_run(execution, records, before, later)
        return execution

    def _commit_run(self, execution: Execution, records: UnitRecords, before: Savepoint, later: Sequence[Selected]) -> None:
        last = self._plan.nothing is None and not any(other.workflow.sync for other in later)
        goes_on, unit = not stops(execution), records.unit
        try:
            waiting = self._all_queued(later, records) if last and goes_on else []
            self._put([execution, *waiting], [*unit.ran, *unit.queued], unit.writes(), last or not goes_on)
        except (Invalid, TooLarge) as refusal:
            unit.rollback(before)
            note_refusal(execution, refusal)
            self._put([execution], [], [], True)
            return
        if not self._call.dry_run:
            unit.committed()

    def _spill(self, spilled: Execution, later: Sequence[Selected], over: DeadlineExceeded) -> Execution:
        """Nothing of the run is written: it is queued, and with it what was to come after it, as far as that can be."""
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed="queue")
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        going = [other for other in later if other.workflow.needs_machine]
        self._left_out = [self._spilling.left_out(other.workflow, spilled.workflow) for other in later if other not in going]
        try:
            self._put([spilled, *self._all_queued(going, records)], [], [], True)
        except TooLarge as refusal:
            raise beside(too_large(over, refusal), self._executions()) from refusal
        return spilled

    def _all_queued(self, those: Sequence[Selected], records: UnitRecords) -> list[Execution]:
        """Executions that begin later, their contexts loaded now."""
        return [self._spilling.follow(self._new_execution(one, records)) for one in those if one.workflow.key not in self._progress.done]

    def _put(self, own: Sequence[Execution], others: Sequence[Execution], writes: Sequence[Json], final: bool) -> None:
        """Commit the call's ``own`` executions, which are done then, with what they set off."""
        done = self._progress.done
        done.update({execution.workflow.key: execution for execution in own})
        try:
            self._commit([own[0], *others, *own[1:]] if own else others, writes, final)
        except BaseException:
            for execution in own:
                done.pop(execution.workflow.key, None)
            raise

    def _queue(self, queued: Sequence[Selected]) -> None:
        records = UnitRecords(self._unit("queue"), self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        self._put(self._all_queued(queued, records), [], [], True)

    def _new_execution(self, one: Selected, records: UnitRecords | None = None) -> Execution:
        """A started execution; with ``records`` its context is loaded."""
        plan = self._plan
        touched = f"{plan.collection.name}/{plan.records[0].id}" if plan.collection and plan.records and not plan.many else None
        execution = Execution(self._progress.ids[one.workflow.key], one.workflow, {}, iso_text(self._now_ms), touched)
        if records is not None:
            execution.context = self._contexts.of(one, records)
            execution.rows = self._contexts.names(one, execution.context)
        return execution

    def _commit(self, executions: Sequence[Execution], record_writes: Sequence[Json], final: bool) -> None:
        token = self._progress.token
        tagged = run_writes(self._definitions, executions, token, self._backend.now(), announces=self._backend.announces)
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
        plan, executions = self._plan, self._executions()
        meta: dict[str, Json] = {"executions": [execution.summary() for execution in executions]}
        if plan.skipped or self._left_out:
            meta["skipped"] = [*plan.skipped, *self._left_out]
        if plan.missing:
            meta["missing"] = plan.missing
        messages, bad = messages_of(executions), failed(executions)
        if bad is None:
            return self._spilling.accepted(Answer(has_data=False, meta=meta, messages=messages), executions)
        return refused_answer(bad, messages, meta)

    def _executions(self) -> list[Execution]:
        """Those of the call so far, synchronous ones first."""
        ordered = sorted(self._plan.selected, key=lambda one: not one.workflow.sync)
        done = self._progress.done
        return [done[one.workflow.key] for one in ordered if one.workflow.key in done]
