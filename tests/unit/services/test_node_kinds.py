"""The types of nodes and triggers as an interface gets them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Forbidden
from chalicelib.nodes import NODE_TYPES
from chalicelib.services.node_kinds import NODE_WORDS, TRIGGER_WORDS
from chalicelib.triggers import TRIGGER_TYPES
from tests.sessions import Session

Json = Any


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def by_type(kinds: list[Json]) -> dict[str, Json]:
    return {kind["type"]: kind for kind in kinds}


def test_every_type_has_a_title_and_says_what_it_does() -> None:
    assert NODE_WORDS.keys() == NODE_TYPES.keys()
    assert TRIGGER_WORDS.keys() == TRIGGER_TYPES.keys()
    assert len({title for title, _ in NODE_WORDS.values()}) == len(NODE_WORDS)


def test_a_type_comes_with_its_schema_its_policies_and_its_branches(session: Session) -> None:
    found = session.call("flow_nodes:types")
    nodes, triggers = by_type(found["nodes"]), by_type(found["triggers"])
    assert nodes.keys() == NODE_TYPES.keys()
    assert triggers.keys() == TRIGGER_TYPES.keys()
    assert nodes["condition"]["branches"] == {"1": "true", "0": "false"}
    assert nodes["parallel"]["branches"] is None
    assert (nodes["query"]["branches"], nodes["query"]["branchOnFailure"], nodes["condition"]["branchOnFailure"]) == ({}, True, False)
    assert nodes["query"]["schema"]["properties"].keys() == {"collection", "multiple", "failOnEmpty", "params"}
    assert nodes["end"]["policies"]["properties"] == {}
    assert nodes["manual"]["policies"]["properties"].keys() == {"timeoutSeconds", "onError"}
    assert (nodes["delay"]["waits"], nodes["subflow"]["alsoSync"], nodes["update"]["testable"]) == (True, True, False)
    assert triggers["request-interception"]["alwaysSync"]
    assert triggers["schedule"]["alwaysAsync"]
    assert not triggers["custom-action"]["alwaysAsync"]


def test_only_who_manages_workflows_learns_of_them(session: Session) -> None:
    session.call("roles:create", None, {"name": "lab", "strategy": {"actions": ["view"]}})
    user = session.call("users:create", None, {"username": "ada", "password": "a good password 1", "roles": ["lab"]})
    with pytest.raises(Forbidden):
        session.process(user_id=user["id"]).call("flow_nodes:types")
