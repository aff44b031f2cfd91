"""Puts the Scheduler's schedules back in step with the enabled workflows, every five minutes: those that nobody wants are removed, those
that are missing are made again.

A schedule is made before its workflow is seen as enabled, so young ones are left alone; and who removes one looks again, since it may have
been enabled in between. What an unwanted one fires meanwhile is left alone by `firing`.
Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteSchedule.html
"""

from __future__ import annotations

from chalicelib.services.backend import Backend
from chalicelib.services.periods import is_due
from chalicelib.services.schedules import Scheduled, put_schedule, schedule_name, scheduled_workflows
from chalicelib.triggers.schedule import static_recurrence

PAUSE_MS = 300_000
MOST_AT_ONCE = 50


def keep_schedules(backend: Backend, deadline_ms: int) -> list[str]:
    """The names of the schedules that were removed or made, fifty at most; none when that was done within the last five minutes.

    Raises ScheduleRefused, StoreUnavailable, Unavailable."""
    if not is_due(backend, "schedules", PAUSE_MS):
        return []
    wanted, there, now_ms = _wanted(backend), backend.schedules.names(f"{backend.stage}-"), backend.clock.now_ms()
    old = [name for name, made_ms in there.items() if name not in wanted and now_ms - made_ms > PAUSE_MS]
    done: list[str] = []
    for name in [*sorted(wanted.keys() - there.keys()), *sorted(old)][:MOST_AT_ONCE]:
        if backend.clock.now_ms() >= deadline_ms:
            break
        if name in wanted:
            put_schedule(backend, wanted[name])
        else:
            _remove(backend, name)
        done.append(name)
    return done


def _remove(backend: Backend, name: str) -> None:
    backend.schedules.remove(name)
    again = _wanted(backend).get(name)
    if again is not None:
        put_schedule(backend, again)


def _wanted(backend: Backend) -> dict[str, Scheduled]:
    """By their names the schedules of enabled workflows that still have a time to come."""
    now_ms = backend.clock.now_ms()
    return {
        schedule_name(backend.stage, scheduled): scheduled
        for scheduled in scheduled_workflows(backend)
        if scheduled.is_static and static_recurrence(scheduled.config).next_after(now_ms) is not None
    }
