from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.dynamic_calculation import NODE
from tests.unit.nodes.fakes import FakePorts, run_node

DATA = {"price": 2.5, "amount": 4, "rows": [{"n": 1}, {"n": 2}]}


def run(rule: Any, variables: Any = "{{$context.data}}") -> Outcome:
    config = {"expression": "{{$jobsMapByNodeKey.rule}}", "scope": variables}
    return run_node(NODE, config, FakePorts(), DATA, rule=rule)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"engine": "jsonata", "expression": "price * amount"}, 10),
        ({"engine": "jsonata", "expression": "{{price}} * {{amount}}"}, 10),
        ({"expression": "$sum(rows.n)"}, 3),
        ("price + 1", 3.5),
        ({"engine": "string", "expression": "{{price}} EUR"}, "2.5 EUR"),
        ({"expression": "nope"}, None),
        ({"expression": ""}, None),
        ({"expression": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_stored_expression_is_evaluated_against_the_scope(rule: Any, expected: Any) -> None:
    assert run(rule) == Outcome(RESOLVED, expected)


@pytest.mark.parametrize("variables", [None, 5, "text", []])
def test_without_an_object_its_names_are_undefined(variables: Any) -> None:
    assert run({"expression": "price"}, variables) == Outcome(RESOLVED, None)


@pytest.mark.parametrize("expression", ["$context.user.id", "$env", "{{$context.user.id}}", "$jobsMapByNodeKey", "$$.context"])
def test_a_stored_expression_sees_nothing_else_of_the_run(expression: str) -> None:
    assert run({"expression": expression}).result in (None, {})


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"engine": "math.js", "expression": "1"}, "jsonata"),
        ({"engine": "lua", "expression": "1"}, "lua"),
        ({"expression": "1 +"}, "Unexpected end"),
        ({"expression": "$eval('1')"}, "$eval"),
        ({"expression": "rows * 2"}, "must evaluate to a number"),
        ({"expression": 5}, "is a text"),
    ],
)
def test_a_wrong_expression_is_an_error_with_its_text(rule: Any, words: str) -> None:
    outcome = run(rule)
    assert outcome.status == ERROR
    assert words in outcome.result
