"""Jobs on the records of collections, a step at a time, by whoever comes by: the call that began one, ``collections:reindex``, the sweep.

The open jobs are three partitions of the records table, ``reindex``, ``purge`` and ``dues``, so finding them is a query each; a job is put
there by the transaction that changes the definition, so none is lost. Nobody holds a job: two who work on one do the same twice, the one
that stores its step second finds the job's version raised and leaves it.
Source of the scheme: Rae et al., "Online, Asynchronous Schema Change in F1" (VLDB 2013), https://research.google/pubs/pub41376/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.domain.definition import Definition, parse_collection
from chalicelib.domain.keys import DUES
from chalicelib.domain.ports import RECORDS, Delete, Item
from chalicelib.domain.record import Record
from chalicelib.engine.commit import Stale
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer
from chalicelib.services.due_filling import DueFilling
from chalicelib.services.editing import Editing, edit_unattended, open_unattended
from chalicelib.services.reindexing import Job, Slice, job_key, job_put
from chalicelib.services.schema_changes import Changes, marked, unmarked, without

KINDS = ("reindex", "purge", DUES)


class Overtaken(Exception):
    """Somebody else stored a step of the job."""


class CollectionJobs:
    """The open jobs, over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def definition(self, name: str) -> Record | None:
        """The stored definition of a collection, as it is now."""
        return open_unattended(self._backend, "").definition(name)

    def item(self, uid: str, kind: str = "reindex") -> Item | None:
        """The stored job of a collection: ``data`` is the job, ``pk`` its kind."""
        return self._backend.store.batch_get([job_key(uid, kind)]).get(job_key(uid, kind))

    def items(self, kind: str) -> Iterator[Item]:
        """All jobs of a kind."""
        start = None
        while True:
            page = self._backend.store.query(RECORDS, kind, start=start)
            yield from page.items
            start = page.next
            if start is None:
                return

    def is_due(self, item: Item) -> bool:
        """Whether a step could do something now that nobody else is likely to be doing."""
        job: Job = item["data"]
        is_settled = Slice(self._backend, None).has_settled(job)
        if job["phase"] == "failed":
            return False
        if job["phase"] == "recheck" or job.get("waits"):
            return is_settled
        is_small = bool(job["small"])  # then the call that made the job does it
        return is_settled or not is_small

    def advance(self, item: Item, deadline_ms: int | None, most: int | None = None) -> Item | None:
        """One slice of the job; what is stored of it then, ``None`` when it is done. Raises Conflict, Unavailable."""
        part = Slice(self._backend, deadline_ms, most)
        try:
            if item["pk"] == DUES:
                return DueFilling(self._backend, part, item).advance()
            return self._purge(item, part) if item["pk"] == "purge" else self._step(item, part)
        except (Stale, Overtaken):
            return self.item(item["data"]["uid"], item["pk"])

    def _step(self, item: Item, part: Slice) -> Item | None:
        job: Job = item["data"]
        record = self.definition(job["name"])
        if record is None or record.item["data"]["uid"] != job["uid"]:
            part.commit([Tagged(Delete(job_key(job["uid"])), "other")])
            return None
        definition = record.item["data"]
        if job["phase"] == "check" and (part.has_settled(job) or not job.get("waits")):
            job["waits"] = False
            after = parse_collection(definition | {"fields": job["proposed"]})
            return self._checked(item, job, part) if part.check(job, after) else self._kept(item, part)
        if job["phase"] == "write":
            ended = part.write(job, parse_collection(definition), fence=True)
            return self._written(item, job, part) if ended else self._kept(item, part)
        if job["phase"] == "recheck" and part.has_settled(job):
            ended = part.write(job, parse_collection(definition), fence=False)
            return self._rechecked(item, job, part) if ended else self._kept(item, part)
        return item

    def _kept(self, item: Item, part: Slice) -> Item:
        """The job where the slice left it, stored."""
        part.commit([job_put(item["data"], item["version"], item["pk"])])
        return item | {"version": item["version"] + 1}

    def _checked(self, item: Item, job: Job, part: Slice) -> Item | None:
        """The definition is switched, unless the records refuse it: then it is as it was."""
        if job["problems"]:
            return self._turned(item, job | {"phase": "failed", "proposed": None}, unmarked, part)
        proposed, changes = job["proposed"], Changes(**job["changes"])
        start = {"phase": "write", "proposed": None, "waits": False, "shard": 0, "after": None, "done": 0}
        since = {"since": self._backend.clock.now_ms()}
        return self._turned(item, job | start | since, lambda definition: marked(definition | {"fields": proposed}, changes), part)

    def _written(self, item: Item, job: Job, part: Slice) -> Item | None:
        """All records are in line: a small collection is ready, a large one once it has been looked at again."""
        if job["problems"]:
            return self._taken_back(item, job, part)
        start = {"phase": "recheck", "shard": 0, "after": None, "done": 0}
        return self._turned(item, job | start, unmarked if job["small"] else lambda definition: definition, part)

    def _rechecked(self, item: Item, job: Job, part: Slice) -> Item | None:
        if job["problems"]:
            return self._taken_back(item, job, part)
        return self._turned(item, None, unmarked, part)

    def _taken_back(self, item: Item, job: Job, part: Slice) -> Item | None:
        """Rules that the records break hold no more; their guards go when the fields become unique again or the collection is purged."""
        changes, refused = Changes(**job["changes"]), {problem.get("path", "") for problem in job["problems"]}
        return self._turned(item, job | {"phase": "failed"}, lambda definition: unmarked(without(definition, changes, refused)), part)

    def _turned(self, item: Item, job: Job | None, change: Callable[[Definition], Definition], part: Slice) -> Item | None:
        """The job and the definition changed in one transaction. Raises Overtaken."""
        uid = item["data"]["uid"]

        def act(editing: Editing) -> Answer:
            stored = self.item(uid)
            if stored is None or stored["version"] != item["version"]:
                raise Overtaken
            record = editing.definition(item["data"]["name"])
            if record is not None and (changed := change(record.item["data"])) != record.item["data"]:
                put_definition(editing, record, changed)
            gone = Tagged(Delete(job_key(uid)), "other")
            editing.extra.append(gone if job is None else job_put(job, item["version"]))
            return Answer()

        edit_unattended(self._backend, part.deadline_ms, act)
        return None if job is None else item | {"data": job, "version": item["version"] + 1}

    def _purge(self, item: Item, part: Slice) -> Item | None:
        """Remove what is left; the job ends when nothing is, and nobody can make more."""
        job: Job = item["data"]
        ended = part.purge(job, parse_collection(job["definition"]))
        if ended and part.has_settled(job):
            part.commit([Tagged(Delete(job_key(job["uid"], "purge")), "other")])
            return None
        job["phase"] = "recheck" if ended else "write"
        return self._kept(item, part)


def put_definition(editing: Editing, record: Record, changed: Definition) -> None:
    """Stage the definition as it is; options that it lacks are removed."""
    gone = {name: None for name in record.item["data"] if name not in changed}
    editing.unit.update(record, changed | gone)
