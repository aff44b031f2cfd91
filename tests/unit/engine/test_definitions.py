"""`Definitions`: copies that are right for one epoch, and never an old one kept under a new epoch."""

from __future__ import annotations

from collections.abc import Collection as Keys
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.collection import Collection
from chalicelib.domain.keys import EPOCH, record_key
from chalicelib.domain.ports import RECORDS, Delete, Item, Key, Put, Store, Update
from chalicelib.domain.workflow import Workflow, enabled_key
from chalicelib.engine import definitions as module
from chalicelib.engine.definitions import DefinitionCache, Definitions, Snapshot
from chalicelib.engine.dispatch import mark_frozen
from chalicelib.engine.reads import Pending, Reads
from tests.stores import WatchedStore

THINGS = record_key("collections", "things")
FLOW = enabled_key("flow")


def definition(title: str) -> dict[str, Any]:
    return {"name": "things", "uid": "c_things", "title": title, "fields": []}


def version(title: str, **more: Any) -> dict[str, Any]:
    return {"id": 8192, "key": "flow", "title": title, "type": "custom-action", "sync": True, "enabled": True, **more}


def save(store: WatchedStore, key: Key, data: dict[str, Any] | None) -> None:
    """A change of a definition, as the services make it: together with the epoch."""
    change = Put(key.table, {"pk": key.pk, "sk": key.sk, "data": data}) if data else Delete(key)
    store.inner.transact([change, Update(EPOCH, add={"value": 1})])


@pytest.fixture
def store() -> WatchedStore:
    watched = WatchedStore(MemoryStore())
    save(watched, THINGS, definition("first"))
    save(watched, FLOW, version("first"))
    return watched


class Process:
    """One process: a cache, and calls that each begin with a fresh view."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cache = DefinitionCache()

    def begin(self) -> tuple[Reads, Definitions]:
        reads = Reads(self.store)
        return reads, Definitions(reads, self.cache)

    def collection(self, name: str = "things") -> Collection | None:
        """As a call reads it: the epoch with whatever else is asked for, in one round if that is enough."""
        reads, definitions = self.begin()

        def step() -> Collection | None:
            found: list[Collection | None] = []
            reads.together(lambda: reads.item(EPOCH), lambda: found.append(definitions.collection(name)))
            return found[0]

        return reads.resolve(step)

    def title(self) -> str | None:
        found = self.collection()
        return found.title if found else None


def test_a_cold_process_needs_one_round_more(store: WatchedStore) -> None:
    process = Process(store)
    assert process.title() == "first"
    assert store.reads == [{EPOCH, THINGS}, {THINGS}]


def test_a_warm_process_reads_the_epoch_and_nothing_else(store: WatchedStore) -> None:
    process = Process(store)
    first = process.collection()
    store.forget()
    assert process.collection() is first
    assert store.reads == [{EPOCH}]


def test_another_epoch_costs_one_round_and_brings_the_new_definition(store: WatchedStore) -> None:
    process = Process(store)
    process.title()
    save(store, THINGS, definition("second"))
    store.forget()
    assert process.title() == "second"
    assert store.reads == [{EPOCH}, {THINGS}]
    assert process.title() == "second"
    assert store.reads[2:] == [{EPOCH}]


def test_an_epoch_raised_for_something_else_costs_the_same(store: WatchedStore) -> None:
    process = Process(store)
    process.title()
    save(store, FLOW, version("second"))
    store.forget()
    assert process.title() == "first"
    assert store.reads == [{EPOCH}, {THINGS}]


def test_a_definition_read_together_with_its_epoch_is_not_kept(store: WatchedStore) -> None:
    """BatchGetItem is no snapshot: it may bring the definition of before a change and the epoch of after it."""

    def torn(inner: Store, keys: Keys[Key]) -> dict[Key, Item]:
        old = inner.batch_get([key for key in keys if key != EPOCH])
        save(store, THINGS, definition("second"))
        return {**old, **inner.batch_get([EPOCH])}

    store.readings.append(torn)
    process = Process(store)
    assert process.title() == "second"
    assert process.title() == "second"


def test_a_change_between_the_two_rounds_is_seen_at_the_latest_by_the_next_call(store: WatchedStore) -> None:
    """The second round may bring a newer definition than its epoch says; the older one never stays."""

    def first_round(inner: Store, keys: Keys[Key]) -> dict[Key, Item]:
        found = inner.batch_get(keys)
        save(store, THINGS, definition("second"))
        return found

    store.readings.append(first_round)
    process = Process(store)
    assert process.title() == "second"
    save(store, THINGS, definition("third"))
    assert process.title() == "third"


def test_a_call_that_began_before_a_change_does_not_spoil_the_copies_of_after_it(store: WatchedStore) -> None:
    process = Process(store)
    reads, slow = process.begin()
    reads.load([EPOCH])
    save(store, THINGS, definition("second"))
    assert process.title() == "second"
    assert reads.resolve(lambda: slow.collection("things")) is not None
    store.forget()
    assert process.title() == "second"
    assert store.reads == [{EPOCH}]


def test_what_is_known_to_be_absent_is_not_asked_for_again(store: WatchedStore) -> None:
    process = Process(store)
    assert process.collection("nothing") is None
    store.forget()
    assert process.collection("nothing") is None
    assert store.reads == [{EPOCH}]


def test_a_removed_definition_is_gone_with_the_next_call(store: WatchedStore) -> None:
    process = Process(store)
    process.title()
    save(store, THINGS, None)
    assert process.title() is None


def test_system_collections_are_code_and_read_nothing(store: WatchedStore) -> None:
    _, definitions = Process(store).begin()
    found = definitions.collection("users")
    assert found is not None
    assert found.system
    assert store.requests == 0


def test_a_hint_is_what_was_right_a_moment_ago(store: WatchedStore) -> None:
    """It leads to what else to ask for in the same round; it is never the answer."""
    process = Process(store)
    process.title()
    save(store, THINGS, definition("second"))
    reads, definitions = process.begin()
    likely = definitions.likely_collection("things")
    assert likely is not None
    assert likely.title == "first"
    reads.load([EPOCH])
    found = reads.resolve(lambda: definitions.collection("things"))
    assert found is not None
    assert found.title == "second"


def test_hints_last_for_one_change(store: WatchedStore) -> None:
    process = Process(store)
    process.title()
    for number in range(2):
        save(store, FLOW, version(f"change {number}"))
        reads, _ = process.begin()
        reads.load([EPOCH])
        process.cache.at(reads.epoch or 0)
    _, definitions = process.begin()
    assert definitions.likely_collection("things") is None


def test_a_cold_process_takes_its_hint_from_what_came_with_the_epoch(store: WatchedStore) -> None:
    reads, definitions = Process(store).begin()
    assert definitions.likely_workflow("flow") is None
    reads.load([EPOCH, FLOW])
    likely = definitions.likely_workflow("flow")
    assert likely is not None
    assert likely.title == "first"


def test_without_the_epoch_there_is_no_snapshot(store: WatchedStore) -> None:
    _, definitions = Process(store).begin()
    with pytest.raises(Pending):
        _ = definitions.snapshot


def test_a_full_cache_begins_anew(store: WatchedStore) -> None:
    process = Process(store)
    process.title()
    current = process.cache.current
    current.entries.update({("collection", f"c{number}"): None for number in range(module.MOST_ENTRIES)})
    assert process.title() == "first"
    assert process.cache.current is not current
    assert len(process.cache.current.entries) == 1


def test_epochs_never_go_back(store: WatchedStore) -> None:
    cache = DefinitionCache()
    newer = cache.at(5)
    assert cache.at(4) is not newer
    assert cache.current is newer
    assert cache.at(5) is newer
    assert isinstance(cache.at(6), Snapshot)


@pytest.mark.parametrize("is_marked", [True, False])
def test_a_version_is_frozen_when_its_item_says_so_or_this_process_froze_it(store: WatchedStore, is_marked: bool) -> None:
    process = Process(store)
    reads, definitions = process.begin()
    reads.load([EPOCH])
    workflow = reads.resolve(lambda: definitions.workflow("flow"))
    assert workflow is not None
    assert not definitions.is_frozen(workflow)
    if is_marked:
        mark_frozen(definitions, workflow)
    else:
        workflow = Workflow.of(version("first"), frozen=True)
    assert definitions.is_frozen(workflow)


def test_the_enabled_copy_says_whether_its_version_is_frozen(store: WatchedStore) -> None:
    data = version("first")
    store.inner.transact([Put(RECORDS, {"pk": FLOW.pk, "sk": FLOW.sk, "data": data, "frozen": True})])
    reads, definitions = Process(store).begin()
    reads.load([EPOCH])
    workflow = reads.resolve(lambda: definitions.workflow("flow"))
    assert workflow is not None
    assert definitions.is_frozen(workflow)
