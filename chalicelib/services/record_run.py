"""One record action with the workflows around it.

Pre-action workflows, the action itself, what its writes set off and ``atomic`` post-action workflows share one unit of work: any of them
that does not succeed leaves nothing but its history. Then the record is committed, asynchronous workflows with it, and every other
synchronous post-action workflow runs in a unit of its own; the record stays, whatever becomes of it. A call that sets nothing off is one
read and one write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.keys import execution_key
from chalicelib.domain.record import Record
from chalicelib.domain.status import RESOLVED
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import Replayed, Stale, store_errors, walk_until_committed
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Savepoint
from chalicelib.errors import Forbidden, Json, Unprocessable
from chalicelib.services import idempotency
from chalicelib.services.action_events import asked_of
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dry_run import naming_no_execution, would_be
from chalicelib.services.opened import Opened
from chalicelib.services.post_actions import Following
from chalicelib.services.run_answers import stops
from chalicelib.services.run_ledger import Event, Progress, RunLedger, data_of
from chalicelib.services.session import NO_PERMISSIONS
from chalicelib.services.spilling import Spilling


@dataclass(frozen=True)
class Done:
    """What the action answers, and the records it created or updated; ``again`` makes the answer of the records as they will be committed,
    after what workflows did to them."""

    answer: Answer
    records: Sequence[Record] = ()
    again: Callable[[Sequence[Record]], Answer] | None = None


def perform(backend: Backend, call: Call, open_call: Callable[[], Opened], act: Callable[[Opened], Done]) -> Answer:
    """The answer of the action and everything around it. ``act`` stages the writes; it may be called again from a fresh read."""
    progress = Progress(Spilling(call, backend.effects(call.dry_run)))

    def once(number: int) -> _Run:
        run = _Run(backend, call, open_call(), progress)
        try:
            run.first(act)
        except Replayed:
            raise Stale from None
        return run

    with naming_no_execution(call):
        return store_errors(lambda: walk_until_committed(backend.clock, call.deadline_ms, once).finish())


class _Run:
    """One walk of one call."""

    def __init__(self, backend: Backend, call: Call, opened: Opened, progress: Progress) -> None:
        self._backend = backend
        self._call = call
        self._opened = opened
        self._progress = progress
        self._unit = opened.records.unit
        self._now_ms = backend.clock.now_ms()
        self._runner = backend.runner(progress.spilling.effects, deadline_ms=call.deadline_ms, timezone=call.timezone)
        self._system = UnitRecords(self._unit, opened.records.definitions, now_ms=self._now_ms, timezone=call.timezone)
        opened.records.runner = self._system.runner = self._runner
        self._ledger = RunLedger(backend, call, opened, progress)
        self._ends = self._alone = False

    def first(self, act: Callable[[Opened], Done]) -> None:
        """Everything up to the first commit. Raises Stale, and what the action raises."""
        replay = self._opened.replay
        if replay:
            replay.check_role(self._opened.caller.role_name)
        if replay and replay.answer:
            self._ledger.answer, self._ends = replay.answer, True
        elif replay:
            self._resume(replay)
        else:
            self._begin(act)

    def _begin(self, act: Callable[[Opened], Done]) -> None:
        before = self._unit.savepoint()
        if self._intercepted(before):
            return
        try:
            done = act(self._opened)
            self._opened.records.settle()
        except Unprocessable as taken_back:
            if taken_back.code == "WORKFLOW_ROLLBACK_ON_FAILURE":
                self._drop(before, kept=False)
            raise
        self._ledger.answer = done.answer
        self._bind(done.records)
        if not self._atomic(before):
            self._show_again(done)
            self._commit_first()

    def _show_again(self, done: Done) -> None:
        now = [self._unit.get(record.collection, record.id) for record in done.records]
        if done.again is not None and any(record is not before for record, before in zip(now, done.records, strict=True)):
            self._ledger.answer = done.again([record or before for record, before in zip(now, done.records, strict=True)])

    def _intercepted(self, before: Savepoint) -> bool:
        """Run the pre-action workflows; True when one of them keeps the action from being done."""
        call, caller = self._call, self._opened.caller
        params = asked_of(call)
        for workflow in self._opened.bound.before:
            context = {"params": params, "user": caller.row(), "roleName": caller.role_name}
            execution = self._ledger.execution(workflow, f"before {workflow.key}", context)
            self._ledger.ran.append(execution)
            self._runner.walk(execution, self._system, answers=True)
            if stops(execution):
                self._stop(execution, before)
                return True
        return False

    def _stop(self, execution: Execution, before: Savepoint) -> None:
        """The workflow's word is the answer; what it and those before it wrote stays only when it ended well."""
        self._ends = True
        self._ledger.answer = Answer(has_data=False)
        if execution.status != RESOLVED:
            self._drop(before)
        else:
            self._commit(self._ledger.ran, final=True)

    def _drop(self, before: Savepoint, *, kept: bool = True) -> None:
        """Write nothing but the history of what ran; ``kept``: the answer is one for the Idempotency-Key to keep."""
        self._unit.rollback(before)
        self._ends, self._ledger.answer = True, Answer(has_data=False)
        executions = [*self._ledger.ran, *self._unit.ran]
        self._ledger.write(self._system.definitions, executions, [], final=True if kept else None)

    def _bind(self, records: Sequence[Record]) -> None:
        """The events of the records. Raises Forbidden for an associated record that the caller may not view."""
        events = [Event(after, record) for after in self._opened.bound.after for record in records]
        for event in events:
            row = data_of(event, self._system) if event.after.path else None
            target = self._system.collection(str(event.after.workflow.config.get("collection")))
            found = self._unit.get(target, row["id"]) if isinstance(row, dict) else None
            if found is not None and self._opened.records.row(found) is None:
                raise Forbidden(NO_PERMISSIONS)
        self._ledger.events = [event for event in events if event.after.workflow.sync]
        self._ledger.queued = [event for event in events if not event.after.workflow.sync]

    def _atomic(self, before: Savepoint) -> bool:
        """Run what must succeed together with the record; True when it did not, or ended the call."""
        together = [event for event in self._ledger.events if event.after.workflow.config.get("atomic")]
        self._ledger.events = [event for event in self._ledger.events if event not in together]
        for event in together:
            execution = self._ledger.of_event(event, self._system)
            self._ledger.ran.append(execution)
            self._runner.walk(execution, self._system, answers=True)
            if execution.status != RESOLVED:
                self._drop(before)
                return True
            if execution.ended_by_end:
                self._ledger.events, self._ledger.queued = [], []
        return False

    def _commit_first(self) -> None:
        self._alone = alone = not self._ledger.events
        self._commit([*self._ledger.ran, *(self._ledger.waiting(self._system) if alone else [])], final=alone)

    def _resume(self, replay: idempotency.Replay) -> None:
        """An earlier try of the same Idempotency-Key wrote the records and did not end: the workflows that are left run now."""
        self._progress.ids.update(replay.executions)
        self._progress.kept_doc = replay.doc
        found = self._unit.get_many(self._opened.subject or self._opened.collection, replay.records)
        records = [record for record in found if record]
        rows: list[Json] = [self._opened.records.row(record) or {"id": record.id} for record in records]
        self._ledger.answer = Answer(rows if self._call.action == "update" else rows[0] if rows else None)
        self._bind(records)
        self._unit.reads.load(map(execution_key, replay.executions.values()))
        for workflow in self._opened.bound.before:
            self._restore(f"before {workflow.key}", workflow, replay)
        for event in list(self._ledger.events):
            if self._restore(event.name, event.after.workflow, replay):
                self._ledger.events.remove(event)
                self._ends = self._ends or stops(self._ledger.ran[-1])

    def _restore(self, name: str, workflow: Workflow, replay: idempotency.Replay) -> bool:
        """Whether the execution was committed; then it is one of those that the call has run."""
        item = self._unit.reads.items.get(execution_key(replay.executions.get(name, 0)))
        if item is not None:
            self._ledger.ran.append(restored(item, workflow))
        return item is not None

    def finish(self) -> Answer:
        """Run what is left, each in a unit of its own; the call's answer."""
        if self._ends and self._opened.replay and self._ledger.answer.whole is not None:
            return self._ledger.answer
        following = Following(self._backend, self._call, self._ledger, self._progress)
        while self._ledger.events and not self._ends:
            event = self._ledger.events.pop(0)
            execution = following.rehearse(event, self._system) if self._call.dry_run else following.run(event, self._system)
            self._ends = stops(execution)
        if not self._call.dry_run:
            return self._ledger.compose()
        if not self._ends and not self._alone:
            self._ledger.waiting(self._system)
        return would_be(self._ledger.compose(), self._opened.records, self._opened.caller, self._progress.spilling.effects)

    def _commit(self, executions: Sequence[Execution], *, final: bool) -> None:
        unit = self._unit
        self._ledger.write(self._system.definitions, [*executions, *unit.ran, *unit.queued], unit.writes(), final=final)
        if not self._call.dry_run:
            unit.committed()
