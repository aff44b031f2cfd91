"""The functions of a date calculation: what each takes and gives, which arguments it has, what is wrong with them.

A calculation is a line of steps ``{"function": "add", "arguments": {"number": 1, "unit": "day"}}``; each gets what the one before gave, a
date (an aware ``datetime`` here) or a number. Source: https://docs.nocobase.com/workflow/nodes/date-calculation
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from typing import Literal

from chalicelib.domain.moment_format import formatted
from chalicelib.domain.moments import DURATION_MS, UNITS, added, difference, end_of, from_ms, moment_of, ms_of, start_of, zone_of
from chalicelib.domain.template import text_of
from chalicelib.errors import Json, Problem

Kind = Literal["date", "number", "boolean", "text"]
Arguments = dict[str, Json]
Convert = Callable[[Json], Json]
ROUNDINGS: dict[int, Callable[[Fraction], int]] = {-1: math.floor, 0: lambda number: math.floor(number + Fraction(1, 2)), 1: math.ceil}
DECIMAL = re.compile(r"\s*[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})\s*")
TIMESTAMP_UNITS = {"second": 1000, "millisecond": 1}


class DateStepError(ValueError):
    """A step that cannot be done; its text is for people."""


@dataclass(frozen=True)
class Argument:
    """``convert`` makes the value that the function uses or raises ValueError; ``expected`` says what would be right, ``refusal`` what is
    said at run time, with ``%s`` for the value; without ``required`` null and absent are ``default``."""

    name: str
    convert: Convert
    expected: str
    refusal: str
    required: bool = True
    default: Json = None


@dataclass(frozen=True)
class Function:
    takes: Kind
    gives: Kind
    arguments: tuple[Argument, ...]
    run: Callable[[Json, Arguments], Json]


def _number(value: Json) -> Fraction:
    """A number or the text of one, exactly as it is written (0.1 is a tenth)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and not DECIMAL.fullmatch(value)):
        raise ValueError("no number")
    return Fraction(value if isinstance(value, int) else str(value))


def _one_of(allowed: tuple[Json, ...]) -> Convert:
    def convert(value: Json) -> Json:
        if isinstance(value, bool) or value not in allowed:
            raise ValueError("none of these")
        return value

    return convert


def _is_date(value: Json) -> Json:
    """The date as it is written: in which time zone it is read is known when it is compared."""
    moment_of(value, UTC)
    return value


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise ValueError("no boolean")
    return value


def _rounding(value: Json) -> int | None:
    """The key in ROUNDINGS; ``None`` keeps decimals."""
    if isinstance(value, bool) and not value:
        return None
    if isinstance(value, bool) or value not in ROUNDINGS:
        raise ValueError("no rounding")
    return int(value)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _unit(name: str = "unit") -> Argument:
    return Argument(name, _one_of(UNITS), f"one of {', '.join(UNITS)}", "TypeError: [%s] is not a unit string")


NUMBER = Argument("number", _number, "a number, or the text of one", "TypeError: [%s] is not a number")
DATE = Argument("date", _is_date, 'a date such as "2026-11-21T02:04:48.219Z"', "Error: Diff date [%s] is not a valid date")
IS_ABS = Argument("isAbs", _flag, "true or false", "TypeError: [%s] is not a boolean", required=False, default=False)
ROUND = Argument(
    "round", _rounding, "false (keep decimals), -1 (down), 0 (nearest) or 1 (up)", "TypeError: [%s] is no rounding", required=False
)
FORMAT = Argument("format", _text, 'a text such as "YYYY-MM-DD"', "TypeError: [%s] is not a string")
TIMESTAMP_UNIT = Argument(
    "unit",
    _one_of(tuple(TIMESTAMP_UNITS)),
    "second or millisecond",
    "TypeError: [%s] is not valid, only accept second or millisecond",
    required=False,
    default="second",
)
TIMEZONE = Argument(
    "timezone", zone_of, 'a name such as "Europe/Berlin", or an offset such as "+08:00"', "RangeError: Invalid time zone specified: %s"
)

PARTS: Mapping[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "quarter": lambda moment: (moment.month + 2) // 3,
    "month": lambda moment: moment.month,
    "week": lambda moment: moment.isoweekday() % 7,
    "day": lambda moment: moment.day,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "millisecond": lambda moment: moment.microsecond // 1000,
}


def _rounded(number: Fraction, rounding: int | None) -> int | float:
    """A whole number where it is one."""
    if rounding is not None:
        return ROUNDINGS[rounding](number)
    return int(number) if number.denominator == 1 else float(number)


def _difference(moment: datetime, given: Arguments) -> int | float:
    found = difference(moment, moment_of(given["date"], moment.tzinfo or UTC), given["unit"])
    return _rounded(abs(found) if given["isAbs"] else found, given["round"])


def _converted(number: Fraction, given: Arguments) -> int | float:
    return _rounded(number * DURATION_MS[given["unitBefore"]] / DURATION_MS[given["unitAfter"]], given["round"])


FUNCTIONS: Mapping[str, Function] = {
    "add": Function("date", "date", (NUMBER, _unit()), lambda moment, given: added(moment, given["number"], given["unit"])),
    "subtract": Function("date", "date", (NUMBER, _unit()), lambda moment, given: added(moment, -given["number"], given["unit"])),
    "diff": Function("date", "number", (DATE, _unit(), IS_ABS, ROUND), _difference),
    "get": Function("date", "number", (_unit(),), lambda moment, given: PARTS[given["unit"]](moment)),
    "startOfTime": Function("date", "date", (_unit(),), lambda moment, given: start_of(moment, given["unit"])),
    "endOfTime": Function("date", "date", (_unit(),), lambda moment, given: end_of(moment, given["unit"])),
    "isLeapYear": Function("date", "boolean", (), lambda moment, given: calendar.isleap(moment.year)),
    "format": Function("date", "text", (FORMAT,), lambda moment, given: formatted(moment, given["format"])),
    "transDuration": Function("number", "number", (_unit("unitBefore"), _unit("unitAfter"), ROUND), _converted),
    "toTimestamp": Function("date", "number", (TIMESTAMP_UNIT,), lambda moment, given: ms_of(moment) // TIMESTAMP_UNITS[given["unit"]]),
    "tsToDate": Function(
        "number", "date", (TIMESTAMP_UNIT,), lambda number, given: from_ms(number * TIMESTAMP_UNITS[given["unit"]], given["zone"])
    ),
    "changeTimezone": Function("date", "date", (TIMEZONE,), lambda moment, given: moment.astimezone(given["timezone"])),
}


def calculated(value: Json, steps: list[dict[str, Json]], zone: tzinfo) -> Json:
    """What the last step gives: a ``datetime``, number, truth value or text; ``value`` itself without steps.

    ``value`` is an aware ``datetime`` or a number; ``zone`` is that of dates made from numbers. Raises DateStepError."""
    for step in steps:
        function = FUNCTIONS[step["function"]]
        if not _is_of(function.takes, value):
            raise DateStepError(f'TypeError: "{step["function"]}" takes a {function.takes}')
        given = _given(function, step.get("arguments"))
        try:
            value = function.run(_number(value) if function.takes == "number" else value, given | {"zone": zone})
        except OverflowError:
            raise DateStepError("RangeError: the result lies outside the years 1 to 9999") from None
    return value


def _is_of(kind: Kind, value: Json) -> bool:
    return isinstance(value, datetime) if kind == "date" else isinstance(value, int | float) and not isinstance(value, bool)


def _given(function: Function, raw: Json) -> Arguments:
    sent = raw if isinstance(raw, dict) else {}
    given: Arguments = {}
    for argument in function.arguments:
        value = sent.get(argument.name)
        if value is None and argument.required:
            raise DateStepError(f"TypeError: a {argument.name} is missing")
        try:
            given[argument.name] = argument.default if value is None and not argument.required else argument.convert(value)
        except ValueError:
            raise DateStepError(argument.refusal % text_of(value)) from None
    return given


def problems_of_steps(steps: list[Json], first: Kind, path: str) -> list[Problem]:
    """What is wrong with the steps when they are saved: a function that does not take what the one before gives, arguments that are missing
    or cannot be. What a template stands for is known at run time; a function that there is not is the schema's to refuse."""
    found: list[Problem] = []
    before: Kind | None = first
    for position, step in enumerate(steps):
        name = step.get("function") if isinstance(step, dict) else None
        function = FUNCTIONS.get(name) if isinstance(name, str) else None
        if function is None:
            before = None
            continue
        if before not in (None, function.takes):
            found.append(Problem(f'"{name}" takes a {function.takes}, but gets a {before}', f"{path}.{position}.function"))
        found += _problems_of_arguments(function, step.get("arguments"), f"{path}.{position}.arguments")
        before = function.gives
    return found


def _problems_of_arguments(function: Function, raw: Json, path: str) -> list[Problem]:
    sent = raw if isinstance(raw, dict) else {}
    found: list[Problem] = []
    for argument in function.arguments:
        value = sent.get(argument.name)
        if (value is None and not argument.required) or (isinstance(value, str) and "{{" in value):
            continue
        try:
            argument.convert(value)
        except ValueError:
            missing = "is required:" if value is None else "must be"
            found.append(Problem(f'"{argument.name}" {missing} {argument.expected}', f"{path}.{argument.name}"))
    return found
