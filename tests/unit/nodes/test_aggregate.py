from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import RESOLVED
from chalicelib.errors import Invalid
from chalicelib.nodes.aggregate import NODE
from chalicelib.nodes.base import Outcome
from tests.unit.nodes.fakes import FakePorts, FakeRecords, checked, paths_and_messages, run_node


def result(values: list[Any], aggregator: str, precision: Any = None, **params: Any) -> Any:
    rows = [{"id": n, "indicator": value} for n, value in enumerate(values, start=1)]
    config = {"aggregator": aggregator, "collection": "samples", "params": {"field": "indicator", **params}, "precision": precision}
    outcome = run_node(NODE, config, FakePorts(FakeRecords({"samples": rows})))
    assert outcome.status == RESOLVED
    return outcome.result


@pytest.mark.parametrize(
    ("aggregator", "values", "precision", "expected"),
    [
        ("count", [1, None, 0, 1], None, 3),
        ("sum", [0.1] * 10, 14, 1),
        ("sum", [0.1, 0.2], 14, 0.3),
        ("sum", [1e16, 1, -1e16], None, 1),
        ("sum", [1e-9, 2], 14, 2.000000001),
        ("sum", [], None, 0),
        ("avg", [1, 2, None], None, 1.5),
        ("avg", [1, 1, 2], None, 1.33),
        ("avg", [], None, 0),
        ("min", [3, -2, None], None, -2),
        ("max", [3, -2, None], None, 3),
        ("max", [None], None, 0),
        ("sum", [1.005], 2, 1.01),
        ("sum", [-1.005], 2, -1.01),
        ("sum", [2.5], 0, 3),
        ("sum", [1.23456], 99, 1.23456),
        ("sum", [1.5], -3, 2),
        ("sum", [1.25], "1", 1.3),
        ("sum", [1.255], "", 1.26),
        ("sum", [2**53 - 1, 0], None, 2**53 - 1),
    ],
)
def test_numbers_are_exact_and_rounded_once(aggregator: str, values: list[Any], precision: Any, expected: float) -> None:
    found = result(values, aggregator, precision)
    assert found == expected
    assert isinstance(found, int) is isinstance(expected, int)


def test_distinct_values_count_once() -> None:
    assert [result([5, 5, 1, None], name, distinct=True) for name in ("count", "sum", "avg", "min", "max")] == [2, 6, 3, 1, 5]


@pytest.mark.parametrize("precision", ["x", 1.5, True, [1], "1.5"])
def test_a_precision_that_is_none_is_refused(precision: Any) -> None:
    with pytest.raises(Invalid, match="precision"):
        result([1], "sum", precision)


@pytest.mark.parametrize("value", ["text", True, [1]])
def test_a_value_that_is_no_number_is_refused_but_can_be_counted(value: Any) -> None:
    with pytest.raises(Invalid, match=r"params\.field"):
        result([1, value], "sum")
    assert result([1, value], "count") == 2


def test_a_sum_that_no_number_holds_is_refused() -> None:
    with pytest.raises(Invalid, match="too large"):
        result([1.7e308, 1.7e308], "sum")


def test_partners_are_asked_for_by_the_owners_key() -> None:
    records = FakeRecords({"samples": [{"id": 1, "categoryId": 7}], "categories": [{"id": 7, "title": "W"}, {"id": 8}]})
    link = {"associatedCollection": "samples", "name": "category", "associatedKey": "{{$context.data.id}}"}
    config = {"aggregator": "count", "associated": True, "association": link, "params": {"filter": {"title": "{{$context.data.t}}"}}}
    assert run_node(NODE, config, FakePorts(records), {"id": 1, "t": "W"}) == Outcome(RESOLVED, 1)
    assert records.calls == [("values", "samples", "id", {"title": "W"}, ("category", 1))]


LINK = {"associatedCollection": "samples", "name": "category", "associatedKey": 1}


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({"collection": "samples", "aggregator": "count"}, []),
        (
            {
                "collection": "main:samples",
                "aggregator": "sum",
                "params": {"field": "indicator", "filter": {"title": "{{$context.data.t}}"}},
            },
            [],
        ),
        ({"collection": "samples", "aggregator": "max", "params": {"field": "id"}}, []),
        ({"associated": True, "association": LINK, "aggregator": "count", "params": {"field": "title"}}, []),
        ({"aggregator": "count"}, ["config.collection"]),
        ({"collection": "nosuch", "aggregator": "count"}, ["config.collection"]),
        ({"collection": "samples", "aggregator": "sum"}, ["config.params.field"]),
        ({"collection": "samples", "aggregator": "sum", "params": {"field": "title"}}, ["config.params.field"]),
        ({"collection": "samples", "aggregator": "count", "params": {"field": "category"}}, ["config.params.field"]),
        (
            {"collection": "samples", "aggregator": "count", "params": {"field": "nosuch", "filter": {"lost": 1}}},
            ["config.params.field", "config.params.filter.lost"],
        ),
        (
            {"associated": True, "aggregator": "count"},
            [f"config.association.{name}" for name in ("associatedCollection", "name", "associatedKey")],
        ),
        (
            {"associated": True, "association": LINK | {"associatedCollection": "x"}, "aggregator": "count"},
            ["config.association.associatedCollection"],
        ),
        ({"associated": True, "association": LINK | {"name": "title"}, "aggregator": "count"}, ["config.association.name"]),
        ({"associated": True, "association": LINK, "aggregator": "avg", "params": {"field": "title"}}, ["config.params.field"]),
    ],
)
def test_what_is_not_there_is_found_when_it_is_saved(config: dict[str, Any], paths: list[str]) -> None:
    found = [path for path, _ in paths_and_messages(checked(NODE, config))]
    assert [path if path in found else None for path in paths] == found
