"""A cursor tells nothing of where a list stopped, and nobody makes one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.sealing import seal, unseal
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.engine.cursors import behind_id
from chalicelib.errors import Invalid, Unauthenticated
from chalicelib.services.call import Answer
from tests.sessions import Session

Json = Any
KEY, OTHER = b"k" * 32, b"o" * 32
SECRETS = [f"secret-{number:02d}-{'x' * number}" for number in range(40)]


@pytest.fixture(scope="module")
def root() -> Session:
    session = Session(MemoryStore(page_size=1)).install()
    fields = [{"name": "code", "type": "string", "index": True}, {"name": "kind", "type": "string"}]
    for name in ("vault", "attic"):
        session.answer("collections:create", None, {"name": name, "fields": fields})
        for number, secret in enumerate(SECRETS):
            session.answer(f"{name}:create", None, {"id": number + 1, "code": secret, "kind": "open" if number % 30 == 0 else "shut"})
    rule = {"usingActionsConfig": True, "actions": [{"name": "view", "scope": {"kind": "open"}}]}
    session.answer("roles:create", None, {"name": "visitor", "strategy": {"actions": []}, "resources": {"vault": rule}})
    session.answer("users:create", None, {"id": 2, "username": "ann", "password": "a password 9", "roles": ["visitor"]})
    return session


def listed(session: Session, collection: str = "vault", **params: Json) -> Answer:
    return session.answer(f"{collection}:list", **params)


LISTS: dict[str, dict[str, Json]] = {
    "a window over an index": {"filter": {"code": {"$gte": "secret"}}, "sort": "kind", "pageSize": "1"},
    "in the order of an index": {"sort": "-code", "pageSize": "1"},
    "by id": {"pageSize": "1"},
    "all that is read in one go": {"filter": {"code": {"$gte": "secret"}}, "paginate": "false"},
}


@pytest.mark.parametrize("params", LISTS.values(), ids=LISTS)
def test_a_cursor_goes_on_and_says_nothing(root: Session, params: dict[str, Json]) -> None:
    visitor = root.process(user_id=2)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(30):
        answer = listed(visitor, **params, **({"cursor": cursor} if cursor else {}))
        seen += [row["code"] for row in answer.data]
        cursor = (answer.meta or {}).get("cursor")
        if cursor is None:
            break
        said = (cursor + base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")).lower()
        assert "secret" not in said
        assert "code" not in said
        assert len(cursor) in (192, 363)
    assert sorted(seen) == [SECRETS[0], SECRETS[30]]


def test_a_list_of_20_pages_does_stop_with_a_cursor(root: Session) -> None:
    """What the test above relies on: its lists stop at records that are out of view."""
    answer = listed(root.process(user_id=2), **LISTS["a window over an index"])
    assert (answer.meta or {})["cursor"]


def first_cursor(root: Session, collection: str = "vault") -> str:
    cursor: str = (listed(root, collection, filter={"kind": "shut"}, pageSize="1").meta or {})["cursor"]
    return cursor


def forged(root: Session) -> list[str]:
    real = first_cursor(root)
    changed = [real[:place] + ("A" if real[place] != "A" else "B") + real[place + 1 :] for place in (0, 10, 30, len(real) - 2)]
    plain = base64.urlsafe_b64encode(json.dumps({"a": "0000000000000003"}).encode()).decode()
    return [*changed, real[:-4], real + "AAAA", plain, behind_id("0000000000000003"), "x", "ü", "A" * 300, first_cursor(root, "attic")]


def test_a_cursor_that_this_list_did_not_give_is_refused(root: Session) -> None:
    for cursor in forged(root):
        for params in ({}, {"filter": {"id": 3}}, {"sort": "-code"}):
            with pytest.raises(Invalid) as refused:
                listed(root, cursor=cursor, **params)
            assert refused.value.problems()[0].code == "INVALID_CURSOR", cursor


def test_who_has_not_signed_in_is_told_that_first(root: Session) -> None:
    stranger = root.process()
    stranger.token = "x"
    with pytest.raises(Unauthenticated):
        listed(stranger, cursor="forged")


def test_a_new_secret_opens_what_the_old_one_sealed() -> None:
    old, new = "a secret of 32 bytes, the old one", "a secret of 32 bytes, the new one"
    sealed = TokenSigner(old).seal("about", "text")
    assert TokenSigner({"2": new, "1": old}).unseal("about", sealed) == "text"
    assert TokenSigner(new).unseal("about", sealed) is None


@pytest.mark.parametrize("text", ["", "a", "ü" * 63, "x" * 127, "x" * 128, "ends in zeros\0\0", "\x80"])
def test_what_is_sealed_is_opened_with_the_same_key_for_the_same_purpose_only(text: str) -> None:
    sealed = seal(KEY, "list", text)
    assert unseal([OTHER, KEY], "list", sealed) == text
    assert unseal([OTHER], "list", sealed) is None
    assert unseal([KEY], "other", sealed) is None


def test_the_length_of_a_short_text_is_not_told() -> None:
    assert len({len(seal(KEY, "list", "x" * length)) for length in range(127)}) == 1


@pytest.mark.parametrize("nonsense", ["", "A", "====", "%%%", "AAAA", "A" * 22, "A" * 20_000, "ü"])
def test_nonsense_opens_nothing(nonsense: str) -> None:
    assert unseal([KEY], "list", nonsense) is None
