"""Metrics in CloudWatch's embedded format: what was counted, under which dimensions, and nothing where they are off."""

from __future__ import annotations

import json
import threading
from contextvars import copy_context
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.observability import Observation, configure, counted, note, observed, ran, sent
from chalicelib.observability.metrics import Run, documents
from chalicelib.services import sweeping
from chalicelib.services.async_runs import AsyncRuns
from tests.sessions import Session
from tests.unit.observability.conftest import Told

SAY: Any = {"type": "output", "config": {"value": 1}}


def test_a_call_tells_its_metrics_by_stage(told: Told) -> None:
    with observed("call", "api_handler", "r"):
        sent()
        sent()
        counted("Triggers")
    (document,) = told.metrics
    assert (document["stage"], document["RoundTrips"], document["Triggers"]) == ("test", 2, 1)
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Stepbase", [["stage"]])
    assert {one["Name"]: one["Unit"] for one in directive["Metrics"]} == {"Triggers": "Count", "RoundTrips": "Count"}
    assert document["_aws"]["Timestamp"] > 1_700_000_000_000


def test_executions_are_counted_by_status_and_mode(told: Told) -> None:
    with observed("walk", "run_segment", "r"):
        ran(1, "a", 1, "sync", 12.34)
        ran(2, "a", 1, "sync", 5)
        ran(3, "b", -2, "async", 60_000)
    assert told.value("Executions", mode="sync", status="resolved") == 2
    assert told.value("Executions", mode="async", status="error") == 1
    assert told.value("Duration", mode="sync") == [12.3, 5]
    assert told.value("Duration", mode="async") == 60_000
    assert told.value("RoundTrips") is None
    sets = [one["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for one in told.metrics if "Executions" in one]
    assert sets == [[["stage", "status"], ["stage", "mode", "status"]]] * 2


def test_a_document_has_at_most_a_hundred_values_of_a_metric() -> None:
    runs = [Run.of(number, "a", 1, "sync", number) for number in range(250)]
    found = [json.loads(one) for one in documents("s", {"OpenRuns": list(range(150))}, runs)]
    assert [len(one["OpenRuns"]) for one in found if "OpenRuns" in one] == [100, 50]
    assert [len(one["Duration"]) for one in found if "Duration" in one] == [100, 100, 50]


def test_requests_of_several_threads_are_all_counted() -> None:
    with observed("call", "api_handler", "r") as observation:

        def send(times: int) -> None:
            for _ in range(times):
                sent()

        threads = [threading.Thread(target=copy_context().run, args=(send, 2_000)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert observation.round_trips == 16_000


def test_where_metrics_are_off_none_is_printed(told: Told) -> None:
    configure(level="INFO", as_json=False, metrics=False, stage="test", traces=False)
    with observed("call", "api_handler", "r"):
        counted("Triggers")
        ran(1, "a", 1, "sync", 1)
    assert told.printed == "" or "_aws" not in told.printed


def test_outside_of_a_call_nothing_is_noted(told: Told) -> None:
    note(userId=1)
    sent()
    counted("Triggers")
    ran(1, "a", 1, "sync", 1)
    assert told.metrics == []


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(1_795_219_200_000)).install()


def watched(session: Session, name: str, *parts: Any, **params: Any) -> Observation:
    with observed("call", "api_handler", "r") as observation:
        session.answer(name, *parts, **params)
    return observation


def test_a_trigger_and_its_run_are_counted_once_it_is_committed(told: Told, session: Session) -> None:
    session.workflow("now", [SAY])
    session.workflow("fails", [{"type": "end", "config": {"endStatus": -1}}])
    watched(session, "samples:trigger", 1, triggerWorkflows="now")
    assert (told.value("Triggers"), told.value("Executions", status="resolved", mode="sync")) == (1, 1)
    watched(session, "samples:trigger", 1, triggerWorkflows="fails")
    assert told.value("Executions", status="failed", mode="sync") == 1
    watched(session, "samples:trigger", 1, triggerWorkflows="now", dryRun="1")
    assert len([one for one in told.metrics if "Executions" in one]) == 2


def test_an_asynchronous_run_counts_when_it_ends_with_all_the_time_it_took(told: Told, session: Session) -> None:
    session.workflow("later", [SAY], sync=False)
    watched(session, "samples:trigger", 1, triggerWorkflows="later")
    assert (told.value("Triggers"), told.value("Executions")) == (1, None)
    (queued,) = session.executions("later")
    with observed("walk", "run_segment", "r"):
        AsyncRuns(session.backend).run_segment({"executionId": queued["id"], "attempt": 1}, session.clock.now_ms() + 60_000)
    assert told.value("Executions", mode="async", status="resolved") == 1
    walk = told.lines[-1]
    assert (walk["message"], walk["executionId"], walk["workflow"], walk["attempt"]) == ("walk", queued["id"], "later", 1)


def test_a_sweep_tells_that_it_is_done_and_what_is_open_and_stuck(told: Told, session: Session) -> None:
    session.workflow("later", [SAY], sync=False)
    session.trigger("samples", 1, "later")
    for seconds, stuck in ((0, 0), (60, 1)):
        session.clock.sleep(seconds)
        if seconds:
            session.machines.executions.clear()  # whatever ran there is gone
        with observed("invocation", "sweep", "r"):
            sweeping.sweep(session.backend, session.clock.now_ms() + 50_000)
        assert (told.value("SweepDone"), told.value("OpenRuns"), told.value("StuckRuns")) == (1, 1, stuck)
