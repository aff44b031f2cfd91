"""What a date in a filter means: a span of time, half open.

``"2026"`` is a year, ``"2026-11"`` a month, ``"2026-11-21"`` a day, ``"2026-11-21T02:04"`` a minute, each in the caller's
time zone or in the one it carries; an instant that ends in ``Z`` is one millisecond, the precision of the stored texts.
So "on", "before" and "between" are the same two comparisons for all of them.
Source: https://docs.nocobase.com/api/database/operators#date-field-operators
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from typing import NamedTuple

from chalicelib.errors import Json

EXPECTED = (
    'a date such as "2026-11-21", "2026-11" or "2026-11-21T02:04:48.219Z", two of them in a list, '
    'or an object such as {"type": "today"} or {"type": "past", "number": 7, "unit": "day"}'
)
ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
DATE = re.compile(
    r"(?P<year>\d{4})"
    r"(?:Q(?P<quarter>[1-4])|W(?P<week>\d{2})|-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?)?)?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
INTERVAL = re.compile(r"([\[(])([^,]+),([^,]+)([\])])([+-]\d{2}:?\d{2})?", re.ASCII)
BRACKETS = ("[]", "[)", "(]", "()")
STEPS = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
UNITS = ("day", "week", "month", "quarter", "year")
# type -> (unit, how many units away from the current one)
RELATIVE = {"today": ("day", 0), "yesterday": ("day", -1), "tomorrow": ("day", 1)} | {
    f"{word}{unit.capitalize()}": (unit, away) for unit in UNITS[1:] for word, away in (("last", -1), ("this", 0), ("next", 1))
}


@dataclass(frozen=True)
class Clock:
    """When and where a filter is read: ``now_ms`` since 1970 UTC, ``timezone`` an offset such as ``+08:00``."""

    now_ms: int = 0
    timezone: str = "+00:00"


def of_wall(clock: Clock) -> Clock:
    """The clock by which times without a zone are read: what the caller's clock shows, as if that were UTC, as they are stored."""
    offset = parse_zone(clock.timezone).utcoffset(None)
    return Clock(clock.now_ms + offset // timedelta(milliseconds=1), "+00:00")


class Span(NamedTuple):
    """From ``start`` (inclusive) to ``end`` (exclusive), both with a time zone."""

    start: datetime
    end: datetime


def is_range(operand: Json) -> bool:
    """Whether the operand can be nothing but a span: ``{"type": "today"}``, ``[from, to, "[)"]``."""
    if isinstance(operand, dict):
        return "type" in operand and not any(name.startswith("$") for name in operand)
    return isinstance(operand, list) and len(operand) in (3, 4) and operand[2] in BRACKETS


def parse_span(operand: Json, clock: Clock) -> Span:
    """The span that a date operand names. Raises ValueError saying what would be right."""
    try:
        span = _span(operand, clock)
        # Near the years 1 and 9999 only this tells whether the span exists in UTC.
        instants(span)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999") from None
    return span


def instant_text(moment: datetime) -> str:
    """``2026-11-21T02:04:48.219Z``: UTC, fixed width, so that texts sort as instants do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instants(span: Span) -> tuple[str, str]:
    """First and first-after of the span as instants."""
    return instant_text(span.start), instant_text(span.end)


def days(span: Span) -> tuple[str, str]:
    """First and first-after of the span as calendar days of its own time zone; a part of a day counts as that day."""
    start, end = span
    last = end.date() if end.timetz().replace(tzinfo=None) == time.min else end.date() + timedelta(days=1)
    return start.date().isoformat(), last.isoformat()


def _span(operand: Json, clock: Clock) -> Span:
    if isinstance(operand, dict):
        return _relative(operand, clock)
    if isinstance(operand, list):
        return _between(operand, clock)
    if not isinstance(operand, str):
        raise ValueError(f"must be {EXPECTED}")
    if found := INTERVAL.fullmatch(operand):
        opening, low, high, closing, zone = found.groups()
        return _between([low, high, opening + closing, zone or clock.timezone], clock)
    return _date(operand, clock.timezone)


def _between(operand: list[Json], clock: Clock) -> Span:
    """``[from, to]``, with brackets as a third (``"[)"``) and an offset as a fourth member if wanted; that one also says whose days the
    instants lie in."""
    members = operand + ["[]", clock.timezone][len(operand) - 2 :] if len(operand) in (2, 3) else operand
    if len(members) != 4 or not all(isinstance(member, str) for member in members) or members[2] not in BRACKETS:
        raise ValueError('must be a list of two dates, such as ["2026-11-01", "2026-11-30"]')
    first, last, brackets = _date(members[0], members[3]), _date(members[1], members[3]), members[2]
    span = Span(first.start if brackets[0] == "[" else first.end, last.end if brackets[1] == "]" else last.start)
    if len(operand) != 4:
        return span
    zone = parse_zone(members[3])
    return Span(span.start.astimezone(zone), span.end.astimezone(zone))


def _date(text: str, zone: str) -> Span:
    found = DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"must be {EXPECTED}")
    parts = found.groupdict()
    try:
        start = _start(parts, parse_zone(parts["zone"] or zone))
    except ValueError as error:
        raise ValueError(f"{text!r} is no date: {error}") from None
    if parts["fraction"] or (parts["zone"] == "Z" and parts["hour"]):
        return Span(start, start + timedelta(milliseconds=1))
    for unit in ("second", "minute", "hour"):
        if parts[unit]:
            return Span(start, start + STEPS[unit])
    unit = next((unit for unit in ("day", "month", "week", "quarter") if parts[unit]), "year")
    return Span(start, _move(start, unit, 1))


def _start(parts: dict[str, str | None], zone: timezone) -> datetime:
    year = int(parts["year"] or 0)
    if parts["week"]:
        return datetime.fromisocalendar(year, int(parts["week"]), 1).replace(tzinfo=zone)
    month = 3 * int(parts["quarter"]) - 2 if parts["quarter"] else int(parts["month"] or 1)
    hour, minute, second = (int(parts[unit] or 0) for unit in ("hour", "minute", "second"))
    milliseconds = int((parts["fraction"] or "0").ljust(3, "0")[:3])
    return datetime(year, month, int(parts["day"] or 1), hour, minute, second, 1000 * milliseconds, zone)


def parse_zone(text: str) -> timezone:
    """The offset ``+08:00`` (or ``Z``). Raises ValueError."""
    if text in ("Z", "UTC"):
        return UTC
    found = ZONE.fullmatch(text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise ValueError(f'the time zone {text!r} must be an offset such as "+08:00"')
    minutes = 60 * int(found[2]) + int(found[3])
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _relative(operand: dict[str, Json], clock: Clock) -> Span:
    now = datetime.fromtimestamp(clock.now_ms / 1000, parse_zone(clock.timezone))
    kind = operand.get("type")
    if kind in ("past", "next"):
        return _counted(operand, kind, now)
    if not isinstance(kind, str) or kind not in RELATIVE:
        raise ValueError(f'"type" must be one of past, next, {", ".join(RELATIVE)}')
    unit, away = RELATIVE[kind]
    start = _move(_beginning(now, unit), unit, away)
    return Span(start, _move(start, unit, 1))


def _counted(operand: dict[str, Json], kind: str, now: datetime) -> Span:
    """The last or next ``number`` whole units, the current one among them only with ``includeCurrent``."""
    number, unit = operand.get("number"), operand.get("unit")
    unit = "week" if unit == "isoWeek" else unit
    if unit not in UNITS or not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 100_000:
        raise ValueError(f'"{kind}" needs "number" (1 to 100000) and "unit" (one of {", ".join(UNITS)})')
    current = _beginning(now, unit)
    if kind == "past":
        end = _move(current, unit, 1 if operand.get("includeCurrent") else 0)
        return Span(_move(end, unit, -number), end)
    start = _move(current, unit, 0 if operand.get("includeCurrent") else 1)
    return Span(start, _move(start, unit, number))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


# Weeks begin on Monday (ISO 8601), as the model's do.
BEGINNINGS: dict[str, Callable[[datetime], datetime]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


def _beginning(moment: datetime, unit: str) -> datetime:
    return BEGINNINGS[unit](_midnight(moment))


def _move(start: datetime, unit: str, count: int) -> datetime:
    """``start`` moved by ``count`` units; for months and longer it is the first of a month."""
    if unit in ("day", "week"):
        return start + timedelta(days=count * (7 if unit == "week" else 1))
    months = 12 * start.year + start.month - 1 + count * MONTHS[unit]
    if not 12 <= months < 12 * 10_000:
        raise OverflowError("year")
    return start.replace(year=months // 12, month=months % 12 + 1)
