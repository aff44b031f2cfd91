from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import FAILED, RESOLVED
from chalicelib.errors import Invalid
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.query import NODE
from tests.unit.nodes.fakes import FakePorts, FakeRecords, checked, paths_and_messages, run_node

ROWS = [{"id": n, "title": f"S{n}", "indicator": n * 10.0, "status": "Collected"} for n in range(1, 6)]


def ports() -> FakePorts:
    return FakePorts(FakeRecords({"samples": [dict(row) for row in ROWS]}))


@pytest.mark.parametrize(
    ("config", "ids"),
    [
        ({"multiple": True}, [1, 2, 3, 4, 5]),
        ({"multiple": True, "params": None}, [1, 2, 3, 4, 5]),
        ({"multiple": True, "params": {"filter": {"indicator": {"$gt": "{{$context.data.limit}}"}}}}, [4, 5]),
        ({"multiple": True, "params": {"filter": "{{$context.data.filter}}"}}, [2]),
        ({"multiple": True, "params": {"sort": [{"field": "indicator", "direction": "desc"}], "pageSize": 2}}, [5, 4]),
        ({"multiple": True, "params": {"sort": [{"field": "indicator"}], "pageSize": 2, "page": 3}}, [5]),
        ({"multiple": True, "params": {"sort": ["-indicator"], "pageSize": "2", "page": "{{$context.data.page}}"}}, [3, 2]),
        ({"multiple": True, "params": {"sort": "-title"}}, [5, 4, 3, 2, 1]),
        ({"multiple": True, "params": {"filter": {"title": "none"}}}, []),
    ],
)
def test_several_records_come_filtered_sorted_and_cut(config: dict[str, Any], ids: list[int]) -> None:
    data = {"limit": 30, "page": 2, "filter": {"title": "S2"}}
    outcome = run_node(NODE, {"collection": "samples", **config}, ports(), data)
    assert (outcome.status, [row["id"] for row in outcome.result]) == (RESOLVED, ids)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, 1),
        ({"filter": {"id": 3}}, 3),
        ({"sort": ["-id"]}, 5),
        ({"page": 2, "pageSize": 2}, 3),
        ({"page": 2}, None),
        ({"filter": {"id": 99}}, None),
        ({"filter": {"id": "{{$context.data.nothing}}"}}, None),
    ],
)
def test_a_single_record_is_the_first_of_its_page_or_null(params: dict[str, Any], expected: int | None) -> None:
    outcome = run_node(NODE, {"collection": "samples", "multiple": False, "params": params}, ports(), {})
    assert outcome.status == RESOLVED
    assert (outcome.result and outcome.result["id"]) == expected


@pytest.mark.parametrize(("multiple", "nothing"), [(False, None), (True, [])])
def test_an_empty_result_fails_only_when_asked_to(multiple: bool, nothing: Any) -> None:
    config = {"collection": "samples", "multiple": multiple, "params": {"filter": {"id": 99}}}
    assert run_node(NODE, config | {"failOnEmpty": True}, ports()) == Outcome(FAILED, nothing)
    assert run_node(NODE, config | {"failOnEmpty": False}, ports()) == Outcome(RESOLVED, nothing)


def test_a_found_record_does_not_fail() -> None:
    assert run_node(NODE, {"collection": "samples", "failOnEmpty": True}, ports()).status == RESOLVED


def test_appends_are_handed_on() -> None:
    tried = ports()
    run_node(NODE, {"collection": "samples", "params": {"appends": ["category"]}}, tried)
    assert tried.records.calls == [("find", "samples", None, None, ["category"], 1, 1)]


@pytest.mark.parametrize("page", ["x", 0, -1, True, 1.5, [1], "10001"])
def test_a_page_that_a_template_got_wrong_is_refused(page: Any) -> None:
    with pytest.raises(Invalid, match=r"params\.page"):
        run_node(NODE, {"collection": "samples", "params": {"page": "{{$context.data.page}}"}}, ports(), {"page": page})


def test_names_that_are_not_there_are_found_when_saved() -> None:
    params = {"filter": {"nosuch": 1}, "sort": [{"field": "missing", "direction": "asc"}], "appends": ["category", "title"]}
    found = dict(paths_and_messages(checked(NODE, {"collection": "samples", "params": params})))
    assert set(found) == {"config.params.filter.nosuch", "config.params.sort", "config.params.appends.1"}
    assert found["config.params.appends.1"] == '"title" is not an association of collection "samples"'


@pytest.mark.parametrize(
    ("collection", "message"),
    [
        ("nosuch", 'Collection "nosuch" does not exist in data source "main"'),
        ("main:nosuch", 'Collection "nosuch" does not exist in data source "main"'),
        ("another:samples", 'Collection "samples" does not exist in data source "another"'),
    ],
)
def test_a_collection_that_is_not_there_is_named(collection: str, message: str) -> None:
    assert paths_and_messages(checked(NODE, {"collection": collection})) == [("config.collection", message)]


@pytest.mark.parametrize(
    "sort", [None, [], "title", ["-title"], [{"field": "title", "direction": "desc"}], ["{{$context.data.sort}}"], [5]]
)
def test_a_sort_that_holds_or_is_known_at_run_time_only_is_no_problem_of_the_check(sort: Any) -> None:
    assert checked(NODE, {"collection": "main:samples", "params": {"sort": sort}}) == []


@pytest.mark.parametrize(
    "filter",
    [
        {"indicator": {"$gt": "{{$context.data.limit}}"}},
        {"$and": [{"category.title": "{{$context.data.title}}"}, {"category": {"parent": {"id": "{{$context.data.id}}"}}}]},
        {"{{$context.data.field}}": 1},
        "{{$context.data.filter}}",
    ],
)
def test_a_filter_with_templates_is_checked_by_its_names_only(filter: Any) -> None:
    assert checked(NODE, {"collection": "samples", "params": {"filter": filter}}) == []


@pytest.mark.parametrize(
    ("filter", "path"),
    [
        ({"nosuch": "{{$context.data.id}}"}, "nosuch"),
        ({"$or": [{"title": "{{$context.data.id}}"}, {"nosuch": 1}]}, "$or.1.nosuch"),
        ({"$not": {"nosuch": "{{$context.data.id}}"}}, "$not.nosuch"),
        ({"category.nosuch": "{{$context.data.id}}"}, "category.nosuch"),
        ({"category": {"nosuch": "{{$context.data.id}}"}}, "category.nosuch"),
    ],
)
def test_an_unknown_field_beside_templates_is_found(filter: Any, path: str) -> None:
    (problem,) = checked(NODE, {"collection": "samples", "params": {"filter": filter}})
    assert (problem.path, problem.code) == (f"config.params.filter.{path}", "UNKNOWN_FIELD")


def test_a_filter_without_templates_is_parsed() -> None:
    (problem,) = checked(NODE, {"collection": "samples", "params": {"filter": {"indicator": {"$gt": "much"}}}})
    assert problem.path == "config.params.filter.indicator.$gt"
