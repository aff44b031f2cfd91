from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, FAILED, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.multi_conditions import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node


def above(limit: int) -> dict[str, Any]:
    return {"uid": f"u{limit}", "calculation": {"calculator": "gt", "operands": ["{{$context.data.indicator}}", limit]}}


def jsonata(expression: str) -> dict[str, Any]:
    return {"title": expression, "engine": "jsonata", "expression": expression}


def run(indicator: Any, *conditions: dict[str, Any], go_on: bool = False) -> Outcome:
    return run_node(NODE, {"conditions": list(conditions), "continueOnNoMatch": go_on}, FakePorts(), {"indicator": indicator})


@pytest.mark.parametrize(("indicator", "branch", "outcomes"), [(95, 1, [True]), (70, 2, [False, True]), (30, 3, [False, False, True])])
def test_the_first_that_holds_gives_the_branch(indicator: int, branch: int, outcomes: list[bool]) -> None:
    expected = Outcome(RESOLVED, True, branch=branch, meta={"conditions": outcomes}, exits_on_failure=True)
    assert run(indicator, above(90), jsonata("$context.data.indicator > 60"), above(0)) == expected


@pytest.mark.parametrize(("go_on", "status"), [(False, FAILED), (True, RESOLVED)])
def test_when_none_holds_branch_0_is_walked_and_the_node_fails_or_goes_on(go_on: bool, status: int) -> None:
    expected = Outcome(status, False, branch=0, meta={"conditions": [False, False]}, exits_on_failure=True)
    assert run(5, above(90), jsonata("$context.data.nope > 60"), go_on=go_on) == expected


def test_only_true_itself_holds() -> None:
    assert run(5, jsonata("$context.data.indicator"), jsonata("[1]"), jsonata("true")).branch == 3


def test_later_conditions_are_not_looked_at() -> None:
    assert run(95, above(90), jsonata("$context.data.indicator & '' > 1")).branch == 1


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (jsonata("$string($context.data.indicator) > 1"), "same data type"),
        (jsonata("$string($context.data.indicator)"), "5"),
        ({"calculation": {"calculator": "nosuch", "operands": []}}, "nosuch"),
    ],
)
def test_a_condition_that_fails_or_gives_a_text_is_an_error(condition: dict[str, Any], words: str) -> None:
    outcome = run(5, above(90), condition)
    assert (outcome.status, outcome.branch, outcome.meta) == (ERROR, None, {"conditions": [False]})
    assert words in outcome.result


def test_every_condition_is_checked_with_its_path() -> None:
    config = {
        "conditions": [above(1), jsonata("$eval('1')"), {"engine": "math.js"}, {"calculation": {"calculator": "x", "operands": [1, 2]}}]
    }
    found = paths_and_messages(checked(NODE, config))
    assert [path for path, _ in found] == [
        "config.conditions.1.expression",
        "config.conditions.2.engine",
        "config.conditions.3.calculation.calculator",
    ]
    assert "jsonata" in found[1][1]


@pytest.mark.parametrize("config", [{}, {"conditions": []}, {"conditions": {}}, {"conditions": [1]}, {"conditions": [above(1)] * 101}])
def test_conditions_are_a_list_of_one_to_a_hundred_objects(config: dict[str, Any]) -> None:
    assert problems_of_schema(config, NODE.schema, "config") != []
    assert checked(NODE, config) == []
