"""What a field may hold: one literal table of types, and the one check that every write path goes through.

Types and their names are NocoBase's (https://docs.nocobase.com/data-sources/data-modeling/collection-fields). A value is
stored as JSON: instants as UTC text with milliseconds, so that their order as text is their order in time; a number written
as text is taken as the number, as PostgreSQL does. Number limits are DynamoDB's
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number).
"""

from __future__ import annotations

import json
import math
import re
import secrets
import unicodedata
import uuid
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from time import time_ns

from chalicelib.domain.collection import SYSTEM_FIELDS, Collection, Field
from chalicelib.domain.ids import fresh_key
from chalicelib.domain.keys import ID_TEXT_LENGTH, MAX_SAFE_INTEGER
from chalicelib.errors import Invalid, Json, Problem

LARGEST_NUMBER, SMALLEST_NUMBER = 9.9e125, 1e-130
EXACT_INTEGERS = 10**38  # inside JSON whole numbers stay exact; DynamoDB keeps 38 digits
JSON_DEPTH = 28  # DynamoDB nests 32 levels; the item, its `data` and the field itself take some
NANOID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
_CLOCK, _ZONE = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?", r"Z|[+-][0-9]{2}:?[0-9]{2}"
_INSTANT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[T ]({_CLOCK}) ?({_ZONE})?)?")
_TIME = re.compile(_CLOCK)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be valid Unicode text (it holds half of a surrogate pair)")
    return value


def _whole(value: Json) -> int:
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


def _number(value: Json) -> int | float:
    """The number, as an int when it is a whole one: JSON has one kind of number, and 91 reads better than 91.0."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return _number(float(value))
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


def _boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be true or false")


def _instant(value: Json) -> str:
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


def _day(value: Json) -> str:
    try:
        _instant(value)
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise ValueError('must be a date such as "2026-11-21"') from None


def _time(value: Json) -> str:
    try:
        if not isinstance(value, str) or not _TIME.fullmatch(value):
            raise ValueError
        moment = time.fromisoformat(value)
    except ValueError:
        raise ValueError('must be a time of day such as "14:30:00"') from None
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def _json(value: Json, depth: int = 1) -> Json:
    """The value with every text and number in it checked; objects need text keys."""
    if depth > JSON_DEPTH:
        raise ValueError(f"must not nest deeper than {JSON_DEPTH} levels")
    if isinstance(value, dict):
        return {_text(name): _json(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_json(inner, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) >= EXACT_INTEGERS:
        raise ValueError("must hold whole numbers of at most 38 digits")
    if value is None or isinstance(value, int):
        return value
    return _number(value) if isinstance(value, float) else _text(value)


def _array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError("must be an array")
    return [_json(inner, 2) for inner in value]


def _set(value: Json) -> list[Json]:
    return list({json.dumps(inner, sort_keys=True): inner for inner in _array(value)}.values())


def _uuid(value: Json) -> str:
    try:
        return str(uuid.UUID(_text(value)))
    except ValueError:
        raise ValueError('must be a UUID such as "123e4567-e89b-42d3-a456-426614174000"') from None


def _fresh_nanoid(field: Field) -> str:
    size = field.options.get("size")
    length = size if isinstance(size, int) and 1 <= size <= ID_TEXT_LENGTH else 12
    return "".join(secrets.choice(NANOID_ALPHABET) for _ in range(length))


@dataclass(frozen=True)
class FieldType:
    """``convert(value)`` gives the value as stored or raises ValueError saying what would be right; null never comes here.

    ``orders``: such a field may be indexed and unique. ``fresh(field)`` makes a value when none was sent.
    """

    convert: Callable[[Json], Json]
    orders: bool = True
    fresh: Callable[[Field], Json] | None = None


FIELD_TYPES: dict[str, FieldType] = {
    "string": FieldType(_text),
    "text": FieldType(_text),
    "integer": FieldType(_whole),
    "bigInt": FieldType(_whole),
    "float": FieldType(_number),
    "double": FieldType(_number),
    "real": FieldType(_number),
    "decimal": FieldType(_number),
    "boolean": FieldType(_boolean),
    "date": FieldType(_instant),
    "datetime": FieldType(_instant),
    "datetimeTz": FieldType(_instant),
    "datetimeNoTz": FieldType(_instant),
    "dateOnly": FieldType(_day),
    "time": FieldType(_time),
    "unixTimestamp": FieldType(_whole),
    "json": FieldType(_json, orders=False),
    "jsonb": FieldType(_json, orders=False),
    "array": FieldType(_array, orders=False),
    "set": FieldType(_set, orders=False),
    "uid": FieldType(_text, fresh=lambda field: f"{field.options.get('prefix') or ''}{fresh_key()}"),
    "uuid": FieldType(_uuid, fresh=lambda field: str(uuid.uuid4())),
    "nanoid": FieldType(_text, fresh=_fresh_nanoid),
    "snowflakeId": FieldType(_whole),
    "password": FieldType(_text, orders=False),
    "sort": FieldType(_whole, fresh=lambda field: time_ns() // 1_000),  # last, with room before the next
}


def check_values(
    collection: Collection, values: dict[str, Json], *, creating: bool, prefix: str = "", record_id: int | str | None = None
) -> dict[str, Json]:
    """The values as they are stored: ``{"indicator": "91"}`` becomes ``{"indicator": 91}``.

    Associations pass through untouched under their own name. ``creating`` adds defaults and asks for required fields.
    An update may repeat the record's own id when ``record_id`` is given; it is left out of the result.
    ``prefix`` goes before each path (``"values."``). Raises Invalid with one Problem per mistake.
    """
    problems: list[Problem] = []
    checked: dict[str, Json] = {}
    for name, value in values.items():
        try:
            checked[name] = _checked(collection, name, value, creating, record_id)
        except ValueError as error:
            problems.append(Problem(str(error), prefix + name))
    if creating:
        checked = _defaults(collection, values) | checked
        problems += [Problem(f"{name} is required", prefix + name) for name in _missing(collection, values.keys() | checked.keys())]
    elif checked.get("id") is not None:
        del checked["id"]
    if problems:
        raise Invalid.of(problems)
    return checked


def _checked(collection: Collection, name: str, value: Json, creating: bool, record_id: int | str | None) -> Json:
    field = collection.field(name)
    if name == "id":
        return _checked_id(collection, value, creating, record_id)
    if field is None:
        raise ValueError(f'There is no field "{name}" in collection "{collection.name}"')
    if name in SYSTEM_FIELDS:
        raise ValueError(f"{name} is set by the system and cannot be written")
    if field.read_only:
        raise ValueError(f"{name} is read-only")
    if value is None and collection.requires(name):
        raise ValueError(f"{name} is required and cannot be null")
    if value is None or field.is_association:
        return value
    return _converted(field, value)


def _checked_id(collection: Collection, value: Json, creating: bool, record_id: int | str | None) -> int | str:
    try:
        identity = convert_id(collection, value)
    except Invalid as error:
        raise ValueError(error.message) from None
    if not creating and (record_id is None or identity != record_id):
        raise ValueError("id cannot be changed")
    if creating and isinstance(identity, str) and _reads_as_json(identity):
        raise ValueError("id must not read as a JSON list or object, which filterByTk takes for several ids")
    return identity


def _reads_as_json(text: str) -> bool:
    if text[:1] not in ("[", "{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _converted(field: Field, value: Json) -> Json:
    """The value as the field stores it; one that is becoming another type takes only what that type can hold too."""
    try:
        stored = FIELD_TYPES[field.type].convert(value)
        if field.becoming is not None:
            as_type(field.becoming, stored)
    except ValueError as error:
        why = f" (its type is being changed from {field.type} to {field.becoming})" if field.becoming else ""
        raise ValueError(f"{field.name} {error}{why}") from None
    return stored


def as_type(kind: str, value: Json) -> Json:
    """A stored value as another type stores it; numbers and flags become text where text is wanted. Raises ValueError."""
    convert = FIELD_TYPES[kind].convert
    try:
        return convert(value)
    except ValueError:
        if isinstance(value, bool):
            return convert("true" if value else "false") if kind in ("string", "text") else convert(int(value))
        if isinstance(value, int | float):
            return convert(bool(value)) if kind == "boolean" and value in (0, 1) else convert(str(value))
        raise


def _defaults(collection: Collection, sent: dict[str, Json]) -> dict[str, Json]:
    """Values for the fields that were not sent. A null that was sent stays null."""
    found: dict[str, Json] = {}
    for field in collection.fields.values():
        if field.name in sent or field.name in SYSTEM_FIELDS or field.is_association:
            continue
        fresh = FIELD_TYPES[field.type].fresh
        if field.default is not None:
            found[field.name] = _converted(field, deepcopy(field.default))
        elif fresh and field.options.get("autoFill") is not False:
            found[field.name] = fresh(field)
    return found


def _missing(collection: Collection, present: set[str]) -> list[str]:
    """Required fields with no value; an association counts as present under its own name or its foreign key's."""
    wanted = [f for f in collection.fields.values() if f.required and not f.read_only and f.name not in SYSTEM_FIELDS]
    brought = {f.foreign_key for f in collection.associations if f.type == "belongsTo" and f.name in present}
    missing = [f.name for f in wanted if f.name not in present | brought and not (f.is_association and f.foreign_key in present)]
    key = collection.key_field if collection.system else "id"
    return [key, *missing] if collection.options.get("autoGenId") is False and not present & {"id", key} else missing


def _kind_of(value: Json) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "value")


def convert_id(collection: Collection, raw: Json) -> int | str:
    """The id in a URL or a filter (text, or a number from JSON) as the collection's ids are: ``"91"`` becomes ``91``.

    Raises Invalid with code ``INVALID_ID`` that names the id.
    """
    if collection.id_type == "integer":
        number = int(raw) if isinstance(raw, str) and re.fullmatch("[0-9]{1,16}", raw) else raw
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_SAFE_INTEGER:
            return number
        expected = f"a whole number from 0 to {MAX_SAFE_INTEGER}"
    else:
        # Cc are control characters; Cs are halves of surrogate pairs, which UTF-8 cannot hold
        if isinstance(raw, str) and 1 <= len(raw) <= ID_TEXT_LENGTH and not any(unicodedata.category(c) in ("Cc", "Cs") for c in raw):
            return raw
        expected = f"text of 1 to {ID_TEXT_LENGTH} characters without control characters"
    shown = json.dumps(raw[:100]) if isinstance(raw, str) else "null" if raw is None else f"this {_kind_of(raw)}"
    raise Invalid(f'{shown} is not an id of collection "{collection.name}": expected {expected}', path="id", code="INVALID_ID")
