"""Cursors: a long read goes on where it stopped, visits every match once, and takes no nonsense from outside."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.collection import Collection
from chalicelib.engine.finder import MOST_PAGES, Found
from chalicelib.errors import Invalid
from tests.stores import WatchedStore
from tests.unit.engine.fakes import ITEMS, SHARDED, fill, found, ids, numbered, store_with, unit_over


def pages(store: WatchedStore, collection: Collection, raw: Any = None, sort: tuple[str, ...] = (), **options: Any) -> Iterator[Found]:
    """Page after page by cursor, each by a call of its own."""
    cursor = None
    for _ in range(200):
        page = found(unit_over(store), raw, collection, sort, cursor=cursor, **options)
        yield page
        cursor = page.cursor
        if cursor is None:
            return
    raise AssertionError("the cursor never ends")


@pytest.mark.parametrize("collection", [ITEMS, SHARDED], ids=["one shard", "four shards"])
class TestCursors:
    """Going on by cursor visits every record that matches once, in order."""

    @pytest.mark.parametrize("counted", [True, False])
    @pytest.mark.parametrize("limit", [1, 4, 7, 50])
    @pytest.mark.parametrize("sort", [(), ("id",), ("-id",)])
    def test_every_record_is_visited_once(self, collection: Collection, sort: tuple[str, ...], limit: int, counted: bool) -> None:
        store = store_with(numbered(33), collection, page_size=10)
        visited = [record.id for page in pages(store, collection, None, sort, limit=limit, counted=counted) for record in page.records]
        assert visited == (list(range(33, 0, -1)) if sort == ("-id",) else list(range(1, 34)))

    @pytest.mark.parametrize("sort", [(), ("-id",)])
    def test_every_match_is_visited_once(self, collection: Collection, sort: tuple[str, ...]) -> None:
        store = store_with(numbered(33), collection, page_size=3)
        raw = {"title": {"$includes": "2"}}
        visited = [record.id for page in pages(store, collection, raw, sort, limit=4) for record in page.records]
        expected = [number for number in range(1, 34) if "2" in f"{number:03d}"]
        assert visited == (expected[::-1] if sort else expected)

    @pytest.mark.parametrize("counted", [True, False])
    @pytest.mark.parametrize("limit", [2, 5, 100])
    @pytest.mark.parametrize("sort", [(), ("-id",)])
    def test_a_long_read_that_stops_in_between_loses_nothing(
        self, collection: Collection, sort: tuple[str, ...], limit: int, counted: bool
    ) -> None:
        """Three items a page: 20 pages are 60 of the 150 items, and 15 match."""
        store = store_with(numbered(150), collection, page_size=3)
        raw = {"title": {"$endsWith": "5"}}
        visited = [record.id for page in pages(store, collection, raw, sort, limit=limit, counted=counted) for record in page.records]
        expected = list(range(5, 151, 10))
        assert visited == (expected[::-1] if sort else expected)

    def test_a_read_by_index_that_stops_in_between_loses_nothing(self, collection: Collection) -> None:
        store = store_with(numbered(150), collection, page_size=3)
        visited = sorted(int(record.id) for page in pages(store, collection, {"size": {"$gte": 1}}) for record in page.records)
        assert visited == [number for number in range(1, 151) if number % 10 >= 1]

    def test_a_search_stops_after_20_pages_and_says_so(self, collection: Collection) -> None:
        store = store_with(numbered(150), collection, page_size=3)
        page = found(unit_over(store), {"title": {"$endsWith": "5"}}, collection)
        assert (page.complete, page.total, page.cursor is None) == (False, None, False)
        assert page.at_least == len(page.records)
        assert MOST_PAGES <= len(store.queries) <= MOST_PAGES + collection.shards

    def test_nobody_elses_writes_are_visited_twice(self, collection: Collection) -> None:
        """A record made while pages are read appears once or not at all; none of the others is lost."""
        store = store_with(numbered(20), collection, page_size=5)
        visited: list[Any] = []
        for page in pages(store, collection, limit=3):
            visited += ids(page.records)
            fill(store, collection, [{"id": 100 + len(visited)}])
        assert len(visited) == len(set(visited))
        assert set(range(1, 21)) <= set(visited)


def text_of(position: Any) -> str:
    return json.dumps(position)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "bm90IGpzb24",
        text_of([]),
        text_of({}),
        text_of({"a": 5}),
        text_of({"a": None}),
        text_of({"a": ""}),
        text_of({"s": "x", "k": {}}),
        text_of({"s": 0, "k": "x"}),
        text_of({"s": 0, "k": {"pk": "c_others#0", "sk": "1"}}),
        text_of({"s": -1, "k": None}),
        "ü",
    ],
)
@pytest.mark.parametrize("sort", [(), ("title",)])
def test_a_cursor_that_no_list_has_given_is_refused_or_harmless(cursor: str, sort: tuple[str, ...]) -> None:
    """It is text from outside: never an internal error, and never another collection's records."""
    with contextlib.suppress(Invalid):
        assert set(ids(found(unit_over(store_with(numbered(5))), sort=sort, limit=2, cursor=cursor).records)) <= {1, 2, 3, 4, 5}


def test_a_cursor_of_another_search_is_refused() -> None:
    """A list by id gave it; a list by title cannot go on from there. And the other way round."""
    store = store_with(numbered(150), page_size=3)
    by_id = found(unit_over(store), limit=2).cursor
    by_title = found(unit_over(store), {"title": {"$endsWith": "5"}}, sort=("title",), limit=2).cursor
    assert by_id is not None
    assert by_title is not None
    with pytest.raises(Invalid):
        found(unit_over(store), sort=("title",), limit=2, cursor=by_id)
    with pytest.raises(Invalid):
        found(unit_over(store), limit=2, cursor=by_title)
