"""The contract of the `Store` port, held by the in-memory store and by DynamoDB alike."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.keys import id_text, index_text
from chalicelib.domain.ports import (
    EXECUTIONS,
    RECORDS,
    Absent,
    AbsentOrExpired,
    Check,
    Condition,
    Delete,
    Equals,
    Exists,
    Key,
    Put,
    Range,
    Store,
    TransactionRefused,
    Update,
    Write,
)

NOW = 1_800_000_000


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each test runs twice."""
    found: Store = MemoryStore() if request.param == "memory" else request.getfixturevalue("dynamodb_store")
    return found


@pytest.fixture
def pk() -> str:
    """A partition that no other test uses."""
    return f"t{secrets.token_hex(6)}"


def put(store: Store, table: Any, pk: str, sk: str, **attributes: Any) -> Key:
    key = Key(table, pk, sk)
    store.transact([Put(table, {"pk": pk, "sk": sk, **attributes})])
    return key


def put_all(store: Store, writes: list[Write]) -> None:
    for at in range(0, len(writes), 100):
        store.transact(writes[at : at + 100])


def refusal_of(store: Store, *writes: Write) -> list[str | None]:
    with pytest.raises(TransactionRefused) as refused:
        store.transact(writes)
    return list(refused.value.reasons)


HELD = {"version": 3, "value": "a", "ttl": NOW, "data": {"n": 1}, "flag": True}

CONDITIONS = [
    (Absent(), None, True),
    (Absent(), HELD, False),
    (Exists(), None, False),
    (Exists(), HELD, True),
    (AbsentOrExpired(NOW), None, True),
    (AbsentOrExpired(NOW), HELD, False),
    (AbsentOrExpired(NOW + 1), HELD, True),
    (AbsentOrExpired(NOW), {"version": 1}, False),
    (Equals({"version": 3}), None, False),
    (Equals({"version": 3}), HELD, True),
    (Equals({"version": 4}), HELD, False),
    (Equals({"version": "3"}), HELD, False),
    (Equals({"version": 3, "value": "a"}), HELD, True),
    (Equals({"version": 3, "value": "b"}), HELD, False),
    (Equals({"flag": True}), HELD, True),
    (Equals({"flag": 1}), HELD, False),
    (Equals({"data": {"n": 1}}), HELD, True),
    (Equals({"data": {"n": 2}}), HELD, False),
    (Equals({"version": None}), HELD, False),
    (Equals({"missing": None}), HELD, True),
    (Equals({"missing": None}), None, False),
    (Equals({"missing": 1}), HELD, False),
]

WRITES: dict[str, Callable[[Key, Condition], Write]] = {
    "put": lambda key, condition: Put(key.table, {"pk": key.pk, "sk": key.sk, "new": 1}, condition),
    "update": lambda key, condition: Update(key, set={"new": 1}, condition=condition),
    "delete": lambda key, condition: Delete(key, condition),
    "check": lambda key, condition: Check(key, condition),
}


class TestConditions:
    @pytest.mark.parametrize("kind", WRITES)
    @pytest.mark.parametrize(("condition", "held", "holds"), CONDITIONS)
    def test_a_write_happens_only_when_its_condition_holds(self, store, pk, kind, condition, held, holds) -> None:
        key = Key(EXECUTIONS, pk, "x")
        if held:
            put(store, *key, **held)
        before = store.batch_get([key])
        write = WRITES[kind](key, condition)
        if holds:
            store.transact([write])
        else:
            assert refusal_of(store, write) == ["condition"]
            assert store.batch_get([key]) == before


class TestTransactions:
    def test_reasons_come_in_the_order_of_the_writes(self, store, pk) -> None:
        there = put(store, RECORDS, pk, "there")
        missing = [Key(table, pk, f"missing{n}") for n, table in enumerate([RECORDS, EXECUTIONS] * 3)]
        writes: list[Write] = [
            Update(missing[0], add={"value": 1}),
            Put(RECORDS, {"pk": pk, "sk": "there"}, Absent()),
            Check(missing[1], Absent()),
            Delete(missing[2], Exists()),
            Put(EXECUTIONS, {"pk": pk, "sk": "fine"}),
            Check(missing[3], Exists()),
            Update(missing[4], add={"value": 1}, condition=Equals({"version": 1})),
            Delete(missing[5]),
        ]
        assert refusal_of(store, *writes) == [None, "condition", None, "condition", None, "condition", "condition", None]
        assert store.batch_get([there, *missing, Key(EXECUTIONS, pk, "fine")]).keys() == {there}

    def test_one_transaction_writes_both_tables_and_every_kind(self, store, pk) -> None:
        keys = [put(store, RECORDS, pk, sk, value=1) for sk in ("delete", "update", "check")]
        writes = [
            Delete(keys[0]),
            Update(keys[1], add={"value": 2}),
            Check(keys[2], Exists()),
            Put(EXECUTIONS, {"pk": pk, "sk": "put", "id": 7}),
        ]
        store.transact(writes)
        assert store.batch_get([*keys, writes[3].key]) == {
            keys[1]: {"pk": pk, "sk": "update", "value": 3},
            keys[2]: {"pk": pk, "sk": "check", "value": 1},
            writes[3].key: {"pk": pk, "sk": "put", "id": 7},
        }

    def test_an_update_sets_removes_and_adds(self, store, pk) -> None:
        key = put(store, RECORDS, pk, "x", version=1, l1="a", l2="b", data={"kept": True})
        store.transact(
            [Update(key, set={"l1": "c", "l2": None, "data": {"S": "not a type"}, "value": ""}, add={"version": 2, "count": -1})]
        )
        expected = {"pk": pk, "sk": "x", "version": 3, "l1": "c", "data": {"S": "not a type"}, "value": "", "count": -1}
        assert store.batch_get([key])[key] == expected

    def test_an_update_makes_the_item_when_it_is_not_there(self, store, pk) -> None:
        key = Key(RECORDS, pk, "x")
        store.transact([Update(key, add={"value": 5})])
        assert store.batch_get([key])[key] == {"pk": pk, "sk": "x", "value": 5}

    def test_a_put_replaces_the_whole_item_and_leaves_out_none(self, store, pk) -> None:
        put(store, RECORDS, pk, "x", version=1, l1="a")
        key = put(store, RECORDS, pk, "x", version=2, g1=None, data={"null": None})
        assert store.batch_get([key])[key] == {"pk": pk, "sk": "x", "version": 2, "data": {"null": None}}

    def test_nothing_to_write_is_no_request(self, store) -> None:
        store.transact([])

    def test_a_hundred_writes_are_one_transaction(self, store, pk) -> None:
        store.transact([Put(RECORDS, {"pk": pk, "sk": id_text(n)}) for n in range(100)])
        assert store.count(RECORDS, pk) == 100


class TestWhatCanNeverBeWritten:
    def test_more_than_a_hundred_writes(self, store, pk) -> None:
        assert refusal_of(store, *[Put(RECORDS, {"pk": pk, "sk": str(n)}) for n in range(101)]) == ["invalid"] * 101
        assert store.count(RECORDS, pk) == 0

    def test_one_item_twice(self, store, pk) -> None:
        key = Key(RECORDS, pk, "x")
        assert refusal_of(store, Put(RECORDS, {"pk": pk, "sk": "x"}), Put(RECORDS, {"pk": pk, "sk": "y"}), Delete(key)) == [
            "invalid",
            None,
            "invalid",
        ]

    @pytest.mark.parametrize(
        "item",
        [
            {"data": {"text": "x" * 410_000}},
            {"l1": ""},
            {"l1": 1},
            {"g1": "x" * 1025},
            {"sk": ""},
            {"sk": "x" * 1025},
        ],
        ids=["400 KB", "empty index text", "number as index text", "long index text", "empty key", "long key"],
    )
    def test_an_item_outside_the_limits(self, store, pk, item) -> None:
        assert "invalid" in refusal_of(store, Put(RECORDS, {"pk": pk, "sk": "x", **item}))
        assert store.count(RECORDS, pk) == 0

    def test_an_addition_to_text(self, store, pk) -> None:
        key = put(store, RECORDS, pk, "x", value="text")
        assert "invalid" in refusal_of(store, Update(key, add={"value": 1}))

    def test_an_update_without_a_change(self, store, pk) -> None:
        assert "invalid" in refusal_of(store, Update(Key(RECORDS, pk, "x")))


class TestBatchGet:
    def test_both_tables_missing_keys_and_repeated_keys(self, store, pk) -> None:
        keys = [put(store, RECORDS, pk, "x", value=1), put(store, EXECUTIONS, pk, "x", doc="d")]
        found = store.batch_get([*keys, *keys, Key(RECORDS, pk, "missing")])
        assert found == {keys[0]: {"pk": pk, "sk": "x", "value": 1}, keys[1]: {"pk": pk, "sk": "x", "doc": "d"}}

    def test_more_than_a_hundred_keys(self, store, pk) -> None:
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": id_text(n), "value": n}) for n in range(230)])
        found = store.batch_get([Key(RECORDS, pk, id_text(n)) for n in range(250)])
        assert sorted(item["value"] for item in found.values()) == list(range(230))

    def test_no_keys(self, store) -> None:
        assert store.batch_get([]) == {}

    @pytest.mark.parametrize("sk", ["", "x" * 1025, "é" * 513])
    def test_a_key_that_cannot_exist_is_not_there(self, store, pk, sk) -> None:
        key = put(store, RECORDS, pk, "x")
        assert store.batch_get([key, Key(RECORDS, pk, sk)]).keys() == {key}


def sort_keys(page: Any) -> list[str]:
    return [item["sk"] for item in page.items]


class TestQuery:
    @pytest.fixture
    def letters(self, store: Store, pk: str) -> str:
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": letter}) for letter in ("b", "a", "ab", "d", "c", "é", "Z")])
        put(store, RECORDS, f"{pk}-other", "b")
        return pk

    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            (None, ["Z", "a", "ab", "b", "c", "d", "é"]),
            (Range(), ["Z", "a", "ab", "b", "c", "d", "é"]),
            (Range(low="b"), ["b", "c", "d", "é"]),
            (Range(high="b"), ["Z", "a", "ab", "b"]),
            (Range(low="ab", high="c"), ["ab", "b", "c"]),
            (Range(low="b", high="b"), ["b"]),
            (Range(low="c", high="b"), []),
            (Range(prefix="a"), ["a", "ab"]),
            (Range(prefix=""), ["Z", "a", "ab", "b", "c", "d", "é"]),
            (Range(prefix="x"), []),
        ],
    )
    def test_bounds_forward_and_backward(self, store, letters, keys, expected) -> None:
        page = store.query(RECORDS, letters, keys=keys)
        assert (sort_keys(page), page.next, page.scanned) == (expected, None, len(expected))
        assert sort_keys(store.query(RECORDS, letters, keys=keys, forward=False)) == expected[::-1]
        assert store.count(RECORDS, letters, keys=keys) == len(expected)

    @pytest.mark.parametrize("forward", [True, False])
    @pytest.mark.parametrize("index", [None, "l1", "g1"])
    def test_pages_join_to_the_whole(self, store, pk, index, forward) -> None:
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": id_text(n), "l1": str(n % 3), "g1": str(n % 2)}) for n in range(20)])
        pages, start = [], None
        while not pages or start:
            page = store.query(RECORDS, pk, index=index, limit=7, forward=forward, start=start)
            pages.append(page.items)
            start = page.next
        assert [len(page) for page in pages] == [7, 7, 6]
        assert [item for page in pages for item in page] == store.query(RECORDS, pk, index=index, forward=forward).items

    def test_a_page_ends_somewhere_and_its_end_is_the_next_start(self, store, pk) -> None:
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": id_text(n), "data": {"text": "x" * 300_000}}) for n in range(5)])
        found, start = [], None
        while not found or start:
            page = store.query(RECORDS, pk, start=start)
            found += sort_keys(page)
            start = page.next
        assert found == [id_text(n) for n in range(5)]

    def test_an_unknown_index_is_a_programming_error(self, store, pk) -> None:
        with pytest.raises(ValueError, match="no index byNothing"):
            store.query(RECORDS, pk, index="byNothing")


ORDERED: list[list[Any]] = [
    [-1e100, -(2**53), -10.5, -10, -1.5, -1, -1e-9, 0, 1e-9, 0.1, 1, 2, 2.5, 10, 2**53 - 1, 1e100],
    ["", "A", "Z", "a", "a ", "aa", "b", "é", "日本", "😀"],
    [False, True],
    ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", "2027-01-01T00:00:00.000Z"],
]


class TestIndexOrder:
    @pytest.mark.parametrize("slot", ["l1", "l5", "g4"])
    @pytest.mark.parametrize("values", ORDERED)
    def test_index_texts_sort_like_their_values_and_null_is_not_there(self, store, pk, slot, values) -> None:
        mixed = [None, *values]
        random.Random(1).shuffle(mixed)
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": str(n), slot: index_text(value), "value": value}) for n, value in enumerate(mixed)])
        expected = [value for value in values if value != ""]
        assert [item["value"] for item in store.query(RECORDS, pk, index=slot).items] == expected
        assert store.count(RECORDS, pk, index=slot) == len(expected)
        low, high = index_text(expected[0]), index_text(expected[1])
        assert store.count(RECORDS, pk, index=slot, keys=Range(low=low, high=high)) == 2

    def test_ids_sort_like_numbers(self, store, pk) -> None:
        ids = [0, 1, 9, 10, 99, 2**31, 2**53 - 1]
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": id_text(n), "value": n}) for n in random.Random(2).sample(ids, len(ids))])
        assert [item["value"] for item in store.query(RECORDS, pk).items] == ids

    @pytest.mark.parametrize(("index", "attribute"), [("byWorkflow", "key"), ("byRecord", "record"), ("byOpen", "open")])
    def test_executions_are_found_by_number(self, store, pk, index, attribute) -> None:
        ids = [2, 10, 100, 2**53 - 1]
        put_all(store, [Put(EXECUTIONS, {"pk": f"{pk}{n}", "sk": "execution", "id": n, attribute: pk}) for n in reversed(ids)])
        put(store, EXECUTIONS, f"{pk}3", "execution", id=3)

        def found(**options: Any) -> list[int]:
            return [item["id"] for item in store.query(EXECUTIONS, pk, index=index, **options).items]

        assert found() == ids
        assert found(forward=False, limit=2) == [2**53 - 1, 100]
        assert found(keys=Range(low="9", high="100")) == [10, 100]
        assert found(keys=Range(low="100", high="9")) == []
        page = store.query(EXECUTIONS, pk, index=index, limit=3)
        assert [item["id"] for item in store.query(EXECUTIONS, pk, index=index, start=page.next).items] == [2**53 - 1]


class TestCount:
    @pytest.mark.parametrize(("limit", "expected"), [(10, 11), (29, 30), (30, 30), (1000, 30)])
    def test_counting_stops_past_the_limit(self, store, pk, limit, expected) -> None:
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": id_text(n)}) for n in range(30)])
        assert store.count(RECORDS, pk, limit=limit) == expected

    def test_a_count_goes_over_pages(self, store, pk) -> None:
        put_all(store, [Put(RECORDS, {"pk": pk, "sk": id_text(n), "data": {"text": "x" * 300_000}}) for n in range(8)])
        assert store.count(RECORDS, pk) == 8


class TestRaces:
    def test_32_threads_adding_under_a_version_lose_nothing(self, store, pk) -> None:
        key = put(store, RECORDS, pk, "x", version=0, value=0)
        log = Key(EXECUTIONS, pk, "x")

        def add_one(_: int) -> None:
            while True:
                item = store.batch_get([key])[key]
                guarded = Put(
                    RECORDS, {**item, "version": item["version"] + 1, "value": item["value"] + 1}, Equals({"version": item["version"]})
                )
                try:
                    return store.transact([guarded, Update(log, add={"value": 1})])
                except TransactionRefused as refused:
                    assert refused.reasons in (["condition", None], ["conflict", None], [None, "conflict"])  # noqa: PT017

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(add_one, range(64)))
        found = store.batch_get([key, log])
        assert (found[key]["value"], found[key]["version"], found[log]["value"]) == (64, 64, 64)
