from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import RESOLVED
from chalicelib.errors import Invalid
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.create import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node


def test_the_result_is_the_created_record_with_its_templates_filled_in() -> None:
    ports = FakePorts()
    values = {"note": "from {{$context.data.title}}", "sample": {"id": "{{$context.data.id}}"}}
    outcome = run_node(NODE, {"collection": "inspectionRecords", "params": {"values": values}}, ports, {"id": 12, "title": "High"})
    assert outcome == Outcome(RESOLVED, {"id": 1, "note": "from High", "sample": {"id": 12}})
    assert ports.records.rows["inspectionRecords"] == [outcome.result]


@pytest.mark.parametrize("params", [None, {}, {"values": {}}, {"values": "{{$context.data.nothing}}"}])
def test_without_values_an_empty_record_is_created(params: Any) -> None:
    ports = FakePorts()
    run_node(NODE, {"collection": "posts", "params": params}, ports, {})
    assert ports.records.calls == [("create", "posts", {}, [])]


def test_values_may_be_one_template() -> None:
    ports = FakePorts()
    run_node(NODE, {"collection": "posts", "params": {"values": "{{$context.data}}"}}, ports, {"title": "T"})
    assert ports.records.rows["posts"] == [{"id": 1, "title": "T"}]


@pytest.mark.parametrize("data", [[], "text", 5, True])
def test_values_that_come_out_as_something_else_are_refused(data: Any) -> None:
    with pytest.raises(Invalid, match=r"params\.values"):
        run_node(NODE, {"collection": "posts", "params": {"values": "{{$context.data}}"}}, FakePorts(), data)


def test_appends_are_handed_on() -> None:
    ports = FakePorts()
    run_node(NODE, {"collection": "posts", "params": {"values": {"title": "T"}, "appends": ["category"]}}, ports)
    assert ports.records.calls == [("create", "posts", {"title": "T"}, ["category"])]


def test_fields_that_are_not_there_are_found_when_saved() -> None:
    values = {"title": "T", "nosuch": 1, "category": {"title": "C", "color": "red"}, "{{$context.data.field}}": 1}
    found = paths_and_messages(checked(NODE, {"collection": "posts", "params": {"values": values}}))
    assert found == [
        ("config.params.values.nosuch", 'Field "nosuch" does not exist in collection "posts"'),
        ("config.params.values.category.color", 'Field "color" does not exist in collection "categories"'),
    ]


def test_only_the_missing_collection_is_named_when_it_is_missing() -> None:
    found = paths_and_messages(checked(NODE, {"collection": "nosuch", "params": {}}))
    assert found == [("config.collection", 'Collection "nosuch" does not exist in data source "main"')]


@pytest.mark.parametrize(
    ("appends", "message"),
    [
        (["category.parent.parent"], None),
        (["category.parent.parent.parent"], '"category.parent.parent.parent" goes 4 levels deep; associations are loaded for at most 3'),
        (["category.title"], '"title" is not an association of collection "categories"'),
        (["nosuch"], '"nosuch" is not an association of collection "posts"'),
    ],
)
def test_appends_lead_along_associations_three_levels_deep(appends: list[str], message: str | None) -> None:
    found = checked(NODE, {"collection": "posts", "params": {"appends": appends}})
    assert paths_and_messages(found) == ([("config.params.appends.0", message)] if message else [])
