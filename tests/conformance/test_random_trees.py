"""Random workflows through both engines: status, jobs and output are the same, and the records too where the run succeeds.

Policies are part of the trees. Waits are too: the synchronous engine walks the same tree with a variable in the place of each. Inside
parallel nodes nothing waits, nor is anything tried again, since branches then overlap, which the synchronous engine never does.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from chalicelib.engine.execution import Job
from chalicelib.engine.stored_jobs import parse_jobs, read_all
from tests.conformance.test_conformance import Bench
from tests.conformance.test_machines import EXECUTION_ID, AsyncBench

Node = dict[str, Any]
MOST_DEEP = 3


def _plain(kind: str) -> Node:
    configs: dict[str, Node] = {
        "create": {"collection": "inspectionRecords", "params": {"values": {"note": "made"}}},
        "update": {"collection": "samples", "params": {"filter": {"id": 1}, "values": {"status": "Changed"}}},
        "fails": {"collection": "samples", "params": {"filter": {"id": 99}}, "failOnEmpty": True},
        "errs": {"collection": "samples", "params": {"values": {"indicator": "no number"}}},
        "variable": {"value": "{{$context.data.title}}"},
        "output": {"value": "{{$system.epoch}}"},
        "end": {"endStatus": 1},
        "ends": {"endStatus": -1},
        "delay": {"duration": 2, "unit": 60_000, "endStatus": 1},
        "late": {"duration": 1, "unit": 60_000, "endStatus": -1},
    }
    types = {"fails": "query", "errs": "create", "ends": "end", "late": "delay"}
    return {"type": types.get(kind, kind), "config": configs[kind]}


RETRIES: list[Any] = [
    None,
    [{"errors": ["*"], "maxAttempts": 2}],
    [{"errors": ["ERROR"], "maxAttempts": 1}],
    [{"errors": ["FAILED"], "maxAttempts": 1}, {"errors": ["*"], "maxAttempts": 0}],
]


def _bad(waits: bool, branch: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[Node]:
    """A node that fails, tried again and gone on from in every way there is."""

    def made(kind: str, retry: Any, on_error: str | None, line: list[Node]) -> Node:
        node = _plain(kind)
        config = node["config"] | {"retry": retry, "onError": on_error}
        return {**node, "config": config, **({"branches": {"0": line}} if on_error == "branch" else {})}

    retry = st.sampled_from(RETRIES) if waits else st.none()
    return st.builds(
        made, st.sampled_from(["fails", "errs", "create"]), retry, st.sampled_from([None, "fail", "continue", "branch"]), branch
    )


COMMON = st.sampled_from(["create", "create", "update", "variable", "output"]).map(_plain)
RARE = st.sampled_from(["fails", "errs", "end", "ends"]).map(_plain)
WAITS = st.sampled_from(["delay", "late"]).map(_plain)


def _lines(deep: int, waits: bool) -> st.SearchStrategy[list[Node]]:
    nodes = [COMMON, COMMON, RARE, *([WAITS] if waits else [])]
    nodes.append(_bad(waits, _lines(deep - 1, waits) if deep else st.just([])))
    if deep:
        nodes += [_branching(deep - 1, waits), _branching(deep - 1, waits)]
    return st.lists(st.one_of(*nodes), max_size=4)


def _branching(deep: int, waits: bool) -> st.SearchStrategy[Node]:
    calculation = {"calculator": "gt", "operands": ["{{$context.data.indicator}}", 90]}
    below = {"calculator": "lt", "operands": ["{{$context.data.indicator}}", 90]}
    line, quick = _lines(deep, waits), _lines(deep, False)
    either = st.sampled_from([calculation, below])

    def made(kind: str, config: st.SearchStrategy[Node], branches: st.SearchStrategy[dict[str, list[Node]]]) -> st.SearchStrategy[Node]:
        return st.fixed_dictionaries({"type": st.just(kind), "config": config, "branches": branches})

    goes_on = {"onError": st.sampled_from([None, "continue"])}
    condition = st.fixed_dictionaries({"rejectOnFalse": st.booleans(), "calculation": either, **goes_on})
    several = st.fixed_dictionaries(
        {
            "conditions": st.lists(st.fixed_dictionaries({"calculation": either}), min_size=1, max_size=2),
            "continueOnNoMatch": st.booleans(),
            **goes_on,
        }
    )
    loop = st.fixed_dictionaries({"target": st.integers(0, 3), "exit": st.sampled_from([0, 1, 2]), **goes_on})
    parallel = st.fixed_dictionaries({"mode": st.sampled_from(["all", "any", "race", "allSettled"]), **goes_on})
    transaction = st.fixed_dictionaries({"continueAfterRollback": st.booleans(), **goes_on})
    return st.one_of(
        made("condition", condition, st.dictionaries(st.sampled_from(["0", "1"]), line, max_size=2)),
        made("multi-conditions", several, st.dictionaries(st.sampled_from(["0", "1", "2"]), line, max_size=3)),
        made("loop", loop, st.fixed_dictionaries({"0": line})),
        made("parallel", parallel, st.dictionaries(st.sampled_from(["0", "1", "2"]), quick, min_size=1, max_size=3)),
        made("transaction", transaction, st.fixed_dictionaries({"0": quick, "1": quick})),
    )


def _keyed(nodes: list[Node], numbers: Any) -> list[Node]:
    """The nodes with keys of their own, empty branches left out; both engines then name the same jobs alike."""
    keyed = []
    for node in nodes:
        branches = {index: _keyed(line, numbers) for index, line in node.get("branches", {}).items() if line}
        keyed.append({**node, "key": f"n{next(numbers)}", **({"branches": branches} if "branches" in node else {})})
    return keyed


def _without_waits(nodes: list[Node]) -> list[Node]:
    """The same tree for the engine that cannot wait."""
    found = []
    for node in nodes:
        config = node["config"]
        if node["type"] == "delay" and config["endStatus"] == 1:
            node = {**node, "type": "variable", "config": {"value": config["duration"] * config["unit"]}}
        elif node["type"] == "delay":
            refused = {"calculator": "equal", "operands": [1, 2]}
            node = {**node, "type": "condition", "config": {"rejectOnFalse": True, "calculation": refused}}
        branches = {index: _without_waits(line) for index, line in node.get("branches", {}).items()}
        found.append({**node, **({"branches": branches} if "branches" in node else {})})
    return found


def _case(nodes: list[Node], options: Node | None = None) -> Node:
    workflow = {"options": options or {}, "sync": True, "type": "custom-action", "config": {"type": 0}, "nodes": nodes}
    samples = [{"id": 1, "title": "One", "indicator": 95, "status": "Collected"}]
    return {"name": "tree", "workflow": workflow, "trigger": {"data": samples[0]}, "records": {"samples": samples}}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_lines(MOST_DEEP, True))
def test_both_engines_do_the_same(line: list[Node]) -> None:
    _is_the_same(line, {})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_lines(MOST_DEEP, True))
def test_so_do_they_with_a_state_for_every_node(line: list[Node]) -> None:
    _is_the_same(line, {"statePerNode": True})


def _is_the_same(line: list[Node], options: Node) -> None:
    nodes = _keyed(line, itertools.count(1))
    note(json.dumps(nodes))
    sync, later = Bench(_case(_without_waits(nodes))), AsyncBench(_case(nodes, options))
    execution = sync.run()
    machine = later.start()
    own, items = read_all(later.store, EXECUTION_ID)
    assert own is not None
    jobs = [(stored.job.key, stored.job.status, _policy_meta(stored.job)) for stored in parse_jobs(items, later.workflow().graph)]
    assert jobs == [(job.key, job.status, _policy_meta(job)) for job in execution.jobs], machine.entered
    assert (own["status"], json.loads(own["output"]) if own.get("output") else None) == (execution.status, execution.output)
    if execution.status == 1 and not _fails_a_wait(nodes):
        for name in ("inspectionRecords", "samples"):
            assert sorted(_values(sync, name), key=json.dumps) == sorted(_values(later, name), key=json.dumps)


def _policy_meta(job: Job) -> tuple[Any, Any]:
    """How often it was tried again, and what it would have ended with."""
    meta = job.meta if isinstance(job.meta, dict) else {}
    return meta.get("retried"), meta.get("failed")


def _values(bench: Bench, name: str) -> list[Node]:
    made = ("id", "createdAt", "updatedAt")
    return [{field: value for field, value in row.items() if field not in made} for row in bench.rows(name)]


def _fails_a_wait(nodes: list[Node]) -> bool:
    """A round with a wait is committed in the middle, so what it wrote before it failed stays: the engines then differ in records.

    So is one with a node that may be tried again."""
    inner = [one for node in nodes for line in node.get("branches", {}).values() for one in line]
    return any(node["type"] == "delay" or node["config"].get("retry") for node in nodes) or bool(inner and _fails_a_wait(inner))
