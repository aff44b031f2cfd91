from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import FAILED, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.json_variable_mapping import EVERY, NO_DATA, NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node

SOURCE = {
    "a": {"b": [{"c": "1", "d": [1, 2]}, {"c": 0}, ["x"], [{"c": "9"}, {"c": "8"}]], "e": None, "zero": 0, "dot.ted": 5},
    "empty": {},
    "none of it": [],
    "m": {"k": [{"n": [{"v": 1}, {"v": 2}]}, {"n": [{"v": 3}]}, {"n": []}]},
}


def picked(*paths: str, source: Any = SOURCE, **config: Any) -> Any:
    node = {"dataSource": "{{$context.data}}", "variables": [{"key": "k", "paths": list(paths)}], **config}
    outcome = run_node(NODE, node, FakePorts(), source)
    assert outcome.status == RESOLVED
    return outcome.result


@pytest.mark.parametrize(
    ("paths", "result"),
    [
        (("a", "dot.ted"), {"k": 5}),
        (("a", "e"), {"k": None}),
        (("a", "e", "deeper"), {"k": None}),
        (("a", "zero", "deeper"), {"k": 0}),
        (("empty", "total"), {}),
        (("none of it", "nope"), {}),
        (("none of it",), {"k": []}),
        (("none of it", EVERY), {"k": []}),
        (("none", EVERY, "c"), {}),
        (("a", "none"), {}),
        (("none", "none"), {}),
        (("a", "dot.ted", "length"), {}),
        (("a", "b", EVERY, "c"), {"k": ["1"]}),
        (("a", "b", EVERY, "d"), {"k": [[1, 2]]}),
        (("a", "b", EVERY, "d", "1"), {"k": [2]}),
        (("a", "b", EVERY, EVERY, "c"), {"k": ["9", "8"]}),
        (("m", "k", EVERY, "n", EVERY, "v"), {"k": [[1, 2], [3]]}),
        (("a", EVERY, "c"), {"k": []}),
        (("a", "b", "3", "1", "c"), {"k": "8"}),
        (("a", "b", "-1"), {}),
        (("a", "b", "9"), {}),
        (("a", "b", "c"), {}),
    ],
)
def test_a_path_leads_to_its_value(paths: tuple[str, ...], result: Any) -> None:
    assert picked(*paths) == result


def test_with_array_indexes_the_marker_is_passed_over() -> None:
    assert picked("a", "b", EVERY, "0", "c", parseArray=True) == {"k": "1"}
    assert picked("a", "b", EVERY, EVERY, "3", EVERY, "1", "c", parseArray=True) == {"k": "8"}


def test_lists_within_lists_are_gone_into_in_turn() -> None:
    assert picked(EVERY, EVERY, "c", source=[[{"c": 1}], [{"c": 2}, {"c": 3}], {"c": 4}]) == {"k": [1, 2, 3]}


@pytest.mark.parametrize("source", [None, "text", 5, True, ""])
def test_what_is_no_object_or_list_fails(source: Any) -> None:
    config = {"dataSource": "{{$context.data.from}}", "variables": []}
    assert run_node(NODE, config, FakePorts(), {"from": source}) == Outcome(FAILED, NO_DATA)


def test_an_object_of_templates_may_be_the_source() -> None:
    config = {"dataSource": {"x": "{{$context.data.a.zero}}"}, "variables": [{"key": "k", "paths": ["x"]}]}
    assert run_node(NODE, config, FakePorts(), SOURCE).result == {"k": 0}


def test_names_are_no_templates() -> None:
    config = {"dataSource": {"{{x}}": 1}, "variables": [{"key": "{{x}}", "paths": ["a"]}]}
    assert NODE.prepare(config).variables == (("{{x}}", ("a",)),)


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({"dataSource": "{{$context.data}}", "variables": [{"key": "a", "paths": ["a"]}, {"key": "b", "paths": ["a"]}]}, []),
        ({"dataSource": [], "variables": None}, []),
        ({"dataSource": None}, ["config.dataSource"]),
        ({"dataSource": "text"}, ["config.dataSource"]),
        ({"dataSource": {}, "variables": [{"key": "a"}, {"key": "b"}, {"key": "a"}]}, ["config.variables.2.key"]),
    ],
)
def test_what_cannot_be_is_found_when_it_is_saved(config: dict[str, Any], paths: list[str]) -> None:
    assert [path for path, _ in paths_and_messages(checked(NODE, config))] == paths
