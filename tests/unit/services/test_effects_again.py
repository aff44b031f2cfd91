"""A walk that starts again has no effect twice, not even those of executions inside the run, whose ids are others in each walk."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import DeadlineExceeded
from chalicelib.services.async_runs import AsyncRuns
from tests.outside import FakeOutside
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, after, refused
from tests.unit.services.slow_calls import SlowOutside, note
from tests.unit.services.slow_calls import trigger as trigger_in_time

Json = Any
URL = "https://example.com/told"
TELL = {"key": "tell", "type": "request", "config": {"url": URL, "ignoreFail": True}}
INSIDE = {"key": "inside", "type": "subflow", "config": {"workflow": "told"}}
MADE = {"collection": "inspectionRecords", "mode": 1}


@pytest.fixture
def outside() -> FakeOutside:
    return FakeOutside({"request": {"status": 200}})


@pytest.fixture
def session(outside: FakeOutside) -> Session:
    session = Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS), outside=outside).install()
    session.workflow("told", [TELL], None)
    return session


def store(session: Session) -> WatchedStore:
    assert isinstance(session.store, WatchedStore)
    return session.store


def keys(outside: FakeOutside) -> list[str]:
    return [key for *_, key in outside.sent]


def told_of_notes(session: Session) -> None:
    session.workflow("event", [TELL], type="collection", config=MADE)


class TestASynchronousRun:
    def test_a_subflow_tells_once(self, session: Session, outside: FakeOutside) -> None:
        session.workflow("outer", [INSIDE], None)
        store(session).sendings.extend([refused("condition"), refused("condition")])
        session.answer("workflows:trigger", None, {}, triggerWorkflows="outer")
        assert len(session.executions("outer")) == 1
        assert len(outside.sent) == 1

    def test_what_its_records_set_off_tells_once_for_each(self, session: Session, outside: FakeOutside) -> None:
        told_of_notes(session)
        twice = {"type": "loop", "config": {"target": 2}, "branches": {"0": [note("n")]}}
        session.workflow("outer", [note("first"), twice], None)
        store(session).sendings.append(refused("condition"))
        session.answer("workflows:trigger", None, {}, triggerWorkflows="outer")
        assert len(session.executions("event")) == 3
        assert (len(outside.sent), len(set(keys(outside)))) == (3, 3)

    def test_each_record_of_one_node_is_told_of(self, session: Session, outside: FakeOutside) -> None:
        session.workflow("event", [TELL], type="collection", config={"collection": "samples", "mode": 2})
        all_of_them = {
            "type": "update",
            "config": {"collection": "samples", "params": {"filter": {"id": [1, 2, 3]}, "values": {"title": "x"}}},
        }
        session.workflow("outer", [all_of_them], None)
        store(session).sendings.append(refused("condition"))
        session.answer("workflows:trigger", None, {}, triggerWorkflows="outer")
        assert (len(outside.sent), len(set(keys(outside)))) == (3, 3)

    def test_what_stands_elsewhere_in_the_next_walk_is_told_too(self, session: Session, outside: FakeOutside) -> None:
        """The record has changed meanwhile, and another branch is walked: its subflow has not told anybody yet."""
        session.workflow("other", [TELL], None)
        held = {"rejectOnFalse": False, "calculation": {"calculator": "equal", "operands": ["{{$context.data.title}}", "B"]}}
        branches = {"1": [INSIDE | {"key": "b", "config": {"workflow": "other"}}], "0": [INSIDE | {"key": "a"}]}
        session.workflow("outer", [{"type": "condition", "config": held, "branches": branches}, note("w")])
        store(session).sendings.append(after(lambda: session.process(store(session).inner).call("samples:update", 1, {"title": "B"})))
        session.trigger("samples", 1, "outer")
        assert [len(session.executions(key)) for key in ("told", "other")] == [0, 1]
        assert (len(outside.sent), len(set(keys(outside)))) == (2, 2)

    def test_another_try_of_a_subflow_tells_again(self, session: Session) -> None:
        outside = FakeOutside({"request": {"each": [{"fail": {"message": "no"}}, {"status": 200}]}})
        other = Session(session.store, session.clock, outside=outside)
        other.workflow("fails", [{"type": "request", "config": {"url": URL}}], None)
        retry = [{"errors": ["FAILED"], "maxAttempts": 1, "intervalSeconds": 1}]
        other.workflow("outer", [{"type": "subflow", "config": {"workflow": "fails", "retry": retry}}], None)
        other.answer("workflows:trigger", None, {}, triggerWorkflows="outer")
        assert [one["status"] for one in other.executions("outer")] == [1]
        assert len(set(keys(outside))) == 2


def test_after_a_record_a_workflow_tells_once(session: Session, outside: FakeOutside) -> None:
    session.workflow("after", [INSIDE], type="action", config={"collection": "samples", "global": True, "actions": ["create"]})
    store(session).sendings.extend([lambda inner, writes: inner.transact(writes), refused("condition")])
    session.call("samples:create", None, {"title": "s"})
    assert len(session.executions("after")) == 1
    assert len(outside.sent) == 1


def test_what_a_call_itself_sets_off_tells_once(session: Session, outside: FakeOutside) -> None:
    told_of_notes(session)
    store(session).sendings.append(refused("condition"))
    session.call("inspectionRecords:create", None, {"note": "a"})
    session.call("inspectionRecords:create", None, {"note": "b"})
    assert (len(outside.sent), len(set(keys(outside)))) == (2, 2)


class TestAnAsynchronousRun:
    def queue(self, session: Session, *nodes: Json) -> int:
        session.workflow("slow", list(nodes), None, sync=False)
        meta: Json = session.answer("workflows:trigger", None, {}, triggerWorkflows="slow").meta
        execution_id: int = meta["executions"][0]["id"]
        return execution_id

    def walk(self, session: Session, execution_id: int) -> None:
        AsyncRuns(session.backend).run_segment({"executionId": execution_id, "attempt": 1}, session.clock.now_ms() + 60_000)

    @pytest.mark.parametrize("position", range(3))
    def test_a_subflow_and_an_event_tell_once_in_one_call(self, session: Session, outside: FakeOutside, position: int) -> None:
        told_of_notes(session)
        execution_id = self.queue(session, INSIDE, note("n"))
        store(session).sendings.extend([lambda inner, writes: inner.transact(writes)] * position)
        store(session).sendings.append(refused("condition"))
        self.walk(session, execution_id)
        assert session.execution(execution_id)["status"] == 1
        assert (len(outside.sent), len(set(keys(outside)))) == (2, 2)

    def test_another_call_tells_under_the_same_keys(self, session: Session, outside: FakeOutside) -> None:
        told_of_notes(session)
        execution_id = self.queue(session, INSIDE, note("n"))

        def dies(inner: Any, writes: Any) -> None:
            raise KeyboardInterrupt

        store(session).sendings.extend([lambda inner, writes: inner.transact(writes), dies])
        with pytest.raises(KeyboardInterrupt):
            self.walk(session, execution_id)
        session.clock.sleep(30)
        self.walk(session, execution_id)
        assert session.execution(execution_id)["status"] == 1
        assert len(outside.sent) == 4
        assert keys(outside)[:2] == keys(outside)[2:]


def test_a_run_without_time_names_no_execution_since_none_was_written() -> None:
    clock = FixedClock(NOW_MS)
    session = Session(MemoryStore(), clock, outside=SlowOutside(clock)).install()
    slow = {"type": "request", "config": {"url": "http://example.com/20", "method": "GET", "timeout": 25_000}}
    session.workflow("late", [slow, slow, note("never")])
    with pytest.raises(DeadlineExceeded) as late:
        trigger_in_time(session, "late")
    assert "executionId" not in late.value.data
    assert session.executions("late") == []
