"""The life of a collection with records in it: a changed definition is checked against them and carried to them; a removed one is purged.

Up to 1,000 records this happens within the call that asks for it: it is refused whole, naming what is wrong, or done when the answer comes.
Above, a job is left (`reindexing`) that ``collections:reindex`` carries on, slice by slice.
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import Definition, parse_collection
from chalicelib.domain.ports import RECORDS, Delete, Item
from chalicelib.domain.record import Record
from chalicelib.engine.commit import store_errors
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Invalid, Json, NotFound, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import Editing, edit, open_for
from chalicelib.services.reindexing import Job, Slice, job_key, job_put, new_job, shown
from chalicelib.services.schema_changes import Changes, changes_between, marked, refusals, unmarked, without

AREA = "collections"
MOST_INLINE = 1_000
BLOCKING = ("check", "write")


def store_definition(editing: Editing, record: Record, changed: Definition) -> Definition:
    """Stage the definition, and the job that brings the records in line with it; the definition as it will be stored.

    Raises Invalid for a change that the (at most 1,000) records do not allow, Conflict while a job of the collection runs."""
    before, after = parse_collection(record.item["data"]), parse_collection(changed)
    changes = changes_between(before, after)
    if changes.any and _has_records(editing, before):
        changed = _with_job(editing, record, before, changed, changes)
    put_definition(editing, record, changed)
    return changed


def put_definition(editing: Editing, record: Record, changed: Definition) -> None:
    """Stage the definition as it is; options that it lacks are removed."""
    gone = {name: None for name in record.item["data"] if name not in changed}
    editing.unit.update(record, changed | gone)


def job_of(editing: Editing, uid: str) -> Job | None:
    """The collection's job, as it is now."""
    item = editing.reads.store.batch_get([job_key(uid)]).get(job_key(uid))
    return item["data"] if item else None


def refuse_while_running(editing: Editing, uid: str) -> None:
    """Raises Conflict while a job changes the records."""
    job = job_of(editing, uid)
    if job and job["phase"] in BLOCKING:
        raise Conflict(
            f'the records of "{job["name"]}" are being reindexed; carry on with collections:reindex/{job["name"]} first',
            code="REINDEXING",
            data={"reindex": shown(job, job["name"])},
        )


def _has_records(editing: Editing, collection: Collection) -> bool:
    return any(editing.reads.store.query(RECORDS, partition, limit=1).items for partition in collection.partitions)


def _with_job(editing: Editing, record: Record, before: Collection, changed: Definition, changes: Changes) -> Definition:
    """The definition to store now, a job for its records staged beside it."""
    refuse_while_running(editing, before.uid)
    after, now_ms = parse_collection(changed), editing.backend.clock.now_ms()
    few = _few(editing, before)
    if few is not None:
        found = refusals(after, changes, few)
        if found:
            raise Invalid.of(found)
    if few is None and changes.to_check:
        editing.extra.append(job_put(new_job(before.name, before.uid, "check", changes, now_ms, proposed=changed["fields"], small=False)))
        return changed | {"fields": record.item["data"]["fields"]}
    editing.extra.append(job_put(new_job(before.name, before.uid, "write", changes, now_ms, small=few is not None)))
    return marked(changed, changes)


def _few(editing: Editing, collection: Collection) -> list[Item] | None:
    """All records of a small collection, ``None`` for one of more than 1,000."""
    found: list[Item] = []
    for partition in collection.partitions:
        start = None
        while True:
            page = editing.reads.store.query(RECORDS, partition, start=start, limit=MOST_INLINE + 1 - len(found))
            found += page.items
            if len(found) > MOST_INLINE:
                return None
            start = page.next
            if start is None:
                break
    return found


class Lifecycle:
    """Jobs, over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def finish_small(self, call: Call, name: str) -> None:
        """Bring a small collection in line, if its definition was changed just now. Raises Invalid when somebody broke the new rules
        in between; then they are taken back."""
        definition = open_for(self._backend, call, AREA, "").definition(name)
        item = self._item(definition.item["data"]["uid"]) if definition else None
        while item is not None and item["data"]["small"] and item["data"]["phase"] == "write":
            place = (item["data"]["shard"], item["data"]["after"])
            item = store_errors(lambda known=item: self._step(call, known, Slice(self._backend, call.deadline_ms)))  # type: ignore[misc]
            if item is not None and (item["data"]["shard"], item["data"]["after"]) == place and item["data"]["phase"] == "write":
                return  # out of time; the job is there to be carried on
        if item is not None and item["data"]["phase"] == "failed":
            raise Invalid.of([Problem(p["message"], p.get("path", ""), p.get("code", "")) for p in item["data"]["problems"]])

    def carry_on(self, call: Call) -> Answer:
        """One slice of the job of the collection named, or of every job; the answer says where they stand."""

        def act() -> Answer:
            editing = open_for(self._backend, call, AREA, "")
            name = call.target_key
            part = Slice(self._backend, call.deadline_ms)
            if name is not None:
                record = editing.definition(name)
                if record is None:
                    raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
                item = self._item(record.item["data"]["uid"])
                return Answer(shown(self._data(self._step(call, item, part)), name) if item else shown(None, name))
            states = []
            for item in self._jobs("reindex"):
                states.append(shown(self._data(self._step(call, item, part)), item["data"]["name"]))
            for item in self._jobs("purge"):
                states.append(shown(self._data(self._purge(item, part)), item["data"]["name"]) | {"purge": True})
            return Answer(states)

        return store_errors(act)

    def purge(self, call: Call, uid: str) -> None:
        """A first slice of removing the records of a dropped collection."""
        item = self._item(uid, "purge")
        if item is not None:
            store_errors(lambda: self._purge(item, Slice(self._backend, call.deadline_ms)))

    def _data(self, item: Item | None) -> Job | None:
        return item["data"] if item else None

    def _item(self, uid: str, kind: str = "reindex") -> Item | None:
        return self._backend.store.batch_get([job_key(uid, kind)]).get(job_key(uid, kind))

    def _jobs(self, kind: str) -> list[Item]:
        return self._backend.store.query(RECORDS, kind).items

    def _step(self, call: Call, item: Item, part: Slice) -> Item | None:
        """One slice; the job afterwards, ``None`` when it is done. Two at once do the same twice, and one of them is a Conflict."""
        job: Job = item["data"]
        editing = open_for(self._backend, call, AREA, "")
        record = editing.definition(job["name"])
        if record is None or record.item["data"]["uid"] != job["uid"]:
            part.commit([Tagged(Delete(job_key(job["uid"])), "other")])
            return None
        definition = record.item["data"]
        if job["phase"] == "check":
            after = parse_collection(definition | {"fields": job["proposed"]})
            return self._checked(call, item, job) if part.check(job, after) else self._kept(item, part)
        if job["phase"] == "write":
            ended = part.write(job, parse_collection(definition), fence=True)
            return self._written(call, item, job) if ended else self._kept(item, part)
        if job["phase"] == "recheck" and part.has_settled(job):
            ended = part.write(job, parse_collection(definition), fence=False)
            return self._rechecked(call, item, job) if ended else self._kept(item, part)
        return item

    def _kept(self, item: Item, part: Slice) -> Item:
        """The job where the slice left it, stored."""
        part.commit([job_put(item["data"], item["version"])])
        return item | {"version": item["version"] + 1}

    def _checked(self, call: Call, item: Item, job: Job) -> Item | None:
        """The definition is switched, unless the records refuse it."""
        if job["problems"]:
            return self._turned(call, item, job | {"phase": "failed", "proposed": None}, lambda definition: definition)
        proposed, changes = job["proposed"], Changes(**job["changes"])
        start = {"phase": "write", "proposed": None, "shard": 0, "after": None, "done": 0, "since": self._backend.clock.now_ms()}
        return self._turned(call, item, job | start, lambda definition: marked(definition | {"fields": proposed}, changes))

    def _written(self, call: Call, item: Item, job: Job) -> Item | None:
        """All records are in line: a small collection is ready, a large one once it has been looked at again."""
        if job["problems"]:
            return self._taken_back(call, item, job)
        start = {"phase": "recheck", "shard": 0, "after": None, "done": 0}
        return self._turned(call, item, job | start, unmarked if job["small"] else lambda definition: definition)

    def _rechecked(self, call: Call, item: Item, job: Job) -> Item | None:
        if job["problems"]:
            return self._taken_back(call, item, job)
        return self._turned(call, item, None, unmarked)

    def _taken_back(self, call: Call, item: Item, job: Job) -> Item | None:
        """Rules that the records break hold no more; their guards go when the fields become unique again or the collection is purged."""
        changes, refused = Changes(**job["changes"]), {problem.get("path", "") for problem in job["problems"]}
        return self._turned(call, item, job | {"phase": "failed"}, lambda definition: unmarked(without(definition, changes, refused)))

    def _turned(self, call: Call, item: Item, job: Job | None, change: Json) -> Item | None:
        """The job and the definition changed in one transaction."""

        def act(editing: Editing) -> Answer:
            record = editing.definition(item["data"]["name"])
            if record is not None:
                changed = change(record.item["data"])
                if changed != record.item["data"]:
                    put_definition(editing, record, changed)
            gone = Tagged(Delete(job_key(item["data"]["uid"])), "other")
            editing.extra.append(gone if job is None else job_put(job, item["version"]))
            return Answer()

        edit(self._backend, call, AREA, act)
        return None if job is None else item | {"data": job, "version": item["version"] + 1}

    def _purge(self, item: Item, part: Slice) -> Item | None:
        """Remove what is left; the job ends when nothing is, and nobody can make more."""
        job: Job = item["data"]
        ended = part.purge(job, parse_collection(job["definition"]))
        if ended and part.has_settled(job):
            part.commit([Tagged(Delete(job_key(job["uid"], "purge")), "other")])
            return None
        job["phase"] = "recheck" if ended else "write"
        part.commit([job_put(job, item["version"], "purge")])
        return item | {"version": item["version"] + 1}


def drop_job(definition: Definition, now_ms: int) -> list[Tagged]:
    """The job that purges the records of a dropped collection, in place of any other of its jobs; staged with its removal."""
    job = new_job(definition["name"], definition["uid"], "write", Changes(), now_ms, definition=definition, small=False)
    return [job_put(job, kind="purge"), Tagged(Delete(job_key(definition["uid"])), "other")]
