"""Forms of a task that waits for somebody: what may be submitted, what that does, what is wrong with them.

A form may make a record or change records. The values of its actions and its filter may use, beside what every template may, who submits
(``currentUser``, ``$user``), what was submitted (``currentRecord``, ``$nForm``) and when (``currentTime``, ``$nDate.now``).
Source: https://docs.nocobase.com/workflow/nodes/manual
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.domain.collection import Collection
from chalicelib.domain.form_rules import problems_of_form, problems_of_json_schema
from chalicelib.domain.references import is_empty_filter, named_collection, problems_of_filter, problems_of_values, unknown_field
from chalicelib.domain.template import Template, compile_template
from chalicelib.domain.workflow import plain_name
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions
from chalicelib.nodes.record_config import FILTER, VALUES, RecordConfig, prepare_records

KINDS = ("custom", "create", "update")
ACTION_KEY = "_"
DRAFT = 0

# What only the submission knows.
OWN_VARIABLE = re.compile(r"\{\{\s*(?:ctx\.)?(?:currentUser|currentRecord|currentTime|\$user|\$nForm|\$nDate)(?:\.[\w.\-]+)?\s*\}\}")

ACTION: dict[str, Json] = {
    "type": "object",
    "title": "Action",
    "required": ["key", "status"],
    "properties": {
        "key": {"type": "string", "minLength": 1, "title": "Key", "description": "What a submission names in `_`."},
        "title": {"type": ["string", "null"], "title": "Title", "description": "What the button says."},
        "status": {
            "enum": [1, 0, -1, -2, -3, -4, -5, -6],
            "title": "Status",
            "description": "How the task is settled: 1 agreed, -5 rejected or another negative one; 0 keeps a draft.",
        },
        "values": VALUES | {"type": ["object", "null"], "description": "Put over what was submitted; each may be a template."},
    },
}
FORM: dict[str, Json] = {
    "type": "object",
    "title": "Form",
    "required": ["type", "actions"],
    "properties": {
        "type": {
            "enum": list(KINDS),
            "title": "Kind",
            "description": "`create` makes a record, `update` changes some, `custom` writes none.",
        },
        "title": {"type": ["string", "null"], "title": "Title", "description": "What stands above the form."},
        "description": {"type": ["string", "null"], "title": "Description", "description": "What is said below the title, as text."},
        "schema": {
            "type": ["object", "null"],
            "title": "Fields asked for",
            "description": "Of a `custom` form: a JSON Schema of an object. What is submitted must keep to it, a draft need not.",
        },
        "fields": {
            "type": ["array", "null"],
            "minItems": 1,
            "title": "Fields of the record",
            "description": "Of `create` and `update`: the fields that may be filled in; without it all of the collection's.",
            "items": {"type": "string", "title": "Field", "description": "The name of a field of the collection."},
        },
        "collection": {"type": ["string", "null"], "title": "Collection", "description": "Whose records are made or changed."},
        "dataSource": {"enum": ["main", None], "title": "Data source", "description": "Only `main`."},
        "filter": FILTER | {"type": ["object", "null"], "description": "Which records are changed; values may be templates."},
        "actions": {"type": "array", "minItems": 1, "title": "Actions", "description": "The buttons of the form.", "items": ACTION},
    },
}
FORMS: dict[str, Json] = {
    "type": ["object", "null"],
    "title": "Forms",
    "description": "By key: what a task asks for.",
    "additionalProperties": FORM,
}


@dataclass(frozen=True)
class Action:
    status: int
    values: Template


@dataclass(frozen=True)
class Form:
    """``filter``: of an ``update`` form, a template of ``{"params": {"filter": …}}``. ``schema``: what a ``custom`` form takes, ``fields``
    what another does; ``None`` where that is open."""

    kind: str
    collection: str
    filter: RecordConfig
    actions: Mapping[str, Action]
    schema: dict[str, Json] | None = None
    fields: tuple[str, ...] | None = None


def prepare_forms(raw: Json) -> dict[str, Form]:
    """The forms of a config by their keys."""
    return {key: _form(form) for key, form in (raw or {}).items()}


def _form(raw: dict[str, Json]) -> Form:
    actions = {one["key"]: Action(one["status"], compile_template(one.get("values") or {})) for one in raw.get("actions") or ()}
    is_custom, found = raw["type"] == "custom", prepare_records({"params": {"filter": raw.get("filter")}})
    schema, fields = (raw.get("schema"), None) if is_custom else (None, tuple(raw.get("fields") or ()) or None)
    return Form(raw["type"], plain_name(raw.get("collection") or ""), found, actions, schema, fields)


def without_own_variables(value: Json) -> Json:
    """The forms without the templates that only a submission can fill in."""
    if isinstance(value, str):
        return OWN_VARIABLE.sub("", value)
    if isinstance(value, list):
        return [without_own_variables(one) for one in value]
    return {key: without_own_variables(one) for key, one in value.items()} if isinstance(value, dict) else value


def problems_of_forms(forms: Json, path: str, definitions: Definitions) -> list[Problem]:
    """Keys that are there twice; collections, fields and filters that cannot be."""
    found: list[Problem] = []
    for key, form in forms.items() if isinstance(forms, dict) else ():
        if isinstance(form, dict):
            found += _problems_of_form(key, form, f"{path}.{key}", definitions)
    return found


def _problems_of_form(key: str, form: dict[str, Json], path: str, definitions: Definitions) -> Iterator[Problem]:
    if key == ACTION_KEY:
        yield Problem(f'a form cannot be called "{ACTION_KEY}": a submission names its action there', path)
    actions = form.get("actions")
    keys = [one.get("key") for one in actions if isinstance(one, dict)] if isinstance(actions, list) else []
    for position, action_key in enumerate(keys):
        if action_key in keys[:position]:
            yield Problem(f'two actions of this form have the key "{action_key}"', f"{path}.actions.{position}.key")
    if form.get("type") == "custom":
        yield from problems_of_json_schema(form.get("schema"), f"{path}.schema") or problems_of_form(form.get("schema"), f"{path}.schema")
    if form.get("type") in ("create", "update"):
        yield from _problems_of_records(form, path, definitions)


def _problems_of_records(form: dict[str, Json], path: str, definitions: Definitions) -> Iterator[Problem]:
    name = form.get("collection")
    if not isinstance(name, str) or not name:
        yield Problem(f'"collection" is required for a form that is to {form["type"]} records', f"{path}.collection")
        return
    collection = named_collection(name, f"{path}.collection", definitions.collection)
    if isinstance(collection, Problem):
        yield collection
        return
    if collection.system:
        yield Problem(f'records of "{collection.name}" are written by its own actions only', f"{path}.collection", "SYSTEM_COLLECTION")
    yield from _problems_of_fields(form.get("fields"), collection, f"{path}.fields")
    actions = form.get("actions")
    for position, action in enumerate(actions if isinstance(actions, list) else ()):
        values = action.get("values") if isinstance(action, dict) else None
        yield from problems_of_values(values, collection, f"{path}.actions.{position}.values", definitions.collection)
    if form["type"] == "update" and is_empty_filter(form.get("filter")):
        yield Problem('"filter" is required and must hold a condition: without one every record would be meant', f"{path}.filter")
    elif form["type"] == "update":
        yield from problems_of_filter(form.get("filter"), collection, f"{path}.filter", definitions.collection)


def _problems_of_fields(fields: Json, collection: Collection, path: str) -> Iterator[Problem]:
    for position, name in enumerate(fields if isinstance(fields, list) else ()):
        if isinstance(name, str) and collection.field(name) is None:
            yield unknown_field(name, collection, f"{path}.{position}")
