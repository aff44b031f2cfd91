from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.engine.validation import flatten, problems_of_workflow
from chalicelib.nodes import NODE_TYPES, NODES, NOT_OFFERED, registry, unknown_type
from chalicelib.nodes.base import NodeType
from tests.unit.nodes.fakes import COLLECTIONS

ROOT = Path(__file__).parents[2]
CASE_KEYS = {"name", "workflow", "trigger", "expect"}
OPTIONAL_KEYS = {"records", "outside", "workflows", "signals", "only"}
SHARED = {"__init__", "base", "manual_forms", "recipients", "record_config"}
EXPECT_KEYS = {"status", "jobs", "output", "messages", "records", "sent"}


def file_name(node: NodeType) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).replace("-", "_").lower()


def cases_of(node: NodeType) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((ROOT / f"tests/conformance/{node.name}.json").read_text())["cases"]
    return cases


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_every_node_type_has_its_file_test_conformance_cases_and_section(node: NodeType) -> None:
    assert (ROOT / f"chalicelib/nodes/{file_name(node)}.py").is_file()
    assert (ROOT / f"tests/unit/nodes/test_{file_name(node)}.py").is_file()
    assert len(cases_of(node)) >= 8
    assert f"\n## `{node.name}`" in (ROOT / "docs/nodes.md").read_text()


def test_every_file_among_the_nodes_is_registered_or_shared() -> None:
    files = {path.stem for path in (ROOT / "chalicelib/nodes").glob("*.py")} - SHARED
    assert files == {file_name(node) for node in NODES}


def test_what_is_not_offered_is_in_the_documentation_and_not_registered() -> None:
    text = (ROOT / "docs/nodes.md").read_text()
    for name in (*NOT_OFFERED, "math.js", "formula.js"):
        assert f"`{name}`" in text
    assert not set(NOT_OFFERED) & set(NODE_TYPES)


def test_two_types_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="condition"):
        registry([NODE_TYPES["condition"], NODE_TYPES["condition"]])


def properties_in(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    own = list(schema.get("properties", {}).items())
    inner = [value for _, value in own] + [schema["items"]] if "items" in schema else [value for _, value in own]
    return own + [found for part in inner for found in properties_in(part)]


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_every_schema_is_sound_and_tells_a_form_what_each_property_is(node: NodeType) -> None:
    Draft202012Validator.check_schema(node.schema)
    for name, schema in properties_in(node.schema):
        assert schema.get("title"), name
        assert schema.get("description") or schema.get("properties"), name
    assert node.schema.get("additionalProperties", True) is True


@pytest.mark.parametrize("case", [case for node in NODES for case in cases_of(node)], ids=lambda case: case["name"])
def test_every_conformance_case_is_well_formed_and_could_be_saved(case: dict[str, Any]) -> None:
    assert set(case) - OPTIONAL_KEYS == CASE_KEYS
    assert {"status", "jobs"} <= set(case["expect"]) <= EXPECT_KEYS
    ids, keys = itertools.count(1), itertools.count(1)
    nodes = flatten(case["workflow"]["nodes"], lambda: next(ids), lambda: f"made{next(keys)}")
    assert problems_of_workflow({**case["workflow"], "nodes": nodes}, COLLECTIONS.get) == []
    assert {name for rows in (case.get("records"), *_expected_records(case)) for name in rows or ()} <= set(COLLECTIONS)


def _expected_records(case: dict[str, Any]) -> list[dict[str, Any]]:
    expected = case["expect"].get("records") or {}
    return [expected[engine] for engine in ("sync", "async")] if set(expected) == {"sync", "async"} else [expected]


def test_the_names_of_all_conformance_cases_differ() -> None:
    names = [f"{node.name}: {case['name']}" for node in NODES for case in cases_of(node)]
    assert len(names) == len(set(names))
    assert all(re.search(r"\w", name) for name in names)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conditon", 'did you mean "condition"'),
        ("Responsemessage", 'did you mean "response-message"'),
        ("response_message", 'did you mean "response-message"'),
        ("xyzzy", "docs/nodes.md lists the types there are"),
        ("c" * 10_000, "docs/nodes.md lists the types there are"),
    ],
)
def test_an_unknown_type_is_told_what_it_was_probably_meant_to_be(name: str, words: str) -> None:
    problem = unknown_type(name, "nodes.0.type")
    assert problem.message.startswith(f'Node type "{name}" is not registered; ')
    assert words in problem.message
