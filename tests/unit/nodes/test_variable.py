from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.variable import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node


@pytest.mark.parametrize("config", [{}, {"target": None}, {"target": ""}])
@pytest.mark.parametrize(("value", "expected"), [(5, 5), ("{{$context.data.n}}", 3), ([1, "{{$context.data.n}}"], [1, 3]), (None, None)])
def test_without_a_target_the_node_declares_its_value(config: dict[str, Any], value: Any, expected: Any) -> None:
    ports = FakePorts()
    assert run_node(NODE, {"value": value, **config}, ports, {"n": 3}) == Outcome(RESOLVED, expected)
    assert ports.assigned == []


def test_without_a_value_it_is_null() -> None:
    assert run_node(NODE, {}, FakePorts()) == Outcome(RESOLVED, None)


def test_with_a_target_the_earlier_node_gets_the_value() -> None:
    ports = FakePorts(has_run=("total",))
    config = {"target": "total", "value": "{{$jobsMapByNodeKey.total}}"}
    assert run_node(NODE, config, ports, total=7) == Outcome(RESOLVED, 7)
    assert ports.assigned == [("total", 7)]


def test_a_target_that_has_not_run_is_an_error_with_a_message() -> None:
    outcome = run_node(NODE, {"target": "total", "value": 1}, FakePorts())
    assert outcome == Outcome(ERROR, 'node "total" has not run, so it cannot be given a value')


@pytest.mark.parametrize("target", [None, "", "total"])
def test_a_target_that_runs_before_is_sound(target: str | None) -> None:
    assert checked(NODE, {"target": target, "value": 1}, "total", "other") == []


def test_a_target_that_does_not_run_before_is_found_when_saved() -> None:
    message = 'node "later" does not run before this one, so it cannot be given a value'
    assert paths_and_messages(checked(NODE, {"target": "later"}, "total")) == [("config.target", message)]
