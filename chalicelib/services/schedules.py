"""Schedules of enabled workflows: made before a workflow is seen as enabled, never changed, and put back in step by the sweep.

The name holds a hash of what the schedule says, so an edited workflow has another one; what an old one still calls is not a time of the
enabled version, or is one and then counts once. A mark per enabled workflow, written with the workflow, is what is wanted.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.keys import SCHEDULES, fired_count_key, schedule_key
from chalicelib.domain.machines import ScheduleRefused
from chalicelib.domain.ports import RECORDS, Delete, Item, Put
from chalicelib.domain.record import Record
from chalicelib.domain.schedule_expression import timing_of
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Invalid, Json
from chalicelib.services.backend import Backend
from chalicelib.services.cloud_refusals import not_made
from chalicelib.triggers.schedule import SCHEDULE, STATIC, problem_at, static_recurrence

HASH_DIGITS = 12
NOT_CREATED = "SCHEDULE_NOT_CREATED"
TIMES = ("startsOn", "repeat", "endsOn", "timezone")


@dataclass(frozen=True)
class Scheduled:
    """An enabled workflow with a schedule: its key, its version and the trigger's config."""

    key: str
    version_id: int
    config: dict[str, Json]

    @classmethod
    def of(cls, workflow: Workflow) -> Scheduled:
        return cls(workflow.key, workflow.id, workflow.config)

    @property
    def is_static(self) -> bool:
        """Whether it has times of its own."""
        return self.config.get("mode") == STATIC

    @property
    def payload(self) -> dict[str, Json]:
        """What ``fire`` gets, but for the time."""
        return {"workflow": self.key, "version": self.version_id}


def scheduled_workflows(backend: Backend) -> Iterator[Scheduled]:
    """Every enabled workflow with a schedule, of either mode. Raises StoreUnavailable."""
    start = None
    while True:
        page = backend.store.query(RECORDS, SCHEDULES, start=start)
        yield from (Scheduled(item["sk"], item["versionId"], item["config"]) for item in page.items)
        start = page.next
        if start is None:
            return


def schedule_name(stage: str, scheduled: Scheduled) -> str:
    """``<stage>-<version id>-<12 digits of a hash of its times>``."""
    times = {name: scheduled.config.get(name) for name in TIMES}
    canonical = json.dumps(times, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{stage}-{scheduled.version_id}-{hashlib.sha256(canonical.encode()).hexdigest()[:HASH_DIGITS]}"


def put_schedule(backend: Backend, scheduled: Scheduled) -> None:
    """Make the schedule unless it is there, or has nothing to do any more. Raises ScheduleRefused."""
    timezone = scheduled.config.get("timezone") or "UTC"
    timing = timing_of(static_recurrence(scheduled.config), timezone, backend.clock.now_ms())
    if timing is not None:
        backend.schedules.put(schedule_name(backend.stage, scheduled), timing, scheduled.payload)


def publish_schedule(backend: Backend, workflow: Workflow, before: Item | None) -> None:
    """Make what starts a workflow with times of its own; ``before`` is the mark of its key as it was.

    Raises Invalid for one that would never start, Unavailable when the Scheduler does not take it: then nothing is enabled."""
    scheduled = Scheduled.of(workflow)
    if before is not None and (before["versionId"], before["config"]) == (workflow.id, workflow.config):
        return
    problem = problem_at(workflow.config, "config", backend.clock.now_ms())
    if problem is not None:
        raise Invalid.of([problem])
    if not scheduled.is_static:
        return
    try:
        put_schedule(backend, scheduled)
    except ScheduleRefused as refused:
        raise not_made("schedule", workflow, "EventBridge Scheduler", refused, NOT_CREATED) from refused


def mark_of(record: Record) -> list[Tagged]:
    """The writes that keep the mark of a version's key in step: it is there exactly while one with a schedule is enabled."""
    row, key = record.row, schedule_key(record.row["key"])
    if row["type"] != SCHEDULE:
        return []
    if row["enabled"]:
        item: Item = {"pk": key.pk, "sk": key.sk, "versionId": record.id, "config": row["config"]}
        return [Tagged(Put(key.table, item), "other")]
    return [Tagged(Delete(key), "other")] if row["current"] else []


def forgotten(record: Record) -> list[Tagged]:
    """The writes that end a key with a schedule: its mark, and the count of its firings."""
    key = record.row["key"]
    return [Tagged(Delete(one), "other") for one in (schedule_key(key), fired_count_key(key))] if record.row["type"] == SCHEDULE else []
