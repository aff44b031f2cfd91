"""A request of an asynchronous run gets no more time than the function has; what is cut short is tried again by the next one."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.async_walk import RESERVE_MS, SPARE_MS
from tests.outside import FakeOutside
from tests.sessions import NOW_MS, Session

NOTE = {"key": "note", "type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "once"}}}}
CALL = {"key": "call", "type": "request", "config": {"url": "http://example.com/", "timeout": 25_000}}


def test_a_request_that_the_function_has_no_time_for_is_made_by_the_next() -> None:
    outside = FakeOutside({"request": {"fail": {"message": "timeout"}, "timedOut": True}})
    session = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    session.backend = replace(session.backend, outside=outside)
    session.workflow("slow", [NOTE, CALL], None, sync=False)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
    assert answer.meta is not None
    execution_id = answer.meta["executions"][0]["id"]
    event = {"executionId": execution_id, "attempt": 1}

    step = AsyncRuns(session.backend).run_segment(event, session.clock.now_ms() + SPARE_MS + 1_000)
    assert step["next"] == "more"
    outside.answers["request"] = {"status": 200}
    AsyncRuns(session.backend).run_segment(event, session.clock.now_ms() + 300_000)

    assert [payload["timeout"] for _, payload, _ in outside.sent] == [SPARE_MS + 1_000 - RESERVE_MS, 25_000]
    assert len({key for *_, key in outside.sent}) == 1
    assert session.call("executions:get", execution_id)["status"] == 1
    assert [row["note"] for row in session.call("inspectionRecords:list")] == ["once"]


class SlowClock(FixedClock):
    """Every look at the clock takes its time."""

    look_s = 0.0

    def now_ms(self) -> int:
        self.sleep(self.look_s)
        return super().now_ms()


def test_a_synchronous_subflow_has_no_more_time_than_the_function() -> None:
    session = Session(MemoryStore(), SlowClock(NOW_MS)).install()
    steps = [{"key": f"s{number}", "type": "output", "config": {"value": number}} for number in range(50)]
    session.workflow("child", steps, None)
    session.workflow("parent", [NOTE, {"key": "sub", "type": "subflow", "config": {"workflow": "child"}}], None, sync=False)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="parent")
    assert answer.meta is not None
    execution_id = answer.meta["executions"][0]["id"]
    event = {"executionId": execution_id, "attempt": 1}
    assert isinstance(session.clock, SlowClock)
    session.clock.look_s = 1.0

    def walked(seconds: int) -> str:
        return str(AsyncRuns(session.backend).run_segment(event, NOW_MS + before[0] + seconds * 1_000)["next"])

    before = [0]
    nexts = []
    for _ in range(4):
        before[0] = FixedClock.now_ms(session.clock) - NOW_MS
        nexts.append(walked(40))
    session.clock.look_s = 0.0
    row = session.call("executions:get", execution_id)
    assert nexts == ["more", "failed", "failed", "failed"]
    assert (row["status"], "takes too long" in row["reason"], 'workflow "child" ran out of time' in row["reason"]) == (-2, True, True)
    assert session.executions("child") == []


def test_a_subflow_that_had_too_little_time_has_all_of_it_in_the_next_walk() -> None:
    session = Session(MemoryStore(), SlowClock(NOW_MS)).install()
    session.workflow("child", [{"key": f"s{number}", "type": "output", "config": {"value": number}} for number in range(10)], None)
    session.workflow("parent", [NOTE, {"key": "sub", "type": "subflow", "config": {"workflow": "child"}}], None, sync=False)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="parent")
    assert answer.meta is not None
    execution_id = answer.meta["executions"][0]["id"]
    event = {"executionId": execution_id, "attempt": 1}
    assert isinstance(session.clock, SlowClock)
    session.clock.look_s = 0.2
    first = AsyncRuns(session.backend).run_segment(event, FixedClock.now_ms(session.clock) + SPARE_MS + 2_000)["next"]
    second = AsyncRuns(session.backend).run_segment(event, FixedClock.now_ms(session.clock) + 300_000)["next"]
    session.clock.look_s = 0.0
    assert second == "done", first
    assert [row["status"] for row in session.executions("child")] == [1]
    assert [row["note"] for row in session.call("inspectionRecords:list")] == ["once"]
