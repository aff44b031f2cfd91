from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.engine.node_validation import problems_of_node
from chalicelib.engine.validation import flatten, problems_of_workflow
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Definitions
from chalicelib.triggers import TRIGGER_TYPES
from tests.unit.nodes.fakes import COLLECTIONS

NO_SUCH_TRIGGER = f'Trigger type "nosuch" is not registered; known are {", ".join(TRIGGER_TYPES)}'

SUBMIT = [
    {
        "key": "meets",
        "type": "condition",
        "title": "Indicator",
        "config": {"rejectOnFalse": False, "calculation": {"calculator": "gt", "operands": ["{{$context.data.indicator}}", 90]}},
        "branches": {
            "1": [
                {"key": "note", "type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "n"}}}},
                {"type": "update", "config": {"collection": "samples", "params": {"filter": {"id": 1}, "values": {"status": "S"}}}},
            ],
            "0": [{"type": "response-message", "config": {"message": "no"}}, {"type": "end", "config": {"endStatus": -1}}],
        },
    },
    {"type": "output", "config": {"value": "{{$jobsMapByNodeKey.note.id}}"}},
]


def flat(nested: Any) -> list[dict[str, Any]]:
    ids, keys = itertools.count(1), itertools.count(1)
    return flatten(nested, lambda: next(ids), lambda: f"k{next(keys)}")


def document(*nodes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "title": "W",
        "type": "custom-action",
        "sync": True,
        "config": {"type": 1, "collection": "samples"},
        "nodes": list(nodes),
    } | changes


def found(doc: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in problems_of_workflow(doc, COLLECTIONS.get, **more)]


def node(number: int, type: str = "output", config: Any = None, **more: Any) -> dict[str, Any]:
    upstream = number - 1 or None
    return {"id": number, "key": f"n{number}", "type": type, "config": {} if config is None else config, "upstreamId": upstream} | more


def test_a_sound_workflow_has_no_problems() -> None:
    assert found(document(*flat(SUBMIT), enabled=True, options={"timeout": 0, "stackLimit": 1, "deleteExecutionOnStatus": [1, -1]})) == []


def test_a_workflow_without_nodes_is_sound() -> None:
    assert found({"type": "custom-action", "config": {"type": 0}}) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"type": "nosuch"}, "type", NO_SUCH_TRIGGER),
        ({"type": None}, "type", '"type" must be text'),
        ({"title": 5}, "title", '"title" must be text'),
        ({"sync": "yes"}, "sync", '"sync" must be true or false'),
        ({"enabled": 1}, "enabled", '"enabled" must be true or false'),
        ({"config": []}, "config", '"config" must be an object'),
        ({"config": {"collection": "samples"}}, "config.type", '"type" is required'),
        ({"config": None}, "config.type", '"type" is required'),
        ({"options": 1}, "options", '"options" must be an object'),
        ({"options": {"timeout": -1}}, "options.timeout", '"options.timeout" must be at least 0'),
        ({"options": {"timeout": "1s"}}, "options.timeout", '"options.timeout" must be a whole number'),
        ({"options": {"stackLimit": 0}}, "options.stackLimit", '"options.stackLimit" must be at least 1'),
        ({"options": {"stackLimit": 1.5}}, "options.stackLimit", '"options.stackLimit" must be a whole number'),
        (
            {"options": {"deleteExecutionOnStatus": ["1"]}},
            "options.deleteExecutionOnStatus.0",
            '"options.deleteExecutionOnStatus.0" must be a whole number',
        ),
        ({"nodes": {}}, "nodes", '"nodes" must be a list'),
        ({"nodes": [5]}, "nodes.0", '"nodes.0" must be an object'),
    ],
)
def test_each_mistake_in_the_workflow_itself_is_named(changes: dict[str, Any], path: str, message: str) -> None:
    assert found(document(**changes)) == [(path, message)]


def test_the_type_must_be_given() -> None:
    assert found({"config": {}}) == [("type", '"type" is required')]


@pytest.mark.parametrize(
    ("type", "config", "path", "message"),
    [
        ("nosuch", {}, "type", 'Node type "nosuch" is not registered; docs/nodes.md lists the types there are'),
        ("condition", {"engine": "basic"}, "config.rejectOnFalse", '"rejectOnFalse" is required'),
        ("condition", {"rejectOnFalse": "no"}, "config.rejectOnFalse", '"rejectOnFalse" must be true or false'),
        (
            "create",
            {"collection": "nosuch", "params": {}},
            "config.collection",
            'Collection "nosuch" does not exist in data source "main"',
        ),
        ("create", {"params": {}}, "config.collection", '"collection" is required'),
        ("query", {"collection": ""}, "config.collection", '"collection" must not be empty'),
        ("query", {"collection": "samples", "multiple": "yes"}, "config.multiple", '"multiple" must be true or false'),
        ("query", {"collection": "samples", "params": {"page": 0}}, "config.params.page", '"params.page" must be at least 1'),
        (
            "query",
            {"collection": "samples", "params": {"sort": [{"field": "title", "direction": "up"}]}},
            "config.params.sort.0.direction",
            '"params.sort.0.direction" must be one of asc, desc',
        ),
        ("query", {"collection": "samples", "params": {"sort": [{}]}}, "config.params.sort.0.field", '"params.sort.0.field" is required'),
        ("query", {"collection": "samples", "params": {"filter": []}}, "config.params.filter", '"params.filter" must be an object or text'),
        ("response-message", {}, "config.message", '"message" is required'),
        ("response-message", {"message": ""}, "config.message", '"message" must not be empty'),
        ("end", {"endStatus": 2}, "config.endStatus", '"endStatus" must be at most 1'),
        ("end", {"endStatus": "1"}, "config.endStatus", '"endStatus" must be a whole number'),
        ("variable", {"target": 5}, "config.target", '"target" must be text'),
        ("output", [], "config", '"config" must be an object'),
    ],
)
def test_each_mistake_in_a_node_is_named_with_its_path(type: str, config: Any, path: str, message: str) -> None:
    ((where, what),) = found(document(node(1, type, config)))
    assert (where, what) == (f"nodes.0.{path}", message)


@pytest.mark.parametrize(("type", "words"), [("script", "procedure"), ("sql", '"query" node')])
def test_types_that_are_not_offered_say_what_to_use_instead(type: str, words: str) -> None:
    ((path, message),) = found(document(node(1, type)))
    assert path == "nodes.0.type"
    assert words in message
    assert f'"{type}"' in message


def test_all_problems_are_found_at_once() -> None:
    second = node(2, "update", {"collection": "samples", "params": {"values": {"nosuch": "{{$jobsMapByNodeKey.n9.id}}"}}})
    paths = [path for path, _ in found(document(node(1, "condition", {"engine": "math.js"}), second, title=5, config={}))]
    assert sorted(paths) == [
        "config.type",
        "nodes.0.config.engine",
        "nodes.0.config.rejectOnFalse",
        "nodes.1.config.params.filter",
        "nodes.1.config.params.values.nosuch",
        "nodes.1.config.params.values.nosuch",
        "title",
    ]


def test_a_template_may_name_nodes_that_run_before_it() -> None:
    nodes = [
        node(1),
        node(2, config={"value": "{{$jobsMapByNodeKey.n1}}"}),
        node(3, config={"value": {"deep": ["{{$jobsMapByNodeKey.n2.x}}"]}}),
    ]
    assert found(document(*reversed(nodes))) == []


@pytest.mark.parametrize("later", ["n1", "n2", "nosuch"])
def test_a_template_must_not_name_itself_or_what_runs_later(later: str) -> None:
    ((path, message),) = found(document(node(1, config={"value": f"{{{{$jobsMapByNodeKey.{later}.id}}}}"}), node(2)))
    assert path == "nodes.0.config.value"
    assert f'"{later}"' in message


def test_branches_run_before_what_follows_their_node() -> None:
    assert found(document(*flat(SUBMIT))) == []
    swapped = [SUBMIT[1], SUBMIT[0]]
    ((path, message),) = found(document(*flat(swapped)))
    assert path == "nodes.0.config.value"
    assert '"note"' in message


def test_scopes_are_those_of_the_nodes_around() -> None:
    inner = {"type": "output", "config": {"value": "{{$scopes.meets.item}}"}}
    around = {"key": "meets", "type": "condition", "config": {"rejectOnFalse": False}, "branches": {"1": [inner]}}
    assert found(document(*flat([around]))) == []
    assert [path for path, _ in found(document(*flat([around, inner])))] == ["nodes.2.config.value"]


@pytest.mark.parametrize(
    ("nodes", "path"),
    [
        ([node(1), node(2, upstreamId=None)], "nodes.1.upstreamId"),
        ([node(1), node(2, upstreamId=9)], "nodes.1.upstreamId"),
        ([node(1), node(2), node(3, upstreamId=1)], "nodes.2.upstreamId"),
        ([node(1, upstreamId=2), node(2)], "nodes"),
        ([node(1), node(2, id=1)], "nodes.1.id"),
        ([node(1), node(2, key="n1")], "nodes.1.key"),
        ([node(1), node(2, branchIndex=0)], "nodes.1.branchIndex"),
        ([node(1, branchIndex=0)], "nodes.0.upstreamId"),
        ([node(1), node(2, upstreamId="1")], "nodes.1.upstreamId"),
        ([node(1), node(2, branchIndex="0")], "nodes.1.branchIndex"),
        ([node(1, key="a.b")], "nodes.0.key"),
        ([node(1, key=None)], "nodes.0.key"),
        ([node(1, title=5)], "nodes.0.title"),
        ([node(1, id=None)], "nodes.0.id"),
    ],
)
def test_nodes_that_do_not_hang_together_are_found(nodes: list[dict[str, Any]], path: str) -> None:
    assert path in [where for where, _ in found(document(*nodes))]


@pytest.mark.parametrize(("index", "is_there"), [(0, True), (1, True), (2, False), (-1, False)])
def test_a_condition_has_two_branches(index: int, is_there: bool) -> None:
    nodes = [node(1, "condition", {"rejectOnFalse": False}), node(2, branchIndex=index)]
    message = f'there is no branch {index}: a node of type "condition" has the branches 1 (true), 0 (false)'
    assert found(document(*nodes)) == ([] if is_there else [("nodes.1.branchIndex", message)])


@pytest.mark.parametrize(("count", "is_fine"), [(200, True), (201, False)])
def test_a_workflow_has_at_most_200_nodes(count: int, is_fine: bool) -> None:
    problems = found(document(*[node(number) for number in range(1, count + 1)]))
    assert problems == ([] if is_fine else [("nodes", '"nodes" must have at most 200 entries, it has 201')])


@pytest.mark.parametrize(("sync", "enabled", "is_refused"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_synchronous_workflow_with_a_waiting_node_cannot_be_enabled(sync: bool, enabled: bool, is_refused: bool) -> None:
    waiting = dict(NODE_TYPES) | {"pause": replace(NODE_TYPES["end"], name="pause", waits=True)}
    problems = found(document(node(1, "pause", title="Wait a day"), sync=sync, enabled=enabled), node_types=waiting)
    assert [path for path, _ in problems] == (["nodes.0"] if is_refused else [])
    assert not is_refused or '"Wait a day"' in problems[0][1]


def test_one_node_is_checked_by_itself() -> None:
    raw = {"type": "output", "config": {"value": "{{$jobsMapByNodeKey.a}} {{$jobsMapByNodeKey.b}}"}}
    problems = problems_of_node(raw, Definitions(COLLECTIONS.get, frozenset({"a"})))
    assert [problem.path for problem in problems] == ["config.value"]
    assert '"b"' in problems[0].message


@pytest.mark.parametrize(
    ("raw", "messages"),
    [
        ({"type": "condition"}, []),
        ({"type": "condition", "config": None}, []),
        ({"type": "condition", "config": {}}, ['"rejectOnFalse" is required']),
        ({"config": {}}, ['"type" is required']),
        ({"type": "nosuch"}, ['Node type "nosuch" is not registered; docs/nodes.md lists the types there are']),
    ],
)
def test_a_node_without_a_config_is_still_to_be_filled_in(raw: dict[str, Any], messages: list[str]) -> None:
    assert [problem.message for problem in problems_of_node(raw, Definitions(COLLECTIONS.get))] == messages


PARAM_NAMES = ["type", "config", "collection", "params", "filter", "values", "sort", "field", "appends", "category", "$and", "$or", "title"]
OTHER_NAMES = ["id", "key", "upstreamId", "branchIndex", "group", "calculations", "calculator", "operands", "endStatus", "target", "engine"]
LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats() | st.sampled_from(["", "{{", "{{$context.data.a}}", "samples", "$or"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PARAM_NAMES, *OTHER_NAMES]), inner, max_size=4),
    max_leaves=12,
)
NODES = st.fixed_dictionaries(
    {"id": st.integers(1, 4), "key": st.sampled_from(["a", "b", "c", "d"]), "type": st.sampled_from([*NODE_TYPES, "nosuch"])},
    optional={
        "config": st.fixed_dictionaries({"collection": st.sampled_from(["samples", "nosuch"]), "params": JSON}) | JSON,
        "upstreamId": st.none() | st.integers(1, 4) | JSON,
        "branchIndex": st.none() | st.integers(0, 2) | JSON,
    },
)


@settings(max_examples=80, deadline=None)
@given(doc=st.fixed_dictionaries({"type": st.just("custom-action") | JSON, "config": JSON, "nodes": st.lists(NODES | JSON, max_size=4)}))
def test_validation_never_raises(doc: dict[str, Any]) -> None:
    for problem in problems_of_workflow(doc, COLLECTIONS.get):
        assert problem.message


def test_a_definition_nested_too_deep_is_one_problem() -> None:
    value: Any = 1
    for _ in range(5_000):
        value = [value]
    assert found(document(node(1, config={"value": value}))) == [("", "the definition is nested more than 100 levels deep")]
    assert len(problems_of_node({"type": "output", "config": {"value": value}}, Definitions(COLLECTIONS.get), path="nodes.0")) == 1
