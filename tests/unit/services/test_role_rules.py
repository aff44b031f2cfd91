"""Rules of roles against what there is: a rule that would mean nothing, or less than it says, is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid
from chalicelib.services.call import Call
from tests.sessions import Session

Json = Any


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def rules(*actions: Json, of: str = "samples") -> Json:
    return {"resources": {of: {"usingActionsConfig": True, "actions": list(actions)}}}


WRONG = [
    (rules({"name": "view", "fields": ["title"], "filter": {"id": 1}}), "resources.samples.actions.0.filter"),
    (rules({"name": "view"}, {"name": "view"}), "resources.samples.actions.1.name"),
    (rules({"name": "view"}, of="nosuch"), "resources.nosuch"),
    (rules({"name": "call:nope"}), "resources.samples.actions.0.name"),
    (rules({"name": "call:remeasure"}, of="categories"), "resources.categories.actions.0.name"),
    (rules({"name": "call:nope"}, of="procedures"), "resources.procedures.actions.0.name"),
    (rules({"name": "view", "scope": {"title": "{{$user.password}}"}}), "resources.samples.actions.0.scope.title"),
    (
        rules({"name": "view", "scope": {"createdAt": {"$dateOn": "{{$nDate.nosuch}}"}}}),
        "resources.samples.actions.0.scope.createdAt.$dateOn",
    ),
    ({"snippets": ["pm.foo"]}, "snippets.0"),
    ({"default": "yes"}, "default"),
    ({"sort": "x"}, "sort"),
]


@pytest.mark.parametrize(("sent", "path"), WRONG)
@pytest.mark.parametrize("name", ["roles:create", "roles:update"])
def test_what_would_mean_nothing_is_refused_with_its_place(session: Session, name: str, sent: Json, path: str) -> None:
    before = session.call("roles:list", paginate="false")
    with pytest.raises(Invalid) as refused:
        session.call(name, None if name == "roles:create" else "admin", sent if name == "roles:update" else {"name": "fresh"} | sent)
    assert [problem.path for problem in refused.value.problems()] == [path]
    assert session.call("roles:list", paginate="false") == before


def test_a_rule_for_a_procedure_that_is_there_is_taken(session: Session) -> None:
    sent = rules({"name": "call:remeasure"}, {"name": "call"})
    assert session.call("roles:create", None, {"name": "lab"} | sent)["resources"] == sent["resources"]


def test_a_resource_that_was_read_can_be_sent_back(session: Session) -> None:
    session.call("roles:create", None, {"name": "lab"} | rules({"name": "view"}))
    read = session.call("roles/lab/resources:get", "samples")
    assert session.call("roles/lab/resources:update", "samples", read | {"id": 5, "createdAt": "x"}) == read


@pytest.mark.parametrize(("span", "seen"), [("today", 1), ("yesterday", 0), ("thisMonth", 1), ("nextMonth", 0)])
def test_a_scope_may_name_days(session: Session, span: str, seen: int) -> None:
    scope = {"createdAt": {"$dateOn": f"{{{{$nDate.{span}}}}}"}}
    session.call("roles:create", None, {"name": "lab"} | rules({"name": "view", "scope": scope}, {"name": "create"}))
    user = session.call("users:create", None, {"username": "u", "password": "a good password 1", "roles": ["lab"]})
    made = session.call("samples:create", None, {"title": "new"})
    found = [row["id"] for row in session.process(user_id=user["id"]).call("samples:list", paginate="false")]
    assert (made["id"] in found) is bool(seen)


def test_the_union_answers_what_its_roles_together_allow(session: Session) -> None:
    """Fields and scopes of both roles' rules; what one role's strategy allows where only the other has rules."""
    one = rules({"name": "view", "fields": ["title"], "scope": {"id": 1}}, {"name": "update", "scope": "own"})
    two = rules({"name": "view", "fields": ["status"], "scope": {"id": 2}}, {"name": "update"})
    session.call("roles:create", None, {"name": "one", "strategy": {"actions": ["view:own", "create"]}} | one)
    session.call("roles:create", None, {"name": "two", "strategy": {"actions": ["view"]}} | two)
    session.call("roles:create", None, {"name": "three", "strategy": {"actions": ["destroy:own"]}})
    body = {"username": "u", "password": "a good password 1", "roles": ["one", "two", "three"]}
    user = session.process(user_id=session.call("users:create", None, body)["id"])

    def checked(role: str) -> Json:
        return user.product.answer(Call("roles", "check", token=user.token, role=role)).data

    union = checked("__union__")
    view = union["actions"]["samples:view"]
    assert {"title", "status"} <= set(view["fields"])
    assert view["scope"] == {"$or": [{"id": 1}, {"id": 2}]}
    assert union["actions"]["samples:update"] == {"fields": [], "scope": None}
    assert union["actions"]["samples:destroy"]["scope"] == {"createdById": "{{$user.id}}"}
    assert union["strategy"]["actions"] == ["create", "destroy:own", "view"]
    assert union["resources"] == ["samples"]
    assert list(checked("one")["actions"]) == ["samples:view", "samples:update"]
    assert checked("one")["actions"]["samples:view"]["scope"] == {"id": 1}
