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
