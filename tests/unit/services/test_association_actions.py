"""What association resources promise beyond lists and links: versions, keys, one row per pair, ids that were really sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import RECORDS
from chalicelib.errors import Invalid, PreconditionFailed
from chalicelib.services.call import Call
from tests.sessions import Session


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore()).install()
    session.call("collections:create", None, {"name": "tags", "fields": [{"name": "t", "type": "string"}]})
    session.call("collections:create", None, {"name": "notes", "fields": [{"name": "n", "type": "string"}]})
    tags = {"name": "tags", "type": "belongsToMany", "target": "tags", "through": "padTags", "foreignKey": "padId", "otherKey": "tagId"}
    notes = {"name": "notes", "type": "hasMany", "target": "notes", "foreignKey": "padId"}
    session.call("collections:create", None, {"name": "pads", "fields": [{"name": "p", "type": "string"}, notes, tags]})
    session.call("pads:create", None, {"id": 1, "p": "pad"})
    session.call("tags:create", None, {"id": 7, "t": "seven"})
    return session


def ask(root: Session, association: str, action: str, association_id: str | None = None, body: Any = None, **more: Any) -> Any:
    call = Call("pads", action, "1", association, association_id, body=body, token=root.token, request_id="r")
    return root.product.answer(replace(call, **more))


@pytest.mark.parametrize("action", ["update", "destroy"])
def test_if_match_holds_for_partners(root: Session, action: str) -> None:
    note = ask(root, "notes", "create", body={"n": "a"}).data["id"]
    with pytest.raises(PreconditionFailed):
        ask(root, "notes", action, str(note), {"n": "b"}, if_match='"99"')
    assert root.call("notes:get", note)["n"] == "a"
    ask(root, "notes", action, str(note), {"n": "b"}, if_match='"1"')


def test_the_same_key_makes_one_partner(root: Session) -> None:
    answers = [ask(root, "notes", "create", body={"n": "once"}, idempotency_key="k") for _ in range(2)]
    assert answers[0].body() == answers[1].body()
    assert len(ask(root, "notes", "list").data) == 1


@pytest.mark.parametrize("body", [{}, {"foo": [7]}, None])
@pytest.mark.parametrize("action", ["set", "add", "toggle"])
def test_links_need_ids(root: Session, action: str, body: Any) -> None:
    ask(root, "tags", "add", body=[7])
    with pytest.raises(Invalid):
        ask(root, "tags", action, body=body)
    assert [row["id"] for row in ask(root, "tags", "list").data] == [7]


def test_a_pair_is_one_row_whoever_makes_it(root: Session) -> None:
    """Two calls that both saw no link derive the same id for its row, so the second is refused and looks again."""
    ask(root, "tags", "add", body=[7])
    definition = root.store.query(RECORDS, "collections#0").items
    [uid] = [item["data"]["uid"] for item in definition if item["sk"] == "padTags"]
    [first] = root.store.query(RECORDS, f"{uid}#0").items
    ask(root, "tags", "remove", body=[7])
    ask(root, "tags", "add", body=[7])
    [second] = root.store.query(RECORDS, f"{uid}#0").items
    assert first["sk"] == second["sk"]
