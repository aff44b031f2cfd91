"""What a field may hold: one literal table of types, and the one check that every write path goes through.

Types and their names are NocoBase's (https://docs.nocobase.com/data-sources/data-modeling/collection-fields).
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
import uuid
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from time import time_ns

from chalicelib.domain.collection import SYSTEM_FIELDS, Collection, Field
from chalicelib.domain.field_values import (
    as_array,
    as_boolean,
    as_day,
    as_instant,
    as_json,
    as_number,
    as_set,
    as_text,
    as_time,
    as_uuid,
    as_whole,
)
from chalicelib.domain.ids import fresh_key
from chalicelib.domain.keys import ID_TEXT_LENGTH, MAX_SAFE_INTEGER
from chalicelib.errors import Invalid, Json, Problem

NANOID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"


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
    "string": FieldType(as_text),
    "text": FieldType(as_text),
    "integer": FieldType(as_whole),
    "bigInt": FieldType(as_whole),
    "float": FieldType(as_number),
    "double": FieldType(as_number),
    "real": FieldType(as_number),
    "decimal": FieldType(as_number),
    "boolean": FieldType(as_boolean),
    "date": FieldType(as_instant),
    "datetime": FieldType(as_instant),
    "datetimeTz": FieldType(as_instant),
    "datetimeNoTz": FieldType(as_instant),
    "dateOnly": FieldType(as_day),
    "time": FieldType(as_time),
    "unixTimestamp": FieldType(as_whole),
    "json": FieldType(as_json, orders=False),
    "jsonb": FieldType(as_json, orders=False),
    "array": FieldType(as_array, orders=False),
    "set": FieldType(as_set, orders=False),
    "uid": FieldType(as_text, fresh=lambda field: f"{field.options.get('prefix') or ''}{fresh_key()}"),
    "uuid": FieldType(as_uuid, fresh=lambda field: str(uuid.uuid4())),
    "nanoid": FieldType(as_text, fresh=_fresh_nanoid),
    "snowflakeId": FieldType(as_whole),
    "password": FieldType(as_text, orders=False),
    "sort": FieldType(as_whole, fresh=lambda field: time_ns() // 1_000),  # last, with room before the next
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
