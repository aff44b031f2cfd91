"""The plan of a search and what it costs, in memory and on DynamoDB Local: equality, range, prefix, sort, unique value, shards."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.ports import RECORDS, Put, Store
from chalicelib.domain.query import parse_sort, sort_rows
from chalicelib.domain.record import new_record
from chalicelib.engine.access import Access, plan
from chalicelib.engine.finder import Found, find
from chalicelib.engine.scan import MOST_PAGES
from tests.stores import WatchedStore
from tests.unit.engine.fakes import NOW, collection_of, fill, filter_on, ids, search_for, unit_over

NUMBERS = itertools.count(1)


def boards(shards: int = 1) -> Collection:
    """A collection with a name of its own and an index of every kind."""
    return collection_of(
        f"boards{next(NUMBERS)}",
        Field("ownerId", "bigInt", slot="l1"),
        Field("size", "integer", index=True, slot="l2"),
        Field("label", "string", index=True, slot="l3"),
        Field("rank", "integer", index=True, slot="l4", required=True),
        Field("late", "integer", index=True, slot="g1"),
        Field("code", "string", unique=True),
        Field("title", "string"),
        Field("half", "integer", index=True, slot="l5", options={"building": "index"}),
        shards=shards,
    )


BOARDS = boards()


@pytest.mark.parametrize(
    ("raw", "sort", "limit", "expected"),
    [
        ({"ownerId": 3}, (), 20, ("window", "equality", "ownerId")),
        ({"ownerId": 3}, ("-id",), 20, ("window", "equality", "ownerId")),
        ({"ownerId": 3}, ("size",), 20, ("window", "equality", "ownerId")),
        ({"ownerId": 3}, (), None, ("window", "equality", "ownerId")),
        ({"ownerId": 3, "size": {"$gt": 5}}, (), 20, ("window", "equality", "ownerId")),
        ({"size": {"$gt": 5}}, (), 20, ("window", "range", "size")),
        ({"size": {"$gt": 5}}, ("size",), 20, ("by index", "range", "size")),
        ({"size": {"$gt": 5}}, ("-size",), 20, ("by index", "range", "size")),
        ({"size": {"$between": [1, 5]}}, (), 20, ("window", "range", "size")),
        ({"size": {"$gt": 5, "$lt": 1}}, (), 20, ("nothing", "nothing", None)),
        ({"label": {"$startsWith": "2026-"}}, (), 20, ("window", "prefix", "label")),
        ({"label": "x"}, (), 20, ("window", "equality", "label")),
        ({}, ("-size",), 20, ("by index", "sort", "size")),
        ({}, ("-size", "id"), 20, ("by index", "sort", "size")),
        ({}, ("rank",), 20, ("by index", "sort", "rank")),
        # null and the empty text come first, and an index holds neither
        ({}, ("size",), 20, ("window", "scan", None)),
        ({}, ("-size", "title"), 20, ("window", "scan", None)),
        ({}, ("-size",), None, ("window", "scan", None)),
        ({}, (), 20, ("by id", "sort", None)),
        ({"title": "x"}, (), 20, ("by id", "scan", None)),
        ({"title": "x"}, ("title",), 20, ("window", "scan", None)),
        ({"$or": [{"size": 1}, {"ownerId": 1}]}, (), 20, ("by id", "scan", None)),
        ({"code": "x"}, (), 20, ("unique", "unique", "code")),
        ({"code": "x", "ownerId": 3}, (), 20, ("unique", "unique", "code")),
        ({"code": {"$gt": "x"}}, (), 20, ("by id", "scan", None)),
        ({"late": 5}, (), 20, ("window", "equality", "late")),
        ({"late": 5, "size": 1}, (), 20, ("window", "equality", "size")),
        ({}, ("-late",), 20, ("window", "scan", None)),
        ({"half": 5}, (), 20, ("by id", "scan", None)),
        ({}, ("-half",), 20, ("window", "scan", None)),
        ({"id": 5, "size": 1}, (), 20, ("ids", "ids", None)),
    ],
)
def test_a_search_is_planned(raw: Any, sort: tuple[str, ...], limit: int | None, expected: tuple[str, str, str | None]) -> None:
    access = plan(search_for(BOARDS, raw, sort, limit=limit))
    assert (access.kind, access.way, access.field.name if access.field else None) == expected


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (Access("window"), {"index": None, "access": "scan", "fields": [], "consistent": True}),
        (Access("ids", "ids"), {"index": "id", "access": "ids", "fields": ["id"], "consistent": True}),
        (Access("window", "range", BOARDS.fields["late"]), {"index": "late", "access": "range", "fields": ["late"], "consistent": False}),
        (Access("by index", "sort", BOARDS.fields["size"]), {"index": "size", "access": "sort", "fields": ["size"], "consistent": True}),
        (
            Access("unique", "unique", BOARDS.fields["code"]),
            {"index": "code", "access": "unique", "fields": ["code"], "consistent": True},
        ),
    ],
)
def test_a_plan_says_what_serves_the_search(access: Access, said: dict[str, Any]) -> None:
    assert access.described(7, True) == said | {"scanned": 7, "complete": True}


@pytest.fixture(params=["memory", "dynamodb"], scope="module")
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore(page_size=25) if request.param == "memory" else request.getfixturevalue("dynamodb_store")


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"], scope="module")
def shards(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def kept(store: Store, shards: int) -> Collection:
    """120 boards that no test changes."""
    return filled_boards(store, shards)


@pytest.fixture
def filled(store: Store, kept: Collection) -> tuple[WatchedStore, Collection]:
    return WatchedStore(store), kept


def filled_boards(store: Store, shards: int) -> Collection:
    """120 boards: sizes 0-9 and every twelfth without; labels, some empty; codes."""
    collection = boards(shards)
    fill(
        store,
        collection,
        [
            {
                "id": n,
                "ownerId": n % 4,
                "size": None if n % 12 == 0 else n % 10,
                "label": "" if n % 15 == 0 else None if n % 20 == 0 else f"2026-{n % 30:02d}",
                "rank": -n,
                "late": n % 6,
                "code": f"c{n}",
            }
            for n in range(120)
        ],
    )
    return collection


@pytest.mark.parametrize("limit", [3, 40])
@pytest.mark.parametrize(
    ("raw", "sort"),
    [
        ({}, ("-size",)),
        ({}, ("-label",)),
        ({}, ("rank",)),
        ({}, ("-rank",)),
        ({"size": {"$gte": 7}}, ("size",)),
        ({"size": {"$lte": 3}}, ("-size",)),
        ({"label": {"$gt": "2026-15"}}, ("label",)),
        ({"ownerId": 2}, ()),
        ({"ownerId": 2}, ("-id",)),
        ({"ownerId": 2, "size": {"$ne": 4}}, ()),
        ({"late": {"$gt": 3}}, ()),
        ({"late": 3}, ("-size",)),
    ],
)
def test_pages_by_cursor_are_the_list_in_its_order(
    filled: tuple[WatchedStore, Collection], raw: Any, sort: tuple[str, ...], limit: int
) -> None:
    store, collection = filled
    everything = find(unit_over(store), search_for(collection, {"id": {"$in": list(range(120))}})).records
    wanted = filter_on(collection, raw)
    rows = sort_rows([one.row for one in everything if wanted.matches(one.row)], parse_sort(list(sort) or ["id"], collection))
    seen: list[Any] = []
    cursor = None
    for _ in range(100):
        page = find(unit_over(store), search_for(collection, raw, sort, limit=limit, cursor=cursor))
        seen += ids(page.records)
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [row["id"] for row in rows]


def cost(store: WatchedStore, collection: Collection, raw: Any, sort: tuple[str, ...] = (), **options: Any) -> tuple[Found, int]:
    store.forget()
    found = find(unit_over(store), search_for(collection, raw, sort, **options))
    return found, store.requests


@pytest.mark.parametrize(
    ("raw", "sort", "requests", "most_scanned"),
    [
        ({"ownerId": 2}, (), 2, 30),
        ({"size": {"$gt": 5}}, ("size",), 3, 42),
        ({}, ("-size",), 3, 30),
        ({}, ("rank",), 2, 18),
        ({"code": "c77"}, (), 2, 1),
        ({"id": 7}, (), 1, 1),
        ({}, (), 1, 6),
    ],
)
def test_a_page_of_five_reads_no_more_than_it_needs(
    filled: tuple[WatchedStore, Collection], raw: Any, sort: tuple[str, ...], requests: int, most_scanned: int
) -> None:
    store, collection = filled
    found, asked = cost(store, collection, raw, sort, limit=5)
    assert found.scanned <= most_scanned * collection.shards
    assert asked <= requests * collection.shards


def test_a_guard_that_is_behind_its_record_decides_nothing(store: Store, shards: int) -> None:
    collection = filled_boards(store, shards)
    key = f"unique#{collection.uid}#code#c5"
    store.transact([Put(RECORDS, {"pk": key, "sk": "guard", "value": 6})])
    assert ids(find(unit_over(store), search_for(collection, {"code": "c5"}, limit=1)).records) == [5]


def test_rows_of_a_late_index_are_read_again_by_key(filled: tuple[WatchedStore, Collection]) -> None:
    store, collection = filled
    found, asked = cost(store, collection, {"late": 3})
    assert (len(found.records), found.plan["consistent"]) == (20, False)
    assert len(store.reads) >= 1
    found, asked = cost(store, collection, {"late": 3}, fresh=False)
    assert (len(found.records), asked) == (20, collection.shards)


def test_texts_longer_than_an_index_value_are_looked_at_again(store: Store) -> None:
    collection = boards()
    long = "x" * 950
    fill(store, collection, [{"id": n, "label": f"{long}{n}", "rank": n} for n in range(5)])
    for raw, expected in (({"label": f"{long}3"}, [3]), ({"label": {"$gte": f"{long}3"}}, [3, 4]), ({"label": {"$lt": f"{long}1"}}, [0])):
        assert ids(find(unit_over(store), search_for(collection, raw)).records) == expected


@pytest.mark.parametrize("number", [1, 2, 7, 64])
def test_shards_hold_every_record_once_and_lists_are_in_order(store: Store, number: int) -> None:
    collection = boards(number)
    fill(store, collection, [{"id": n, "size": n % 5, "rank": n} for n in range(70)])
    held = [store.count(RECORDS, partition) for partition in collection.partitions]
    assert sum(held) == 70
    assert len([count for count in held if count]) >= min(number, 20)
    assert ids(find(unit_over(store), search_for(collection, limit=70)).records) == list(range(70))
    assert ids(find(unit_over(store), search_for(collection, sort=("-rank",), limit=3)).records) == [69, 68, 67]
    assert find(unit_over(store), search_for(collection, limit=1, counted=True)).total == 70


def test_counting_ends_at_ten_thousand_records_looked_at() -> None:
    store, collection = MemoryStore(page_size=2_000), boards()
    for start in range(0, 13_000, 90):
        numbers = range(start, min(start + 90, 13_000))
        store.transact([Put(RECORDS, new_record(collection, n, {"ownerId": 1, "rank": n}, NOW, 1).item) for n in numbers])
    watched = WatchedStore(store)
    found = find(unit_over(watched), search_for(collection, {"rank": {"$gte": 0}}, ("rank",), limit=20, counted=True))
    assert (found.total, found.complete, len(found.records)) == (None, True, 20)
    assert found.at_least >= 10_000
    assert len(watched.queries) < MOST_PAGES
    assert find(unit_over(watched), search_for(collection, limit=20, counted=True)).total is None


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([None, -1, 0, 1, 2]), max_size=12),
    limit=st.integers(1, 4),
    shards=st.sampled_from([1, 3]),
    sort=st.sampled_from(["-size", "-label"]),
    page_size=st.integers(1, 5),
)
def test_a_descending_list_is_exact_whatever_ties_and_nulls_there_are(
    sizes: list[int | None], limit: int, shards: int, sort: str, page_size: int
) -> None:
    store, collection = MemoryStore(page_size), boards(shards)
    rows: list[dict[str, Any]] = [
        {"id": n, "size": size, "label": None if size is None else "" if size == 0 else f"l{size}", "rank": n}
        for n, size in enumerate(sizes)
    ]
    fill(store, collection, rows)
    seen: list[Any] = []
    cursor = None
    for _ in range(100):
        page = find(unit_over(store), search_for(collection, sort=(sort,), limit=limit, cursor=cursor))
        seen += ids(page.records)
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [row["id"] for row in sort_rows(rows, parse_sort(sort, collection))]
