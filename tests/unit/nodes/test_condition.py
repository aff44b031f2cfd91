from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, FAILED, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.condition import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node


def above_90(calculator: str = "gt", joined_by: str | None = "and") -> dict[str, Any]:
    compared = {"calculator": calculator, "operands": ["{{$context.data.indicator}}", 90]}
    return {"group": {"type": joined_by, "calculations": [compared]}} if joined_by else compared


@pytest.mark.parametrize(
    ("indicator", "reject_on_false", "expected"),
    [
        (95.5, False, Outcome(RESOLVED, True, branch=1)),
        (95.5, True, Outcome(RESOLVED, True, branch=1)),
        ("100", False, Outcome(RESOLVED, True, branch=1)),
        (90, False, Outcome(RESOLVED, False, branch=0)),
        (None, False, Outcome(RESOLVED, False, branch=0)),
        (42, False, Outcome(RESOLVED, False, branch=0)),
        (42, True, Outcome(FAILED, False)),
    ],
)
def test_true_takes_branch_1_and_false_branch_0_or_fails(indicator: Any, reject_on_false: bool, expected: Outcome) -> None:
    config = {"engine": "basic", "rejectOnFalse": reject_on_false, "calculation": above_90()}
    assert run_node(NODE, config, FakePorts(), {"indicator": indicator}) == expected


@pytest.mark.parametrize(
    ("calculation", "result"),
    [
        (None, True),
        ({}, True),
        ({"group": {"type": "and", "calculations": []}}, True),
        ({"group": {"type": "or", "calculations": []}}, False),
        (above_90(joined_by=None), True),
        ({"group": {"type": "or", "calculations": [above_90("lt"), above_90("gt")]}}, True),
        ({"group": {"type": "and", "calculations": [above_90("lt"), above_90("gt")]}}, False),
    ],
)
def test_no_calculation_is_true_and_groups_join(calculation: Any, result: bool) -> None:
    config = {"rejectOnFalse": False, "calculation": calculation}
    assert run_node(NODE, config, FakePorts(), {"indicator": 95}) == Outcome(RESOLVED, result, branch=int(result))


def test_an_unknown_calculator_ends_in_error_with_its_text() -> None:
    config = {"rejectOnFalse": False, "calculation": above_90("nosuch")}
    assert run_node(NODE, config, FakePorts(), {"indicator": 95}) == Outcome(ERROR, 'no calculator function registered for "nosuch"')


def test_the_condition_may_read_an_earlier_nodes_result() -> None:
    compared = {"calculator": "equal", "operands": ["{{$jobsMapByNodeKey.found.status}}", "Collected"]}
    config = {"rejectOnFalse": False, "calculation": compared}
    assert run_node(NODE, config, FakePorts(), found={"status": "Collected"}).result is True


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("math.js", "jsonata"),
        ("formula.js", "jsonata"),
        ("lua", 'engine "lua" is not offered'),
    ],
)
def test_engines_that_are_not_offered_are_named_with_what_to_use(engine: str, words: str) -> None:
    (problem,) = checked(NODE, {"rejectOnFalse": False, "engine": engine})
    assert problem.path == "config.engine"
    assert words in problem.message
    assert '"basic"' in problem.message


@pytest.mark.parametrize(
    ("expression", "reject_on_false", "expected"),
    [
        ("$context.data.indicator > 90", False, Outcome(RESOLVED, True, branch=1)),
        ("{{$context.data.indicator}} > 90", True, Outcome(RESOLVED, True, branch=1)),
        ("$context.data.indicator > 100", False, Outcome(RESOLVED, False, branch=0)),
        ("$context.data.indicator > 100", True, Outcome(FAILED, False)),
        ("$context.data.nope > 90", False, Outcome(RESOLVED, False, branch=0)),
        ("$context.data.nope", True, Outcome(FAILED, False)),
        ("$context.data.indicator", True, Outcome(RESOLVED, 95.5)),
        ("$context.data.nothing", False, Outcome(RESOLVED, None)),
        ("$context.data.nothing", True, Outcome(FAILED, None)),
        ("", True, Outcome(RESOLVED, True, branch=1)),
        (None, True, Outcome(RESOLVED, True, branch=1)),
    ],
)
def test_an_expression_decides_and_a_missing_field_makes_it_false(expression: Any, reject_on_false: bool, expected: Outcome) -> None:
    config = {"engine": "jsonata", "rejectOnFalse": reject_on_false, "expression": expression}
    assert run_node(NODE, config, FakePorts(), {"indicator": 95.5, "nothing": None}) == expected


def test_types_that_do_not_fit_end_in_error_and_not_in_false() -> None:
    outcome = run_node(
        NODE, {"engine": "jsonata", "rejectOnFalse": False, "expression": "$context.data.title > 3"}, FakePorts(), {"title": "x"}
    )
    assert (outcome.status, outcome.branch) == (ERROR, None)
    assert "same data type" in outcome.result


def test_an_expression_is_checked_when_saved_and_only_in_its_engine() -> None:
    config = {
        "rejectOnFalse": True,
        "engine": "jsonata",
        "expression": "$eval('1') > $jobsMapByNodeKey.later.id",
        "calculation": above_90("nosuch"),
    }
    ((path, message),) = paths_and_messages(checked(NODE, config, "earlier"))
    assert (path, "$eval" in message) == ("config.expression", True)
    ((path, message),) = paths_and_messages(checked(NODE, config | {"expression": "$jobsMapByNodeKey.later.id > 1"}, "earlier"))
    assert (path, '"later"' in message) == ("config.expression", True)
    assert [problem.path.split(".")[1] for problem in checked(NODE, config | {"engine": "basic"})] == ["calculation"]


def test_a_sound_condition_has_no_problems() -> None:
    assert checked(NODE, {"rejectOnFalse": True, "engine": "basic", "calculation": above_90()}) == []


def test_calculators_and_nodes_that_are_not_there_are_found_when_saved() -> None:
    unknown_node = {"calculator": "equal", "operands": ["{{$jobsMapByNodeKey.later.id}}", 1]}
    config = {"rejectOnFalse": True, "calculation": {"group": {"type": "and", "calculations": [above_90("nosuch"), unknown_node]}}}
    first, second = paths_and_messages(checked(NODE, config, "earlier"))
    assert first[0].startswith("config.calculation.group.calculations.0")
    assert "nosuch" in first[1]
    assert second[0].startswith("config.calculation.group.calculations.1")
    assert '"later"' in second[1]
