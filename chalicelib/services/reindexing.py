"""Passes over the records of a collection whose definition has changed, or that is gone: in slices, each from where the last one stopped.

A job is an item of the records table. *check* reads whether the records allow the change; where a type changes, it first waits until
every writer heeds the new type as well as the old. Then the definition is switched, its fields ``building``, so that writers follow it
and reads do not rely on it. *write* brings every record in line and raises its version, which turns away writers that read the record
under the old definition. *recheck*, once no request can hold the old definition any more, finds what such writers made anew in between;
after that the fields are ready. A small collection is ready after *write*, and rechecked by the first sweep that comes late enough. While
a type is being changed, rows show every value as the new type has it. Every slice may be done twice: what is in line is left alone.
Source of the scheme: Rae et al., "Online, Asynchronous Schema Change in F1" (VLDB 2013), https://research.google/pubs/pub41376/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from chalicelib.domain.collection import Collection
from chalicelib.domain.keys import guard_key, record_key
from chalicelib.domain.ports import RECORDS, Absent, Delete, Equals, Item, Key, Page, Put, Write
from chalicelib.domain.record import Record
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Json, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.schema_changes import MOST_NAMED, Changes, missing, refusals, rewritten

SETTLE_MS = 30_000  # the longest a request lives (API Gateway ends it after 29 s): after that nobody holds the old definition
RESERVE_MS = 4_000
BATCH = 25
MOST_BYTES = 3_000_000
MOST_WRITES = 80
MOST_A_SLICE = 5_000
MOST_TRIES = 10

Job = dict[str, Json]


def job_key(uid: str, kind: str = "reindex") -> Key:
    return Key(RECORDS, kind, uid)


def new_job(name: str, uid: str, phase: str, changes: Changes, now_ms: int, **more: Json) -> Job:
    """The data of a job: where it stands (``shard``, ``after``), how many records it ``done``, what it found (``problems``)."""
    place: Job = {"shard": 0, "after": None, "done": 0, "problems": [], "since": now_ms}
    return {"name": name, "uid": uid, "phase": phase, "changes": asdict(changes), **place, **more}


def job_put(job: Job, version: int = 0, kind: str = "reindex") -> Tagged:
    """The write that keeps a job: over ``version``, or (0) over whatever was there."""
    key = job_key(job["uid"], kind)
    item = {"pk": key.pk, "sk": key.sk, "version": version + 1, "data": job}
    return Tagged(Put(RECORDS, item, Equals({"version": version}) if version else None), "record")


def shown(job: Job | None, name: str) -> dict[str, Json]:
    """Progress as users see it: ``state`` is ``running``, ``settling`` (goes on when no call can hold the definition before, after 30 s),
    ``failed`` or ``done``."""
    if job is None:
        return {"collection": name, "state": "done"}
    states = {"recheck": "settling", "failed": "failed"}
    state = "settling" if job.get("waits") else states.get(job["phase"], "running")
    return {"collection": name, "state": state, "phase": job["phase"], "done": job["done"], "problems": job["problems"]}


class Slice:
    """One call's share of the work: it ends before the call's deadline, or after ``most`` records (5,000)."""

    def __init__(self, backend: Backend, deadline_ms: int | None, most: int | None = None) -> None:
        self.store, self.clock, self.deadline_ms = backend.store, backend.clock, deadline_ms
        self._left = most or MOST_A_SLICE

    @property
    def is_over(self) -> bool:
        late = self.deadline_ms is not None and self.clock.now_ms() > self.deadline_ms - RESERVE_MS
        return late or self._left <= 0

    def took(self, number: int) -> None:
        """So many records more were dealt with."""
        self._left -= number

    def has_settled(self, job: Job) -> bool:
        return bool(self.clock.now_ms() >= job["since"] + SETTLE_MS)

    def commit(self, writes: list[Tagged]) -> None:
        commit(self.store, self.clock, writes, self.deadline_ms)

    def pages(self, job: Job, collection: Collection, size: int) -> Iterator[Page]:
        """Page after page from where the job stands; it stands behind a page once the next one is asked for. Ends with the slice."""
        for shard in range(job["shard"], collection.shards):
            if shard != job["shard"]:
                job["shard"], job["after"] = shard, None
            while not self.is_over:
                partition = collection.partitions[shard]
                start = {"pk": partition, "sk": job["after"]} if job["after"] is not None else None
                page = self.store.query(RECORDS, partition, start=start, limit=size)
                yield page
                self._left -= len(page.items)
                job["done"] += len(page.items)
                if page.items:
                    job["after"] = page.items[-1]["sk"]
                if page.next is None:
                    break
            else:
                return
        job["shard"] = collection.shards

    def check(self, job: Job, after: Collection) -> bool:
        """Read on; True at the end of the collection. Nulls are counted over all slices."""
        changes = Changes(**job["changes"])
        nulls: dict[str, int] = job.setdefault("nulls", dict.fromkeys(changes.required, 0))
        for page in self.pages(job, after, 1_000):
            for problem in refusals(after, Changes(retyped=changes.retyped), page.items):
                _note(job, problem)
            for name in nulls:
                nulls[name] += sum(item["data"].get(name) is None for item in page.items)
        if job["shard"] < after.shards:
            return False
        for problem in missing(nulls):
            _note(job, problem)
        return True

    def write(self, job: Job, after: Collection, *, fence: bool) -> bool:
        """Bring records in line; True at the end of the collection. ``fence``: raise the version of those that are, too."""
        for _ in self.pages(job, after, BATCH):
            self._in_line(job, after, fence)
        return bool(job["shard"] >= after.shards)

    def _in_line(self, job: Job, after: Collection, fence: bool) -> None:
        """The page at the job's place, read again whenever somebody else changed a record of it."""
        partition = after.partitions[job["shard"]]
        start = {"pk": partition, "sk": job["after"]} if job["after"] is not None else None
        for _ in range(MOST_TRIES):
            page = self.store.query(RECORDS, partition, start=start, limit=BATCH)
            try:
                for writes in _chunks(self._writes(job, after, page.items, fence)):
                    self.commit([Tagged(write, "record") for write in writes])
                return
            except Stale:
                continue
        raise Conflict("others kept changing the same records; call again to go on", data={"retryAfter": 1})

    def _writes(self, job: Job, after: Collection, items: list[Item], fence: bool) -> Iterator[list[Write]]:
        """What each record needs, together: its own write and its guards'."""
        changes = Changes(**job["changes"])
        new_items = [rewritten(after, changes, item)[0] for item in items]
        guards = self.store.batch_get([key for item in new_items for _, _, key in _guards(after, changes.unique, item)])
        taken: dict[Key, Json] = {}
        for item in items:
            new, problems = rewritten(after, changes, item)
            for problem in problems:
                _note(job, problem)
            _note_nulls(job, changes, new)
            wanted = _guards(after, changes.unique, new)
            claims: list[Write] = []
            for name, value, key in wanted:
                claims += self._claim(job, after, name, value, key, new, guards, taken)
            if new != item or fence or claims:
                unchanged = Equals({"version": item["version"], "links": item.get("links")})  # links are counted while the version stands
                claims.append(Put(RECORDS, new | {"version": item["version"] + 1}, unchanged))
            kept = {key for _, _, key in wanted}
            yield [*(Delete(key) for _, _, key in _guards(after, changes.unguarded, item) if key not in kept), *claims]

    def _claim(self, job: Job, after: Collection, name: str, value: Json, key: Key, item: Item, guards: Any, taken: Any) -> list[Write]:
        """The guard of a unique value, unless another record holds the value as well."""
        own = Record(after, item).id
        holder = taken.get(key, guards[key]["value"] if key in guards else None)
        taken.setdefault(key, own if holder is None else holder)
        if holder == own:
            return []
        if holder is None:
            return [Put(RECORDS, {"pk": key.pk, "sk": key.sk, "value": own}, Absent())]
        if key not in guards or self._has(after, holder, name, value):
            _note(
                job,
                Problem(f'"{name}" cannot be unique: {value!r} is there more than once (records {holder} and {own})', name, "NOT_UNIQUE"),
            )
            return []
        taken[key] = own
        return [Put(RECORDS, {"pk": key.pk, "sk": key.sk, "value": own}, Equals({"value": holder}))]

    def _has(self, collection: Collection, record_id: Json, name: str, value: Json) -> bool:
        key = record_key(collection.uid, record_id, collection.shards)
        item = self.store.batch_get([key]).get(key)
        return item is not None and item["data"].get(name) == value

    def purge(self, job: Job, collection: Collection) -> bool:
        """Remove records and the guards of their unique values; True when none is left."""
        for partition in collection.partitions:
            while not self.is_over:
                items = self.store.query(RECORDS, partition, limit=BATCH).items
                if not items:
                    break
                groups = [[Delete(Key(RECORDS, i["pk"], i["sk"])), *self._dead_guards(collection, i)] for i in items]
                for writes in _chunks(iter(groups)):
                    self.commit([Tagged(write, "record") for write in writes])
                job["done"] += len(items)
                self._left -= len(items)
            else:
                return False
        return True

    def _dead_guards(self, collection: Collection, item: Item) -> list[Write]:
        return [Delete(key) for _, _, key in _guards(collection, [field.name for field in collection.unique_fields], item)]


def _guards(collection: Collection, names: list[str], item: Item) -> list[tuple[str, Json, Key]]:
    values = [(name, item["data"].get(name)) for name in names]
    return [(name, value, guard_key(collection.uid, name, value)) for name, value in values if value is not None]


def _note_nulls(job: Job, changes: Changes, item: Item) -> None:
    for name in changes.required:
        if item["data"].get(name) is None:
            _note(job, Problem(f'"{name}" cannot be required: record {item["sk"]} has no value for it', name, "HAS_NULLS"))


def _note(job: Job, problem: Problem) -> None:
    """Keep a problem, once, and not more than twenty."""
    if problem.to_json() not in job["problems"] and len(job["problems"]) < MOST_NAMED:
        job["problems"].append(problem.to_json())


def _chunks(groups: Iterator[list[Write]]) -> Iterator[list[Write]]:
    """The groups in transactions of at most 80 writes and 3 MB; a record's own writes stay together. One item is written once."""
    chunk: dict[Key, Write] = {}
    size = 0
    for group in groups:
        weight = sum(_weight(write) for write in group)
        if chunk and (len(chunk) + len(group) > MOST_WRITES or size + weight > MOST_BYTES):
            yield list(chunk.values())
            chunk, size = {}, 0
        chunk |= {write.key: write for write in group}
        size += weight
    if chunk:
        yield list(chunk.values())


def _weight(write: Write) -> int:
    return len(str(write.item)) if isinstance(write, Put) else 100
