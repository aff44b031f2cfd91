"""The first user, made once; a way back in for who is locked out; and no password anywhere but in the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.entrypoints import direct
from chalicelib.errors import Invalid, TooManyAttempts, Unauthenticated
from chalicelib.services.call import Call
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, lost, unheard

Json = Any
EVENTS = Path(__file__).resolve().parents[3] / "infra/events"
FAR_MS = NOW_MS + 60_000
EMAIL, GIVEN = "root@example.com", "secret password"


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Session:
    made = Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS))
    monkeypatch.setattr(direct, "product", lambda: made.product)
    return made


@pytest.fixture
def house(empty: Session) -> Session:
    return empty.install()


NO_ADDRESSES = (
    "@",
    "a@",
    "@b",
    "a@b@c",
    "a b@c.d",
    " you@example.com",
    "you@example.com\n",
    "you@example..com",
    "x" * 300 + "@b.c",
    "a\x00@b",
)


def admin(event: Json) -> Json:
    return direct.admin(event, FAR_MS, "request-1")


def errors(answer: Json) -> list[tuple[str, str]]:
    return [(one.get("path", ""), one["code"]) for one in answer["body"]["errors"]]


def sign_in(session: Session, password: str, account: str = EMAIL) -> Json:
    return session.product.answer(Call("auth", "signIn", body={"account": account, "password": password})).data


def event(name: str) -> Json:
    return json.loads((EVENTS / f"admin-{name}.json").read_text())


def test_the_first_user_is_made_once_with_a_password_that_is_told_once(empty: Session) -> None:
    made = admin(event("install"))
    password = made["body"]["data"].pop("password")
    assert made == {"statusCode": 200, "body": {"data": {"user": EMAIL}}}
    assert len(password) >= 20
    assert sign_in(empty, password)["user"]["email"] == EMAIL
    again = admin(event("install"))
    assert (again["statusCode"], errors(again)) == (409, [("", "ALREADY_INSTALLED")])
    assert password not in json.dumps(again)
    assert sign_in(empty, password)["token"]


def test_a_password_that_was_given_is_not_told(empty: Session) -> None:
    made = admin({"install": {"email": EMAIL, "password": GIVEN}})
    assert (made["statusCode"], GIVEN in json.dumps(made)) == (200, False)
    assert sign_in(empty, GIVEN)["token"]


def test_an_installation_that_was_not_heard_is_not_done_twice(empty: Session) -> None:
    assert isinstance(empty.store, WatchedStore)
    empty.store.sendings.append(unheard)
    assert admin({"install": {"email": EMAIL, "password": GIVEN}})["statusCode"] == 200
    assert sign_in(empty, GIVEN)["token"]


@pytest.mark.parametrize("who", [EMAIL, "root", "1"])
def test_a_new_password_ends_sessions_and_the_rest_after_failures(house: Session, who: str) -> None:
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            sign_in(house, "wrong")
    with pytest.raises(TooManyAttempts):
        sign_in(house, GIVEN)
    reset = admin({"resetPassword": {"user": who}})
    password = reset["body"]["data"]["password"]
    assert (reset["statusCode"], reset["body"]["data"]["user"]["email"], reset["body"]["data"]["blocked"]) == (200, EMAIL, False)
    house.clock.sleep(2)
    assert sign_in(house, password)["token"]
    with pytest.raises(Unauthenticated):
        house.call("users:list")
    with pytest.raises(Unauthenticated):
        sign_in(house, GIVEN)
    assert not {"password", "tokensValidFrom"} & set(reset["body"]["data"]["user"])


def test_who_was_blocked_or_typed_wrong_too_often_may_sign_in_again(house: Session) -> None:
    ada = house.call("users:create", None, {"username": "ada", "email": "ada@example.com", "password": GIVEN})["id"]
    house.call("users:update", ada, {"blocked": True})
    assert admin({"resetPassword": {"user": "ada", "password": GIVEN}})["body"]["data"]["blocked"] is True
    for account in ("ada", "ada@example.com") * 10:
        with pytest.raises(Unauthenticated):
            sign_in(house, "wrong", account)
    answer = admin({"unblockSignIn": {"user": "ada"}})
    assert (answer["statusCode"], answer["body"]["data"]["user"]["username"]) == (200, "ada")
    for account in ("ada", "ada@example.com"):
        assert sign_in(house, GIVEN, account)["token"]


def test_what_is_done_needs_no_query(empty: Session) -> None:
    """The function's role has no right to one."""
    assert isinstance(empty.store, WatchedStore)
    for name in ("install", "reset-password", "unblock-sign-in"):
        assert admin(event(name))["statusCode"] == 200
    assert empty.store.queries == []


@pytest.mark.parametrize("name", ["resetPassword", "unblockSignIn"])
@pytest.mark.parametrize("who", [1, "1", "root", EMAIL])
def test_a_user_is_named_by_an_id_too(house: Session, name: str, who: Json) -> None:
    answer = admin({name: {"user": who}})
    assert (answer["statusCode"], answer["body"]["data"]["user"]["id"]) == (200, 1)


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_the_rule_for_an_address_is_that_of_every_user(house: Session, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        house.call("users:create", None, {"email": email, "username": "ada", "password": GIVEN})
    assert [problem.path for problem in caught.value.problems()] == ["email"]
    for good in ("ada@localhost", "Åsa+x@exämple.org"):
        assert house.call("users:create", None, {"email": good, "password": GIVEN})["email"] == good


@pytest.mark.parametrize("name", ["reset-password", "unblock-sign-in"])
def test_the_events_to_paste_help_the_first_user(house: Session, name: str) -> None:
    assert admin(event(name))["statusCode"] == 200


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, [("", "INVALID")]),
        ({}, [("", "INVALID")]),
        ({"instal": {}}, [("", "INVALID")]),
        ({"install": {"email": EMAIL}, "resetPassword": {"user": "x"}}, [("", "INVALID")]),
        ({"install": EMAIL}, [("install", "INVALID")]),
        ({"install": {}}, [("install.email", "INVALID")]),
        ({"install": {"email": 5, "pasword": "x"}}, [("install.pasword", "INVALID"), ("install.email", "INVALID")]),
        ({"install": {"email": "nobody"}}, [("install.email", "INVALID")]),
        *[({"install": {"email": no}}, [("install.email", "INVALID")]) for no in NO_ADDRESSES],
        ({"install": {"email": "a\ud800@example.com"}}, [("install.email", "INVALID_JSON")]),
        ({"resetPassword": {"user": "\ud800"}}, [("resetPassword.user", "INVALID_JSON")]),
        ({"resetPassword": {"user": "0" * 5_000}}, [("", "USER_NOT_FOUND")]),
        ({"resetPassword": {"user": 0}}, [("resetPassword.user", "INVALID")]),
        ({"resetPassword": {"user": True}}, [("resetPassword.user", "INVALID")]),
        ({"resetPassword": {"user": 7}}, [("", "USER_NOT_FOUND")]),
        ({"install": {"email": EMAIL, "password": ""}}, [("install.password", "INVALID")]),
        ({"install": {"email": EMAIL, "password": "short"}}, [("password", "INVALID")]),
        ({"resetPassword": {"user": "nobody"}}, [("", "USER_NOT_FOUND")]),
        ({"resetPassword": {"user": "1", "password": "short"}}, [("password", "INVALID")]),
        ({"unblockSignIn": {"user": "1", "password": GIVEN}}, [("unblockSignIn.password", "INVALID")]),
    ],
)
def test_a_wrong_event_is_told_what_would_be_right(empty: Session, asked: Json, expected: Json) -> None:
    answer = admin(asked)
    assert errors(answer) == expected
    assert 400 <= answer["statusCode"] < 500


def test_no_password_is_in_any_log_or_refusal(empty: Session, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(empty.store, WatchedStore)
    caplog.set_level("DEBUG")
    canary = "canary-4711-canary"
    said = [admin({"install": {"email": EMAIL, "password": canary}}), admin({"install": {"email": EMAIL, "password": canary}})]
    said += [admin({"install": {"email": "x", "password": canary}}), admin({"resetPassword": {"user": "nobody", "password": canary}})]
    empty.store.sendings.extend([lost] * 10)
    said.append(admin({"resetPassword": {"user": "1", "password": canary}}))
    assert [one["statusCode"] for one in said] == [200, 409, 400, 404, 503]
    assert canary not in json.dumps(said) + caplog.text


def test_what_fails_for_a_bug_of_ours_does_not_tell_the_password(
    house: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-4711-canary"
    monkeypatch.setattr(type(house.backend.passwords), "hash", lambda self, password: {}[password])
    assert admin({"resetPassword": {"user": "1", "password": canary}})["statusCode"] == 500
    assert "KeyError" in caplog.text
    assert canary not in caplog.text
