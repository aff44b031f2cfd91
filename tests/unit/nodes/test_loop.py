from __future__ import annotations

import math
from typing import Any

import pytest

from chalicelib.domain.status import ERROR, FAILED, PENDING, RESOLVED
from chalicelib.nodes.base import Branch, Outcome
from chalicelib.nodes.loop import MOST_ROUNDS, NODE, Rounds
from tests.unit.nodes.fakes import FakePorts, checked, definitions, paths_and_messages, run_node
from tests.unit.nodes.steering import steer

NEVER = {"group": {"type": "or", "calculations": []}}
BELOW_2 = {"calculator": "lt", "operands": ["{{$scopes.loop.index}}", 2]}


@pytest.mark.parametrize(
    ("target", "length", "items"),
    [
        (3, 3, [0, 1, 2]),
        (2.9, 2, [0, 1]),
        (0, 0, []),
        (0.9, 0, []),
        (None, 0, []),
        ([], 0, []),
        (["a", "b"], 2, ["a", "b"]),
        ([None], 1, [None]),
        ([None, "a"], 2, ["a", None]),
        ("abc", 1, ["abc"]),
        ("", 1, [""]),
        ("3", 1, ["3"]),
        (True, 1, [True]),
        (False, 1, [False]),
        ({}, 1, [{}]),
        ({"a": [1]}, 1, [{"a": [1]}]),
    ],
)
def test_what_a_target_counts_for(target: Any, length: int, items: list[Any]) -> None:
    rounds = Rounds.of(target)
    assert (rounds.length, [rounds.variables(index)["item"] for index in range(length)]) == (length, items)


@pytest.mark.parametrize("target", [-1, -0.5, math.inf, -math.inf, math.nan])
def test_what_is_no_number_of_rounds_is_an_error(target: float) -> None:
    ended = steer(NODE, {"target": "{{$context.data}}"}, data=target)
    assert (ended.outcome.status, ended.asked) == (ERROR, [])
    assert "cannot loop" in ended.outcome.result["message"]


def test_a_round_is_asked_for_with_its_variables_and_what_it_writes_can_be_undone() -> None:
    ended = steer(NODE, {"target": ["a", "b"]}, [RESOLVED, RESOLVED])
    assert ended.asked == [
        Branch(0, 0, {"item": "a", "index": 0, "sequence": 1, "length": 2}, {"looped": 0, "done": 0}, undo=True),
        Branch(0, 1, {"item": "b", "index": 1, "sequence": 2, "length": 2}, {"looped": 1, "done": 1}, undo=True),
    ]
    assert ended.outcome == Outcome(RESOLVED, {"looped": 2, "done": 2})


@pytest.mark.parametrize(
    ("exit_", "statuses", "expected"),
    [
        (None, [RESOLVED, FAILED], Outcome(FAILED, {"looped": 2, "done": 1})),
        (0, [ERROR], Outcome(ERROR, {"looped": 1, "done": 0})),
        (1, [RESOLVED, FAILED], Outcome(RESOLVED, {"looped": 2, "done": 1, "broken": True})),
        (2, [RESOLVED, FAILED, ERROR], Outcome(RESOLVED, {"looped": 3, "done": 3})),
    ],
)
def test_a_round_that_ends_badly_is_taken_as_exit_says(exit_: int | None, statuses: list[int], expected: Outcome) -> None:
    assert steer(NODE, {"target": 3, "exit": exit_}, statuses).outcome == expected


@pytest.mark.parametrize(
    ("condition", "rounds", "expected"),
    [
        (False, 3, {"looped": 3, "done": 3}),
        ({}, 3, {"looped": 3, "done": 3}),
        ({"calculation": BELOW_2}, 2, {"looped": 2, "done": 2, "broken": True}),
        ({"checkpoint": 0, "calculation": NEVER}, 0, {"looped": 0, "done": 0, "broken": True}),
        ({"checkpoint": 1, "calculation": NEVER}, 1, {"looped": 1, "done": 1, "broken": True}),
        ({"continueOnFalse": True, "calculation": BELOW_2}, 2, {"looped": 3, "done": 2}),
        ({"checkpoint": 1, "continueOnFalse": True, "calculation": NEVER}, 1, {"looped": 3, "done": 1}),
        ({"engine": "jsonata", "expression": "$scopes.loop.index < 2"}, 2, {"looped": 2, "done": 2, "broken": True}),
    ],
)
def test_the_condition_stops_the_loop_or_leaves_rounds_out(condition: Any, rounds: int, expected: dict[str, Any]) -> None:
    ended = steer(NODE, {"target": 3, "condition": condition}, [RESOLVED] * rounds)
    assert (ended.outcome, len(ended.asked)) == (Outcome(RESOLVED, expected), rounds)


@pytest.mark.parametrize(
    "condition",
    [{"calculation": {"calculator": "nosuch", "operands": []}}, {"engine": "jsonata", "expression": "$context.data + 1 > 0"}],
)
def test_a_condition_that_cannot_be_evaluated_is_an_error(condition: Any) -> None:
    outcome = steer(NODE, {"target": 3, "condition": condition}, data="x").outcome
    assert (outcome.status, outcome.result["looped"], bool(outcome.result["message"])) == (ERROR, 0, True)


def test_without_a_body_nothing_is_looped() -> None:
    assert steer(NODE, {"target": 3}, branches=()).outcome == Outcome(RESOLVED, {"looped": 0, "done": 0})


@pytest.mark.parametrize("target", [MOST_ROUNDS, MOST_ROUNDS + 1, 1e300])
def test_there_are_at_most_so_many_rounds(target: float) -> None:
    ended = steer(NODE, {"target": target}, [RESOLVED] * MOST_ROUNDS)
    exceeded = ended.outcome.result.get("exceeded", False)
    assert (ended.outcome.status, exceeded) == ((RESOLVED, False) if target == MOST_ROUNDS else (ERROR, True))
    assert (len(ended.asked), ended.outcome.result["done"]) == (MOST_ROUNDS, MOST_ROUNDS)


def test_rounds_that_are_left_out_are_counted_too() -> None:
    """Else a condition that never holds would be asked for ever."""
    outcome = steer(NODE, {"target": 10**15, "condition": {"continueOnFalse": True, "calculation": NEVER}}).outcome
    assert (outcome.status, outcome.result["looped"], outcome.result["exceeded"]) == (ERROR, MOST_ROUNDS, True)


def test_a_waiting_round_makes_the_loop_wait_and_it_is_taken_up_where_it_was() -> None:
    waiting = steer(NODE, {"target": 3}, [RESOLVED, PENDING])
    assert waiting.outcome == Outcome(PENDING, {"looped": 1, "done": 1})
    again = steer(NODE, {"target": 3}, [RESOLVED, RESOLVED], so_far=waiting.outcome.result)
    assert [branch.round for branch in again.asked] == [1, 2]
    assert again.outcome == Outcome(RESOLVED, {"looped": 3, "done": 3})


def test_the_engine_steers_it_and_never_runs_it() -> None:
    with pytest.raises(TypeError):
        run_node(NODE, {"target": 1}, FakePorts())


def test_mistakes_are_found_when_it_is_saved() -> None:
    assert paths_and_messages(checked(NODE, {"target": -1})) == [("config.target", "a loop cannot have a negative number of rounds")]
    (unknown,) = checked(NODE, {"target": "{{$jobsMapByNodeKey.later}}"}, "earlier")
    assert (unknown.path, '"later"' in unknown.message) == ("config.target", True)
    (engine,) = checked(NODE, {"target": 1, "condition": {"engine": "math.js", "expression": "1"}})
    assert engine.path == "config.condition.engine"
    (calculator,) = checked(NODE, {"target": 1, "condition": {"calculation": {"calculator": "nosuch", "operands": [1, 2]}}})
    assert calculator.path == "config.condition.calculation.calculator"


def test_the_condition_may_name_the_loop_itself_and_what_is_in_it() -> None:
    operands = ["{{$scopes.loop.item}}", "{{$jobsMapByNodeKey.inner}}"]
    config = {"target": 3, "condition": {"calculation": {"calculator": "lt", "operands": operands}}}
    assert len(NODE.check(config, "config", definitions())) == 2
    known = definitions()
    inside = type(known)(known.collection, inside=frozenset({"inner"}), own=frozenset({"loop", "8193"}))
    assert NODE.check(config, "config", inside) == []
    assert len(NODE.check({"target": "{{$scopes.loop.item}}"}, "config", inside)) == 1
