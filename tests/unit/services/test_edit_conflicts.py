"""Two who change one definition: what one has not seen of the other's change is not overwritten, when they say which version they saw."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import NotFound, PreconditionFailed
from tests.sessions import NOW_MS, Session
from tests.unit.services.flows import TREE, ids

Json = Any
OLD = '"2020-01-01T00:00:00.000Z"'


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)


@pytest.fixture
def root(clock: FixedClock) -> Session:
    return Session(MemoryStore(), clock).install()


@pytest.fixture
def version(root: Session) -> int:
    return root.workflow("flow", TREE, enabled=False)


CHANGES: list[Json] = [
    ("flow_nodes", {"title": "Mine"}, {"title": "Theirs"}),
    ("workflows", {"triggerTitle": "Mine"}, {"config": {"type": 1, "collection": "posts"}}),
    ("actions", {"label": "Mine"}, {"confirm": "Theirs?"}),
]


@pytest.mark.parametrize(("resource", "mine", "theirs"), CHANGES)
def test_a_change_of_what_another_has_changed_meanwhile_is_refused_with_how_it_is_now(
    root: Session, clock: FixedClock, version: int, resource: str, mine: Json, theirs: Json
) -> None:
    target = {"flow_nodes": ids(root, version)["first"], "workflows": version, "actions": "submit"}[resource]
    seen = root.answer(f"{resource}:get", target).headers["ETag"]
    clock.sleep(1)
    written = root.answer(f"{resource}:update", target, theirs, if_match=seen)
    with pytest.raises(PreconditionFailed) as refused:
        root.answer(f"{resource}:update", target, mine, if_match=seen)
    now = root.answer(f"{resource}:get", target)
    assert (
        refused.value.data
        == {"current": now.data, "etag": now.headers["ETag"]}
        == {"current": written.data[0], "etag": written.headers["ETag"]}
    )
    assert now.headers["ETag"] == f'"{now.data["updatedAt"]}"'
    assert theirs.items() <= now.data.items()
    (kept,) = root.answer(f"{resource}:update", target, mine, if_match=f"{OLD}, {now.headers['ETag']}").data
    assert (theirs | mine).items() <= kept.items()


@pytest.mark.parametrize("if_match", [None, "*"])
def test_who_says_no_version_changes_whatever_is_there(root: Session, clock: FixedClock, version: int, if_match: str | None) -> None:
    node = ids(root, version)["first"]
    clock.sleep(1)
    (changed,) = root.answer("flow_nodes:update", node, {"title": "Mine"}, if_match=if_match).data
    assert changed["title"] == "Mine"


def test_a_node_is_at_its_version_whatever_becomes_of_the_others(root: Session, clock: FixedClock, version: int) -> None:
    known = ids(root, version)
    seen = root.answer("flow_nodes:get", known["first"]).headers["ETag"]
    workflow = root.answer("workflows:get", version).headers["ETag"]
    clock.sleep(1)
    root.call("flow_nodes:update", known["last"], {"title": "Another"})
    assert root.answer("flow_nodes:update", known["first"], {"title": "Mine"}, if_match=seen).data[0]["title"] == "Mine"
    with pytest.raises(PreconditionFailed, match="the workflow is at version"):
        root.answer("workflows:update", version, {"title": "Mine"}, if_match=workflow)


@pytest.mark.parametrize(("resource", "target"), [("workflows", 77_000_000), ("actions", "nosuch")])
def test_what_was_removed_meanwhile_has_no_version(root: Session, resource: str, target: Json) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        root.answer(f"{resource}:update", target, {}, if_match=OLD)
    assert refused.value.data == {"current": None}
    assert root.call(f"{resource}:update", target, {}) == []


def test_nor_has_a_node_that_was_removed_with_its_workflow_or_alone(root: Session, version: int) -> None:
    node = ids(root, version)["last"]
    for resource, target in (("flow_nodes", node), ("workflows", version)):
        root.call(f"{resource}:destroy", target)
        with pytest.raises(PreconditionFailed) as refused:
            root.answer("flow_nodes:update", node, {"title": "Mine"}, if_match=OLD)
        assert refused.value.data == {"current": None}
        with pytest.raises(NotFound):
            root.answer("flow_nodes:update", node, {"title": "Mine"})
