"""What a workflow names in the data model: a collection, its fields, its associations. Checked when the workflow is saved.

Triggers and nodes name these alike, so one place says what is wrong with a name. Names that hold a template (``{{…}}``) are known
only at run time and are left to it. Source: https://docs.nocobase.com/data-sources/data-modeling
"""

from __future__ import annotations

import json
from collections.abc import Callable

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import is_readable, parse_filter
from chalicelib.errors import Invalid, Json, NotFound, Problem

FindCollection = Callable[[str], Collection | None]

MOST_LEVELS = 3
GROUPS = ("$and", "$or", "$not")


def has_template(value: Json) -> bool:
    """Whether any text or key in the value holds ``{{`` (JSON itself never writes two braces in a row)."""
    return "{{" in json.dumps(value)


def named_collection(name: str, path: str, find: FindCollection) -> Collection | Problem:
    """The collection called ``posts`` or ``main:posts``, or what to say when there is none."""
    source, _, plain = name.rpartition(":")
    found = find(plain) if source in ("", "main") else None
    return found or Problem(f'Collection "{plain}" does not exist in data source "{source or "main"}"', path, "COLLECTION_NOT_FOUND")


def watched_collection(name: str, path: str, find: FindCollection) -> Collection | Problem:
    """As `named_collection`; its records must be written by the actions that every collection has, since only those set off workflows."""
    found = named_collection(name, path, find)
    if isinstance(found, Collection) and found.system:
        message = f'records of "{found.name}" are written by its own actions, which set off no workflows'
        return Problem(message, path, "SYSTEM_COLLECTION")
    return found


def unknown_field(name: str, collection: Collection, path: str) -> Problem:
    return Problem(f'Field "{name}" does not exist in collection "{collection.name}"', path, "UNKNOWN_FIELD")


def problems_of_values(values: Json, collection: Collection, path: str, find: FindCollection) -> list[Problem]:
    """Fields that ``values`` names and the collection lacks, also in records nested below an association."""
    found: list[Problem] = []
    for name, value in values.items() if isinstance(values, dict) else ():
        field = collection.field(name)
        if field is None:
            found += [] if "{{" in name else [unknown_field(name, collection, f"{path}.{name}")]
        elif isinstance(value, dict) and (target := _target(field, find)):
            found += problems_of_values(value, target, f"{path}.{name}", find)
    return found


def problems_of_appends(appends: Json, collection: Collection, path: str, find: FindCollection) -> list[Problem]:
    """Paths that do not lead along associations (``category.parent``), at most three levels deep."""
    found: list[Problem] = []
    for position, text in enumerate(appends if isinstance(appends, list) else []):
        if isinstance(text, str) and not has_template(text):
            found += _problems_of_association_path(text, collection, f"{path}.{position}", find)
    return found


def _problems_of_association_path(text: str, collection: Collection, path: str, find: FindCollection) -> list[Problem]:
    names = text.split(".")
    if len(names) > MOST_LEVELS:
        return [Problem(f'"{text}" goes {len(names)} levels deep; associations are loaded for at most {MOST_LEVELS}', path)]
    within: Collection | None = collection
    for name in names:
        field = within.field(name) if within else None
        if within and (field is None or not field.is_association):
            return [Problem(f'"{name}" is not an association of collection "{within.name}"', path)]
        within = _target(field, find) if field else None
    return []


def problems_of_filter(raw: Json, collection: Collection, path: str, find: FindCollection) -> list[Problem]:
    """A filter without templates is parsed as it will be at run time; of one with templates the field names are checked."""
    if not isinstance(raw, dict):
        return []
    if has_template(raw):
        return list(_unknown_in_filter(raw, collection, path, find))

    def resolve(name: str) -> Collection:
        target = find(name)
        if target is None:
            raise NotFound(f'Collection "{name}" does not exist in data source "main"')
        return target

    try:
        parse_filter(raw, collection, resolve)
    except Invalid as invalid:
        return [Problem(p.message, below(path, p.path), p.code) for p in invalid.problems()]
    except NotFound as missing:
        return [Problem(missing.message, path, missing.code)]
    return []


def is_empty_filter(raw: Json) -> bool:
    """Whether nothing in the filter is a condition, so that it would match every record: ``{}``, ``{"$and": [{}]}``, ``{"a": {}}``.

    One empty part makes an ``$or`` match everything."""
    if isinstance(raw, dict):
        return all(_is_empty_part(name, part) for name, part in raw.items())
    return raw in (None, "", [])


def _is_empty_part(name: str, part: Json) -> bool:
    if name == "$or" and isinstance(part, list):
        return not part or any(map(is_empty_filter, part))
    if name == "$and" and isinstance(part, list):
        return all(map(is_empty_filter, part))
    return isinstance(part, dict) and (name in GROUPS or not name.startswith("$")) and is_empty_filter(part)


def below(path: str, inner: str) -> str:
    """Where a mistake in a filter is in what holds the filter: ``config.params.filter`` + ``filter.status.$nosuch``."""
    return ".".join(part for part in (path, inner.removeprefix("filter").lstrip(".")) if part)


def _unknown_in_filter(raw: Json, collection: Collection, path: str, find: FindCollection) -> list[Problem]:
    found: list[Problem] = []
    for name, part in raw.items() if isinstance(raw, dict) else ():
        if name in GROUPS:
            for position, inner in enumerate(part) if isinstance(part, list) else (("", part),):
                found += _unknown_in_filter(inner, collection, f"{path}.{name}.{position}".rstrip("."), find)
        elif not name.startswith("$") and "{{" not in name:
            found += _unknown_in_condition(name.split("."), part, collection, f"{path}.{name}", find)
    return found


def _unknown_in_condition(names: list[str], part: Json, collection: Collection, path: str, find: FindCollection) -> list[Problem]:
    field = collection.field(names[0])
    if field is None or not is_readable(field):
        return [unknown_field(names[0], collection, path)]
    target = _target(field, find)
    if target is None:
        return []
    return _unknown_in_condition(names[1:], part, target, path, find) if names[1:] else _unknown_in_filter(part, target, path, find)


def _target(field: Field, find: FindCollection) -> Collection | None:
    return find(field.target) if field.is_association and field.target else None
