from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, FAILED, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Child, Outcome
from chalicelib.nodes.subflow import NODE
from tests.unit.nodes.fakes import FakePorts, checked, run_node


@pytest.mark.parametrize("output", [None, 5, {"a": [1]}, "text"])
def test_the_result_is_what_the_other_workflow_gave_out(output: Any) -> None:
    ports = FakePorts(children={"child": Child(901, RESOLVED, output)})
    assert run_node(NODE, {"workflow": "child"}, ports) == Outcome(RESOLVED, output, meta={"executionId": 901})


@pytest.mark.parametrize("status", [FAILED, ERROR, -3, -5])
def test_a_workflow_that_does_not_succeed_fails_the_node_and_is_named(status: int) -> None:
    outcome = run_node(NODE, {"workflow": "child"}, FakePorts(children={"child": Child(901, status, "left")}))
    result = {"message": 'workflow "child" did not succeed', "executionId": 901, "status": status}
    assert outcome == Outcome(FAILED, result, meta={"executionId": 901})


@pytest.mark.parametrize(
    ("config", "data"),
    [
        ({}, None),
        ({"context": "{{$context.data.n}}"}, 2),
        ({"context": {"n": "{{$context.data.n}}", "by": "{{$context.user.nickname}}"}}, {"n": 2, "by": "Ann"}),
        ({"context": [1, "{{$jobsMapByNodeKey.found.id}}"]}, [1, 7]),
    ],
)
def test_its_data_is_the_context_with_templates_filled_in(config: dict[str, Any], data: Any) -> None:
    ports = FakePorts(children={"child": Child(901, RESOLVED, None)})
    run_node(NODE, {"workflow": "child"} | config, ports, {"n": 2}, found={"id": 7})
    assert ports.started == [("child", data)]


@pytest.mark.parametrize("workflow", [None, "", "two words", "a!b", "x" * 65, "{{$context.data.key}}"])
def test_a_key_that_is_none_is_refused_when_it_is_saved(workflow: Any) -> None:
    config = {"workflow": workflow} if workflow is not None else {}
    assert {problem.path for problem in problems_of_schema(config, NODE.schema, "config")} == {"config.workflow"}
    assert checked(NODE, {"workflow": "child"}) == []
