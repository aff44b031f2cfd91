from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, FAILED, PENDING, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Branch, Outcome
from chalicelib.nodes.transaction import NODE
from tests.unit.nodes.steering import steer

BOTH = (0, 1)


def rolled_back(status: int) -> dict[str, Any]:
    return {"rolledBack": True, "status": status}


def test_what_is_run_can_be_undone_as_one() -> None:
    ended = steer(NODE, {}, [RESOLVED], branches=BOTH)
    assert ended.asked == [Branch(0, result={"rolledBack": False}, undo=True)]
    assert ended.outcome == Outcome(RESOLVED, {"rolledBack": False})


@pytest.mark.parametrize(
    ("goes_on", "branches", "statuses", "expected"),
    [
        (False, BOTH, [FAILED, RESOLVED], Outcome(FAILED, rolled_back(FAILED))),
        (None, BOTH, [ERROR, RESOLVED], Outcome(FAILED, rolled_back(ERROR))),
        (True, BOTH, [FAILED, RESOLVED], Outcome(RESOLVED, rolled_back(FAILED))),
        (True, (0,), [ERROR], Outcome(RESOLVED, rolled_back(ERROR))),
        (False, (0,), [ERROR], Outcome(FAILED, rolled_back(ERROR))),
        (True, BOTH, [FAILED, ERROR], Outcome(ERROR, rolled_back(FAILED))),
        (True, (1,), [], Outcome(RESOLVED, {"rolledBack": False})),
        (True, (), [], Outcome(RESOLVED, {"rolledBack": False})),
    ],
)
def test_after_a_rollback_the_second_branch_runs_and_the_workflow_goes_on_or_not(
    goes_on: bool | None, branches: tuple[int, ...], statuses: list[int], expected: Outcome
) -> None:
    assert steer(NODE, {"continueAfterRollback": goes_on}, statuses, branches=branches).outcome == expected


def test_the_branch_after_the_rollback_is_outside_of_the_transaction() -> None:
    _, after = steer(NODE, {}, [FAILED, RESOLVED], branches=BOTH).asked
    assert after == Branch(1, result=rolled_back(FAILED), undo=False)


def test_nothing_inside_may_wait() -> None:
    outcome = steer(NODE, {}, [PENDING], branches=BOTH).outcome
    assert (outcome.status, "wait" in outcome.result["message"]) == (ERROR, True)


def test_the_branch_after_the_rollback_may_wait_and_is_taken_up_again() -> None:
    waiting = steer(NODE, {"continueAfterRollback": True}, [FAILED, PENDING], branches=BOTH)
    assert waiting.outcome == Outcome(PENDING, rolled_back(FAILED))
    again = steer(NODE, {"continueAfterRollback": True}, [RESOLVED], branches=BOTH, so_far=waiting.outcome.result)
    assert (again.indexes, again.outcome) == ([1], Outcome(RESOLVED, rolled_back(FAILED)))


@pytest.mark.parametrize(
    ("config", "path"), [({"dataSource": "other"}, "dataSource"), ({"continueAfterRollback": 1}, "continueAfterRollback")]
)
def test_mistakes_are_found_when_it_is_saved(config: dict[str, Any], path: str) -> None:
    (problem,) = problems_of_schema(config, NODE.schema, "config")
    assert problem.path == f"config.{path}"
