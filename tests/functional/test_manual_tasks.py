"""Workflows that wait for people, over HTTP, on every worker at once (https://docs.nocobase.com/workflow/nodes/manual)."""

from __future__ import annotations

import time

import pytest

from tests.functional.client import Client, Json
from tests.functional.conftest import refused
from tests.functional.model import Model, make_user

pytestmark = pytest.mark.usefixtures("machines")

WAIT_SECONDS = 120.0
FORM: Json = {
    "type": "create",
    "collection": "inspectionRecords",
    "actions": [
        {"key": "agree", "title": "Agree", "status": 1, "values": {"note": "{{currentRecord.note}} by {{currentUser.nickname}}"}},
        {"key": "reject", "title": "Reject", "status": -5},
        {"key": "draft", "title": "Save", "status": 0},
    ],
}


@pytest.fixture(scope="module")
def reviewer(model: Model, stranger: Client) -> Client:
    """A user whom the workflow ``ask_reviewer`` asks."""
    user = make_user(model.root, stranger, "reviewer", ["member"])
    me = user.get("auth:check").data["id"]
    nodes: list[Json] = [
        {"key": "ask", "type": "manual", "config": {"assignees": [me], "title": "{{$context.data.title}}", "forms": {"f": FORM}}},
        {"type": "output", "config": {"value": "{{$jobsMapByNodeKey.ask.f.note}}"}},
    ]
    body = {"key": "ask_reviewer", "type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}, "nodes": nodes}
    model.root.post("workflows:create", body).ok()
    return user


def ask(model: Model, reviewer: Client, title: str) -> Json:
    """Starts the workflow; the task that the reviewer gets."""
    execution = model.root.post("workflows:trigger?triggerWorkflows=ask_reviewer", {"title": title}).executions[0]
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        tasks = reviewer.elsewhere().get("workflowManualTasks:listMine", filter=f'{{"title": "{title}"}}').data
        if tasks:
            assert tasks[0]["executionId"] == execution["id"]
            return tasks[0]
        time.sleep(0.2)
    raise AssertionError(f"no task after {WAIT_SECONDS} seconds")


def ended(model: Model, execution_id: int) -> Json:
    """The execution once it has ended."""
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        execution = model.root.elsewhere().get(f"executions:get/{execution_id}", appends="jobs").data
        if execution["status"]:
            return execution
        time.sleep(0.2)
    raise AssertionError(f"not ended after {WAIT_SECONDS} seconds")


def test_what_is_submitted_ends_the_wait_and_makes_the_record(model: Model, reviewer: Client) -> None:
    task = ask(model, reviewer, "T1")
    path = f"workflowManualTasks:submit/{task['id']}"
    assert reviewer.get(f"workflowManualTasks:get/{task['id']}").data["forms"]["f"]["actions"][0]["title"] == "Agree"
    assert reviewer.post(path, {"result": {"f": {"note": "T1 draft"}, "_": "draft"}}).status == 202
    answer = reviewer.elsewhere().post(path, {"result": {"f": {"note": "T1 seen"}, "_": "agree"}})
    assert (answer.status, answer.json["data"]["status"]) == (202, 1)
    assert ended(model, task["executionId"])["output"] == "T1 seen by reviewer"
    assert len(model.root.get("inspectionRecords:list", filter='{"note": {"$includes": "T1"}}').data) == 1
    refused(reviewer.post(path, {"result": {"f": {}, "_": "agree"}}), (400,), "settled already")


def test_who_rejects_ends_the_execution_as_rejected(model: Model, reviewer: Client) -> None:
    task = ask(model, reviewer, "T2")
    assert reviewer.post(f"workflowManualTasks:submit/{task['id']}", {"result": {"f": {"note": "T2"}, "_": "reject"}}).status == 202
    assert ended(model, task["executionId"])["status"] == -5


def test_nobody_but_the_assignee_submits(model: Model, reviewer: Client, stranger: Client) -> None:
    task = ask(model, reviewer, "T3")
    path, body = f"workflowManualTasks:submit/{task['id']}", {"result": {"f": {}, "_": "agree"}}
    refused(stranger.post(path, body), (401,))
    refused(model.root.post(path, body), (403,), "another user's")
    refused(reviewer.post("workflowManualTasks:submit/12345", body), (404,), "12345")
    refused(reviewer.post(path, {"result": {"g": {}, "_": "nosuch"}}), (400,), "nosuch")
    refused(reviewer.post(path, {"result": {"f": {"lost": 1}, "_": "agree"}}), (400,), "lost")
    assert reviewer.get(f"workflowManualTasks:get/{task['id']}").data["status"] == 0


def test_a_job_is_resumed_by_root_alone(model: Model, reviewer: Client) -> None:
    task = ask(model, reviewer, "T4")
    job = f"jobs:resume/{task['executionId']}-1"
    refused(reviewer.post(job, {"status": 1}), (403,))
    refused(model.root.post(job, {"status": "done"}), (400,), "status")
    answer = model.root.post(job, {"status": 1, "result": {"f": {"note": "by hand"}}})
    assert (answer.status, answer.json["data"]["status"]) == (202, 1)
    assert ended(model, task["executionId"])["output"] == "by hand"
    assert reviewer.get(f"workflowManualTasks:get/{task['id']}").data["status"] == -3


def test_a_task_of_a_cancelled_execution_is_closed(model: Model, reviewer: Client) -> None:
    task = ask(model, reviewer, "T5")
    model.root.post(f"executions:cancel/{task['executionId']}").ok()
    refused(reviewer.post(f"workflowManualTasks:submit/{task['id']}", {"result": {"f": {}, "_": "agree"}}), (400,), "ended")
    assert reviewer.get("workflowManualTasks:listMine", filter='{"title": "T5", "status": 0}').data == []
