"""What the functions that are no routes say to an event that is none of theirs, and to any event where it does not matter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import app
from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.entrypoints import functions
from chalicelib.errors import Invalid
from tests.sessions import NOW_MS, Session

Json = Any
MACHINE: Json = {"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    monkeypatch.setattr(functions, "product", lambda: made.product)
    return made


@pytest.mark.parametrize(
    ("event", "paths"),
    [
        (None, ["name", "definition"]),
        ([], ["name", "definition"]),
        ({}, ["name", "definition"]),
        ({"name": "dev-1", "definition": "{}"}, ["definition"]),
        ({"name": "", "definition": {}}, ["name"]),
    ],
)
def test_publish_names_what_its_event_lacks(session: Session, event: Json, paths: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        functions.publish(event)
    assert [problem.path for problem in caught.value.problems()] == paths
    assert session.machines.documents == {}


def test_publish_makes_the_machine(session: Session) -> None:
    assert functions.publish({"name": "dev-1", "definition": MACHINE}) == {}
    assert session.machines.documents == {"dev-1": MACHINE}


@pytest.mark.parametrize("event", [{}, None, [], {"version": "0", "time": "2026-11-21T00:00:00Z"}])
def test_a_sweep_takes_any_event(session: Session, event: Json) -> None:
    context = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 60_000)
    assert app.sweep(event, context) == 0
