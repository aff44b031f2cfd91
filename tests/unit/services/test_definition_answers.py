"""What the answer to a changed definition says of records that were brought in line within the call."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from tests.sessions import Session

Json = Any


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore()).install()
    session.call("collections:create", None, {"name": "boxes", "fields": [{"name": "size", "type": "integer"}]})
    session.call("boxes:create", None, {"size": 1})
    return session


@pytest.mark.parametrize("change", [{"unique": True}, {"index": True}, {"type": "string"}])
def test_a_field_is_answered_as_it_is_after_the_call(root: Session, change: Json) -> None:
    answered = root.call("collections/boxes/fields:update", "size", change)
    assert answered == root.call("collections/boxes/fields:get", "size")
    assert "building" not in answered
    assert change.items() <= answered.items()


def test_a_new_field_and_a_whole_collection_too(root: Session) -> None:
    made = root.call("collections/boxes/fields:create", None, {"name": "code", "type": "string", "unique": True})
    assert "building" not in made
    [shown] = root.call("collections:update", "boxes", {"fields": [{"name": "size", "type": "integer", "index": True}]})
    assert shown == root.call("collections:get", "boxes")
    assert not [field for field in shown["fields"] if "building" in field]
