"""Collection definitions: from what users send to what is stored, and from what is stored to a `Collection`.

The shape is NocoBase's (https://docs.nocobase.com/api/database/collection): options that mean nothing here
(``interface``, ``uiSchema`` …) are kept as they came, for the clients that use them. What the server owns, ``uid`` and the
``slot`` of an indexed field (its attribute ``l1`` … ``g4``), is never taken from a user and never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.domain.collection import ASSOCIATIONS, Collection, Field
from chalicelib.domain.definition_rules import (
    ASSOCIATION_KEYS,
    ID_TYPES,
    SYSTEM_TYPES,
    Exists,
    collection_mistakes,
    field_mistakes,
)
from chalicelib.domain.field_types import FIELD_TYPES
from chalicelib.domain.ids import fresh_key
from chalicelib.errors import Invalid, Json, NotFound, Problem

Definition = dict[str, Json]
IdType = Callable[[str], str]

SLOTS = ("l1", "l2", "l3", "l4", "l5", "g1", "g2", "g3", "g4")
DEFAULTS: Definition = {
    "template": "general",
    "autoGenId": True,
    "createdAt": True,
    "updatedAt": True,
    "createdBy": True,
    "updatedBy": True,
    "filterTargetKey": "id",
    "shards": 1,
    "idType": "integer",
    "hidden": False,
    "inherit": False,
    "unavailableActions": [],
}
SERVER_OPTIONS = ("uid", "system")
SERVER_FIELD_OPTIONS = ("slot", "building", "becoming", "problems")
PARSED_OPTIONS = ("name", "uid", "title", "fields", "shards", "idType", "filterTargetKey")
PARSED_FIELD_OPTIONS = frozenset(
    ("name", "type", "required", "unique", "index", "hidden", "readOnly", "defaultValue", "target", "foreignKey", "targetKey", "slot")
)


def integer_ids(_name: str) -> str:
    """The id type of a collection when nobody says otherwise."""
    return "integer"


def parse_collection(definition: Definition) -> Collection:
    """The collection of a stored definition, system fields included. Trusts the definition."""
    id_type = definition.get("idType") or "integer"
    fields = {field.name: field for field in _system_fields(id_type)}
    for raw in definition.get("fields", []):
        parsed, system = _parse_field(raw), fields.get(raw["name"])
        fields[parsed.name] = replace(system, options=parsed.options) if system else parsed
    return Collection(
        name=definition["name"],
        uid=definition["uid"],
        title=definition.get("title") or definition["name"],
        id_type=id_type,
        shards=definition.get("shards", 1),
        key_field=definition.get("filterTargetKey") or "id",
        fields=fields,
        options={option: value for option, value in definition.items() if option not in PARSED_OPTIONS},
    )


def _system_fields(id_type: str) -> list[Field]:
    return [
        Field("id", id_type, read_only=True),
        Field("createdAt", "date", read_only=True),
        Field("updatedAt", "date", read_only=True),
        Field("createdById", "integer", read_only=True),
        Field("updatedById", "integer", read_only=True),
        Field("createdBy", "belongsTo", read_only=True, target="users", foreign_key="createdById"),
        Field("updatedBy", "belongsTo", read_only=True, target="users", foreign_key="updatedById"),
    ]


def _parse_field(raw: Definition) -> Field:
    return Field(
        name=raw["name"],
        type=raw["type"],
        required=bool(raw.get("required")) or raw.get("allowNull") is False,
        unique=bool(raw.get("unique")),
        index=bool(raw.get("index")),
        hidden=bool(raw.get("hidden")) or raw["type"] == "password",
        read_only=bool(raw.get("readOnly")),
        default=raw.get("defaultValue"),
        target=raw.get("target"),
        foreign_key=raw.get("foreignKey"),
        target_key=raw.get("targetKey") or "id",
        slot=raw.get("slot"),
        options={option: value for option, value in raw.items() if option not in PARSED_FIELD_OPTIONS},
    )


def public_collection(definition: Definition) -> Definition:
    """The definition as answers show it: without ``uid`` and the fields' slots."""
    shown = {option: value for option, value in definition.items() if option != "uid"}
    return shown | {"fields": [{k: v for k, v in field.items() if k != "slot"} for field in definition.get("fields", [])]}


def check_collection(raw: Json, existing: Exists, *, id_type: IdType = integer_ids) -> Definition:
    """The definition to store for a new collection: ``{"name": "samples", "fields": [{"name": "title", "type": "string"}]}``.

    ``existing(name)``: is there such a collection. ``id_type(name)``: ``integer`` or ``string``, the type of its ids; each
    belongsTo gets a foreign key of that type unless one is declared. Raises Invalid with every mistake.
    """
    if not isinstance(raw, dict):
        raise Invalid("a collection is an object with a name and fields")
    problems = [Problem(message, option) for option, message in collection_mistakes(raw, existing)]
    fields = raw["fields"] if isinstance(raw.get("fields"), list) else []
    key = fresh_key()
    kept = {k: v for k, v in raw.items() if k not in SERVER_OPTIONS and not (v is None and k in DEFAULTS)}
    identity: Definition = {
        "key": key,
        "uid": f"c_{key}",
        "name": raw.get("name"),
        "title": raw.get("title") or raw.get("name"),
        "fields": [],
    }
    definition = identity | DEFAULTS | {"idType": _implied_id_type(fields)} | kept | identity
    return _with_fields(definition, [(f"fields.{n}", field) for n, field in enumerate(fields)], existing, id_type, problems)


def _implied_id_type(fields: Sequence[Json]) -> str:
    """What a declared field ``id`` says of the collection's ids (clients send it along): integer unless it is a text."""
    declared = [field.get("type") for field in fields if isinstance(field, dict) and field.get("name") == "id"]
    return "string" if declared and declared[0] in ID_TYPES["string"] else "integer"


def check_field(raw: Json, definition: Definition, existing: Exists, *, id_type: IdType = integer_ids) -> Definition:
    """The definition with the field added (and its foreign key and slot). Raises Invalid with every mistake."""
    if isinstance(raw, dict) and raw.get("name") == "id" and raw.get("type") not in ID_TYPES[definition.get("idType") or "integer"]:
        raise Invalid("the type of id was fixed when the collection was made", path="type")
    return _with_fields(definition, [("", raw)], existing, id_type, [])


def update_field(name: str, raw: Json, definition: Definition, existing: Exists, *, id_type: IdType = integer_ids) -> Definition:
    """The definition with the options in ``raw`` laid over the field's own.

    A field keeps its name, its key and what it points to. Raises NotFound for an unknown field, Invalid with every mistake.
    """
    old = _field_of(definition, name)
    if not isinstance(raw, dict):
        raise Invalid("the changes of a field are an object")
    sent = {option: value for option, value in raw.items() if option not in (*SERVER_FIELD_OPTIONS, "key", "collectionName")}
    problems = [Problem(f'{option} of field "{name}" cannot change', option) for option in _fixed_options(old, sent)]
    others = {field["name"] for field in definition["fields"]} - {name}
    changed = old | sent
    problems += [Problem(m, option) for option, m in field_mistakes(changed, definition["name"], others, existing) if not problems]
    if problems:
        raise Invalid.of(problems)
    fields = [changed if field["name"] == name else field for field in definition["fields"]]
    return definition | {"fields": assign_slots(_with_foreign_keys(definition, fields, id_type))}


def _fixed_options(old: Definition, sent: Definition) -> list[str]:
    kinds = {old["type"], str(sent.get("type", old["type"]))}
    fixed = ("name", "target", *ASSOCIATION_KEYS) if old["type"] in ASSOCIATIONS else ("name",)
    changed = [option for option in fixed if option in sent and sent[option] != old.get(option)]
    return [*changed, "type"] if len(kinds) > 1 and kinds & set(ASSOCIATIONS) else changed


def remove_field(name: str, definition: Definition) -> Definition:
    """The definition without the field; the foreign key of a removed belongsTo stays as a field of its own.

    Raises NotFound, or Invalid for a field that something else rests on.
    """
    _field_of(definition, name)
    used_by = [
        f["name"] for f in definition["fields"] if f["type"] == "belongsTo" and f["foreignKey"] == name and f["name"] not in SYSTEM_TYPES
    ]
    if used_by:
        raise Invalid(f'"{name}" is the foreign key of "{used_by[0]}"; remove that association first', path="name")
    if name in SYSTEM_TYPES or name == definition.get("filterTargetKey"):
        raise Invalid(f'"{name}" is a field that every record of "{definition["name"]}" needs', path="name")
    return definition | {"fields": assign_slots([field for field in definition["fields"] if field["name"] != name])}


def _field_of(definition: Definition, name: str) -> Definition:
    for field in definition["fields"]:
        if field["name"] == name:
            found: Definition = field
            return found
    raise NotFound(f'There is no field "{name}" in collection "{definition["name"]}"')


def _with_fields(
    definition: Definition, raws: Sequence[tuple[str, Json]], existing: Exists, id_type: IdType, problems: list[Problem]
) -> Definition:
    fields = list(definition["fields"])
    for path, raw in raws:
        mistakes = list(field_mistakes(raw, definition["name"], {field["name"] for field in fields}, existing))
        problems += [Problem(message, ".".join(filter(None, (path, option)))) for option, message in mistakes]
        if not mistakes:
            fields.append(_stored_field(raw, definition["name"]))
    if problems:
        raise Invalid.of(problems)
    return definition | {"fields": assign_slots(_with_foreign_keys(definition, fields, id_type))}


def _stored_field(raw: Definition, owner: str) -> Definition:
    kept = {option: value for option, value in raw.items() if option not in SERVER_FIELD_OPTIONS}
    field = {"key": "", "name": "", "type": ""} | kept | {"key": fresh_key(), "collectionName": owner}
    if field["type"] == "belongsTo":
        field |= {"foreignKey": field.get("foreignKey") or f"{field['name']}Id", "targetKey": field.get("targetKey") or "id"}
    elif field["type"] in ASSOCIATIONS:
        field |= {"sourceKey": field.get("sourceKey") or "id", "targetKey": field.get("targetKey") or "id"}
    return field


def _with_foreign_keys(definition: Definition, fields: Sequence[Definition], id_type: IdType) -> list[Definition]:
    """The fields with a foreign key for each belongsTo. Raises Invalid when a declared one cannot hold the target's ids."""
    result = {field["name"]: field for field in fields}
    problems = []
    for field in fields:
        if field["type"] != "belongsTo" or field["foreignKey"] in SYSTEM_TYPES or field["name"] in SYSTEM_TYPES:
            continue
        name, target = field["foreignKey"], field["target"]
        own = target == definition["name"]
        by_id = field["targetKey"] == "id"
        types = ID_TYPES["string" if not by_id else definition["idType"] if own else id_type(target)]
        key = {"name": name, "type": types[0], "interface": "integer" if types[0] == "bigInt" else "input", "isForeignKey": True}
        declared = result.setdefault(name, _stored_field(key, definition["name"]))
        if declared["type"] not in (types if by_id else FIELD_TYPES):
            problems.append(Problem(f'Field "{name}" is a foreign key to "{target}": its type must be one of {", ".join(types)}', "fields"))
    if problems:
        raise Invalid.of(problems)
    return list(result.values())


def assign_slots(fields: Sequence[Definition]) -> list[Definition]:
    """The fields with an index attribute for each that needs one: foreign keys first, then ``index: true``, in order.

    A slot never moves; it is free again when its field needs it no more. A slot that was another field's may hold that
    field's values until the records are written again. Raises Invalid for more than nine indexed fields.
    """
    foreign = {field["foreignKey"] for field in fields if field["type"] == "belongsTo"}
    keys = [f for f in fields if (f["name"] in foreign or f.get("isForeignKey")) and _can_be_indexed(f)]
    indexed = keys + [f for f in fields if f.get("index") is True and _can_be_indexed(f) and f not in keys]
    if len(indexed) > len(SLOTS):
        names = ", ".join(field["name"] for field in indexed)
        raise Invalid(
            f"at most {len(SLOTS)} fields of a collection can be indexed, foreign keys included; these are {names}", path="fields"
        )
    slots = {f["name"]: f["slot"] for f in indexed if f.get("slot")}
    free = iter([slot for slot in SLOTS if slot not in slots.values()])
    slots |= {f["name"]: next(free) for f in indexed if f["name"] not in slots}
    bare = [{option: value for option, value in field.items() if option != "slot"} for field in fields]
    return [field | ({"slot": slots[field["name"]]} if field["name"] in slots else {}) for field in bare]


def _can_be_indexed(field: Definition) -> bool:
    return field["name"] not in SYSTEM_TYPES and field["type"] in FIELD_TYPES and FIELD_TYPES[field["type"]].orders
