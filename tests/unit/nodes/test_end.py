from __future__ import annotations

from typing import Any

import pytest

from chalicelib.nodes.base import Outcome
from chalicelib.nodes.end import NODE
from tests.unit.nodes.fakes import FakePorts, checked, run_node


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({}, 1),
        ({"endStatus": None}, 1),
        ({"endStatus": 1}, 1),
        ({"endStatus": -1}, -1),
        ({"endStatus": -5}, -5),
        ({"endStatus": -100}, -100),
    ],
)
def test_the_execution_ends_here_with_the_status(config: dict[str, Any], status: int) -> None:
    assert run_node(NODE, config, FakePorts()) == Outcome(status, None, ends=True)


@pytest.mark.parametrize("value", [0, 5, "text"])
def test_a_stored_status_that_is_none_counts_as_succeeded(value: Any) -> None:
    assert run_node(NODE, {"endStatus": value}, FakePorts()).status == 1


@pytest.mark.parametrize(("value", "is_refused"), [(0, True), (1, False), (-1, False), (-5, False), (None, False)])
def test_zero_is_no_end(value: Any, is_refused: bool) -> None:
    assert [problem.path for problem in checked(NODE, {"endStatus": value})] == (["config.endStatus"] if is_refused else [])
