"""Sessions over HTTP: a new password, the own profile, and what a browser may read (https://docs.nocobase.com/security/token-policy)."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import PASSWORD, make_user, sign_in

NEW = "another password 8"
CHANGE = {"oldPassword": PASSWORD, "newPassword": NEW, "confirmPassword": NEW}


def test_a_new_password_ends_every_session_on_every_worker(root: Client, stranger: Client) -> None:
    first = make_user(root, stranger, "twice", ["member"])
    second = stranger.with_token(sign_in(stranger, "twice", PASSWORD))
    assert first.post("auth:changePassword", CHANGE).status == 200
    for session in (first, second):
        for _ in range(3):
            assert session.elsewhere().get("auth:check").codes == ["INVALID_TOKEN"]
    assert stranger.with_token(sign_in(stranger, "twice", NEW)).get("auth:check").status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"oldPassword": "wrong"}, 401),
        ({"confirmPassword": "x"}, 400),
        ({"newPassword": "x", "confirmPassword": "x"}, 400),
        ({"oldPassword": 1}, 400),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(root: Client, stranger: Client, change: Json, status: int) -> None:
    user = make_user(root, stranger, f"steady{len(root.get('users:list', pageSize=200).data)}", ["member"])
    assert user.post("auth:changePassword", CHANGE | change).status == status
    assert user.get("auth:check").status == 200


def test_without_a_token_there_is_neither_password_nor_profile(stranger: Client) -> None:
    for path in ("auth:changePassword", "users:updateProfile", "apiKeys:list"):
        assert stranger.post(path, CHANGE).codes == ["EMPTY_TOKEN"]


def test_users_change_their_own_profile_without_managing_users(root: Client, stranger: Client) -> None:
    user = make_user(root, stranger, "profiled", ["member"])
    assert user.post("users:updateProfile", {"nickname": "Pro", "phone": "5"}).data["nickname"] == "Pro"
    assert user.get("auth:check").data["phone"] == "5"
    refused = user.post("users:updateProfile", {"roles": ["root"]})
    assert (refused.status, refused.errors[0]["path"]) == (400, "roles")


def test_a_browser_may_read_the_new_token(root: Client) -> None:
    answer = root.using(Origin="http://example.com").get("auth:check")
    assert "x-new-token" in answer.headers["access-control-expose-headers"]


def test_an_unknown_authenticator_changes_nothing(root: Client) -> None:
    assert root.using(X_Authenticator="nosuch").get("auth:check").status == 200


def test_the_anonymous_role_opens_nothing(root: Client, stranger: Client) -> None:
    assert stranger.using(X_Role="anonymous").get("auth:check").status == 401
    assert root.using(X_Role="anonymous").get("auth:check").codes == ["ROLE_NOT_FOUND_FOR_USER"]
