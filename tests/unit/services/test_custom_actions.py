"""Triggers over the store in memory, where the database can be made to fail between two requests."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.keys import execution_key, record_key
from chalicelib.domain.ports import EXECUTIONS, Put, Store, StoreUnavailable, TransactionRefused, Update
from chalicelib.errors import Conflict, Invalid, NotFound, Unavailable
from tests.sessions import Session
from tests.stores import WatchedStore, after, answered, lost, refused, unheard, unread

SAY = {"type": "response-message", "config": {"message": "{{$context.data.title}} is {{$context.data.status}}"}}


def note(text: str) -> dict[str, Any]:
    """Makes an inspection record."""
    values = {"note": text, "sampleId": "{{$context.data.id}}"}
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": values}}}


def set_status(status: str) -> dict[str, Any]:
    params = {"filter": {"id": "{{$context.data.id}}"}, "values": {"status": status}}
    return {"type": "update", "config": {"collection": "samples", "params": params}}


END_FAILED = {"type": "end", "config": {"endStatus": -1}}
REJECT = {
    "type": "condition",
    "config": {"rejectOnFalse": True, "engine": "basic", "calculation": {"group": {"type": "or", "calculations": []}}},
}


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    return Session(store).install()


def notes(session: Session) -> list[Any]:
    """Of all inspection records, sorted: records made at the same moment come in any order."""
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


def status_of(session: Session, sample: int) -> Any:
    return session.call("samples:get", sample)["status"]


def test_the_example_submits_a_sample_above_90_and_says_no_below(session: Session) -> None:
    yes, no = session.trigger("samples", 1, "submit_inspection"), session.trigger("samples", 2, "submit_inspection")
    assert (yes.status, yes.messages) == (200, ["Sample 1 is submitted for inspection"])
    assert (no.status, no.body()["errors"]) == (400, [{"message": "The indicator of Sample 2 is 42: it must be greater than 90"}])
    assert (status_of(session, 1), status_of(session, 2)) == ("Submitted", "Collected")
    assert notes(session) == ["Inspection of Sample 1"]


class TestOneAfterTheOther:
    """Each synchronous workflow is a unit of its own, in the order of the keys."""

    def test_earlier_ones_stay_when_a_later_one_fails(self, session: Session) -> None:
        session.workflow("first", [note("first")])
        session.workflow("second", [note("second"), REJECT])
        answer = session.trigger("samples", 1, "first,second")
        assert (answer.status, [one["status"] for one in (answer.meta or {})["executions"]]) == (500, [1, -1])
        assert notes(session) == ["first"]

    @pytest.mark.parametrize("status", [1, -1])
    def test_an_end_node_stops_the_call(self, session: Session, status: int) -> None:
        session.workflow("first", [note("first"), {"type": "end", "config": {"endStatus": status}}])
        session.workflow("second", [note("second")])
        answer = session.trigger("samples", 1, "first,second")
        assert (answer.status, len((answer.meta or {})["executions"])) == (200 if status == 1 else 400, 1)
        assert notes(session) == ["first"]

    def test_the_next_one_rests_on_what_the_one_before_left(self, session: Session, store: WatchedStore) -> None:
        """The first changes the record; the second writes something else, and must neither be refused nor walk again."""
        session.workflow("first", [set_status("Checked")])
        session.workflow("second", [note("was {{$context.data.status}}")])
        session.trigger("samples", 1, "first,second")
        store.forget()
        answer = session.trigger("samples", 2, "first,second")
        assert answer.status == 200
        assert (len(store.reads), len(store.transactions)) == (1, 2)

    def test_messages_of_all_are_in_the_answer(self, session: Session) -> None:
        session.workflow("first", [SAY])
        session.workflow("second", [SAY])
        assert len(session.trigger("samples", 1, "first,second").messages) == 2

    def test_asynchronous_ones_are_queued_with_the_last(self, session: Session, store: WatchedStore) -> None:
        session.workflow("first", [note("first")])
        session.workflow("later", [note("later")], sync=False)
        store.forget()
        answer = session.trigger("samples", 1, "later,first")
        assert [(one["key"], one["status"]) for one in (answer.meta or {})["executions"]] == [("first", 1), ("later", None)]
        assert [execution["status"] for execution in session.executions("later")] == [None]
        assert len([writes for writes in store.transactions if any(write.key.table == EXECUTIONS for write in writes)]) == 1

    @pytest.mark.parametrize("stopping", [END_FAILED, {"type": "end", "config": {"endStatus": 1}}, REJECT])
    def test_asynchronous_ones_are_not_queued_when_the_call_stops(self, session: Session, stopping: Any) -> None:
        session.workflow("first", [stopping])
        session.workflow("later", [note("later")], sync=False)
        session.trigger("samples", 1, "first,later")
        assert session.executions("later") == []


class TestOthersAtTheSameTime:
    def test_a_record_changed_between_read_and_write_is_read_again(self, session: Session, store: WatchedStore) -> None:
        """The second walk sees the new title; the first left nothing."""
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("samples:update", 1, {"title": "Renamed"})))
        answer = session.trigger("samples", 1, "submit_inspection")
        assert answer.messages == ["Renamed is submitted for inspection"]
        assert notes(session) == ["Inspection of Renamed"]
        assert len(session.executions("submit_inspection")) == 1

    def test_a_record_that_a_run_only_rests_on_must_not_have_changed_either(self, session: Session, store: WatchedStore) -> None:
        session.workflow("noting", [note("{{$context.data.title}}")])
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("samples:update", 1, {"title": "Renamed"})))
        session.trigger("samples", 1, "noting")
        assert notes(session) == ["Renamed"]

    def test_a_run_that_writes_nothing_does_not_mind(self, session: Session, store: WatchedStore) -> None:
        session.workflow("saying", [SAY])
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("samples:update", 1, {"title": "Renamed"})))
        assert session.trigger("samples", 1, "saying").messages == ["Sample 1 is Collected"]

    def test_a_record_that_is_always_changed_is_a_409_and_nothing_is_written(self, session: Session, store: WatchedStore) -> None:
        other = session.process(store.inner)
        store.sendings.extend(after(lambda: other.call("samples:update", 1, {"indicator": 99})) for _ in range(10))
        with pytest.raises(Conflict) as conflict:
            session.trigger("samples", 1, "submit_inspection")
        assert conflict.value.data == {"retryAfter": 1}
        assert (notes(session), session.executions("submit_inspection")) == ([], [])

    def test_a_record_that_was_removed_meanwhile_is_a_404(self, session: Session, store: WatchedStore) -> None:
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("samples:destroy", 1)))
        with pytest.raises(NotFound):
            session.trigger("samples", 1, "submit_inspection")

    def test_an_execution_id_that_is_taken_is_exchanged(self, session: Session, store: WatchedStore) -> None:
        """Two calls drew the same id: the one that comes second takes another and walks again."""
        taken: list[int] = []

        def taken_first(inner: Store, writes: Any) -> None:
            execution = next(write.item for write in writes if isinstance(write, Put) and write.item["sk"] == "execution")
            taken.append(execution["id"])
            theirs = execution | {"doc": execution["doc"].replace('{"token":"', '{"token":"other'), "key": "another"}
            inner.transact([Put(EXECUTIONS, theirs)])
            inner.transact(writes)

        store.sendings.append(taken_first)
        answer = session.trigger("samples", 1, "submit_inspection")
        (summary,) = (answer.meta or {})["executions"]
        assert summary["id"] != taken[0]
        assert notes(session) == ["Inspection of Sample 1"]
        assert store.batch_get([execution_key(taken[0])])[execution_key(taken[0])]["key"] == "another"

    def test_a_definition_that_was_changed_meanwhile_is_not_frozen_unseen(self, session: Session, store: WatchedStore) -> None:
        """The nodes are edited between the read and the write of a version's first run: what ran must be what is frozen."""
        version = session.workflow("edited", [{"key": "out", "type": "output", "config": {"value": "old"}}])
        node = session.call(f"workflows/{version}/nodes:list")[0]["id"]
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("flow_nodes:update", node, {"config": {"value": "new"}})))
        session.trigger("samples", 1, "edited")
        (execution,) = session.executions("edited")
        (stored,) = session.call(f"workflows/{version}/nodes:list")
        assert execution["output"] == stored["config"]["value"]

    def test_a_workflow_disabled_meanwhile_is_not_run(self, session: Session, store: WatchedStore) -> None:
        version = session.workflow("disabled", [note("ran")])
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("workflows:update", version, {"enabled": False})))
        with pytest.raises(Invalid):
            session.trigger("samples", 1, "disabled")
        assert notes(session) == []


class TestFreezing:
    def test_the_first_run_freezes_the_version_and_later_ones_leave_it(self, session: Session, store: WatchedStore) -> None:
        version = session.workflow("frozen", [note("x")])
        session.trigger("samples", 1, "frozen")
        first = store.transactions[-1]
        session.trigger("samples", 1, "frozen")
        session.process().trigger("samples", 1, "frozen")
        touching = [any(write.key == record_key("workflows", version) for write in writes) for writes in (first, *store.transactions[-2:])]
        assert touching == [True, False, False]
        with pytest.raises(Invalid, match="config of executed workflow can not be updated"):
            session.call("workflows:update", version, {"config": {"type": 1, "collection": "posts"}})

    def test_a_failed_run_freezes_too(self, session: Session) -> None:
        version = session.workflow("frozen", [REJECT])
        session.trigger("samples", 1, "frozen")
        with pytest.raises(Invalid):
            session.call("workflows:update", version, {"config": {"type": 1, "collection": "posts"}})

    def test_an_edit_under_way_is_refused_by_the_first_run(self, session: Session, store: WatchedStore) -> None:
        version = session.workflow("frozen", [{"key": "out", "type": "output", "config": {"value": "old"}}])
        node = session.call(f"workflows/{version}/nodes:list")[0]["id"]
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.trigger("samples", 1, "frozen")))
        with pytest.raises(Invalid):
            session.call("flow_nodes:update", node, {"config": {"value": "new"}})
        assert session.call(f"workflows/{version}/nodes:list")[0]["config"] == {"value": "old"}

    def test_every_run_is_counted(self, session: Session) -> None:
        version = session.workflow("counted", [note("x")])
        for _ in range(5):
            session.trigger("samples", 1, "counted")
        assert session.executed("counted", version) == 5


class TestTrouble:
    """Whatever the database does, there is one effect or none, and the answer says which."""

    @pytest.mark.parametrize("step", [unheard, lost, refused("conflict"), refused("throttled")])
    def test_one_bad_send_is_mended(self, session: Session, store: WatchedStore, step: Any) -> None:
        store.sendings.append(step)
        answer = session.trigger("samples", 1, "submit_inspection")
        assert (answer.status, notes(session)) == (200, ["Inspection of Sample 1"])
        assert len(session.executions("submit_inspection")) == 1

    def test_an_unknown_outcome_is_a_503_with_the_execution(self, session: Session, store: WatchedStore) -> None:
        session.trigger("samples", 2, "submit_inspection")
        store.sendings.append(unheard)
        store.readings.extend([answered, unread])
        with pytest.raises(Unavailable) as unknown:
            session.trigger("samples", 1, "submit_inspection")
        (execution,) = [one for one in session.executions("submit_inspection") if one["record"] == "samples/1"]
        assert unknown.value.data["executionId"] == execution["id"]

    def test_no_answer_to_the_read_is_a_503(self, session: Session, store: WatchedStore) -> None:
        store.readings.append(unread)
        with pytest.raises(Unavailable):
            session.trigger("samples", 1, "submit_inspection")

    def test_no_answer_to_a_nodes_read_is_a_503_without_an_execution(self, session: Session, store: WatchedStore) -> None:
        query = {"type": "query", "config": {"collection": "categories", "multiple": False, "params": {"filter": {"id": 2}}}}
        session.workflow("asking", [note("before"), query])
        session.trigger("samples", 1, "asking")
        store.readings.extend([answered, unread])
        with pytest.raises(Unavailable):
            session.trigger("samples", 1, "asking")
        assert (len(session.executions("asking")), notes(session)) == (1, ["before"])

    def test_more_than_a_transaction_holds_is_refused_as_a_whole(self, session: Session) -> None:
        """Eighty records fit; with nine asynchronous workflows on top they do not."""
        for number in range(80):
            session.call("samples:create", None, {"id": 1000 + number, "title": f"s{number}"})
        archive = {"filter": {"id": {"$gte": 1000}}, "values": {"status": "Archived"}}
        session.workflow("many", [{"type": "update", "config": {"collection": "samples", "params": archive}}])
        for number in range(9):
            session.workflow(f"later{number}", [SAY], sync=False)
        refused = session.trigger("samples", 1, ",".join(["many", *(f"later{number}" for number in range(9))]))
        assert (refused.status, [one["status"] for one in (refused.meta or {})["executions"]]) == (500, [-2])
        assert (status_of(session, 1000), len(session.executions("many")), session.executions("later0")) == ("Collected", 1, [])
        assert session.trigger("samples", 1, "many").status == 200


def test_steps_of_the_script_are_the_ones_of_the_port(store: WatchedStore) -> None:
    """What the tests above rest on: a refused send writes nothing, an unheard one does."""
    key = record_key("c_x", 1)
    store.sendings.extend([refused("conflict"), lost, unheard])
    for expected in (TransactionRefused, StoreUnavailable, StoreUnavailable):
        with pytest.raises(expected):
            store.transact([Update(key, add={"version": 1})])
    assert store.batch_get([key])[key]["version"] == 1
