"""What a changed definition means for the records that are there, and whether they allow it.

Nothing here reads or writes. A field that becomes unique, required or of another type asks something of the values; a new index, type,
default or position asks for every record to be written again; a removed field leaves values and guards behind.
Source: https://docs.nocobase.com/data-sources/data-modeling/collection-fields
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.definition import SLOTS, Definition
from chalicelib.domain.field_types import FIELD_TYPES, as_type
from chalicelib.domain.ports import Item
from chalicelib.domain.record import Record, changed_record
from chalicelib.errors import Json, Problem

GUARDS, INDEX, TYPE = "guards", "index", "type"
MARKS = ("building", "becoming")
MOST_NAMED = 20


@dataclass(frozen=True)
class Changes:
    """Names of fields, by what happens to them. ``unguarded`` were unique and are no longer, or are gone."""

    indexed: list[str] = field(default_factory=list)
    unique: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    retyped: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unguarded: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return any((self.indexed, self.unique, self.required, self.retyped, self.filled, self.removed, self.unguarded))

    @property
    def to_check(self) -> bool:
        """Whether values can refuse the change before anything is written."""
        return bool(self.required or self.retyped)

    def with_earlier(self, earlier: Changes, after: Collection) -> Changes:
        """These changes and what is left of earlier ones that the records have not been looked at for again."""
        fields = after.fields
        kept = {
            "indexed": [n for n in earlier.indexed if n in fields and fields[n].slot],
            "unique": [n for n in earlier.unique if n in fields and fields[n].unique],
            "required": [n for n in earlier.required if n in fields and fields[n].required and fields[n].default is None],
            "retyped": [n for n in earlier.retyped if n in fields],
            "filled": [n for n in earlier.filled if n in fields and _is_filled(None, fields[n])],
            "removed": [n for n in earlier.removed if n not in fields],
            "unguarded": [n for n in earlier.unguarded if n not in fields or not fields[n].unique],
        }
        return Changes(**{name: list(dict.fromkeys([*names, *getattr(self, name)])) for name, names in kept.items()})


def changes_between(before: Collection, after: Collection) -> Changes:
    """What the records of ``before`` have to go through to be records of ``after``."""
    old, new = _stored_fields(before), _stored_fields(after)
    both = {name: (old.get(name), now) for name, now in new.items()}
    retyped = [name for name, (was, now) in both.items() if was and was.type != now.type]
    return Changes(
        indexed=[n for n, (was, now) in both.items() if now.slot and (not was or was.slot != now.slot or n in retyped)],
        unique=[n for n, (was, now) in both.items() if now.unique and not (was and was.unique and n not in retyped)],
        required=[n for n, (was, now) in both.items() if now.required and not (was and was.required) and now.default is None],
        retyped=retyped,
        filled=[n for n, (was, now) in both.items() if _is_filled(was, now)],
        removed=[name for name in old if name not in new],
        unguarded=[n for n, was in old.items() if was.unique and not (n in new and new[n].unique and n not in retyped)],
    )


def _stored_fields(collection: Collection) -> dict[str, Field]:
    return {f.name: f for f in collection.fields.values() if not f.is_association and not (f.read_only and f.name in _SYSTEM)}


_SYSTEM = ("id", "createdAt", "updatedAt", "createdById", "updatedById")


def _is_filled(was: Field | None, now: Field) -> bool:
    """A new field with a default or positions, or an old one that becomes required with a default."""
    if was is None:
        return now.default is not None or now.type == "sort"
    return now.default is not None and now.required and not was.required


def marked(definition: Definition, changes: Changes) -> Definition:
    """The definition whose fields say what is still being built: an index, guards, values of the new type."""
    building = {name: [INDEX] for name in changes.indexed} | {name: [TYPE] for name in changes.retyped}
    for name in changes.unique:
        building[name] = [*building.get(name, []), GUARDS]
    return _laid_over(unmarked(definition), {name: {"building": " ".join(parts)} for name, parts in building.items()})


def becoming(definition: Definition, after: Collection, changes: Changes) -> Definition:
    """The definition as it was, whose fields say which type they are about to have: writers heed both types from now on."""
    return _laid_over(definition, {name: {"becoming": after.fields[name].type} for name in changes.retyped})


def unmarked(definition: Definition) -> Definition:
    """The definition without any of these marks."""
    return definition | {"fields": [{k: v for k, v in raw.items() if k not in MARKS} for raw in definition["fields"]]}


def _laid_over(definition: Definition, options: dict[str, dict[str, Json]]) -> Definition:
    return definition | {"fields": [raw | options.get(raw["name"], {}) for raw in definition["fields"]]}


def without(definition: Definition, changes: Changes, names: Iterable[str]) -> Definition:
    """The definition in which these fields are not unique and not required after all."""
    refused = set(names)
    taken_back = {name: ("unique",) for name in changes.unique} | {name: ("required", "allowNull") for name in changes.required}
    fields = [
        {k: v for k, v in raw.items() if k not in taken_back[raw["name"]]} if raw["name"] in refused & taken_back.keys() else raw
        for raw in definition["fields"]
    ]
    return definition | {"fields": fields}


def refusals(after: Collection, changes: Changes, items: Iterable[Item]) -> list[Problem]:
    """Why the records do not allow the change: every duplicate value, count of nulls and value that cannot be converted."""
    seen: dict[str, dict[Json, int]] = {name: {} for name in changes.unique}
    nulls = dict.fromkeys(changes.required, 0)
    found: list[Problem] = []
    for item in items:
        data, mistakes = converted(after, changes, item)
        found += mistakes
        for name in changes.required:
            nulls[name] += data.get(name) is None
        for name, counts in seen.items():
            if data.get(name) is not None:
                counts[data[name]] = counts.get(data[name], 0) + 1
    return [*_duplicates(seen), *missing(nulls), *found[:MOST_NAMED]]


def _duplicates(seen: dict[str, dict[Json, int]]) -> Iterator[Problem]:
    for name, counts in seen.items():
        twice = [value for value, count in counts.items() if count > 1]
        if twice:
            values = ", ".join(f"{value!r} ({counts[value]} times)" for value in twice[:MOST_NAMED])
            yield Problem(f'"{name}" cannot be unique: {len(twice)} values are there more than once: {values}', name, "NOT_UNIQUE")


def missing(nulls: dict[str, int]) -> Iterator[Problem]:
    """By required field: how many records have no value."""
    for name, count in nulls.items():
        if count:
            yield Problem(f'"{name}" cannot be required: {count} records have no value for it', name, "HAS_NULLS")


def converted(after: Collection, changes: Changes, item: Item) -> tuple[dict[str, Json], list[Problem]]:
    """The record's values as the new definition has them, and what could not be converted (left as it was)."""
    data = {name: value for name, value in item["data"].items() if name not in changes.removed}
    problems: list[Problem] = []
    for name in changes.retyped:
        if data.get(name) is None:
            continue
        try:
            data[name] = as_type(after.fields[name].type, data[name])
        except ValueError as error:
            problems.append(
                Problem(f'record {Record(after, item).id}: "{name}" {error}; it is {data[name]!r}'[:300], name, "NOT_CONVERTIBLE")
            )
    for name in changes.filled:
        if data.get(name) is None:
            data[name] = _filling(after.fields[name], item)
    return data, problems


def _filling(field: Field, item: Item) -> Json:
    """The default, or, for positions, the record's age: existing records keep the order in which they were made."""
    if field.default is not None or field.type != "sort":
        return FIELD_TYPES[field.type].convert(deepcopy(field.default))
    made = datetime.fromisoformat(item["createdAt"].replace("Z", "+00:00"))
    return round(made.timestamp() * 1_000_000)


def rewritten(after: Collection, changes: Changes, item: Item) -> tuple[Item, list[Problem]]:
    """The item as a record of ``after``, index attributes included, in the same version; raises TooLarge when it fits no more."""
    data, problems = converted(after, changes, item)
    bare = {name: value for name, value in item.items() if name not in SLOTS}
    record = changed_record(Record(after, bare | {"data": data}), {}, item["updatedAt"], None)
    return {name: value for name, value in record.item.items() if value is not None} | {"version": item["version"]}, problems
