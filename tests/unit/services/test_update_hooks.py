"""``individualHooks`` of an update node, and the record events that it sets off or not."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from tests.sessions import Session

Json = Any


def update(collection: str, values: Json, **params: Json) -> Json:
    return {"type": "update", "config": {"collection": collection, "params": {"filter": {"id": {"$ne": None}}, "values": values} | params}}


@pytest.mark.parametrize(("hooks", "told"), [(None, True), (True, True), (False, False)])
def test_only_an_update_with_hooks_is_told_of(hooks: bool | None, told: bool) -> None:
    session = Session(MemoryStore()).install()
    watched = {"collection": "samples", "mode": 2, "changed": ["status"]}
    session.workflow("watch", [{"type": "output", "config": {}}], type="collection", config=watched)
    session.workflow("quiet", [update("samples", {"status": "new"}, individualHooks=hooks), update("samples", {"title": "told"})], None)
    session.call("workflows:trigger", None, {}, triggerWorkflows="quiet")
    statuses = {row["status"] for row in session.call("samples:list", paginate="false")}
    assert (statuses, bool(session.executions("watch"))) == ({"new"}, told)


def test_what_was_written_before_it_is_told_of_all_the_same() -> None:
    session = Session(MemoryStore()).install()
    session.workflow("watch", [{"type": "output", "config": {}}], type="collection", config={"collection": "categories", "mode": 1})
    make = {"type": "create", "config": {"collection": "categories", "params": {"values": {"title": "x"}}}}
    session.workflow("quiet", [make, update("categories", {"title": "y"}, individualHooks=False)], None)
    session.call("workflows:trigger", None, {}, triggerWorkflows="quiet")
    assert len(session.executions("watch")) == 1
