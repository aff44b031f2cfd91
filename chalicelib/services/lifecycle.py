"""The life of a collection with records in it: a changed definition is checked against them and carried to them; a removed one is purged.

Up to 1,000 records this happens within the call that asks for it: it is refused whole, naming what is wrong, or done when the answer comes.
Above, a job is left (`collection_jobs`) that the sweep carries on, slice by slice, or ``collections:reindex`` for who will not wait.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import Definition, parse_collection
from chalicelib.domain.ports import RECORDS, Delete, Item
from chalicelib.domain.record import Record
from chalicelib.engine.commit import store_errors
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Invalid, Json, NotFound, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.collection_jobs import CollectionJobs, put_definition
from chalicelib.services.due_upkeep import refuse_while_dates_are_watched
from chalicelib.services.editing import Editing, open_for
from chalicelib.services.reindexing import Job, Slice, job_key, job_put, new_job, shown
from chalicelib.services.schema_changes import Changes, becoming, changes_between, marked, refusals

AREA = "collections"
MOST_INLINE = 1_000
BLOCKING = ("check", "write")
UNFINISHED = (*BLOCKING, "recheck")


def store_definition(editing: Editing, record: Record, changed: Definition) -> Definition:
    """Stage the definition, and the job that brings the records in line with it; the definition as it will be stored.

    Raises Invalid for a change that the (at most 1,000) records do not allow, Conflict while a job of the collection runs."""
    before, after = parse_collection(record.item["data"]), parse_collection(changed)
    changes = changes_between(before, after)
    refuse_while_dates_are_watched(editing, before, changes)
    if changed["fields"] != record.item["data"]["fields"]:
        refuse_while_running(editing, before.uid, ("check",))  # its end puts the fields that it has checked in place of all
    if changes.any and _has_records(editing, before):
        changed = _with_job(editing, record, before, changed, changes)
    put_definition(editing, record, changed)
    return changed


def job_of(editing: Editing, uid: str) -> Job | None:
    """The collection's job, as it is now."""
    item = editing.reads.store.batch_get([job_key(uid)]).get(job_key(uid))
    return item["data"] if item else None


def refuse_while_running(editing: Editing, uid: str, phases: tuple[str, ...] = BLOCKING) -> None:
    """Raises Conflict while a job checks or changes the records. A small collection that only waits to be looked at again is free."""
    job = job_of(editing, uid)
    if job and job["phase"] in phases and not (job["small"] and job["phase"] == "recheck"):
        raise Conflict(
            f'the records of "{job["name"]}" are being brought in line with an earlier change; '
            f'"reindex" of collections:get/{job["name"]} says how far that is',
            code="REINDEXING",
            data={"reindex": shown(job, job["name"]), "retryAfter": 30},
        )


def _has_records(editing: Editing, collection: Collection) -> bool:
    return any(editing.reads.store.query(RECORDS, partition, limit=1).items for partition in collection.partitions)


def _with_job(editing: Editing, record: Record, before: Collection, changed: Definition, changes: Changes) -> Definition:
    """The definition to store now, a job for its records staged beside it."""
    refuse_while_running(editing, before.uid, UNFINISHED)
    after, now_ms = parse_collection(changed), editing.backend.clock.now_ms()
    few = _few(editing, before)
    if few is not None:
        found = refusals(after, changes, few)
        if found:
            raise Invalid.of(found)
    if few is None and changes.to_check:
        more = {"proposed": changed["fields"], "small": False, "waits": bool(changes.retyped)}
        editing.extra.append(job_put(new_job(before.name, before.uid, "check", changes, now_ms, **more)))
        return becoming(changed | {"fields": record.item["data"]["fields"]}, after, changes)
    waiting = job_of(editing, before.uid)
    if waiting is not None and waiting["phase"] == "recheck":
        asked = changes.with_earlier(Changes(**waiting["changes"]), after)
    else:
        asked = changes
    editing.extra.append(job_put(new_job(before.name, before.uid, "write", asked, now_ms, small=few is not None)))
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
    """The jobs as calls see them, over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._jobs = CollectionJobs(backend)

    def as_it_is(self, shown: Json, owner: str | None, public: Callable[[Definition], Definition]) -> Json:
        """What was to be answered before small collections were brought in line (a collection, a list of it, or a field of the collection
        ``owner``), as it is now."""
        first = shown[0] if isinstance(shown, list) else shown
        if not isinstance(first, dict) or not _is_building(first):
            return shown
        record = store_errors(lambda: self._jobs.definition(owner or first["name"]))
        if record is None:
            return shown
        now = public(record.item["data"])
        if owner is not None:
            return next((field for field in now["fields"] if field["name"] == first["name"]), shown)
        return [now] if isinstance(shown, list) else now

    def finish_small(self, call: Call, name: str) -> None:
        """Bring a small collection in line, if its definition was changed just now. Raises Invalid when somebody broke the new rules
        in between; then they are taken back."""
        definition = store_errors(lambda: self._jobs.definition(name))
        item = store_errors(lambda: self._jobs.item(definition.item["data"]["uid"])) if definition else None
        is_ours = False  # a job that failed before this call is no answer to it
        while item is not None and item["data"]["small"] and item["data"]["phase"] == "write":
            is_ours = True
            if Slice(self._backend, call.deadline_ms).is_over:
                return  # out of time; the sweep carries it on
            item = self._advanced(item, call)
        if is_ours and item is not None and item["data"]["phase"] == "failed":
            raise Invalid.of([Problem(p["message"], p.get("path", ""), p.get("code", "")) for p in item["data"]["problems"]])

    def carry_on(self, call: Call) -> Answer:
        """One slice of the job of the collection named, or of every job; the answer says where they stand."""
        editing = store_errors(lambda: open_for(self._backend, call, AREA, ""))
        name = call.target_key
        if name is None:
            return Answer([*self._carried_on(call, "reindex"), *(state | {"purge": True} for state in self._carried_on(call, "purge"))])
        record = store_errors(lambda: editing.definition(name))
        if record is None:
            raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
        item = store_errors(lambda: self._jobs.item(record.item["data"]["uid"]))
        return Answer(shown(_data(self._advanced(item, call)) if item else None, name))

    def _carried_on(self, call: Call, kind: str) -> list[dict[str, Json]]:
        items = store_errors(lambda: list(self._jobs.items(kind)))
        return [shown(_data(self._advanced(item, call)), item["data"]["name"]) for item in items]

    def _advanced(self, item: Item, call: Call) -> Item | None:
        return store_errors(lambda: self._jobs.advance(item, call.deadline_ms))

    def purge(self, call: Call, uid: str) -> None:
        """A first slice of removing the records of a dropped collection."""
        item = store_errors(lambda: self._jobs.item(uid, "purge"))
        if item is not None:
            self._advanced(item, call)


def _is_building(shown: Definition) -> bool:
    return any(one.get("building") for one in (shown, *shown.get("fields", ())))


def _data(item: Item | None) -> Job | None:
    return item["data"] if item else None


def drop_job(definition: Definition, now_ms: int) -> list[Tagged]:
    """The job that purges the records of a dropped collection, in place of any other of its jobs; staged with its removal."""
    job = new_job(definition["name"], definition["uid"], "write", Changes(), now_ms, definition=definition, small=False)
    return [job_put(job, kind="purge"), Tagged(Delete(job_key(definition["uid"])), "other")]
