"""What a collection definition may say: each function yields the mistakes, ``(option, what would be right)``.

Names and options are NocoBase's (https://docs.nocobase.com/data-sources/data-modeling/collection-fields); an option that is
not named here is the client's own and is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import TypeGuard

from chalicelib.domain.collection import ASSOCIATIONS, TO_MANY
from chalicelib.domain.field_types import FIELD_TYPES
from chalicelib.errors import Json

Exists = Callable[[str], bool]
Mistakes = Iterator[tuple[str, str]]

NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,62}")
NAME_RULE = "must begin with a letter or _ and hold at most 63 letters, digits and _"
MOST_SHARDS = 64
# System collections and words with a route of their own, in lower case: "Users" beside "users" would only mislead.
# fmt: off
RESERVED = frozenset((
    "actions", "apikeys", "app", "attachments", "auditlogs", "auth", "authenticators", "collections", "console",
    "datasources", "docs", "executions", "fields", "flow_nodes", "health", "jobs", "meta",
    "nodes", "openapi", "pm", "procedures", "roles", "rolesresources", "rolesusers", "scheduledcalls", "schedules",
    "static", "storages", "system", "systemsettings", "uischemas", "users", "userworkflowtasks", "userworkflowtaskstats",
    "workflowcategories", "workflowcctasks", "workflowmanualtasks", "workflows", "workflowstats", "workflowversionstats",
))
# fmt: on
COLLECTION_FLAGS = ("autoGenId", "createdAt", "updatedAt", "createdBy", "updatedBy", "hidden", "inherit")
FIELD_FLAGS = ("required", "unique", "index", "hidden", "readOnly", "allowNull", "primaryKey", "autoFill")
ID_TYPES = {"integer": ("bigInt", "integer", "snowflakeId"), "string": ("string", "uid", "uuid", "nanoid")}
_INSTANTS = ("date", "datetime", "datetimeTz", "datetimeNoTz")
SYSTEM_TYPES: dict[str, tuple[str, ...]] = {
    "id": ID_TYPES["integer"] + ID_TYPES["string"],
    "createdAt": _INSTANTS,
    "updatedAt": _INSTANTS,
    "createdById": ID_TYPES["integer"],
    "updatedById": ID_TYPES["integer"],
    "createdBy": ("belongsTo",),
    "updatedBy": ("belongsTo",),
}
ASSOCIATION_KEYS = ("foreignKey", "otherKey", "through", "sourceKey", "targetKey")
ON_DELETE = ("SET NULL", "CASCADE", "RESTRICT", "NO ACTION")
NEEDED_KEYS = {
    "belongsTo": (),
    "hasOne": ("foreignKey",),
    "hasMany": ("foreignKey",),
    "belongsToMany": ("through", "foreignKey", "otherKey"),
}


def is_name(value: Json) -> TypeGuard[str]:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def collection_mistakes(raw: dict[str, Json], existing: Exists) -> Mistakes:
    """The mistakes in a new collection, its fields left aside."""
    name = raw.get("name")
    if not is_name(name):
        yield "name", f"the name of a collection {NAME_RULE}"
    elif name.lower() in RESERVED:
        yield "name", f"The collection name {name} is reserved"
    elif existing(name):
        yield "name", f"Collection named {name} already exists"
    if raw.get("title") is not None and not isinstance(raw["title"], str):
        yield "title", "title must be text"
    if not isinstance(raw.get("fields", []), list):
        yield "fields", "fields must be an array of fields"
    yield from _flag_mistakes(raw, COLLECTION_FLAGS)
    if mistake := audit_mistake(raw.get("audit")):
        yield "audit", mistake
    yield from _identity_mistakes(raw)


def audit_mistake(raw: Json) -> str | None:
    """What is wrong with the option ``audit`` of a collection."""
    if raw is None or isinstance(raw, bool) or raw == "values":
        return None
    return 'audit must be false, true (the names of the fields that change) or "values" (what they were and are, too)'


def _identity_mistakes(raw: dict[str, Json]) -> Mistakes:
    shards, id_type = raw.get("shards", 1), raw.get("idType")
    if not isinstance(shards, int) or isinstance(shards, bool) or not 1 <= shards <= MOST_SHARDS:
        yield "shards", f"shards must be a whole number from 1 to {MOST_SHARDS}"
    fields = [f for f in raw.get("fields") or [] if isinstance(f, dict)] if isinstance(raw.get("fields"), list) else []
    if id_type is not None and id_type not in ("integer", "string"):
        yield "idType", 'idType must be "integer" or "string"'
    elif id_type and any(f.get("name") == "id" and f.get("type") not in ID_TYPES[id_type] for f in fields):
        yield "idType", f"idType is {id_type}, so the field id must have one of the types {', '.join(ID_TYPES[id_type])}"
    key = raw.get("filterTargetKey") or "id"
    if key != "id" and not any(f.get("name") == key and f.get("unique") is True for f in fields):
        yield "filterTargetKey", 'filterTargetKey must be "id" or the name of a unique field'


def field_mistakes(raw: Json, owner: str, taken: Collection[str], existing: Exists) -> Mistakes:
    """The mistakes in one field of the collection ``owner`` that has the fields ``taken`` already."""
    if not isinstance(raw, dict):
        yield "", "a field is an object with a name and a type"
        return
    name = raw.get("name")
    if not is_name(name):
        yield "name", f"the name of a field {NAME_RULE}"
    elif name in taken:
        yield "name", f'Field name "{name}" already exists in collection "{owner}"'
    for option, message in _option_mistakes(raw, owner, existing):
        yield option, f'Field "{name}": {message}'


def _option_mistakes(raw: dict[str, Json], owner: str, existing: Exists) -> Mistakes:
    name, kind = raw.get("name"), raw.get("type")
    yield from _flag_mistakes(raw, FIELD_FLAGS)
    if isinstance(name, str) and name in SYSTEM_TYPES:
        if kind not in SYSTEM_TYPES[name]:
            yield "type", f"is a system field; its type is {' or '.join(SYSTEM_TYPES[name])}"
    elif kind in ASSOCIATIONS:
        yield from _association_mistakes(raw, owner, existing)
    elif isinstance(kind, str) and kind in FIELD_TYPES:
        yield from _scalar_mistakes(raw, kind)
    else:
        yield "type", f"unknown type; the types are {', '.join([*FIELD_TYPES, *ASSOCIATIONS])}"


def _flag_mistakes(raw: dict[str, Json], flags: tuple[str, ...]) -> Mistakes:
    for flag in flags:
        if raw.get(flag) is not None and not isinstance(raw[flag], bool):
            yield flag, f"{flag} must be true or false"


def _scalar_mistakes(raw: dict[str, Json], kind: str) -> Mistakes:
    for option in ("index", "unique"):
        if raw.get(option) is True and not FIELD_TYPES[kind].orders:
            yield option, f"a field of type {kind} cannot be {'indexed' if option == 'index' else 'unique'}"
    if raw.get("primaryKey") is True:
        yield "primaryKey", "the primary key is the field id; make this one unique instead"
    try:
        if raw.get("defaultValue") is not None:
            FIELD_TYPES[kind].convert(raw["defaultValue"])
    except ValueError as error:
        yield "defaultValue", f"defaultValue {error}"


def _association_mistakes(raw: dict[str, Json], owner: str, existing: Exists) -> Mistakes:
    target, kind = raw.get("target"), raw["type"]
    if not is_name(target):
        yield "target", "target must be the name of a collection"
    elif target != owner and not existing(target):
        yield "target", f'there is no collection "{target}" yet; make it, then add the association with collections/{owner}/fields:create'
    yield from _key_mistakes(raw, kind)
    if raw.get("onDelete") is not None and raw["onDelete"] not in ON_DELETE:
        yield "onDelete", f"onDelete must be one of {', '.join(ON_DELETE)}"
    if kind == "belongsTo" and raw.get("foreignKey") == raw.get("name"):
        yield "foreignKey", "foreignKey must be another name than the association's"
    for option in ("index", "unique"):
        if raw.get(option) is True:
            yield option, f"set {option} on the foreign key; an association has no value of its own"
    if raw.get("required") is True and kind in TO_MANY:
        yield "required", "an association to many cannot be required"


def _key_mistakes(raw: dict[str, Json], kind: str) -> Mistakes:
    for option in ASSOCIATION_KEYS:
        value = raw.get(option)
        if value is None and option in NEEDED_KEYS[kind]:
            yield option, f"a {kind} association needs {option}"
        elif value is not None and not is_name(value):
            yield option, f"{option} {NAME_RULE}"
