"""All or nothing: a node that fails leaves no record behind; an ``end`` node is a decision, and what was written before it stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.functional.client import Json, Reply
from tests.functional.model import TAKEN, Model, change_sample, end, message, over_90, record


@pytest.mark.parametrize("key", ["partial", "reject_on_false"])
def test_a_failed_node_takes_every_write_of_the_run_back(model: Model, key: str) -> None:
    sample = model.sample("Low", 1)
    before = model.root.get(f"samples:get/{sample}")
    answer = model.root.trigger(f"samples/{sample}", key)
    assert (answer.status, answer.codes) == (500, ["WORKFLOW_FAILED"])
    after = model.root.get(f"samples:get/{sample}")
    assert (after.data, after.headers["etag"]) == (before.data, before.headers["etag"])
    assert model.notes(sample) == []


def test_a_failure_names_its_execution_and_its_node(model: Model) -> None:
    answer = model.root.trigger(f"samples/{model.sample()}", "partial")
    (execution,) = answer.executions
    assert (execution["key"], execution["status"]) == ("partial", -2)
    assert str(execution["id"]) in answer.error_text
    assert "Take a taken id" in answer.error_text
    assert "before" not in [entry["message"] for entry in answer.errors]


def test_the_history_of_a_failed_run_is_kept_with_its_jobs(model: Model) -> None:
    model.root.trigger(f"samples/{model.sample()}", "partial")
    run = model.last_run("partial")
    assert run["status"] == -2
    assert [job["status"] for job in run["jobs"]] == [1, 1, 1, -2]
    assert "1" in str(run["jobs"][3]["result"])


def test_what_was_written_before_a_failed_end_stays(model: Model) -> None:
    sample = model.sample()
    assert model.root.trigger(f"samples/{sample}", "partial_end").status == 400
    assert (model.notes(sample), model.read(sample)["status"]) == (["before the end"], "Ended")


def test_an_end_inside_a_branch_commits_and_stops(model: Model) -> None:
    branches = {"1": [record("in the branch"), end(1), record("never")]}
    workflow, sample = model.workflow([over_90() | {"branches": branches}, record("after")]), model.sample()
    assert model.root.trigger(f"samples/{sample}", workflow["key"]).status == 200
    assert model.notes(sample) == ["in the branch"]


def test_a_failure_inside_a_branch_takes_back_what_was_before_it(model: Model) -> None:
    workflow = model.workflow([record("before"), over_90() | {"branches": {"1": [record("in the branch"), TAKEN]}}, record("after")])
    sample = model.sample()
    assert model.root.trigger(f"samples/{sample}", workflow["key"]).status == 500
    assert model.notes(sample) == []


def test_of_several_workflows_the_earlier_ones_stay_when_a_later_one_fails(model: Model) -> None:
    sample = model.sample("Kept")
    answer = model.root.trigger(f"samples/{sample}", "note,partial,submit")
    assert answer.status == 500
    assert [(entry["key"], entry["status"]) for entry in answer.executions] == [("note", 1), ("partial", -2)]
    assert (model.notes(sample), model.read(sample)["status"]) == (["note of Kept"], "Collected")


def test_a_unique_value_given_back_by_a_failed_run_is_free(model: Model) -> None:
    model.root.post("collections:create", {"name": "badges", "fields": [{"name": "code", "type": "string", "unique": True}]}).ok()
    badge: Json = {"type": "create", "config": {"collection": "badges", "params": {"values": {"code": "{{$context.data.title}}"}}}}
    failing, working = model.workflow([badge, TAKEN]), model.workflow([badge])
    sample = model.sample("B-1")
    assert model.root.trigger(f"samples/{sample}", failing["key"]).status == 500
    assert model.root.count("badges") == 0
    assert model.root.trigger(f"samples/{sample}", working["key"]).status == 200
    answer = model.root.trigger(f"samples/{sample}", working["key"])
    assert answer.status == 400
    assert model.root.count("badges") == 1


def test_a_bad_value_that_only_the_run_can_see_is_the_nodes_error(model: Model) -> None:
    workflow = model.workflow([record("before"), change_sample(indicator="{{$context.data.title}}")])
    sample = model.sample("no number")
    answer = model.root.trigger(f"samples/{sample}", workflow["key"])
    assert (answer.status, answer.codes) == (500, ["WORKFLOW_FAILED"])
    assert (model.notes(sample), model.read(sample)["indicator"]) == ([], 95)
    assert "indicator" in str(model.last_run(workflow["key"])["jobs"][1]["result"])


def test_a_record_too_large_is_the_nodes_error(model: Model) -> None:
    workflow = model.workflow([record("before"), change_sample(title="{{$context.data.big}}")])
    sample = model.sample()
    answer = model.root.trigger(f"samples/{sample}", workflow["key"], {"big": "x" * 450_000})
    assert (answer.status, answer.codes) == (500, ["WORKFLOW_FAILED"])
    assert model.notes(sample) == []


def test_messages_of_a_failed_run_are_not_said(model: Model) -> None:
    workflow = model.workflow([message("all is well"), TAKEN])
    answer = model.root.trigger(f"samples/{model.sample()}", workflow["key"])
    assert answer.messages == []
    assert "all is well" not in answer.error_text


def test_200_triggers_at_once_on_one_record_are_done_or_refused_and_none_is_lost(model: Model) -> None:
    """Each adds an x to the title and makes a record; a lost update would leave fewer x than successes."""
    sample = model.sample("")
    client = model.users["submitter"]

    def press(_: int) -> list[Reply]:
        return [client.trigger(f"samples/{sample}", "append_x") for _ in range(25)]

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for several in pool.map(press, range(8)) for answer in several]
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 409}, [answer.body for answer in answers if answer.status not in (200, 409)][:3]
    assert all(answer.codes == ["CONFLICT"] and "retry-after" in answer.headers for answer in answers if answer.status == 409)
    done = statuses.count(200)
    assert (model.read(sample)["title"], model.root.count("inspectionRecords", sampleId=sample)) == ("x" * done, done)
    assert done >= 25


def test_a_run_that_writes_more_than_one_transaction_can_names_the_limit_and_writes_nothing(model: Model) -> None:
    model.root.post("collections:create", {"name": "crowd", "fields": [{"name": "state", "type": "string"}]}).ok()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: model.root.post("crowd:create", {"state": "old"}).ok(), range(95)))
    change: Json = {"type": "update", "config": {"collection": "crowd", "params": {"filter": {"state": "old"}, "values": {"state": "new"}}}}
    workflow = model.workflow([change])
    answer = model.root.trigger(f"samples/{model.sample()}", workflow["key"])
    assert 400 <= answer.status <= 500
    run = model.last_run(workflow["key"])
    assert "90" in answer.error_text + str(run["jobs"])
    assert model.root.count("crowd", state="new") == 0
