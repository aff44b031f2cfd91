"""A machine that ended without its execution is noticed at once; everything else that an event may say changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import Invalid
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.machine_endings import machine_ended
from tests.machines import throttled
from tests.sessions import NOW_MS, Session

Json = Any
WAIT = {"key": "wait", "type": "delay", "config": {"duration": 5, "unit": 1_000, "endStatus": 1}}
OUT = {"type": "output", "config": {"value": 7}}
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:"


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS)).install()


def begun(session: Session, nodes: Json = None, **more: Json) -> int:
    """An execution that its first attempt has walked until it waits; then its machine is gone."""
    session.workflow("slow", nodes or [WAIT, OUT], None, sync=False, **more)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
    assert answer.meta is not None
    execution_id: int = answer.meta["executions"][0]["id"]
    walk(session, execution_id, 1)
    return execution_id


def walk(session: Session, execution_id: int, attempt: int) -> None:
    AsyncRuns(session.backend).run_segment({"executionId": execution_id, "attempt": attempt}, session.clock.now_ms() + 60_000)
    session.machines.executions[f"{execution_id}-{attempt}"].status = "FAILED"


def event(session: Session, execution_id: int, attempt: int = 1, status: str = "FAILED", **detail: Json) -> Json:
    [machine] = session.machines.documents
    name = f"{execution_id}-{attempt}"
    about = {"stateMachineArn": ARN + machine, "name": name, "status": status, "executionArn": f"arn:{name}"} | detail
    return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": about}


@pytest.mark.parametrize("told", [None, [], "x", 5])
def test_what_is_no_event_at_all_is_told(session: Session, told: Json) -> None:
    with pytest.raises(Invalid, match="must be an object, one of EventBridge"):
        machine_ended(session.backend, told)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_next_attempt_starts_at_once_and_comes_to_the_end(session: Session, status: str) -> None:
    execution_id = begun(session)
    assert machine_ended(session.backend, event(session, execution_id, status=status)) is True
    assert list(session.machines.executions) == [f"{execution_id}-1", f"{execution_id}-2"]
    session.machines.run(session.backend)
    assert session.execution(execution_id)["status"] == 1


def test_an_event_that_comes_twice_starts_one_attempt(session: Session) -> None:
    execution_id = begun(session)
    told = event(session, execution_id)
    assert [machine_ended(session.backend, told) for _ in range(2)] == [True, False]
    assert len(session.machines.executions) == 2


def test_one_that_has_ended_is_left_as_it_is(session: Session) -> None:
    execution_id = begun(session)
    session.call("executions:cancel", execution_id)
    assert machine_ended(session.backend, event(session, execution_id, status="ABORTED")) is False
    assert len(session.machines.executions) == 1


def test_the_machine_of_an_attempt_before_says_nothing(session: Session) -> None:
    execution_id = begun(session)
    session.call("executions:rerun", execution_id, {})
    assert machine_ended(session.backend, event(session, execution_id, attempt=1, status="ABORTED")) is False
    assert len(session.machines.executions) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"detail": {"name": "somebody-else"}},
        {"detail": {"name": None}},
        {"detail": {"status": "SUCCEEDED"}},
        {"detail": {"status": "RUNNING"}},
        {"detail": {"stateMachineArn": ARN + "prod-1-abc"}},
        {"detail": {"stateMachineArn": ARN + "xdev-1-abc"}},
        {"detail": {"stateMachineArn": None}},
        {"event": {"detail-type": "Step Functions Map Run Status Change"}},
        {"event": {"detail": None}},
        {"event": {"detail": "text"}},
    ],
)
def test_what_is_not_about_one_of_ours_changes_nothing(session: Session, changed: Json) -> None:
    execution_id = begun(session)
    told = event(session, execution_id, **changed.get("detail", {})) | changed.get("event", {})
    assert machine_ended(session.backend, told) is False
    assert len(session.machines.executions) == 1


def test_one_that_is_not_there_changes_nothing(session: Session) -> None:
    execution_id = begun(session)
    assert machine_ended(session.backend, event(session, execution_id + 1)) is False


def test_machines_that_end_over_and_over_are_left_to_the_sweep(session: Session) -> None:
    execution_id = begun(session)
    assert machine_ended(session.backend, event(session, execution_id)) is True
    walk(session, execution_id, 2)
    assert machine_ended(session.backend, event(session, execution_id, attempt=2)) is False
    session.clock.sleep(11)
    assert machine_ended(session.backend, event(session, execution_id, attempt=2)) is True


def test_a_start_that_is_refused_is_left_to_the_sweep(session: Session) -> None:
    execution_id = begun(session)
    session.machines.failures.append(throttled)
    assert machine_ended(session.backend, event(session, execution_id)) is False


def test_one_over_its_time_is_ended(session: Session) -> None:
    execution_id = begun(session, options={"timeout": 10_000})
    session.clock.sleep(60)
    assert machine_ended(session.backend, event(session, execution_id, status="TIMED_OUT")) is True
    row = session.execution(execution_id)
    assert (row["status"], row["reason"]) == (-3, "timeout")


def test_one_in_line_stays_in_line(session: Session) -> None:
    first = begun(session, options={"concurrency": {"limit": 1}})
    session.clock.sleep(1)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
    assert answer.meta is not None
    second = answer.meta["executions"][0]["id"]
    walk(session, second, 1)
    assert session.execution(second)["status"] is None
    assert machine_ended(session.backend, event(session, second)) is False
    assert f"{second}-2" not in session.machines.executions
    assert session.execution(first)["status"] == 0
