from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.errors import Invalid
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.cc import NODE
from tests.unit.nodes.fakes import FakePorts, FakeRecords, checked, paths_and_messages, run_node

USERS = [{"id": n, "username": name, "nickname": team} for n, name, team in ((1, "root", "Ops"), (2, "ann", "Lab"), (3, "bob", "Lab"))]


def told(users: Any, data: Any = None, **config: Any) -> tuple[Outcome, list[Any]]:
    """How the node ended, and the tasks it added."""
    ports = FakePorts(FakeRecords({"users": [dict(row) for row in USERS]}))
    outcome = run_node(NODE, {"users": users, **config}, ports, data)
    assert {kind for kind, _ in ports.records.tasks} <= {"workflowCcTasks"}
    return outcome, [values for _, values in ports.records.tasks]


def test_a_task_says_where_it_comes_from() -> None:
    outcome, tasks = told([2], {"t": "S1"}, title="Look at {{$context.data.t}}")
    assert outcome == Outcome(RESOLVED)
    place = {"executionId": 700, "jobKey": "#node", "nodeId": 8193, "workflowId": 8192}
    assert tasks == [{"userId": 2, "title": "Look at S1", "status": 0, **place}]


@pytest.mark.parametrize(
    ("users", "data", "ids"),
    [
        ([3, 2], None, [3, 2]),
        (["{{$context.data.ids}}"], {"ids": [3, [2, ["1"]]]}, [3, 2, 1]),
        ([2, "{{$context.data.ids}}", "2"], {"ids": [2, 2]}, [2]),
        ([None, "", "{{$context.data.none}}"], {}, []),
        (["{{$context.data.ids}}"], {"ids": [0, None, "", False, True, {"id": 2}, "x", -1, 2.0, 2**60, 99]}, []),
        ([{"filter": {"nickname": "Lab"}}, 1], None, [2, 3, 1]),
        ([3, {"filter": {"nickname": "{{$context.data.team}}"}}], {"team": "Lab"}, [3, 2]),
        ([{"filter": {"nickname": "{{$context.data.team}}"}}], {}, []),
        (["{{$context.data.everybody}}"], {"everybody": {"filter": {"id": {"$ne": 0}}}}, []),
        ([], None, []),
        (None, None, []),
    ],
)
def test_each_user_is_told_once(users: Any, data: Any, ids: list[int]) -> None:
    outcome, tasks = told(users, data)
    assert outcome == Outcome(RESOLVED)
    assert [task["userId"] for task in tasks] == ids


CROWD = [{"id": n, "username": f"u{n}", "nickname": "Crowd"} for n in range(1, 102)]


@pytest.mark.parametrize("users", [["{{$context.data.ids}}"], [{"filter": {"nickname": "Crowd"}}]])
def test_more_users_than_a_transaction_has_room_for_are_an_error_that_says_so(users: Any) -> None:
    ports = FakePorts(FakeRecords({"users": [dict(row) for row in CROWD]}))
    outcome = run_node(NODE, {"users": users}, ports, {"ids": list(range(1, 102))})
    assert (outcome.status, outcome.result["code"], ports.records.tasks) == (ERROR, "TOO_MANY_RECIPIENTS", [])
    assert "101 users would be told, at most 90 can be" in outcome.result["message"]


def test_so_are_more_than_can_be_looked_up() -> None:
    with pytest.raises(Invalid, match="1001 users are named, at most 1000"):
        told(["{{$context.data.ids}}"], {"ids": list(range(1, 1_002))})


def test_too_many_in_the_list_itself_are_found_when_it_is_saved() -> None:
    assert checked(NODE, {"users": list(range(1, 91))}) == []
    [problem] = checked(NODE, {"users": list(range(1, 92))})
    assert (problem.path, problem.message) == ("config.users", "91 users are named, at most 90 can be")


def test_an_object_from_the_context_is_no_operator() -> None:
    with pytest.raises(Invalid, match="not an object"):
        told([{"filter": {"id": "{{$context.data.x}}"}}], {"x": {"$ne": 0}})


@pytest.mark.parametrize("title", [None, "", "{{$context.data.none}}"])
def test_a_title_may_be_left_out(title: Any) -> None:
    assert told([1], {}, title=title)[1][0]["title"] is None


@pytest.mark.parametrize(
    ("users", "paths"),
    [
        ([1, "2", "{{$context.data.x}}", None, "", {"filter": {"nickname": "Lab"}}], []),
        (None, []),
        (["bob", 0, -1], [f"config.users.{position}" for position in range(3)]),
        ([{"filter": {}}, {"id": 1}], ["config.users.0.filter", "config.users.1.filter"]),
        ([{"filter": {"nosuch": 1}}], ["config.users.0.filter.nosuch"]),
        ([{"filter": {"nickname": "{{$context.data.x}}", "lost": 1}}], ["config.users.0.filter.lost"]),
    ],
)
def test_what_cannot_be_is_found_when_it_is_saved(users: Any, paths: list[str]) -> None:
    assert [path for path, _ in paths_and_messages(checked(NODE, {"users": users}))] == paths
