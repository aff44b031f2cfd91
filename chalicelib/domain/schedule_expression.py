"""A `Recurrence` in the words of EventBridge Scheduler: ``at(…)``, ``rate(…)`` or ``cron(…)``, with the span in which it holds.

EventBridge counts days of the week from 1 (Sunday) and cannot say "on a day of the month *or* of the week". What it cannot say is said
more widely (every day), and our own rule decides when it fires: it may fire too often, never too rarely. A rate begins with its start
date, which may not lie more than five minutes back, so it is the next time there is.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.domain.cron import WEEKDAYS, Cron
from chalicelib.domain.recurrence import MINUTE_MS, Recurrence

EVERY_DAY = ("*", "?")


@dataclass(frozen=True)
class Timing:
    """``expression`` holds in the time zone called ``timezone``, from ``starts_ms`` to ``ends_ms`` (epoch milliseconds)."""

    expression: str
    timezone: str = "UTC"
    starts_ms: int | None = None
    ends_ms: int | None = None


def timing_of(recurrence: Recurrence, timezone: str, now_ms: int) -> Timing | None:
    """What to tell the Scheduler now; ``None`` for what never fires any more. ``timezone``: the name of the recurrence's zone."""
    following = recurrence.next_after(now_ms - 1)
    if following is None:
        return None
    # The end itself counts, and EventBridge's does not.
    ends_ms = recurrence.ends_ms + MINUTE_MS if recurrence.ends_ms is not None else None
    if isinstance(recurrence.repeat, Cron):
        starts_ms = recurrence.starts_ms if recurrence.starts_ms is not None and recurrence.starts_ms > now_ms else None
        return Timing(cron_expression(recurrence.repeat), timezone, starts_ms, ends_ms)
    if recurrence.repeat is not None:
        return Timing(_rate(recurrence.repeat // MINUTE_MS), starts_ms=following, ends_ms=ends_ms)
    return Timing(f"at({datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=following):%Y-%m-%dT%H:%M:%S})")


def _rate(minutes: int) -> str:
    return "rate(1 minute)" if minutes == 1 else f"rate({minutes} minutes)"


def cron_expression(cron: Cron) -> str:
    """``cron(minutes hours day-of-month month day-of-week year)``."""
    day, weekday = _days(cron)
    return f"cron({_ranges(cron.minutes, 60)} {_ranges(cron.hours, 24)} {day} {_ranges(cron.months, 12)} {weekday} *)"


def _days(cron: Cron) -> tuple[str, str]:
    """Day of month and day of week, one of them ``?``."""
    if cron.any_weekday:
        return (_day_of_month(cron), "?") if not cron.any_day else EVERY_DAY
    weekday = _weekday(cron) if cron.any_day else None
    return ("?", weekday) if weekday is not None else EVERY_DAY


def _day_of_month(cron: Cron) -> str:
    """Numbers, or one sign; ``*`` for several signs together."""
    signs = ["L"] * cron.last_day + ["LW"] * cron.last_working_day + [f"{day}W" for day in sorted(cron.near)]
    if not signs:
        return _ranges(sorted(cron.days), 31)
    return signs[0] if len(signs) == 1 and not cron.days else "*"


def _weekday(cron: Cron) -> str | None:
    """Numbers, or one sign; ``None`` for several signs together."""
    signs = [f"{day + 1}L" for day in sorted(cron.last_weekdays)] + [f"{day + 1}#{which}" for day, which in sorted(cron.nth_weekdays)]
    if not signs:
        return _ranges(sorted(day + 1 for day in cron.weekdays), len(WEEKDAYS))
    return signs[0] if len(signs) == 1 and not cron.weekdays else None


def _ranges(numbers: Iterable[int], number_of_all: int) -> str:
    """``0-5,9`` for numbers in order; ``*`` for all there are."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(runs) == 1 and len(runs[0]) == number_of_all:
        return "*"
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
