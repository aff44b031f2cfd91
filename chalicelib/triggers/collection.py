"""Collection event: a record that is made, changed or destroyed starts a workflow, whoever does it: a call or a node.

``mode`` says which of these; with ``changed`` an update counts only when one of those fields has another value; ``condition`` is a filter
that the record must match. A synchronous workflow runs inside the transaction of the write: with ``rollbackOnFailure`` its failure
takes the write back (422). Source: https://docs.nocobase.com/workflow/triggers/collection
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection
from chalicelib.domain.record import Record
from chalicelib.domain.references import (
    FindCollection,
    has_template,
    problems_of_appends,
    problems_of_filter,
    unknown_field,
)
from chalicelib.errors import Json, Problem
from chalicelib.triggers.base import APPENDS, TriggerType, watched

COLLECTION_EVENT = "collection"
CREATE, UPDATE, CREATE_OR_UPDATE, DESTROY = 1, 2, 3, 4

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["collection", "mode"],
    "properties": {
        "collection": {"type": "string", "minLength": 1, "title": "Collection", "description": "The collection whose records are watched."},
        "mode": {
            "enum": [CREATE, UPDATE, CREATE_OR_UPDATE, DESTROY],
            "title": "Trigger on",
            "description": "1: record created. 2: record updated. 3: created or updated. 4: destroyed.",
        },
        "changed": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "title": "Changed fields",
            "description": "Modes 2 and 3: an update counts only when one of these has another value. None given means any change.",
        },
        "condition": {
            "type": ["object", "null"],
            "title": "Only when",
            "description": 'A filter that the record must match, such as `{"status": "open"}`. Not asked when a record is destroyed.',
        },
        "appends": APPENDS | {"description": f"{APPENDS['description']} Not for mode 4."},
        "rollbackOnFailure": {
            "type": ["boolean", "null"],
            "title": "Take the write back on failure",
            "description": "Synchronous workflows: when it fails, nothing of the write stays and the caller gets a 422.",
        },
    },
}


def check(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    """A collection that is not there, fields and associations that it does not have, a filter that is none, settings out of place."""
    collection, found = watched(config, path, find)
    if collection is None:
        return found
    found += _problems_of_changed(config, collection, f"{path}.changed")
    found += problems_of_filter(config.get("condition"), collection, f"{path}.condition", find)
    found += _problems_of_templates(config.get("condition"), f"{path}.condition")
    if config.get("appends") and config.get("mode") == DESTROY:
        found.append(Problem("a record that is gone has no associations to load: leave appends out for mode 4", f"{path}.appends"))
    return found + problems_of_appends(config.get("appends"), collection, f"{path}.appends", find)


def _problems_of_changed(config: dict[str, Json], collection: Collection, path: str) -> list[Problem]:
    changed = config.get("changed") or []
    if not isinstance(changed, list):
        return []
    if changed and config.get("mode") not in (UPDATE, CREATE_OR_UPDATE):
        return [Problem("changed fields are watched on updates only: modes 2 and 3", path)]
    return [
        unknown_field(name, collection, f"{path}.{number}")
        for number, name in enumerate(changed)
        if isinstance(name, str) and collection.field(name) is None
    ]


def _problems_of_templates(condition: Json, path: str) -> list[Problem]:
    message = "the condition of a record event is compared as it stands: no templates (dates have operators such as $dateOn)"
    return [Problem(message, path)] if has_template(condition) else []


def is_set_off(config: dict[str, Json], before: Record | None, after: Record | None) -> bool:
    """Whether a change is one the trigger waits for; its condition is asked elsewhere."""
    mode = config.get("mode")
    if before is None:
        return mode in (CREATE, CREATE_OR_UPDATE)
    if after is None:
        return mode == DESTROY
    if mode not in (UPDATE, CREATE_OR_UPDATE):
        return False
    watched = _fields_watched(config.get("changed") or [], before.collection)
    names = {**before.row, **after.row}.keys() - {"updatedAt", "updatedById"}
    different = {name for name in names if not _is_same(before.row.get(name), after.row.get(name))}
    return bool(different & watched) if config.get("changed") else bool(different)


def _is_same(one: Json, other: Json) -> bool:
    """Whether two JSON values are the same; true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _fields_watched(names: list[str], collection: Collection) -> set[str]:
    """The names as they stand in a record: a belongsTo by its foreign key; associations kept elsewhere are not watched."""
    fields = [field for name in names if (field := collection.field(name))]
    to_one = {field.foreign_key or "" for field in fields if field.type == "belongsTo"}
    return to_one | {field.name for field in fields if not field.is_association}


TRIGGER = TriggerType(COLLECTION_EVENT, SCHEMA, check)
