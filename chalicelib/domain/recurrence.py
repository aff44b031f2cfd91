"""When a schedule fires: once, at a fixed distance from its start, or by a cron expression in a time zone, always on whole minutes.

A start that is no whole minute counts as the next one. An interval runs from the start, which is its first time; of a cron expression the
first time is the first that it names from the start on. A time that the clock skips in spring is skipped, one that comes twice in autumn is
taken once, the first time, as EventBridge Scheduler does.
Source: https://docs.nocobase.com/workflow/triggers/schedule,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import available_timezones

from chalicelib.domain.cron import Cron, CronError, parse_cron
from chalicelib.domain.moments import OFFSET, moment_of, ms_of, zone_of
from chalicelib.domain.suggestions import did_you_mean
from chalicelib.errors import Json

MINUTE_MS = 60_000
YEARS_AHEAD = 40  # 29 February on a given weekday comes after at most 40 years
LATEST_YEAR = 9998
LATEST_MS = 221_845_392_000_000  # the year 9000: from there on to the last year that there is, no sum overflows
LONGEST_INTERVAL_MS = 3_650 * 86_400_000
NO_PLACE = re.compile("posix/|right/|posixrules|localtime|Factory|Z$")  # in the database of zones, or known here, but nowhere else


@dataclass(frozen=True)
class Recurrence:
    """``starts_ms`` and ``ends_ms`` are epoch milliseconds, both included; ``repeat`` is an interval in ms, a cron expression, or ``None``:
    once. Only a cron expression can do without a start."""

    starts_ms: int | None
    repeat: int | Cron | None = None
    ends_ms: int | None = None
    zone: tzinfo = UTC

    def first(self) -> int | None:
        """Its first time of all, in epoch milliseconds; ``None`` when it never fires."""
        return self.next_after(self.starts_ms - 1 if self.starts_ms is not None else -1)

    def next_after(self, ms: int) -> int | None:
        """Its first time strictly after ``ms`` (epoch milliseconds); ``None`` when there is no other."""
        if self.starts_ms is not None:
            ms = max(ms, _whole_minute(self.starts_ms) - 1)
        if isinstance(self.repeat, Cron):
            found = next(_times(self.repeat, self.zone, ms, self.ends_ms), None)
        else:
            found = self._next_of_interval(ms)
        return found if found is not None and (self.ends_ms is None or found <= self.ends_ms) else None

    def is_due(self, ms: int) -> bool:
        """Whether ``ms`` is one of its times."""
        return self.next_after(ms - 1) == ms

    def _next_of_interval(self, ms: int) -> int | None:
        if self.starts_ms is None:
            return None
        start = _whole_minute(self.starts_ms)
        if ms < start:
            return start
        return start + ((ms - start) // self.repeat + 1) * self.repeat if isinstance(self.repeat, int) else None


def _whole_minute(ms: int) -> int:
    """The first whole minute at or after ``ms``: nothing fires before its time."""
    return -(-ms // MINUTE_MS) * MINUTE_MS


def _times(cron: Cron, zone: tzinfo, ms: int, ends_ms: int | None) -> Iterator[int]:
    """The times after ``ms`` in order. Walks the clock on the wall, so that a day has each of its times at most once."""
    wall = _wall(ms, zone)
    last = min(wall.year + YEARS_AHEAD, LATEST_YEAR)
    if ends_ms is not None:
        last = min(last, _wall(ends_ms, zone).year)
    for year in range(wall.year, last + 1):
        for month in range(1 if year > wall.year else wall.month, 13):
            for day in cron.days_of(year, month):
                yield from _times_of_day(cron, datetime(year, month, day), zone, wall, ms)


def _times_of_day(cron: Cron, midnight: datetime, zone: tzinfo, wall: datetime, ms: int) -> Iterator[int]:
    if midnight.date() < wall.date():
        return
    for hour in cron.hours:
        if midnight.date() == wall.date() and hour < wall.hour:
            continue
        for minute in cron.minutes:
            time = _instant(midnight.replace(hour=hour, minute=minute), zone)
            if time is not None and time > ms:
                yield time


def _wall(ms: int, zone: tzinfo) -> datetime:
    """What the clock shows, seconds cut; the last year there is for one beyond it."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
        return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0, fold=0)
    except OverflowError:
        return datetime(LATEST_YEAR + 1, 1, 1)


def _instant(wall: datetime, zone: tzinfo) -> int | None:
    """When the clock shows that, for the first time; ``None`` for a time that it skips."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return ms_of(moment) if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None


def zone_named(name: Json) -> tzinfo:
    """The time zone called ``Europe/Berlin``; UTC for none. Raises ValueError for what is no name, saying what may have been meant."""
    if name in (None, ""):
        return UTC
    if isinstance(name, str) and not OFFSET.fullmatch(name) and not NO_PLACE.match(name):
        try:
            return zone_of(name)
        except ValueError:
            pass
    meant = did_you_mean(name, available_timezones()) if isinstance(name, str) else ""
    advice = meant or "give a name such as Europe/Berlin, or UTC"
    raise ValueError(f"there is no time zone {_shown(name)}; {advice}")


def repeat_of(raw: Json) -> int | Cron | None:
    """What a config's ``repeat`` says: a cron expression, an interval in ms, or nothing. Raises ValueError with what would be right."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        cron = parse_cron(raw)
        if next(_times(cron, UTC, 0, None), None) is None:
            raise CronError(f'"{raw}" never fires: no month that it names has such a day')
        return cron
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw or raw in (float("inf"), float("-inf")):
        raise ValueError("repeat is a cron expression such as 0 9 * * MON-FRI, or an interval in milliseconds")
    if raw < MINUTE_MS or raw % MINUTE_MS:
        raise ValueError(f"an interval is whole minutes, at least one: a multiple of {MINUTE_MS} ms, not {_shown(raw)}")
    if raw > LONGEST_INTERVAL_MS:
        raise ValueError(f"an interval is at most {LONGEST_INTERVAL_MS // 86_400_000} days, {LONGEST_INTERVAL_MS} ms")
    return int(raw)


def instant_of(raw: Json, zone: tzinfo) -> int:
    """Epoch milliseconds of a date such as ``2026-11-21T09:00:00Z``; one without an offset is read in ``zone``. Raises ValueError."""
    try:
        if not isinstance(raw, str):
            raise ValueError("no text")
        if not 0 <= (ms := ms_of(moment_of(raw, zone))) < LATEST_MS:
            raise ValueError("neither past nor near")
        return ms
    except ValueError:
        raise ValueError(f"a date and time such as 2026-11-21T09:00:00Z was expected, not {_shown(raw)}") from None


def _shown(value: Json) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
