"""Jobs move on though nobody calls; a type is changed in a way that every reader and writer can rely on meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.ports import RECORDS, Key, Put, Store, StoreUnavailable, Update
from chalicelib.errors import AppError, Conflict, Unavailable
from chalicelib.services import lifecycle, reindexing
from chalicelib.services.collection_jobs import CollectionJobs
from chalicelib.services.reindexing import RESERVE_MS
from chalicelib.services.sweeping import sweep
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
FIELDS: list[Json] = [{"name": "size", "type": "integer"}, {"name": "note", "type": "string"}, {"name": "code", "type": "string"}]
ROWS = 30


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Session:
    """``boxes`` with 30 records, where five are already too many for one call, and a slice takes 10."""
    monkeypatch.setattr(lifecycle, "MOST_INLINE", 5)
    monkeypatch.setattr(reindexing, "MOST_A_SLICE", 10)
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    made.call("collections:create", None, {"name": "boxes", "fields": FIELDS})
    for n in range(ROWS):
        made.call("boxes:create", None, {"id": n, "size": n % 7, "note": str(n), "code": f"c{n}"})
    return made


def change(session: Session, name: str, **options: Json) -> Json:
    return session.call("collections/boxes/fields:update", name, options)


def field(session: Session, name: str) -> Json:
    return session.call("collections/boxes/fields:get", name)


def swept(session: Session, seconds: float = 60) -> int:
    """What one sweep does that has so many seconds."""
    return sweep(session.backend, session.clock.now_ms() + round(seconds * 1000))


def run_out(session: Session) -> None:
    """Sweep as a schedule does, every minute, until nothing is left."""
    for _ in range(10):
        swept(session)
        session.clock.sleep(60)
    assert swept(session) == 0


def ids(session: Session, **filters: Json) -> list[int]:
    return [row["id"] for row in session.call("boxes:list", filter=filters, sort="id", pageSize="50")]


class TestSweep:
    def test_an_index_is_finished_though_nobody_calls(self, large: Session) -> None:
        assert change(large, "size", index=True)["building"] is True
        run_out(large)
        assert "building" not in field(large, "size")
        answer = large.answer("boxes:list", filter={"size": 3}, plan="1")
        assert answer.meta is not None
        assert answer.meta["plan"]["index"] == "size"
        assert ids(large, size=3) == [3, 10, 17, 24]
        assert "reindex" not in large.call("collections:get", "boxes")

    def test_a_small_collection_is_looked_at_again_once_no_call_can_hold_the_old_definition(self, large: Session) -> None:
        large.call("collections:create", None, {"name": "few", "fields": FIELDS})
        large.call("few:create", None, {"id": 1, "size": 4})
        large.call("collections/few/fields:update", "size", {"index": True})
        uid = large.store.batch_get([Key(RECORDS, "collections#0", "few")])[Key(RECORDS, "collections#0", "few")]["data"]["uid"]
        late: Json = {"pk": f"{uid}#0", "sk": f"{9:016d}", "version": 1, "createdAt": "2026-11-21T00:00:00.000Z"}
        large.store.transact([Put(RECORDS, late | {"updatedAt": late["createdAt"], "data": {"size": 5}})])
        assert swept(large) == 0
        large.clock.sleep(40)
        assert swept(large) > 0
        assert [row["id"] for row in large.call("few:list", filter={"size": {"$gt": 4}})] == [9]

    def test_a_change_that_was_refused_late_is_no_answer_to_the_next_call(self, large: Session) -> None:
        large.call("collections:create", None, {"name": "few", "fields": FIELDS})
        large.call("few:create", None, {"id": 1, "code": "a"})
        large.call("collections/few/fields:update", "code", {"required": True})
        key = Key(RECORDS, "collections#0", "few")
        uid = large.store.batch_get([key])[key]["data"]["uid"]
        late: Json = {"pk": f"{uid}#0", "sk": f"{9:016d}", "version": 1, "createdAt": "2026-11-21T00:00:00.000Z"}
        large.store.transact([Put(RECORDS, late | {"updatedAt": late["createdAt"], "data": {}})])
        large.clock.sleep(40)
        swept(large)
        assert large.call("collections/few/fields:get", "code")["problems"][0]["code"] == "HAS_NULLS"
        assert large.call("collections:update", "few", {"title": "A few"})[0]["title"] == "A few"

    def test_two_quick_changes_of_a_small_collection_are_both_looked_at_again(self, large: Session) -> None:
        large.call("collections:create", None, {"name": "few", "fields": FIELDS})
        large.call("few:create", None, {"id": 1, "size": 4, "code": "a"})
        large.call("collections/few/fields:update", "code", {"unique": True})
        large.call("collections/few/fields:update", "size", {"index": True})
        key = Key(RECORDS, "collections#0", "few")
        uid = large.store.batch_get([key])[key]["data"]["uid"]
        late: Json = {"pk": f"{uid}#0", "sk": f"{9:016d}", "version": 1, "createdAt": "2026-11-21T00:00:00.000Z"}
        large.store.transact([Put(RECORDS, late | {"updatedAt": late["createdAt"], "data": {"size": 5, "code": "late"}})])
        large.clock.sleep(40)
        swept(large)
        with pytest.raises(AppError, match="unique"):
            large.call("few:create", None, {"code": "late"})

    def test_a_dropped_collection_is_purged(self, large: Session) -> None:
        large.call("collections:destroy", "boxes")
        run_out(large)
        assert list(large.store.query(RECORDS, "purge").items) == []

    def test_a_link_that_is_counted_meanwhile_is_not_lost(self, large: Session) -> None:
        change(large, "size", index=True)
        watched = WatchedStore(large.store)
        key = Key(RECORDS, _partition(large), f"{3:016d}")

        def linked(store: Store, writes: Json) -> None:
            store.transact([Update(key, add={"links": 1})])
            store.transact(writes)

        watched.sendings.append(linked)
        swept(large.process(watched))
        run_out(large)
        assert large.store.batch_get([key])[key]["links"] == 1
        assert ids(large, size=3) == [3, 10, 17, 24]

    def test_a_sweep_ends_with_its_time(self, large: Session) -> None:
        change(large, "size", index=True)
        assert sweep(large.backend, large.clock.now_ms() + RESERVE_MS - 1) == 0

    def test_a_job_that_cannot_go_on_does_not_stop_the_others(self, large: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        large.call("collections:create", None, {"name": "crates", "fields": FIELDS})
        for n in range(8):
            large.call("crates:create", None, {"id": n, "size": n})
        for name in ("boxes", "crates"):
            large.call(f"collections/{name}/fields:update", "size", {"index": True})
        advance = CollectionJobs.advance

        def broken(jobs: CollectionJobs, item: Json, deadline_ms: int | None) -> Json:
            if item["data"]["name"] == "boxes":
                raise RuntimeError("a bug")
            return advance(jobs, item, deadline_ms)

        monkeypatch.setattr(CollectionJobs, "advance", broken)
        run_out(large)
        assert "building" not in large.call("collections/crates/fields:get", "size")
        assert field(large, "size")["building"] is True

    def test_a_job_that_failed_is_left_alone(self, large: Session) -> None:
        large.call("boxes:update", 20, {"code": "c3"})
        change(large, "code", unique=True)
        run_out(large)
        assert field(large, "code")["problems"][0]["code"] == "NOT_UNIQUE"

    def test_silence_of_the_database_is_told_to_who_called_the_sweep(self, large: Session) -> None:
        watched = WatchedStore(large.store)

        def silent(*_: Json, **__: Json) -> Json:
            raise StoreUnavailable("no answer")

        watched.query = silent  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            swept(large.process(watched))

    def test_a_step_that_somebody_else_took_first_is_left_to_him(self, large: Session) -> None:
        change(large, "size", index=True)
        jobs = CollectionJobs(large.backend)
        (item,) = jobs.items("reindex")
        first = jobs.advance(item | {"data": dict(item["data"])}, None)
        second = jobs.advance(item | {"data": dict(item["data"])}, None)
        assert first is not None
        assert second is not None
        assert (second["version"], second["data"]["done"]) == (first["version"], first["data"]["done"])
        run_out(large)
        assert ids(large, size=3) == [3, 10, 17, 24]

    def test_the_end_of_a_phase_is_stored_once(self, large: Session) -> None:
        large.call("boxes:update", 0, {"size": None})
        change(large, "size", required=True)
        jobs = CollectionJobs(large.backend)
        (item,) = jobs.items("reindex")
        while item["data"]["phase"] == "check":
            before, item = item, jobs.advance(item, None) or item
        repeated = jobs.advance(before, None)
        assert repeated is not None
        assert repeated["version"] == item["version"]


class TestAnotherType:
    def test_until_every_value_was_looked_at_the_field_has_its_old_type_and_says_what_it_is_becoming(self, large: Session) -> None:
        made = change(large, "note", type="integer")
        assert (made["type"], made["building"], made["becoming"]) == ("string", True, "integer")
        assert large.call("collections:get", "boxes")["reindex"]["state"] == "settling"
        assert large.call("boxes:get", 5)["note"] == "5"
        assert ids(large, note="5") == [5]

    def test_nobody_writes_meanwhile_what_the_new_type_cannot_hold(self, large: Session) -> None:
        change(large, "note", type="integer")
        with pytest.raises(AppError, match="is being changed from string to integer"):
            large.call("boxes:create", None, {"note": "five"})
        large.call("boxes:create", None, {"id": 99, "note": "99"})
        run_out(large)
        assert large.call("boxes:get", 99)["note"] == 99

    def test_values_are_read_and_found_in_the_new_type_from_the_moment_it_holds(self, large: Session) -> None:
        change(large, "note", type="integer", index=True)
        large.clock.sleep(40)
        jobs = CollectionJobs(large.backend)
        (item,) = jobs.items("reindex")
        while item["data"]["phase"] == "check":
            item = jobs.advance(item, None) or item
        jobs.advance(item, None)
        assert field(large, "note")["type"] == "integer"
        assert field(large, "note")["building"] is True
        stored = [one["data"]["note"] for one in large.store.query(RECORDS, _partition(large)).items]
        assert {type(value) for value in stored} == {int, str}
        assert [row["note"] for row in large.call("boxes:list", pageSize="50", sort="-note")] == list(reversed(range(ROWS)))
        assert ids(large, note={"$gt": 27}) == [28, 29]
        large.call("boxes:update", 29, {"code": "changed"})
        run_out(large)
        assert [one["data"]["note"] for one in large.store.query(RECORDS, _partition(large)).items] == list(range(ROWS))
        assert ids(large, note={"$gt": 27}) == [28, 29]

    def test_a_value_that_cannot_be_converted_leaves_the_type_and_every_record(self, large: Session) -> None:
        large.call("boxes:update", 7, {"note": "seven"})
        before = large.store.query(RECORDS, _partition(large)).items
        change(large, "note", type="integer", title="Number")
        run_out(large)
        refused = field(large, "note")
        assert (refused["type"], "building" in refused, "becoming" in refused) == ("string", False, False)
        assert "seven" in refused["problems"][0]["message"]
        assert large.call("collections:get", "boxes")["reindex"]["state"] == "failed"
        assert large.store.query(RECORDS, _partition(large)).items == before
        large.call("boxes:create", None, {"note": "eight"})

    def test_the_fields_do_not_change_otherwise_while_they_are_looked_at(self, large: Session) -> None:
        change(large, "note", type="integer")
        with pytest.raises(Conflict) as caught:
            change(large, "code", title="Code")
        assert caught.value.code == "REINDEXING"
        large.call("collections:update", "boxes", {"title": "Boxes"})
        run_out(large)
        change(large, "code", title="Code")
        assert field(large, "note")["type"] == "integer"
        assert large.call("collections:get", "boxes")["title"] == "Boxes"


def _partition(session: Session) -> str:
    key = Key(RECORDS, "collections#0", "boxes")
    store: Store = session.store
    return f"{store.batch_get([key])[key]['data']['uid']}#0"
