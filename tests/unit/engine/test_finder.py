"""`find`: what a unit of work sees through a filter is what its writes would leave, sorted and cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.collection import Collection
from chalicelib.domain.query import SortKey, parse_sort, sort_rows
from chalicelib.domain.record import Row
from chalicelib.engine.finder import find
from chalicelib.engine.unit_of_work import UnitOfWork
from tests.unit.engine.fakes import (
    ITEMS,
    NOW_MS,
    SHARDED,
    commit_unit,
    filter_on,
    found,
    ids,
    items,
    numbered,
    search_for,
    store_with,
    unit_over,
)


class TestWhatTheUnitWrote:
    """Reads inside a run see the run's own writes."""

    @pytest.fixture
    def unit(self) -> UnitOfWork:
        """Of items 1 to 6, 2 is changed, 3 removed and 4 made again; 9 is new."""
        unit = unit_over(store_with(numbered(6)))
        records = {record.id: record for record in unit.get_many(ITEMS, range(1, 7)) if record}
        unit.update(records[2], {"title": "changed", "size": 8})
        unit.destroy(records[3])
        unit.destroy(records[4])
        unit.create(ITEMS, {"id": 4, "title": "again"})
        unit.create(ITEMS, {"id": 9, "title": "new", "size": 1})
        return unit

    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            (None, [1, 2, 4, 5, 6, 9]),
            ({"title": "changed"}, [2]),
            ({"title": "t002"}, []),
            ({"title": {"$startsWith": "t"}}, [1, 5, 6]),
            ({"size": 1}, [1, 9]),
            ({"size": 2}, []),
            ({"size": {"$gte": 5}}, [2, 5, 6]),
            ({"size": {"$empty": True}}, [4]),
            ({"id": {"$in": [1, 3, 4, 9, 99]}}, [1, 4, 9]),
            ({"id": 3}, []),
            ({"id": 9, "title": "old"}, []),
            ({"$or": [{"id": 9}, {"size": 8}]}, [2, 9]),
            ({"size": {"$gt": 5, "$lt": 3}}, []),
            ({"size": {"$in": [1, 8]}}, [1, 2, 9]),
        ],
    )
    def test_is_found_as_it_will_be(self, unit: UnitOfWork, raw: Any, expected: list[int]) -> None:
        assert ids(found(unit, raw).records) == expected

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (("-id",), [9, 6, 5, 4, 2, 1]),
            (("size",), [4, 1, 9, 5, 6, 2]),
            (("-size",), [2, 6, 5, 1, 9, 4]),
            (("title",), [4, 2, 9, 1, 5, 6]),
            (("size", "-id"), [4, 9, 1, 5, 6, 2]),
        ],
    )
    def test_is_sorted_in(self, unit: UnitOfWork, sort: tuple[str, ...], expected: list[int]) -> None:
        assert ids(found(unit, sort=sort).records) == expected
        assert ids(found(unit, sort=sort, offset=1, limit=3).records) == expected[1:4]

    def test_is_counted(self, unit: UnitOfWork) -> None:
        assert found(unit, {"title": {"$startsWith": "t"}}, limit=1, counted=True).total == 3

    def test_of_another_collection_is_left_out(self, unit: UnitOfWork) -> None:
        unit.create(items().restricted(None), {"id": 10})
        other = Collection("others", "c_others", fields=ITEMS.fields)
        unit.create(other, {"id": 11, "title": "elsewhere"})
        assert 11 not in ids(found(unit).records)
        assert ids(found(unit, collection=other).records) == [11]

    @pytest.mark.parametrize("sort", [(), ("-id",)])
    @pytest.mark.parametrize("raw", [None, {"title": {"$startsWith": "t"}}])
    def test_a_page_is_filled_up_behind_what_the_unit_removed(self, raw: Any, sort: tuple[str, ...]) -> None:
        """The first page as stored may hold nothing but records that this run has removed or changed."""
        unit = unit_over(store_with(numbered(9), page_size=2))
        gone = [1, 2, 3, 9, 8, 7]
        for record in unit.get_many(ITEMS, gone):
            assert record is not None
            unit.destroy(record) if int(record.id) % 2 else unit.update(record, {"title": None if raw else "x"})
        expected = [number for number in range(1, 10) if number not in gone or (raw is None and number % 2 == 0)]
        expected = expected[::-1] if sort else expected
        for limit in (1, 2, 3):
            assert ids(found(unit, raw, sort=sort, limit=limit).records) == expected[:limit]


class TestRequests:
    """What is asked of the database for a search."""

    def test_pinned_ids_are_read_by_key(self) -> None:
        store = store_with(numbered(9))
        unit = unit_over(store)
        assert ids(found(unit, {"id": {"$in": [5, 2, 77]}, "size": {"$gt": 1}}).records) == [2, 5]
        assert ids(found(unit, {"id": 5}).records) == [5]
        assert (len(store.reads), store.queries) == (1, [])

    def test_an_indexed_field_bounds_the_query(self) -> None:
        store = store_with(numbered(60), page_size=10)
        assert ids(found(unit_over(store), {"size": 3}).records) == [3, 13, 23, 33, 43, 53]
        assert found(unit_over(store), {"size": 3}).index == "size"
        store.forget()
        assert len(found(unit_over(store), {"size": {"$gte": 8}}).records) == 12
        assert len(store.queries) == 2

    def test_bounds_that_no_value_meets_ask_nothing(self) -> None:
        store = store_with(numbered(9))
        assert found(unit_over(store), {"size": {"$gt": 5, "$lt": 3}}).records == []
        assert store.requests == 0

    def test_a_field_that_is_being_indexed_is_not_used(self) -> None:
        fields = ITEMS.fields | {"size": items().fields["size"].__class__("size", "integer", slot="l1", options={"building": True})}
        building = Collection("items", ITEMS.uid, fields=fields)
        result = find(unit_over(store_with(numbered(20))), search_for(building, {"size": 3}))
        assert (ids(result.records), result.index) == ([3, 13], None)

    def test_a_page_in_the_order_of_the_ids_reads_no_further(self) -> None:
        store = store_with(numbered(50), page_size=10)
        assert ids(found(unit_over(store), limit=3).records) == [1, 2, 3]
        assert ids(found(unit_over(store), sort=("-id",), limit=3).records) == [50, 49, 48]
        assert len(store.queries) == 2

    def test_one_request_per_shard(self) -> None:
        store = store_with(numbered(30), SHARDED)
        assert ids(found(unit_over(store), collection=SHARDED, limit=7).records) == [*range(1, 8)]
        assert sorted(store.queries) == SHARDED.partitions

    def test_a_record_read_before_stays_as_it_was(self) -> None:
        store = store_with(numbered(3))
        unit, other = unit_over(store), unit_over(store)
        (before,) = unit.get_many(ITEMS, [2])
        (record,) = other.get_many(ITEMS, [2])
        assert record is not None
        other.update(record, {"title": "changed"})
        commit_unit(store, other)
        again = [record for record in found(unit).records if record.id == 2]
        assert again == [before]


class TestCounting:
    @pytest.mark.parametrize(
        ("raw", "options", "total"),
        [
            (None, {"limit": 5, "counted": True}, 30),
            (None, {"limit": 5}, None),
            (None, {"limit": 50}, 30),
            (None, {}, 30),
            ({"size": 3}, {"limit": 2, "counted": True}, 3),
            ({"title": {"$gt": "t010"}}, {"limit": 2, "counted": True}, 20),
            (None, {"offset": 40, "limit": 5, "counted": True}, 30),
            ({"id": {"$in": [1, 2, 99]}}, {"limit": 1, "counted": True}, 2),
        ],
    )
    @pytest.mark.parametrize("collection", [ITEMS, SHARDED], ids=["one shard", "four shards"])
    def test_the_total_is_exact_or_unknown(self, collection: Collection, raw: Any, options: dict[str, Any], total: int | None) -> None:
        store = store_with(numbered(30), collection)
        assert found(unit_over(store), raw, collection, **options).total == total


TITLES = st.sampled_from([None, "", "a", "B", "b", "zz", "é"])
SIZES = st.sampled_from([None, -3, 0, 1, 2, 10, 2**53 - 1])
ROWS = st.fixed_dictionaries({"title": TITLES, "size": SIZES})
CONDITIONS = st.one_of(
    st.builds(lambda operator, size: {"size": {operator: size}}, st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), SIZES),
    st.builds(lambda operator, title: {"title": {operator: title}}, st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$includes"]), TITLES),
    st.builds(lambda chosen: {"id": {"$in": chosen}}, st.lists(st.integers(1, 12), min_size=1, max_size=4)),
    st.builds(lambda chosen: {"size": {"$in": chosen}}, st.lists(SIZES.filter(lambda size: size is not None), min_size=1, max_size=3)),
    st.sampled_from([{}, {"size": {"$empty": True}}, {"title": {"$notEmpty": True}}, {"size": None}]),
)
FILTERS = CONDITIONS | st.builds(
    lambda group, parts: {group: parts}, st.sampled_from(["$and", "$or"]), st.lists(CONDITIONS, min_size=1, max_size=3)
)


@dataclass
class Model:
    """What the unit should see: plain rows by id."""

    rows: dict[int, Row]

    def found(self, collection: Collection, raw: Any, sort: list[SortKey]) -> list[int]:
        wanted = filter_on(collection, raw)
        matching = [{"id": record_id, **row} for record_id, row in self.rows.items() if wanted.matches({"id": record_id, **row})]
        return [row["id"] for row in sort_rows(matching, sort or [SortKey("id")])]


STAGED = st.lists(st.tuples(st.integers(1, 8), ROWS | st.none()), max_size=6)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_search_over_staged_writes_finds_what_a_look_at_every_row_finds(data: st.DataObject) -> None:
    collection, page_size = data.draw(st.sampled_from([ITEMS, SHARDED])), data.draw(st.sampled_from([1, 2, 3, 1000]))
    rows: dict[int, Row] = data.draw(st.dictionaries(st.integers(1, 12), ROWS, max_size=10))
    store = store_with([{"id": record_id, **row} for record_id, row in rows.items()], collection, page_size)
    unit, model = unit_over(store, at_ms=NOW_MS + 1), Model({record_id: dict(row) for record_id, row in rows.items()})
    for record_id, row in data.draw(STAGED):
        stage(unit, collection, model, record_id, row)
    raw, counted = data.draw(st.just({}) | FILTERS), data.draw(st.booleans())
    sort = data.draw(st.sampled_from([(), ("-id",), ("size",), ("-title", "size")]))
    expected = model.found(collection, raw, parse_sort(list(sort), collection))
    for offset, limit in ((0, None), (0, 1), (0, 3), (2, 2), (2, None)):
        result = found(unit, raw, collection, sort, offset=offset, limit=limit, counted=counted)
        assert ids(result.records) == expected[offset : None if limit is None else offset + limit]
        assert unit.staged or result.total in (None, len(expected))


def stage(unit: UnitOfWork, collection: Collection, model: Model, record_id: int, row: Row | None) -> None:
    """The same change in the unit and in the model: ``None`` removes; a row changes or makes."""
    (record,) = unit.get_many(collection, [record_id])
    if record is None and row is not None:
        unit.create(collection, {"id": record_id, **row})
    elif record is not None and row is not None:
        unit.update(record, row)
    elif record is not None:
        unit.destroy(record)
    if row is None:
        model.rows.pop(record_id, None)
    else:
        model.rows[record_id] = dict(row)
