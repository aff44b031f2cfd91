"""What ran, and what each node did (https://docs.nocobase.com/workflow/advanced/executions)."""

from __future__ import annotations

import pytest

from tests.functional.client import Json
from tests.functional.model import Model


@pytest.fixture
def run(model: Model) -> Json:
    """The execution of the example on a sample of its own, false branch, with its jobs."""
    sample = model.sample("Low", 1)
    identity = model.root.trigger(f"samples/{sample}", "submit").executions[0]["id"]
    return model.root.get(f"executions:get/{identity}", appends=["jobs"]).data


def test_an_execution_tells_what_started_it_and_how_it_ended(model: Model, run: Json) -> None:
    workflow = model.root.get("workflows:list", filter={"key": "submit"}).data[0]
    assert (run["workflowId"], run["key"], run["status"]) == (workflow["id"], "submit", -1)
    assert run["context"]["data"]["title"] == "Low"
    assert run["context"]["user"]["nickname"] == "Super Admin"
    assert run["createdAt"] <= run["updatedAt"]
    assert run["startedAt"]


def test_its_jobs_are_in_the_order_they_ran_and_linked(model: Model, run: Json) -> None:
    nodes = model.root.get(f"workflows:get/{run['workflowId']}", appends=["nodes"]).data["nodes"]
    types = {node["id"]: node["type"] for node in nodes}
    jobs = run["jobs"]
    assert [types[job["nodeId"]] for job in jobs] == ["condition", "response-message", "end"]
    assert [(job["status"], job["result"]) for job in jobs] == [(1, False), (1, "Indicator does not meet"), (-1, None)]
    assert all(str(job["executionId"]) == str(run["id"]) for job in jobs)
    assert [job["upstreamId"] for job in jobs] == [None, jobs[0]["id"], jobs[1]["id"]]
    assert len({job["id"] for job in jobs}) == 3


def test_a_job_is_read_by_its_id(model: Model, run: Json) -> None:
    job = run["jobs"][1]
    assert model.root.get(f"jobs:get/{job['id']}").data["result"] == "Indicator does not meet"


def test_jobs_are_left_out_unless_asked_for(model: Model, run: Json) -> None:
    assert "jobs" not in model.root.get(f"executions:get/{run['id']}").data


def test_executions_are_listed_filtered_sorted_and_paged(model: Model, run: Json) -> None:
    newest = model.root.get("executions:list", filter={"key": "submit"}, sort="-id", pageSize=1)
    assert newest.data[0]["id"] == run["id"]
    assert newest.meta["pageSize"] == 1
    statuses = {row["status"] for row in model.root.get("executions:list", filter={"key": "submit", "status": -1}).data}
    assert statuses == {-1}
    by_workflow = model.root.get("executions:list", filter={"workflowId": run["workflowId"]}, sort="-id", pageSize=2).data
    assert by_workflow[0]["id"] == run["id"]
    one, two = (model.root.get("executions:list", filter={"key": "submit"}, sort="id", pageSize=1, page=page).data for page in (1, 2))
    assert one[0]["id"] < two[0]["id"]


def test_an_execution_is_removed(model: Model, run: Json) -> None:
    assert model.root.post(f"executions:destroy/{run['id']}").data == 1
    assert model.root.get(f"executions:get/{run['id']}").json.get("data") is None
    assert model.root.count("executions", id=run["id"]) == 0


@pytest.mark.parametrize("identity", ["99999", "abc", "1%2F2", "x" * 200])
def test_one_that_is_not_there_is_null_or_a_clear_refusal(model: Model, identity: str) -> None:
    for answer in (model.root.get(f"executions:get/{identity}"), model.root.get(f"jobs:get/{identity}")):
        assert answer.status in (200, 400, 404)
        if answer.status == 200:
            assert answer.json == {"data": None}
        else:
            assert answer.errors[0]["message"]
    answer = model.root.post(f"executions:destroy/{identity}")
    assert answer.status in (200, 400, 404)
    assert answer.status != 200 or answer.data == 0


def test_no_secret_is_in_the_history(model: Model, run: Json, root_token: str) -> None:
    body = model.root.get(f"executions:get/{run['id']}", appends=["jobs"]).body
    assert root_token.encode() not in body
    assert b"argon2" not in body


def test_history_survives_its_workflow(model: Model) -> None:
    workflow = model.workflow([{"type": "end", "config": {"endStatus": 1}}])
    identity = model.root.trigger(f"samples/{model.sample()}", workflow["key"]).executions[0]["id"]
    model.root.post(f"workflows:destroy/{workflow['id']}").ok()
    assert model.root.get(f"executions:get/{identity}", appends=["jobs"]).data["status"] == 1


def test_every_answer_to_a_trigger_names_its_executions(model: Model) -> None:
    sample = model.sample("Low", 1)
    for key, status, ended in (("submit", 400, -1), ("end_ok", 200, 1), ("node_throws", 500, -2), ("reject_on_false", 500, -1)):
        answer = model.root.trigger(f"samples/{sample}", key)
        assert answer.status == status
        (execution,) = answer.executions
        assert (execution["key"], execution["status"]) == (key, ended)
        assert model.root.get(f"executions:get/{execution['id']}").data["status"] == ended
