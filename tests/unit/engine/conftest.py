"""Fixtures of the engine's tests."""

from __future__ import annotations

import pytest

from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import NodeType
from tests.stores import WatchedStore
from tests.unit.engine.fakes import store_with
from tests.unit.engine.sending import Bench


@pytest.fixture
def acting_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node type of these tests: its config holds the function to run."""
    act = NodeType("act", {}, lambda config, scope, ports: config["act"](scope, ports), prepare=lambda config: config, branches=None)
    monkeypatch.setitem(NODE_TYPES, "act", act)  # type: ignore[arg-type]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def store() -> WatchedStore:
    """Items 1 to 3 with the codes a, b and none."""
    return store_with([{"id": 1, "title": "one", "code": "a"}, {"id": 2, "title": "two", "code": "b"}, {"id": 3, "title": "three"}])
