"""API keys: shown once, hashed, in one role, gone at once. https://docs.nocobase.com/auth-verification/api-keys"""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import RECORDS
from chalicelib.errors import AppError, Forbidden, Invalid, Unauthenticated
from chalicelib.services import installation
from chalicelib.services.call import Answer, Call
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
PASSWORD = "a password 9"


@pytest.fixture
def root() -> Session:
    session = Session(WatchedStore(MemoryStore()))
    installation.install(session.backend, "root@example.com", "secret password")
    for user, name, roles in ((2, "ann", ["member", "admin"]), (3, "bob", ["member"])):
        session.answer("users:create", None, {"id": user, "username": name, "password": PASSWORD, "roles": roles})
    return session


def ask(
    session: Session, name: str, record_id: Json = None, body: Json = None, token: str | None = None, role: str | None = None
) -> Answer:
    resource, action = name.split(":")
    identity = None if record_id is None else str(record_id)
    return session.product.answer(Call(resource, action, identity, body=body, token=token or session.token, role=role))


def make(session: Session, **values: Json) -> str:
    token: str = ask(session, "apiKeys:create", None, {"name": "ci", "role": "member"} | values).data["token"]
    return token


def refusal(session: Session, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        ask(session, "auth:check", token=token)
    return refused.value.code


def test_a_key_is_a_token_of_its_user_in_its_role_whatever_role_the_call_names(root: Session) -> None:
    ann = root.process(user_id=2)
    key = make(ann, role={"name": "member"})
    for role in (None, "admin", "nosuch"):
        checked = ask(root, "auth:check", token=key, role=role).data
        assert (checked["username"], checked["currentRole"]) == ("ann", "member")
    with pytest.raises(Forbidden):
        ask(root, "workflows:list", token=key, role="admin")


def test_the_answer_is_the_token_and_the_list_shows_keys_without_it(root: Session) -> None:
    answer = ask(root, "apiKeys:create", None, {"name": "ci", "role": {"name": "root", "title": "Root"}, "expiresIn": "30d"})
    assert set(answer.data) == {"token"}
    (listed,) = ask(root, "apiKeys:list").data
    assert (listed["name"], listed["roleName"], listed["expiresIn"]) == ("ci", "root", "30d")
    assert answer.data["token"].endswith(listed["ending"])
    assert "tokenHash" not in listed
    assert answer.data["token"] not in json.dumps(listed)


def test_the_token_is_stored_nowhere(root: Session) -> None:
    key = make(root)
    items = root.store.query(RECORDS, "apiKeys#0").items
    assert items
    assert key not in json.dumps(items)
    assert key.rpartition(".")[2] not in json.dumps(items)


def test_a_removed_key_is_worth_nothing_in_any_process_at_once(root: Session) -> None:
    key, other = make(root), root.process()
    assert ask(other, "auth:check", token=key)
    (listed,) = ask(root, "apiKeys:list").data
    assert ask(root, "apiKeys:destroy", listed["id"]).data == 1
    assert {refusal(session, key) for session in (root, other, root.process())} == {"BLOCKED_TOKEN"}


def test_a_key_ends_on_its_second(root: Session) -> None:
    key = make(root, expiresIn="1s")
    assert ask(root, "auth:check", token=key)
    root.clock.sleep(1)
    assert refusal(root, key) == "INVALID_TOKEN"


@pytest.mark.parametrize(
    ("life", "seconds"), [("1s", 1), ("90m", 5_400), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600), ("1y", 31_536_000)]
)
def test_a_key_lives_as_long_as_it_was_asked_for(root: Session, life: str, seconds: int) -> None:
    claims = root.backend.tokens.verify(make(root, expiresIn=life), NOW_MS // 1000)
    assert claims.expires_at == NOW_MS // 1000 + seconds


def test_a_key_for_ever_is_good_in_fifty_years_and_never_renewed(root: Session) -> None:
    key = make(root, expiresIn="never")
    root.clock.sleep(50 * 365 * 86_400)
    assert "x-new-token" not in ask(root, "auth:check", token=key).headers
    assert ask(root, "apiKeys:list", token=key).data[0]["expiresAt"] is None


def test_a_key_loses_the_role_with_its_user(root: Session) -> None:
    key = make(root.process(user_id=2), role="admin")
    root.answer("users/2/roles:remove", None, ["admin"])
    assert refusal(root, key) == "ROLE_NOT_FOUND_FOR_USER"


def test_a_key_ends_with_its_user(root: Session) -> None:
    key = make(root.process(user_id=3))
    root.answer("users:destroy", 3)
    assert refusal(root, key) == "NOT_EXIST_USER"
    root.answer("users:create", None, {"id": 3, "username": "bob2", "password": PASSWORD, "roles": ["member"]})
    assert refusal(root, key) == "BLOCKED_TOKEN"


def test_a_key_sleeps_while_its_user_is_blocked_and_outlives_a_new_password(root: Session) -> None:
    key = make(root.process(user_id=3))
    root.answer("users:update", 3, {"blocked": True})
    assert refusal(root, key) == "BLOCKED_USER"
    root.answer("users:update", 3, {"blocked": False, "password": "another password 8"})
    assert ask(root, "auth:check", token=key)


def test_a_token_signed_for_a_key_is_not_enough_without_the_keys_own_hash(root: Session) -> None:
    make(root)
    (listed,) = ask(root, "apiKeys:list").data
    for user, role in ((1, "root"), (1, "member"), (2, "admin")):
        forged = root.backend.tokens.issue(user, str(listed["id"]), NOW_MS // 1000, 1, role=role, kind="apiKey")
        assert refusal(root, forged) == "INVALID_TOKEN"
    nothing = root.backend.tokens.issue(1, "none", NOW_MS // 1000, 1, role="root", kind="apiKey")
    assert refusal(root, nothing) == "BLOCKED_TOKEN"


def test_nobody_sees_or_removes_the_keys_of_others_not_even_root(root: Session) -> None:
    ann, bob = root.process(user_id=2), root.process(user_id=3)
    key = make(bob, name="bob's")
    (listed,) = ask(bob, "apiKeys:list").data
    for other in (root, ann):
        answer = ask(other, "apiKeys:list")
        assert (answer.data, (answer.meta or {})["count"]) == ([], 0)
        assert ask(other, "apiKeys:destroy", listed["id"]).data == 0
    assert ask(root, "auth:check", token=key)


@pytest.mark.parametrize("name", ["apiKeys:create", "apiKeys:destroy"])
def test_a_key_makes_and_removes_no_keys(root: Session, name: str) -> None:
    key = make(root, role="root")
    with pytest.raises(Forbidden):
        ask(root, name, 1, {"name": "x", "role": "root"}, token=key)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"role": None}, "role"),
        ({"role": "nosuch"}, "role"),
        ({"role": "__union__"}, "role"),
        ({"role": {"name": ["root"]}}, "role"),
        ({"role": ["member"]}, "role"),
        ({"expiresIn": "soon"}, "expiresIn"),
        ({"expiresIn": "0d"}, "expiresIn"),
        ({"expiresIn": "-1d"}, "expiresIn"),
        ({"expiresIn": "101y"}, "expiresIn"),
        ({"expiresIn": 5}, "expiresIn"),
        ({"expiresIn": None}, "expiresIn"),
        ({"userId": 1}, "userId"),
        ({"createdById": 1}, "createdById"),
        ({"tokenHash": "x"}, "tokenHash"),
        ({"id": 7}, "id"),
    ],
)
def test_a_key_that_cannot_be_is_a_400_with_its_path_and_nothing_is_written(root: Session, values: Json, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(root, **values)
    assert [problem.path for problem in refused.value.problems()] == [path]
    assert ask(root, "apiKeys:list").data == []


def test_a_key_in_a_role_of_another_is_refused(root: Session) -> None:
    with pytest.raises(Invalid):
        make(root.process(user_id=3), role="admin")


@pytest.mark.parametrize("name", ["apiKeys:update", "apiKeys:get", "apiKeys:trigger", "apiKeys:firstOrCreate"])
def test_there_is_no_other_way_to_keys(root: Session, name: str) -> None:
    with pytest.raises(AppError) as refused:
        ask(root, name, 1, {"roleName": "root"})
    assert refused.value.code == "ACTION_NOT_FOUND"


def test_a_call_by_key_reads_as_often_as_one_by_session(root: Session) -> None:
    assert isinstance(root.store, WatchedStore)
    key, reads = make(root, role="root"), []
    root.answer("collections:create", None, {"name": "things", "fields": [{"name": "title", "type": "string"}]})
    for token in (root.token, key):
        for _ in range(2):
            before = len(root.store.reads)
            ask(root, "things:list", token=token)
            reads.append(len(root.store.reads) - before)
    assert reads[1] == reads[3]


def test_a_user_has_at_most_fifty_keys(root: Session) -> None:
    bob = root.process(user_id=3)
    for number in range(50):
        make(bob, name=f"k{number}")
    with pytest.raises(Invalid) as refused:
        make(bob)
    assert refused.value.code == "TOO_MANY_KEYS"
    assert root.call("users:destroy", 3) == 1
    assert root.store.query(RECORDS, "apiKeys#0").items == []
