from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import RESOLVED
from chalicelib.errors import Invalid
from chalicelib.nodes import destroy, query, update
from chalicelib.nodes.base import NodeType, Outcome
from chalicelib.nodes.destroy import NODE
from tests.unit.nodes.fakes import FakePorts, FakeRecords, checked, paths_and_messages, run_node


def ports() -> FakePorts:
    return FakePorts(FakeRecords({"samples": [{"id": n, "indicator": n * 10.0} for n in (1, 2, 3)]}))


@pytest.mark.parametrize(
    ("filter", "left"),
    [
        ({"id": "{{$context.data.id}}"}, [1, 3]),
        ({"indicator": {"$gt": 10}}, [1]),
        ({"id": 99}, [1, 2, 3]),
        ({"id": "{{$context.data.nothing}}"}, [1, 2, 3]),
    ],
)
def test_the_result_is_the_number_of_records_that_are_gone(filter: dict[str, Any], left: list[int]) -> None:
    tried = ports()
    outcome = run_node(NODE, {"collection": "samples", "params": {"filter": filter}}, tried, {"id": 2})
    assert outcome == Outcome(RESOLVED, 3 - len(left))
    assert [row["id"] for row in tried.records.rows["samples"]] == left


@pytest.mark.parametrize("params", [None, {}, {"filter": {}}, {"filter": {"$and": [{}]}}, {"filter": {"id": {}}}])
def test_a_filter_without_a_condition_is_refused_when_saved(params: Any) -> None:
    problems = checked(NODE, {"collection": "samples", "params": params})
    assert [problem.path for problem in problems] == ["config.params.filter"]


def test_a_filter_that_a_template_empties_removes_nothing() -> None:
    tried = ports()
    with pytest.raises(Invalid):
        run_node(NODE, {"collection": "samples", "params": {"filter": "{{$context.data.filter}}"}}, tried, {})
    assert len(tried.records.rows["samples"]) == 3


def test_a_collection_that_is_not_there_is_named() -> None:
    found = paths_and_messages(checked(NODE, {"collection": "nosuch", "params": {"filter": {"id": 1}}}))
    assert found == [("config.collection", 'Collection "nosuch" does not exist in data source "main"')]


@pytest.mark.parametrize(
    "sent",
    [{"$ne": 0}, {"$gt": 0}, [{"$ne": 0}], [[1]], {}],
    ids=str,
)
@pytest.mark.parametrize("node", [destroy.NODE, update.NODE, query.NODE], ids=lambda node: node.name)
def test_an_object_from_the_context_is_no_operator(node: NodeType, sent: Any) -> None:
    """The context comes from the caller: ``{"id": {"$ne": 0}}`` in a body must not turn one record into all the others."""
    config = {"collection": "samples", "params": {"filter": {"$and": [{"id": "{{$context.data.id}}"}]}, "values": {"status": "x"}}}
    with pytest.raises(Invalid, match="not an object"):
        node.run(node.prepare(config), {"$context": {"data": {"id": sent}}}, ports())
