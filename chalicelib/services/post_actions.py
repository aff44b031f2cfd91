"""Synchronous post-action workflows, after the record is there: each in a unit of its own; the record stays, whatever becomes of them.

One that has no time to come to its end is queued where it allows that (``options.spillToAsync``), and with it what was to come after it.
Source: https://docs.nocobase.com/workflow/triggers/post-action
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.keys import EPOCH
from chalicelib.engine.commit import store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.execution import Execution
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import Conflict, DeadlineExceeded, Invalid, TooLarge, Unavailable
from chalicelib.services.backend import Backend
from chalicelib.services.call import Call
from chalicelib.services.run_answers import note_refusal, staying, stops
from chalicelib.services.run_ledger import Event, Progress, RunLedger
from chalicelib.services.spilling import beside, too_large


@dataclass(frozen=True)
class Following:
    """What follows the record in one call; ``ledger`` holds what has run and what is left."""

    backend: Backend
    call: Call
    ledger: RunLedger
    progress: Progress

    def rehearse(self, event: Event, records: UnitRecords) -> Execution:
        """Walk the event's workflow in the one unit of a dry run."""
        unit = records.unit
        execution = self.ledger.of_event(event, records)
        self.ledger.ran.append(execution)
        before, others = unit.savepoint(), len(unit.ran)
        self.progress.spilling.runner(self.backend, execution.workflow).walk(execution, records, answers=True)
        try:
            self.ledger.write(records.definitions, [execution, *unit.ran[others:]], unit.writes(), final=False)
        except (Invalid, TooLarge) as refusal:
            unit.rollback(before)
            note_refusal(execution, refusal)
        return execution

    def run(self, event: Event, system: UnitRecords) -> Execution:
        """Walk the event's workflow and commit it, or queue it.

        Raises DeadlineExceeded, Conflict and Unavailable, whose ``result`` tells of the records: they are there nevertheless."""

        def once(number: int) -> Execution:
            reads, definitions = (system.unit.reads, system.definitions) if number == 0 else self.backend.reading()
            reads.load([EPOCH])
            return self._walk(event, reads, definitions, f"{self.progress.token}/{event.name}/{number}")

        try:
            return store_errors(lambda: walk_until_committed(self.backend.clock, self.call.deadline_ms, once))
        except (Conflict, DeadlineExceeded, Unavailable) as lost:
            told = beside(lost, self.ledger.ran, records=True)
            told.result = staying(self.ledger.answer.data)
            raise told from lost

    def _walk(self, event: Event, reads: Reads, definitions: Definitions, seed: str) -> Execution:
        spilling, at_ms = self.progress.spilling, self.ledger.now_ms
        unit = self.backend.unit(reads, user_id=None, at_ms=at_ms, seed=seed)
        records = UnitRecords(unit, definitions, now_ms=at_ms, timezone=self.call.timezone)
        execution = self.ledger.of_event(event, records)
        there = unit.get(event.record.collection, event.record.id)
        unit.guard([there] if there else [])
        before = unit.savepoint()
        try:
            spilling.begin(event.name, execution.workflow, self.backend.clock)
            spilling.runner(self.backend, execution.workflow).walk(execution, records, answers=True)
        except DeadlineExceeded as over:
            if not spilling.allows(execution.workflow):
                raise
            unit.rollback(before)
            return self._spill(spilling.spill(event.name, execution, seed, at_ms), records, over)
        self._commit(execution, records)
        return execution

    def _commit(self, execution: Execution, records: UnitRecords) -> None:
        ledger, unit = self.ledger, records.unit
        ledger.ran.append(execution)
        last = not ledger.events or stops(execution)
        waiting = ledger.waiting(records) if last and not stops(execution) else []
        try:
            ledger.write(records.definitions, [execution, *unit.ran, *unit.queued, *waiting], unit.writes(), final=last)
        except (Invalid, TooLarge) as refusal:
            note_refusal(execution, refusal)
            ledger.forget(waiting)
            ledger.write(records.definitions, [execution], [], final=True)
        except BaseException:
            ledger.forget([execution, *waiting])
            raise
        unit.committed()

    def _spill(self, spilled: Execution, records: UnitRecords, over: DeadlineExceeded) -> Execution:
        """Nothing of the run is written: it is queued, and with it what was to come after it, as far as that can be."""
        ledger, spilling = self.ledger, self.progress.spilling
        going = [event for event in ledger.events if event.after.workflow.needs_machine]
        left_out = [spilling.left_out(event.after.workflow, spilled.workflow) for event in ledger.events if event not in going]
        following = [spilling.follow(ledger.of_event(event, records)) for event in going]
        ledger.ran += [spilled, *following]
        waiting = ledger.waiting(records)
        ledger.left_out = left_out
        try:
            ledger.write(records.definitions, [spilled, *following, *waiting], [], final=True)
        except BaseException as error:
            ledger.forget([spilled, *following, *waiting])
            if isinstance(error, TooLarge):
                raise too_large(over, error) from error
            raise
        return spilled
