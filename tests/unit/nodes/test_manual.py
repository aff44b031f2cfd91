from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, PENDING, RESOLVED
from chalicelib.engine.node_validation import problems_of_node
from chalicelib.errors import Invalid
from chalicelib.nodes.base import Definitions, Outcome
from chalicelib.nodes.manual import ALL, ANY, NODE, SINGLE, verdict
from tests.unit.nodes.fakes import COLLECTIONS, FakePorts, FakeRecords, checked, paths_and_messages, run_node

USERS = [{"id": n, "username": name, "nickname": team} for n, name, team in ((1, "root", "Ops"), (2, "ann", "Lab"), (3, "bob", "Lab"))]
YES, NO = {"key": "yes", "status": 1}, {"key": "no", "status": -5}


def asked(assignees: Any, data: Any = None, **config: Any) -> tuple[Outcome, list[Any]]:
    """How the node stands, and the tasks it added."""
    ports = FakePorts(FakeRecords({"users": [dict(row) for row in USERS]}))
    outcome = run_node(NODE, {"assignees": assignees, **config}, ports, data)
    assert {kind for kind, _ in ports.records.tasks} <= {"workflowManualTasks"}
    return outcome, [values for _, values in ports.records.tasks]


def test_a_task_says_where_it_comes_from() -> None:
    outcome, tasks = asked([2], {"t": "S1"}, title="Look at {{$context.data.t}}")
    assert outcome == Outcome(PENDING)
    place = {"executionId": 700, "jobKey": "#node", "nodeId": 8193, "workflowId": 8192}
    assert tasks == [{"userId": 2, "title": "Look at S1", "status": 0, **place}]


@pytest.mark.parametrize(
    ("assignees", "data", "ids"),
    [
        ([3, "2"], None, [3, 2]),
        (["{{$context.data.ids}}"], {"ids": [3, [2, ["1"]], 2, None, "", 0]}, [3, 2, 1]),
        ([3, {"filter": {"nickname": "Lab"}}], None, [3, 2]),
        ([2, 99, "{{$context.data.ids}}"], {"ids": ["bob", {"id": 1}]}, [2]),
    ],
)
def test_each_assignee_gets_one_task(assignees: Any, data: Any, ids: list[int]) -> None:
    outcome, tasks = asked(assignees, data)
    assert outcome.status == PENDING
    assert [task["userId"] for task in tasks] == ids


@pytest.mark.parametrize("assignees", [None, [], [None, ""], ["{{$context.data.none}}"], [{"filter": {"nickname": "Nobody"}}]])
@pytest.mark.parametrize(("mode", "result"), [(None, None), (0, None), (1, []), (-1, [])])
def test_where_nobody_is_assigned_nobody_is_waited_for(assignees: Any, mode: Any, result: Any) -> None:
    assert asked(assignees, {}, mode=mode) == (Outcome(RESOLVED, result), [])


def test_several_who_decide_begin_with_an_empty_list() -> None:
    assert asked([2, 3], mode=1)[0] == Outcome(PENDING, [])


def test_assignees_who_are_all_unknown_are_named() -> None:
    outcome, tasks = asked([98, "{{$context.data.who}}"], {"who": ["bob", {"id": 1}]})
    assert outcome == Outcome(ERROR, {"message": 'none of the assignees is a user: 98, bob, {"id":1}', "code": "UNKNOWN_ASSIGNEE"})
    assert tasks == []


def test_more_assignees_than_a_transaction_has_room_for_are_an_error() -> None:
    ports = FakePorts(FakeRecords({"users": [{"id": number} for number in range(1, 52)]}))
    outcome = run_node(NODE, {"assignees": ["{{$context.data}}"]}, ports, list(range(1, 52)))
    assert (outcome.status, outcome.result["code"], ports.records.tasks) == (ERROR, "TOO_MANY_ASSIGNEES", [])
    assert run_node(NODE, {"assignees": ["{{$context.data}}"]}, ports, list(range(1, 51))).status == PENDING


def test_an_object_from_the_context_is_no_operator() -> None:
    with pytest.raises(Invalid, match="not an object"):
        asked([{"filter": {"id": "{{$context.data.x}}"}}], {"x": {"$ne": 0}})


@pytest.mark.parametrize(
    ("mode", "statuses", "latest", "expected"),
    [
        (SINGLE, [0, -5, 0], -5, -5),
        (SINGLE, [1], 1, 1),
        (ALL, [1, 0], 1, 0),
        (ALL, [1, 1], 1, 1),
        (ALL, [0, -2, 1], -2, -2),
        (ANY, [-1, 0], -1, 0),
        (ANY, [-1, 1, 0], 1, 1),
        (ANY, [-1, -2], -2, -5),
    ],
)
def test_the_mode_says_who_decides(mode: int, statuses: list[int], latest: int, expected: int) -> None:
    assert verdict(mode, statuses, latest) == expected


def form(**parts: Any) -> dict[str, Any]:
    return {"f": {"type": "custom", "actions": [YES, NO], **parts}}


UPDATE = {"type": "update", "collection": "samples"}


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({"assignees": [1], "forms": form()}, []),
        ({"assignees": ["{{$context.data.x}}"]}, []),
        ({"assignees": ["bob", {"filter": {}}]}, ["config.assignees.0", "config.assignees.1.filter"]),
        ({"forms": form(type="create")}, ["config.forms.f.collection"]),
        ({"forms": form(type="create", collection="nosuch")}, ["config.forms.f.collection"]),
        ({"forms": form(type="create", collection="main:samples")}, []),
        (
            {"forms": form(type="create", collection="samples", actions=[YES | {"values": {"lost": 1}}])},
            ["config.forms.f.actions.0.values.lost"],
        ),
        ({"forms": form(**UPDATE)}, ["config.forms.f.filter"]),
        ({"forms": form(**UPDATE, filter={"$and": [{}]})}, ["config.forms.f.filter"]),
        ({"forms": form(**UPDATE, filter={"lost": 1})}, ["config.forms.f.filter.lost"]),
        ({"forms": form(**UPDATE, filter={"id": "{{currentRecord.id}}"})}, []),
        ({"forms": form(actions=[YES, NO, YES])}, ["config.forms.f.actions.2.key"]),
        ({"forms": form(type="create", collection="samples", actions=5)}, []),
        ({"forms": form(type="create", collection="samples", actions=[5, {"values": 5}])}, []),
        ({"forms": [5], "assignees": 5, "mode": [], "title": 5}, []),
        ({"forms": {"f": 5}}, []),
        ({"forms": {"_": {"type": "custom"}}}, ["config.forms._"]),
        ({"forms": form(actions=[YES | {"values": {"by": "{{currentUser.id}} {{$user.id}}", "at": "{{currentTime}}{{$nDate.now}}"}}])}, []),
        ({"forms": form(actions=[YES | {"values": {"a": "{{$nForm.note}}", "b": "{{ctx.currentRecord.note}}"}}])}, []),
        ({"forms": form(actions=[YES | {"values": {"a": "{{$jobsMapByNodeKey.nope}}"}}])}, ["config.forms.f.actions.0.values.a"]),
        ({"title": "{{currentUser.id}}"}, ["config.title"]),
        ({"title": "{{$jobsMapByNodeKey.nope}}"}, ["config.title"]),
    ],
)
def test_what_cannot_be_is_found_when_it_is_saved(config: dict[str, Any], paths: list[str]) -> None:
    assert [path for path, _ in paths_and_messages(checked(NODE, config))] == paths


@pytest.mark.parametrize("form_of_nobody", [{"type": "custom"}, {"type": "custom", "actions": []}, {"type": "custom", "actions": None}])
def test_a_form_that_nobody_can_submit_is_refused(form_of_nobody: dict[str, Any]) -> None:
    config = {"assignees": [1], "forms": {"f": form_of_nobody}}
    problems = problems_of_node({"type": "manual", "config": config}, Definitions(COLLECTIONS.get))
    assert [problem.path for problem in problems] == ["config.forms.f.actions"]


def test_more_assignees_than_there_can_be_are_found_when_it_is_saved() -> None:
    forms = {"f": {"type": "custom", "actions": [YES]}}
    assert checked(NODE, {"assignees": list(range(1, 51)), "forms": forms}) == []
    [problem] = checked(NODE, {"assignees": list(range(1, 52)), "forms": forms})
    assert (problem.path, problem.message) == ("config.assignees", "51 users are named, at most 50 can be")
