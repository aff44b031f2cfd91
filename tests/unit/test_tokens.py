"""Tokens: what is issued verifies, and nothing else does. The forgeries are signed here by hand, not by the library under test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.tokens import CLOCK_SKEW_S, REFUSED, Claims, TokenSigner
from chalicelib.errors import Unauthenticated

NOW = 1_795_226_685
SECRET = "correct horse battery staple 0123456789"
OTHER = "another secret of the right length 98765"
SIGNER = TokenSigner(SECRET)
HEADER = {"alg": "HS256", "typ": "JWT", "kid": "1"}
PAYLOAD = {"sub": "42", "jti": "s-1", "iat": NOW, "exp": NOW + 3600, "iss": "stepbase", "aud": "stepbase", "kind": "session"}


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(header: Any = HEADER, payload: Any = PAYLOAD, secret: str = SECRET, digest: str = "sha256") -> str:
    signed = f"{part(header)}.{part(payload)}"
    return f"{signed}.{part(hmac.new(secret.encode(), signed.encode(), digest).digest())}"


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in PAYLOAD.items() if name != member}


def test_what_is_issued_verifies() -> None:
    token = SIGNER.issue(42, "s-1", NOW, 24)
    assert SIGNER.verify(token, NOW + 60) == Claims(42, "s-1", NOW, NOW + 86_400, "session", None)


def test_an_api_key_carries_its_role() -> None:
    token = SIGNER.issue(0, "key_7", NOW, 0.5, role="submitter", kind="apiKey")
    assert SIGNER.verify(token, NOW) == Claims(0, "key_7", NOW, NOW + 1800, "apiKey", "submitter")


def test_a_token_is_the_standard_kind() -> None:
    token = SIGNER.issue(42, "s-1", NOW, 1)
    assert jwt.get_unverified_header(token) == HEADER
    assert jwt.decode(token, options={"verify_signature": False}) == PAYLOAD


def test_a_token_signed_by_hand_in_the_same_way_verifies() -> None:
    assert SIGNER.verify(forged(), NOW).user_id == 42


def test_a_token_ends_on_the_second() -> None:
    token = SIGNER.issue(42, "s-1", NOW, 1 / 3600)
    assert SIGNER.verify(token, NOW).expires_at == NOW + 1
    with pytest.raises(Unauthenticated):
        SIGNER.verify(token, NOW + 1)


def test_clocks_may_differ_a_little() -> None:
    token = SIGNER.issue(42, "s-1", NOW, 1)
    assert SIGNER.verify(token, NOW - CLOCK_SKEW_S)
    with pytest.raises(Unauthenticated):
        SIGNER.verify(token, NOW - CLOCK_SKEW_S - 1)


def test_an_old_secret_verifies_until_it_is_taken_away() -> None:
    old, both, new = TokenSigner({"a": SECRET}), TokenSigner({"b": OTHER, "a": SECRET}), TokenSigner({"b": OTHER})
    token = old.issue(42, "s-1", NOW, 1)
    assert both.verify(token, NOW).user_id == 42
    assert new.verify(both.issue(7, "s-2", NOW, 1), NOW).user_id == 7
    with pytest.raises(Unauthenticated):
        new.verify(token, NOW)


@pytest.mark.parametrize("secret", ["", "short", "x" * 31, "x" * 64, {}, {"1": SECRET, "2": ""}])
def test_a_secret_that_can_be_guessed_is_refused(secret: Any) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        TokenSigner(secret)


HEADERS: dict[str, Any] = {
    "alg none": HEADER | {"alg": "none"},
    "alg None": HEADER | {"alg": "None"},
    "alg empty": HEADER | {"alg": ""},
    "alg null": HEADER | {"alg": None},
    "alg missing": {"typ": "JWT", "kid": "1"},
    "alg HS384": HEADER | {"alg": "HS384"},
    "alg HS512": HEADER | {"alg": "HS512"},
    "alg RS256": HEADER | {"alg": "RS256"},
    "alg ES256": HEADER | {"alg": "ES256"},
    "alg EdDSA": HEADER | {"alg": "EdDSA"},
    "alg in lower case": HEADER | {"alg": "hs256"},
    "alg a list": HEADER | {"alg": ["HS256"]},
    "kid missing": {"alg": "HS256", "typ": "JWT"},
    "kid unknown": HEADER | {"kid": "2"},
    "kid null": HEADER | {"kid": None},
    "kid a number": HEADER | {"kid": 1},
    "kid a list": HEADER | {"kid": ["1"]},
    "kid a path": HEADER | {"kid": "../../dev/null"},
    "crit": HEADER | {"crit": ["exp"], "exp": 1},
    "crit empty": HEADER | {"crit": []},
    "b64": HEADER | {"crit": ["b64"], "b64": False},
    "b64 without crit": HEADER | {"b64": True},
    "jku": HEADER | {"jku": "https://example.com/keys"},
    "jwk": HEADER | {"jwk": {"kty": "oct", "k": part(OTHER.encode())}},
    "x5u": HEADER | {"x5u": "https://example.com/cert"},
    "x5c": HEADER | {"x5c": ["MIIB"]},
    "zip": HEADER | {"zip": "DEF"},
    "cty": HEADER | {"cty": "JWT"},
    "typ of another kind": HEADER | {"typ": "at+jwt"},
    "no object": ["HS256"],
    "text": "HS256",
    "null": None,
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "nested too deep": b"[" * 2900,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_not_ours_is_refused(header: Any) -> None:
    refuse(forged(header))


PAYLOADS: dict[str, Any] = {
    **{f"{name} missing": without(name) for name in PAYLOAD},
    **{f"{name} null": PAYLOAD | {name: None} for name in PAYLOAD},
    "sub a number": PAYLOAD | {"sub": 42},
    "sub a list": PAYLOAD | {"sub": ["42"]},
    "sub no id": PAYLOAD | {"sub": "root"},
    "sub empty": PAYLOAD | {"sub": ""},
    "sub negative": PAYLOAD | {"sub": "-1"},
    "sub with zeros": PAYLOAD | {"sub": "042"},
    "sub with a line end": PAYLOAD | {"sub": "42\n"},
    "sub in other digits": PAYLOAD | {"sub": "٤٢"},
    "sub too large": PAYLOAD | {"sub": str(2**53)},
    "jti a number": PAYLOAD | {"jti": 1},
    "jti empty": PAYLOAD | {"jti": ""},
    "jti with a separator": PAYLOAD | {"jti": "a#b"},
    "jti too long": PAYLOAD | {"jti": "a" * 129},
    "iss of another": PAYLOAD | {"iss": "nocobase"},
    "iss a list": PAYLOAD | {"iss": ["stepbase"]},
    "aud of another": PAYLOAD | {"aud": "other"},
    "aud a list": PAYLOAD | {"aud": ["stepbase", "other"]},
    "exp over": PAYLOAD | {"exp": NOW},
    "exp long over": PAYLOAD | {"exp": 0},
    "exp text": PAYLOAD | {"exp": str(NOW + 3600)},
    "exp a fraction": PAYLOAD | {"exp": NOW + 3600.5},
    "exp true": PAYLOAD | {"exp": True},
    "exp infinite": PAYLOAD | {"exp": float("inf")},
    "iat to come": PAYLOAD | {"iat": NOW + 3600},
    "iat text": PAYLOAD | {"iat": str(NOW)},
    "nbf to come": PAYLOAD | {"nbf": NOW + 3600},
    "nbf text": PAYLOAD | {"nbf": "0"},
    "kind unknown": PAYLOAD | {"kind": "refresh"},
    "kind a list": PAYLOAD | {"kind": ["session"]},
    "role a list": PAYLOAD | {"role": ["root"]},
    "role empty": PAYLOAD | {"role": ""},
    "no object": [PAYLOAD],
    "text": "42",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "nested too deep": b'{"a":' * 580,
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_that_is_not_ours_is_refused_though_the_signature_holds(payload: Any) -> None:
    refuse(forged(payload=payload))


GOOD = forged()
HEAD, BODY, SIGNATURE = GOOD.split(".")
TEXTS: dict[str, Any] = {
    "empty": "",
    "no token": "abc",
    "dots": "..",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.x",
    "five parts": f"{GOOD}.x.y",
    "signature cut off": f"{HEAD}.{BODY}.",
    "signature of another secret": forged(secret=OTHER),
    "signature of an empty secret": forged(secret=""),
    "signature by sha512": forged(digest="sha512"),
    "signature by sha512, said so": forged(HEADER | {"alg": "HS512"}, digest="sha512"),
    "signature of a plain hash": f"{HEAD}.{BODY}.{part(hashlib.sha256(f'{HEAD}.{BODY}'.encode()).digest())}",
    "signature changed": f"{HEAD}.{BODY}.{'A' if SIGNATURE[0] != 'A' else 'B'}{SIGNATURE[1:]}",
    "signature shortened": f"{HEAD}.{BODY}.{SIGNATURE[:-4]}",
    "payload changed": f"{HEAD}.{part(PAYLOAD | {'sub': '1'})}.{SIGNATURE}",
    "header changed": f"{part(HEADER | {'alg': 'none'})}.{BODY}.{SIGNATURE}",
    "none without a signature": f"{part(HEADER | {'alg': 'none'})}.{BODY}.",
    "blank before": f" {GOOD}",
    "line end after": f"{GOOD}\n",
    "null inside": GOOD.replace(".", ".\0", 1),
    "other alphabet": GOOD.replace(".", "+/.", 1),
    "no ASCII": f"{GOOD}é",
    "half a surrogate pair": f"{GOOD}\ud800",
    "too long": forged(payload=PAYLOAD | {"x": "x" * 4096}),
    "as JSON": json.dumps({"payload": BODY, "protected": HEAD, "signature": SIGNATURE}),
    "bytes": GOOD.encode(),
    "null": None,
    "a number": 1,
}


@pytest.mark.parametrize("token", TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_no_token_of_ours_is_refused(token: Any) -> None:
    refuse(token)


@settings(max_examples=60, deadline=None)
@given(st.text() | st.lists(st.binary(max_size=30).map(part), min_size=3, max_size=3).map(".".join))
def test_no_text_at_all_breaks_the_verifier(token: str) -> None:
    refuse(token)


def refuse(token: Any) -> None:
    with pytest.raises(Unauthenticated) as caught:
        SIGNER.verify(token, NOW)
    assert (caught.value.code, caught.value.message) == ("INVALID_TOKEN", REFUSED)
    assert REFUSED == "Your session has expired. Please sign in again."


def test_a_session_says_when_it_began_once_its_token_is_not_the_first() -> None:
    later = NOW + 90_000
    claims = SIGNER.verify(SIGNER.issue(42, "s-1", later, 24, began_at=NOW), later)
    assert (claims.session_start, claims.issued_at, claims.session_id) == (NOW, later, "s-1")


def test_a_token_that_is_over_is_shown_only_to_who_asks_for_it_and_only_a_session() -> None:
    session, key = SIGNER.issue(42, "s-1", NOW, 1), SIGNER.issue(42, "7", NOW, 1, role="member", kind="apiKey")
    assert SIGNER.verify(session, NOW + 3600, ended_too=True).user_id == 42
    for token in (key, forged(secret=OTHER), forged(payload=PAYLOAD | {"iat": NOW + 7200, "exp": NOW})):
        with pytest.raises(Unauthenticated):
            SIGNER.verify(token, NOW + 3600, ended_too=True)


@pytest.mark.parametrize("began", [NOW + 1, str(NOW), True, NOW - 0.5], ids=["later than the token", "text", "true", "a fraction"])
def test_a_session_start_that_is_none_is_refused(began: Any) -> None:
    refuse(forged(payload=PAYLOAD | {"auth_time": began}))


@pytest.mark.parametrize(("token", "over"), [(GOOD, False), (forged(payload=PAYLOAD | {"exp": NOW}), True), ("x.y.z", False), ("", False)])
def test_whether_a_token_seems_over_is_read_without_trust(token: str, over: bool) -> None:
    assert SIGNER.seems_over(token, NOW) is over
