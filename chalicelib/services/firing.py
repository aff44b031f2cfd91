"""``fire``: a time of a schedule has come, and its workflow starts, once.

Times are delivered at least once, perhaps late, perhaps of a schedule that is no longer wanted. So the enabled version decides whether it
is one of its times, and a mark written with the execution tells a second delivery. ``limit`` counts over all versions, in the same
transaction.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

from chalicelib.domain.ids import derived_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import EPOCH, fired_count_key, firing_key
from chalicelib.domain.ports import Absent, Equals, Put, Store, Update
from chalicelib.domain.recurrence import MINUTE_MS, Recurrence, instant_of, zone_named
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import AlreadyCommitted, Replayed, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.observability import logger
from chalicelib.services.backend import Backend
from chalicelib.services.dispatching import after_commit
from chalicelib.services.schedules import Scheduled, scheduled_workflows
from chalicelib.triggers.schedule import SCHEDULE, STATIC, static_recurrence

LATEST_MS = 86_400_000  # an event that is older is not made up for: a dead letter that is sent again after days
EARLIEST_MS = MINUTE_MS  # so far may two clocks be apart
KEPT_SECONDS = 3 * 86_400
MOST_IDS = 100


class Firing:
    """One delivery of a time, over a `Backend`."""

    def __init__(self, backend: Backend, event: Json) -> None:
        """``event``: ``{"workflow": key, "version": id, "time": instant}``. Raises Invalid for what is none."""
        self._backend = backend
        self._key, self._version_id, self._time_ms = _read(event)
        self._tries = 0

    def fire(self, deadline_ms: int | None = None) -> dict[str, Json]:
        """``{"execution": id}``, or ``{"ignored": why}``. Raises Unavailable, Conflict: then the time is delivered again."""
        answer = store_errors(lambda: walk_until_committed(self._backend.clock, deadline_ms, lambda _: self._once(deadline_ms)))
        if "ignored" in answer:
            logger.warning("the time %s of the schedule of %s is left alone: %s", iso_text(self._time_ms), self._key, answer["ignored"])
        return answer

    def _once(self, deadline_ms: int | None) -> dict[str, Json]:
        reads, definitions = self._backend.reading()
        reads.resolve(lambda: reads.together(lambda: reads.item(EPOCH), lambda: definitions.workflow(self._key)))
        workflow = definitions.workflow_now(self._key)
        due_ms = self._due_ms(workflow)
        if workflow is None or isinstance(due_ms, str):
            return {"ignored": due_ms}
        counted = limit_writes(self._backend.store, workflow)
        if counted is None:
            return {"ignored": f"it has started as often as its limit says, {workflow.config['limit']} times"}
        return self._started(definitions, workflow, due_ms, counted, deadline_ms)

    def _due_ms(self, workflow: Workflow | None) -> int | str:
        """The time of the schedule that the event stands for, or why there is none."""
        if workflow is None:
            return "the workflow is not enabled"
        if workflow.type != SCHEDULE or workflow.config.get("mode") != STATIC:
            return "the workflow has no times of its own"
        if workflow.id != self._version_id:
            return "another version is enabled"
        if self._backend.clock.now_ms() - self._time_ms > LATEST_MS:
            return "it is more than a day late"
        if self._time_ms - self._backend.clock.now_ms() > EARLIEST_MS:
            return "it has not come yet"
        due_ms = time_within(static_recurrence(workflow.config), self._time_ms)
        return due_ms if due_ms is not None else "it is none of its times"

    def _started(
        self, definitions: Definitions, workflow: Workflow, due_ms: int, counted: list[Tagged], deadline_ms: int | None
    ) -> dict[str, Json]:
        """Another workflow may have the id: then the next one is taken."""
        token, now = f"schedule/{self._key}/{due_ms}", self._backend.now()
        for number in range(MOST_IDS):
            execution = Execution(derived_id(due_ms, token, number), workflow, {"date": iso_text(due_ms)}, now, status=QUEUEING)
            try:
                tagged = [*run_writes(definitions, [execution], token, now), _mark(self._key, due_ms, now), *counted]
                commit(self._backend.store, self._backend.clock, tagged, deadline_ms)
            except Replayed:
                return {"ignored": "it was delivered before"}
            except AlreadyCommitted as there:
                if restored(there.item, workflow).token == token:
                    return {"ignored": "it was delivered before"}
                continue
            after_commit(self._backend, definitions, [execution])
            return {"execution": execution.id}
        raise AssertionError(f"{MOST_IDS} ids of one moment are taken")


def _read(event: Json) -> tuple[str, int, int]:
    """Key, version and time. Raises Invalid with everything that is wrong."""
    event = event if isinstance(event, dict) else {}
    key, version_id, time = event.get("workflow"), event.get("version"), event.get("time")
    found = [] if isinstance(key, str) and key else [Problem('"workflow" must be the key of a workflow', "workflow")]
    if not isinstance(version_id, int) or isinstance(version_id, bool):
        found.append(Problem('"version" must be the id of a version', "version"))
    try:
        time_ms = instant_of(time, zone_named(None))
    except ValueError as wrong:
        found.append(Problem(str(wrong), "time"))
    if found:
        raise Invalid.of(found)
    return str(key), int(version_id or 0), time_ms


def time_within(recurrence: Recurrence, ms: int) -> int | None:
    """The recurrence's time in the minute up to ``ms``; ``None`` when there is none. EventBridge's own may have seconds."""
    found = recurrence.next_after(ms - MINUTE_MS)
    return found if found is not None and found <= ms else None


def limit_writes(store: Store, workflow: Workflow, count: int = 1) -> list[Tagged] | None:
    """The write that counts firings of the workflow, under a condition when it has a limit; ``None`` when they would be more than that.

    Raises StoreUnavailable."""
    key, limit = fired_count_key(workflow.key), workflow.config.get("limit")
    if limit is None:
        return [Tagged(Update(key, add={"value": count}), "other")]
    item = store.batch_get([key]).get(key)
    value = int(item["value"]) if item else 0
    if value + count > limit:
        return None
    put = Put(key.table, {"pk": key.pk, "sk": key.sk, "value": value + count}, Equals({"value": value}) if item else Absent())
    return [Tagged(put, "other")]


def _mark(key: str, due_ms: int, now: str) -> Tagged:
    """Kept longer than a time may be delivered again."""
    at = firing_key(key, iso_text(due_ms))
    ttl = instant_of(now, zone_named(None)) // 1000 + KEPT_SECONDS
    return Tagged(Put(at.table, {"pk": at.pk, "sk": at.sk, "ttl": ttl}, Absent()), "idempotency")


def fire_due(backend: Backend, after_ms: int, until_ms: int) -> int:
    """How many executions were started for the times after ``after_ms`` up to ``until_ms``: what the Scheduler does, for a place without.

    What goes wrong with one does not keep the others from starting. Raises Unavailable when the schedules cannot be read."""
    started = 0
    for scheduled in store_errors(lambda: list(scheduled_workflows(backend))):
        if not scheduled.is_static:
            continue
        try:
            started += sum(1 for due_ms in _times(scheduled, after_ms, until_ms) if _fired(backend, scheduled, due_ms))
        except Exception:
            logger.exception("the schedule of %s could not be fired", scheduled.key)
    return started


def _fired(backend: Backend, scheduled: Scheduled, due_ms: int) -> bool:
    return "execution" in Firing(backend, scheduled.payload | {"time": iso_text(due_ms)}).fire()


def _times(scheduled: Scheduled, after_ms: int, until_ms: int) -> list[int]:
    recurrence, found = static_recurrence(scheduled.config), list[int]()
    while (following := recurrence.next_after(after_ms)) is not None and following <= until_ms:
        found.append(following)
        after_ms = following
    return found
