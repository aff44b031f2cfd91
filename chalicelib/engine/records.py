"""Record access by collection name, inside a unit of work: what nodes, record actions and procedures share.

Values are checked by one function on every write path. A to-one association in values may be an id or ``{"id": …}`` and sets the
foreign key; an object without an id is created with the record. Workflow nodes act with the system's rights, so no permission is
asked here.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import check_values
from chalicelib.domain.filter import Filter, parse_filter
from chalicelib.domain.query import parse_sort
from chalicelib.domain.record import Record, Row, visible
from chalicelib.engine.appends import expand
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.finder import Found, Search, find
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Invalid, Json, NotFound, Problem

MOST_ASSOCIATED = 100


class UnitRecords:
    """The `Records` port of nodes, over one unit of work. ``now_ms`` and ``timezone`` are for relative dates in filters."""

    def __init__(self, unit: UnitOfWork, definitions: Definitions, *, now_ms: int = 0, timezone: str = "+00:00") -> None:
        self.unit = unit
        self.definitions = definitions
        self._now_ms = now_ms
        self._timezone = timezone

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
        parsed = parse_filter(raw, collection, self.readable, now_ms=self._now_ms, timezone=self._timezone)
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
        return [record.row[field.foreign_key or ""] for record in found.records if record.row.get(field.foreign_key or "") is not None]

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
        within = self.collection(collection)
        return self.rows(within, [self.create_record(within, values)], appends)[0]

    def create_record(self, collection: Collection, values: Row, *, prefix: str = "") -> Record:
        """Stage a new record. Raises Invalid with every mistake in the values."""
        checked = check_values(collection, values, creating=True, prefix=prefix)
        return self.unit.create(collection, self._link(collection, checked, prefix))

    def update(self, collection: str, filter: Json, values: Row) -> int:
        within = self.collection(collection)
        matching = find(self.unit, Search(within, self.filter(filter, within)))
        if not matching.complete:
            raise Invalid("the filter reads more than 20 MB of records; filter by an indexed field or by id", path="filter")
        for record in matching.records:
            self.update_record(record, values)
        return len(matching.records)

    def update_record(self, record: Record, values: Row) -> Record:
        """Stage a change of one record. Raises Invalid with every mistake in the values."""
        checked = check_values(record.collection, values, creating=False, record_id=record.id)
        return self.unit.update(record, self._link(record.collection, checked, ""))

    def destroy(self, collection: str, filter: Json) -> int:
        within = self.collection(collection)
        matching = find(self.unit, Search(within, self.filter(filter, within)))
        if not matching.complete:
            raise Invalid("the filter reads more than 20 MB of records; filter by an indexed field or by id", path="filter")
        for record in matching.records:
            self.unit.destroy(record)
        return len(matching.records)

    def _link(self, collection: Collection, values: Row, prefix: str) -> Row:
        """The values with every association turned into its foreign key."""
        linked = dict(values)
        for field in collection.associations:
            if field.name in linked:
                linked[field.foreign_key or ""] = self._foreign_key(field, linked.pop(field.name), prefix)
        return linked

    def _foreign_key(self, field: Field, value: Json, prefix: str) -> Json:
        path = f"{prefix}{field.name}"
        if field.type != "belongsTo":
            problem = (
                f'"{field.name}" is a {field.type} association: write the records of "{field.target}" themselves, by "{field.foreign_key}"'
            )
            raise Invalid.of([Problem(problem, path)])
        if isinstance(value, dict):
            if value.get(field.target_key) is None and any(name != field.target_key for name in value):
                return self.create_record(self.collection(field.target or ""), value, prefix=f"{path}.").id
            value = value.get(field.target_key)
        if value is None or (isinstance(value, int | str) and not isinstance(value, bool)):
            return check_values(self._owner_of(field), {field.name: value}, creating=False, prefix=prefix)[field.name]
        raise Invalid(f'"{path}" must be an id, {{"{field.target_key}": id}} or null', path=path)

    def _owner_of(self, field: Field) -> Collection:
        """A collection of one field, the foreign key under the association's name: the type rule of the target's key."""
        target = self.collection(field.target or "")
        key = target.fields[field.target_key]
        return Collection(target.name, target.uid, fields={field.name: Field(field.name, key.type)})
