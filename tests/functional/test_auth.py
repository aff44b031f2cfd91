"""Signing in and out, tokens, and acting in a role (https://docs.nocobase.com/auth-verification/auth)."""

from __future__ import annotations

import base64
import json

import pytest

from tests.functional.client import Client, Json
from tests.functional.conftest import EMAIL, ROOT_PASSWORD
from tests.functional.model import PASSWORD, Model, make_user, sign_in

GOOD = {"account": EMAIL, "password": ROOT_PASSWORD}


@pytest.mark.parametrize("body", [GOOD, {"email": EMAIL, "password": ROOT_PASSWORD}], ids=["account", "email"])
def test_signing_in_gives_a_token_and_the_user_without_a_secret(stranger: Client, body: Json) -> None:
    answer = stranger.post("auth:signIn", body)
    assert answer.data["user"]["email"] == EMAIL
    assert answer.data["token"].count(".") == 2
    assert b"password" not in answer.body.replace(b"passwordChangeTz", b"")


def test_signing_in_reads_json_under_any_content_type_and_a_form_too(stranger: Client) -> None:
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = stranger.send("POST", "auth:signIn", json.dumps(GOOD).encode(), {"Content-Type": kind, "X-Authenticator": "basic"})
        assert answer.status == 200, kind
    form = f"account={EMAIL.replace('@', '%40')}&password={ROOT_PASSWORD.replace(' ', '+')}".encode()
    assert stranger.send("POST", "auth:signIn", form, {"Content-Type": "application/x-www-form-urlencoded"}).status == 200


def test_signing_in_takes_a_user_name_as_the_account(stranger: Client, model: Model) -> None:
    assert stranger.post("auth:signIn", {"account": "viewer", "password": PASSWORD}).data["user"]["username"] == "viewer"


@pytest.mark.parametrize("body", [GOOD | {"password": "x"}, GOOD | {"account": "nobody@x.y"}], ids=["password", "account"])
def test_a_wrong_password_and_an_unknown_account_are_told_apart_by_nobody(stranger: Client, body: Json) -> None:
    answer = stranger.post("auth:signIn", body)
    assert (answer.status, answer.errors[0]["message"]) == (401, "The username/email or password is incorrect, please re-enter")


def test_check_answers_the_user_with_roles(root: Client) -> None:
    checked = root.get("auth:check").data
    assert checked["email"] == EMAIL
    assert "root" in [role["name"] for role in checked["roles"]]


def test_roles_check_says_what_the_role_may_do(model: Model) -> None:
    checked = model.users["submitter"].get("roles:check").data
    assert checked["role"] == "submitter"
    assert checked["strategy"]["actions"] == ["view"]
    assert {"samples:view", "samples:trigger", "samples:triggerNew"} <= set(checked["actions"])
    assert checked["allowAll"] is False


def unsigned(token: str) -> str:
    """The token's claims under a header that says it needs no signature."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "EMPTY_TOKEN"),
        ({"Cookie": "nb_auth_token_main=TOKEN"}, "EMPTY_TOKEN"),
        ({"Authorization": "Bearer "}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer nonsense"}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer a.b.c"}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer TOKENx"}, "INVALID_TOKEN"),
        ({"Authorization": "Basic cm9vdDpyb290"}, "INVALID_TOKEN"),
        ({"Authorization": "Bearer UNSIGNED"}, "INVALID_TOKEN"),
    ],
    ids=["none", "cookie alone", "empty", "nonsense", "three parts", "changed", "basic", "unsigned"],
)
@pytest.mark.parametrize("path", ["auth:check", "samples:list", "samples:trigger/1?triggerWorkflows=submit", "workflows:list"])
def test_a_missing_or_bad_token_is_a_401_with_its_code(
    stranger: Client, model: Model, root_token: str, header: dict[str, str], code: str, path: str
) -> None:
    filled = {name: text.replace("TOKEN", root_token).replace("UNSIGNED", unsigned(root_token)) for name, text in header.items()}
    answer = stranger.send("POST", path, None, filled)
    assert (answer.status, answer.codes) == (401, [code])


def test_the_word_bearer_is_optional(stranger: Client, root_token: str) -> None:
    assert stranger.using(Authorization=root_token).get("auth:check").status == 200


def test_the_token_may_come_as_a_parameter_but_a_bad_header_wins(stranger: Client, root_token: str) -> None:
    assert stranger.get("auth:check", token=root_token).data["email"] == EMAIL
    assert stranger.get("auth:check", token="nonsense").codes == ["INVALID_TOKEN"]
    assert stranger.with_token("nonsense").get("auth:check", token=root_token).codes == ["INVALID_TOKEN"]


def test_signing_out_revokes_this_token_at_once_and_no_other(stranger: Client) -> None:
    one, other = (stranger.with_token(sign_in(stranger, EMAIL, ROOT_PASSWORD)) for _ in range(2))
    answer = one.post("auth:signOut")
    assert (answer.status, answer.json) == (200, {})
    for _ in range(4):  # whichever worker is asked
        refused = one.elsewhere().get("auth:check")
        assert (refused.status, refused.codes) == (401, ["BLOCKED_TOKEN"])
    assert other.get("auth:check").status == 200


def test_a_new_password_ends_the_sessions_that_the_old_one_opened(root: Client, stranger: Client) -> None:
    user = make_user(root, stranger, "changer", ["member"])
    identity = user.get("auth:check").data["id"]
    assert root.post(f"users:update/{identity}", {"password": "another password 8"}).status == 200
    assert user.get("auth:check").status == 401
    assert stranger.post("auth:signIn", {"account": "changer", "password": PASSWORD}).status == 401
    assert stranger.with_token(sign_in(stranger, "changer", "another password 8")).get("auth:check").status == 200


def test_the_token_of_a_deleted_user_is_worth_nothing(root: Client, stranger: Client) -> None:
    user = make_user(root, stranger, "leaver", ["member"])
    root.post(f"users:destroy/{user.get('auth:check').data['id']}").ok()
    answer = user.get("auth:check")
    assert (answer.status, answer.codes) == (401, ["NOT_EXIST_USER"])


@pytest.mark.parametrize("role", ["root", "submitter", "nosuch"])
@pytest.mark.parametrize("path", ["auth:check", "samples:list", "samples:trigger/1?triggerWorkflows=submit"])
def test_a_role_that_is_not_the_users_is_a_401(model: Model, role: str, path: str) -> None:
    answer = model.users["viewer"].using(X_Role=role).post(path)
    assert (answer.status, answer.codes) == (401, ["ROLE_NOT_FOUND_FOR_USER"])


def test_root_may_not_act_in_a_role_that_does_not_exist(root: Client) -> None:
    assert root.using(X_Role="nosuch").get("auth:check").codes == ["ROLE_NOT_FOUND_FOR_USER"]


def test_a_user_with_two_roles_acts_in_the_one_that_the_call_names(model: Model) -> None:
    both, sample = model.users["both"], model.sample()
    assert both.using(X_Role="viewer").trigger(f"samples/{sample}", "echo").status == 403
    assert both.using(X_Role="submitter").trigger(f"samples/{sample}", "echo").status == 200
    assert model.last_run("echo")["context"]["roleName"] == "submitter"


def test_the_first_page_of_the_app_needs_no_token(stranger: Client) -> None:
    assert stranger.get("app:getInfo").status == 200


@pytest.mark.parametrize("path", ["samples:list", "samples:trigger/1?triggerWorkflows=submit", "workflows:trigger?triggerWorkflows=global"])
def test_another_data_source_is_a_400_that_names_it(model: Model, path: str) -> None:
    answer = model.root.using(X_Data_Source="elsewhere").post(path)
    assert answer.status == 400
    assert "elsewhere" in answer.error_text
    assert model.root.using(X_Data_Source="main").get("samples:list").status == 200


def test_a_browser_on_another_page_may_ask_first(stranger: Client) -> None:
    asked = {
        "Origin": "http://example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-role",
    }
    answer = stranger.send("OPTIONS", "samples:list", None, asked)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] in ("*", "http://example.com")
    assert "x-role" in answer.headers["access-control-allow-headers"].lower()


def test_every_answer_has_an_id_of_its_own(stranger: Client) -> None:
    first, second = (stranger.get("auth:check").headers["x-request-id"] for _ in range(2))
    assert first != second
