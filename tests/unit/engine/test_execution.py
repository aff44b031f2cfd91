"""The history item of an execution: what it holds, and how it is kept below its limit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.graph import Node
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import MOST_HISTORY_BYTES, Execution, Job, bounded_text, public_execution, restored
from chalicelib.errors import Json

WORKFLOW = Workflow(8192, "flow", "The flow", "custom-action", True, True, {}, {})


def node(number: int) -> Node:
    return Node(8192 + number, f"node{number}", "output", "Output", {})


def job(number: int, result: Json, log: str | None = None) -> Job:
    return Job(f"77-{number}", f"#node{number}", node(number), None, 1, result, "then", "now", log)


def execution(*results: Json, **more: Any) -> Execution:
    made = Execution(77, WORKFLOW, more.pop("context", {"data": {}}), "then", "samples/1", status=1, **more)
    made.jobs = [job(number, result) for number, result in enumerate(results, 1)]
    return made


def doc_of(made: Execution) -> dict[str, Json]:
    text = made.to_item("token", "now")["doc"]
    assert len(text.encode()) <= MOST_HISTORY_BYTES
    doc: dict[str, Json] = json.loads(text)
    return doc


def test_what_is_small_is_kept_whole() -> None:
    made = execution("a", {"b": [1, None]}, context={"data": {"title": "ü"}}, output=5, messages=["said"])
    doc = doc_of(made)
    assert [entry["result"] for entry in doc["jobs"]] == ["a", {"b": [1, None]}]
    assert (doc["context"], doc["output"], doc["messages"]) == ({"data": {"title": "ü"}}, 5, ["said"])


def test_the_largest_result_gives_way_first_and_says_how_large_it_was() -> None:
    doc = doc_of(execution("small", "x" * 400_000, "y" * 1000))
    assert [entry["result"] for entry in doc["jobs"]] == ["small", {"cut": True, "bytes": 400_002}, "y" * 1000]


def test_no_more_is_cut_than_has_to_be() -> None:
    doc = doc_of(execution("a" * 100_000, "b" * 150_000, "c" * 120_000))
    assert [isinstance(entry["result"], dict) for entry in doc["jobs"]] == [False, True, False]


@pytest.mark.parametrize("part", ["context", "output", "messages"])
def test_context_output_and_messages_give_way_too(part: str) -> None:
    large: Json = {"context": {"data": "x" * 400_000}, "output": "x" * 400_000, "messages": ["x" * 400_000]}[part]
    doc = doc_of(execution("kept", **{part: large}))
    assert doc[part] == ([] if part == "messages" else {"cut": True, "bytes": len(json.dumps(large, separators=(",", ":")))})
    assert doc["jobs"][0]["result"] == "kept"


@pytest.mark.parametrize("count", [1, 10, 60])
def test_the_limit_counts_bytes_and_holds_for_many_results(count: int) -> None:
    doc = doc_of(execution(*["ü" * (600_000 // count)] * count))
    assert len(doc["jobs"]) == count


def test_long_logs_do_not_break_the_limit() -> None:
    made = execution("kept")
    made.jobs += [job(number, None, "x" * 100_000) for number in range(2, 7)]
    doc_of(made)


def test_the_run_itself_keeps_what_its_history_lost() -> None:
    made = execution("x" * 400_000, output="y" * 400_000)
    doc_of(made)
    assert len(made.jobs[0].result) == 400_000
    assert len(made.output) == 400_000


def test_of_a_run_of_many_rounds_the_first_and_last_jobs_are_kept_and_the_number_of_the_others() -> None:
    made = execution(*range(5_000))
    shown = public_execution(made.to_item("token", "now"))
    numbers = [entry["result"] for entry in shown["jobs"]]
    kept = len(numbers)
    assert (kept + shown["jobsLeftOut"], kept > 500) == (5_000, True)
    assert numbers[: kept // 3] == list(range(kept // 3))
    assert numbers[-(kept // 3) :] == list(range(5_000 - kept // 3, 5_000))
    doc_of(made)


def test_jobs_are_left_out_only_where_cutting_results_is_not_enough() -> None:
    made = execution(*["x" * 1_000] * 400)
    doc = doc_of(made)
    assert (len(doc["jobs"]), "jobsLeftOut" in doc) == (400, False)
    assert {"cut": True, "bytes": 1_002} in [entry["result"] for entry in doc["jobs"]]


def test_what_is_smaller_than_its_mark_is_not_cut() -> None:
    doc = doc_of(execution(*["x" * 300_000, *["small"] * 100]))
    assert [entry["result"] for entry in doc["jobs"]][1:] == ["small"] * 100


def test_cutting_stops_when_there_is_nothing_left_to_cut() -> None:
    doc: dict[str, Json] = {"jobs": [], "context": None, "output": None, "messages": [], "other": "x" * 400_000}
    assert json.loads(bounded_text(doc))["other"] == "x" * 400_000


@pytest.mark.parametrize(("status", "is_open"), [(None, True), (0, True), (1, False), (-1, False)])
def test_only_what_has_not_ended_is_in_the_index_of_open_ones(status: int | None, is_open: bool) -> None:
    made = execution()
    made.status = status
    item = made.to_item("token", "now")
    assert (item["open"] == "open#7") is is_open
    assert item["status"] == status


def test_the_item_carries_what_it_is_found_by() -> None:
    item = execution().to_item("token", "now")
    assert {name: item[name] for name in ("pk", "sk", "id", "key", "workflowId", "record", "createdAt")} == {
        "pk": "77",
        "sk": "execution",
        "id": 77,
        "key": "flow",
        "workflowId": 8192,
        "record": "samples/1",
        "createdAt": "then",
    }


def test_it_is_shown_with_its_jobs() -> None:
    shown = public_execution(execution("a", output=1, manually=True).to_item("token", "now"))
    assert (shown["id"], shown["status"], shown["output"], shown["manually"], shown["dispatched"]) == (77, 1, 1, True, True)
    assert shown["jobs"][0] == {
        "id": "77-1",
        "executionId": 77,
        "nodeId": 8193,
        "nodeKey": "node1",
        "jobKey": "#node1",
        "upstreamId": None,
        "status": 1,
        "result": "a",
        "meta": None,
        "log": None,
        "startedAt": "then",
        "createdAt": "then",
        "updatedAt": "now",
    }


@pytest.mark.parametrize("ended_by_end", [True, False])
def test_an_answer_can_be_made_again_from_the_item(ended_by_end: bool) -> None:
    made = execution(messages=["said"], ended_by_end=ended_by_end)
    made.status = -1
    again = restored(made.to_item("token", "now"), WORKFLOW)
    assert (again.summary(), again.messages, again.ended_by_end, again.token) == (made.summary(), ["said"], ended_by_end, "token")
