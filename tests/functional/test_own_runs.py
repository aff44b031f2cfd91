"""Who started a run in the background may ask how it stands, and nobody else who manages no workflows; starts and submissions happen once.

https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import time
import uuid

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, end, make_user, record

pytestmark = pytest.mark.usefixtures("machines")

PATIENCE_SECONDS = 120.0
SEEN = {"id", "key", "status", "reason", "spilled", "messages", "workflow", "createdAt", "startedAt", "updatedAt"}
ASK = {
    "key": "ask",
    "type": "manual",
    "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}},
}


@pytest.fixture(scope="module")
def members(model: Model, stranger: Client) -> list[Client]:
    return [make_user(model.root, stranger, f"own-{uuid.uuid4().hex[:8]}", ["submitter"]) for _ in range(2)]


def started(model: Model, client: Client, *nodes: Json) -> int:
    """The id of a run in the background that the client starts."""
    workflow = model.workflow(list(nodes), sync=False)
    execution: int = client.trigger(f"samples/{model.sample()}", workflow["key"]).ok().executions[0]["id"]
    return execution


def ended(client: Client, execution: int) -> Json:
    until = time.monotonic() + PATIENCE_SECONDS
    while (state := client.get(f"executions:get/{execution}").ok().data)["status"] in (None, 0):
        assert time.monotonic() < until, state
        time.sleep(0.2)
    return state


@pytest.mark.parametrize(("node", "status"), [(record("secret"), 1), (end(-1), -1)])
def test_a_member_follows_their_own_run_to_its_end(model: Model, members: list[Client], node: Json, status: int) -> None:
    member, other = members
    execution = started(model, member, node)
    state = ended(member, execution)
    assert (set(state), state["status"]) == (SEEN, status)
    for asked in (execution, 123):
        assert other.get(f"executions:get/{asked}").status == 403
    assert (member.get("executions:list").status, member.get(f"jobs:get/{execution}-1").status) == (403, 403)


def test_who_is_not_signed_in_follows_nothing(model: Model, members: list[Client], stranger: Client) -> None:
    assert stranger.get(f"executions:get/{started(model, members[0], end(1))}").status == 401


def test_one_that_was_cancelled_is_told_as_that(model: Model, members: list[Client]) -> None:
    execution = started(model, members[0], ASK)
    assert model.root.post(f"executions:cancel/{execution}", {}).status == 200
    state = ended(members[0], execution)
    assert (state["status"], state["reason"]) == (-3, "manual_cancel")


def test_a_version_is_run_once_for_a_key(model: Model) -> None:
    workflow = model.workflow([record("once")])
    once = model.root.using(Idempotency_Key=str(uuid.uuid4()))
    body = {"userId": 1, "data": {"id": model.sample()}}
    first, again = (once.post(f"workflows:execute/{workflow['id']}", body) for _ in range(2))
    assert (first.status, first.json) == (200, again.json)
    assert model.ran(workflow["key"]) == 1
    assert once.post(f"workflows:execute/{workflow['id']}", body | {"roleName": "root"}).codes == ["IDEMPOTENCY_KEY_REUSED"]


def test_a_task_is_submitted_once_for_a_key(model: Model) -> None:
    execution = started(model, model.root, ASK)
    until = time.monotonic() + PATIENCE_SECONDS
    while not (tasks := model.root.get("workflowManualTasks:listMine", filter={"executionId": execution}).data):
        assert time.monotonic() < until
        time.sleep(0.2)
    once, body = model.root.using(Idempotency_Key=str(uuid.uuid4())), {"result": {"f": {"note": "x"}, "_": "yes"}}
    first, again = (once.post(f"workflowManualTasks:submit/{tasks[0]['id']}", body) for _ in range(2))
    assert (first.status, again.status, first.json) == (202, 202, again.json)
    assert ended(model.root, execution)["status"] == 1
