"""Record access by collection name, inside a unit of work: what nodes, record actions and procedures share.

Values are checked by one function on every write path; associations in them are linked or written along (`AssociationWrites`).
Workflow nodes act with the system's rights, so no permission is asked here.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import check_values, convert_id
from chalicelib.domain.filter import EVERYTHING, Filter, both, parse_filter
from chalicelib.domain.ports import Key
from chalicelib.domain.query import parse_sort
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.system_collections import TASK_COLLECTIONS
from chalicelib.engine.appends import expand
from chalicelib.engine.association_writes import AssociationWrites
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dependents import destroy_records
from chalicelib.engine.finder import Found, Search, find
from chalicelib.engine.links import Links
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Invalid, Json, NotFound

if TYPE_CHECKING:
    from chalicelib.engine.runner import Runner

MOST_ASSOCIATED = 100


class UnitRecords:
    """The `Records` port of nodes, over one unit of work. ``now_ms`` and ``timezone`` are for relative dates in filters."""

    def __init__(self, unit: UnitOfWork, definitions: Definitions, *, now_ms: int = 0, timezone: str = "+00:00") -> None:
        self.unit = unit
        self.definitions = definitions
        unit.bound = definitions.bound_now
        self.now_ms = now_ms
        self._timezone = timezone
        self.nested: dict[Key, Row] = {}
        self.runner: Runner | None = None
        self.stack: tuple[tuple[int, int], ...] = ()

    def settle(self) -> None:
        """Set off the workflows that wait for what has been staged. Raises Unprocessable when one of them takes it back."""
        if self.runner is not None:
            self.runner.settle(self)

    def collection(self, name: str) -> Collection:
        """Raises NotFound."""
        found = self.definitions.collection_now(name.removeprefix("main:"))
        if found is None:
            raise NotFound(f'Collection "{name}" does not exist in data source "main"', code="COLLECTION_NOT_FOUND")
        return found

    def readable(self, name: str) -> Collection:
        """The collection as far as the caller may see it; here: all of it. Raises NotFound."""
        return self.collection(name)

    def row(self, record: Record) -> Row | None:
        """The record as the caller may see it, ``None`` when it may not; here: all but hidden fields."""
        return visible(record)

    def filter(self, raw: Json, collection: Collection) -> Filter:
        """The parsed filter with its association conditions resolved to ids. Raises Invalid."""
        parsed = parse_filter(raw, collection, self.readable, now_ms=self.now_ms, timezone=self._timezone)
        return parsed.resolve_associations(self._associated_ids) if parsed.associations() else parsed

    def _associated_ids(self, field: Field, inner: Filter) -> list[int | str]:
        """What an association condition comes down to: ids of targets (belongsTo), of the owners themselves otherwise."""
        target = self.collection(field.target or "")
        inner = inner.resolve_associations(self._associated_ids) if inner.associations() else inner
        found = find(self.unit, Search(target, inner, limit=MOST_ASSOCIATED + 1))
        if len(found.records) > MOST_ASSOCIATED or not found.complete:
            raise Invalid(f'the condition on "{field.name}" matches more than {MOST_ASSOCIATED} records; narrow it', path="filter")
        if field.type == "belongsTo":
            keys = [record.row.get(field.target_key) for record in found.records]
            return [key for key in keys if key is not None]
        if field.type == "belongsToMany":
            return self._owners_through(field, [record.row[field.target_key] for record in found.records])
        return [record.row[field.foreign_key or ""] for record in found.records if record.row.get(field.foreign_key or "") is not None]

    def _owners_through(self, field: Field, targets: list[Json]) -> list[int | str]:
        through = self.collection(field.options["through"])
        search = Search(through, self.plain_filter({field.options["otherKey"]: {"$in": targets}}, through))
        return [row.row[field.foreign_key or ""] for row in find(self.unit, search).records]

    def search(self, search: Search) -> Found:
        return find(self.unit, search)

    def find(
        self,
        collection: str,
        *,
        filter: Json = None,
        sort: Json = None,
        appends: Sequence[str] = (),
        page: int = 1,
        page_size: int = 20,
    ) -> list[Row]:
        within = self.collection(collection)
        search = Search(within, self.filter(filter, within), parse_sort(sort, within), (page - 1) * page_size, page_size)
        return self.rows(within, find(self.unit, search).records, appends)

    def rows(self, collection: Collection, records: Sequence[Record], appends: Sequence[str]) -> list[Row]:
        """The records' rows with associations put in and hidden fields left out."""
        rows = [row for record in records if (row := self.row(record)) is not None]
        expand(self, collection, rows, [tuple(path.split(".")) for path in appends])
        return rows

    def create(self, collection: str, values: Row, *, appends: Sequence[str] = ()) -> Row:
        within = self.writable(collection)
        made = self.create_record(within, values)
        self.settle()
        return self.rows(within, [self.unit.get(within, made.id) or made], appends)[0]

    def create_record(
        self, collection: Collection, values: Row, *, prefix: str = "", updates: Names[str] = (), given: Row | None = None
    ) -> Record:
        """Stage a new record with what its values say of associations. ``given``: the key by which the association that it is made through
        points to its owner. Raises Invalid with every mistake in the values."""
        sent = values | (given or {})
        associations = AssociationWrites(self, updates)
        own = associations.own_values(collection, sent, prefix, lambda: check_values(collection, sent, creating=True, prefix=prefix))
        record = self.unit.create(collection, self.unit.protected(collection, own))
        self.unit.places[record.key] = prefix
        associations.after(record, sent, prefix, creating=True)
        self.nested[record.key] = {name: rows for name, rows in associations.made.items() if rows is not None}
        return record

    def update(self, collection: str, filter: Json, values: Row, *, events: bool = True) -> int:
        within = self.writable(collection)
        matching = self._all(Search(within, self.filter(filter, within)))
        told = self.unit.changes
        for record in matching:
            self.update_record(record, values)
        if not events:
            self.unit.changes = told
        self.settle()
        return len(matching)

    def update_record(self, record: Record, values: Row, *, prefix: str = "", updates: Names[str] = ()) -> Record:
        """Stage a change of one record. Raises Invalid with every mistake in the values."""
        within, record_id = record.collection, record.id
        associations = AssociationWrites(self, updates)
        own = associations.own_values(
            within, values, prefix, lambda: check_values(within, values, creating=False, prefix=prefix, record_id=record_id)
        )
        changed = self.unit.update(record, self.unit.protected(within, own))
        self.unit.places[record.key] = prefix
        associations.after(changed, values, prefix, creating=False)
        return changed

    def destroy(self, collection: str, filter: Json) -> int:
        within = self.writable(collection)
        matching = self._all(Search(within, self.filter(filter, within)))
        destroy_records(self, matching)
        self.settle()
        return len(matching)

    def values(self, collection: str, field: str, *, filter: Json = None, association: tuple[str, Json] | None = None) -> list[Json]:
        within, reach = self._partners(collection, *association) if association else (self.collection(collection), EVERYTHING)
        matching = self._all(Search(within, both(self.filter(filter, within), reach)))
        return [row.get(field) for record in matching if (row := self.row(record)) is not None]

    def _partners(self, collection: str, name: str, key: Json) -> tuple[Collection, Filter]:
        """The target of an association and the filter that finds the partners of the record with that key."""
        owners = self.collection(collection)
        field = owners.field(name)
        if field is None or not field.is_association:
            raise Invalid(f'"{name}" is not an association of collection "{owners.name}"', path="association.name")
        owner = None if key is None else self.unit.get(owners, convert_id(owners, key))
        target = self.collection(field.target or "")
        condition = self.links(owner, field).condition if owner else {"id": {"$in": []}}
        return target, self.plain_filter(condition, target)

    def _all(self, search: Search) -> list[Record]:
        """Every record that matches. Raises Invalid where that reads more than 20 MB."""
        matching = find(self.unit, search)
        if not matching.complete:
            raise Invalid("the filter reads more than 20 MB of records; filter by an indexed field or by id", path="filter")
        return matching.records

    def add_task(self, kind: str, values: Row) -> None:
        self.unit.create(TASK_COLLECTIONS[kind], values)

    def links(self, owner: Record, field: Field) -> Links:
        """The association ``field`` of one record."""
        return Links(self, owner, field)

    def plain_filter(self, raw: Json, collection: Collection) -> Filter:
        """A filter of our own making on all of the collection's fields."""
        return parse_filter(raw, collection, self.collection)

    def writable(self, name: str) -> Collection:
        """The collection, for writing by name. Raises Invalid for those whose records only their own actions keep right."""
        found = self.collection(name)
        if found.system:
            raise Invalid(f'records of "{found.name}" are written by its own actions only', path="collection", code="SYSTEM_COLLECTION")
        return found

    def check_nested(self, field: Field, target: Collection, path: str, updates: Names[str]) -> None:
        """Whether a new partner may be made with its owner. Raises Invalid."""
        self.writable(target.name)

    def check_nested_update(self, target: Collection, partner: Record) -> None:
        """Whether a partner may be changed with its owner. Raises Invalid."""
        self.writable(target.name)
