"""People who decide at the same moment, on the database that ships: everybody counts once, and nobody decides twice."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.adapters.memory import FixedClock
from chalicelib.errors import AppError
from tests.sessions import NOW_MS, Session

Json = Any
PEOPLE = tuple(range(11, 19))
YES, NO = {"key": "yes", "status": 1}, {"key": "no", "status": -5}
FORM = {"type": "create", "collection": "inspectionRecords", "actions": [YES, NO]}


class PausingClock(FixedClock):
    """Time stands still, pauses are real."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture(scope="module")
def root(dynamodb_store: DynamoStore) -> Session:
    session = Session(dynamodb_store, PausingClock(NOW_MS)).install()
    for user in PEOPLE:
        session.call("users:create", None, {"id": user, "username": f"user{user}", "password": "a password 9", "roles": ["member"]})
    return session


def begin(root: Session, key: str, assignees: Json, mode: int) -> int:
    """Starts a workflow that asks these people; the execution's id."""
    node = {"key": "ask", "type": "manual", "config": {"assignees": assignees, "mode": mode, "title": key, "forms": {"f": FORM}}}
    root.workflow(key, [node], None, sync=False)
    meta: Json = root.answer("workflows:trigger", None, {}, triggerWorkflows=key).meta
    root.machines.run(root.backend)
    execution: int = meta["executions"][0]["id"]
    return execution


def submit(root: Session, user: int, key: str, action: str) -> str:
    """How a submission of the user's task ended: its status, or the code of the refusal."""
    session = root.process(user_id=user)
    [task] = session.call("workflowManualTasks:listMine", filter={"title": key}) or [None]
    try:
        body = {"result": {"f": {"note": key}, "_": action}}
        return str(session.answer("workflowManualTasks:submit", task["id"], body).status)
    except AppError as refused:
        return refused.code


def ended(root: Session, execution: int) -> tuple[int, Json]:
    root.machines.run(root.backend)
    shown = root.call("executions:get", execution, appends="jobs")
    return shown["status"], shown["jobs"][0]["result"]


def made(root: Session, key: str) -> int:
    return len(root.call("inspectionRecords:list", filter={"note": key}, pageSize="100"))


def test_all_who_agree_at_once_are_counted(root: Session) -> None:
    execution = begin(root, "all", list(PEOPLE), 1)
    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        answers = list(pool.map(lambda user: submit(root, user, "all", "yes"), PEOPLE))
    assert set(answers) == {"202"}
    assert (ended(root, execution), made(root, "all")) == ((1, 1.0), len(PEOPLE))


def test_of_all_who_decide_at_once_one_does(root: Session) -> None:
    execution = begin(root, "first", list(PEOPLE), 0)
    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        answers = Counter(pool.map(lambda user: submit(root, user, "first", "no"), PEOPLE))
    assert answers == {"202": 1, "NOT_OPEN": len(PEOPLE) - 1}
    assert (ended(root, execution)[0], made(root, "first")) == (-5, 1)


def test_a_task_that_is_sent_many_times_is_settled_once(root: Session) -> None:
    execution = begin(root, "often", [11], 0)
    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(lambda _: submit(root, 11, "often", "yes"), range(16)))
    assert answers == {"202": 1, "NOT_OPEN": 15}
    assert (ended(root, execution)[0], made(root, "often")) == (1, 1)


def test_a_job_that_is_ended_from_both_sides_ends_once(root: Session) -> None:
    execution = begin(root, "both", [11], 0)

    def resume(_: int) -> str:
        try:
            return str(root.process().answer("jobs:resume", f"{execution}-1", {"status": -5}).status)
        except AppError as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        submitted = [pool.submit(submit, root, 11, "both", "yes") for _ in range(4)]
        resumed = [pool.submit(resume, n) for n in range(4)]
        answers = Counter(one.result() for one in (*submitted, *resumed))
    assert answers == {"202": 1, "NOT_OPEN": 7}
    was_submitted = any(one.result() == "202" for one in submitted)
    assert (ended(root, execution)[0], made(root, "both")) == ((1, 1) if was_submitted else (-5, 0))
