"""Records as the caller's role may see them; what every action that reads for a caller goes through."""

from __future__ import annotations

from collections.abc import Collection as Names

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Filter
from chalicelib.domain.record import Record, Row, visible
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Forbidden, Invalid
from chalicelib.services.call import Call, filter_of
from chalicelib.services.session import NO_PERMISSIONS, Caller, scope_filter


class PermittedRecords(UnitRecords):
    """Records as the caller's role may see them: collections without forbidden fields, rows inside the scope."""

    def __init__(self, unit: UnitOfWork, definitions: Definitions, caller: Caller, call: Call, now_ms: int) -> None:
        super().__init__(unit, definitions, now_ms=now_ms, timezone=call.timezone)
        self._caller = caller
        self._seen: dict[str, tuple[Collection, Filter]] = {}

    def readable(self, name: str) -> Collection:
        """Raises Forbidden when the role may not view the collection."""
        return self._view(name)[0]

    def row(self, record: Record) -> Row | None:
        collection, scope = self._view(record.collection.name)
        return visible(Record(collection, record.item)) if scope.matches(record.row) else None

    def asked_filter(self, call: Call, collection: Collection) -> Filter:
        """The call's own ``filter`` on what the role may see of the collection. Raises Invalid."""
        return self.filter(filter_of(call), self.readable(collection.name))

    def check_nested(self, field: Field, target: Collection, path: str, updates: Names[str]) -> None:
        """The role must be allowed to create the partner, and any role but root must have asked for it by name."""
        super().check_nested(field, target, path, updates)
        self._caller.permit(target.name, "create")
        if not self._caller.is_root and path not in updates:
            raise Invalid(f'to write new records through "{path}", name it: updateAssociationValues={path}', path=path)

    def check_nested_update(self, target: Collection, partner: Record) -> None:
        """The role must be allowed to update the partner. Raises Forbidden."""
        super().check_nested_update(target, partner)
        granted = self._caller.permit(target.name, "update")
        if not scope_filter(self._caller, granted, target, self.definitions).matches(partner.row):
            raise Forbidden(NO_PERMISSIONS)

    def _view(self, name: str) -> tuple[Collection, Filter]:
        if name not in self._seen:
            collection = self.collection(name)
            granted = self._caller.permit(name, "view")
            scope = scope_filter(self._caller, granted, collection, self.definitions)
            self._seen[name] = collection.restricted(granted.fields), scope
        return self._seen[name]
