"""Values inside a text, printed as JavaScript prints them. Source: https://tc39.es/ecma262/#sec-numeric-types-number-tostring"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal

from chalicelib.domain.template_path import UNDEFINED
from chalicelib.errors import Json

SAFE_INTEGER = 2**53
MOST_EXACT = 10**38  # DynamoDB keeps 38 digits


def text_of(value: Json) -> str:
    """The value inside a text: null and undefined are empty, lists and dicts compact JSON, the rest as JavaScript prints it."""
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return ""
    try:
        return _json_text(value)
    except RecursionError:  # a body nested a thousand deep: its text is of no use to anyone, failing is worse
        return ""


def _json_text(value: Json) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_literal(value)
    if isinstance(value, list):
        return f"[{','.join([_json_text(item) for item in value])}]"
    if isinstance(value, Mapping):
        return f"{{{','.join([f'{_json_text(key)}:{_json_text(item)}' for key, item in value.items()])}}}"
    return "null"


def number_literal(value: float) -> str:
    """The number as JavaScript prints it: ``1.0`` is ``1``, ``1e-07`` is ``1e-7``; an integer that a record can hold is exact."""
    if isinstance(value, int) and abs(value) < MOST_EXACT:
        return str(value)
    number = as_float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return format(Decimal(repr(number + 0.0)), "f").removesuffix(".0")
    return repr(number).replace("e-0", "e-")


def as_float(value: float) -> float:
    """The number as a double; an integer too large for one is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
