from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.output import NODE
from tests.unit.nodes.fakes import FakePorts, run_node


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{$context.data}}", {"title": "S", "n": 3}),
        ("{{$context.data.n}}", 3),
        ("{{$context.data.nothing}}", None),
        ("n is {{$context.data.n}}", "n is 3"),
        ({"title": "{{$context.data.title}}", "fixed": [1, None, True]}, {"title": "S", "fixed": [1, None, True]}),
        (None, None),
        (0, 0),
    ],
)
def test_the_value_is_the_output_and_the_result(value: Any, expected: Any) -> None:
    ports = FakePorts()
    assert run_node(NODE, {"value": value}, ports, {"title": "S", "n": 3}) == Outcome(RESOLVED, expected)
    assert ports.outputs == [expected]


def test_without_a_value_the_output_is_null() -> None:
    ports = FakePorts()
    assert run_node(NODE, {}, ports) == Outcome(RESOLVED, None)
    assert ports.outputs == [None]


def test_each_output_is_set_so_that_the_last_one_stands() -> None:
    ports = FakePorts()
    for value in (1, 2):
        run_node(NODE, {"value": value}, ports)
    assert ports.outputs == [1, 2]
