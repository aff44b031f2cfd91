"""Arithmetic on moments: units added, spans begun and ended, differences, each in the moment's own time zone.

Days and longer units move the clock on the wall, hours and shorter ones the time that passes, so "a day later" keeps the hour over a change
to summer time. Months clamp the day (31 January and a month is 28 or 29 February). Weeks begin on Monday.
Source: https://day.js.org/docs/en/manipulate/add and https://day.js.org/docs/en/display/difference
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo

from chalicelib.errors import Json

UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond")
MONTHS = {"year": 12, "quarter": 3, "month": 1}
DAYS = {"week": 7, "day": 1}
MILLISECONDS = {"hour": 3_600_000, "minute": 60_000, "second": 1_000, "millisecond": 1}
# A duration has no calendar: its year has 365 days, its month a twelfth of that.
DURATION_MS: dict[str, Fraction] = (
    {unit: Fraction(number) for unit, number in MILLISECONDS.items()}
    | {unit: Fraction(number * 86_400_000) for unit, number in DAYS.items()}
    | {unit: Fraction(number * 365 * 86_400_000, 12) for unit, number in MONTHS.items()}
)
OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
TEXT = re.compile(
    r"(?P<year>\d{4})(?:[-/](?P<month>\d{1,2})(?:[-/](?P<day>\d{1,2}))?)?"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.:](?P<fraction>\d{1,9}))?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def zone_of(name: Json) -> tzinfo:
    """The time zone called ``Europe/Berlin``, ``UTC``, or the offset ``+08:00``. Raises ValueError."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"Invalid time zone specified: {name}")
    if name in ("Z", "UTC"):
        return UTC
    if found := OFFSET.fullmatch(name):
        minutes = 60 * int(found[2]) + int(found[3])
        if int(found[2]) <= 14 and int(found[3]) <= 59:
            return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ValueError(f"Invalid time zone specified: {name}") from None


def moment_of(value: Json, zone: tzinfo) -> datetime:
    """The moment that a text (``2026-11-21``, ``2026-11-21T02:04:48.219Z``) or epoch milliseconds name, in ``zone``.

    A text without an offset is read in ``zone``. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("no date")
    try:
        return _of_text(value, zone) if isinstance(value, str) else from_ms(Fraction(value), zone)
    except OverflowError:  # also what an infinite number raises
        raise ValueError("lies outside the years 1 to 9999") from None


def _of_text(text: str, zone: tzinfo) -> datetime:
    found = TEXT.fullmatch(text.strip())
    if found is None:
        raise ValueError("no date")
    parts = found.groupdict()
    year, month, day = (int(parts[unit] or 1) for unit in ("year", "month", "day"))
    hour, minute, second = (int(parts[unit] or 0) for unit in ("hour", "minute", "second"))
    microsecond = 1000 * int((parts["fraction"] or "0").ljust(3, "0")[:3])
    within = zone_of(parts["zone"]) if parts["zone"] else zone
    return _settled(datetime(year, month, day, hour, minute, second, microsecond, within)).astimezone(zone)


def from_ms(milliseconds: Fraction, zone: tzinfo) -> datetime:
    """The moment so many milliseconds after 1970 UTC; a part of one is dropped. Raises OverflowError outside the years 1 to 9999."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=math.floor(milliseconds))).astimezone(zone)


def ms_of(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _settled(moment: datetime) -> datetime:
    """The same on a clock that exists: 02:30 in the night that jumps from 2 to 3 is 03:30."""
    return moment.astimezone(UTC).astimezone(moment.tzinfo)


def added(moment: datetime, number: Fraction, unit: str) -> datetime:
    """``moment`` moved by ``number`` units. Days are rounded to whole ones, of months the part is dropped, as Day.js does.

    Raises OverflowError outside the years 1 to 9999."""
    if unit in MONTHS:
        return _settled(_months_later(moment, number * MONTHS[unit]))
    if unit in DAYS:
        return _settled(moment + timedelta(days=math.floor(number * DAYS[unit] + Fraction(1, 2))))
    return from_ms(ms_of(moment) + number * MILLISECONDS[unit], moment.tzinfo or UTC)


def _months_later(moment: datetime, number: Fraction) -> datetime:
    months = 12 * moment.year + moment.month - 1 + math.trunc(number)
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("year")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


BEGINNINGS: dict[str, Callable[[datetime], datetime]] = {
    "year": lambda moment: _midnight(moment.replace(month=1, day=1)),
    "quarter": lambda moment: _midnight(moment.replace(month=moment.month - (moment.month - 1) % 3, day=1)),
    "month": lambda moment: _midnight(moment.replace(day=1)),
    "week": lambda moment: _midnight(moment - timedelta(days=moment.weekday())),
    "day": lambda moment: _midnight(moment),
}


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def start_of(moment: datetime, unit: str) -> datetime:
    """The first millisecond of the unit that the moment lies in."""
    if unit in BEGINNINGS:
        return _settled(BEGINNINGS[unit](moment))
    # By the wall clock's part of the time that passes: of an hour that comes twice each has its own beginning.
    passed = {"hour": 60_000 * moment.minute, "minute": 0, "second": 0, "millisecond": 0}[unit]
    passed += 1_000 * moment.second if unit in ("hour", "minute") else 0
    passed += moment.microsecond // 1000 if unit != "millisecond" else 0
    return from_ms(Fraction(ms_of(moment) - passed), moment.tzinfo or UTC)


def end_of(moment: datetime, unit: str) -> datetime:
    """The last millisecond of the unit that the moment lies in. Raises OverflowError behind the year 9999."""
    if unit == "millisecond":
        return moment
    if unit == "year":
        last = moment.replace(month=12, day=31)
    elif unit in MONTHS:
        first = BEGINNINGS[unit](moment)
        month = first.month + MONTHS[unit] - 1
        last = first.replace(month=month, day=monthrange(first.year, month)[1])
    elif unit in DAYS:
        last = BEGINNINGS[unit](moment) + timedelta(days=DAYS[unit] - 1)
    else:
        return from_ms(ms_of(start_of(moment, unit)) + Fraction(MILLISECONDS[unit] - 1), moment.tzinfo or UTC)
    # fold: where the hour before midnight comes twice, its second time is the last.
    return _settled(last.replace(hour=23, minute=59, second=59, microsecond=999_000, fold=1))


def difference(moment: datetime, other: datetime, unit: str) -> Fraction:
    """How many units ``moment`` lies after ``other``, parts included; negative when before. Both are seen in the moment's time zone."""
    other = other.astimezone(moment.tzinfo)
    if unit in MONTHS:
        return _months_between(other, moment) / MONTHS[unit]
    if unit in DAYS:
        return Fraction(_wall_ms(moment) - _wall_ms(other), DAYS[unit] * 86_400_000)
    return Fraction(ms_of(moment) - ms_of(other), MILLISECONDS[unit])


def _wall_ms(moment: datetime) -> int:
    return ms_of(moment.replace(tzinfo=UTC))


def _months_between(start: datetime, end: datetime) -> Fraction:
    """Whole months, and of the last one the part in it, counted from the later day of the month as Day.js does."""
    if end.day < start.day:
        return -_months_between(end, start)
    whole = 12 * (start.year - end.year) + start.month - end.month
    anchor = added(end, Fraction(whole), "month")
    step = -1 if start < anchor else 1
    beside = added(end, Fraction(whole + step), "month")
    length = ms_of(anchor) - ms_of(beside) if step < 0 else ms_of(beside) - ms_of(anchor)
    return -(whole + Fraction(ms_of(start) - ms_of(anchor), length))
