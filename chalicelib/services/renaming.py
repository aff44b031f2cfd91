"""A collection under another name: its records stay where they are, and all that names it follows in one transaction.

The uid stays, so do records and their ids. Associations of other collections, the rights of roles and the collections that workflows, their
nodes and actions name are written anew. Source: https://docs.nocobase.com/data-sources/data-modeling/collection
"""

from __future__ import annotations

from chalicelib.domain.definition import Definition
from chalicelib.domain.definition_rules import RESERVED, is_name
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import ACTIONS, COLLECTIONS, ROLES, WORKFLOWS
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json
from chalicelib.services.editing import Editing
from chalicelib.services.lifecycle import job_of, refuse_while_running
from chalicelib.services.reindexing import job_put
from chalicelib.services.schedules import mark_of
from chalicelib.services.versions import enabled_copy, note_bound

NAMING = ("collection", "target", "through")


def renamed(editing: Editing, record: Record, changed: Definition, name: Json) -> Definition:
    """Stage the definition under its new name, and everything that named the old one. Raises Invalid, Conflict."""
    old = record.item["data"]["name"]
    _check(editing, record, name)
    refuse_while_running(editing, record.item["data"]["uid"])
    fields = [_followed(raw, old, name) | {"collectionName": name} for raw in changed["fields"]]
    definition: Definition = changed | {"name": name, "fields": fields}
    if changed.get("title") == old:
        definition["title"] = name
    editing.unit.destroy(record)
    editing.unit.create(COLLECTIONS, definition | {"id": name})
    job = job_of(editing, record.item["data"]["uid"])
    if job is not None:
        editing.extra.append(job_put(job | {"name": name}))
    _in_collections(editing, old, name)
    _in_roles(editing, old, name)
    _in_workflows(editing, old, name)
    _in_actions(editing, old, name)
    return definition


def _check(editing: Editing, record: Record, name: Json) -> None:
    if not is_name(name) or name.lower() in RESERVED:
        raise Invalid(f"{name!r} cannot be the name of a collection"[:200], path="name")
    if editing.definition(name) is not None:
        raise Invalid(f"Collection named {name} already exists", path="name", code="NOT_UNIQUE")


def _followed(raw: dict[str, Json], old: str, new: str) -> dict[str, Json]:
    return raw | {option: new for option in NAMING if raw.get(option) == old}


def _in_collections(editing: Editing, old: str, new: str) -> None:
    for other in editing.records.search(Search(COLLECTIONS, EVERYTHING)).records:
        fields = other.item["data"]["fields"]
        followed = [_followed(raw, old, new) for raw in fields]
        if other.id not in (old, new) and followed != fields:
            editing.unit.update(other, {"fields": followed})


def _in_roles(editing: Editing, old: str, new: str) -> None:
    for role in editing.records.search(Search(ROLES, EVERYTHING)).records:
        resources = role.row["resources"] or {}
        if old in resources:
            editing.unit.update(role, {"resources": {new if key == old else key: value for key, value in resources.items()}})


def _in_workflows(editing: Editing, old: str, new: str) -> None:
    """Frozen versions too: they mean the same collection as before."""
    for version in editing.records.search(Search(WORKFLOWS, EVERYTHING)).records:
        before = {"config": version.row["config"], "nodes": version.row["nodes"]}
        after = {name: _deep(value, old, new) for name, value in before.items()}
        if after == before:
            continue
        changed = editing.unit.update(version, after)
        if changed.row["enabled"]:
            editing.extra.append(enabled_copy(changed))
            note_bound(editing, changed)
            editing.extra += mark_of(changed)


def _in_actions(editing: Editing, old: str, new: str) -> None:
    for action in editing.records.search(Search(ACTIONS, EVERYTHING)).records:
        before = {"collection": action.row["collection"], "client": action.row["client"]}
        after = _deep(before, old, new)
        if after != before:
            editing.unit.update(action, after)


def _deep(value: Json, old: str, new: str) -> Json:
    """``"collection": old`` (or ``main:old``) at any depth of a configuration."""
    if isinstance(value, list):
        return [_deep(one, old, new) for one in value]
    if not isinstance(value, dict):
        return value
    names = {old: new, f"main:{old}": f"main:{new}"}
    return {
        key: names.get(one, one) if key == "collection" and isinstance(one, str) else _deep(one, old, new) for key, one in value.items()
    }
