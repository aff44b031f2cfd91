from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import RESOLVED
from chalicelib.errors import Invalid
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.update import NODE
from tests.unit.nodes.fakes import FakePorts, FakeRecords, checked, run_node


def ports() -> FakePorts:
    return FakePorts(FakeRecords({"samples": [{"id": n, "status": "Collected", "indicator": n * 10.0} for n in (1, 2, 3)]}))


@pytest.mark.parametrize(
    ("filter", "changed"),
    [
        ({"id": "{{$context.data.id}}"}, [2]),
        ({"id": {"$in": "{{$context.data.ids}}"}}, [1, 3]),
        ({"indicator": {"$gte": 20}}, [2, 3]),
        ({"id": "{{$context.data.nothing}}"}, []),
        ("{{$context.data.filter}}", [3]),
    ],
)
def test_the_result_is_the_number_of_records_that_the_filter_found(filter: Any, changed: list[int]) -> None:
    tried, data = ports(), {"id": 2, "ids": [1, 3], "to": "Submitted", "filter": {"id": 3}}
    params = {"filter": filter, "values": {"status": "{{$context.data.to}}"}}
    assert run_node(NODE, {"collection": "samples", "params": params}, tried, data) == Outcome(RESOLVED, len(changed))
    assert [row["id"] for row in tried.records.rows["samples"] if row["status"] == "Submitted"] == changed


@pytest.mark.parametrize(
    "filter", [None, {}, {"$and": []}, {"$and": [{}, {"$or": []}]}, {"category": {}}, {"$or": [{}, {"id": 1}]}, "", []]
)
def test_a_filter_without_a_condition_is_refused_when_saved(filter: Any) -> None:
    problems = checked(NODE, {"collection": "samples", "params": {"filter": filter, "values": {}}})
    assert "config.params.filter" in [problem.path for problem in problems]


@pytest.mark.parametrize("config", [{}, {"params": None}, {"params": {"values": {"status": "x"}}}])
def test_a_missing_filter_is_refused_when_saved(config: dict[str, Any]) -> None:
    (problem,) = checked(NODE, {"collection": "samples", **config})
    assert problem.path == "config.params.filter"
    assert '"params.filter" is required' in problem.message


@pytest.mark.parametrize("given", [{}, None, {"$and": []}])
def test_a_filter_that_a_template_empties_changes_nothing(given: Any) -> None:
    tried = ports()
    with pytest.raises(Invalid, match=r"params\.filter"):
        run_node(NODE, {"collection": "samples", "params": {"filter": "{{$context.data.filter}}"}}, tried, {"filter": given})
    assert tried.records.calls == []


@pytest.mark.parametrize(
    "filter", [{"id": None}, {"id": {"$in": []}}, {"$or": [{"id": 1}]}, {"status": {"$empty": True}}, {"category": {"title": None}}]
)
def test_conditions_on_nothing_are_conditions(filter: dict[str, Any]) -> None:
    assert checked(NODE, {"collection": "samples", "params": {"filter": filter, "values": {"status": "x"}}}) == []


def test_unknown_fields_in_values_and_filter_are_found_together() -> None:
    params = {"filter": {"nosuch": 1}, "values": {"missing": 1}}
    found = [problem.path for problem in checked(NODE, {"collection": "samples", "params": params})]
    assert found == ["config.params.values.missing", "config.params.filter.nosuch"]
