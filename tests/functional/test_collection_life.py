"""The life of a collection with records in it: changed, renamed, removed, in one call or in slices (https://docs.nocobase.com/data-sources/data-modeling)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.ports import RECORDS, Equals, Key, Put, Store, StoreUnavailable
from chalicelib.errors import AppError, Conflict, Invalid
from chalicelib.services import lifecycle, reindexing
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
FIELDS: list[Json] = [
    {"name": "title", "type": "string"},
    {"name": "code", "type": "string"},
    {"name": "size", "type": "integer"},
    {"name": "note", "type": "string"},
]
ROWS: list[Json] = [
    {"title": "a", "code": "x", "size": 3, "note": "1"},
    {"title": "b", "code": "y", "size": 1, "note": "2"},
    {"title": "c", "code": "x", "note": "three"},
]


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
def session(request: pytest.FixtureRequest) -> Session:
    """Collection ``boxes`` with three records."""
    made = Session(MemoryStore()).install()
    made.call("collections:create", None, {"name": "boxes", "fields": FIELDS, "shards": request.param})
    for n, row in enumerate(ROWS, 1):
        made.call("boxes:create", None, row | {"id": n})
    return made


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Session:
    """``boxes`` with 60 records, where ten are already too many for one call, and a slice takes 20."""
    monkeypatch.setattr(lifecycle, "MOST_INLINE", 10)
    monkeypatch.setattr(reindexing, "MOST_A_SLICE", 20)
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    made.call("collections:create", None, {"name": "boxes", "fields": FIELDS, "shards": 2})
    for n in range(60):
        made.call("boxes:create", None, {"id": n, "title": f"t{n}", "code": f"c{n}", "size": n % 7, "note": str(n)})
    return made


def change(session: Session, name: str, **options: Json) -> Json:
    return session.call("collections/boxes/fields:update", name, options)


def plan(session: Session, filters: Json = None, **params: Json) -> Json:
    meta = session.answer("boxes:list", filter=filters, plan="1", **params).meta
    assert meta is not None
    return meta["plan"]


def items(session: Session) -> list[Json]:
    """The stored items of ``boxes``, by id."""
    definition = session.store.batch_get([Key(RECORDS, "collections#0", "boxes")])[Key(RECORDS, "collections#0", "boxes")]["data"]
    return sorted(
        (item for shard in range(definition["shards"]) for item in session.store.query(RECORDS, f"{definition['uid']}#{shard}").items),
        key=lambda item: str(item["sk"]),
    )


def refused(session: Session, name: str, **options: Json) -> AppError:
    before, fields = items(session), session.call("collections/boxes/fields:list")
    with pytest.raises(AppError) as caught:
        change(session, name, **options)
    assert items(session) == before
    assert session.call("collections/boxes/fields:list") == fields
    return caught.value


def carry_on(session: Session, seconds: float = 40) -> list[Json]:
    """Calls ``collections:reindex`` until the job is over; what it answered."""
    answers = []
    for _ in range(100):
        answers.append(session.call("collections:reindex", "boxes"))
        if answers[-1]["state"] in ("done", "failed"):
            return answers
        if answers[-1]["state"] == "settling":
            session.clock.sleep(seconds)
    raise AssertionError(answers[-3:])


class TestSmall:
    """Up to 1,000 records: done, or refused whole, when the answer comes."""

    def test_a_new_index_serves_the_records_that_were_there(self, session: Session) -> None:
        updated = [row["updatedAt"] for row in session.call("boxes:list")]
        session.clock.sleep(5)
        change(session, "size", index=True)
        assert plan(session, {"size": {"$gte": 2}})["index"] == "size"
        assert [row["id"] for row in session.call("boxes:list", filter={"size": {"$gte": 1}}, sort="size")] == [2, 1]
        assert [row["updatedAt"] for row in session.call("boxes:list")] == updated

    def test_a_slot_taken_over_from_another_field_holds_none_of_its_values(self, session: Session) -> None:
        change(session, "size", index=True)
        change(session, "size", index=False)
        change(session, "note", index=True)
        assert [item.get("l1") for item in items(session)] == ["1", "2", "three"]

    def test_a_unique_field_over_duplicates_is_refused_by_value(self, session: Session) -> None:
        error = refused(session, "code", unique=True)
        assert isinstance(error, Invalid)
        assert "'x' (2 times)" in error.message
        assert error.problems()[0].path == "code"

    def test_a_unique_field_holds_for_the_records_that_were_there(self, session: Session) -> None:
        change(session, "title", unique=True)
        with pytest.raises(Invalid, match="unique"):
            session.call("boxes:create", None, {"title": "a"})
        assert plan(session, {"title": "b"})["access"] == "unique"
        session.call("boxes:update", 1, {"title": "z"})
        session.call("boxes:create", None, {"title": "a"})

    def test_a_field_that_is_unique_no_more_may_be_so_again(self, session: Session) -> None:
        change(session, "title", unique=True)
        change(session, "title", unique=False)
        session.call("boxes:update", 1, {"title": "b"})
        assert "'b' (2 times)" in refused(session, "title", unique=True).message
        session.call("boxes:update", 1, {"title": "a2"})
        change(session, "title", unique=True)
        session.call("boxes:create", None, {"title": "a"})

    def test_a_required_field_over_nulls_is_refused_with_their_count(self, session: Session) -> None:
        assert '"size" cannot be required: 1 records' in refused(session, "size", required=True).message
        change(session, "title", required=True)
        with pytest.raises(Invalid):
            session.call("boxes:create", None, {"size": 4})

    def test_a_required_field_with_a_default_gives_it_to_those_without_a_value(self, session: Session) -> None:
        change(session, "size", required=True, defaultValue=9)
        assert [row["size"] for row in session.call("boxes:list")] == [3, 1, 9]

    def test_another_type_converts_the_values_or_names_the_records(self, session: Session) -> None:
        error = refused(session, "note", type="integer")
        assert "record 3" in error.message
        assert "three" in error.message
        session.call("boxes:update", 3, {"note": "3"})
        change(session, "note", type="integer", index=True)
        assert [row["note"] for row in session.call("boxes:list")] == [1, 2, 3]
        assert [row["id"] for row in session.call("boxes:list", filter={"note": {"$gt": 1}})] == [2, 3]
        change(session, "note", type="string")
        assert [row["note"] for row in session.call("boxes:list")] == ["1", "2", "3"]

    def test_a_unique_field_may_change_its_type(self, session: Session) -> None:
        change(session, "title", unique=True)
        for record_id in (1, 2, 3):
            session.call("boxes:update", record_id, {"title": str(record_id)})
        change(session, "title", type="integer")
        with pytest.raises(Invalid, match="unique"):
            session.call("boxes:create", None, {"title": 3})
        assert [row["id"] for row in session.call("boxes:list", filter={"title": 2})] == [2]

    def test_a_removed_field_leaves_nothing_that_a_new_one_of_its_name_would_show(self, session: Session) -> None:
        change(session, "title", unique=True)
        session.call("collections/boxes/fields:destroy", "title")
        session.call("collections/boxes/fields:create", None, {"name": "title", "type": "string", "unique": True})
        assert [row["title"] for row in session.call("boxes:list")] == [None, None, None]
        session.call("boxes:create", None, {"title": "a"})

    def test_a_new_sort_field_keeps_the_order_in_which_records_were_made(self, session: Session) -> None:
        session.call("collections/boxes/fields:create", None, {"name": "sort", "type": "sort"})
        made = session.call("boxes:create", None, {"title": "new"})
        assert [row["id"] for row in session.call("boxes:list", sort="sort")] == [1, 2, 3, made["id"]]

    def test_a_record_made_meanwhile_under_the_old_definition_is_found_by_the_recheck(self, session: Session) -> None:
        definition = session.store.batch_get([Key(RECORDS, "collections#0", "boxes")])[Key(RECORDS, "collections#0", "boxes")]["data"]
        change(session, "size", index=True)
        late = items(session)[0] | {"pk": f"{definition['uid']}#0", "sk": f"{99:016d}", "version": 1, "data": {"size": 50}, "l1": None}
        session.store.transact([Put(RECORDS, late)])
        assert session.call("collections:reindex", "boxes")["state"] == "settling"
        session.clock.sleep(40)
        assert session.call("collections:reindex", "boxes")["state"] == "done"
        stored = [item for item in items(session) if item["sk"] == late["sk"]]
        assert [item.get("l1") for item in stored] != [None]

    def test_a_writer_that_read_before_the_change_has_to_read_again(self, session: Session) -> None:
        old = items(session)[0]
        change(session, "size", index=True)
        with pytest.raises(Exception, match="condition"):
            session.store.transact([Put(RECORDS, old | {"version": old["version"] + 1}, Equals({"version": old["version"]}))])


class TestLarge:
    """Above that: a job in slices; until it is done the field is building, and reads do without its index."""

    def test_an_index_is_built_in_slices_and_used_at_the_end(self, large: Session) -> None:
        assert change(large, "size", index=True)["building"] is True
        assert plan(large, {"size": 3})["index"] is None
        assert large.call("collections:get", "boxes")["reindex"]["state"] == "running"
        made = large.call("boxes:create", None, {"size": 3, "code": "new"})
        answers = carry_on(large)
        assert {answer["state"] for answer in answers} == {"running", "settling", "done"}
        assert answers[0]["done"] < answers[1]["done"] < 61
        assert plan(large, {"size": 3})["index"] == "size"
        assert made["id"] in [row["id"] for row in large.call("boxes:list", filter={"size": 3}, pageSize="50")]
        assert "building" not in large.call("collections/boxes/fields:get", "size")

    def test_another_change_waits_until_the_job_is_done(self, large: Session) -> None:
        change(large, "size", index=True)
        with pytest.raises(Conflict) as caught:
            change(large, "code", index=True)
        assert caught.value.code == "REINDEXING"
        large.call("collections:update", "boxes", {"title": "Boxes"})
        carry_on(large)
        change(large, "code", index=True)

    def test_values_are_unique_while_the_guards_are_built(self, large: Session) -> None:
        change(large, "code", unique=True)
        large.call("boxes:update", 59, {"code": "c59b"})
        large.call("boxes:destroy", 58)
        large.call("boxes:create", None, {"code": "c58"})
        assert carry_on(large)[-1]["state"] == "done"
        for taken in ("c58", "c59b", "c3"):
            with pytest.raises(Invalid, match="unique"):
                large.call("boxes:create", None, {"code": taken})
        large.call("boxes:create", None, {"code": "c59"})

    def test_duplicates_end_the_job_and_the_field_is_as_before(self, large: Session) -> None:
        large.call("boxes:update", 40, {"code": "c3"})
        change(large, "code", unique=True)
        ended = carry_on(large)[-1]
        assert ended["state"] == "failed"
        assert "'c3'" in ended["problems"][0]["message"]
        field = large.call("collections/boxes/fields:get", "code")
        assert "unique" not in field
        assert "building" not in field
        large.call("boxes:create", None, {"code": "c5"})

    def test_nulls_end_the_job_before_anything_changed(self, large: Session) -> None:
        large.call("boxes:update", 7, {"size": None})
        large.call("boxes:update", 8, {"size": None})
        before = items(large)
        change(large, "size", required=True)
        ended = carry_on(large)[-1]
        assert (ended["state"], ended["problems"][0]["message"]) == ("failed", '"size" cannot be required: 2 records have no value for it')
        assert items(large) == before
        large.call("boxes:create", None, {"title": "still without size"})

    def test_a_type_is_converted_after_every_value_was_looked_at(self, large: Session) -> None:
        change(large, "note", type="integer")
        assert large.call("boxes:get", 5)["note"] == "5"
        assert carry_on(large)[-1]["state"] == "done"
        assert [row["note"] for row in large.call("boxes:list", pageSize="60", sort="id")] == list(range(60))

    def test_a_job_goes_on_after_a_crash_where_it_stood_or_a_little_before(self, large: Session) -> None:
        change(large, "size", index=True)
        watched = WatchedStore(large.store)

        def crash(store: Store, writes: Any) -> None:
            store.transact(writes)
            raise SystemExit

        watched.sendings.append(crash)
        with pytest.raises(SystemExit):
            large.process(watched).call("collections:reindex", "boxes")
        assert carry_on(large.process())[-1]["state"] == "done"
        assert all("l1" in item for item in items(large))

    def test_a_slice_ends_before_the_deadline(self, large: Session) -> None:
        part = reindexing.Slice(large.backend, large.clock.now_ms() + reindexing.RESERVE_MS - 1)
        assert part.is_over

    def test_silence_of_the_database_leaves_the_job(self, large: Session) -> None:
        change(large, "size", index=True)
        watched = WatchedStore(large.store)
        watched.readings.append(lambda store, keys: (_ for _ in ()).throw(StoreUnavailable("no answer")))
        with pytest.raises(AppError):
            large.process(watched).call("collections:reindex", "boxes")
        assert carry_on(large)[-1]["state"] == "done"


class TestRename:
    def test_records_stay_and_all_that_names_the_collection_follows(self, session: Session) -> None:
        session.call("collections:create", None, {"name": "lids", "fields": [{"name": "box", "type": "belongsTo", "target": "boxes"}]})
        session.call("lids:create", None, {"id": 1, "box": 2})
        session.workflow("w", [], collection="boxes")
        session.call("collections:update", "boxes", {"name": "crates"})
        assert [row["title"] for row in session.call("crates:list")] == ["a", "b", "c"]
        assert session.call("lids:get", 1, appends="box")["box"]["title"] == "b"
        assert session.call("collections:get", "boxes") is None
        assert session.call("collections/lids/fields:get", "box")["target"] == "crates"
        session.trigger("crates", 1, "w")
        with pytest.raises(AppError):
            session.call("boxes:list")

    @pytest.mark.parametrize("name", ["users", "a b", "", 5, "lids"])
    def test_a_bad_name_is_refused(self, session: Session, name: Json) -> None:
        session.call("collections:create", None, {"name": "lids", "fields": []})
        with pytest.raises(Invalid) as caught:
            session.call("collections:update", "boxes", {"name": name})
        assert caught.value.problems()[0].path == "name"
        assert len(session.call("boxes:list")) == 3


class TestPurge:
    def test_records_and_guards_of_a_removed_collection_are_removed(self, session: Session) -> None:
        change(session, "title", unique=True)
        definition = session.store.batch_get([Key(RECORDS, "collections#0", "boxes")])[Key(RECORDS, "collections#0", "boxes")]["data"]
        session.call("collections:destroy", "boxes")
        assert list(left(session.store, definition["uid"], definition["shards"])) == []
        assert session.call("collections:reindex")[0]["state"] == "settling"
        session.clock.sleep(40)
        session.call("collections:reindex")
        assert session.call("collections:reindex") == []

    def test_a_large_one_goes_in_slices(self, large: Session) -> None:
        change(large, "code", unique=True)
        carry_on(large)
        large.call("collections:destroy", "boxes")
        large.call("collections:create", None, {"name": "boxes", "fields": FIELDS})
        assert large.call("boxes:list") == []
        for _ in range(6):
            large.call("collections:reindex")
            large.clock.sleep(20)
        assert large.call("collections:reindex") == []


def left(store: Store, uid: str, shards: int) -> Iterator[Json]:
    """Records of a uid, and guards of the values that the tests use."""
    for shard in range(shards):
        yield from store.query(RECORDS, f"{uid}#{shard}").items
    yield from store.batch_get([Key(RECORDS, f"unique#{uid}#title#{value}", "guard") for value in "abc"]).values()


@pytest.mark.parametrize(
    ("name", "options"),
    [("size", {"type": "nosuch"}), ("size", {"unique": "yes"}), ("nosuch", {"index": True}), ("size", {"type": "belongsTo"})],
)
def test_a_bad_change_is_refused_and_nothing_is_written(session: Session, name: str, options: Json) -> None:
    refused(session, name, **options)
