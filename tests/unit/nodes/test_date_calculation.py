from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.date_calculation import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node

START = {"function": "startOfTime", "arguments": {"unit": "day"}}


@pytest.mark.parametrize(
    ("zone", "result"),
    [("+00:00", "2024-07-15T00:00:00.000Z"), ("+09:00", "2024-07-15T15:00:00.000Z"), ("America/New_York", "2024-07-15T04:00:00.000Z")],
)
def test_a_day_begins_in_the_callers_time_zone(zone: str, result: str) -> None:
    config = {"input": "2024-07-15T20:00:00Z", "steps": [START]}
    assert run_node(NODE, config, FakePorts(timezone=zone)) == Outcome(RESOLVED, result)


def test_without_an_input_it_is_the_time_of_the_run() -> None:
    assert run_node(NODE, {}, FakePorts(now_ms=0)) == Outcome(RESOLVED, "1970-01-01T00:00:00.000Z")


@pytest.mark.parametrize("value", [None, "wrong date", True, {}, []])
def test_an_input_that_is_no_date_is_invalid(value: Any) -> None:
    assert run_node(NODE, {"input": "{{$context.data.at}}", "steps": [START]}, FakePorts(), {"at": value}) == Outcome(
        ERROR, "Invalid input"
    )


@pytest.mark.parametrize("value", [None, "5", True, "2024-07-15"])
def test_an_input_that_is_no_number_is_invalid(value: Any) -> None:
    config = {"input": "{{$context.data.n}}", "inputType": "number", "steps": [{"function": "tsToDate"}]}
    assert run_node(NODE, config, FakePorts(), {"n": value}) == Outcome(ERROR, "Invalid input")


def test_a_step_that_fails_ends_the_calculation_with_its_text() -> None:
    steps = [{"function": "diff", "arguments": {"date": "{{$context.data.to}}", "unit": "day"}}, START]
    outcome = run_node(NODE, {"input": "2024-07-15", "steps": steps}, FakePorts(), {"to": "not a date"})
    assert outcome == Outcome(ERROR, "Error: Diff date [not a date] is not a valid date")


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({}, []),
        ({"input": "2024-07-15", "inputType": "date", "steps": None}, []),
        ({"input": "{{$context.data.at}}", "inputType": "number", "steps": [{"function": "tsToDate"}]}, []),
        ({"input": "soon", "steps": [START]}, ["config.input"]),
        ({"input": None}, ["config.input"]),
        ({"inputType": "number"}, ["config.input"]),
        ({"input": "5", "inputType": "number"}, ["config.input"]),
        ({"input": 5, "inputType": "number", "steps": [START]}, ["config.steps.0.function"]),
        ({"input": 5, "steps": [START, {"function": "add"}]}, ["config.steps.1.arguments.number", "config.steps.1.arguments.unit"]),
    ],
)
def test_what_cannot_be_is_found_when_it_is_saved(config: dict[str, Any], paths: list[str]) -> None:
    assert [path for path, _ in paths_and_messages(checked(NODE, config))] == paths
