"""Records as the caller's role may see and write them; what every action for a caller goes through.

One place for all write paths (an action's own record, one written through an association, one written along with another), so that
no path has fewer checks; and for reading, filtering, sorting and expanding, so that none tells what another hides.
Source: https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Sequence

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Filter, both
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.role import AREAS, Permit
from chalicelib.domain.system_collections import API_KEYS
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.links import Links
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Forbidden, Invalid, Json
from chalicelib.services.call import Call, filter_of
from chalicelib.services.session import NO_PERMISSIONS, Caller, scope_filter


class PermittedRecords(UnitRecords):
    """Records as the caller's role may see them: collections without forbidden fields, rows inside the scope."""

    def __init__(self, unit: UnitOfWork, definitions: Definitions, caller: Caller, call: Call, now_ms: int) -> None:
        super().__init__(unit, definitions, now_ms=now_ms, timezone=call.timezone)
        self._caller = caller
        self._call = call
        self._seen: dict[str, tuple[Collection, Filter]] = {}
        self._scopes: dict[tuple[str, str], Filter] = {}

    def readable(self, name: str) -> Collection:
        """Raises Forbidden when the role may not view the collection."""
        return self._view(name)[0]

    def row(self, record: Record) -> Row | None:
        collection, scope = self._view(record.collection.name)
        return visible(Record(collection, record.item)) if scope.matches(record.row) else None

    def asked_filter(self, call: Call, collection: Collection) -> Filter:
        """The call's own ``filter`` on what the role may see of the collection. Raises Invalid."""
        return self.filter(filter_of(call), self.readable(collection.name))

    def filter(self, raw: Json, collection: Collection) -> Filter:
        """As everywhere, and only rows in view: a filter of an update must not find out about others."""
        return both(super().filter(raw, collection), self._view(collection.name)[1])

    def _associated_ids(self, field: Field, inner: Filter) -> list[int | str]:
        """A partner out of view is no partner: what a filter says of it would tell what it holds."""
        return super()._associated_ids(field, both(inner, self._view(field.target or "")[1]))

    def create_record(self, collection: Collection, values: Row, *, prefix: str = "", updates: Names[str] = ()) -> Record:
        """As everywhere; the role must be allowed to create it, with these fields, and to reach it. Raises Forbidden."""
        self._check_fields(collection, self._caller.permit(collection.name, "create"), values, prefix)
        record = super().create_record(collection, values, prefix=prefix, updates=updates)
        if not self._scope(collection, "create").matches(record.row):
            raise Forbidden(NO_PERMISSIONS)
        return record

    def update_record(self, record: Record, values: Row, *, prefix: str = "", updates: Names[str] = ()) -> Record:
        """As everywhere; the role must be allowed to change these fields of this record. Raises Forbidden."""
        self._check_fields(record.collection, self._caller.permit(record.collection.name, "update"), values, prefix)
        if not self._scope(record.collection, "update").matches(record.row):
            raise Forbidden(NO_PERMISSIONS)
        return super().update_record(record, values, prefix=prefix, updates=updates)

    def links(self, owner: Record, field: Field) -> Links:
        return PermittedLinks(self, owner, field)

    def _check_fields(self, collection: Collection, granted: Permit, values: Row, prefix: str) -> None:
        """Raises Forbidden for a field of the collection that the role may not write."""
        if granted.fields is None:
            return
        free = {"id", collection.key_field} | ({self._path_key(collection)} if not prefix else set())
        refused = [name for name in values if collection.field(name) and name not in granted.fields and name not in free]
        if refused:
            raise Forbidden(f"{NO_PERMISSIONS} to write " + ", ".join(prefix + name for name in refused), data={"fields": refused})

    def _path_key(self, target: Collection) -> str | None:
        """The foreign key that ``posts/1/comments:create`` sets by itself."""
        owner = self.definitions.collection_now(self._call.resource) if self._call.association else None
        field = owner.field(self._call.association or "") if owner else None
        return field.foreign_key if field and field.target == target.name and field.type in ("hasOne", "hasMany") else None

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

    def _view(self, name: str) -> tuple[Collection, Filter]:
        if name not in self._seen:
            collection = self.collection(name)
            if collection.name == API_KEYS.name:
                self._seen[name] = collection, self.plain_filter({"userId": self._caller.id}, collection)
                return self._seen[name]
            if collection.system and collection.name != "users" and collection.name in AREAS:
                self._caller.must_manage(collection.name)
            granted = self._caller.permit(name, "view")
            self._seen[name] = collection.restricted(_shown(collection, granted)), self._scope(collection, "view")
        return self._seen[name]


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


def _shown(collection: Collection, granted: Permit) -> frozenset[str] | None:
    """The fields in view; with a belongsTo association goes its foreign key, which says the same."""
    if granted.fields is None:
        return None
    return granted.fields | {
        field.foreign_key or "" for field in collection.associations if field.type == "belongsTo" and field.name in granted.fields
    }
