"""Records as the caller's role may see and write them; what every action for a caller goes through.

One place for all write paths (an action's own record, one written through an association, one written along with another), so that
no path has fewer checks; and for reading, filtering, sorting and expanding, so that none tells what another hides.
Source: https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Filter, both
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.role import AREAS, Permit, union_of
from chalicelib.domain.system_collections import API_KEYS, TASK_COLLECTIONS
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.links import Links
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Forbidden, Invalid, Json
from chalicelib.services.call import Call, filter_of
from chalicelib.services.session import NO_PERMISSIONS, Caller, scope_filter

OWN_ROWS = (API_KEYS.name, *TASK_COLLECTIONS)  # everybody sees their own and no others


@dataclass(frozen=True)
class View:
    """A collection in the caller's eyes: what may be named in filters (``readable``) and shown (``selectable``), the rows, and what each
    of several roles shows of which rows (``parts``)."""

    readable: Collection
    selectable: Collection
    scope: Filter
    parts: tuple[tuple[Filter, Collection], ...] = ()


class PermittedRecords(UnitRecords):
    """Records as the caller's role may see them: collections without forbidden fields, rows inside the scope."""

    def __init__(self, unit: UnitOfWork, definitions: Definitions, caller: Caller, call: Call, now_ms: int) -> None:
        super().__init__(unit, definitions, now_ms=now_ms, timezone=call.timezone)
        self._caller = caller
        self._call = call
        self._seen: dict[str, View] = {}
        self._scopes: dict[tuple[str, str], Filter] = {}

    def readable(self, name: str) -> Collection:
        """With the fields that every row in view shows, so that filters and sorts tell of no other. Raises Forbidden when the role may
        not view the collection."""
        return self._view(name).readable

    def selectable(self, name: str) -> Collection:
        """With the fields that some row in view shows, and the associations that every one does. Raises Forbidden."""
        return self._view(name).selectable

    def row(self, record: Record) -> Row | None:
        view = self._view(record.collection.name)
        if not view.scope.matches(record.row):
            return None
        shown = visible(Record(view.selectable, record.item))
        if not view.parts:
            return shown
        names = {name for scope, part in view.parts if scope.matches(record.row) for name in visible(Record(part, record.item))}
        return {name: value for name, value in shown.items() if name in names}

    def granted_fields(self, record: Record, granted: Permit) -> frozenset[str] | None:
        """The fields that the permit lets through on this record (``None`` = all)."""
        if not granted.parts:
            return granted.fields
        reaching = [part.fields for part in granted.parts if self._scope_of(part, record.collection).matches(record.row)]
        return union_of(reaching)

    def asked_filter(self, call: Call, collection: Collection) -> Filter:
        """The call's own ``filter`` on what the role may see of the collection. Raises Invalid."""
        return self.filter(filter_of(call), self.readable(collection.name))

    def filter(self, raw: Json, collection: Collection) -> Filter:
        """As everywhere, and only rows in view: a filter of an update must not find out about others."""
        return both(super().filter(raw, collection), self._view(collection.name).scope)

    def _associated_ids(self, field: Field, inner: Filter) -> list[int | str]:
        """A partner out of view is no partner: what a filter says of it would tell what it holds."""
        return super()._associated_ids(field, both(inner, self._view(field.target or "").scope))

    def create_record(
        self, collection: Collection, values: Row, *, prefix: str = "", updates: Names[str] = (), given: Row | None = None
    ) -> Record:
        """As everywhere; the role must be allowed to create it, with these fields, and to reach it. Raises Forbidden.

        A key that the association gives asks for no permission here: its owner's was asked for."""
        granted = self._caller.permit(collection.name, "create")
        self._check_fields(collection, granted.fields, values, prefix)
        record = super().create_record(collection, values, prefix=prefix, updates=updates, given=given)
        if not self._scope(collection, "create").matches(record.row):
            raise Forbidden(NO_PERMISSIONS)
        self._check_fields(collection, self.granted_fields(record, granted), values, prefix)
        return record

    def update_record(self, record: Record, values: Row, *, prefix: str = "", updates: Names[str] = ()) -> Record:
        """As everywhere; the role must be allowed to change these fields of this record. Raises Forbidden."""
        granted = self._caller.permit(record.collection.name, "update")
        self._check_fields(record.collection, self.granted_fields(record, granted), _without_identity(record, values), prefix)
        if not self._scope(record.collection, "update").matches(record.row):
            raise Forbidden(NO_PERMISSIONS)
        return super().update_record(record, values, prefix=prefix, updates=updates)

    def links(self, owner: Record, field: Field) -> Links:
        return PermittedLinks(self, owner, field)

    def _check_fields(self, collection: Collection, granted: frozenset[str] | None, values: Row, prefix: str) -> None:
        """Raises Forbidden for a field of the collection that the role may not write."""
        if granted is None:
            return
        refused = [name for name in values if collection.field(name) and name not in granted]
        if refused:
            raise Forbidden(f"{NO_PERMISSIONS} to write " + ", ".join(prefix + name for name in refused), data={"fields": refused})

    def _scope(self, collection: Collection, action: str) -> Filter:
        key = (collection.name, action)
        if key not in self._scopes:
            granted = self._caller.permit(collection.name, action)
            self._scopes[key] = scope_filter(self._caller, granted, collection, self.definitions)
        return self._scopes[key]

    def check_nested(self, field: Field, target: Collection, path: str, updates: Names[str]) -> None:
        """The role must be allowed to create the partner, and any role but root must have asked for it by name."""
        super().check_nested(field, target, path, updates)
        self._caller.permit(target.name, "create")
        if not self._caller.is_root and path not in updates:
            raise Invalid(f'to write new records through "{path}", name it: updateAssociationValues={path}', path=path)

    def check_nested_update(self, target: Collection, partner: Record) -> None:
        """The role must be allowed to update the partner. Raises Forbidden."""
        super().check_nested_update(target, partner)
        if not self._scope(target, "update").matches(partner.row):
            raise Forbidden(NO_PERMISSIONS)

    def _scope_of(self, granted: Permit, collection: Collection) -> Filter:
        return scope_filter(self._caller, granted, collection, self.definitions)

    def _view(self, name: str) -> View:
        if name not in self._seen:
            self._seen[name] = self._viewed(self.collection(name))
        return self._seen[name]

    def _viewed(self, collection: Collection) -> View:
        """Raises Forbidden when the role may not view the collection."""
        if collection.name in OWN_ROWS:
            return View(collection, collection, self.plain_filter({"userId": self._caller.id}, collection))
        if collection.system and collection.name != "users" and collection.name in AREAS:
            self._caller.must_manage(collection.name)
        granted = self._caller.permit(collection.name, "view")
        readable = collection.restricted(shown_fields(collection, granted.everywhere))
        if not granted.parts:
            return View(readable, readable, self._scope(collection, "view"))
        parts = tuple(
            (self._scope_of(part, collection), collection.restricted(shown_fields(collection, part.fields))) for part in granted.parts
        )
        fields = collection.restricted(shown_fields(collection, granted.fields)).fields
        associations = {one.name: readable.fields[one.name] for one in collection.associations}
        return View(readable, replace(collection, fields=fields | associations), self._scope(collection, "view"), parts)


def _without_identity(record: Record, values: Row) -> Row:
    """What an update may repeat of the record, since it changes nothing, is left out; who makes a record and names it, chooses its name."""
    return {name: value for name, value in values.items() if name not in ("id", record.collection.key_field)}


class PermittedLinks(Links):
    """Links that a caller makes: partners out of view are not there, so they can be neither linked (that would write into them, or
    tell that they exist) nor unlinked by a list that does not name them."""

    def add(self, partners: Sequence[Record]) -> None:
        for partner in partners:
            staged = self._unit.staged.get(partner.key)
            is_new = staged is not None and staged.before is None
            if not is_new and self._records.row(partner) is None:
                raise Invalid(f'there is no record {partner.id} in collection "{self.target.name}"', code="RECORD_NOT_FOUND")
        super().add(partners)

    def remove(self, partners: Sequence[Record]) -> None:
        in_view = partners if self.field.is_to_one else [one for one in partners if self._records.row(one) is not None]
        super().remove(in_view)


def shown_fields(collection: Collection, granted: frozenset[str] | None) -> frozenset[str] | None:
    """The fields in view; with a belongsTo association goes its foreign key, which says the same."""
    if granted is None:
        return None
    return granted | {field.foreign_key or "" for field in collection.associations if field.type == "belongsTo" and field.name in granted}
