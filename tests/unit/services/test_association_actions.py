"""What association resources promise beyond lists and links: versions, keys, one row per pair, ids that were really sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import RECORDS
from chalicelib.errors import Invalid, NotFound, PreconditionFailed, Unprocessable
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


@pytest.fixture
def marked(root: Session) -> Session:
    """Notes 1 and 2 are on the pad, note 3 is not; ``mark`` writes a mark on one note, ``mark_all`` on each."""
    for number in (1, 2, 3):
        root.call("notes:create", None, {"id": number, "n": str(number), "padId": 1 if number < 3 else None})
    values = {"n": "marked"}
    for key, kind in (("mark", 1), ("mark_all", 2)):
        params = {"filter": {"id": {"$in": "{{$context.data.id}}"}} if kind == 2 else {"id": "{{$context.data.id}}"}, "values": values}
        node = {"type": "update", "config": {"collection": "notes", "params": params}}
        root.workflow(key, [node], "notes", config={"type": kind, "collection": "notes"})
    return root


def test_partners_that_are_not_linked_are_missing_as_those_that_are_not_there(marked: Session) -> None:
    params = {"triggerWorkflows": "mark_all", "filterByTk": ["1", "3", "99"]}
    answer = ask(marked, "notes", "trigger", params=params, idempotency_key="k")
    assert (answer.status, answer.meta["missing"]) == (200, [3, 99])
    assert {row["id"]: row["n"] for row in marked.call("notes:list")} == {1: "marked", 2: "2", 3: "3"}
    ask(marked, "notes", "remove", body=[1])
    again = ask(marked, "notes", "trigger", params=params, idempotency_key="k")
    assert (again.body(), again.headers["Idempotent-Replayed"]) == (answer.body(), "true")


@pytest.mark.parametrize(("one", "params"), [("3", {}), (None, {"filterByTk": ["3", "99"]})])
def test_when_none_is_linked_nothing_is_found(marked: Session, one: str | None, params: dict[str, Any]) -> None:
    with pytest.raises(NotFound, match="no record 3"):
        ask(marked, "notes", "trigger", one, params=params | {"triggerWorkflows": "mark,mark_all"})
    assert marked.call("notes:get", 3)["n"] == "3"


def linked(root: Session) -> list[int]:
    return [row["id"] for row in ask(root, "tags", "list").data]


@pytest.mark.parametrize("action", ["add", "set", "remove", "toggle"])
def test_the_same_key_links_once(root: Session, action: str) -> None:
    if action == "remove":
        ask(root, "tags", "add", body=[7])
    first = ask(root, "tags", action, body=[7], idempotency_key="k")
    after = linked(root)
    assert after == ([] if action == "remove" else [7])
    ask(root, "tags", "toggle", body=[7])
    again = ask(root, "tags", action, body=[7], idempotency_key="k")
    assert (again.body(), again.headers) == (first.body(), first.headers | {"Idempotent-Replayed": "true"})
    assert linked(root) == ([7] if action == "remove" else [])
    with pytest.raises(Unprocessable):
        ask(root, "tags", action, body=[8], idempotency_key="k")


def test_a_link_that_changed_nothing_is_kept_too(root: Session) -> None:
    ask(root, "tags", "add", body=[7])
    ask(root, "tags", "add", body=[7], idempotency_key="k")
    ask(root, "tags", "remove", body=[7])
    assert ask(root, "tags", "add", body=[7], idempotency_key="k").headers["Idempotent-Replayed"] == "true"
    assert linked(root) == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("nosuch", '"nosuch" is no association of collection "pads"'),
        ("p", '"p" is no'),
        ("notes.n", '"n" is no association of collection "notes"'),
    ],
)
@pytest.mark.parametrize("way", ["pads:create", "pads:update", "pads:firstOrCreate", "pads:updateOrCreate"])
def test_paths_to_write_through_are_associations(root: Session, way: str, path: str, named: str) -> None:
    params = {"updateAssociationValues": f"tags,{path}"} | ({"filterKeys": "p"} if "Or" in way else {})
    with pytest.raises(Invalid) as refused:
        root.call(way, 1 if way == "pads:update" else None, {"p": "new"}, **params)
    (problem,) = refused.value.problems()
    assert (problem.path, named in problem.message) == ("updateAssociationValues", True)
    assert len(root.call("pads:list")) == 1


def test_paths_are_those_of_the_partner_where_a_partner_is_written(root: Session) -> None:
    with pytest.raises(Invalid, match='no association of collection "notes"'):
        ask(root, "notes", "create", body={"n": "x"}, params={"updateAssociationValues": "tags"})
