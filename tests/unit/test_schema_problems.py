from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.expression import problems_of_expression
from chalicelib.engine.nested_nodes import flatten
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.engine.validation import problems_of_workflow
from chalicelib.errors import Invalid
from tests.unit.nodes.fakes import COLLECTIONS


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"enum": [None, "all", "any", 0, True]}, "x", '"a" must be one of all, any, 0, true'),
        ({"minItems": 1}, [], '"a" must have at least one entry'),
        ({"minItems": 2}, [1], '"a" must have at least 2 entries'),
    ],
)
def test_a_sentence_says_what_would_be_right(schema: dict[str, Any], value: Any, message: str) -> None:
    whole = {"type": "object", "properties": {"a": schema}}
    assert [problem.message for problem in problems_of_schema({"a": value}, whole, "")] == [message]


@pytest.mark.parametrize("text", ["/*", "1 /* x", '"\\'])
def test_a_text_that_ends_too_early_is_named_as_such(text: str) -> None:
    (problem,) = problems_of_expression(text, "c", (), ())
    assert "ends too early" in problem.message


@pytest.mark.parametrize("text", ["!", "a ~"])
def test_half_an_operator_is_named(text: str) -> None:
    (problem,) = problems_of_expression(text, "c", (), ())
    assert problem.message.endswith("is no operator")


def test_a_branch_index_of_too_many_digits_is_a_number_all_the_same() -> None:
    with pytest.raises(Invalid) as refused:
        flatten([{"type": "parallel", "branches": {"1000000000000": [], "x": []}}], lambda: 1, lambda: "k")
    assert [problem.message for problem in refused.value.problems()] == [
        "branch index 1000000000000 has more than 9 digits",
        'branch index "x" is not a whole number',
    ]


def branching(conditions: Any, index: int) -> dict[str, Any]:
    owner = {"id": 1, "key": "m", "type": "multi-conditions", "config": {"conditions": conditions}, "upstreamId": None, "branchIndex": None}
    head = {"id": 2, "key": "e", "type": "end", "config": {}, "upstreamId": 1, "branchIndex": index}
    return {"type": "custom-action", "sync": True, "config": {"type": 0}, "nodes": [owner, head]}


@pytest.mark.parametrize(("index", "wrong"), [(0, False), (1, False), (2, False), (3, True), (-1, True)])
def test_a_branch_belongs_to_one_of_the_conditions_or_to_none_of_them(index: int, wrong: bool) -> None:
    found = problems_of_workflow(branching([{}, {}], index), COLLECTIONS.get)
    assert [problem.path for problem in found] == (["nodes.0.config"] if wrong else [])


def deep(levels: int) -> Any:
    return {"a": deep(levels - 1)} if levels else 1


@pytest.mark.parametrize(("levels", "wrong"), [(28, False), (29, True)])
def test_a_config_is_as_deep_as_can_be_stored(levels: int, wrong: bool) -> None:
    output = {"id": 1, "key": "o", "type": "output", "config": deep(levels), "upstreamId": None, "branchIndex": None}
    doc = {"type": "custom-action", "sync": True, "config": {"type": 0} | deep(levels), "nodes": [output]}
    assert [problem.path for problem in problems_of_workflow(doc, COLLECTIONS.get)] == (["config", "nodes.0.config"] if wrong else [])


@pytest.mark.parametrize(("type", "name"), [("action", "atomic"), ("collection", "rollbackOnFailure")])
@pytest.mark.parametrize(("sync", "value", "wrong"), [(False, True, True), (None, True, True), (True, True, False), (False, False, False)])
def test_only_a_synchronous_workflow_can_take_its_cause_back(type: str, name: str, sync: bool | None, value: bool, wrong: bool) -> None:
    config = {"collection": "samples", name: value} | ({"mode": 1} if type == "collection" else {})
    doc = {"type": type, "config": config} | ({} if sync is None else {"sync": sync})
    assert [problem.path for problem in problems_of_workflow(doc, COLLECTIONS.get)] == ([f"config.{name}"] if wrong else [])
