"""The slices of a job that writes when the records of a collection are due, for a workflow that was enabled, or removes what was written.

*Filling*: *write* goes over the records that are there, *recheck* once more when no request can hold the definitions from before, whose
writers knew nothing of the workflow. What a record's own writers or the sweep have written stands. *Emptying* removes the partitions of a
workflow that no longer watches so, and looks again after the same time. Every slice may be done twice, and by two at once.
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection
from chalicelib.domain.instants import epoch_ms_of, iso_text
from chalicelib.domain.keys import DUES, EPOCH, due_partition, record_firing_key
from chalicelib.domain.ports import RECORDS, Absent, Check, Delete, Equals, Exists, Item, Key, Put, Write
from chalicelib.domain.record import Record
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import Stale
from chalicelib.engine.due import due_key, due_put, next_due_ms, recurrence_of
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict
from chalicelib.services.backend import Backend
from chalicelib.services.firing import LATEST_MS
from chalicelib.services.reindexing import BATCH, MOST_TRIES, MOST_WRITES, Job, Slice, job_key, job_put, new_job
from chalicelib.services.schema_changes import Changes


def filling(workflow_key: str, since: int) -> Job:
    """The job that writes when records are due for a workflow that has watched their dates since then."""
    more = {"small": False, "task": "fill", "workflow": workflow_key, "watchedSince": since}
    return new_job(workflow_key, f"{workflow_key}#{since}", "write", Changes(), since, **more)


def emptying(workflow_key: str, since: int, shards: int, now_ms: int) -> Job:
    """The job that removes all of that."""
    more = {"small": False, "task": "empty", "workflow": workflow_key, "watchedSince": since, "shards": shards}
    return new_job(workflow_key, f"{workflow_key}#{since}#gone", "write", Changes(), now_ms, **more)


class DueFilling:
    """One slice of a job."""

    def __init__(self, backend: Backend, part: Slice, item: Item) -> None:
        self._backend, self._part, self._item = backend, part, item
        self._job: Job = item["data"]

    def advance(self) -> Item | None:
        """What is stored of the job then, ``None`` when it is done. Raises Stale, Conflict, Unavailable."""
        if self._job["phase"] == "recheck" and not self._part.has_settled(self._job):
            return self._item
        ended = self._empty() if self._job["task"] == "empty" else self._fill()
        if ended and (self._job["phase"] == "recheck" or ended is GONE):
            self._part.commit([Tagged(Delete(job_key(self._job["uid"], DUES)), "other")])
            return None
        if ended:
            self._job |= {"phase": "recheck", "shard": 0, "after": None}
        self._part.commit([job_put(self._job, self._item["version"], DUES)])
        return self._item | {"version": self._item["version"] + 1}

    def _fill(self) -> bool | str:
        """Whether the end of the collection was reached; `GONE` when nobody wants it any more."""
        reads, definitions = self._backend.reading()
        reads.resolve(lambda: reads.together(lambda: reads.item(EPOCH), lambda: definitions.workflow(self._job["workflow"])))
        workflow = definitions.workflow_now(self._job["workflow"])
        collection = definitions.collection_now(workflow.source) if workflow else None
        if workflow is None or collection is None or workflow.due_since != self._job["watchedSince"]:
            return GONE
        for page in self._part.pages(self._job, collection, BATCH):
            self._fill_page(workflow, collection, [Key(RECORDS, item["pk"], item["sk"]) for item in page.items])
        return bool(self._job["shard"] >= collection.shards)

    def _fill_page(self, workflow: Workflow, collection: Collection, keys: list[Key]) -> None:
        """The records are read again whenever somebody else changed one of them. Raises Conflict."""
        for _ in range(MOST_TRIES):
            writes = self._missing(workflow, collection, keys)
            try:
                if writes:
                    self._part.commit([Tagged(write, "other") for write in [Check(self._key, Exists()), *writes]])
                return
            except Stale:
                if not self._part.store.batch_get([self._key]):
                    raise
        raise Conflict("others kept changing the same records; call again to go on", data={"retryAfter": 1})

    @property
    def _key(self) -> Key:
        return job_key(self._job["uid"], DUES)

    def _missing(self, workflow: Workflow, collection: Collection, keys: list[Key]) -> list[Write]:
        """What brings the items of these records in line."""
        places = {key: due_key(workflow, Record(collection, {"pk": key.pk, "sk": key.sk})) for key in keys}
        found = self._part.store.batch_get([*keys, *places.values()]) if keys else {}
        there = {places[key]: Record(collection, item) for key in keys if (item := found.get(key))}
        absent = self._absent(workflow, {place: record for place, record in there.items() if place not in found})
        held = [self._held(workflow, record, place, found[place]) for place, record in there.items() if place in found]
        right = [write for write in [*absent, *held] if write]
        return [*right, *(Check(there[one.key].key, Equals({"version": there[one.key].version})) for one in right)]

    def _absent(self, workflow: Workflow, records: dict[Key, Record]) -> list[Put]:
        """The items that records lack. One that is due already and has started goes on with its next time to come."""
        now_ms = self._part.clock.now_ms()
        after_ms = max(self._job["watchedSince"], now_ms - LATEST_MS)
        recurrences = {place: recurrence_of(workflow.config, record.row) for place, record in records.items()}
        dues = {place: due_ms for place, one in recurrences.items() if (due_ms := next_due_ms(one, after_ms)) is not None}
        marks = {place: record_firing_key(workflow.key, place.sk, iso_text(ms)) for place, ms in dues.items() if ms <= now_ms}
        started = self._part.store.batch_get(list(marks.values())) if marks else {}
        for place in [place for place, mark in marks.items() if mark in started]:
            following = next_due_ms(recurrences[place], now_ms)
            dues = {one: ms for one, ms in dues.items() if one != place} | ({place: following} if following is not None else {})
        return [due_put(place, due_ms, Absent()) for place, due_ms in dues.items()]

    def _held(self, workflow: Workflow, record: Record, place: Key, held: Item) -> Put | Delete | None:
        """What puts an item right that was written for another date; ``None`` when it is right."""
        recurrence = recurrence_of(workflow.config, record.row)
        if recurrence is not None and recurrence.is_due(epoch_ms_of(held["l1"])):
            return None
        due_ms, unchanged = next_due_ms(recurrence, self._part.clock.now_ms()), Equals({"l1": held["l1"]})
        return due_put(place, due_ms, unchanged) if due_ms is not None else Delete(place, unchanged)

    def _empty(self) -> bool:
        """Whether nothing is left."""
        store = self._part.store
        for shard in range(self._job["shards"]):
            partition = due_partition(self._job["workflow"], self._job["watchedSince"], shard)
            while not self._part.is_over:
                items = store.query(RECORDS, partition, limit=MOST_WRITES).items
                if not items:
                    break
                self._part.commit([Tagged(Delete(Key(RECORDS, one["pk"], one["sk"])), "other") for one in items])
                self._part.took(len(items))
                self._job["done"] += len(items)
            else:
                return False
        return True


GONE = "gone"
