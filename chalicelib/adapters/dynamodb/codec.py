"""JSON to DynamoDB attribute values and back, exactly.

``{"a": 1}`` is ``{"M": {"a": {"N": "1"}}}`` on the wire. Null, empty text, empty lists and maps, names with dots, integers
beyond 2^53 and fractions come back equal; a whole float may come back as an int. What DynamoDB cannot hold (NaN, infinity,
numbers out of its range, an empty name, too many levels, half a surrogate pair) is refused here, before a request is made.
PynamoDB's own map attributes are not used: they read a user's ``{"S": "x"}`` as an attribute value.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

from math import isfinite

from chalicelib.domain.ports import Item
from chalicelib.errors import Invalid, Json

Wire = dict[str, Json]
WireItem = dict[str, Wire]

WHOLE_LIMIT = 10**38
LEAST_FRACTION = 1e-130
GREATEST = 9.99e125
# Documented as 32; an attribute that is itself a list or map may hold 30 more inside it, and then a scalar.
MAX_DEPTH = 31


def encode_item(item: Item) -> WireItem:
    """The item's attributes on the wire; an attribute that is ``None`` is left out. Raises Invalid."""
    return {name: encode(value) for name, value in item.items() if value is not None}


def decode_item(wire: WireItem) -> Item:
    return {name: decode(value) for name, value in wire.items()}


def encode(value: Json, depth: int = 0) -> Wire:
    """One attribute value. ``bool`` is told from ``int`` by its exact type. Raises Invalid."""
    kind = type(value)
    if kind is str:
        return {"S": value if value.isascii() else _checked_text(value)}
    if kind is int:
        return {"N": _whole(value)}
    if value is None:
        return {"NULL": True}
    if kind is bool:
        return {"BOOL": value}
    return _encode_rest(value, depth)


def _encode_rest(value: Json, depth: int) -> Wire:
    if isinstance(value, float):
        return {"N": _fraction(value)}
    if depth >= MAX_DEPTH:
        raise Invalid(f"a value may be nested at most {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {"M": {_name(name): encode(element, depth + 1) for name, element in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [encode(element, depth + 1) for element in value]}
    raise Invalid(f"a value of type {type(value).__name__} is not JSON")


def decode(wire: Wire) -> Json:
    """The JSON value of one attribute value."""
    ((kind, raw),) = wire.items()
    if kind == "S" or kind == "BOOL":
        return raw
    if kind == "N":
        return _number(raw)
    if kind == "M":
        return {name: decode(value) for name, value in raw.items()}
    if kind == "L":
        return [decode(value) for value in raw]
    if kind == "NULL":
        return None
    raise Invalid(f"the database holds a value of type {kind}, which is not JSON")


def _name(name: str) -> str:
    if not name:
        raise Invalid("the names in a JSON object may not be empty")
    return name if name.isascii() else _checked_text(name)


def _checked_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("text holds half of a surrogate pair, which is not Unicode text") from None
    return text


def _whole(value: int) -> str:
    if -WHOLE_LIMIT < value < WHOLE_LIMIT:
        return str(value)
    raise Invalid("a whole number may have at most 38 digits")


def _fraction(value: float) -> str:
    """A whole float is written digit by digit: 1e23 is 99999999999999991611392, and only that reads back as equal."""
    size = abs(value)
    if value.is_integer() and size < WHOLE_LIMIT:
        return str(int(value))
    if not isfinite(value) or not LEAST_FRACTION <= size <= GREATEST:
        raise Invalid("a number must be finite and between 1e-130 and 9.99e125 in size")
    return repr(value)


def _number(text: str) -> int | float:
    if text.isdigit() or text[1:].isdigit():
        whole = int(text)
        if -WHOLE_LIMIT < whole < WHOLE_LIMIT:
            return whole
    return float(text)
