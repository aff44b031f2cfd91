"""Every example of a node in the documentation can be saved, and runs: no example is an error of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.status import ERROR
from chalicelib.nodes import NODE_TYPES
from tests.conformance.test_conformance import Bench
from tests.conformance.test_machines import AsyncBench

TEXT = (Path(__file__).parents[2] / "docs/nodes.md").read_text()
DATA = {
    "id": 12,
    "title": "Sample",
    "indicator": 95.5,
    "status": "Collected",
    "categoryId": 1,
    "category": {"id": 1, "title": "Blood"},
    "createdAt": "2026-11-20T08:30:00.000Z",
}
OWN_FIELDS = ("id", "title", "indicator", "status", "categoryId")
RECORDS = {"categories": [{"id": 1, "title": "Blood"}], "samples": [{name: DATA[name] for name in OWN_FIELDS}]}
OUTSIDE = {"request": {"status": 200, "statusText": "OK", "headers": {}, "data": {}}, "mail": {"messageId": "1"}, "notification": {}}
NOTHING = {"sync": True, "type": "custom-action", "config": {"type": 0}, "nodes": []}


def _examples() -> list[Any]:
    """Single nodes, and lists of nodes in running order."""
    found = []
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        for number, block in enumerate(re.findall(r"```json\n(.*?)```", section, re.DOTALL)):
            document = json.loads(block)
            nodes = document if isinstance(document, list) else [document]
            if all(isinstance(node, dict) and node.get("type") in NODE_TYPES for node in nodes):
                found.append(pytest.param(nodes, id=f"{section.splitlines()[0]} {number}"))
    return found


EXAMPLES = _examples()


def _types(nodes: list[dict[str, Any]]) -> set[str]:
    inner = [one for node in nodes for line in node.get("branches", {}).values() for one in line]
    return {node["type"] for node in nodes} | (_types(inner) if inner else set())


def _case(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """The nodes alone, what they name before them: other nodes as variables, a loop around them as a loop."""
    text = json.dumps(nodes)
    before = [{"key": key, "type": "variable", "config": {"value": DATA}} for key in _named(text, "$jobsMapByNodeKey")]
    for key in _named(text, "$scopes"):
        if f'"key": "{key}"' not in text:
            nodes = [{"key": key, "type": "loop", "config": {"target": [DATA]}, "branches": {"0": nodes}}]
    document = {"sync": True, "type": "custom-action", "config": {"type": 0}, "nodes": [*before, *nodes]}
    others = dict.fromkeys(re.findall(r'"workflow": "([^"]+)"', text), NOTHING)
    return {"name": "example", "workflow": document, "workflows": others, "trigger": {"data": DATA}, "records": RECORDS, "outside": OUTSIDE}


def _named(text: str, scope: str) -> list[str]:
    own = set(re.findall(r'"key": "([^"]+)"', text))
    return [key for key in dict.fromkeys(re.findall(re.escape(scope) + r"\.([A-Za-z0-9_]+)", text)) if scope == "$scopes" or key not in own]


def test_every_type_has_an_example() -> None:
    assert {kind for param in EXAMPLES for kind in _types(param.values[0])} == set(NODE_TYPES)


@pytest.mark.parametrize("nodes", EXAMPLES)
def test_an_example_can_be_saved_and_runs(nodes: list[dict[str, Any]]) -> None:
    case = _case(nodes)
    waits = any(NODE_TYPES[kind].waits for kind in _types(nodes))
    bench = AsyncBench(case) if waits else Bench(case)
    assert bench.problems() == []
    if isinstance(bench, AsyncBench):
        bench.start()
        return
    execution = bench.run()
    assert not [job.result for job in execution.jobs if job.status == ERROR], [job.result for job in execution.jobs]
