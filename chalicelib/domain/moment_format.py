"""A moment as text, by the tokens of Day.js: ``YYYY-MM-DD HH:mm:ss``, text in ``[brackets]`` stays.

Names are English. Weeks are ISO weeks, so ``w`` and ``W`` are the same number.
Source: https://day.js.org/docs/en/display/format and https://day.js.org/docs/en/plugin/advanced-format
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.domain.moments import ms_of

DEFAULT = "YYYY-MM-DDTHH:mm:ssZ"
TOKEN = re.compile(
    r"\[([^\]]+)\]|YYYY|YY|gggg|GGGG|MMMM|MMM|MM|M|Do|DD|D|dddd|ddd|dd|d|HH|H|hh|h|kk|k|A|a|mm|m|SSS|ss|s|ZZ|Z|zzz|z|Q|wo|ww|w|WW|W|X|x"
)
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


def formatted(moment: datetime, pattern: str) -> str:
    """The text of ``pattern`` for the moment in its own time zone; an empty pattern is ISO text with the offset."""
    return TOKEN.sub(lambda found: found[1] or TOKENS[found[0]](moment), pattern or DEFAULT)


def _day(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _hour(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _week(moment: datetime) -> int:
    return moment.isocalendar().week


def _offset(moment: datetime, between: str) -> str:
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{between}{rest:02d}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


TOKENS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda m: f"{m.year:04d}",
    "YY": lambda m: f"{m.year % 100:02d}",
    "gggg": lambda m: f"{m.isocalendar().year:04d}",
    "GGGG": lambda m: f"{m.isocalendar().year:04d}",
    "Q": lambda m: str((m.month + 2) // 3),
    "MMMM": lambda m: MONTHS[m.month - 1],
    "MMM": lambda m: MONTHS[m.month - 1][:3],
    "MM": lambda m: f"{m.month:02d}",
    "M": lambda m: str(m.month),
    "Do": lambda m: _ordinal(m.day),
    "DD": lambda m: f"{m.day:02d}",
    "D": lambda m: str(m.day),
    "dddd": lambda m: DAYS[_day(m)],
    "ddd": lambda m: DAYS[_day(m)][:3],
    "dd": lambda m: DAYS[_day(m)][:2],
    "d": lambda m: str(_day(m)),
    "wo": lambda m: _ordinal(_week(m)),
    "ww": lambda m: f"{_week(m):02d}",
    "w": lambda m: str(_week(m)),
    "WW": lambda m: f"{_week(m):02d}",
    "W": lambda m: str(_week(m)),
    "HH": lambda m: f"{m.hour:02d}",
    "H": lambda m: str(m.hour),
    "hh": lambda m: f"{_hour(m):02d}",
    "h": lambda m: str(_hour(m)),
    "kk": lambda m: f"{m.hour or 24:02d}",
    "k": lambda m: str(m.hour or 24),
    "A": lambda m: "AM" if m.hour < 12 else "PM",
    "a": lambda m: "am" if m.hour < 12 else "pm",
    "mm": lambda m: f"{m.minute:02d}",
    "m": lambda m: str(m.minute),
    "ss": lambda m: f"{m.second:02d}",
    "s": lambda m: str(m.second),
    "SSS": lambda m: f"{m.microsecond // 1000:03d}",
    "Z": lambda m: _offset(m, ":"),
    "ZZ": lambda m: _offset(m, ""),
    "zzz": lambda m: m.tzname() or "",
    "z": lambda m: m.tzname() or "",
    "X": lambda m: str(ms_of(m) // 1000),
    "x": lambda m: str(ms_of(m)),
}
