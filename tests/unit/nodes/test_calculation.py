from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.calculation import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node

DATA = {"price": 2.5, "amount": 4, "title": "High", "nothing": None, "items": [{"price": 1}, {"price": 2}]}


@pytest.mark.parametrize(
    ("engine", "expression", "expected"),
    [
        (None, "$context.data.price * $context.data.amount", 10),
        ("jsonata", "{{$context.data.price}} * {{$context.data.amount}}", 10),
        ("jsonata", "$sum($context.data.items.price)", 3),
        ("jsonata", "$jobsMapByNodeKey.earlier.total + 1", 13),
        ("jsonata", "$context.data.nope", None),
        ("jsonata", "1 / 0", None),
        ("jsonata", "", None),
        ("jsonata", None, None),
        ("string", "{{$context.data.title}}: {{$context.data.price}}", "High: 2.5"),
        ("string", "{{$context.data.price}}", "2.5"),
        ("string", "<{{$context.data.nope}}{{$context.data.nothing}}>", "<>"),
        ("string", None, ""),
    ],
)
def test_the_result_is_the_value(engine: Any, expression: Any, expected: Any) -> None:
    config = {"engine": engine, "expression": expression}
    assert run_node(NODE, config, FakePorts(), DATA, earlier={"total": 12}) == Outcome(RESOLVED, expected)


@pytest.mark.parametrize(("engine", "expression"), [("jsonata", "$context.data.title * 2"), ("string", "a {{$context.data.title * 2}}")])
def test_types_that_do_not_fit_are_an_error_with_its_text(engine: str, expression: str) -> None:
    outcome = run_node(NODE, {"engine": engine, "expression": expression}, FakePorts(), DATA)
    assert outcome == Outcome(ERROR, "The left side of the * operator must evaluate to a number")


@pytest.mark.parametrize("engine", ["math.js", "formula.js", "basic"])
def test_other_engines_are_answered_with_jsonata(engine: str) -> None:
    ((path, message),) = paths_and_messages(checked(NODE, {"engine": engine, "expression": "1 +"}))
    assert (path, "jsonata" in message) == ("config.engine", True)


@pytest.mark.parametrize(
    ("engine", "expression", "words"),
    [
        ("jsonata", "1 +", "Unexpected end"),
        ("jsonata", "$eval('1')", "$eval"),
        (None, "$jobsMapByNodeKey.later.x", '"later"'),
        ("string", "{{$jobsMapByNodeKey.later.x}}", '"later"'),
        ("string", "{{$eval('1')}}", "$eval"),
    ],
)
def test_an_expression_is_checked_when_saved(engine: Any, expression: str, words: str) -> None:
    ((path, message),) = paths_and_messages(checked(NODE, {"engine": engine, "expression": expression}, "earlier"))
    assert (path, words in message) == ("config.expression", True)


def test_a_sound_calculation_has_no_problems() -> None:
    assert checked(NODE, {"expression": "$jobsMapByNodeKey.earlier.x * 2"}, "earlier") == []
    assert checked(NODE, {}) == []
