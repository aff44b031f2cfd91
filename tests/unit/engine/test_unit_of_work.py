"""`UnitOfWork`: writes to one record merge, unique values may change hands, savepoints drop what came after, limits are kept."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.collection import Field
from chalicelib.domain.keys import guard_key, record_key
from chalicelib.domain.ports import Absent, Check, Delete, Equals, Put, Write
from chalicelib.domain.record import Record
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.unit_of_work import MOST_BYTES, MOST_WRITES, UnitOfWork
from chalicelib.errors import Invalid, Taken, TooLarge
from tests.stores import WatchedStore
from tests.unit.engine.fakes import ITEMS, NOW_MS, collection_of, commit_unit, fill, ids, items, stored, unit_over


@pytest.fixture
def store() -> WatchedStore:
    """Items 1 to 3 with the codes a, b and none."""
    watched = WatchedStore(MemoryStore())
    fill(watched, ITEMS, [{"id": 1, "title": "one", "code": "a"}, {"id": 2, "title": "two", "code": "b"}, {"id": 3, "title": "three"}])
    watched.forget()
    return watched


def seen(unit: UnitOfWork, record_id: int) -> Record:
    record = unit.get(ITEMS, record_id)
    assert record is not None
    return record


def writes(unit: UnitOfWork) -> list[Write]:
    return [entry.write for entry in unit.writes()]


def kinds(unit: UnitOfWork) -> list[tuple[str, str, object]]:
    """Kind, purpose and condition of every write."""
    return [(type(entry.write).__name__, entry.purpose, entry.write.condition) for entry in unit.writes()]


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
        assert kinds(unit) == [("Delete", "record", Equals({"version": 1}))]
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


class TestGuards:
    def test_a_unique_value_is_taken_with_the_record(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.create(ITEMS, {"id": 9, "code": "new"})
        assert kinds(unit) == [("Put", "record", Absent()), ("Put", "guard", Absent())]
        (guard,) = [entry for entry in unit.writes() if entry.purpose == "guard"]
        assert guard.write.key == guard_key(ITEMS.uid, "code", "new")
        assert guard.field is not None
        assert (guard.field.name, guard.value) == ("code", "new")

    def test_a_value_given_up_is_free_again(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.destroy(seen(unit, 1))
        unit.update(seen(unit, 2), {"code": None})
        commit_unit(store, unit)
        again = unit_over(store)
        again.create(ITEMS, {"id": 8, "code": "a"})
        again.create(ITEMS, {"id": 9, "code": "b"})
        commit_unit(store, again)
        assert [row.get("code") for row in stored(store, ITEMS)] == [None, None, "a", "b"]

    def test_two_records_may_swap_their_values(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(seen(unit, 1), {"code": "b"})
        unit.update(seen(unit, 2), {"code": "a"})
        assert [kind for kind in kinds(unit) if kind[1] == "guard"] == [
            ("Put", "guard", Equals({"value": 1})),
            ("Put", "guard", Equals({"value": 2})),
        ]
        commit_unit(store, unit)
        assert [row.get("code") for row in stored(store, ITEMS)] == ["b", "a", None]
        held = {key.pk: item["value"] for key, item in store.batch_get([guard_key(ITEMS.uid, "code", code) for code in "ab"]).items()}
        assert held == {"unique#c_items#code#a": 2, "unique#c_items#code#b": 1}

    def test_three_may_hand_theirs_round(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        for record_id, code in ((1, "b"), (2, None), (3, "a")):
            unit.update(seen(unit, record_id), {"code": code})
        commit_unit(store, unit)
        assert [row.get("code") for row in stored(store, ITEMS)] == ["b", None, "a"]

    def test_a_value_taken_and_given_back_is_not_touched(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.update(unit.update(seen(unit, 1), {"code": "z"}), {"code": "a"})
        assert [purpose for _, purpose, _ in kinds(unit)] == ["record"]

    def test_two_records_of_one_unit_cannot_hold_one_value(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.create(ITEMS, {"code": "same"})
        unit.create(ITEMS, {"code": "same"})
        with pytest.raises(Invalid, match='"code" must be unique') as refused:
            unit.writes()
        assert refused.value.problems()[0].path == "code"

    def test_a_value_held_by_another_record_is_found_at_the_commit(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.create(ITEMS, {"code": "a"})
        with pytest.raises(Invalid, match='"code" must be unique'):
            commit_unit(store, unit)

    def test_no_value_is_no_value_to_hold(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.create(ITEMS, {"code": None})
        unit.create(ITEMS, {})
        assert [purpose for _, purpose, _ in kinds(unit)] == ["record", "record"]

    def test_a_number_is_one_value_however_it_is_written(self, store: WatchedStore) -> None:
        collection = collection_of("numbers", Field("n", "double", unique=True))
        unit = unit_over(store)
        unit.create(collection, {"n": 1})
        unit.create(collection, {"n": 1.0})
        with pytest.raises(Invalid):
            unit.writes()


class TestContextRows:
    def test_a_unit_that_writes_checks_the_rows_it_rests_on(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.guard([seen(unit, 1)])
        unit.create(ITEMS, {"id": 9})
        assert kinds(unit) == [("Put", "record", Absent()), ("Check", "check", Equals({"version": 1}))]

    def test_a_unit_that_writes_nothing_checks_nothing(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.guard([seen(unit, 1)])
        assert unit.writes() == []

    def test_a_row_that_is_written_needs_no_check(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.guard([seen(unit, 1)])
        unit.update(seen(unit, 1), {"title": "x"})
        assert kinds(unit) == [("Put", "record", Equals({"version": 1}))]

    def test_a_row_whose_write_was_dropped_is_checked(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        unit.guard([seen(unit, 1)])
        unit.create(ITEMS, {"id": 9})
        before = unit.savepoint()
        unit.update(seen(unit, 1), {"title": "x"})
        unit.rollback(before)
        assert [type(write) for write in writes(unit)] == [Put, Check]

    def test_a_row_changed_by_others_makes_the_unit_stale(self, store: WatchedStore) -> None:
        unit, other = unit_over(store), unit_over(store)
        unit.guard([seen(unit, 1)])
        unit.create(ITEMS, {"id": 9})
        other.update(seen(other, 1), {"title": "x"})
        commit_unit(store, other)
        with pytest.raises(Stale):
            commit(store, FixedClock(), unit.writes())
        assert len(stored(store, ITEMS)) == 3


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


class TestLimits:
    def test_ninety_records_are_the_most(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        for _ in range(MOST_WRITES):
            unit.create(ITEMS, {})
        with pytest.raises(TooLarge, match="at most 90 records; this would be number 91") as refused:
            unit.create(ITEMS, {})
        assert refused.value.code == "TOO_MANY_WRITES"

    def test_records_made_and_removed_again_do_not_count(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        for _ in range(MOST_WRITES + 5):
            unit.destroy(unit.create(ITEMS, {}))
        assert unit.writes() == []

    def test_guards_and_checks_count_too(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        for number in range(46):
            unit.create(ITEMS, {"code": f"code {number}"})
        with pytest.raises(TooLarge, match="at most 90 items; this one has 92"):
            unit.writes()

    def test_a_unit_over_four_megabytes_is_refused_when_it_is_staged(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        text = "x" * 399_000
        for _ in range(10):
            unit.create(ITEMS, {"title": text})
        with pytest.raises(TooLarge, match=str(MOST_BYTES)) as refused:
            unit.create(ITEMS, {"title": text})
        assert refused.value.code == "UNIT_TOO_LARGE"

    def test_what_was_refused_is_dropped_by_the_savepoint(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        for _ in range(MOST_WRITES):
            unit.create(ITEMS, {})
        before = unit.savepoint()
        with pytest.raises(TooLarge):
            unit.create(ITEMS, {})
        unit.rollback(before)
        assert len(unit.writes()) == MOST_WRITES

    def test_a_record_over_400_kb_is_refused_when_it_is_staged(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        with pytest.raises(TooLarge) as refused:
            unit.create(ITEMS, {"title": "ü" * 205_000})
        assert refused.value.code == "RECORD_TOO_LARGE"
        with pytest.raises(TooLarge):
            unit.update(seen(unit, 1), {"title": "x" * 410_000})

    def test_a_removed_record_weighs_nothing(self, store: WatchedStore) -> None:
        unit = unit_over(store)
        for _ in range(12):
            unit.destroy(unit.create(ITEMS, {"title": "x" * 399_000}))
        assert unit.writes() == []


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
