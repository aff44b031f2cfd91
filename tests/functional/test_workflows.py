"""Workflows and nodes over HTTP: made in one piece or node by node, checked when saved (https://docs.nocobase.com/workflow)."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import LOW, Model, custom_action, end, message, output, over_90, record

CONFIG: Json = {"type": 1, "collection": "samples", "appends": []}
DRAFT: Json = {"title": "tmp", "type": "custom-action", "sync": True, "config": CONFIG, "enabled": False}


def draft(root: Client, **more: Json) -> Json:
    return root.post("workflows:create", DRAFT | more).data


def test_a_new_workflow_is_answered_with_its_fields(model: Model) -> None:
    made = draft(model.root)
    assert {name: made[name] for name in ("title", "type", "sync", "config", "enabled", "current")} == {
        "title": "tmp",
        "type": "custom-action",
        "sync": True,
        "config": CONFIG,
        "enabled": False,
        "current": True,
    }
    assert 0 < made["id"] < 2**53
    assert len(made["key"]) == 11
    assert made["key"].isalnum()
    assert made["key"] == made["key"].lower()


def test_a_workflow_built_node_by_node_runs_as_linked(model: Model) -> None:
    root, workflow = model.root, draft(model.root)
    nodes = f"workflows/{workflow['id']}/nodes:create"
    condition = root.post(nodes, over_90() | {"upstreamId": None, "branchIndex": None}).data
    assert (condition["workflowId"], condition["upstreamId"], condition["branchIndex"]) == (workflow["id"], None, None)
    low = root.post(nodes, LOW | {"upstreamId": condition["id"], "branchIndex": 0}).data
    assert (low["upstreamId"], low["branchIndex"]) == (condition["id"], 0)
    root.post(nodes, end(-1) | {"upstreamId": low["id"]}).ok()
    made = root.post(nodes, record("stepwise") | {"upstreamId": condition["id"], "branchIndex": 1}).data
    root.post(nodes, message("made {{$jobsMapByNodeKey." + made["key"] + ".note}}") | {"upstreamId": condition["id"]}).ok()
    assert root.post(f"workflows:update?filterByTk={workflow['id']}", {"enabled": True}).data[0]["enabled"] is True
    high, less = model.sample(), model.sample("Low", 1)
    assert root.trigger(f"samples/{high}", workflow["key"]).messages == ["made stepwise"]
    assert root.trigger(f"samples/{less}", workflow["key"]).errors[0]["message"] == "Indicator does not meet"
    assert (model.notes(high), model.notes(less)) == (["stepwise"], [])


def test_a_workflow_made_in_one_piece_is_read_back_with_linked_nodes(model: Model) -> None:
    branches = {"1": [record("high"), message("made")], "0": [LOW, end(-1)]}
    workflow = model.workflow([over_90() | {"key": "cond", "branches": branches}, output()])
    nodes = model.root.get(f"workflows:get/{workflow['id']}", appends=["nodes"]).data["nodes"]
    assert sorted(node["type"] for node in nodes) == ["condition", "create", "end", "output", "response-message", "response-message"]
    by_id = {node["id"]: node for node in nodes}
    (head,) = (node for node in nodes if node["upstreamId"] is None)
    assert (head["key"], by_id[head["downstreamId"]]["type"]) == ("cond", "output")
    heads = {node["branchIndex"]: node["type"] for node in nodes if node["upstreamId"] == head["id"]}
    assert heads == {1: "create", 0: "response-message", None: "output"}


def test_a_node_is_inserted_before_the_head_or_after_another(model: Model) -> None:
    workflow = model.workflow([message("second"), message("fourth")], enabled=False)
    nodes = f"workflows/{workflow['id']}/nodes"
    second = next(node for node in model.root.get(f"{nodes}:list").data if node["upstreamId"] is None)
    model.root.post(f"{nodes}:create", message("first")).ok()
    model.root.post(f"{nodes}:create", message("third") | {"upstreamId": second["id"]}).ok()
    model.root.post(f"workflows:update/{workflow['id']}", {"enabled": True}).ok()
    assert model.root.trigger(f"samples/{model.sample()}", workflow["key"]).messages == ["first", "second", "third", "fourth"]


def test_a_node_is_changed_and_removed(model: Model) -> None:
    workflow = model.workflow([message("one"), message("two")])
    first, second = sorted(model.root.get(f"workflows/{workflow['id']}/nodes:list").data, key=lambda node: node["upstreamId"] is not None)
    model.root.post(f"flow_nodes:update/{first['id']}", {"title": "Greets", "config": {"message": "changed"}}).ok()
    assert model.root.get(f"flow_nodes:get/{first['id']}").data["config"]["message"] == "changed"
    model.root.post(f"flow_nodes:destroy/{second['id']}").ok()
    assert model.root.trigger(f"samples/{model.sample()}", workflow["key"]).messages == ["changed"]


def test_workflows_are_listed_filtered_and_removed(model: Model) -> None:
    made = draft(model.root, title="listed")
    assert [row["id"] for row in model.root.get("workflows:list", filter={"key": made["key"]}).data] == [made["id"]]
    assert {row["enabled"] for row in model.root.get("workflows:list", filter={"enabled": False}, pageSize=100).data} == {False}
    assert model.root.post(f"workflows:destroy?filterByTk={made['id']}").data == 1
    assert model.root.count("workflows", key=made["key"]) == 0
    assert model.root.get(f"workflows:get/{made['id']}").json == {"data": None}


def test_a_version_that_has_run_is_frozen_but_for_its_name(model: Model) -> None:
    workflow = model.workflow([output()])
    path = f"workflows:update?filterByTk={workflow['id']}"
    model.root.trigger(f"samples/{model.sample()}", workflow["key"]).ok()
    node = model.root.get(f"workflows/{workflow['id']}/nodes:list").data[0]
    answers = [
        (model.root.post(path, {"config": CONFIG | {"appends": ["category"]}}), "config of executed workflow can not be updated"),
        (model.root.post(f"workflows/{workflow['id']}/nodes:create", end(1)), "Node could not be created in executed workflow"),
        (model.root.post(f"flow_nodes:update/{node['id']}", {"config": {"value": 1}}), "executed workflow"),
        (model.root.post(f"flow_nodes:destroy/{node['id']}"), "executed workflow"),
    ]
    for answer, said in answers:
        assert answer.status == 400
        assert said in answer.errors[0]["message"]
    assert model.root.post(path, {"title": "renamed", "description": "d", "enabled": False}).data[0]["title"] == "renamed"
    assert len(model.root.get(f"workflows/{workflow['id']}/nodes:list").data) == 1


@pytest.mark.parametrize("change", [{"type": "schedule"}, {"sync": False}])
def test_type_and_sync_never_change(model: Model, change: Json) -> None:
    workflow = draft(model.root)
    model.root.post(f"workflows:update?filterByTk={workflow['id']}", change)
    read = model.root.get(f"workflows:get/{workflow['id']}").data
    assert (read["type"], read["sync"]) == ("custom-action", True)


BAD_WORKFLOWS: list[tuple[str, Json, str]] = [
    ("an unknown trigger type", {"type": "nosuch"}, 'Trigger type "nosuch" is not registered'),
    ("no trigger type", {"type": None}, "type"),
    ("no context type", {"config": {"collection": "samples"}}, "type"),
    ("an unknown context type", {"config": {"type": 7, "collection": "samples"}}, "type"),
    ("a context type as text", {"config": {"type": "one", "collection": "samples"}}, "type"),
    ("a record without a collection", {"config": {"type": 1}}, "ollection"),
    ("a collection that is not there", {"config": {"type": 1, "collection": "nosuch"}}, "nosuch"),
    ("a collection of another database", {"config": {"type": 1, "collection": "another:posts"}}, "another"),
    ("a collection that is no text", {"config": {"type": 1, "collection": 5}}, "collection"),
    ("appends that are no list", {"config": CONFIG | {"appends": "category"}}, "appends"),
    ("appends that are no field", {"config": CONFIG | {"appends": ["nosuch"]}}, "nosuch"),
    ("appends that are no association", {"config": CONFIG | {"appends": ["title"]}}, "title"),
    ("a config that is no object", {"config": [1]}, "config"),
    ("sync that is no boolean", {"sync": "perhaps"}, "sync"),
    ("a title that is no text", {"title": {"a": 1}}, "title"),
    ("nodes that are no list", {"nodes": {"type": "end"}}, "nodes"),
    ("a node that is no object", {"nodes": ["end"]}, "nodes"),
    ("a node without a type", {"nodes": [{"config": {}}]}, "type"),
    ("an unknown node type", {"nodes": [{"type": "nosuch", "config": {}}]}, 'Node type "nosuch" is not registered'),
    ("a branch of a node that has none", {"nodes": [output() | {"branches": {"1": [end(1)]}}]}, "branch"),
    ("a branch number that there is not", {"nodes": [over_90() | {"branches": {"7": [end(1)]}}]}, "7"),
    ("two nodes with one key", {"nodes": [output() | {"key": "same"}, output() | {"key": "same"}]}, "same"),
]
BAD_NODES: list[tuple[str, Json, str]] = [
    ("a condition without rejectOnFalse", {"type": "condition", "config": {"engine": "basic"}}, "rejectOnFalse"),
    ("rejectOnFalse that is no boolean", {"type": "condition", "config": {"rejectOnFalse": "x"}}, "rejectOnFalse"),
    ("math.js", {"type": "condition", "config": {"rejectOnFalse": False, "engine": "math.js", "expression": "1"}}, "jsonata"),
    ("formula.js", {"type": "condition", "config": {"rejectOnFalse": False, "engine": "formula.js", "expression": "1"}}, "jsonata"),
    ("create in no collection", {"type": "create", "config": {"params": {"values": {}}}}, "collection"),
    ("create in an unknown collection", {"type": "create", "config": {"collection": "nosuch", "params": {}}}, "nosuch"),
    (
        "create with an unknown field",
        {"type": "create", "config": {"collection": "samples", "params": {"values": {"nosuch": 1}}}},
        "nosuch",
    ),
    ("update without a filter", {"type": "update", "config": {"collection": "samples", "params": {"values": {"status": "x"}}}}, "filter"),
    ("destroy without a filter", {"type": "destroy", "config": {"collection": "samples", "params": {}}}, "filter"),
    (
        "query by an unknown operator",
        {"type": "query", "config": {"collection": "samples", "params": {"filter": {"title": {"$nosuch": 1}}}}},
        "$nosuch",
    ),
    ("query by an unknown field", {"type": "query", "config": {"collection": "samples", "params": {"filter": {"nosuch": 1}}}}, "nosuch"),
    ("an end with another status", {"type": "end", "config": {"endStatus": 7}}, "endStatus"),
    ("a message that is empty", message(""), "message"),
    ("a message that is no text", {"type": "response-message", "config": {"message": {"a": 1}}}, "message"),
    ("a variable for a node that is not there", {"type": "variable", "config": {"value": 1, "target": "nosuch"}}, "nosuch"),
    ("a config that is no object", {"type": "end", "config": "x"}, "config"),
]


@pytest.mark.parametrize(("change", "named"), [row[1:] for row in BAD_WORKFLOWS], ids=[row[0] for row in BAD_WORKFLOWS])
def test_a_bad_workflow_is_refused_by_name_and_not_made(model: Model, change: Json, named: str) -> None:
    before = model.root.count("workflows")
    answer = model.root.post("workflows:create", DRAFT | {"enabled": True} | change)
    assert answer.status == 400
    assert named in answer.error_text.replace('\\"', '"')
    assert model.root.count("workflows") == before


@pytest.mark.parametrize("whole", [True, False], ids=["in one piece", "added"])
@pytest.mark.parametrize(("node", "named"), [row[1:] for row in BAD_NODES], ids=[row[0] for row in BAD_NODES])
def test_a_bad_node_is_refused_by_name_and_not_made(model: Model, node: Json, named: str, whole: bool) -> None:
    if whole:
        answer = model.root.post("workflows:create", DRAFT | {"nodes": [node]})
    else:
        workflow = draft(model.root)
        answer = model.root.post(f"workflows/{workflow['id']}/nodes:create", node)
        assert model.root.get(f"workflows/{workflow['id']}/nodes:list").data == []
    assert answer.status == 400
    assert named in answer.error_text


def test_every_mistake_is_named_at_once_with_its_path(model: Model) -> None:
    nodes = [
        {"type": "create", "config": {"collection": "nosuch"}},
        over_90() | {"branches": {"1": [{"type": "end", "config": {"endStatus": 7}}]}},
    ]
    answer = model.root.post("workflows:create", DRAFT | {"config": {"type": 9, "collection": "samples"}, "nodes": nodes})
    assert answer.status == 400
    paths = [entry["path"] for entry in answer.errors]
    assert "config.type" in paths
    assert any(path.startswith("nodes.0.config") for path in paths)
    assert "nodes.1.branches.1.0.config.endStatus" in paths


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("workflows/7/nodes:create", {"type": "end"}, 404),
        ("workflows/abc/nodes:create", {"type": "end"}, 404),
        ("flow_nodes:update/7", {"title": "x"}, None),
        ("workflows:execute", {"userId": 1}, 400),
        ("workflows:execute?filterByTk=abc", {"userId": 1}, 400),
        ("workflows:execute?filterByTk=7", {"userId": 1}, 404),
        ("workflows:update", {"title": "x"}, 400),
        ("workflows:destroy", None, 400),
    ],
)
def test_a_workflow_or_node_that_is_not_there_is_never_a_failure_of_the_server(
    model: Model, path: str, body: Json, status: int | None
) -> None:
    answer = model.root.post(path, body)
    assert answer.status == status if status else answer.status < 500
    assert status is None or answer.errors[0]["message"]


def test_a_node_may_not_follow_one_of_another_workflow_or_none(model: Model) -> None:
    other = model.workflow([output()])
    foreign = model.root.get(f"workflows/{other['id']}/nodes:list").data[0]["id"]
    mine = draft(model.root)
    for upstream in (foreign, 7, "abc"):
        assert model.root.post(f"workflows/{mine['id']}/nodes:create", output() | {"upstreamId": upstream}).status in (400, 404)
    assert model.root.get(f"workflows/{mine['id']}/nodes:list").data == []


def test_a_taken_workflow_key_is_refused(model: Model) -> None:
    before = model.root.count("workflows")
    answer = model.root.post("workflows:create", custom_action("submit", 1, "samples", [output()]))
    assert answer.status in (400, 409)
    assert "submit" in answer.error_text
    assert model.root.count("workflows") == before


def test_a_workflow_is_run_by_hand_even_when_disabled(model: Model) -> None:
    workflow, sample = model.workflow([record("by hand")], enabled=False), model.sample()
    root_id = model.root.get("auth:check").data["id"]
    path = f"workflows:execute?filterByTk={workflow['id']}"
    done = model.root.post(path, {"data": sample, "userId": root_id}).data["execution"]
    assert done["status"] == 1
    assert model.notes(sample) == ["by hand"]
    assert model.root.get(f"executions:get/{done['id']}").data["manually"] is True
    assert model.root.post(path, {"data": {"id": sample, "title": "given"}, "userId": root_id}).data["execution"]["status"] == 1
    for body, said in (({"data": sample}, "user is not provided"), ({"data": sample, "userId": 99999}, "user not found")):
        answer = model.root.post(path, body)
        assert (answer.status, answer.errors[0]["message"]) == (400, said)


def test_who_may_not_manage_workflows_is_refused(model: Model) -> None:
    workflow = draft(model.root)
    for name in ("viewer", "submitter", "member"):
        user = model.users[name]
        assert user.get("workflows:list").status == 403
        assert user.post("workflows:create", DRAFT).status == 403
        assert user.post(f"workflows:execute?filterByTk={workflow['id']}", {"userId": 1}).status == 403
        assert user.post(f"workflows/{workflow['id']}/nodes:create", end(1)).status == 403
    assert model.users["roleadmin"].get("workflows:list").status == 200
