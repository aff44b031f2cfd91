"""A name that a workflow or a node does not have is told; what the API answers may be sent back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid
from tests.sessions import Session
from tests.unit.services.flows import TREE, ids, revise

Json = Any
NODES = {"type": "output", "config": {"value": 1}}


@pytest.fixture
def root() -> Session:
    return Session(MemoryStore()).install()


@pytest.fixture
def version(root: Session) -> int:
    return root.workflow("flow", TREE, enabled=False)


def calls(root: Session, version: int) -> dict[str, tuple[str, Json, Json]]:
    flow = {"type": "custom-action", "config": {"type": 0}}
    return {
        "workflows:update": ("workflows:update", version, {"title": "t"}),
        "workflows:create": ("workflows:create", None, flow | {"key": "other"}),
        "workflows:import": ("workflows:import", None, flow | {"key": "brought"}),
        "flow_nodes:update": ("flow_nodes:update", ids(root, version)["first"], {"title": "t"}),
        "nodes:create": (f"workflows/{version}/nodes:create", None, NODES),
    }


@pytest.mark.parametrize("name", ["workflows:update", "workflows:create", "workflows:import", "flow_nodes:update", "nodes:create"])
def test_an_unknown_name_is_told_and_nothing_is_written(root: Session, version: int, name: str) -> None:
    action, record_id, body = calls(root, version)[name]
    before = root.call("workflows:list", appends="nodes")
    with pytest.raises(Invalid) as refused:
        root.call(action, record_id, body | {"zz": 1, "confg": {}})
    assert [(p.path, p.code) for p in refused.value.problems()] == [("zz", "UNKNOWN_FIELD"), ("confg", "UNKNOWN_FIELD")]
    assert root.call("workflows:list", appends="nodes") == before
    root.call(action, record_id, body)


def test_what_a_workflow_answers_may_be_sent_back(root: Session, version: int) -> None:
    revise(root, version)
    shown = root.call("workflows:get", version, appends="stats,versionStats,categories,createdBy,updatedBy")
    [changed] = root.call("workflows:update", version, shown | {"title": "changed", "revisions": [], "executions": []})
    assert (changed["title"], changed["key"]) == ("changed", "flow")


def test_what_a_node_answers_may_be_sent_back(root: Session, version: int) -> None:
    shown = root.call("flow_nodes:get", ids(root, version)["first"])
    [changed] = root.call("flow_nodes:update", shown["id"], shown | {"title": "changed", "upstream": None, "downstream": None})
    assert changed["title"] == "changed"
