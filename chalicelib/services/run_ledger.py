"""What one call on records has run, and the writes that keep it: executions, the Idempotency-Key's item, the answer.

A call may commit several times: its record first, then each synchronous post-action workflow. What is kept for an Idempotency-Key names
what was begun with the first commit, and the answer with the last.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.record import Record
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.workflow import Workflow, plain_name
from chalicelib.engine.commit import AlreadyCommitted, Stale, commit
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.touched import row_names
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Json
from chalicelib.services import idempotency
from chalicelib.services.action_events import After
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import after_commit
from chalicelib.services.dry_run import Rehearsal
from chalicelib.services.opened import Opened
from chalicelib.services.run_answers import failed, messages_of, refused_answer, staying
from chalicelib.services.spilling import Spilling
from chalicelib.services.trigger_contexts import at_path


@dataclass(frozen=True)
class Event:
    """One record for one post-action workflow."""

    after: After
    record: Record

    @property
    def name(self) -> str:
        return f"{self.after.workflow.key}/{self.record.id}"


@dataclass
class Progress:
    """What outlives a walk that starts again."""

    spilling: Spilling
    ids: dict[str, int] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    kept_doc: str | None = None

    def id_of(self, name: str, now_ms: int) -> int:
        return self.ids.setdefault(name, fresh_id(now_ms + len(self.ids)))


class RunLedger:
    """``ran``: the executions of the call so far; ``events``: those that are still to run in units of their own; ``queued``: those of
    asynchronous workflows; ``left_out``: why others are none."""

    def __init__(self, backend: Backend, call: Call, opened: Opened, progress: Progress) -> None:
        self._backend = backend
        self._call = call
        self._opened = opened
        self._progress = progress
        self.now_ms = backend.clock.now_ms()
        self._rehearsal = Rehearsal(backend.store)
        self.answer = Answer()
        self.ran: list[Execution] = []
        self.events: list[Event] = []
        self.queued: list[Event] = []
        self.left_out: list[dict[str, Json]] = []

    def execution(self, workflow: Workflow, name: str, context: dict[str, Json], record: Record | None = None) -> Execution:
        """A started execution; ``name`` tells it from the others of the call."""
        touched = f"{record.collection.name}/{record.id}" if record else None
        return Execution(self._progress.id_of(name, self.now_ms), workflow, context, iso_text(self.now_ms), touched)

    def of_event(self, event: Event, records: UnitRecords) -> Execution:
        """The execution of an event, its context as the records are now."""
        caller = self._opened.caller
        context = {"data": data_of(event, records), "user": caller.row(), "roleName": caller.role_name}
        execution = self.execution(event.after.workflow, event.name, context, event.record)
        if event.after.path:
            execution.rows = row_names(plain_name(str(event.after.workflow.config.get("collection"))), context["data"])
        return execution

    def waiting(self, records: UnitRecords) -> list[Execution]:
        """The asynchronous executions, queued with their context as it is now."""
        waiting = [self.of_event(event, records) for event in self.queued]
        for execution in waiting:
            execution.status = QUEUEING
        self.ran += waiting
        return waiting

    def forget(self, executions: Sequence[Execution]) -> None:
        """These have not come to be."""
        self.ran = [one for one in self.ran if not any(one is other for other in executions)]

    def write(self, definitions: Definitions, executions: Sequence[Execution], writes: list[Tagged], *, final: bool | None) -> None:
        """``final``: the call's last commit (``None``: one that is no answer to keep)."""
        now, announces = self._backend.now(), self._backend.announces
        tagged = run_writes(definitions, executions, self._progress.token, now, announces=announces) + writes
        if self._call.dry_run:
            return self._rehearsal.commit(tagged)
        keeps = bool(tagged) or self._call.action in idempotency.DECIDING
        tagged += self._kept(final) if keeps and final is not None else []
        try:
            commit(self._backend.store, self._backend.clock, tagged, self._call.deadline_ms)
        except AlreadyCommitted as there:
            if restored(there.item, executions[0].workflow).token != self._progress.token:
                # Somebody else's execution has one of these ids: take others and walk again.
                self._progress.ids.clear()
                raise Stale from None
        return after_commit(self._backend, definitions, executions)

    def _kept(self, final: bool) -> list[Tagged]:
        """The Idempotency-Key's write: the answer with the last commit, what was begun with the first of several."""
        if self._call.idempotency_key is None or not (final or self._progress.kept_doc is None):
            return []
        now_s, records = self.now_ms // 1000, [event.record.id for event in self.events]
        answer = self.compose() if final else None
        for event in self.events:
            self._progress.id_of(event.name, self.now_ms)
        kept = idempotency.keep(
            self._call, self._opened.caller, now_s, answer, self._progress.ids, self._progress.kept_doc, list(dict.fromkeys(records))
        )
        if kept and not final:
            self._progress.kept_doc = idempotency.doc_of(kept)
        return kept

    def compose(self) -> Answer:
        """The answer as far as things have come: the action's own, with messages and executions of the workflows it started.

        Where one of them did not succeed, ``data`` tells of the records that are there nevertheless."""
        executions, skipped = self.ran, [*self._opened.bound.skipped, *self.left_out]
        meta: dict[str, Json] = dict(self.answer.meta or {})
        if executions:
            meta["executions"] = [execution.summary() for execution in executions]
        if skipped:
            meta["skipped"] = skipped
        messages, bad = messages_of(executions), failed(executions)
        if bad is not None:
            return replace(refused_answer(bad, messages, meta), data=staying(self.answer.data))
        own = self.answer
        answer = Answer(own.data, meta or None, messages, None, own.status, own.headers, own.has_data)
        return self._progress.spilling.accepted(answer, executions)


def data_of(event: Event, records: UnitRecords) -> Json:
    """The record as it is now (as it was, when it is gone), or the one at the end of the path; with what the trigger appends."""
    record = records.unit.get(event.record.collection, event.record.id) or event.record
    appends = event.after.workflow.config.get("appends") or []
    if not event.after.path:
        return records.rows(record.collection, [record], appends)[0]
    path = ".".join(event.after.path)
    row = records.rows(record.collection, [record], [path, *(f"{path}.{name}" for name in appends)])[0]
    return at_path(row, event.after.path)
