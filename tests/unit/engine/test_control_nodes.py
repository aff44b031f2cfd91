"""Nodes that walk branches, in the interpreter: huge loops, places of jobs, time limits, checks of what stands in a loop."""

from __future__ import annotations

import json

import pytest

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.status import ABORTED, ERROR, RESOLVED
from chalicelib.engine.execution import MOST_HISTORY_BYTES
from chalicelib.errors import DeadlineExceeded, Json
from tests.unit.engine.fakes import NOW_MS
from tests.unit.engine.runs import Run, create, output, slow


def loop(target: Json, *body: dict[str, Json], key: str = "loop", **config: Json) -> dict[str, Json]:
    return {"key": key, "type": "loop", "config": {"target": target, **config}, "branches": {"0": list(body)}}


def test_a_loop_over_100_000_ends_after_10_000_rounds_and_its_history_stays_below_its_limit() -> None:
    run = Run(loop(100_000, output("{{$scopes.loop.item}}"))).walk()
    job = run.execution.jobs[0]
    assert (run.execution.status, job.status, job.result["looped"], job.result["exceeded"]) == (ERROR, ERROR, 10_000, True)
    text = run.execution.to_item("token", "now")["doc"]
    doc = json.loads(text)
    assert len(text.encode()) <= MOST_HISTORY_BYTES
    assert len(doc["jobs"]) + doc["jobsLeftOut"] == 10_001
    assert (doc["jobs"][0]["result"]["done"], doc["jobs"][-1]["result"]) == (10_000, 9_999)


def test_a_result_too_large_for_a_job_is_that_nodes_error() -> None:
    run = Run(loop(2, output("x" * 3_000_000), exit=2)).walk()
    assert [(job.status, (job.result or {}).get("code")) for job in run.execution.jobs] == [
        (RESOLVED, None),
        (ERROR, "RESULT_TOO_LARGE"),
        (ERROR, "RESULT_TOO_LARGE"),
    ]


def test_a_result_of_a_megabyte_is_given_on_and_cut_in_the_history() -> None:
    run = Run(output("x" * 1_000_000), output("{{$jobsMapByNodeKey.out}}", "again")).walk()
    assert [len(job.result) for job in run.execution.jobs] == [1_000_000, 1_000_000]
    doc = json.loads(run.execution.to_item("token", "now")["doc"])
    assert [job["result"] for job in doc["jobs"]] == [{"cut": True, "bytes": 1_000_002}] * 2


def test_a_job_has_a_key_of_its_own_in_every_round_and_branch() -> None:
    par = {"key": "par", "type": "parallel", "config": {}, "branches": {"1": [output(1, "a")], "2": [output(2, "b")]}}
    keys = [job.key for job in Run(loop(2, par), output(3, "last")).walk()]
    assert keys == [
        "#loop",
        "loop.0#par",
        "loop.0/par~1#a",
        "loop.0/par~2#b",
        "loop.1#par",
        "loop.1/par~1#a",
        "loop.1/par~2#b",
        "#last",
    ]


def test_scopes_are_addressed_by_the_nodes_key_and_by_its_id() -> None:
    assert Run(loop(["a"], output(["{{$scopes.loop.item}}", "{{$scopes.8193.item}}"]))).walk().execution.output == ["a", "a"]


def test_scopes_are_gone_after_the_loop() -> None:
    assert Run(loop(["a"], output(1, "inner")), output("{{$scopes.loop.item:none}}")).walk().execution.output == "none"


@pytest.mark.parametrize(("exit_", "titles"), [(0, []), (1, ["round 0"]), (2, ["round 0", "round 2"])])
def test_what_a_failed_round_wrote_is_gone_however_the_loop_takes_it(exit_: int, titles: list[str]) -> None:
    operands = ["{{$scopes.loop.item}}", 1]
    reject = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"calculator": "notEqual", "operands": operands}}}
    run = Run(loop(3, create("round {{$scopes.loop.item}}"), reject, exit=exit_)).walk()
    assert sorted(run.titles) == titles


@pytest.mark.usefixtures("acting_node")
def test_a_call_that_runs_out_of_time_inside_a_loop_leaves_nothing() -> None:
    clock = FixedClock(NOW_MS)
    with pytest.raises(DeadlineExceeded):
        Run(loop(10, slow(clock, 1)), clock=clock, deadline_ms=NOW_MS + 3_500).walk()


@pytest.mark.usefixtures("acting_node")
def test_what_was_open_when_the_workflows_own_time_is_over_is_aborted() -> None:
    clock = FixedClock(NOW_MS)
    run = Run(loop(10, create("x"), slow(clock, 1)), clock=clock)
    run.execution.workflow.options["timeout"] = 2_500
    run.walk()
    assert (run.execution.status, run.execution.reason, run.titles) == (ABORTED, "timeout", [])
    assert {job.status for job in run if job.node.type == "loop"} == {ABORTED}
