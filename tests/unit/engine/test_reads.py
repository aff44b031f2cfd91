"""`Reads`: as few requests as the questions' depth, and one state of every item for the whole call."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import RECORDS, Item, Key, Put, StoreUnavailable
from chalicelib.engine.reads import Pending, Reads
from chalicelib.errors import Forbidden, NotFound
from tests.stores import WatchedStore, unread

A, B, C = (Key(RECORDS, "p", name) for name in "abc")


@pytest.fixture
def store() -> WatchedStore:
    """Three items, each naming the next."""
    watched = WatchedStore(MemoryStore())
    watched.transact([Put(RECORDS, {"pk": key.pk, "sk": key.sk, "value": value}) for key, value in ((A, "b"), (B, "c"), (C, "end"))])
    return watched


def put(store: WatchedStore, key: Key, value: object) -> None:
    store.inner.transact([Put(key.table, {"pk": key.pk, "sk": key.sk, "value": value})])


def value_of(item: Item | None) -> object:
    return item["value"] if item else None


def test_questions_that_follow_from_one_another_take_a_request_each(store: WatchedStore) -> None:
    reads = Reads(store)

    def step() -> object:
        second = Key(RECORDS, "p", str(value_of(reads.item(A))))
        return value_of(reads.item(second))

    assert reads.resolve(step) == "c"
    assert store.reads == [{A}, {B}]


def test_questions_asked_together_take_one_request(store: WatchedStore) -> None:
    reads = Reads(store)
    missing = Key(RECORDS, "p", "missing")

    def step() -> list[object]:
        reads.together(*(lambda key=key: reads.item(key) for key in (A, B, missing)))
        return [value_of(reads.item(key)) for key in (A, B, missing)]

    assert reads.resolve(step) == ["b", "c", None]
    assert store.reads == [{A, B, missing}]


def test_what_was_read_stays_as_it_was(store: WatchedStore) -> None:
    reads = Reads(store)
    reads.load([A])
    put(store, A, "changed")
    reads.load([A, B])
    assert (value_of(reads.item(A)), value_of(reads.item(B))) == ("b", "c")
    assert store.reads == [{A}, {B}]


def test_what_is_known_to_be_absent_is_not_asked_for_again(store: WatchedStore) -> None:
    reads = Reads(store)
    missing = Key(RECORDS, "p", "missing")
    assert reads.resolve(lambda: reads.item(missing)) is None
    assert reads.resolve(lambda: reads.item(missing)) is None
    assert len(store.reads) == 1


def test_loading_what_is_known_asks_nothing(store: WatchedStore) -> None:
    reads = Reads(store)
    reads.load([A])
    reads.load([A])
    reads.load([])
    assert len(store.reads) == 1


def test_the_epoch_is_unknown_then_zero_until_it_was_raised(store: WatchedStore) -> None:
    before, later = Reads(store), Reads(store)
    assert before.epoch is None
    before.load([EPOCH])
    put(store, EPOCH, 3)
    later.load([EPOCH])
    assert (before.epoch, later.epoch) == (0, 3)


def test_an_item_that_came_with_the_epoch_is_read_again_before_it_may_be_kept(store: WatchedStore) -> None:
    reads = Reads(store)
    reads.load([EPOCH, A])
    put(store, A, "changed")
    assert value_of(reads.item(A)) == "b"
    assert value_of(reads.resolve(lambda: reads.item_since_epoch(A))) == "changed"
    assert value_of(reads.resolve(lambda: reads.item_since_epoch(A))) == "changed"
    assert store.reads == [{EPOCH, A}, {A}]


def test_an_item_read_after_the_epoch_may_be_kept_as_it_is(store: WatchedStore) -> None:
    reads = Reads(store)
    reads.load([EPOCH])
    reads.load([A])
    assert value_of(reads.item_since_epoch(A)) == "b"
    assert len(store.reads) == 2


def test_who_may_not_know_is_told_nothing_of_a_later_mistake(store: WatchedStore) -> None:
    """The first step waits for an item and will refuse; the second is wrong at once. The refusal comes first."""
    reads = Reads(store)

    def refuse() -> None:
        reads.item(A)
        raise Forbidden("no")

    def mistaken() -> None:
        raise NotFound("there is no such thing")

    with pytest.raises(Forbidden):
        reads.resolve(lambda: reads.together(refuse, mistaken))


def test_an_error_of_a_step_that_is_ready_comes_at_once(store: WatchedStore) -> None:
    reads = Reads(store)

    def mistaken() -> None:
        raise NotFound("there is no such thing")

    with pytest.raises(NotFound):
        reads.resolve(lambda: reads.together(mistaken, lambda: reads.item(A)))
    assert store.reads == []


def test_a_step_that_waits_for_nothing_is_a_mistake_of_ours(store: WatchedStore) -> None:
    def step() -> None:
        raise Pending

    with pytest.raises(RuntimeError, match="asked for nothing"):
        Reads(store).resolve(step)


def test_a_database_without_an_answer_is_told_to_the_caller(store: WatchedStore) -> None:
    store.readings.append(unread)
    reads = Reads(store)
    with pytest.raises(StoreUnavailable):
        reads.resolve(lambda: reads.item(A))
    assert value_of(reads.resolve(lambda: reads.item(A))) == "b"
