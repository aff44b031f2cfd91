from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, FAILED, PENDING, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.parallel import NODE
from tests.unit.nodes.steering import steer

THREE = (1, 2, 5)


@pytest.mark.parametrize(
    ("mode", "statuses", "status", "result"),
    [
        (None, [1, 1, 1], RESOLVED, [1, 1, 1]),
        ("all", [1, 1, 1], RESOLVED, [1, 1, 1]),
        ("all", [1, -1], FAILED, [1, -1, None]),
        ("all", [-2], ERROR, [-2, None, None]),
        ("all", [0, 1, 0], PENDING, [None, 1, None]),
        ("all", [0, -1], FAILED, [None, -1, None]),
        ("any", [1], RESOLVED, [1, None, None]),
        ("any", [-1, -2, 1], RESOLVED, [-1, -2, 1]),
        ("any", [-1, -2, -5], FAILED, [-1, -2, -5]),
        ("any", [0, -1, 0], PENDING, [None, -1, None]),
        ("any", [0, 1], RESOLVED, [None, 1, None]),
        ("race", [1], RESOLVED, [1, None, None]),
        ("race", [-1], FAILED, [-1, None, None]),
        ("race", [0, -2], ERROR, [None, -2, None]),
        ("race", [0, 0, 0], PENDING, [None, None, None]),
        ("allSettled", [-1, 1, -2], RESOLVED, [-1, 1, -2]),
        ("allSettled", [-1, 0, 1], PENDING, [-1, None, 1]),
    ],
)
def test_each_mode_walks_on_and_ends_in_its_own_way(mode: str | None, statuses: list[int], status: int, result: list[Any]) -> None:
    ended = steer(NODE, {"mode": mode}, statuses, branches=THREE)
    assert ended.outcome == Outcome(status, result)
    assert ended.indexes == list(THREE[: len(statuses)])


def test_a_branch_is_asked_for_with_the_statuses_so_far_and_keeps_what_it_wrote() -> None:
    asked = steer(NODE, {"mode": "allSettled"}, [1, -1, 1], branches=THREE).asked
    assert [branch.result for branch in asked] == [[None, None, None], [1, None, None], [1, -1, None]]
    assert not any(branch.undo for branch in asked)


@pytest.mark.parametrize("mode", ["all", "any", "race", "allSettled"])
def test_without_branches_it_succeeds(mode: str) -> None:
    assert steer(NODE, {"mode": mode}, branches=()).outcome == Outcome(RESOLVED, [])


def test_taken_up_again_only_branches_that_have_not_ended_are_walked() -> None:
    ended = steer(NODE, {"mode": "all"}, [1], branches=THREE, so_far=[1, None, 1])
    assert (ended.indexes, ended.outcome) == ([2], Outcome(RESOLVED, [1, 1, 1]))


def test_a_settled_one_walks_nothing_when_it_is_taken_up_again() -> None:
    ended = steer(NODE, {"mode": "any"}, branches=THREE, so_far=[None, 1, None])
    assert (ended.indexes, ended.outcome) == ([], Outcome(RESOLVED, [None, 1, None]))


def test_a_mode_that_is_none_is_refused_when_it_is_saved() -> None:
    (problem,) = problems_of_schema({"mode": "some"}, NODE.schema, "config")
    assert problem.path == "config.mode"
    assert "allSettled" in problem.message
