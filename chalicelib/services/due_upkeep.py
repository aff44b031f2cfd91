"""What enabling, changing and disabling a workflow that starts at a date of its records does to the items that say when they are due.

Each time that such a workflow begins to watch, its items have partitions of their own (``dueSince`` of its version), so nothing that was
written under another configuration, or before it was disabled, is ever read. The items of the records that are there are written by a job,
the first thousand records within the call; a job removes the partitions that nobody reads any more.
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition_rules import MOST_SHARDS
from chalicelib.domain.keys import DUES
from chalicelib.domain.ports import Delete, StoreUnavailable
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import plain_name
from chalicelib.engine.due import SHIFTING
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Conflict, Json
from chalicelib.observability import logger
from chalicelib.services.collection_jobs import CollectionJobs
from chalicelib.services.due_filling import emptying, filling
from chalicelib.services.editing import Editing
from chalicelib.services.reindexing import Job, job_key, job_put
from chalicelib.services.schema_changes import Changes
from chalicelib.triggers.schedule import DATE_FIELD, SCHEDULE

MOST_INLINE = 1_000
RULES = ("collection", *SHIFTING, "repeat", "timezone", "limit")


def keep_dues(editing: Editing, record: Record) -> Record:
    """The version as it is staged, with ``dueSince`` when it watches dates; the jobs for what begins and what ends are staged beside it."""
    staged = editing.unit.staged.get(record.key)
    before = staged.before if staged else record
    forgotten = forget_dues(editing, record.row["key"])
    if _rule(record) is None or _rule(record) == _rule(before):
        return record
    since = max([editing.backend.clock.now_ms(), *(one + 1 for one in forgotten)])
    job = filling(record.row["key"], since)
    editing.extra.append(job_put(job, kind=DUES))
    editing.afterwards.append(lambda deadline_ms: _begin(editing, job, deadline_ms))
    return editing.unit.update(record, {"dueSince": since})


def forget_dues(editing: Editing, key: str) -> list[int]:
    """Stage the end of what the versions of a key watched before and do not watch so any more; since when they had."""
    ended: list[int] = []
    for staged in list(editing.unit.staged.values()):
        before = staged.before
        if before is None or staged.collection.uid != WORKFLOWS.uid or before.row["key"] != key:
            continue
        rule, since = _rule(before), before.row["dueSince"]
        if rule is not None and since and rule != _rule(staged.after):
            collection = editing.collection(plain_name(str(rule["collection"])))
            gone = emptying(key, since, collection.shards if collection else MOST_SHARDS, editing.backend.clock.now_ms())
            editing.extra += [job_put(gone, kind=DUES), Tagged(Delete(job_key(filling(key, since)["uid"], DUES)), "other")]
            ended.append(since)
    return ended


def _rule(version: Record | None) -> dict[str, Json] | None:
    """What an enabled version that watches dates reads of its configuration; ``None`` for any other."""
    if version is None or not version.row["enabled"] or version.row["type"] != SCHEDULE:
        return None
    config = version.row["config"] or {}
    return {"version": version.id} | {name: config.get(name) for name in RULES} if config.get("mode") == DATE_FIELD else None


def _begin(editing: Editing, job: Job, deadline_ms: int | None) -> None:
    """A first slice. The change is committed, so what goes wrong here is left to the sweep."""
    jobs = CollectionJobs(editing.backend)
    try:
        item = jobs.item(job["uid"], DUES)
        if item is not None:
            jobs.advance(item, deadline_ms, MOST_INLINE)
    except (AppError, StoreUnavailable) as error:
        logger.warning("when records are due for %s is left to the sweep: %s", job["workflow"], error)


def refuse_while_dates_are_watched(editing: Editing, collection: Collection, changes: Changes) -> None:
    """Raises Conflict naming the enabled workflows that start at a date whose values would become others."""
    changing = {*changes.retyped, *changes.removed, *changes.filled}
    named: list[str] = []
    for workflow in editing.definitions.bound_now(collection.name) if changing else ():
        fields = {workflow.config[name]["field"] for name in SHIFTING if isinstance(workflow.config.get(name), dict)}
        if workflow.type == SCHEDULE and fields & changing:
            named.append(f'"{workflow.key}" ({", ".join(sorted(fields & changing))})')
    if named:
        message = f"enabled workflows start at dates that would change: {', '.join(named)}; disable them first"
        raise Conflict(message, code="FIELD_IN_USE")
