"""What a filter may compare a field with: the kind of each field type, and operands brought to the kind's stored form.

Query strings carry texts, so ``"91"`` is a number for a number field and ``"true"`` a boolean for a boolean field. Texts that
are no Unicode and numbers that are no finite double are refused here, before any of them can reach a key.
Field types: https://docs.nocobase.com/data-sources/data-modeling/collection-fields
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Literal

from chalicelib.domain.collection import Field
from chalicelib.domain.filter_dates import Clock, days, instants, parse_span
from chalicelib.errors import Json

Kind = Literal["text", "number", "boolean", "instant", "day", "array", "any"]

KINDS: dict[str, Kind] = {
    "string": "text",
    "text": "text",
    "uid": "text",
    "uuid": "text",
    "nanoid": "text",
    "time": "text",
    "integer": "number",
    "bigInt": "number",
    "float": "number",
    "double": "number",
    "real": "number",
    "decimal": "number",
    "sort": "number",
    "snowflakeId": "number",
    "unixTimestamp": "number",
    "boolean": "boolean",
    "date": "instant",
    "datetime": "instant",
    "datetimeTz": "instant",
    "datetimeNoTz": "instant",
    "dateOnly": "day",
    "array": "array",
    "set": "array",
}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NUMBER_LENGTH = 400
NESTING = 32
TRUE, FALSE = ("true", 1), ("false", 0)


def kind_of(field: Field) -> Kind:
    """The kind of a field's values; types without a fixed shape (JSON and types not listed) are ``any``."""
    return KINDS.get(field.type, "any")


def convert(value: Json, kind: Kind, clock: Clock) -> Json:
    """``value`` in the stored form of ``kind``; null stays null. Raises ValueError saying what would be right."""
    return None if value is None else CONVERTERS[kind](value, clock)


def flag(value: Json) -> bool:
    """The yes or no of an operator such as ``$empty``. Raises ValueError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int) and value in TRUE + FALSE:
        return value in TRUE
    raise ValueError("must be true or false")


def text(value: Json) -> str:
    """The text of a text or a number. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(number(value))
    if not isinstance(value, str):
        raise ValueError("must be text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode text") from None
    return value


def number(value: Json) -> int | float:
    """The number itself, or the number that a text shows; whole numbers come out as ``int``. Raises ValueError."""
    if isinstance(value, str) and len(value) <= NUMBER_LENGTH and NUMBER.fullmatch(value.strip()):
        plain = value.strip()
        value = float(plain) if set(plain) & set(".eE") else int(plain)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    if not _is_finite(value):
        raise ValueError("must be a finite number")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _plain_json(value: Json, depth: int = 0) -> Json:
    if depth > NESTING:
        raise ValueError(f"must not be nested deeper than {NESTING} levels")
    if isinstance(value, dict):
        return {text(key): _plain_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_json(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return number(value) if isinstance(value, int | float) else text(value)


CONVERTERS: dict[Kind, Callable[[Json, Clock], Json]] = {
    "text": lambda value, clock: text(value),
    "number": lambda value, clock: number(value),
    "boolean": lambda value, clock: flag(value),
    "instant": lambda value, clock: instants(parse_span(value, clock))[0],
    "day": lambda value, clock: days(parse_span(value, clock))[0],
    "array": lambda value, clock: _plain_json(value),
    "any": lambda value, clock: _plain_json(value),
}


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: true is not 1, 1 is 1.0, objects and lists are compared member by member."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def is_ordered(left: Json, right: Json) -> bool:
    """Whether the two have an order: both texts, or both numbers."""
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str)
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in (left, right))
