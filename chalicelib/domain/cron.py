"""Cron expressions: minute, hour, day of month, month, day of week, and the days that ``L``, ``W`` and ``#`` name.

Days of the week count from 0 or 7 (Sunday) as crontab's do; where both day fields are restricted a day that either names counts. A sixth
field in front, of seconds, must be 0. Of Quartz's signs those that EventBridge has: ``L`` (last day of the month or week), ``5L`` (the last
Friday), ``15W`` (the working day nearest to the 15th), ``LW``, ``5#2`` (the second Friday), ``?``.
Source: https://man7.org/linux/man-pages/man5/crontab.5.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

LONGEST = 256  # as EventBridge Scheduler's expressions
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
SATURDAY = 6
LATEST_NTH = 5


class CronError(ValueError):
    """The expression is none; the message says which field, and what would be right."""


@dataclass(frozen=True)
class Field:
    """One of the five: its name, its least and greatest number, the names that stand for numbers."""

    title: str
    least: int
    most: int
    names: Mapping[str, int]


MINUTE = Field("minutes", 0, 59, {})
HOUR = Field("hours", 0, 23, {})
DAY = Field("day of month", 1, 31, {})
MONTH = Field("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)})
WEEKDAY = Field("day of week", 0, 7, {name: number for number, name in enumerate(WEEKDAYS)})
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)


@dataclass(frozen=True)
class Cron:
    """``days`` and ``weekdays`` (0 is Sunday) are the plain numbers. Beside them: ``last_day``, ``last_working_day``, ``near`` (those with
    ``W``), ``last_weekdays`` (with ``L``), ``nth_weekdays`` as (weekday, which of the month)."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: tuple[int, ...]
    weekdays: frozenset[int]
    last_day: bool = False
    last_working_day: bool = False
    near: frozenset[int] = frozenset()
    last_weekdays: frozenset[int] = frozenset()
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()

    @property
    def any_day(self) -> bool:
        """Whether the day of the month is left open."""
        return len(self.days) == DAY.most

    @property
    def any_weekday(self) -> bool:
        """Whether the day of the week is left open."""
        return len(self.weekdays) == len(WEEKDAYS)

    def days_of(self, year: int, month: int) -> list[int]:
        """The days of the month on which it fires, in order; none in a month that is not named."""
        if month not in self.months:
            return []
        length = monthrange(year, month)[1]
        every = set(range(1, length + 1))
        by_day = every if self.any_day else self._by_day(year, month, length)
        by_weekday = every if self.any_weekday else self._by_weekday(year, month, length)
        if self.any_day or self.any_weekday:
            return sorted(by_day & by_weekday)
        return sorted(by_day | by_weekday)

    def _by_day(self, year: int, month: int, length: int) -> set[int]:
        found = {day for day in self.days if day <= length}
        if self.last_day:
            found.add(length)
        if self.last_working_day:
            found.add(_working_day(year, month, length))
        return found | {_working_day(year, month, day) for day in self.near if day <= length}

    def _by_weekday(self, year: int, month: int, length: int) -> set[int]:
        found = set()
        for day in range(1, length + 1):
            weekday = date(year, month, day).isoweekday() % 7
            is_last = weekday in self.last_weekdays and day + 7 > length
            if weekday in self.weekdays or is_last or (weekday, (day + 6) // 7) in self.nth_weekdays:
                found.add(day)
        return found


def _working_day(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday that is nearest, within the month."""
    length = monthrange(year, month)[1]
    beyond_friday = date(year, month, day).weekday() - 4
    if beyond_friday == 1:
        return day - 1 if day > 1 else day + 2
    if beyond_friday == 2:
        return day + 1 if day < length else day - 2
    return day


def parse_cron(text: str) -> Cron:
    """The expression ``0 9 * * MON-FRI``, parsed. Raises CronError."""
    if len(text) > LONGEST:
        raise CronError(f"a cron expression has at most {LONGEST} characters")
    parts = SHORTHANDS.get(text.strip().lower(), text).upper().split()
    if len(parts) == 6:
        _require_no_seconds(parts.pop(0))
    if len(parts) != 5:
        form = "minutes, hours, day of month, month and day of week, such as 0 9 * * MON-FRI"
        raise CronError(f'"{text}" has {len(parts)} fields; a cron expression has five: {form}')
    near, last_day, last_working_day, days = _day_signs(parts[2])
    last_weekdays, nth_weekdays, weekdays = _weekday_signs(parts[4])
    return Cron(
        tuple(sorted(_numbers(parts[0], MINUTE))),
        tuple(sorted(_numbers(parts[1], HOUR))),
        frozenset(_listed(days, DAY)),
        tuple(sorted(_numbers(parts[3], MONTH))),
        frozenset(number % 7 for number in _listed(weekdays, WEEKDAY)),
        last_day,
        last_working_day,
        near,
        last_weekdays,
        nth_weekdays,
    )


def _require_no_seconds(part: str) -> None:
    if not re.fullmatch("0+", part, re.ASCII):
        raise CronError(f'the seconds are "{part}"; schedules run on whole minutes: leave the seconds out, or let them be 0')


def _day_signs(part: str) -> tuple[frozenset[int], bool, bool, list[str]]:
    """Of the day of month: the numbers with ``W``, whether ``L`` and ``LW`` stand there, and the other entries."""
    entries = part.split(",")
    near = {entry for entry in entries if re.fullmatch("[0-9]+W", entry, re.ASCII)}
    rest = [entry for entry in entries if entry not in ("L", "LW", "WL") and entry not in near]
    return frozenset(_number(entry[:-1], DAY) for entry in near), "L" in entries, bool({"LW", "WL"} & set(entries)), rest


def _weekday_signs(part: str) -> tuple[frozenset[int], frozenset[tuple[int, int]], list[str]]:
    """Of the day of week: those with ``L``, those with ``#``, and the other entries; ``L`` alone is Saturday."""
    last, nth, rest = set(), set(), []
    for entry in part.split(","):
        weekday, sign, which = entry.partition("#")
        if sign:
            nth.add((_number(weekday, WEEKDAY) % 7, _nth(which, entry)))
        elif entry.endswith("L") and entry != "L":
            last.add(_number(entry[:-1], WEEKDAY) % 7)
        else:
            rest.append(str(SATURDAY) if entry == "L" else entry)
    return frozenset(last), frozenset(nth), rest


def _nth(text: str, entry: str) -> int:
    if not re.fullmatch("[1-5]", text, re.ASCII):
        raise CronError(f'"{entry}" in the day of week: after # comes which one of the month, 1 to {LATEST_NTH}')
    return int(text)


def _numbers(part: str, field: Field) -> set[int]:
    return _listed(part.split(","), field)


def _listed(entries: list[str], field: Field) -> set[int]:
    return {number for entry in entries for number in _entry(entry, field)}


def _entry(entry: str, field: Field) -> range:
    """The numbers of ``5``, ``1-5``, ``*``, ``*/15``, ``5/15`` (from 5 on) or ``10-50/10``."""
    span, slash, step_text = entry.partition("/")
    step = _step(step_text, entry, field) if slash else 1
    # 7 is Sunday again; by steps it is not one more day.
    last = SATURDAY if field is WEEKDAY else field.most
    if span == "*" or (span == "?" and field in (DAY, WEEKDAY)):
        return range(field.least, last + 1, step)
    low_text, dash, high_text = span.partition("-")
    low = _number(low_text, field)
    if not dash:
        return range(low, max(last, low) + 1 if slash else low + 1, step)
    high = _number(high_text, field)
    if high < low:
        raise CronError(f'"{entry}" in the {field.title}: the range runs backwards')
    return range(low, high + 1, step)


def _step(text: str, entry: str, field: Field) -> int:
    if not re.fullmatch("[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= field.most:
        raise CronError(f'"{entry}" in the {field.title}: after / comes a step from 1 to {field.most}')
    return int(text)


def _number(text: str, field: Field) -> int:
    if text in field.names:
        return field.names[text]
    if not re.fullmatch("[0-9]{1,4}", text, re.ASCII) or not field.least <= int(text) <= field.most:
        names = f", or {', '.join(field.names)}" if field.names else ""
        raise CronError(f'"{text}" in the {field.title}: a number from {field.least} to {field.most} was expected{names}')
    return int(text)
