"""Collections, units of work and records for tests of the engine, over a store in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Filter, parse_filter
from chalicelib.domain.ids import derived_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import RECORDS, Store, Write
from chalicelib.domain.query import parse_sort
from chalicelib.domain.record import Record, Row
from chalicelib.engine.commit import commit
from chalicelib.engine.definitions import DefinitionCache, Definitions
from chalicelib.engine.finder import Found, Search, find
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import UnitOfWork
from tests.stores import WatchedStore

NOW_MS = 1_795_219_200_000
NOW = iso_text(NOW_MS)
TIMES = {"createdAt": "date", "updatedAt": "date", "createdById": "integer", "updatedById": "integer"}


def collection_of(name: str, *fields: Field, shards: int = 1, id_type: str = "integer") -> Collection:
    system = [Field("id", id_type, read_only=True), *(Field(field, kind, read_only=True) for field, kind in TIMES.items())]
    return Collection(name, f"c_{name}", id_type=id_type, shards=shards, fields={field.name: field for field in (*system, *fields)})


def items(shards: int = 1) -> Collection:
    """The collection most tests use: ``size`` has a strongly consistent index, ``code`` is unique, ``title`` is neither."""
    return collection_of(
        "items",
        Field("title", "string"),
        Field("size", "integer", index=True, slot="l1"),
        Field("code", "string", unique=True),
        shards=shards,
    )


ITEMS = items()
SHARDED = items(4)


def unit_over(store: Store, seed: str = "run", at_ms: int = NOW_MS) -> UnitOfWork:
    """A fresh unit; the same seed makes the same ids."""
    return UnitOfWork(Reads(store), now=iso_text(at_ms), make_id=lambda n: derived_id(at_ms, seed, n), user_id=7)


def records_over(store: Store, *collections: Collection, seed: str = "run") -> UnitRecords:
    """Records of collections that the process knows already; reads the epoch."""
    unit, cache = unit_over(store, seed), DefinitionCache()
    unit.reads.load([EPOCH])
    cache.at(unit.reads.epoch or 0).entries.update({("collection", one.name): one for one in collections})
    return UnitRecords(unit, Definitions(unit.reads, cache), now_ms=NOW_MS)


def commit_unit(store: Store, unit: UnitOfWork) -> None:
    commit(store, FixedClock(NOW_MS), unit.writes())
    unit.committed()


def fill(store: Store, collection: Collection, rows: Iterable[Row]) -> None:
    """Stores the rows, forty at a time: each may bring a guard."""
    unit = unit_over(store, "fill")
    for row in rows:
        unit.create(collection, row)
        if len(unit.staged) == 40:
            commit_unit(store, unit)
    commit_unit(store, unit)


def stored(store: Store, collection: Collection) -> list[Row]:
    """What the database holds of the collection, in the order of the ids: the fields that are set, the id and the version."""
    found: list[Row] = []
    for partition in collection.partitions:
        start = None
        while True:
            page = store.query(RECORDS, partition, start=start)
            found += [{"id": Record(collection, item).id, "version": item["version"], **item["data"]} for item in page.items]
            start = page.next
            if start is None:
                break
    return sorted(found, key=lambda row: row["id"])


def filter_on(collection: Collection, raw: Any) -> Filter:
    return parse_filter(raw, collection, lambda name: collection, now_ms=NOW_MS)


def search_for(collection: Collection, raw: Any = None, sort: Sequence[str] = (), **options: Any) -> Search:
    return Search(collection, filter_on(collection, raw), parse_sort(list(sort), collection), **options)


def ids(records: Iterable[Record | None]) -> list[Any]:
    return [record.id if record else None for record in records]


def store_with(rows: list[Row], collection: Collection = ITEMS, page_size: int = 1000) -> WatchedStore:
    store = WatchedStore(MemoryStore(page_size))
    fill(store, collection, rows)
    store.forget()
    return store


def numbered(count: int) -> list[Row]:
    """Items 1 … count; ``size`` counts from 0 to 9 again and again."""
    return [{"id": number, "title": f"t{number:03d}", "size": number % 10} for number in range(1, count + 1)]


def found(unit: UnitOfWork, raw: Any = None, collection: Collection = ITEMS, sort: tuple[str, ...] = (), **options: Any) -> Found:
    return find(unit, search_for(collection, raw, sort, **options))


def seen(unit: UnitOfWork, record_id: int) -> Record:
    record = unit.get(ITEMS, record_id)
    assert record is not None
    return record


def writes(unit: UnitOfWork) -> list[Write]:
    return [entry.write for entry in unit.writes()]


def kinds(unit: UnitOfWork) -> list[tuple[str, str, object]]:
    """Kind, purpose and condition of every write."""
    return [(type(entry.write).__name__, entry.purpose, entry.write.condition) for entry in unit.writes()]
