"""`UnitOfWork`: writes to one record merge, reads see them, ids are the same on every walk, savepoints drop what came after."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import Absent, Delete, Equals
from chalicelib.engine.commit import Stale
from chalicelib.engine.reads import Reads
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Taken
from tests.stores import WatchedStore
from tests.unit.engine.fakes import ITEMS, NOW_MS, collection_of, commit_unit, fill, ids, items, kinds, seen, stored, unit_over, writes


class TestMerging:
    def test_create_then_update_is_one_put(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        record = unit.create(ITEMS, {"id": 9, "title": "new"})
        unit.update(record, {"size": 4})
        assert kinds(unit) == [("Put", "record", Absent())]
        commit_unit(store, unit)
        assert stored(store, ITEMS)[-1] == {"id": 9, "version": 1, "title": "new", "size": 4}

    def test_create_then_destroy_is_nothing(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.destroy(unit.create(ITEMS, {"id": 9, "code": "new"}))
        assert unit.writes() == []
        assert unit.get(ITEMS, 9) is None

    def test_destroy_then_create_is_a_put_under_the_old_version(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.destroy(seen(unit, 1))
        unit.create(ITEMS, {"id": 1, "title": "again", "code": "a"})
        assert kinds(unit) == [("Put", "record", Equals({"version": 1}))]
        commit_unit(store, unit)
        assert stored(store, ITEMS)[0] == {"id": 1, "version": 2, "title": "again", "code": "a"}

    def test_two_updates_are_one_version(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(unit.update(seen(unit, 1), {"title": "x"}), {"size": 1})
        assert kinds(unit) == [("Put", "record", Equals({"version": 1}))]
        commit_unit(store, unit)
        assert stored(store, ITEMS)[0] == {"id": 1, "version": 2, "title": "x", "size": 1, "code": "a"}

    def test_update_then_destroy_is_a_delete_under_the_old_version(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.destroy(unit.update(seen(unit, 3), {"title": "x"}))
        assert kinds(unit) == [("Delete", "record", Equals({"version": 1, "links": None}))]
        commit_unit(store, unit)
        assert ids(unit_over(store).get_many(ITEMS, [1, 2, 3])) == [1, 2, None]

    def test_the_unit_sees_what_it_wrote(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(seen(unit, 1), {"title": "x"})
        unit.destroy(seen(unit, 2))
        unit.create(ITEMS, {"id": 9})
        assert seen(unit, 1).row["title"] == "x"
        assert ids(unit.get_many(ITEMS, [1, 2, 9])) == [1, None, 9]

    def test_nothing_reaches_the_database_before_the_commit(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(seen(unit, 1), {"title": "x"})
        assert stored(store, ITEMS)[0]["title"] == "one"
        assert store.transactions == []

    def test_after_the_commit_the_unit_holds_what_the_database_holds(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(seen(unit, 1), {"title": "x"})
        unit.destroy(seen(unit, 2))
        commit_unit(store, unit)
        store.forget()
        assert unit.staged == {}
        assert (seen(unit, 1).version, unit.get(ITEMS, 2)) == (2, None)
        unit.update(seen(unit, 1), {"title": "y"})
        commit_unit(store, unit)
        assert (stored(store, ITEMS)[0]["version"], store.reads) == (3, [])

    def test_who_and_when_stand_in_the_item(self, store: WatchedStore) -> None:
        unit = unit_over(store, at_ms=NOW_MS + 1000)
        created, changed = unit.create(ITEMS, {"id": 9}).row, unit.update(seen(unit, 1), {}).row
        assert (created["createdById"], created["createdAt"]) == (7, "2026-11-21T00:00:01.000Z")
        assert (changed["createdAt"], changed["updatedAt"]) == ("2026-11-21T00:00:00.000Z", "2026-11-21T00:00:01.000Z")

    def test_index_attributes_follow_the_values(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        record = unit.create(ITEMS, {"id": 9, "size": 5})
        assert record.item["l1"] is not None
        assert unit.update(record, {"size": None}).item["l1"] is None


class TestIds:
    def test_a_walk_that_starts_again_makes_the_same_ids(self, store: WatchedStore) -> None:
        walks = []
        for _ in range(2):
            unit = unit_over(store, seed="execution/0")
            walks.append([unit.create(ITEMS, {}).id, unit.next_number(), unit.create(ITEMS, {}).id])
        assert walks[0] == walks[1]

    def test_another_seed_makes_other_ids(self, store: WatchedStore) -> None:
        assert unit_over(store, "a").create(ITEMS, {}).id != unit_over(store, "b").create(ITEMS, {}).id

    def test_records_sort_in_the_order_they_were_made(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        made = [int(unit.create(ITEMS, {}).id) for _ in range(50)]
        assert made == sorted(made)

    def test_a_collection_with_text_ids_gets_text(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        made = unit.create(collection_of("texts", id_type="string"), {}).id
        assert isinstance(made, str)
        assert len(made) == 16

    @pytest.mark.parametrize("where", ["stored", "staged"])
    def test_a_taken_id_is_refused(self, store: WatchedStore, where: str) -> None:
        unit = unit_over(store)
        record_id = 1 if where == "stored" else unit.create(ITEMS, {"id": 9}).id
        with pytest.raises(Taken, match=f"id {record_id} is already taken"):
            unit.create(ITEMS, {"id": record_id})

    def test_a_free_id_is_looked_up_once(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.create(ITEMS, {"id": 9})
        unit.create(ITEMS, {})
        assert store.reads == [{record_key(ITEMS.uid, 9)}]


class TestReading:
    def test_known_records_are_not_read_again(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.get_many(ITEMS, [1, 2])
        unit.get_many(ITEMS, [2, 1, 3])
        assert store.reads == [{record_key(ITEMS.uid, 1), record_key(ITEMS.uid, 2)}, {record_key(ITEMS.uid, 3)}]

    def test_records_come_in_the_order_of_the_ids_asked_for(self, store: WatchedStore) -> None:
        assert ids(unit_over(store).get_many(ITEMS, [3, 99, 1])) == [3, None, 1]

    @pytest.mark.parametrize("shards", [1, 4])
    def test_a_record_is_found_in_its_shard(self, shards: int) -> None:
        collection, store = items(shards), MemoryStore()
        fill(store, collection, [{"id": number} for number in range(1, 20)])
        assert ids(unit_over(store).get_many(collection, range(1, 21))) == [*range(1, 20), None]


class TestSavepoints:
    def test_what_came_after_is_dropped(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(seen(unit, 1), {"title": "kept"})
        before = unit.savepoint()
        unit.update(seen(unit, 1), {"title": "dropped"})
        unit.destroy(seen(unit, 2))
        unit.create(ITEMS, {"id": 9})
        unit.rollback(before)
        assert (seen(unit, 1).row["title"], ids(unit.get_many(ITEMS, [2, 9]))) == ("kept", [2, None])
        assert len(unit.writes()) == 1

    def test_savepoints_nest(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        titles = []
        outer = unit.savepoint()
        unit.update(seen(unit, 1), {"title": "outer"})
        inner = unit.savepoint()
        unit.update(seen(unit, 1), {"title": "inner"})
        for savepoint in (inner, outer):
            unit.rollback(savepoint)
            titles.append(seen(unit, 1).row["title"])
        assert titles == ["outer", "one"]

    def test_a_version_counts_on_from_what_is_stored(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        before = unit.savepoint()
        unit.update(seen(unit, 1), {"title": "dropped"})
        unit.rollback(before)
        assert unit.update(seen(unit, 1), {"title": "x"}).version == 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"code": "z"}, {"title": "one", "code": "z"}),
        ({"code": None}, {"title": "one"}),
        ({}, {"title": "one", "code": "a"}),
    ],
)
def test_values_are_laid_over_the_old_ones(store: WatchedStore, values: dict[str, Any], expected: dict[str, Any]) -> None:
    unit = unit_over(store)
    unit.update(seen(unit, 1), values)
    commit_unit(store, unit)
    assert stored(store, ITEMS)[0] == {"id": 1, "version": 2, **expected}


def test_deletes_carry_the_version_they_read(store: WatchedStore) -> None:
    unit, other = unit_over(store), unit_over(store)
    unit.destroy(seen(unit, 3))
    other.update(seen(other, 3), {"title": "x"})
    commit_unit(store, other)
    assert [type(write) for write in writes(unit)] == [Delete]
    with pytest.raises(Stale):
        commit_unit(store, unit)


def test_a_new_id_is_never_that_of_a_record_the_unit_knows() -> None:
    """The low bits of ids are random: one may meet a record that was read before, and must not become its next version."""
    store = MemoryStore()
    first = UnitOfWork(Reads(store), now="now", make_id=lambda n: n, user_id=None)
    first.create(ITEMS, {"id": 1, "title": "old"})
    store.transact([tagged.write for tagged in first.writes()])
    unit = UnitOfWork(Reads(store), now="now", make_id=lambda n: n, user_id=None)
    assert unit.get(ITEMS, 1) is not None
    assert unit.create(ITEMS, {"title": "new"}).id == 2
