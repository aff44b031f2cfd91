"""Associations inside the values of a create or update: linked by id, or written with the record.

A to-one association is an id, ``{"id": 1}`` or a new record; a to-many one is a list of those, and an update with a list makes it the
whole list. Values beside an id change the partner only where ``updateAssociationValues`` names the path.
Every mistake, at whatever depth, is found before the answer.
Source: https://docs.nocobase.com/api/database/repository#create (``updateAssociationValues``)
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as Names
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import FIELD_TYPES, convert_id
from chalicelib.domain.record import Record, Row
from chalicelib.engine.finder import Search, find
from chalicelib.errors import Invalid, Json

if TYPE_CHECKING:
    from chalicelib.engine.records import UnitRecords

T = TypeVar("T")
POINTING_BACK = ("hasOne", "hasMany")


class AssociationWrites:
    """The association part of one write. ``updates``: paths whose partners may be changed."""

    def __init__(self, records: UnitRecords, updates: Names[str] = ()) -> None:
        self._records = records
        self._updates = updates
        self.made: dict[str, Json] = {}

    def own_values(self, collection: Collection, values: Row, prefix: str, check: Callable[[], Row]) -> Row:
        """What ``check()`` makes of the values, without associations, the foreign keys of belongsTo ones put in; new partners are staged
        before their owner. Raises Invalid with every mistake, those in partners of the other kinds too."""
        found: list[Invalid] = []
        checked = collected(found, check) or {}
        own = {name: value for name, value in checked.items() if not _is_association(collection, name)}
        for field in _written(collection, values):
            if field.type == "belongsTo":
                key = collected(found, partial(self._key_beside, collection, field, values, checked, prefix))
                own[field.foreign_key or ""] = key
        if found:
            for field in _written(collection, values):
                found += self._mistakes_in_partners(field, values[field.name], f"{prefix}{field.name}")
        raise_all(found)
        return own

    def after(self, record: Record, values: Row, prefix: str, creating: bool) -> None:
        """Stage what points back to the record: hasOne, hasMany and belongsToMany partners. Raises Invalid with every mistake."""
        found: list[Invalid] = []
        for field in _written(record.collection, values):
            if field.type != "belongsTo":
                path = f"{prefix}{field.name}"
                collected(found, partial(self._partners, record, field, values[field.name], path, creating))
        raise_all(found)

    def _key_beside(self, collection: Collection, field: Field, values: Row, checked: Row, prefix: str) -> Json:
        """The foreign key. Raises Invalid when the values name another one, or when none is given and there must be one."""
        name, path = field.foreign_key or "", f"{prefix}{field.name}"
        key = self._foreign_key(field, values[field.name], path)
        if name in values and name in checked and checked[name] != key:
            raise Invalid(f'"{path}" and "{prefix}{name}" name different records; send one of them', path=path)
        if key is None and collection.requires(name) and not field.required:
            raise Invalid(f'"{path}" cannot be null: {name} is required', path=path, code="FOREIGN_KEY_REQUIRED")
        return key

    def _foreign_key(self, field: Field, value: Json, path: str) -> Json:
        target, name = self._records.collection(field.target or ""), field.target_key
        if isinstance(value, dict) and value.keys() != {name}:
            return self._partner_of(field, target, value, path, {}).row[name]
        if isinstance(value, dict):
            value, path = value[name], f"{path}.{name}"
        return None if value is None else _checked_key(target, name, value, path)

    def _partner_of(self, field: Field, target: Collection, value: Row, at: str, given: Row) -> Record:
        """The partner of an object with values: the one with its key (changed where that is allowed), else a new one, with the key that
        the association gives it."""
        name = field.target_key if field.type == "belongsTo" else "id"
        known = self._find(target, name, value[name], f"{at}.{name}") if value.get(name) is not None else None
        path = _without_positions(at)
        if known is None:
            self._records.check_nested(field, target, path, self._updates)
            return self._records.create_record(target, value, prefix=f"{at}.", updates=self._updates, given=given)
        if path in self._updates:
            self._records.check_nested_update(target, known)
            return self._records.update_record(known, value, prefix=f"{at}.", updates=self._updates)
        self._records.unit.link(known)
        return known

    def _find(self, target: Collection, name: str, value: Json, at: str) -> Record | None:
        key = _checked_key(target, name, value, at)
        if name == "id":
            return self._records.unit.get(target, key)
        found = find(self._records.unit, Search(target, self._records.plain_filter({name: key}, target), limit=1)).records
        return found[0] if found else None

    def _partners(self, record: Record, field: Field, value: Json, path: str, creating: bool) -> None:
        target, links = self._records.collection(field.target or ""), self._records.links(record, field)
        found: list[Invalid] = []
        given = links.given_key
        staged = [collected(found, partial(self._member, field, target, member, at, given)) for at, member in _members(field, value, path)]
        raise_all(found)
        partners = [partner for partner in staged if partner is not None]
        links.replace(partners) if not creating else links.add(partners)
        rows = [self._records.unit.get(target, partner.id) for partner in partners]
        shown = [row for record in rows if record and (row := self._records.row(record)) is not None]
        self.made[field.name] = (shown[0] if shown else None) if field.is_to_one else shown

    def _mistakes_in_partners(self, field: Field, value: Json, path: str) -> list[Invalid]:
        """What is wrong with the partners of a record that cannot be made itself, so that no key is there to give them."""
        if field.type == "belongsTo" or field.read_only:
            return []
        found: list[Invalid] = []
        target = self._records.collection(field.target or "")
        for at, member in collected(found, partial(_members, field, value, path)) or []:
            collected(found, partial(self._member, field, target, member, at, {}))
        keyless = f".{field.foreign_key}" if field.type in POINTING_BACK else None
        kept = [[p for p in one.problems() if keyless is None or not p.path.endswith(keyless)] for one in found]
        return [Invalid.of(problems) for problems in kept if problems]

    def _member(self, field: Field, target: Collection, member: Json, at: str, given: Row) -> Record:
        if isinstance(member, bool) or not isinstance(member, dict | int | str):
            raise Invalid(f'"{at}" must be an id or an object', path=at)
        if isinstance(member, dict) and member.keys() != {"id"}:
            return self._partner_of(field, target, member, at, given)
        key, place = (member["id"], f"{at}.id") if isinstance(member, dict) else (member, at)
        partner = self._find(target, "id", key, place)
        if partner is None:
            raise Invalid(f'"{at}": there is no record {key!r} in collection "{target.name}"', path=at, code="RECORD_NOT_FOUND")
        return partner


def collected(found: list[Invalid], act: Callable[[], T]) -> T | None:
    """What ``act()`` returns; ``None`` when it is refused, and the refusal is put to the others."""
    try:
        return act()
    except Invalid as refused:
        found.append(refused)
        return None


def raise_all(found: list[Invalid]) -> None:
    """Raise what was collected as one refusal, if there is any."""
    if len(found) == 1:
        raise found[0]
    if found:
        raise Invalid.of([problem for one in found for problem in one.problems()])


def _is_association(collection: Collection, name: str) -> bool:
    field = collection.field(name)
    return field is not None and field.is_association


def _written(collection: Collection, values: Row) -> list[Field]:
    return [field for field in collection.associations if field.name in values]


def _members(field: Field, value: Json, path: str) -> list[tuple[str, Json]]:
    """What is sent for each partner, with its place. Raises Invalid."""
    if value is None:
        return []
    if field.is_to_one:
        return [(path, value)]
    if not isinstance(value, list):
        raise Invalid(f'"{path}" must be a list of ids or objects', path=path)
    return [(f"{path}.{position}", member) for position, member in enumerate(value)]


def _without_positions(at: str) -> str:
    """``items.0.maker`` as ``updateAssociationValues`` names it: ``items.maker``."""
    return ".".join(part for part in at.split(".") if not part.isdecimal())


def _checked_key(target: Collection, name: str, value: Json, at: str) -> Json:
    """The key as the target's key field holds it. Raises Invalid."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Invalid(f'"{at}" must be an id, {{"{name}": id}} or null', path=at)
    try:
        return convert_id(target, value) if name == "id" else FIELD_TYPES[target.fields[name].type].convert(value)
    except Invalid as refused:
        raise Invalid(f'"{at}": {refused.message}', path=at, code=refused.code) from None
    except ValueError as refused:
        raise Invalid(f'"{at}" {refused}', path=at) from None
