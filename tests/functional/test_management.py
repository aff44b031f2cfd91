"""Users and roles over HTTP, by who manages them and nothing else; and guessing passwords (https://docs.nocobase.com/users-permissions)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.client import Client
from tests.functional.conftest import refused
from tests.functional.model import PASSWORD, Model, make_user


@pytest.fixture(scope="module")
def manager(model: Model, stranger: Client) -> Iterator[Client]:
    """Manages users and roles; may do nothing with any collection."""
    model.root.post("roles:create", {"name": "steward", "strategy": {"actions": []}, "snippets": ["pm.users", "pm.acl"]}).ok()
    yield make_user(model.root, stranger, "stuart", ["steward"])
    model.root.post("roles:destroy/steward").ok()


@pytest.fixture
def somebody(model: Model, stranger: Client) -> Iterator[int]:
    user = make_user(model.root, stranger, "sam", ["viewer"]).get("auth:check").data["id"]
    yield user
    model.root.post(f"users:destroy/{user}").ok()


def names(client: Client, user: int) -> list[str]:
    return [role["name"] for role in client.get(f"users/{user}/roles:list").data]


def test_a_management_snippet_alone_shows_users_and_roles(manager: Client) -> None:
    assert "viewer" in [role["name"] for role in manager.get("roles:list").data]
    assert manager.get("roles:get/viewer").data["name"] == "viewer"
    assert "stuart" in [user["username"] for user in manager.get("users:list", pageSize=200).data]
    assert manager.get("samples:list").status == 403


def test_roles_are_toggled_from_the_user_and_from_the_role(manager: Client, somebody: int) -> None:
    assert manager.post(f"users/{somebody}/roles:toggle", ["submitter", "viewer"]).ok().json == {}
    assert names(manager, somebody) == ["submitter"]
    manager.post("roles/viewer/users:add", [somebody]).ok()
    found = manager.get("roles/viewer/users:list", filter={"id": somebody})
    assert ([user["username"] for user in found.data], found.meta["count"]) == (["sam"], 1)
    manager.post(f"roles/viewer/users:remove?filterByTk={somebody}").ok()
    assert names(manager, somebody) == ["submitter"]


def test_a_default_role_is_chosen_among_ones_own(model: Model, stranger: Client, somebody: int) -> None:
    sam = stranger.with_token(stranger.post("auth:signIn", {"account": "sam", "password": PASSWORD}).data["token"])
    model.root.post(f"users/{somebody}/roles:add", ["submitter"]).ok()
    assert sam.post("users:setDefaultRole", {"roleName": "submitter"}).ok().json == {}
    assert sam.get("auth:check").data["currentRole"] == "submitter"
    refused(sam.post("users:setDefaultRole", {"roleName": "root"}), (400,), "roleName")
    refused(model.root.post(f"users:update/{somebody}", {"defaultRole": "admin"}), (400,), "defaultRole")
    assert sam.post("auth:syncCookies").ok().json == {}


@pytest.mark.parametrize("path", ["roles:update/root", "roles:destroy/root", "roles/root/resources:create"])
def test_root_is_not_changed(model: Model, path: str) -> None:
    refused(model.root.post(path, {"title": "x"}), (400,), '"root"')


def test_an_unknown_option_of_a_role_is_named(model: Model) -> None:
    answer = model.root.post("roles:create", {"name": "typo", "strategi": {}, "snipets": []})
    refused(answer, (400,), "strategi")
    assert [error["path"] for error in answer.errors] == ["strategi", "snipets"]
    assert model.root.get("roles:get/typo").data is None


@pytest.mark.parametrize("account", ["careless", "nobody@example.com"])
def test_ten_wrong_passwords_and_the_account_rests(model: Model, stranger: Client, account: str) -> None:
    if account == "careless":
        make_user(model.root, stranger, account, ["viewer"])
    for _ in range(10):
        assert stranger.post("auth:signIn", {"account": account, "password": "wrong"}).codes == ["INVALID_CREDENTIALS"]
    for password in ("wrong", PASSWORD):
        answer = stranger.post("auth:signIn", {"account": account, "password": password})
        refused(answer, (429,), "minutes")
        assert answer.codes == ["TOO_MANY_ATTEMPTS"]
        assert 800 < int(answer.headers["retry-after"]) <= 900


def test_a_cursor_made_up_by_a_client_is_refused(model: Model) -> None:
    for cursor in ("x", '{"a":"0000000000000001"}', "eyJhIjoiMDAwMDAwMDAwMDAwMDAwMSJ9", "A" * 192):
        answer = model.root.get("samples:list", cursor=cursor)
        assert (answer.status, answer.codes) == (400, ["INVALID_CURSOR"]), cursor
