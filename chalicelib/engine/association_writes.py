"""Associations inside the values of a create or update: linked by id, or written with the record.

A to-one association is an id, ``{"id": 1}`` or a new record; a to-many one is a list of those, and an update with a list makes it the
whole list. Values beside an id change the partner only where ``updateAssociationValues`` names the path.
Source: https://docs.nocobase.com/api/database/repository#create (``updateAssociationValues``)
"""

from __future__ import annotations

from collections.abc import Collection as Names
from typing import TYPE_CHECKING

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import check_values
from chalicelib.domain.record import Record, Row
from chalicelib.engine.finder import Search, find
from chalicelib.errors import Invalid, Json

if TYPE_CHECKING:
    from chalicelib.engine.records import UnitRecords


class AssociationWrites:
    """The association part of one write. ``updates``: paths whose partners may be changed."""

    def __init__(self, records: UnitRecords, updates: Names[str] = ()) -> None:
        self._records = records
        self._updates = updates
        self.made: dict[str, Json] = {}

    def own_values(self, collection: Collection, values: Row, prefix: str) -> Row:
        """The values without associations, the foreign keys of belongsTo ones put in; new partners are staged before their owner."""
        own = {name: value for name, value in values.items() if not _is_association(collection, name)}
        for field in collection.associations:
            if field.name in values and field.type == "belongsTo":
                own[field.foreign_key or ""] = self._foreign_key(field, values[field.name], f"{prefix}{field.name}")
        return own

    def after(self, record: Record, values: Row, prefix: str, creating: bool) -> None:
        """Stage what points back to the record: hasOne, hasMany and belongsToMany partners."""
        for field in record.collection.associations:
            if field.name in values and field.type != "belongsTo":
                self._partners(record, field, values[field.name], f"{prefix}{field.name}", creating)

    def _foreign_key(self, field: Field, value: Json, path: str) -> Json:
        target = self._records.collection(field.target or "")
        if isinstance(value, dict):
            key = value.get(field.target_key)
            if any(name != field.target_key for name in value):
                partner = self._partner_of(field, target, value, path)
                return partner.row[field.target_key]
            value = key
        return _checked_key(target, field, value, path)

    def _partner_of(self, field: Field, target: Collection, value: Row, path: str) -> Record:
        """The partner of an object with values: the one with its key (changed where that is allowed), else a new one."""
        key = value.get(field.target_key if field.type == "belongsTo" else "id")
        known = self._find(target, field.target_key if field.type == "belongsTo" else "id", key, field, path) if key is not None else None
        if known is None:
            self._records.check_nested(field, target, path, self._updates)
            return self._records.create_record(target, value, prefix=f"{path}.", updates=self._updates)
        if path in self._updates:
            self._records.check_nested_update(target, known)
            return self._records.update_record(known, value, prefix=f"{path}.", updates=self._updates)
        self._records.unit.link(known)
        return known

    def _find(self, target: Collection, name: str, key: Json, field: Field, path: str) -> Record | None:
        key = _checked_key(target, Field(field.name, field.type, target_key=name), key, path)
        if name == "id":
            return self._records.unit.get(target, key)
        found = find(self._records.unit, Search(target, self._records.plain_filter({name: key}, target), limit=1)).records
        return found[0] if found else None

    def _partners(self, record: Record, field: Field, value: Json, path: str, creating: bool) -> None:
        target = self._records.collection(field.target or "")
        if field.is_to_one:
            members = [] if value is None else [value]
        elif isinstance(value, list) or value is None:
            members = value or []
        else:
            raise Invalid(f'"{path}" must be a list of ids or objects', path=path)
        partners = []
        for number, member in enumerate(members):
            at = path if field.is_to_one else f"{path}.{number}"
            partners.append(self._member(field, target, member, at, path))
        links = self._records.links(record, field)
        links.replace(partners) if not creating else links.add(partners)
        rows = [self._records.unit.get(target, partner.id) for partner in partners]
        shown = [row for found in rows if found and (row := self._records.row(found)) is not None]
        self.made[field.name] = (shown[0] if shown else None) if field.is_to_one else shown

    def _member(self, field: Field, target: Collection, member: Json, at: str, path: str) -> Record:
        if isinstance(member, dict):
            if any(name != "id" for name in member):
                return self._partner_of(field, target, member, path)
            member = member.get("id")
        key = _checked_key(target, Field(field.name, field.type), member, at)
        partner = self._records.unit.get(target, key) if key is not None else None
        if partner is None:
            raise Invalid(f'"{at}": there is no record {member!r} in collection "{target.name}"', path=at, code="RECORD_NOT_FOUND")
        return partner


def _is_association(collection: Collection, name: str) -> bool:
    field = collection.field(name)
    return field is not None and field.is_association


def _checked_key(target: Collection, field: Field, value: Json, path: str) -> Json:
    """The key as the target's key field holds it. Raises Invalid."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Invalid(f'"{path}" must be an id, {{"{field.target_key}": id}} or null', path=path)
    kind = target.fields[field.target_key].type
    prefix = path[: len(path) - len(path.rsplit(".", 1)[-1])]
    name = path.rsplit(".", 1)[-1]
    stand_in = Collection(target.name, target.uid, fields={name: Field(name, kind)})
    return check_values(stand_in, {name: value}, creating=False, prefix=prefix)[name]
