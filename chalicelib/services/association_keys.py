"""The fields that associations to many rest on, made where they are missing.

``posts hasMany comments`` needs the foreign key in ``comments``; ``posts belongsToMany tags`` needs the ``through`` collection with a key
to either side. Both are indexed, so that a post's comments are one query.
Source: https://docs.nocobase.com/data-sources/data-modeling/collection-fields/associations
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.definition import Definition, check_collection, check_field
from chalicelib.domain.definition_rules import ID_TYPES
from chalicelib.domain.system_collections import COLLECTIONS, SYSTEM_COLLECTIONS
from chalicelib.errors import Invalid
from chalicelib.services.editing import Editing

Exists = Callable[[str], bool]
Stage = Callable[[Editing, str, Definition], None]


def with_keys(editing: Editing, definition: Definition, exists: Exists, stage: Stage) -> Definition:
    """The definition with the keys it needs itself; keys in other collections are staged with ``stage(editing, name, definition)``."""
    for field in list(definition["fields"]):
        if field["type"] in ("hasOne", "hasMany"):
            definition = _with_key(editing, definition, field["target"], field["foreignKey"], exists, stage)
        elif field["type"] == "belongsToMany":
            _ensure_through(editing, definition, field, exists, stage)
    return definition


def _with_key(editing: Editing, owner: Definition, target: str, name: str, exists: Exists, stage: Stage) -> Definition:
    if target == owner["name"]:
        return _added(editing, owner, name, owner["idType"], exists)
    if target in SYSTEM_COLLECTIONS:
        raise Invalid(f'"{target}" cannot hold a foreign key of ours; use belongsToMany with a through collection', path="fields")
    record = editing.definition(target)
    if record is not None:
        stored = record.item["data"]
        changed = _added(editing, stored, name, owner["idType"], exists)
        if changed is not stored:
            stage(editing, target, changed)
    return owner


def _ensure_through(editing: Editing, owner: Definition, field: Definition, exists: Exists, stage: Stage) -> None:
    through = field["through"]
    sides = [(field["foreignKey"], owner["idType"]), (field["otherKey"], editing.id_type(field["target"]))]
    record = editing.definition(through)
    if record is None:
        fields = [_key_field(name, id_type) for name, id_type in sides]
        made = check_collection({"name": through, "hidden": True, "fields": fields}, exists)
        editing.unit.create(COLLECTIONS, made | {"id": through})
        return
    changed = stored = record.item["data"]
    for name, id_type in sides:
        changed = _added(editing, changed, name, id_type, exists)
    if changed is not stored:
        stage(editing, through, changed)


def _added(editing: Editing, definition: Definition, name: str, id_type: str, exists: Exists) -> Definition:
    if any(field["name"] == name for field in definition["fields"]):
        return definition
    return check_field(_key_field(name, id_type), definition, exists, id_type=editing.id_type)


def _key_field(name: str, id_type: str) -> Definition:
    return {"name": name, "type": ID_TYPES[id_type][0], "isForeignKey": True, "index": True}
