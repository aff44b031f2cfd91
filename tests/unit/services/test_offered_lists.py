"""A page of records with what may be done with them: the same as asking for both, in one call."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Forbidden, Invalid
from tests.sessions import Session

Json = Any
ADD: Json = {"kind": "workflow", "collection": "samples", "workflows": [{"key": "submit_inspection"}]}
HELLO: Json = {"kind": "client", "client": {"type": "message", "message": "Hi"}}


@pytest.fixture
def session() -> Session:
    session = Session(MemoryStore()).install()
    session.call("actions:create", None, {"name": "low", **ADD, "enabledWhen": {"indicator": {"$lt": 90}}})
    session.call("actions:create", None, HELLO | {"name": "hello", "collection": "samples", "context": "none"})
    return session


def listed(session: Session, resource: str = "samples", **params: Json) -> Json:
    return session.answer(f"{resource}:list", actions="1", **params).body()


def test_a_page_tells_what_may_be_done_with_its_records_as_the_question_of_its_own_does(session: Session) -> None:
    body = listed(session, sort="-id", pageSize="2")
    ids = [str(row["id"]) for row in body["data"]]
    asked = session.answer("actions:available", collection="samples", filterByTk=ids, each="1").body()
    assert len(ids) == 2
    assert body["meta"]["actions"] == asked["data"]
    assert body["meta"]["records"] == asked["meta"]["records"]
    assert {one["enabled"] for rows in body["meta"]["records"].values() for one in rows} == {True, False}
    plain = session.answer("samples:list", sort="-id", pageSize="2").body()
    assert body["data"] == plain["data"]
    assert plain["meta"] == {name: value for name, value in body["meta"].items() if name not in ("actions", "records")}


def test_an_empty_page_has_the_buttons_and_no_records(session: Session) -> None:
    body = listed(session, filter='{"title": "nowhere"}')
    assert body["data"] == []
    assert {one["name"] for one in body["meta"]["actions"]} >= {"low", "hello"}
    assert body["meta"]["records"] == {}


def test_users_are_listed_with_their_buttons_too(session: Session) -> None:
    session.call("actions:create", None, HELLO | {"name": "hi", "collection": "users"})
    body = listed(session, "users")
    assert "hi" in {one["name"] for one in body["meta"]["actions"]}
    assert set(body["meta"]["records"]) == {str(user["id"]) for user in body["data"]}


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"pageSize": "91"}, "pageSize"),
        ({"paginate": "false"}, "paginate"),
        ({"fields": "title"}, "fields"),
        ({"actions": "yes"}, "actions"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_parameter(session: Session, params: Json, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        session.answer("samples:list", **{"actions": "1", **params})
    assert [one.path for one in refused.value.problems()] == [path]


def test_who_may_not_see_the_records_learns_of_no_button(session: Session) -> None:
    session.call("roles:create", None, {"name": "clerk", "resources": {}})
    user = session.call("users:create", None, {"username": "clerk", "password": "a good password 1", "roles": ["clerk"]})
    with pytest.raises(Forbidden):
        listed(session.process(user_id=user["id"]))
