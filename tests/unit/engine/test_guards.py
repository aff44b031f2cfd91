"""What a unit of work guards: unique values that change hands, rows that its decisions rest on; and how much it may hold."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.collection import Field
from chalicelib.domain.keys import guard_key
from chalicelib.domain.ports import Absent, Check, Equals, Put
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.unit_of_work import MOST_BYTES, MOST_WRITES
from chalicelib.errors import Invalid, TooLarge
from tests.stores import WatchedStore
from tests.unit.engine.fakes import ITEMS, collection_of, commit_unit, kinds, seen, stored, unit_over, writes


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
