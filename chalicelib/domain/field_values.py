"""Values of fields as they are stored, each from what a caller may send; ValueError says what would be right.

Instants become UTC text with milliseconds, so that their order as text is their order in time; a number written as text is taken as the
number, as PostgreSQL does. Number limits are DynamoDB's
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number).
"""

from __future__ import annotations

import json
import math
import re
import uuid
from datetime import UTC, date, datetime, time

from chalicelib.domain.keys import MAX_SAFE_INTEGER
from chalicelib.errors import Json

LARGEST_NUMBER, SMALLEST_NUMBER = 9.9e125, 1e-130
EXACT_INTEGERS = 10**38  # inside JSON whole numbers stay exact; DynamoDB keeps 38 digits
JSON_DEPTH = 28  # DynamoDB nests 32 levels; the item, its `data` and the field itself take some

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
_CLOCK, _ZONE = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?", r"Z|[+-][0-9]{2}:?[0-9]{2}"
_INSTANT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[T ]({_CLOCK}) ?({_ZONE})?)?")
_TIME = re.compile(_CLOCK)


def as_text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be valid Unicode text (it holds half of a surrogate pair)")
    return value


def as_whole(value: Json) -> int:
    number = value
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        number = int(value)
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError("must be a whole number")
    if abs(number) > MAX_SAFE_INTEGER:
        raise ValueError(f"must be a whole number between -{MAX_SAFE_INTEGER} and {MAX_SAFE_INTEGER}")
    return number


def as_number(value: Json) -> int | float:
    """The number, as an int when it is a whole one: JSON has one kind of number, and 91 reads better than 91.0."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return as_number(float(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number (no NaN, no infinity)")
    size = abs(value)
    if size > LARGEST_NUMBER or 0 < size < SMALLEST_NUMBER:
        raise ValueError(f"must be 0 or a number whose size is between {SMALLEST_NUMBER:g} and {LARGEST_NUMBER:g}")
    if size > MAX_SAFE_INTEGER:
        return float(value)
    return int(value) if size == int(size) else value


def as_boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be true or false")


def as_instant(value: Json) -> str:
    message = 'must be an ISO date and time such as "2026-11-21T02:04:48.219Z"'
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(message)
    day, clock, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(message) from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_day(value: Json) -> str:
    try:
        as_instant(value)
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise ValueError('must be a date such as "2026-11-21"') from None


def as_time(value: Json) -> str:
    try:
        if not isinstance(value, str) or not _TIME.fullmatch(value):
            raise ValueError
        moment = time.fromisoformat(value)
    except ValueError:
        raise ValueError('must be a time of day such as "14:30:00"') from None
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def as_json(value: Json, depth: int = 1) -> Json:
    """The value with every text and number in it checked; objects need text keys."""
    if depth > JSON_DEPTH:
        raise ValueError(f"must not nest deeper than {JSON_DEPTH} levels")
    if isinstance(value, dict):
        return {as_text(name): as_json(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) >= EXACT_INTEGERS:
        raise ValueError("must hold whole numbers of at most 38 digits")
    if value is None or isinstance(value, int):
        return value
    return as_number(value) if isinstance(value, float) else as_text(value)


def as_array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError("must be an array")
    return [as_json(inner, 2) for inner in value]


def as_set(value: Json) -> list[Json]:
    return list({json.dumps(inner, sort_keys=True): inner for inner in as_array(value)}.values())


def as_uuid(value: Json) -> str:
    try:
        return str(uuid.UUID(as_text(value)))
    except ValueError:
        raise ValueError('must be a UUID such as "123e4567-e89b-42d3-a456-426614174000"') from None
