"""Expressions over HTTP: refused with the path when saved, evaluated when run, a failure is the node's error."""

from __future__ import annotations

from tests.functional.client import Json
from tests.functional.model import Model, message


def test_wrong_expressions_are_refused_all_at_once_and_named(model: Model) -> None:
    workflow = model.workflow([message("first")])
    conditions = [{"engine": "jsonata", "expression": "$eval('1')"}, {"engine": "math.js", "expression": "1"}]
    nodes: list[tuple[Json, list[str]]] = [
        (
            {"type": "multi-conditions", "config": {"conditions": conditions}},
            ["config.conditions.0.expression", "config.conditions.1.engine"],
        ),
        ({"type": "calculation", "config": {"expression": "$jobsMapByNodeKey.nope.x * 2"}}, ["config.expression"]),
        ({"type": "output", "config": {"value": {"a": "{{$context.data.x * }}"}}}, ["config.value.a"]),
        ({"type": "json-query", "config": {"engine": "jsonpath", "expression": "$.a[?match(@.b, 'c')]"}}, ["config.expression"]),
    ]
    for node, paths in nodes:
        refused = model.root.post(f"workflows/{workflow['id']}/nodes:create", node)
        assert (refused.status, [error.get("path") for error in refused.errors]) == (400, paths), refused.errors


def test_expressions_run_and_decide(model: Model) -> None:
    nodes: list[Json] = [
        {"key": "twice", "type": "calculation", "config": {"expression": "$context.data.indicator * 2"}},
        {
            "type": "multi-conditions",
            "config": {"conditions": [{"engine": "jsonata", "expression": "{{$jobsMapByNodeKey.twice}} > 180"}]},
            "branches": {"1": [message("twice is {{$jobsMapByNodeKey.twice}}, half {{$context.data.indicator / 2}}")]},
        },
    ]
    workflow = model.workflow(nodes)
    assert model.root.trigger(f"samples/{model.sample(indicator=95.5)}", workflow["key"]).messages == ["twice is 191, half 47.75"]


def test_an_expression_that_fails_on_its_data_is_the_nodes_error(model: Model) -> None:
    workflow = model.workflow([message("{{$context.data.title * 2}}")])
    answer = model.root.trigger(f"samples/{model.sample()}", workflow["key"])
    assert (answer.status, answer.codes) == (500, ["WORKFLOW_FAILED"])
    [execution] = model.root.rows("executions", key=workflow["key"])
    [job] = model.root.get(f"executions:get/{execution['id']}", appends=["jobs"]).data["jobs"]
    assert (job["status"], job["result"]["code"]) == (-2, "EXPRESSION_FAILED")
    assert "must evaluate to a number" in job["result"]["message"]


def test_a_calculation_can_be_tried_alone(model: Model) -> None:
    tried = model.root.post("flow_nodes:test", {"type": "calculation", "config": {"expression": "$sum([1..4])"}})
    assert (tried.data["status"], tried.data["result"]) == (1, 10)
