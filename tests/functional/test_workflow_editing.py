"""Editing workflows over HTTP: versions, nodes moved about, tests of nodes, categories, documents."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, end, message, over_90, record


def nodes_of(root: Client, version: int) -> dict[str, Json]:
    return {node["key"]: node for node in root.get(f"workflows:get/{version}", appends=["nodes"]).data["nodes"]}


def keyed(node: Json, key: str) -> Json:
    return node | {"key": key}


def branched() -> list[Json]:
    over = keyed(over_90(), "over") | {"branches": {"1": [keyed(message("high"), "high")], "0": [keyed(end(-1), "low")]}}
    return [keyed(message("first"), "first"), over]


def revise(root: Client, workflow: Json) -> Json:
    return root.post(f"workflows:revision/{workflow['id']}", {}, filter={"key": workflow["key"]}).data


def test_a_workflow_that_ran_goes_on_as_a_revision(model: Model) -> None:
    root, workflow = model.root, model.workflow(branched())
    assert root.trigger(f"samples/{model.sample()}", workflow["key"]).messages == ["first", "high"]
    refused = root.post(f"workflows/{workflow['id']}/nodes:create", end(1))
    assert (refused.status, refused.codes) == (400, ["WORKFLOW_FROZEN"])

    revision = revise(root, workflow)
    assert (revision["key"], revision["enabled"], revision["current"], revision["categories"]) == (workflow["key"], False, None, [])
    nodes = nodes_of(root, revision["id"])
    assert nodes.keys() == nodes_of(root, workflow["id"]).keys()
    assert root.post(f"flow_nodes:update/{nodes['first']['id']}", {"config": {"message": "second"}}).status == 200
    assert root.trigger(f"samples/{model.sample()}", workflow["key"]).messages == ["first", "high"]

    root.post(f"workflows:update/{revision['id']}", {"enabled": True}).ok()
    assert root.trigger(f"samples/{model.sample()}", workflow["key"]).messages == ["second", "high"]
    rows = root.get("workflows:list", filter={"key": workflow["key"]}, sort="id", appends=["stats", "versionStats"]).data
    assert [(row["enabled"], row["current"]) for row in rows] == [(False, None), (True, True)]
    assert [row["versionStats"]["executed"] for row in rows] == [2, 1]
    assert [row["stats"]["executed"] for row in rows] == [3, 3]
    assert [row["workflowId"] for row in root.rows("executions", key=workflow["key"])] == [rows[0]["id"], rows[0]["id"], rows[1]["id"]]


def test_a_copy_is_a_workflow_of_its_own(model: Model) -> None:
    workflow = model.workflow(branched())
    copy = model.root.post(f"workflows:revision?filterByTk={workflow['id']}", {}).data
    assert copy["title"] == f"{workflow['title']} copy"
    assert copy["key"] != workflow["key"]
    assert (copy["enabled"], copy["current"]) == (False, True)
    model.root.post(f"workflows:update/{copy['id']}", {"enabled": True}).ok()
    assert model.root.get(f"workflows:get/{workflow['id']}").data["enabled"] is True


@pytest.mark.parametrize(("path", "status"), [("workflows:revision/8192", 404), ("workflows:revision/x", 400), ("workflows:revision", 400)])
def test_a_revision_needs_a_workflow(root: Client, path: str, status: int) -> None:
    assert root.post(path, {}).status == status


def test_nodes_are_moved_copied_and_their_branches_removed(model: Model) -> None:
    root = model.root
    version = revise(root, model.workflow(branched()))["id"]
    ids = {key: node["id"] for key, node in nodes_of(root, version).items()}
    moved = root.post(f"flow_nodes:move/{ids['first']}", {"upstreamId": ids["over"], "branchIndex": 1}).data
    assert (moved["upstreamId"], moved["branchIndex"], moved["downstreamId"]) == (ids["over"], 1, ids["high"])
    copy = root.post(f"flow_nodes:duplicate?filterByTk={ids['first']}", {"upstreamId": ids["over"]}).data
    assert (copy["config"], copy["upstreamId"]) == ({"message": "first"}, ids["over"])
    owner = root.post(f"flow_nodes:destroyBranch/{ids['over']}?branchIndex=0&shift=1").data
    assert (owner["id"], owner["downstreamId"]) == (ids["over"], copy["id"])
    assert {node["key"]: node["branchIndex"] for node in nodes_of(root, version).values()} == {
        "over": None,
        "first": 0,
        "high": None,
        copy["key"]: None,
    }


def test_a_move_that_cannot_be_says_why_and_changes_nothing(model: Model) -> None:
    root = model.root
    version = revise(root, model.workflow(branched()))["id"]
    other = next(iter(nodes_of(root, model.workflow([end(1)])["id"]).values()))["id"]
    ids = {key: node["id"] for key, node in nodes_of(root, version).items()}
    before = nodes_of(root, version)
    for body, status in (
        ({"upstreamId": ids["first"]}, 400),
        ({"upstreamId": ids["over"]}, 400),
        ({"upstreamId": ids["high"]}, 400),
        ({"upstreamId": other}, 400),
        ({"upstreamId": ids["first"], "branchIndex": "one"}, 400),
        ({"upstreamId": version + 999}, 404),
    ):
        answer = root.post(f"flow_nodes:move/{ids['over']}", body)
        assert answer.status == status, (body, answer)
    assert nodes_of(root, version) == before


def test_a_manual_run_with_auto_revision_leaves_a_version_to_edit(model: Model) -> None:
    workflow = model.workflow([message("m")])
    body = {"userId": 1, "data": model.sample()}
    answer = model.root.post(f"workflows:execute?filterByTk={workflow['id']}&autoRevision=1", body).data
    assert answer["execution"]["status"] == 1
    made = model.root.get(f"workflows:get/{answer['newVersionId']}", appends=["versionStats"]).data
    assert (made["key"], made["enabled"], made["versionStats"]["executed"]) == (workflow["key"], False, 0)
    assert "newVersionId" not in model.root.post(f"workflows:execute/{workflow['id']}?autoRevision=0", body).data


def test_a_node_is_tried_before_it_is_saved(model: Model) -> None:
    sample = model.sample("Tried")
    query = {"type": "query", "config": {"collection": "samples", "params": {"filter": {"id": sample}}}}
    assert model.root.post("flow_nodes:test", query).data["result"]["title"] == "Tried"
    refused = model.root.post("flow_nodes:test", record("never"))
    assert (refused.status, refused.codes) == (400, ["NODE_NOT_TESTABLE"])
    assert "never" not in [row["note"] for row in model.root.rows("inspectionRecords")]
    assert model.users["viewer"].post("flow_nodes:test", query).status == 403


def test_workflows_are_sorted_into_categories(model: Model) -> None:
    root, workflow = model.root, model.workflow([end(1)])
    category = root.post("workflowCategories:create", {"title": "Buttons", "color": "blue"}).data
    root.post(f"workflows:update/{workflow['id']}", {"categories": [category["id"]]}).ok()
    assert root.get(f"workflows:get/{workflow['id']}", appends=["categories"]).data["categories"][0]["title"] == "Buttons"
    assert [row["id"] for row in root.get("workflows:list", filter={"categories": {"$anyOf": [category["id"]]}}).data] == [workflow["id"]]
    assert root.post(f"workflowCategories:destroy/{category['id']}").data == 1
    assert root.post("workflowCategories:trigger/1").status == 404


def test_a_document_makes_the_same_workflow_elsewhere(model: Model) -> None:
    root, workflow = model.root, model.workflow(branched())
    document = root.get(f"workflows:export/{workflow['id']}").data
    assert document["key"] == workflow["key"]
    assert "id" not in document
    made = root.post("workflows:import", document | {"key": f"{workflow['key']}_elsewhere", "enabled": True}).data
    assert root.get("workflows:export", filterByTk=made["id"]).data == document | {"key": made["key"]}
    assert root.trigger(f"samples/{model.sample()}", made["key"]).messages == ["first", "high"]
    assert root.post("workflows:import", document | {"nodes": [{"type": "nosuch"}]}).errors[0]["path"] == "nodes.0.type"
    assert model.users["viewer"].get(f"workflows:export/{workflow['id']}").status == 403
