"""``app:start``: everybody learns of the collections, fields and actions within reach, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Unauthenticated
from chalicelib.services.call import Call
from tests.sessions import Session

Json = Any


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def somebody(session: Session, actions: list[Json]) -> Session:
    rules = {"samples": {"usingActionsConfig": True, "actions": actions}}
    session.call("roles:create", None, {"name": "lab", "title": "Laboratory", "strategy": {"actions": []}, "resources": rules})
    user = session.call("users:create", None, {"username": "ada", "password": "a good password 1", "roles": ["lab"]})
    return session.process(user_id=user["id"])


def named(collections: list[Json]) -> dict[str, Json]:
    return {one["name"]: one for one in collections}


def test_root_sees_every_collection_with_all_of_its_fields_and_the_users(session: Session) -> None:
    seen = session.call("app:start")
    assert seen["role"] == "root"
    assert {"collections", "roles", "users", "workflows"} <= set(seen["manages"])
    collections = named(seen["collections"])
    assert {"samples", "categories", "posts", "users"} <= collections.keys()
    assert {"title", "status", "category", "categoryId"} <= {field["name"] for field in collections["samples"]["fields"]}
    assert collections["samples"]["may"]["update"] is None


def test_a_role_sees_its_collections_and_fields_only(session: Session) -> None:
    ada = somebody(session, [{"name": "view", "fields": ["title", "status"]}, {"name": "trigger"}])
    seen = ada.call("app:start")
    assert (seen["roles"], seen["manages"]) == ([{"name": "lab", "title": "Laboratory"}], [])
    (samples,) = seen["collections"]
    assert [field["name"] for field in samples["fields"]] == ["title", "status"]
    assert samples["may"].keys() == {"view", "trigger"}
    assert {"title", "status"} <= set(samples["may"]["view"])
    assert "indicator" not in samples["may"]["view"]


def test_nothing_internal_is_told(session: Session) -> None:
    whole = session.call("app:start")
    samples = named(whole["collections"])["samples"]
    assert "uid" not in samples
    assert all("slot" not in field for field in samples["fields"])
    assert "password" not in whole["user"]
    assert not {"password", "tokensValidFrom"} & {field["name"] for field in named(whole["collections"])["users"]["fields"]}


def test_a_hidden_field_is_not_among_them(session: Session) -> None:
    session.call("collections/samples/fields:create", None, {"name": "secret", "type": "string", "hidden": True})
    fields = named(session.call("app:start")["collections"])["samples"]["fields"]
    assert "secret" not in {field["name"] for field in fields}


def test_without_a_token_nothing_is_told(session: Session) -> None:
    with pytest.raises(Unauthenticated):
        session.product.answer(Call("app", "start"))


def test_open_tasks_are_counted_each_users_own(session: Session) -> None:
    forms = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}
    asking = {"type": "manual", "config": {"assignees": [1], "forms": forms}}
    copying = {"type": "cc", "config": {"users": [1], "title": "Look"}}
    session.workflow("asks", [copying, asking], collection=None, sync=False)
    assert session.call("app:start")["tasks"] == {"manual": 0, "cc": 0}
    session.call("workflows:trigger", None, {}, triggerWorkflows="asks")
    session.machines.run(session.backend)
    assert session.call("app:start")["tasks"] == {"manual": 1, "cc": 1}
    assert somebody(session, []).call("app:start")["tasks"] == {"manual": 0, "cc": 0}
    task = session.call("workflowManualTasks:listMine")[0]
    session.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
    assert session.call("app:start")["tasks"] == {"manual": 0, "cc": 1}


def test_the_role_that_one_begins_in_is_told_whatever_one_acts_in(session: Session) -> None:
    ada = somebody(session, [{"name": "view"}])
    session.call("users:update", ada.call("app:start")["user"]["id"], {"roles": ["member", "lab"]})
    assert (ada.call("app:start")["role"], ada.call("app:start")["defaultRole"]) == ("member", "member")
    ada.call("users:setDefaultRole", None, {"roleName": "lab"})
    acting = ada.product.answer(Call("app", "start", token=ada.token, role="member")).data
    assert (acting["role"], acting["defaultRole"]) == ("member", "lab")
    assert ada.call("app:start")["role"] == "lab"
