"""A workflow starts at a date of each record: the items say when, follow the records, and are read by the sweep, each time once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.instants import epoch_ms_of, iso_text
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Item, Key, Put, Store, StoreUnavailable, Update
from chalicelib.errors import Conflict, Invalid, TooLarge
from chalicelib.services import due_upkeep, reindexing
from chalicelib.services.due_records import start_due_records
from chalicelib.services.firing import LATEST_MS
from chalicelib.services.reindexing import SETTLE_MS
from chalicelib.services.sweeping import sweep
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NODES: Json = [{"type": "output", "key": "said", "config": {"value": "{{$context.data.title}} {{$context.date}}"}}]
FIELDS: Json = [
    {"name": "title", "type": "string"},
    {"name": "due", "type": "date"},
    {"name": "over", "type": "date"},
    {"name": "owner", "type": "belongsTo", "target": "users"},
    {"name": "parts", "type": "hasMany", "target": "loans", "foreignKey": "wholeId"},
]
CONFIG: Json = {"mode": 1, "collection": "loans", "startsOn": {"field": "due"}}


@pytest.fixture
def session() -> Session:
    made = Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS)).install()
    made.call("collections:create", None, {"name": "loans", "fields": FIELDS})
    return made


def watching(session: Session, key: str = "remind", enabled: bool = True, nodes: Json = NODES, **config: Json) -> int:
    body = {"key": key, "title": key, "type": "schedule", "enabled": enabled, "config": CONFIG | config, "nodes": nodes}
    version: int = session.call("workflows:create", None, body)["id"]
    return version


def at(minutes: float) -> str:
    return iso_text(NOW_MS + round(minutes * MINUTE_MS))


def lent(session: Session, minutes: float | None, **more: Json) -> int:
    due = {"due": at(minutes)} if minutes is not None else {}
    made: int = session.call("loans:create", None, {"title": "a"} | due | more)["id"]
    return made


def items(session: Session, key: str = "remind") -> list[Item]:
    """All items of a workflow, those too that nobody reads any more."""
    store = session.store
    memory = store.inner if isinstance(store, WatchedStore) else store
    assert isinstance(memory, MemoryStore)
    partitions = sorted({pk for pk, _ in memory._items[RECORDS] if pk.startswith(f"due#{key}#")})
    return [item for pk in partitions for item in memory.query(RECORDS, pk).items]


def dues(session: Session, key: str = "remind") -> dict[int, str]:
    return {int(item["sk"]): item["l1"] for item in items(session, key)}


def swept(session: Session) -> int:
    return sweep(session.backend, session.clock.now_ms() + 60_000)


def started(session: Session, key: str = "remind") -> list[tuple[int, str]]:
    """Record and time of every execution."""
    return sorted((one["context"]["data"]["id"], one["context"]["date"]) for one in session.executions(key))


def later(session: Session, minutes: float) -> None:
    session.clock.sleep(minutes * 60)


class TestItems:
    def test_a_record_with_a_date_to_come_has_an_item_and_no_other_has(self, session: Session) -> None:
        watching(session)
        coming, _, _ = lent(session, 5), lent(session, -5), lent(session, None)
        assert dues(session) == {coming: at(5)}

    def test_it_is_written_in_the_records_own_transaction(self, session: Session) -> None:
        watching(session)
        lent(session, 1)
        store = session.store
        assert isinstance(store, WatchedStore)
        store.forget()
        lent(session, 5)
        [writes] = store.transactions
        assert len(store.reads) == 1
        assert sorted(type(write).__name__ for write in writes if write.key.table == RECORDS) == ["Put", "Put"]

    def test_without_such_a_workflow_a_write_is_what_it_was(self, session: Session) -> None:
        session.call("collections:create", None, {"name": "plain", "fields": FIELDS[:3]})
        watching(session)
        store = session.store
        assert isinstance(store, WatchedStore)
        made = session.call("plain:create", None, {"title": "a", "due": at(5)})["id"]
        for action, body in (("create", {"due": at(5)}), ("update", {"due": at(6)}), ("destroy", None)):
            store.forget()
            session.call(f"plain:{action}", None if action == "create" else made, body)
            assert (len(store.reads), len(store.queries), [len(one) for one in store.transactions]) == (1, 0, [1])

    def test_it_follows_the_date_and_goes_with_the_record(self, session: Session) -> None:
        watching(session)
        one = lent(session, 5)
        session.call("loans:update", one, {"due": at(9)})
        assert dues(session) == {one: at(9)}
        session.call("loans:update", one, {"due": None})
        assert dues(session) == {}
        session.call("loans:update", one, {"due": at(7)})
        session.call("loans:destroy", one)
        assert dues(session) == {}

    def test_a_change_that_leaves_the_dates_alone_writes_none(self, session: Session) -> None:
        watching(session)
        one = lent(session, 5)
        store = session.store
        assert isinstance(store, WatchedStore)
        store.forget()
        session.call("loans:update", one, {"title": "b"})
        assert [len(writes) for writes in store.transactions] == [1]

    @pytest.mark.parametrize(
        ("config", "due"),
        [
            ({"startsOn": {"field": "due", "offset": -2, "unit": MINUTE_MS}}, 3),
            ({"startsOn": {"field": "due", "offset": 1}}, 5 + 24 * 60),
            ({"startsOn": {"field": "due", "offset": -10, "unit": MINUTE_MS}}, None),
            ({"startsOn": {"field": "due", "offset": -10, "unit": MINUTE_MS}, "repeat": 4 * MINUTE_MS}, 3),
            ({"repeat": "30 * * * *"}, 30),
            ({"endsOn": {"field": "over"}}, None),
            ({"endsOn": {"field": "over", "offset": 1, "unit": MINUTE_MS}}, 5),
            ({"endsOn": iso_text(NOW_MS + 4 * MINUTE_MS)}, None),
            ({"startsOn": {"field": "createdAt", "offset": 1, "unit": HOUR_MS}}, 60),
        ],
    )
    def test_offset_repetition_and_end_say_when(self, session: Session, config: Json, due: int | None) -> None:
        watching(session, **config)
        one = lent(session, 5, over=at(4))
        assert dues(session) == ({one: at(due)} if due is not None else {})

    def test_a_record_without_a_date_costs_nothing_more(self, session: Session) -> None:
        watching(session, endsOn={"field": "over"})
        one = lent(session, None)
        store = session.store
        assert isinstance(store, WatchedStore)
        store.forget()
        session.call("loans:update", one, {"over": at(5)})
        session.call("loans:destroy", one)
        assert [len(writes) for writes in store.transactions] == [1, 1]

    def test_every_way_to_write_a_record_is_heeded(self, session: Session) -> None:
        watching(session)
        whole = session.call("loans:create", None, {"due": at(3), "parts": [{"due": at(4)}, {"due": at(-4)}]})["id"]
        assert sorted(dues(session).values()) == [at(3), at(4)]
        values = {"title": "n", "due": "{{$context.data.when}}"}
        nodes = [
            {"type": "create", "config": {"collection": "loans", "params": {"values": values}}},
            {
                "type": "update",
                "config": {"collection": "loans", "params": {"filter": {"id": whole}, "values": {"due": at(8)}, "individualHooks": False}},
            },
        ]
        session.workflow("write", nodes, collection=None)
        session.answer("workflows:trigger", None, {"when": at(6)}, triggerWorkflows="write")
        assert sorted(dues(session).values()) == [at(4), at(6), at(8)]
        remove = [{"type": "destroy", "config": {"collection": "loans", "params": {"filter": {"id": whole}}}}]
        session.workflow("remove", remove, collection=None)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="remove")
        assert sorted(dues(session).values()) == [at(4), at(6)]

    def test_items_count_among_what_a_run_may_write(self, session: Session) -> None:
        watching(session)
        parts = [{"due": at(5)} for _ in range(45)]
        with pytest.raises(TooLarge, match="at most 90 items"):
            session.call("loans:create", None, {"title": "whole", "parts": parts})
        assert dues(session) == {}
        session.call("loans:create", None, {"title": "whole", "due": at(5), "parts": parts[:44]})
        assert len(dues(session)) == 45

    def test_each_workflow_has_items_of_its_own(self, session: Session) -> None:
        watching(session)
        watching(session, "warn", startsOn={"field": "due", "offset": -1, "unit": MINUTE_MS})
        one = lent(session, 5)
        assert (dues(session), dues(session, "warn")) == ({one: at(5)}, {one: at(4)})


class TestStarting:
    def test_a_record_that_is_due_starts_the_workflow_once(self, session: Session) -> None:
        watching(session, appends=["owner"])
        one = lent(session, 5, owner=1)
        later(session, 4.9)
        swept(session)
        assert started(session) == []
        later(session, 0.2)
        session.call("loans:update", one, {"title": "now"})
        assert swept(session) > 0
        assert swept(session) == 0
        [execution] = session.executions("remind")
        assert execution["context"]["date"] == at(5)
        data = execution["context"]["data"]
        assert (data["id"], data["title"], data["owner"]["id"]) == (one, "now", 1)
        assert dues(session) == {}
        assert list(session.machines.executions) == [f"{execution['id']}-1"]

    def test_the_execution_is_found_from_the_record(self, session: Session) -> None:
        watching(session)
        one = lent(session, 1)
        later(session, 1)
        swept(session)
        [item] = session.store.query(EXECUTIONS, f"loans/{one}", index="byRecord").items
        assert item["key"] == "remind"

    def test_a_repetition_goes_on_until_its_end(self, session: Session) -> None:
        watching(session, repeat=10 * MINUTE_MS, endsOn={"field": "over"})
        one = lent(session, 5, over=at(30))
        for _ in range(60):
            later(session, 1)
            swept(session)
        assert started(session) == [(one, at(5)), (one, at(15)), (one, at(25))]
        assert dues(session) == {}

    def test_a_record_that_is_gone_starts_nothing(self, session: Session) -> None:
        watching(session)
        one = lent(session, 5)
        [kept] = items(session)
        session.call("loans:destroy", one)
        session.store.transact([Put(RECORDS, kept)])
        later(session, 6)
        swept(session)
        assert (started(session), items(session)) == ([], [])

    def test_an_item_that_is_wrong_is_put_right_and_starts_nothing(self, session: Session) -> None:
        watching(session)
        one = lent(session, 9)
        [kept] = items(session)
        session.store.transact([Put(RECORDS, kept | {"l1": at(5)})])
        later(session, 6)
        swept(session)
        assert (started(session), dues(session)) == ([], {one: at(9)})

    def test_late_by_less_than_a_day_starts_once_and_skips_what_else_was_missed(self, session: Session) -> None:
        watching(session, repeat=10 * MINUTE_MS)
        one = lent(session, 5)
        later(session, 37)
        swept(session)
        assert (started(session), dues(session)) == ([(one, at(5))], {one: at(45)})

    def test_later_than_a_day_is_passed_over(self, session: Session) -> None:
        watching(session, repeat=HOUR_MS)
        watching(session, "once")
        one = lent(session, 5)
        session.clock.sleep((LATEST_MS + 6 * MINUTE_MS) / 1000)
        swept(session)
        assert (started(session), started(session, "once"), dues(session, "once")) == ([], [], {})
        assert dues(session) == {one: at(24 * 60 + 65)}

    def test_limit_counts_over_records_and_versions(self, session: Session) -> None:
        version = watching(session, limit=3)
        for _ in range(2):
            lent(session, 1)
        later(session, 1)
        swept(session)
        second = session.call("workflows:revision", version, None, filter={"key": "remind"})["id"]
        session.call("workflows:update", second, {"enabled": True})
        for _ in range(4):
            lent(session, 3)
        later(session, 3)
        swept(session)
        assert len(started(session)) == 3
        assert dues(session) == {}

    def test_a_record_too_large_to_start_with_does_not_hold_up_the_others(self, session: Session) -> None:
        watching(session, appends=["parts"])
        parts = [{"title": "x" * 30_000} for _ in range(14)]
        big, small = lent(session, 1, parts=parts), lent(session, 1)
        later(session, 1)
        swept(session)
        assert [one for one, _ in started(session)] == [small]
        assert big not in dues(session)

    def test_one_id_taken_by_another_execution_is_not_the_end(self, session: Session) -> None:
        watching(session)
        one = lent(session, 1)
        later(session, 1)
        store = session.store
        assert isinstance(store, WatchedStore)
        taken: list[int] = []

        def occupied(inner: Store, writes: Any) -> None:
            execution = next(write for write in writes if isinstance(write, Put) and write.item["sk"] == "execution")
            inner.transact([Put(EXECUTIONS, execution.item | {"key": "other", "doc": '{"token": "x"}'})])
            taken.append(execution.item["id"])
            inner.transact(writes)

        store.sendings.append(occupied)
        assert start_due_records(session.backend, session.clock.now_ms() + 60_000) == 1
        assert started(session) == [(one, at(1))]
        assert session.executions("remind")[0]["id"] not in taken

    def test_a_sweep_that_died_or_heard_no_answer_starts_nothing_twice(self, session: Session) -> None:
        watching(session, repeat=10 * MINUTE_MS)
        ids = [lent(session, 1) for _ in range(12)]
        later(session, 1)
        store = session.store
        assert isinstance(store, WatchedStore)

        def unheard(inner: Store, writes: Any) -> None:
            inner.transact(writes)
            raise StoreUnavailable("no answer")

        def unsent(inner: Store, writes: Any) -> None:
            raise StoreUnavailable("no answer")

        before = {item["sk"]: item for item in items(session)}
        store.sendings.extend([unheard, unsent])
        for _ in range(3):
            swept(session)
        assert started(session) == sorted((one, at(1)) for one in ids)
        # As if the items had been put back: the marks stand.
        store.transact([Put(RECORDS, item) for item in before.values()])
        swept(session)
        assert started(session) == sorted((one, at(1)) for one in ids)
        assert set(dues(session).values()) == {at(11)}

    def test_five_hundred_in_one_minute_all_start(self, session: Session) -> None:
        watching(session)
        ids = [lent(session, 5, parts=[{"due": at(5)} for _ in range(24)]) for _ in range(20)]
        later(session, 5)
        swept(session)
        assert len(started(session)) == 500
        assert len(set(started(session))) == 500
        assert {one for one, _ in started(session)} >= set(ids)
        assert dues(session) == {}

    def test_a_workflow_that_fails_to_load_does_not_stop_another(self, session: Session, caplog: pytest.LogCaptureFixture) -> None:
        watching(session, "broken")
        watching(session)
        one = lent(session, 1)
        later(session, 1)
        session.store.transact([Update(Key(RECORDS, "enabled#broken", "enabled"), set={"data": {"id": 1}})])
        session.store.transact([Update(Key(RECORDS, "epoch", "epoch"), add={"value": 1})])
        swept(session)
        assert started(session) == [(one, at(1))]
        assert "broken" in caplog.text


class TestEnabling:
    def test_records_that_are_there_are_found_and_only_times_to_come_count(self, session: Session) -> None:
        coming, _ = lent(session, 5), lent(session, -5)
        version = watching(session, enabled=False)
        assert dues(session) == {}
        session.call("workflows:update", version, {"enabled": True})
        assert dues(session) == {coming: at(5)}

    def test_more_than_a_thousand_are_left_to_the_sweep(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(due_upkeep, "MOST_INLINE", 25)
        monkeypatch.setattr(reindexing, "MOST_A_SLICE", 25)
        for _ in range(4):
            lent(session, 5, parts=[{"due": at(6)} for _ in range(24)])
        watching(session)
        assert len(dues(session)) == 25
        swept(session)
        assert len(dues(session)) == 100

    def test_what_came_due_while_it_was_found_starts_late(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(due_upkeep, "MOST_INLINE", 25)
        lent(session, 5, parts=[{"due": at(1)} for _ in range(30)])
        watching(session)
        later(session, 3)
        swept(session)
        swept(session)
        assert len(started(session)) == 30

    def test_who_wrote_under_the_definitions_before_is_found_by_a_second_look(self, session: Session) -> None:
        one, other = lent(session, 5), lent(session, 6)
        watching(session)
        moved = _stored(session, one)
        session.store.transact([Put(RECORDS, moved | {"version": 2, "data": moved["data"] | {"due": at(8)}})])
        dropped = _stored(session, other)
        session.store.transact([Put(RECORDS, dropped | {"version": 2, "data": {"title": "a"}})])
        assert dues(session) == {one: at(5), other: at(6)}
        session.clock.sleep(SETTLE_MS / 1000 + 1)
        swept(session)
        assert dues(session) == {one: at(8)}
        assert session.store.query(RECORDS, "dues").items == []

    def test_disabling_removes_the_items_and_enabling_again_begins_anew(self, session: Session) -> None:
        one = lent(session, 5)
        version = watching(session)
        session.call("workflows:update", version, {"enabled": False})
        session.call("loans:update", one, {"due": at(6)})
        later(session, 7)
        swept(session)
        assert (started(session), dues(session)) == ([], {})
        session.call("loans:update", one, {"due": at(9)})
        session.call("workflows:update", version, {"enabled": True})
        assert dues(session) == {one: at(9)}
        later(session, 3)
        swept(session)
        assert started(session) == [(one, at(9))]
        later(session, 1)
        swept(session)
        assert session.store.query(RECORDS, "dues").items == []

    def test_who_disables_it_while_it_is_being_filled_has_the_last_word(self, session: Session) -> None:
        lent(session, 5)
        version = watching(session, enabled=False)
        store = session.store
        assert isinstance(store, WatchedStore)
        other = session.process(store.inner)

        def enabled(inner: Store, writes: Any) -> None:
            inner.transact(writes)

        def disabled(inner: Store, writes: Any) -> None:
            other.call("workflows:update", version, {"enabled": False})
            inner.transact(writes)

        store.sendings.extend([enabled, disabled])
        session.call("workflows:update", version, {"enabled": True})
        assert (list(store.sendings), items(session)) == ([], [])
        assert session.call("workflows:get", version)["enabled"] is False

    def test_a_record_that_changes_while_it_is_found_is_read_again(self, session: Session) -> None:
        one = lent(session, 5)
        version = watching(session, enabled=False)
        store = session.store
        assert isinstance(store, WatchedStore)
        other = session.process(store.inner)

        def enabled(inner: Store, writes: Any) -> None:
            inner.transact(writes)

        def emptied(inner: Store, writes: Any) -> None:
            other.call("loans:update", one, {"due": None})
            inner.transact(writes)

        store.sendings.extend([enabled, emptied])
        session.call("workflows:update", version, {"enabled": True})
        assert (list(store.sendings), dues(session)) == ([], {})

    def test_what_only_describes_it_leaves_the_items_alone(self, session: Session) -> None:
        version = watching(session)
        lent(session, 5)
        before = items(session)
        session.call("workflows:update", version, {"title": "Another"})
        session.call(f"workflows/{version}/nodes:create", None, {"type": "variable", "config": {"value": 1}})
        swept(session)
        assert items(session) == before

    def test_a_changed_rule_or_another_version_begins_anew(self, session: Session) -> None:
        one = lent(session, 5, over=at(7))
        version = watching(session)
        session.call("workflows:update", version, {"config": CONFIG | {"startsOn": {"field": "over"}}})
        swept(session)
        assert dues(session) == {one: at(7)}
        second = session.call("workflows:revision", version, None, filter={"key": "remind"})["id"]
        assert dues(session) == {one: at(7)}
        session.call("workflows:update", second, {"enabled": True, "config": CONFIG})
        swept(session)
        assert dues(session) == {one: at(5)}

    def test_a_workflow_that_is_removed_leaves_no_items(self, session: Session) -> None:
        lent(session, 5)
        version = watching(session)
        session.call("workflows:destroy", version)
        swept(session)
        session.clock.sleep(SETTLE_MS / 1000 + 1)
        swept(session)
        assert items(session) == []
        assert session.store.query(RECORDS, "dues").items == []

    def test_a_job_that_nobody_wants_any_more_ends(self, session: Session) -> None:
        version = watching(session)
        [job] = session.store.query(RECORDS, "dues").items
        session.call("workflows:update", version, {"enabled": False})
        session.store.transact([Put(RECORDS, job)])
        session.clock.sleep(SETTLE_MS / 1000 + 1)
        swept(session)
        swept(session)
        assert session.store.query(RECORDS, "dues").items == []

    def test_the_number_is_not_shown_and_not_copied(self, session: Session) -> None:
        version = watching(session)
        assert "dueSince" not in session.call("workflows:get", version)
        copy = session.call("workflows:revision", version)["id"]
        key = Key(RECORDS, "workflows#0", f"{copy:016d}")
        assert "dueSince" not in session.store.batch_get([key])[key]["data"]


def _stored(session: Session, record_id: int) -> Item:
    [key] = [Key(RECORDS, one["pk"], one["sk"]) for one in _records(session) if one["sk"] == f"{record_id:016d}"]
    return session.store.batch_get([key])[key]


def _records(session: Session) -> list[Item]:
    key = Key(RECORDS, "collections#0", "loans")
    uid = session.store.batch_get([key])[key]["data"]["uid"]
    return session.store.query(RECORDS, f"{uid}#0").items


class TestCollections:
    def test_a_field_that_is_watched_keeps_its_type_and_place(self, session: Session) -> None:
        watching(session, endsOn={"field": "over"})
        lent(session, 5)
        for name in ("due", "over"):
            with pytest.raises(Invalid) as refused:
                session.call("collections/loans/fields:destroy", name)
            assert refused.value.problems()[0].code == "FIELD_IN_USE"
            with pytest.raises(Conflict, match='"remind"') as conflict:
                session.call("collections/loans/fields:update", name, {"type": "dateOnly"})
            assert conflict.value.code == "FIELD_IN_USE"
        session.call("collections/loans/fields:update", "title", {"type": "text"})

    def test_a_default_for_records_without_a_date_is_refused_too(self, session: Session) -> None:
        watching(session)
        lent(session, None)
        with pytest.raises(Conflict, match="disable them first"):
            session.call("collections/loans/fields:update", "due", {"required": True, "defaultValue": at(5)})

    def test_a_collection_under_another_name_is_watched_as_before(self, session: Session) -> None:
        watching(session)
        one = lent(session, 5)
        session.call("collections:update", "loans", {"name": "rentals"})
        other = session.call("rentals:create", None, {"title": "b", "due": at(6)})["id"]
        assert dues(session) == {one: at(5), other: at(6)}
        later(session, 6)
        swept(session)
        assert started(session) == sorted([(one, at(5)), (other, at(6))])

    def test_a_dropped_collection_leaves_no_items(self, session: Session) -> None:
        version = watching(session)
        lent(session, 5)
        session.call("collections:destroy", "loans")
        assert session.call("workflows:get", version)["enabled"] is False
        swept(session)
        assert items(session) == []

    def test_shards_have_partitions_of_their_own(self, session: Session) -> None:
        session.call("collections:create", None, {"name": "wide", "shards": 4, "fields": FIELDS[:3]})
        watching(session, collection="wide")
        for _ in range(30):
            session.call("wide:create", None, {"title": "w", "due": at(1)})
        assert {item["pk"].rpartition("#")[2] for item in items(session)} == {"0", "1", "2", "3"}
        later(session, 1)
        swept(session)
        assert len(started(session)) == 30

    def test_records_of_the_system_are_not_watched(self, session: Session) -> None:
        with pytest.raises(Invalid) as refused:
            watching(session, collection="users", startsOn={"field": "createdAt"})
        assert refused.value.problems()[0].path == "config.collection"


@pytest.mark.parametrize("seed", range(8))
def test_random_changes_and_sweeps_start_every_time_exactly_once(session: Session, seed: int) -> None:
    """Against a plain model: what is due at a whole minute is what the dates that were there just before it say."""
    random_ = random.Random(seed)
    repeat = random_.choice([None, 7 * MINUTE_MS, "*/5 * * * *"])
    watching(session, repeat=repeat, endsOn=random_.choice([None, {"field": "over"}]))
    config = session.call("workflows:list", filter={"key": "remind"})[0]["config"]
    rows: dict[int, Json] = {}
    expected: list[tuple[int, str]] = []
    for _ in range(40):
        for _ in range(random_.randrange(4)):
            _change(session, random_, rows)
        session.clock.sleep(60 - session.clock.now_ms() % MINUTE_MS / 1000)
        now_ms = session.clock.now_ms()
        expected += [(one, iso_text(now_ms)) for one, row in rows.items() if _is_due(config, row, now_ms)]
        for _ in range(random_.randrange(1, 3)):
            swept(session)
        session.clock.sleep(random_.randrange(1, 59))
    assert started(session) == sorted(expected)
    assert len(expected) > 3


def _change(session: Session, random_: random.Random, rows: dict[int, Json]) -> None:
    now_ms = session.clock.now_ms()
    values = {name: iso_text(now_ms + random_.randrange(-10, 30) * MINUTE_MS // 2) for name in ("due", "over") if random_.random() < 0.7}
    kind = random_.choice(["create", "create", "update", "title", "destroy"])
    if kind == "create" or not rows:
        made = session.call("loans:create", None, {"title": "r"} | values)["id"]
        rows[made] = values | {"since": now_ms}
        return
    one = random_.choice(list(rows))
    if kind == "update":
        session.call("loans:update", one, values)
        rows[one] = rows[one] | values | {"since": now_ms}
    elif kind == "title":
        session.call("loans:update", one, {"title": f"t{now_ms}"})
    else:
        session.call("loans:destroy", one)
        del rows[one]


def _is_due(config: Json, row: Json, now_ms: int) -> bool:
    """Minute by minute from the record's start on."""
    if "due" not in row or now_ms <= row["since"]:
        return False
    start = -(-epoch_ms_of(row["due"]) // MINUTE_MS) * MINUTE_MS
    if now_ms < start or (config.get("endsOn") and "over" in row and now_ms > epoch_ms_of(row["over"])):
        return False
    if config.get("repeat") is None:
        return now_ms == start
    if isinstance(config["repeat"], int):
        return (now_ms - start) % config["repeat"] == 0
    return now_ms // MINUTE_MS % 5 == 0


def test_two_sweeps_that_read_the_same_start_it_once(session: Session) -> None:
    watching(session)
    ids = [lent(session, 1) for _ in range(3)]
    later(session, 1)
    store = session.store
    assert isinstance(store, WatchedStore)
    other = session.process(store.inner)

    def overtaken(inner: Store, writes: Any) -> None:
        assert start_due_records(other.backend, session.clock.now_ms() + 60_000) == 3
        inner.transact(writes)

    store.sendings.append(overtaken)
    start_due_records(session.backend, session.clock.now_ms() + 60_000)
    assert started(session) == sorted((one, at(1)) for one in ids)


def test_a_record_that_changes_under_the_sweep_is_looked_at_again(session: Session) -> None:
    watching(session)
    one = lent(session, 1)
    later(session, 1)
    store = session.store
    assert isinstance(store, WatchedStore)
    other = session.process(store.inner)

    def changed(inner: Store, writes: Any) -> None:
        other.call("loans:update", one, {"due": at(4)})
        inner.transact(writes)

    store.sendings.append(changed)
    start_due_records(session.backend, session.clock.now_ms() + 60_000)
    assert (started(session), dues(session)) == ([], {one: at(4)})


def test_a_workflow_that_is_disabled_under_the_sweep_is_not_started(session: Session) -> None:
    version = watching(session, repeat=10 * MINUTE_MS)
    one = lent(session, 1)
    later(session, 1)
    swept(session)
    later(session, 10)
    store = session.store
    assert isinstance(store, WatchedStore)
    other = session.process(store.inner)

    def disabled(inner: Store, writes: Any) -> None:
        other.call("workflows:update", version, {"enabled": False})
        swept(other)
        inner.transact(writes)

    store.sendings.append(disabled)
    start_due_records(session.backend, session.clock.now_ms() + 60_000)
    assert (started(session), items(session)) == ([(one, at(1))], [])


def test_a_record_that_others_keep_changing_does_not_hold_up_the_others(session: Session) -> None:
    watching(session)
    busy, quiet = lent(session, 1), lent(session, 1)
    later(session, 1)
    store = session.store
    assert isinstance(store, WatchedStore)
    other = session.process(store.inner)

    def changed(inner: Store, writes: Any) -> None:
        if any(write.key.sk == f"{busy:016d}" for write in writes):
            other.call("loans:update", busy, {"title": f"t{session.clock.now_ms()}"})
        inner.transact(writes)

    store.sendings.extend([changed] * 60)
    start_due_records(session.backend, session.clock.now_ms() + 600_000)
    assert started(session) == [(quiet, at(1))]
    store.sendings.clear()
    swept(session)
    assert [one for one, _ in started(session)] == sorted([busy, quiet])
