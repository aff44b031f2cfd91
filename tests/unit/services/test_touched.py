"""From a record every execution that touched it: started for it, had it among its rows, wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import EXECUTIONS, Delete
from chalicelib.errors import Invalid
from chalicelib.services import history
from chalicelib.services.sweeping import sweep
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS)).install()


def sample(session: Session, title: str = "s", **values: Json) -> int:
    record_id: int = session.call("samples:create", None, {"title": title, **values})["id"]
    return record_id


def create(**values: Json) -> Json:
    return {"key": "make", "type": "create", "config": {"collection": "samples", "params": {"values": values}}}


def update(record_id: Json, **values: Json) -> Json:
    return {"type": "update", "config": {"collection": "samples", "params": {"filter": {"id": record_id}, "values": values}}}


def destroy(record_id: int) -> Json:
    return {"key": "drop", "type": "destroy", "config": {"collection": "samples", "params": {"filter": {"id": record_id}}}}


def touched(session: Session, record_id: Json, **params: Json) -> list[Json]:
    rows: list[Json] = session.call("executions:list", filter={"record": f"samples/{record_id}"}, **params)
    return rows


def keys(session: Session, record_id: Json, **params: Json) -> list[str]:
    return [row["key"] for row in touched(session, record_id, **params)]


def hints(session: Session, execution_id: int) -> dict[str, Json]:
    items = session.store.query(EXECUTIONS, str(execution_id)).items
    return {item["record"]: item for item in items if item["sk"].startswith("touched#")}


def trigger(session: Session, record_id: int, key: str) -> int:
    answer = session.trigger("samples", record_id, key)
    assert answer.meta is not None
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


class TestSynchronous:
    def test_what_a_run_creates_updates_and_destroys_leads_to_it(self, session: Session) -> None:
        own, other, gone = (sample(session) for _ in range(3))
        session.workflow("work", [create(title="made"), update(other, title="new"), destroy(gone)])
        execution_id = trigger(session, own, "work")
        made = session.call("samples:list", filter={"title": "made"})[0]["id"]
        assert [keys(session, one) for one in (own, other, gone, made)] == [["work"]] * 4
        assert set(hints(session, execution_id)) == {f"samples/{one}" for one in (other, gone, made)}

    def test_the_record_it_was_started_for_needs_no_hint(self, session: Session) -> None:
        own = sample(session)
        session.workflow("work", [update("{{$context.data.id}}", title="new")])
        assert hints(session, trigger(session, own, "work")) == {}
        assert keys(session, own) == ["work"]

    def test_each_of_several_rows_leads_to_it(self, session: Session) -> None:
        rows = [sample(session) for _ in range(3)]
        session.workflow("many", [update(rows[1], title="new")], config={"type": 2, "collection": "samples"})
        session.answer("samples:trigger", None, {}, filterByTk=rows, triggerWorkflows="many")
        assert [keys(session, one) for one in rows] == [["many"]] * 3

    def test_what_failed_and_was_undone_leads_nowhere(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        never = {"group": {"type": "and", "calculations": [{"calculator": "equal", "operands": [1, 2]}]}}
        session.workflow(
            "bad", [update(other, title="new"), {"type": "condition", "config": {"rejectOnFalse": True, "calculation": never}}]
        )
        execution_id = session.trigger("samples", own, "bad").meta["executions"][0]["id"]  # type: ignore[index]
        assert session.execution(execution_id)["status"] == -1
        assert (keys(session, own), keys(session, other)) == (["bad"], [])

    def test_each_execution_of_a_unit_leads_from_what_it_wrote_itself(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        session.workflow("inner", [update(other, title="inner")], None)
        session.workflow("outer", [{"key": "sub", "type": "subflow", "config": {"workflow": "inner"}}, update(own, title="outer")])
        trigger(session, own, "outer")
        assert (keys(session, own), keys(session, other)) == (["outer"], ["inner"])

    def test_what_a_record_event_writes_is_its_own(self, session: Session) -> None:
        other = sample(session)
        config = {"collection": "samples", "mode": 1}
        session.workflow("event", [update(other, title="seen")], type="collection", config=config)
        made = sample(session, "new")
        assert (keys(session, made), keys(session, other)) == (["event"], ["event"])

    def test_by_hand_its_record_leads_to_it(self, session: Session) -> None:
        own = sample(session)
        version = session.workflow("hand", [{"type": "output", "config": {"value": 1}}])
        session.call("workflows:execute", version, {"userId": 1, "data": own})
        assert keys(session, own) == ["hand"]

    def test_a_warm_trigger_takes_two_requests(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        session.workflow("work", [{"type": "create", "config": {"collection": "samples", "params": {"values": {"title": "m"}}}}])
        store = WatchedStore(session.store)
        warm = session.process(store)
        warm.trigger("samples", own, "work")
        before = len(store.transactions)
        warm.trigger("samples", other, "work")
        assert len(store.transactions) == before + 1

    def test_of_more_than_a_transaction_holds_every_one_is_found(self, session: Session) -> None:
        store = WatchedStore(session.store)
        rows = [sample(session) for _ in range(60)]
        session.workflow("many", [update(one, title=f"t{one}") for one in rows], config={"type": 0}, collection=None)
        before = len(store.transactions)
        answer = session.process(store).answer("workflows:trigger", None, {}, triggerWorkflows="many")
        assert answer.meta is not None
        assert [len(writes) for writes in store.transactions[before:]][-1] == 100
        assert len(hints(session, answer.meta["executions"][0]["id"])) == 60
        assert all(keys(session, one) == ["many"] for one in rows)

    def test_ninety_rows_and_as_many_writes_still_fit(self, session: Session) -> None:
        rows = [sample(session) for _ in range(90)]
        each = [{"type": "update", "config": {"collection": "samples", "params": {"filter": {"title": "s"}, "values": {"title": "t"}}}}]
        session.workflow("many", each, config={"type": 2, "collection": "samples"})
        session.answer("samples:trigger", None, {}, filterByTk=rows, triggerWorkflows="many")
        assert {row["title"] for row in session.call("samples:list", filter={"id": {"$in": rows}}, pageSize=100)} == {"t"}
        assert all(keys(session, one) == ["many"] for one in rows)


class TestAsynchronous:
    def test_what_each_walk_writes_leads_to_it(self, session: Session) -> None:
        own, first, later = (sample(session) for _ in range(3))
        wait = {"key": "wait", "type": "delay", "config": {"duration": 5, "unit": 1_000, "endStatus": 1}}
        session.workflow("slow", [update(first, title="a"), wait, update(later, title="b"), update(first, title="c")], sync=False)
        execution_id = trigger(session, own, "slow")
        session.machines.run(session.backend)
        assert [keys(session, one) for one in (own, first, later)] == [["slow"]] * 3
        assert set(hints(session, execution_id)) == {f"samples/{first}", f"samples/{later}"}

    def test_rows_lead_to_it_before_it_has_begun(self, session: Session) -> None:
        rows = [sample(session) for _ in range(2)]
        session.workflow("slow", [create(title="m")], sync=False, config={"type": 2, "collection": "samples"})
        session.answer("samples:trigger", None, {}, filterByTk=rows, triggerWorkflows="slow")
        assert [[row["status"] for row in touched(session, one)] for one in rows] == [[None], [None]]

    def test_one_that_is_run_again_is_found_from_its_rows_too(self, session: Session) -> None:
        rows = [sample(session) for _ in range(2)]
        session.workflow("slow", [create(title="m")], sync=False, config={"type": 2, "collection": "samples"})
        session.answer("samples:trigger", None, {}, filterByTk=rows, triggerWorkflows="slow")
        session.machines.run(session.backend)
        session.clock.sleep(1)
        session.call("executions:rerun", touched(session, rows[0])[0]["id"], {})
        assert [keys(session, one) for one in rows] == [["slow", "slow"]] * 2

    def test_a_walk_reads_no_hints(self, session: Session) -> None:
        own = sample(session)
        session.workflow("slow", [create(title="m")], sync=False)
        execution_id = trigger(session, own, "slow")
        session.machines.run(session.backend)
        assert len(hints(session, execution_id)) == 1
        assert [job["nodeKey"] for job in session.call("executions:get", execution_id, appends="jobs")["jobs"]] == ["make"]

    def test_history_that_is_not_wanted_takes_its_hints_along(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        session.workflow("slow", [update(other, title="a")], sync=False, options={"deleteExecutionOnStatus": [1]})
        execution_id = trigger(session, own, "slow")
        session.machines.run(session.backend)
        assert (keys(session, own), keys(session, other)) == ([], [])
        session.clock.sleep(11)
        sweep(session.backend, session.clock.now_ms() + 60_000)
        assert hints(session, execution_id) == {}


class TestListing:
    def test_other_conditions_hold_for_the_execution_itself(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        session.workflow("one", [update(other, title="a")])
        session.workflow("two", [update(other, title="b"), {"type": "end", "config": {"endStatus": -1}}])
        for key in ("one", "two", "one"):
            session.trigger("samples", own, key)
            session.clock.sleep(1)
        assert keys(session, other) == ["one", "two", "one"]
        both = {"record": f"samples/{other}"}
        assert [row["key"] for row in session.call("executions:list", filter=both | {"status": -1})] == ["two"]
        assert [row["key"] for row in session.call("executions:list", filter=both | {"key": "one"})] == ["one", "one"]
        ids = [row["id"] for row in touched(session, other)]
        assert ids == sorted(ids, reverse=True)
        assert [row["id"] for row in touched(session, other, sort="id")] == ids[::-1]

    def test_pages_follow_each_other(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "LOOKED_UP", 2)
        own, other = sample(session), sample(session)
        session.workflow("one", [update(other, title="a")])
        for turn in range(5):
            session.trigger("samples", own if turn % 2 else other, "one")
            session.clock.sleep(1)
        first = session.answer("executions:list", filter={"record": f"samples/{other}"}, pageSize=2)
        assert first.meta is not None
        assert (first.meta["count"], first.meta["totalPage"]) == (5, 3)
        ids = [row["id"] for page in (1, 2, 3) for row in touched(session, other, pageSize=2, page=page)]
        assert len(set(ids)) == 5
        assert ids == sorted(ids, reverse=True)

    def test_an_execution_by_its_id_only_when_it_touched_the_record(self, session: Session) -> None:
        own, other, none = (sample(session) for _ in range(3))
        session.workflow("one", [update(other, title="a")])
        execution_id = trigger(session, own, "one")
        for record_id, found in ((own, 1), (other, 1), (none, 0)):
            rows = session.call("executions:list", filter={"id": execution_id, "record": f"samples/{record_id}"})
            assert len(rows) == found

    def test_of_several_records_each_execution_once(self, session: Session) -> None:
        own, other, third = (sample(session) for _ in range(3))
        session.workflow("one", [update(other, title="a")])
        session.workflow("two", [update(third, title="a")])
        first, second = trigger(session, own, "one"), trigger(session, own, "two")
        for records, found in (([own, other], {first, second}), ([other, third], {first, second}), ([other], {first})):
            named = {"record": {"$in": [f"samples/{one}" for one in records]}}
            rows = session.call("executions:list", filter=named)
            assert ([row["id"] for row in rows], len(rows)) == (sorted(found, reverse=True), len(found))
            assert len(session.call("executions:list", filter={"$and": [named, {"id": first}]})) == 1
        assert session.call("executions:list", filter={"record": {"$in": []}}) == []

    @pytest.mark.parametrize(
        "wanted",
        [
            {"$or": [{"record": "samples/1"}, {"record": "samples/2"}]},
            {"record": {"$ne": "samples/1"}},
            {"record": {"$not": {"$eq": "samples/1"}}},
            {"record": {"$includes": "samples"}},
            {"record": None},
            {"$and": [{"record": "samples/1"}, {"record": "samples/2"}]},
            {"record": {"$in": ["samples/1", None]}},
            {"record": {"$in": [f"samples/{one}" for one in range(21)]}},
        ],
    )
    @pytest.mark.parametrize("action", ["list", "destroy"])
    def test_a_condition_that_no_index_answers_is_refused(self, session: Session, wanted: Json, action: str) -> None:
        with pytest.raises(Invalid) as refused:
            session.call(f"executions:{action}", None, {}, filter=wanted)
        path = refused.value.problems()[0].path
        assert path is not None
        assert path.startswith("filter.record")

    def test_a_hint_to_an_execution_that_never_was_is_not_shown(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        session.workflow("one", [update(other, title="a")])
        execution_id = trigger(session, own, "one")
        session.store.transact([Delete(execution_key(execution_id))])
        assert hints(session, execution_id) != {}
        assert keys(session, other) == []

    def test_what_is_destroyed_takes_its_hints_along(self, session: Session) -> None:
        own, other = sample(session), sample(session)
        session.workflow("one", [update(other, title="a")])
        session.workflow("plain", [{"type": "output", "config": {"value": 1}}])
        ids = [trigger(session, own, "one"), trigger(session, own, "plain")]
        assert session.call("executions:destroy", None, filter={"record": f"samples/{own}"}) == 2
        assert all(session.store.query(EXECUTIONS, str(one)).items == [] for one in ids)
        assert keys(session, other) == []


class TestPeople:
    def test_what_a_form_writes_leads_to_the_execution_that_waits_for_it(self, session: Session) -> None:
        other = sample(session)
        action = {"key": "yes", "status": 1, "values": {"title": "by form"}}
        forms = {
            "make": {"type": "create", "collection": "samples", "actions": [action]},
            "change": {"type": "update", "collection": "samples", "filter": {"id": other}, "actions": [action | {"key": "ok"}]},
        }
        ask = {"type": "manual", "config": {"assignees": [1], "title": "Look", "forms": forms}}
        session.workflow("asks", [ask | {"key": "one"}, ask | {"key": "two"}], sync=False)
        own = sample(session)
        execution_id = trigger(session, own, "asks")
        for body in ({"make": {}, "_": "yes"}, {"change": {}, "_": "ok"}):
            session.machines.run(session.backend)
            [task] = session.call("workflowManualTasks:listMine", filter={"status": 0})
            session.call("workflowManualTasks:submit", task["id"], {"result": body})
        made = session.call("samples:list", filter={"title": "by form", "id": {"$ne": other}})[0]["id"]
        assert set(hints(session, execution_id)) == {f"samples/{made}", f"samples/{other}"}
        assert [keys(session, one) for one in (own, other, made)] == [["asks"]] * 3
