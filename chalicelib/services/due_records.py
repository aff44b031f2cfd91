"""Starts workflows whose records are due, each once for each of its times: for a date field what the Scheduler is for a clock.

One transaction takes the item of a record away, or moves it to the record's next time, and writes the execution: so two sweeps, or one that
died, start nothing twice. A mark per record and time, kept longer than anything is made up for, is beside it. Ten records at once; where
they cannot be written together, each alone. A time that is more than a day late is passed over, and a repetition goes on with the next one
to come: of several that were missed, the oldest alone starts.
Source: https://docs.nocobase.com/workflow/triggers/schedule
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.domain.collection import Collection
from chalicelib.domain.ids import derived_id
from chalicelib.domain.instants import epoch_ms_of, iso_text
from chalicelib.domain.keys import EPOCH, due_partition, fired_count_key, record_firing_key
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Absent, Check, Delete, Equals, Item, Key, Put, Range
from chalicelib.domain.record import Record
from chalicelib.domain.recurrence import MINUTE_MS
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.due import due_put, next_due_ms, recurrence_of, watches_dates
from chalicelib.engine.execution import Execution
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Conflict, Unavailable
from chalicelib.observability import logger
from chalicelib.services.backend import Backend
from chalicelib.services.dispatching import after_commit
from chalicelib.services.firing import KEPT_SECONDS, LATEST_MS, MOST_IDS, limit_writes
from chalicelib.services.schedules import scheduled_workflows

MOST_TOGETHER = 10
LATER_AGAIN = (Unavailable, Conflict)
DUE, STARTED, IMPOSSIBLE = "due", "started", "impossible"


def start_due_records(backend: Backend, deadline_ms: int) -> int:
    """How many records that were due were dealt with before ``deadline_ms`` (epoch milliseconds), ten of each workflow in turn.

    What goes wrong with one workflow does not stop the others. Raises Unavailable when the workflows cannot be read."""
    keys, done = [one.key for one in store_errors(lambda: list(scheduled_workflows(backend))) if not one.is_static], 0
    while keys and backend.clock.now_ms() < deadline_ms:
        moved = {key: _moved(backend, key, deadline_ms) for key in keys}
        keys = [key for key in keys if moved[key]]
        done += sum(moved.values())
    return done


def _moved(backend: Backend, key: str, deadline_ms: int) -> int:
    try:
        return store_errors(lambda: _next(backend, key, deadline_ms))
    except AppError as error:
        logger.warning("the records that are due for %s wait for the next sweep: %s", key, error)
    except Exception:
        logger.exception("the records that are due for %s cannot be dealt with", key)
    return 0


def _next(backend: Backend, key: str, deadline_ms: int) -> int:
    """Deal with the first ones that are due."""
    if backend.clock.now_ms() >= deadline_ms:
        return 0
    reads, definitions = backend.reading()
    reads.resolve(lambda: reads.together(lambda: reads.item(EPOCH), lambda: definitions.workflow(key)))
    workflow = definitions.workflow_now(key)
    collection = definitions.collection_now(workflow.source) if workflow and watches_dates(workflow) else None
    if workflow is None or collection is None:
        return 0
    places = _due(backend, workflow, collection)
    return DueRecords(backend, definitions, workflow, collection, deadline_ms).start(places) if places else 0


def _due(backend: Backend, workflow: Workflow, collection: Collection) -> list[Item]:
    """The items of records that are due, those of a shard oldest first; ten at most."""
    upto, found = Range(high=iso_text(backend.clock.now_ms())), list[Item]()
    for shard in range(collection.shards):
        partition = due_partition(workflow.key, workflow.due_since, shard)
        found += backend.store.query(RECORDS, partition, index="l1", keys=upto, limit=MOST_TOGETHER - len(found)).items
        if len(found) >= MOST_TOGETHER:
            break
    return found


class Due(NamedTuple):
    """A record whose time has come: its item, the record as it is now (``None``: gone), whether the workflow is to start for that time,
    whether that is noted as done, and when the record is due again (epoch ms)."""

    place: Item
    record: Record | None
    starts: bool
    marks: bool
    next_ms: int | None

    @property
    def due_ms(self) -> int:
        return epoch_ms_of(self.place["l1"])


@dataclass(frozen=True)
class DueRecords:
    """Some items of one workflow."""

    backend: Backend
    definitions: Definitions
    workflow: Workflow
    collection: Collection
    deadline_ms: int

    def start(self, places: Sequence[Item]) -> int:
        """How many were dealt with; those that others keep changing are still due. Raises Unavailable."""
        if len(places) > 1:
            try:
                return self._walked(places)
            except Unavailable:
                raise
            except (AppError, AlreadyCommitted, Replayed):
                pass  # one of them is in the way of the others
        return sum(self._tried(place) for place in places)

    def _tried(self, place: Item) -> int:
        try:
            return self._alone(place)
        except Conflict as error:
            logger.warning("%s waits for the next sweep for %s: %s", self.workflow.key, place["sk"], error)
            return 0

    def _alone(self, place: Item) -> int:
        """One record. What can never be started is passed over, and the log says so."""
        number, state = 0, DUE
        while number < MOST_IDS:
            try:
                return self._walked([place], number, state)
            except Replayed:
                state = STARTED
            except AlreadyCommitted:  # this time, or another execution that has the id
                state, number = STARTED if self._has_started(place) else DUE, number + 1
            except LATER_AGAIN:
                raise
            except AppError as error:
                if state != DUE:
                    raise
                state = IMPOSSIBLE
                logger.error("%s did not start for %s, due at %s: %s", self.workflow.key, place["sk"], place["l1"], error)
        raise AssertionError(f"{MOST_IDS} ids of one moment are taken")

    def _has_started(self, place: Item) -> bool:
        mark = record_firing_key(self.workflow.key, place["sk"], place["l1"])
        return mark in self.backend.store.batch_get([mark])

    def _walked(self, places: Sequence[Item], number: int = 0, state: str = DUE) -> int:
        return walk_until_committed(self.backend.clock, self.deadline_ms, lambda _: self._once(places, number, state))

    def _once(self, places: Sequence[Item], number: int, state: str) -> int:
        """Read, decide, commit. Raises Stale, Replayed (one has started already), AlreadyCommitted (an id is taken), TooLarge."""
        backend, now_ms = self.backend, self.backend.clock.now_ms()
        reads, _ = backend.reading()
        records = UnitRecords(backend.unit(reads, user_id=None, at_ms=now_ms, seed="due"), self.definitions, now_ms=now_ms)
        reads.load(key for place in places for key in (_key_of(place), self._record_key(place)))
        there = [place for place in places if (held := reads.items.get(_key_of(place))) and held["l1"] == place["l1"]]
        dues = [self._decided(place, reads.items.get(self._record_key(place)), now_ms, state) for place in there]
        dues = self._within_limit(dues)
        executions = self._executions(records, [due for due in dues if due.starts], number)
        tagged = self._writes(dues, executions, now_ms)
        commit(backend.store, backend.clock, tagged, self.deadline_ms)
        after_commit(backend, self.definitions, executions)
        return len(places)

    def _record_key(self, place: Item) -> Key:
        return Key(RECORDS, self.collection.partitions[int(place["pk"].rpartition("#")[2])], place["sk"])

    def _decided(self, place: Item, item: Item | None, now_ms: int, state: str) -> Due:
        """What is to be done about it. The record's dates decide, should the item say something else."""
        record = Record(self.collection, item) if item else None
        recurrence = recurrence_of(self.workflow.config, record.row) if record else None
        due_ms = epoch_ms_of(place["l1"])
        is_right = recurrence is not None and recurrence.is_due(due_ms) and now_ms - due_ms <= LATEST_MS
        return Due(place, record, is_right and state == DUE, is_right and state != STARTED, next_due_ms(recurrence, now_ms))

    def _within_limit(self, dues: list[Due]) -> list[Due]:
        """Those beyond ``limit`` do not start, and have no next time."""
        limit = self.workflow.config.get("limit")
        if limit is None or not any(due.starts for due in dues):
            return dues
        key = fired_count_key(self.workflow.key)
        item = self.backend.store.batch_get([key]).get(key)
        room, kept = limit - (int(item["value"]) if item else 0), list[Due]()
        for due in dues:
            kept.append(due._replace(starts=False, next_ms=None) if due.starts and room <= 0 else due)
            room -= due.starts
        return kept

    def _executions(self, records: UnitRecords, dues: Sequence[Due], number: int) -> list[Execution]:
        found = [due.record for due in dues if due.record is not None]
        rows = records.rows(self.collection, found, self.workflow.config.get("appends") or [])
        now = self.backend.now()
        return [
            Execution(
                self._id(due, number),
                self.workflow,
                {"data": row, "date": iso_text(due.due_ms)},
                now,
                f"{self.collection.name}/{row['id']}",
                status=QUEUEING,
            )
            for due, row in zip(dues, rows, strict=True)
        ]

    def _id(self, due: Due, number: int) -> int:
        """Thousands may be due in one minute, and a millisecond has 8,192 ids: they are spread over the minute before."""
        seed = f"{self.workflow.key}/{due.place['sk']}/{due.place['l1']}"
        spread_ms = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % MINUTE_MS
        return derived_id(due.due_ms - spread_ms, seed, number)

    def _writes(self, dues: Sequence[Due], executions: Sequence[Execution], now_ms: int) -> list[Tagged]:
        tagged = run_writes(self.definitions, executions, f"schedule/{self.workflow.key}", iso_text(now_ms))
        for due in dues:
            tagged += [Tagged(write, "other") for write in _moves(due)]
            tagged += [self._mark(due, now_ms)] if due.marks else []
        counted = limit_writes(self.backend.store, self.workflow, len(executions)) if executions else []
        if counted is None:  # others have started some since
            raise Stale
        return tagged + counted

    def _mark(self, due: Due, now_ms: int) -> Tagged:
        key = record_firing_key(self.workflow.key, due.place["sk"], due.place["l1"])
        return Tagged(Put(EXECUTIONS, {"pk": key.pk, "sk": key.sk, "ttl": now_ms // 1000 + KEPT_SECONDS}, Absent()), "idempotency")


def _key_of(place: Item) -> Key:
    return Key(RECORDS, place["pk"], place["sk"])


def _moves(due: Due) -> list[Put | Delete | Check]:
    """The item goes, or to the next time, while the record stays as it was read."""
    key, unchanged = _key_of(due.place), Equals({"l1": due.place["l1"]})
    move = Delete(key, unchanged) if due.next_ms is None else due_put(key, due.next_ms, unchanged)
    return [move, Check(due.record.key, Equals({"version": due.record.version}))] if due.record else [move]
