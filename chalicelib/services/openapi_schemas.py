"""JSON Schemas of a collection's records: as they are read, as they are made and as they are changed.

A schema says what the server itself holds to: choices that only a form offers are ``examples``, since any value of the type is taken, and a
read record requires nothing, since ``fields`` and ``except`` may leave out every field.
Source: https://spec.openapis.org/oas/v3.1.0#schema-object
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterable
from copy import deepcopy

from chalicelib.domain.collection import SYSTEM_FIELDS, Collection, Field
from chalicelib.domain.keys import ID_TEXT_LENGTH, MAX_SAFE_INTEGER
from chalicelib.errors import Json

Schema = dict[str, Json]

_WHOLE: Schema = {"type": "integer", "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER}
_NUMBER: Schema = {"type": "number"}
_TEXT: Schema = {"type": "string"}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_LIST: Schema = {"type": "array"}
ID_SCHEMAS: dict[str, Schema] = {
    "integer": {"type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER},
    "string": {"type": "string", "minLength": 1, "maxLength": ID_TEXT_LENGTH},
}
# By field type; an empty schema takes any JSON.
VALUE_SCHEMAS: dict[str, Schema] = {
    "string": _TEXT,
    "text": _TEXT,
    "integer": _WHOLE,
    "bigInt": _WHOLE,
    "float": _NUMBER,
    "double": _NUMBER,
    "real": _NUMBER,
    "decimal": _NUMBER,
    "boolean": {"type": "boolean"},
    "date": _INSTANT,
    "datetime": _INSTANT,
    "datetimeTz": _INSTANT,
    "datetimeNoTz": _INSTANT,
    "dateOnly": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?$", "examples": ["14:30:00"]},
    "unixTimestamp": _WHOLE,
    "json": {},
    "jsonb": {},
    "array": _LIST,
    "set": _LIST,
    "uid": _TEXT,
    "uuid": {"type": "string", "format": "uuid"},
    "nanoid": _TEXT,
    "snowflakeId": _WHOLE,
    "password": _TEXT,
    "sort": _WHOLE,
}


def reference(name: str) -> Schema:
    """``{"$ref": …}`` to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """The schema with null beside it; one that takes anything stays."""
    if "$ref" in schema or "anyOf" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema | {"type": [schema["type"], "null"]} if "type" in schema else schema


def read_schema(collection: Collection, targets: Names[str], *, closed: bool = True) -> Schema:
    """A record of the collection; ``targets``: collections whose records may be expanded into it. Open when more may stand in it."""
    properties = {
        field.name: _field(field, _value(collection, field))
        for field in collection.fields.values()
        if not field.hidden and _is_value(field)
    }
    for field in collection.associations:
        if field.target in targets and not field.hidden:
            partner = reference(f"{field.target}.read")
            value = or_null(partner) if field.is_to_one else {"type": "array", "items": partner}
            properties[field.name] = value | {"description": "With `appends` or `fields` only."}
    schema: Schema = {"type": "object", "title": collection.title or collection.name, "properties": properties}
    return schema | {"additionalProperties": False} if closed else schema


def create_schema(collection: Collection, fields: Names[str] | None) -> Schema:
    """The body that makes a record; ``fields``: those the role may write (``None`` = all)."""
    schema = _writable(collection, fields)
    needed = [field for field in collection.fields.values() if field.required and _is_writable(field) and field.default is None]
    alone = [field.name for field in needed if not field.is_association]
    if collection.options.get("autoGenId") is False:
        alone.insert(0, "id")
    linked = [{"anyOf": [{"required": [field.name]}, {"required": [field.foreign_key]}]} for field in needed if field.type == "belongsTo"]
    return schema | ({"required": alone} if alone else {}) | ({"allOf": linked} if linked else {})


def update_schema(collection: Collection, fields: Names[str] | None) -> Schema:
    """The body that changes records: any of the fields."""
    schema = _writable(collection, fields)
    for property_ in schema["properties"].values():
        property_.pop("default", None)
    return schema


def _writable(collection: Collection, fields: Names[str] | None) -> Schema:
    properties: Schema = {"id": ID_SCHEMAS[collection.id_type]}
    for field in collection.fields.values():
        if _is_writable(field) and (fields is None or field.name in fields):
            properties[field.name] = _field(field, _link(field) if field.is_association else _value(collection, field, writing=True))
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _is_value(field: Field) -> bool:
    return not field.is_association and field.type != "password"


def _is_writable(field: Field) -> bool:
    return not field.read_only and field.name not in SYSTEM_FIELDS


def _value(collection: Collection, field: Field, writing: bool = False) -> Schema:
    """The value of a field; null wherever a record may be without one."""
    if field.name == "id":
        return ID_SCHEMAS[collection.id_type]
    schema = VALUE_SCHEMAS[field.type]
    needed = field.required or any(
        one.required and one.type == "belongsTo" and one.foreign_key == field.name for one in collection.associations
    )
    return schema if writing and needed else or_null(schema)


def _link(field: Field) -> Schema:
    link = reference("Link")
    if field.is_to_one:
        return link if field.required else or_null(link)
    return {"type": ["array", "null"], "items": link}


def _field(field: Field, schema: Schema) -> Schema:
    """The value's schema with what the definition says of the field: title, choices, default."""
    described = deepcopy(schema)
    ui_schema = field.options.get("uiSchema")
    title = ui_schema.get("title") if isinstance(ui_schema, dict) else None
    if isinstance(title, str):
        described["title"] = title
    choices = _choices(ui_schema)
    if choices:
        described["examples"] = choices
    if field.default is not None and not field.is_association:
        described["default"] = deepcopy(field.default)
    return described


def _choices(ui_schema: Json) -> list[Json]:
    """The values of ``uiSchema.enum``: ``[{"value": "a", "label": "A"}]`` or ``["a"]``."""
    listed = ui_schema.get("enum") if isinstance(ui_schema, dict) else None
    if not isinstance(listed, list):
        return []
    return [one.get("value") if isinstance(one, dict) else one for one in listed]


def record(properties: Schema, required: Iterable[str] = ()) -> Schema:
    needed = list(required)
    return {"type": "object", "properties": properties} | ({"required": needed} if needed else {})


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}
