"""What a machine passes is checked; who calls a function by hand with something else is told all that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import Invalid
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.async_walk import Superseded
from tests.sessions import NOW_MS, Session

Json = Any


@pytest.fixture
def runs() -> AsyncRuns:
    return AsyncRuns(Session(MemoryStore(), FixedClock(NOW_MS)).install().backend)


@pytest.mark.parametrize(
    ("event", "paths"),
    [
        ({}, ["executionId", "attempt"]),
        ({"executionId": "x", "attempt": 0}, ["executionId", "attempt"]),
        ({"executionId": True, "attempt": 1.5}, ["executionId", "attempt"]),
        ({"executionId": -1, "attempt": None}, ["executionId", "attempt"]),
        ({"executionId": [1], "attempt": {}}, ["executionId", "attempt"]),
        ({"executionId": 1, "attempt": 1, "straight": 3, "node": []}, ["straight", "node"]),
        ([], []),
        ("text", []),
        (None, []),
    ],
)
def test_a_wrong_segment_names_every_mistake(runs: AsyncRuns, event: Json, paths: list[str]) -> None:
    with pytest.raises(Invalid, match="the event is") as refused:
        runs.run_segment(event, NOW_MS + 60_000)
    assert [problem.path for problem in refused.value.problems()] == [*paths, "event"]


@pytest.mark.parametrize(
    ("event", "paths"),
    [
        ({"executionId": 1, "attempt": 1}, ["signals", "token"]),
        ({"executionId": 1, "attempt": 1, "signals": -1, "token": ""}, ["signals", "token"]),
        ({"executionId": 1, "attempt": 1, "signals": 0, "token": 5}, ["token"]),
    ],
)
def test_a_wrong_wait_names_every_mistake(runs: AsyncRuns, event: Json, paths: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        runs.await_signal(event)
    assert [problem.path for problem in refused.value.problems()] == [*paths, "event"]


def test_an_execution_that_is_not_there_is_said_so(runs: AsyncRuns) -> None:
    with pytest.raises(Superseded, match="there is no execution 7"):
        runs.run_segment({"executionId": 7, "attempt": 1}, NOW_MS + 60_000)
