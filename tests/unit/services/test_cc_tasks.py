"""Copies for users: written with the run, seen by their user only. https://docs.nocobase.com/workflow/nodes/cc"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import RECORDS
from chalicelib.domain.system_collections import WORKFLOW_CC_TASKS
from chalicelib.errors import Forbidden, Invalid, NotFound, Unauthenticated, WorkflowFailed
from tests.sessions import Session

Json = Any
COPY = {"type": "cc", "config": {"users": [2, 3, 99], "title": "{{$context.data.title}}"}}


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore()).install()
    for user, name in ((2, "ann"), (3, "bob")):
        session.call("users:create", None, {"id": user, "username": name, "password": "a password 9", "roles": ["member"]})
    session.workflow("tell", [COPY], collection=None)
    return session


@pytest.fixture
def ann(root: Session) -> Session:
    return root.process(user_id=2)


def tell(root: Session, *titles: str) -> None:
    for title in titles:
        root.answer("workflows:trigger", None, {"title": title}, triggerWorkflows="tell")


def titles(session: Session, **params: Json) -> list[str]:
    return [task["title"] for task in session.call("workflowCcTasks:listMine", **{"sort": "title"} | params)]


def test_everybody_sees_their_own_and_no_others(root: Session, ann: Session) -> None:
    tell(root, "A")
    assert (titles(root), titles(ann), titles(root.process(user_id=3))) == ([], ["A"], ["A"])
    task = ann.call("workflowCcTasks:list")[0]
    execution = root.executions("tell")[0]
    assert (task["userId"], task["status"], task["readAt"]) == (2, 0, None)
    assert (task["executionId"], task["workflowId"]) == (execution["id"], execution["workflowId"])
    assert task["jobKey"] == execution["jobs"][0]["jobKey"]
    assert task["nodeId"] == execution["jobs"][0]["nodeId"]


def test_a_filter_cannot_reach_another_users(root: Session, ann: Session) -> None:
    tell(root, "A")
    assert titles(ann, filter={"userId": 3}) == []
    assert titles(ann, filter={"$or": [{"userId": 3}, {"userId": 2}]}) == ["A"]


def test_the_list_is_filtered_sorted_and_paged(root: Session, ann: Session) -> None:
    tell(root, "A", "B", "C")
    answer = ann.answer("workflowCcTasks:listMine", sort="-title", pageSize="2")
    assert ([task["title"] for task in answer.data], answer.meta and answer.meta["count"]) == (["C", "B"], 3)
    first = ann.call("workflowCcTasks:listMine", filter={"title": "A"})[0]["id"]
    ann.call("workflowCcTasks:read", first)
    assert titles(ann, filter={"status": 0}) == ["B", "C"]
    assert titles(ann, filter={"status": 1}) == ["A"]


def test_get_gives_ones_own_or_null(root: Session, ann: Session) -> None:
    tell(root, "A")
    mine = ann.call("workflowCcTasks:list")[0]["id"]
    others = root.process(user_id=3).call("workflowCcTasks:list")[0]["id"]
    assert ann.call("workflowCcTasks:get", mine)["title"] == "A"
    assert ann.call("workflowCcTasks:get", others) is None
    assert ann.call("workflowCcTasks:get", 12345) is None
    with pytest.raises(Invalid, match="needs an id"):
        ann.call("workflowCcTasks:get")
    with pytest.raises(Invalid, match="not an id"):
        ann.call("workflowCcTasks:get", "x")


def test_read_and_unread_change_what_is_named(root: Session, ann: Session) -> None:
    tell(root, "A", "B", "C")
    ids = [task["id"] for task in ann.call("workflowCcTasks:list", sort="title")]
    changed = ann.call("workflowCcTasks:read", filterByTk=ids[:2])
    assert [(task["id"], task["status"], bool(task["readAt"])) for task in changed] == [(ids[0], 1, True), (ids[1], 1, True)]
    assert ann.call("workflowCcTasks:read", ids[0]) == []
    assert [(task["status"], task["readAt"]) for task in ann.call("workflowCcTasks:unread", ids[0])] == [(0, None)]
    assert titles(ann, filter={"status": 0}) == ["A", "C"]


def test_without_an_id_all_are_meant_also_more_than_a_transaction_holds(root: Session, ann: Session) -> None:
    records = ann.backend.unit(ann.backend.reading()[0], user_id=1, at_ms=1, seed="many")
    for batch in range(3):
        for _ in range(80):
            records.create(WORKFLOW_CC_TASKS, {"userId": 2, "title": str(batch), "status": 0})
        ann.store.transact([tagged.write for tagged in records.writes()])
        records.committed()
    tell(root, "A")
    assert len(ann.call("workflowCcTasks:read")) == 241
    assert ann.answer("workflowCcTasks:listMine", filter={"status": 0}).data == []
    assert titles(root.process(user_id=3), filter={"status": 0}) == ["A"]
    assert len(ann.call("workflowCcTasks:unread")) == 241


def test_another_users_task_is_refused_and_nothing_changes(root: Session, ann: Session) -> None:
    tell(root, "A")
    mine = ann.call("workflowCcTasks:list")[0]["id"]
    others = root.process(user_id=3).call("workflowCcTasks:list")[0]["id"]
    with pytest.raises(Forbidden, match=str(others)):
        ann.call("workflowCcTasks:read", filterByTk=[mine, others])
    with pytest.raises(NotFound, match="12345"):
        ann.call("workflowCcTasks:unread", filterByTk=[mine, 12345])
    with pytest.raises(Invalid, match="filterByTk"):
        ann.call("workflowCcTasks:read", filterByTk=[])
    assert titles(ann, filter={"status": 0}) == ["A"]


def test_a_stranger_is_refused(root: Session) -> None:
    stranger = root.process()
    stranger.token = "x.y.z"
    for action in ("list", "listMine", "get", "read", "unread"):
        with pytest.raises(Unauthenticated):
            stranger.answer(f"workflowCcTasks:{action}", 1)


def test_a_run_that_fails_leaves_no_task(root: Session, ann: Session) -> None:
    never = {"calculator": "equal", "operands": [1, 2]}
    root.workflow("fails", [COPY, {"type": "condition", "config": {"rejectOnFalse": True, "calculation": never}}], collection=None)
    root.answer("workflows:trigger", None, {"title": "A"}, triggerWorkflows="fails")
    assert titles(ann) == []


@pytest.mark.parametrize("type_", ["create", "update", "destroy"])
def test_no_config_can_write_tasks_by_name(root: Session, ann: Session, type_: str) -> None:
    params = {"values": {"userId": 2, "status": 0}} | ({"filter": {"status": 0}} if type_ != "create" else {})
    tell(root, "A")
    try:
        root.workflow("forge", [{"type": type_, "config": {"collection": "workflowCcTasks", "params": params}}], collection=None)
        root.answer("workflows:trigger", None, {}, triggerWorkflows="forge")
    except Invalid:
        pass
    else:
        assert root.executions("forge")[0]["status"] == -2
    assert titles(ann) == ["A"]


def test_other_actions_are_not_there(root: Session) -> None:
    for action in ("create", "update", "destroy", "trigger"):
        with pytest.raises(NotFound):
            root.answer(f"workflowCcTasks:{action}", 1, {"title": "x"})


@pytest.mark.parametrize("sync", [True, False])
def test_more_users_than_a_transaction_has_room_for_end_the_run_as_an_error_that_says_so(root: Session, sync: bool) -> None:
    users = [{"id": number, "username": f"u{number}", "password": "a password 9", "roles": ["member"]} for number in range(4, 92)]
    for user in users:
        root.call("users:create", None, user)
    root.workflow("crowd", [COPY | {"key": "copy", "config": {"users": ["{{$context.data.ids}}"]}}], None, sync=sync)
    for last in (90, 91):
        with suppress(WorkflowFailed):
            root.answer("workflows:trigger", None, {"ids": list(range(1, last + 1))}, triggerWorkflows="crowd")
        root.machines.run(root.backend)
        root.clock.sleep(1)
    fits, fails = (root.call("executions:get", row["id"], appends="jobs") for row in root.executions("crowd"))
    assert (fits["status"], fails["status"], fails["jobs"][0]["result"]["code"]) == (1, -2, "TOO_MANY_RECIPIENTS")
    assert len(root.store.query(RECORDS, "workflowCcTasks#0").items) == 90
