"""Guards of unique values: who gives one up and who takes one, among the records that a unit has staged.

A guard is an item whose key is the value, written under the condition that nobody has it.
Source: https://aws.amazon.com/blogs/database/simulating-amazon-dynamodb-unique-constraints-using-transactions/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.keys import guard_key
from chalicelib.domain.ports import RECORDS, Absent, Delete, Equals, Key, Put, Write
from chalicelib.errors import Invalid, Json

if TYPE_CHECKING:
    from chalicelib.engine.unit_of_work import Staged


class GuardWrite(NamedTuple):
    """A write of a guard, the field and the value that it is for, and where that stands in what was sent (``path``)."""

    write: Write
    field: Field
    value: Json
    path: str = ""


@dataclass
class _GuardChange:
    field: Field
    value: Json
    old_owner: Json = None
    new_owner: Json = None
    path: str = ""


def guard_writes(all_staged: Mapping[Key, Staged], places: Mapping[Key, str]) -> list[GuardWrite]:
    """Unique values given up and taken, merged per value: two records may swap theirs in one unit. Raises Invalid for one that two take."""
    changes: dict[Key, _GuardChange] = {}
    for key, staged in all_staged.items():
        for field in staged.collection.unique_fields:
            before = staged.before.row.get(field.name) if staged.before else None
            after = staged.after.row.get(field.name) if staged.after else None
            if before == after:
                continue
            if before is not None:
                _change(changes, staged.collection, field, before).old_owner = staged.before.id if staged.before else None
            if after is not None:
                change = _change(changes, staged.collection, field, after)
                path = f"{places.get(key, '')}{field.name}"
                if change.new_owner is not None:
                    raise not_unique(field, after, path)
                change.new_owner, change.path = staged.after.id if staged.after else None, path
    return [found for key, change in changes.items() if (found := _guard_write(key, change))]


def _change(changes: dict[Key, _GuardChange], collection: Collection, field: Field, value: Json) -> _GuardChange:
    return changes.setdefault(guard_key(collection.uid, field.name, value), _GuardChange(field, value))


def _guard_write(key: Key, change: _GuardChange) -> GuardWrite | None:
    if change.old_owner == change.new_owner:
        return None
    # While the field is becoming unique the old value may have no guard yet; the pass over the records decides who holds one.
    unbuilt = change.old_owner is not None and "guards" in str(change.field.options.get("building"))
    condition = None if unbuilt else Equals({"value": change.old_owner}) if change.old_owner is not None else Absent()
    if change.new_owner is None:
        return GuardWrite(Delete(key, condition), change.field, change.value)
    item = {"pk": key.pk, "sk": key.sk, "value": change.new_owner}
    return GuardWrite(Put(RECORDS, item, condition), change.field, change.value, change.path)


def not_unique(field: Field, value: Json, path: str = "") -> Invalid:
    return Invalid(f'"{path or field.name}" must be unique: {value!r} is already taken', path=path or field.name, code="NOT_UNIQUE")
