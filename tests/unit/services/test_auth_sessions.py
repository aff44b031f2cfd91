"""Sessions: renewed without a trace in the database, ended by sign-out, a new password, a block; and the first user made once.

https://docs.nocobase.com/security/token-policy
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.jwks import OutsideVerifier, Verifiers
from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.errors import Forbidden, Invalid, Unauthenticated
from chalicelib.services import installation
from chalicelib.services.call import Answer, Call
from chalicelib.services.product import Product
from tests.sessions import NOW_MS, SECRET, Session
from tests.stores import WatchedStore, after
from tests.unit.test_jwks import AUDIENCE, ISSUER, PAYLOAD, Source, signed

Json = Any
DAY = 86_400
PASSWORD, NEW_PASSWORD = "a password 9", "another password 8"


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore())
    installation.install(session.backend, "root@example.com", "secret password")
    session.answer("users:create", None, {"username": "ann", "nickname": "Ann", "password": PASSWORD, "roles": ["member"]})
    return session


def sign_in(session: Session, account: str = "ann", password: str = PASSWORD) -> str:
    token: str = session.product.answer(Call("auth", "signIn", body={"account": account, "password": password})).data["token"]
    return token


def ask(session: Session, token: str | None, name: str = "auth:check", body: Json = None, role: str | None = None) -> Answer:
    resource, action = name.split(":")
    return session.product.answer(Call(resource, action, body=body, token=token, role=role))


def refusal(session: Session, token: str | None, name: str = "auth:check", body: Json = None, role: str | None = None) -> str:
    with pytest.raises(Unauthenticated) as refused:
        ask(session, token, name, body, role)
    return refused.value.code


def wait(session: Session, seconds: float) -> None:
    session.clock.sleep(seconds)


def test_a_token_in_its_time_is_not_renewed(root: Session) -> None:
    token = sign_in(root)
    wait(root, DAY - 1)
    assert "x-new-token" not in ask(root, token).headers


def test_a_token_that_is_over_for_less_than_a_day_still_counts_and_brings_a_new_one(root: Session) -> None:
    token = sign_in(root)
    wait(root, DAY + 10)
    new = ask(root, token).headers["x-new-token"]
    assert "x-new-token" not in ask(root, new).headers
    wait(root, DAY - 1)
    assert ask(root, new).data["username"] == "ann"


def test_a_token_that_is_over_for_a_day_is_the_end_of_the_session(root: Session) -> None:
    token = sign_in(root)
    wait(root, 2 * DAY)
    assert refusal(root, token) == "EXPIRED_SESSION"


def test_a_session_lasts_seven_days_however_often_it_is_renewed(root: Session) -> None:
    token = sign_in(root)
    for _ in range(4):
        wait(root, 1.5 * DAY)
        token = ask(root, token).headers["x-new-token"]
    wait(root, DAY - 1)
    assert ask(root, token)
    wait(root, 1)
    assert refusal(root, token) == "EXPIRED_SESSION"


def test_signing_out_ends_every_token_of_the_session_and_no_other(root: Session) -> None:
    old, other = sign_in(root), sign_in(root)
    wait(root, DAY + 1)
    new = ask(root, old).headers["x-new-token"]
    ask(root, new, "auth:signOut")
    assert {refusal(root, token) for token in (old, new)} == {"BLOCKED_TOKEN"}
    assert ask(root, other)


def test_what_a_signed_out_session_leaves_outlives_its_last_token(root: Session) -> None:
    token = sign_in(root)
    ask(root, token, "auth:signOut")
    session_id = root.backend.tokens.verify(token, NOW_MS // 1000).session_id
    key = installation.INSTALLED._replace(table="executions", pk=f"revoked#{session_id}", sk="revoked")
    assert root.store.batch_get([key])[key]["ttl"] > NOW_MS // 1000 + 7 * DAY


CHANGES: dict[str, Callable[[Session, str], object]] = {
    "by the user": lambda root, token: ask(root, token, "auth:changePassword", CHANGE),
    "by who manages users": lambda root, token: root.answer("users:update", 0, {"password": NEW_PASSWORD}, filterByTk=ann(root)),
    "blocked": lambda root, token: root.answer("users:update", 0, {"blocked": True}, filterByTk=ann(root)),
    "removed": lambda root, token: root.answer("users:destroy", ann(root)),
}
CHANGE = {"oldPassword": PASSWORD, "newPassword": NEW_PASSWORD, "confirmPassword": NEW_PASSWORD}


def ann(root: Session) -> int:
    identity: int = root.call("users:list", filter={"username": "ann"})[0]["id"]
    return identity


def test_a_blocked_user_is_told_so(root: Session) -> None:
    """Whoever brings a token that counted until then; one that was signed out before says that."""
    token, signed_out = sign_in(root), sign_in(root)
    ask(root, signed_out, "auth:signOut")
    CHANGES["blocked"](root, token)
    assert (refusal(root, token), refusal(root, signed_out)) == ("BLOCKED_USER", "BLOCKED_TOKEN")
    root.answer("users:update", 0, {"blocked": False}, filterByTk=ann(root))
    assert refusal(root, token) == "INVALID_TOKEN"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_token_survives_a_changed_password_a_block_or_a_removal(root: Session, change: Callable[[Session, str], object]) -> None:
    first, second = sign_in(root), sign_in(root)
    wait(root, DAY + 1)
    renewed = ask(root, first).headers["x-new-token"]
    change(root, first)
    for token in (first, second, renewed):
        assert refusal(root, token) in ("INVALID_TOKEN", "NOT_EXIST_USER", "BLOCKED_USER")
        # What needs no sign-in must not launder an old token into a new one that counts.
        laundered = ask(root, token, "app:getInfo").headers.get("x-new-token")
        assert laundered is None or refusal(root, laundered) in ("INVALID_TOKEN", "NOT_EXIST_USER", "BLOCKED_USER")


def test_the_new_password_opens_a_session_at_once(root: Session) -> None:
    ask(root, sign_in(root), "auth:changePassword", CHANGE)
    assert ask(root, sign_in(root, password=NEW_PASSWORD)).data["username"] == "ann"
    with pytest.raises(Unauthenticated):
        sign_in(root)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"oldPassword": None}, "oldPassword"),
        ({"oldPassword": ["x"]}, "oldPassword"),
        ({"newPassword": ""}, "newPassword"),
        ({"confirmPassword": "other"}, "confirmPassword"),
        ({"newPassword": "x", "confirmPassword": "x"}, "password"),
    ],
)
def test_a_change_of_password_that_is_none_is_a_400_with_its_path(root: Session, change: Json, path: str) -> None:
    token = sign_in(root)
    with pytest.raises(Invalid) as refused:
        ask(root, token, "auth:changePassword", CHANGE | change)
    assert refused.value.problems()[0].path == path
    assert ask(root, token)


def test_the_old_password_must_be_right(root: Session) -> None:
    assert refusal(root, sign_in(root), "auth:changePassword", CHANGE | {"oldPassword": "wrong"}) == "INVALID_CREDENTIALS"


def test_a_user_made_under_a_removed_users_id_is_not_opened_by_the_old_tokens(root: Session) -> None:
    identity, token = ann(root), sign_in(root)
    wait(root, 5)
    root.answer("users:destroy", identity)
    root.answer("users:create", None, {"id": identity, "username": "new", "password": PASSWORD, "roles": ["admin"]})
    assert refusal(root, token) == "INVALID_TOKEN"
    assert ask(root, sign_in(root, "new"))


def test_users_change_their_own_profile_and_nothing_else(root: Session) -> None:
    token = sign_in(root)
    changed = ask(
        root, token, "users:updateProfile", {"nickname": "Anna", "phone": "1", "appLang": "de-DE", "systemSettings": {"theme": "x"}}
    )
    assert (changed.data["nickname"], changed.data["systemSettings"]) == ("Anna", {"theme": "x"})
    assert ask(root, token).data["phone"] == "1"


@pytest.mark.parametrize(
    "name", ["roles", "password", "tokensValidFrom", "id", "blocked", "defaultRole", "email", "username", "createdById", "pk", "version"]
)
def test_a_profile_takes_no_field_that_gives_power(root: Session, name: str) -> None:
    token = sign_in(root)
    with pytest.raises(Invalid) as refused:
        ask(root, token, "users:updateProfile", {"nickname": "x", name: ["root"]})
    assert refused.value.problems()[0].path == name
    assert ask(root, token).data["nickname"] == "Ann"


@pytest.mark.parametrize("role", ["root", "admin", "anonymous", "__union__x", "Root", " root"])
def test_a_role_that_is_not_the_users_is_refused(root: Session, role: str) -> None:
    assert refusal(root, sign_in(root), role=role) == "ROLE_NOT_FOUND_FOR_USER"


@pytest.mark.parametrize("role", [None, "anonymous", "root"])
def test_without_a_token_no_role_opens_anything(root: Session, role: str | None) -> None:
    assert refusal(root, None, role=role) == "EMPTY_TOKEN"


def test_two_processes_that_install_at_once_make_one_first_user() -> None:
    store = WatchedStore(MemoryStore())
    first, second = Session(store), Session(store.inner)
    store.sendings.append(after(lambda: installation.install(second.backend, "second@example.com", "secret password")))
    assert installation.install(first.backend, "first@example.com", "secret password") is False
    assert [user["email"] for user in second.call("users:list")] == ["second@example.com"]


def outside(root: Session) -> Session:
    """The same database, with another issuer's tokens counting too."""
    verifiers = Verifiers(TokenSigner(SECRET), OutsideVerifier(Source(), ISSUER, AUDIENCE))
    session = root.process()
    session.backend = replace(session.backend, tokens=verifiers)
    session.product = Product(session.backend)
    return session


def issued(**claims: Json) -> str:
    return signed(payload=PAYLOAD | {"iat": NOW_MS // 1000, "exp": NOW_MS // 1000 + 3600} | claims)


def test_a_token_of_another_issuer_is_its_user_by_the_verified_address(root: Session) -> None:
    session = outside(root)
    assert ask(session, issued()).data["email"] == "root@example.com"
    assert ask(session, sign_in(session)).data["username"] == "ann"
    assert refusal(session, issued(email="nobody@example.com")) == "NOT_EXIST_USER"
    assert refusal(session, issued(email="ann")) == "INVALID_TOKEN"
    assert refusal(root, issued()) == "INVALID_TOKEN"


def test_signing_out_ends_a_token_of_another_issuer_too_and_none_is_renewed(root: Session) -> None:
    session = outside(root)
    one, other = issued(jti="1"), issued(jti="2")
    ask(session, one, "auth:signOut")
    assert refusal(session, one) == "BLOCKED_TOKEN"
    assert ask(session, other)
    wait(session, 3600)
    assert refusal(session, other) == "INVALID_TOKEN"


def test_a_blocked_user_comes_in_by_no_issuer(root: Session) -> None:
    root.answer("users:create", None, {"email": "bob@example.com", "password": PASSWORD, "roles": ["member"], "blocked": True})
    assert refusal(outside(root), issued(email="bob@example.com")) == "BLOCKED_USER"


def test_a_clock_is_all_that_time_comes_from(root: Session) -> None:
    assert isinstance(root.clock, FixedClock)


def test_an_api_key_neither_signs_out_nor_changes_the_password(root: Session) -> None:
    token = sign_in(root)
    key = ask(root, token, "apiKeys:create", {"name": "k", "role": "member"}).data["token"]
    for name, body in (("auth:signOut", None), ("auth:changePassword", CHANGE)):
        with pytest.raises(Forbidden):
            ask(root, key, name, body)
    assert ask(root, key)
