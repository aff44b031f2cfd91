"""A message's executions: one of each workflow that waits for it, each in a transaction of its own, each once.

Messages come at least once, in any order, at the same time to several. So the transaction that writes an execution (with all that a
synchronous one wrote) also writes a mark for the message and the workflow, which must not be there yet. The mark stays for 30 days, longer
than a queue and its dead letter queue keep a message. The execution's id derives from both as well, so what a synchronous run sent to
others before it could be committed goes out under the same key when it is done again.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.ids import derived_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import EPOCH, execution_key, message_key
from chalicelib.domain.message import Message
from chalicelib.domain.ports import AbsentOrExpired, Item, Key, Put
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.workflow import Workflow, topic_source
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.ports import Effects
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Invalid, Json, TooLarge
from chalicelib.services.backend import Backend
from chalicelib.services.dispatching import after_commit
from chalicelib.services.run_answers import note_refusal
from chalicelib.triggers.message import MESSAGE, accepts, body_of, context_of

KEPT_SECONDS = 30 * 86_400
TOKEN_DIGITS = 32
View = tuple[Reads, Definitions]


def run_message(backend: Backend, message: Message, topic: str, deadline_ms: int | None) -> dict[str, AppError]:
    """Why workflows cannot take the message, by their keys; the others have run, or are queued, or had before.

    Raises Unavailable, Conflict and DeadlineExceeded: deliver it again."""
    reads, definitions = view = backend.reading()

    def waiting() -> list[Workflow]:
        source = topic_source(topic)
        likely = [key for workflow in definitions.likely_bound(source) for key in _witnesses(message, workflow.key)]
        reads.together(lambda: reads.item(EPOCH), lambda: definitions.bound(source), *[lambda key=key: reads.item(key) for key in likely])
        return [workflow for workflow in definitions.bound(source) if workflow.type == MESSAGE]

    refused: dict[str, AppError] = {}
    for position, workflow in enumerate(store_errors(lambda: reads.resolve(waiting))):
        try:
            # What the first one wrote is not in what was read before it.
            _Taking(backend, message, topic, workflow.key, deadline_ms).take(view if position == 0 else None)
        except (Invalid, TooLarge) as refusal:
            refused[workflow.key] = refusal
    return refused


def _witnesses(message: Message, workflow_key: str) -> tuple[Key, Key]:
    """What may say that the workflow has taken the message: the mark, and the execution, if it has the first id that it may have."""
    first = derived_id(message.published_ms, _seed(message, workflow_key), 0)
    return message_key(message.id, workflow_key), execution_key(first)


def _seed(message: Message, workflow_key: str) -> str:
    return f"{message.id}/{workflow_key}"


@dataclass(frozen=True)
class _Found:
    """What one read says: the workflow as it is now, the free id that its execution gets; ``None`` when there is nothing to do."""

    workflow: Workflow
    execution_id: int


class _Taking:
    """One workflow takes one message."""

    def __init__(self, backend: Backend, message: Message, topic: str, workflow_key: str, deadline_ms: int | None) -> None:
        self._backend = backend
        self._message = message
        self._topic = topic
        self._key = workflow_key
        self._deadline_ms = deadline_ms
        self._seed = _seed(message, workflow_key)
        self._token = hashlib.sha256(self._seed.encode()).hexdigest()[:TOKEN_DIGITS]
        self._mark, self._first = _witnesses(message, workflow_key)
        self._effects: Effects = backend.effects()
        self._collisions = 0

    def take(self, first: View | None) -> None:
        """Raises Invalid and TooLarge for a message that can never be taken, else what `walk_until_committed` raises."""

        def once(number: int) -> None:
            reads, definitions = (first if number == 0 else None) or self._backend.reading()
            found = reads.resolve(lambda: self._look(reads, definitions))
            context = self._context(found.workflow) if found else None
            if found and context is not None:
                self._run(reads, definitions, found, context)

        store_errors(lambda: walk_until_committed(self._backend.clock, self._deadline_ms, once))

    def _look(self, reads: Reads, definitions: Definitions) -> _Found | None:
        """``None`` when the workflow has taken the message, or no longer waits for it. Raises Pending."""
        reads.together(
            lambda: reads.item(EPOCH),
            lambda: definitions.workflow(self._key),
            lambda: reads.item(self._mark),
            lambda: reads.item(self._first),
        )
        workflow, mark = definitions.workflow(self._key), reads.item(self._mark)
        if workflow is None or workflow.source != topic_source(self._topic) or self._counts(mark):
            return None
        number = 0
        while (item := reads.item(execution_key(self._id(number)))) is not None:
            if restored(item, workflow).token == self._token:
                return None
            number += 1  # another message of the same millisecond has this id
        return _Found(workflow, self._id(number))

    def _id(self, number: int) -> int:
        return derived_id(self._message.published_ms, self._seed, number)

    def _counts(self, mark: Item | None) -> bool:
        """Whether there is a mark whose time is not over: TTL removes late."""
        return mark is not None and int(mark["ttl"]) >= self._now_s()

    def _now_s(self) -> int:
        return self._backend.clock.now_ms() // 1000

    def _context(self, workflow: Workflow) -> dict[str, Json] | None:
        """The context; ``None`` when the message is not for this workflow. Raises Invalid."""
        config, message, now_ms = workflow.config, self._message, self._backend.clock.now_ms()
        try:
            body = body_of(config, message.text)
        except Invalid:
            if not accepts(config, message, None, now_ms):
                return None
            raise
        return context_of(config, message, self._topic, body) if accepts(config, message, body, now_ms) else None

    def _run(self, reads: Reads, definitions: Definitions, found: _Found, context: dict[str, Json]) -> None:
        now_ms = self._backend.clock.now_ms()
        execution = Execution(found.execution_id, found.workflow, context, iso_text(now_ms))
        if not found.workflow.sync:
            execution.status = QUEUEING
            return self._commit(definitions, [execution], [])
        unit = self._backend.unit(reads, user_id=None, at_ms=now_ms, seed=f"{execution.id}/{self._collisions}")
        records = UnitRecords(unit, definitions, now_ms=now_ms)
        before = unit.savepoint()
        self._backend.runner(self._effects, deadline_ms=self._deadline_ms, timezone="+00:00").walk(execution, records, answers=False)
        try:
            self._commit(definitions, [execution, *unit.ran, *unit.queued], unit.writes())
        except (Invalid, TooLarge) as refusal:
            unit.rollback(before)
            note_refusal(execution, refusal)
            self._commit(definitions, [execution], [])

    def _commit(self, definitions: Definitions, executions: Sequence[Execution], writes: Sequence[Tagged]) -> None:
        """Write the executions, what they wrote, and the mark. Raises Stale, Invalid, TooLarge, Conflict, Unavailable."""
        backend, mark, now_s = self._backend, self._mark, self._now_s()
        item: Item = {"pk": mark.pk, "sk": mark.sk, "execution": executions[0].id, "ttl": now_s + KEPT_SECONDS}
        tagged = run_writes(definitions, executions, self._token, backend.now(), announces=backend.announces)
        tagged += [*writes, Tagged(Put(mark.table, item, AbsentOrExpired(now_s)), "idempotency")]
        try:
            commit(backend.store, backend.clock, tagged, self._deadline_ms)
        except Replayed:
            return  # another delivery of it was first
        except AlreadyCommitted as there:
            if restored(there.item, executions[0].workflow).token == self._token:
                return
            self._collisions += 1
            raise Stale from None
        after_commit(backend, definitions, executions)
