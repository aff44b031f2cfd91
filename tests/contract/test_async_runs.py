"""Asynchronous runs on the database that ships: what the store in memory takes for granted holds there too."""

from __future__ import annotations

import pytest

from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.keys import semaphore
from chalicelib.domain.ports import EXECUTIONS
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.sweeping import sweep
from tests.machines import throttled
from tests.sessions import NOW_MS, Session

WAIT = {"type": "delay", "config": {"duration": 5, "unit": 1_000, "endStatus": 1}}
NOTE = {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "asynchronous"}}}}


@pytest.fixture(scope="module")
def session(dynamodb_store: DynamoStore) -> Session:
    return Session(dynamodb_store, FixedClock(NOW_MS)).install()


def test_a_run_that_nobody_started_is_swept_and_runs_once(session: Session) -> None:
    session.workflow("child", [WAIT, NOTE], None, sync=False)
    session.workflow("parent", [NOTE, {"type": "subflow", "config": {"workflow": "child"}}, WAIT, NOTE], sync=False)
    session.machines.failures.append(throttled)
    session.trigger("samples", 3, "parent")
    session.clock.sleep(11)
    assert sweep(session.backend, session.clock.now_ms() + 60_000) == 1
    session.machines.run(session.backend)
    [parent], [child] = session.executions("parent"), session.executions("child")
    assert (parent["status"], child["status"], child["parentExecutionId"]) == (1, 1, parent["id"])
    assert len(session.call("inspectionRecords:list", filter={"note": "asynchronous"})) == 3
    assert [job["status"] for job in session.call("executions:get", parent["id"], appends="jobs")["jobs"]] == [1] * 4


def test_of_a_workflow_with_a_limit_one_runs_and_the_others_follow(session: Session) -> None:
    session.workflow("single", [WAIT, NOTE], None, sync=False, options={"concurrency": {"limit": 1, "key": "{{$context.data.site}}"}})
    for _ in range(3):
        session.answer("workflows:trigger", None, {"site": "nord"}, triggerWorkflows="single")
    found = [execution["id"] for execution in session.executions("single")]
    for one in found:
        AsyncRuns(session.backend).run_segment({"executionId": one, "attempt": 1}, session.clock.now_ms() + 60_000)
    assert sorted(item["sk"][:4] for item in session.store.query(EXECUTIONS, semaphore("single", "nord")).items) == ["slot", "wait", "wait"]
    session.machines.run(session.backend)
    assert [execution["status"] for execution in session.executions("single")] == [1, 1, 1]
    assert session.store.query(EXECUTIONS, semaphore("single", "nord")).items == []


def test_a_cancel_ends_it_and_what_it_waits_for_and_a_rerun_begins_anew(session: Session) -> None:
    session.workflow("inner", [WAIT], None, sync=False)
    session.workflow("outer", [NOTE, {"type": "subflow", "config": {"workflow": "inner"}}], None, sync=False)
    session.answer("workflows:trigger", None, {}, triggerWorkflows="outer")
    [outer] = session.executions("outer")
    AsyncRuns(session.backend).run_segment({"executionId": outer["id"], "attempt": 1}, session.clock.now_ms() + 60_000)
    session.call("executions:cancel", outer["id"])
    assert [(one["status"], one["reason"]) for one in session.executions("inner")] == [(-3, "parent_aborted")]
    again = session.call("executions:rerun", outer["id"], {})["id"]
    session.machines.run(session.backend)
    assert session.execution(again)["status"] == 1
    session.call("executions:destroy", outer["id"])
    assert session.store.query(EXECUTIONS, str(outer["id"])).items == []
