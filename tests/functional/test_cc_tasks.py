"""Copies for users over HTTP, on every worker at once (https://docs.nocobase.com/workflow/nodes/cc)."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, make_user

CONFIG = {"title": "Sample {{$context.data.title}}"}


@pytest.fixture(scope="module")
def reader(model: Model, stranger: Client) -> Client:
    """A user who is told by the workflow ``tell_reader``, and root is not."""
    user = make_user(model.root, stranger, "ccreader", ["member"])
    node = {"type": "cc", "config": CONFIG | {"users": [user.get("auth:check").data["id"], {"filter": {"username": "ccreader"}}, 987654]}}
    body = {"key": "tell_reader", "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}, "nodes": [node]}
    model.root.post("workflows:create", body).ok()
    return user


def tell(model: Model, title: str) -> Json:
    return model.root.post("workflows:trigger?triggerWorkflows=tell_reader", {"title": title}).executions[0]


def test_a_copy_is_read_once_by_its_user(model: Model, reader: Client) -> None:
    execution = tell(model, "S1")
    task = next(one for one in reader.elsewhere().get("workflowCcTasks:listMine").data if one["title"] == "Sample S1")
    assert (task["executionId"], task["status"]) == (execution["id"], 0)
    assert [one["status"] for one in reader.post(f"workflowCcTasks:read/{task['id']}").data] == [1]
    assert reader.elsewhere().get(f"workflowCcTasks:get/{task['id']}").data["readAt"]
    assert reader.post(f"workflowCcTasks:read/{task['id']}").data == []
    assert [one["status"] for one in reader.post(f"workflowCcTasks:unread/{task['id']}").data] == [0]


def test_all_are_read_at_once(model: Model, reader: Client) -> None:
    tell(model, "S2")
    tell(model, "S3")
    assert {"Sample S2", "Sample S3"} <= {one["title"] for one in reader.post("workflowCcTasks:read").data}
    assert reader.get("workflowCcTasks:listMine", filter='{"status": 0}').data == []


def test_another_users_copy_is_out_of_reach(model: Model, reader: Client) -> None:
    tell(model, "S4")
    task = reader.get("workflowCcTasks:listMine", sort="-id", pageSize=1).data[0]["id"]
    assert model.root.get("workflowCcTasks:listMine").data == []
    assert model.root.get(f"workflowCcTasks:get/{task}").data is None
    assert model.root.post(f"workflowCcTasks:read/{task}").status == 403
    assert reader.post("workflowCcTasks:read/12345").status == 404
    assert reader.post("workflowCcTasks:destroy/1").status == 404


def test_a_config_that_cannot_be_is_a_400_with_every_path(model: Model) -> None:
    steps = [{"function": "add", "arguments": {"unit": "fortnight"}}, {"function": "fly"}]
    nodes = [
        {"type": "cc", "config": {"users": ["somebody", {"filter": {}}]}},
        {"type": "dateCalculation", "config": {"input": "soon", "steps": steps}},
        {"type": "aggregate", "config": {"aggregator": "sum", "collection": "samples", "params": {"field": "title"}}},
        {"type": "json-variable-mapping", "config": {"dataSource": 5, "variables": [{"key": "a"}]}},
    ]
    body = {"key": "wrong_nodes", "type": "custom-action", "sync": True, "config": {"type": 0}, "nodes": nodes}
    answer = model.root.post("workflows:create", body)
    assert answer.status == 400
    assert {entry["path"] for entry in answer.errors} >= {
        "nodes.0.config.users.0",
        "nodes.0.config.users.1.filter",
        "nodes.1.config.input",
        "nodes.1.config.steps.0.arguments.number",
        "nodes.1.config.steps.0.arguments.unit",
        "nodes.1.config.steps.1.function",
        "nodes.2.config.params.field",
        "nodes.3.config.dataSource",
        "nodes.3.config.variables.0.paths",
    }
