"""Who has which role: seen and changed from the role, from the user, and by the user themself.

https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import AppError, Forbidden, Invalid, NotFound
from chalicelib.services import installation
from chalicelib.services.call import Answer, Call
from tests.sessions import Session

Json = Any
SNIPPETS = {"aclonly": ["pm.acl"], "usersonly": ["pm.users"], "plain": []}
ANN, BOB, CARL = 2, 3, 4
PASSWORD = "a password 9"


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore())
    installation.install(session.backend, "root@example.com", "secret password")
    for name, snippets in SNIPPETS.items():
        session.answer("roles:create", None, {"name": name, "strategy": {"actions": []}, "snippets": snippets})
    for user, name, role in ((ANN, "ann", "aclonly"), (BOB, "bob", "usersonly"), (CARL, "carl", "plain")):
        session.answer("users:create", None, {"id": user, "username": name, "password": PASSWORD, "roles": [role, "member"]})
    return session


def roles_of(root: Session, user: int) -> list[str]:
    return [role["name"] for role in root.call(f"users/{user}/roles:list")]


def as_user(root: Session, user: int, name: str, record_id: Json = None, body: Json = None, role: str | None = None) -> Answer:
    session = root.process(user_id=user)
    path, action = name.split(":")
    owner, *association = path.split("/")
    owner_id, association_name = association or (record_id, None)
    identity = None if owner_id is None else str(owner_id)
    return session.product.answer(Call(owner, action, identity, association_name, body=body, token=session.token, role=role))


@pytest.mark.parametrize(("user", "resource", "other"), [(ANN, "roles", "users"), (BOB, "users", "roles")])
def test_a_management_snippet_is_enough_to_see_what_it_manages(root: Session, user: int, resource: str, other: str) -> None:
    listed = as_user(root, user, f"{resource}:list")
    assert listed.data == root.call(f"{resource}:list")
    assert as_user(root, user, f"{resource}:get", listed.data[0].get("id") or listed.data[0]["name"]).data == listed.data[0]
    with pytest.raises(Forbidden):
        as_user(root, user, f"{other}:list")


def test_the_hash_of_a_password_is_shown_to_no_manager(root: Session) -> None:
    assert not any({"password", "tokensValidFrom"} & set(row) for row in as_user(root, BOB, "users:list").data)


def test_no_management_means_no_sight(root: Session) -> None:
    for name in ("users:list", "roles:list", "roles/member/users:list", "users/2/roles:list"):
        with pytest.raises(Forbidden):
            as_user(root, CARL, name)


def test_toggle_gives_what_is_not_there_and_takes_what_is(root: Session) -> None:
    root.answer(f"users/{CARL}/roles:toggle", None, ["plain", "admin"])
    assert roles_of(root, CARL) == ["member", "admin"]
    root.answer("roles/plain/users:toggle", None, [{"id": CARL}, BOB])
    assert (roles_of(root, CARL), roles_of(root, BOB)) == (["member", "admin", "plain"], ["usersonly", "member", "plain"])
    root.answer("roles/plain/users:toggle", None, [CARL])
    assert roles_of(root, CARL) == ["member", "admin"]


def test_the_users_of_a_role_are_listed_and_changed_from_the_role(root: Session) -> None:
    root.answer("roles/plain/users:add", None, [ANN, BOB])
    listed = root.answer("roles/plain/users:list", sort="-username", pageSize="2")
    assert [user["username"] for user in listed.data] == ["carl", "bob"]
    assert listed.meta == {"count": 3, "page": 1, "pageSize": 2, "totalPage": 2}
    assert [user["id"] for user in root.call("roles/plain/users:list", filter={"username": {"$startsWith": "a"}})] == [ANN]
    root.answer("roles/plain/users:remove", None, [ANN])
    root.answer("roles/plain/users:set", None, [ANN, CARL])
    assert [user["id"] for user in root.call("roles/plain/users:list")] == [ANN, CARL]
    assert roles_of(root, BOB) == ["usersonly", "member"]


def test_a_user_who_is_not_there_changes_nothing(root: Session) -> None:
    with pytest.raises(Invalid, match="no user 99"):
        root.answer("roles/plain/users:set", None, [ANN, 99])
    assert [user["id"] for user in root.call("roles/plain/users:list")] == [CARL]
    with pytest.raises(NotFound):
        root.answer("roles/nosuch/users:list")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("roles/root/users:add", [ANN]),
        ("roles/root/users:remove", [1]),
        ("roles/admin/users:add", [ANN]),
        ("roles/usersonly/users:add", [ANN]),
        ("roles/usersonly/users:set", []),
        ("roles/plain/users:add", [1]),
    ],
)
def test_who_manages_roles_gives_and_takes_nothing_above_themself(root: Session, name: str, body: Json) -> None:
    before = root.call("users:list")
    with pytest.raises(Forbidden):
        as_user(root, ANN, name, None, body)
    assert root.call("users:list") == before


def test_the_last_root_user_stays(root: Session) -> None:
    for name in ("roles/root/users:set", "users/1/roles:toggle"):
        with pytest.raises(Invalid, match="yourself"):
            root.answer(name, None, ["root"] if name.startswith("users") else [])


@pytest.mark.parametrize("change", [{"defaultRole": "admin"}, {"roles": ["plain"], "defaultRole": "member"}, {"defaultRole": 5}])
def test_a_default_role_is_one_of_the_users_roles(root: Session, change: Json) -> None:
    for name, record_id, extra in (("users:update", CARL, {}), ("users:create", None, {"username": "dora", "password": PASSWORD})):
        with pytest.raises(Invalid) as refused:
            root.answer(name, record_id, {"roles": ["plain", "member"]} | change | extra)
        assert {problem.path for problem in refused.value.problems()} == {"defaultRole"}


def test_a_default_role_that_is_taken_is_the_default_no_more(root: Session) -> None:
    for take in (
        ("users:update", CARL, {"roles": ["member"]}),
        (f"users/{CARL}/roles:remove", None, ["plain"]),
        ("roles/plain/users:set", None, []),
    ):
        root.answer("users:update", CARL, {"roles": ["member", "plain"], "defaultRole": "plain"})
        root.answer(*take)
        assert root.call("users:get", CARL)["defaultRole"] is None
        assert as_user(root, CARL, "auth:check").data["currentRole"] == "member"


def test_everybody_chooses_their_own_default_role(root: Session) -> None:
    assert as_user(root, CARL, "users:setDefaultRole", None, {"roleName": "member"}).body() == {}
    assert as_user(root, CARL, "auth:check").data["currentRole"] == "member"
    for name in ("admin", None, 5):
        with pytest.raises(Invalid, match="plain, member"):
            as_user(root, CARL, "users:setDefaultRole", None, {"roleName": name})


def test_there_are_no_cookies_to_keep_in_step(root: Session) -> None:
    answer = as_user(root, CARL, "auth:syncCookies")
    assert (answer.body(), answer.headers) == ({}, {})


def test_an_unknown_option_of_a_role_is_refused_and_those_of_the_console_are_kept(root: Session) -> None:
    for name, record_id in (("roles:create", None), ("roles:update", "plain")):
        with pytest.raises(Invalid, match='no option "titel"'):
            root.answer(name, record_id, {"name": "plain" if record_id else "fresh", "titel": "x"})
    sent = {"title": "T", "hidden": False, "allowConfigure": True, "allowNewMenu": True, "color": "red", "description": "d", "snippets": []}
    root.answer("roles:create", None, {"name": "fresh", "default": False, "strategy": {"actions": []}} | sent)
    read = root.call("roles:get", "fresh")
    assert {"id": "fresh"} | root.call("roles:update", "fresh", read)[0] == read


@pytest.mark.parametrize(
    ("name", "record_id", "body"),
    [
        ("roles:update", "root", {"title": "x"}),
        ("roles:destroy", "root", None),
        ("roles/root/resources:create", None, {"name": "users", "actions": []}),
        ("roles:create", None, {"name": "root"}),
    ],
)
def test_root_is_no_role_that_can_be_changed(root: Session, name: str, record_id: Json, body: Json) -> None:
    with pytest.raises(AppError) as refused:
        root.answer(name, record_id, body)
    assert isinstance(refused.value, Invalid)
    assert '"root"' in refused.value.message
