"""Tokens of another issuer: good ones count, and no forgery does. Keys are made here; nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.adapters.jwks import JwksUnreadable, OutsideVerifier, Verifiers, key_source
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.config import ConfigurationError, read_settings
from chalicelib.errors import Unauthenticated, Unavailable

NOW = 1_795_226_685
ISSUER, AUDIENCE = "https://issuer.example/pool", "client-1"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC_KEY, EC_384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
HEADER = {"alg": "RS256", "typ": "JWT", "kid": "r"}
PAYLOAD = {
    "sub": "abc",
    "iss": ISSUER,
    "aud": AUDIENCE,
    "iat": NOW,
    "exp": NOW + 3600,
    "email": "root@example.com",
    "email_verified": True,
}


def public_jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid} | more


SECRET_TEXT = "a shared secret that somebody put into the set"
SET = {
    "keys": [
        public_jwk(RSA_KEY, "r", use="sig", alg="RS256"),
        public_jwk(EC_KEY, "e", use="sig", alg="ES256"),
        public_jwk(WEAK, "weak"),
        public_jwk(EC_384, "wide"),
        public_jwk(STRANGER, "for encryption", use="enc"),
        public_jwk(STRANGER, "for PS256", alg="PS256"),
        {"kty": "oct", "kid": "o", "k": base64.urlsafe_b64encode(SECRET_TEXT.encode()).decode()},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": 3},
        {"kty": "RSA"},
        "nonsense",
    ]
}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


def signed(header: Any = HEADER, payload: Any = PAYLOAD, key: Any = RSA_KEY, algorithm: str = "RS256") -> str:
    """Signed by hand, so that the header may say anything."""
    text = f"{part(header)}.{part(payload)}".encode()
    signature = (RSAAlgorithm(RSAAlgorithm.SHA256) if algorithm == "RS256" else ECAlgorithm(ECAlgorithm.SHA256)).sign(text, key)
    return f"{text.decode()}.{part(signature)}"


def with_hmac(secret: bytes, header: dict[str, Any]) -> str:
    text = f"{part(header)}.{part(PAYLOAD)}"
    return f"{text}.{part(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


class Source:
    """Counts how often the set is read; ``answer`` may be changed, an exception is raised."""

    def __init__(self, answer: Any = SET) -> None:
        self.answer, self.reads = answer, 0

    def __call__(self) -> Any:
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def verifier(source: Any = None) -> OutsideVerifier:
    return OutsideVerifier(source or Source(), ISSUER, AUDIENCE, ("RS256", "ES256"))


OUTSIDE = verifier()
OWN_SECRET = "correct horse battery staple 0123456789"
BOTH = Verifiers(TokenSigner(OWN_SECRET), OUTSIDE)


def test_a_good_token_names_its_user_by_the_verified_address() -> None:
    for token in (signed(), signed({"alg": "ES256", "kid": "e"}, key=EC_KEY, algorithm="ES256"), signed(HEADER | {"x5t": "abc"})):
        claims = OUTSIDE.verify(token, NOW)
        assert (claims.account, claims.user_id, claims.kind, claims.role, claims.expires_at) == (
            "root@example.com",
            -1,
            "outside",
            None,
            NOW + 3600,
        )
        assert claims.of_user(7).user_id == 7


def test_own_tokens_and_those_of_the_issuer_are_told_apart() -> None:
    assert BOTH.verify(BOTH.issue(42, "s-1", NOW, 1), NOW).kind == "session"
    assert BOTH.verify(signed(), NOW).kind == "outside"


PEM = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
DER = RSA_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
HS = {"alg": "HS256", "typ": "JWT", "kid": "r"}
GOOD = signed()
HEAD, BODY, SIGNATURE = GOOD.split(".")
FORGED: dict[str, Any] = {
    "HS256 with the public key": with_hmac(PEM, HS),
    "HS256 with the public key without its line end": with_hmac(PEM.strip(), HS),
    "HS256 with the public key, blanks before": with_hmac(b" " + PEM, HS),
    "HS256 with the public key in DER": with_hmac(DER, HS),
    "HS256 with the set's own secret": with_hmac(SECRET_TEXT.encode(), HS | {"kid": "o"}),
    "HS256 with nothing": with_hmac(b"", HS),
    "HMAC that says RS256": with_hmac(PEM, HEADER),
    "HMAC of the set's secret that says RS256": with_hmac(SECRET_TEXT.encode(), HEADER | {"kid": "o"}),
    "none": f"{part(HEADER | {'alg': 'none'})}.{BODY}.",
    "None": f"{part(HEADER | {'alg': 'None'})}.{BODY}.",
    "no signature": f"{HEAD}.{BODY}.",
    "signature of another key": signed(key=STRANGER),
    "signature changed": f"{HEAD}.{BODY}.{'A' if SIGNATURE[0] != 'A' else 'B'}{SIGNATURE[1:]}",
    "payload changed": f"{HEAD}.{part(PAYLOAD | {'email': 'boss@example.com'})}.{SIGNATURE}",
    "kid of the other key": signed(HEADER | {"kid": "e"}),
    "algorithm of the other key": signed(HEADER | {"alg": "ES256"}),
    "kid unknown": signed(HEADER | {"kid": "x"}, key=STRANGER),
    "kid missing": signed({"alg": "RS256"}),
    "kid empty": signed(HEADER | {"kid": ""}),
    "kid a path": signed(HEADER | {"kid": "../r"}),
    "kid a list": signed(HEADER | {"kid": ["r"]}),
    "weak key": signed(HEADER | {"kid": "weak"}, key=WEAK),
    "curve of another size": signed({"alg": "ES256", "kid": "wide"}, key=EC_384, algorithm="ES256"),
    "key for encryption": signed(HEADER | {"kid": "for encryption"}, key=STRANGER),
    "key for another algorithm": signed(HEADER | {"kid": "for PS256"}, key=STRANGER),
    "broken key": signed(HEADER | {"kid": "broken"}),
    "RS384": signed(HEADER | {"alg": "RS384"}),
    "RS512": signed(HEADER | {"alg": "RS512"}),
    "PS256": signed(HEADER | {"alg": "PS256"}),
    "alg a list": signed(HEADER | {"alg": ["RS256"]}),
    "crit": signed(HEADER | {"crit": ["exp"]}),
    "b64": signed(HEADER | {"crit": ["b64"], "b64": False}),
    "jku": signed(HEADER | {"jku": "https://evil.example/keys"}, key=STRANGER),
    "jwk": signed(HEADER | {"jwk": public_jwk(STRANGER, "r")}, key=STRANGER),
    "x5u": signed(HEADER | {"x5u": "https://evil.example/cert"}),
    "x5c": signed(HEADER | {"x5c": ["MIIB"]}),
    "typ of another kind": signed(HEADER | {"typ": "at+jwt"}),
    "issuer of another": signed(payload=PAYLOAD | {"iss": "https://evil.example"}),
    "issuer with a slash": signed(payload=PAYLOAD | {"iss": ISSUER + "/"}),
    "our own issuer": signed(payload=PAYLOAD | {"iss": "stepbase", "aud": "stepbase"}),
    "audience of another": signed(payload=PAYLOAD | {"aud": "client-2"}),
    "audience among others": signed(payload=PAYLOAD | {"aud": [AUDIENCE, "client-2"]}),
    "exp over": signed(payload=PAYLOAD | {"exp": NOW}),
    "exp text": signed(payload=PAYLOAD | {"exp": str(NOW + 60)}),
    "iat to come": signed(payload=PAYLOAD | {"iat": NOW + 3600}),
    "nbf to come": signed(payload=PAYLOAD | {"nbf": NOW + 3600}),
    **{f"{name} missing": signed(payload={k: v for k, v in PAYLOAD.items() if k != name}) for name in PAYLOAD},
    "address not verified": signed(payload=PAYLOAD | {"email_verified": False}),
    "address verified in words": signed(payload=PAYLOAD | {"email_verified": "true"}),
    "address a list": signed(payload=PAYLOAD | {"email": ["root@example.com"]}),
    "no address": signed(payload=PAYLOAD | {"email": "root"}),
    "too long": signed(payload=PAYLOAD | {"x": "x" * 5000}),
    "empty": "",
    "dots": "..",
    "no text": None,
    "no object": signed(["RS256"]),
    "no JSON": signed(b"{"),
    "payload no object": signed(payload=[PAYLOAD]),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("which", [OUTSIDE, BOTH], ids=["alone", "beside our own"])
def test_a_forgery_is_refused(which: Any, token: Any) -> None:
    with pytest.raises(Unauthenticated) as refused:
        which.verify(token, NOW)
    assert refused.value.code == "INVALID_TOKEN"


def test_a_session_of_ours_is_no_token_of_the_issuer_nor_the_other_way_round() -> None:
    with pytest.raises(Unauthenticated):
        OUTSIDE.verify(TokenSigner(OWN_SECRET).issue(1, "s", NOW, 1), NOW)
    with pytest.raises(Unauthenticated):
        TokenSigner(OWN_SECRET).verify(signed(), NOW)


def test_keys_are_kept_for_five_minutes() -> None:
    source = Source()
    outside = verifier(source)
    token = signed(payload=PAYLOAD | {"exp": NOW + 9_999})
    for after in (0, 10, 299):
        outside.verify(token, NOW + after)
    assert source.reads == 1
    outside.verify(token, NOW + 300)
    assert source.reads == 2


def test_an_unknown_key_has_the_set_read_again_at_most_once_a_minute() -> None:
    source = Source({"keys": []})
    outside = verifier(source)
    for after in (0, 1, 59):
        with pytest.raises(Unauthenticated):
            outside.verify(signed(), NOW + after)
    assert source.reads == 1
    source.answer = SET
    assert outside.verify(signed(), NOW + 60).account
    assert source.reads == 2


def test_a_silent_issuer_is_a_503_until_there_are_keys_and_then_no_harm_for_an_hour() -> None:
    source = Source(JwksUnreadable("no answer"))
    outside = verifier(source)
    token = signed(payload=PAYLOAD | {"exp": NOW + 99_999})
    with pytest.raises(Unavailable):
        outside.verify(token, NOW)
    source.answer = SET
    assert outside.verify(token, NOW + 5).account
    source.answer = JwksUnreadable("no answer")
    assert outside.verify(token, NOW + 3_000).account
    with pytest.raises(Unavailable):
        outside.verify(token, NOW + 5 + 3_601)


def test_a_key_taken_out_of_the_set_is_worth_nothing_once_the_set_is_read_again() -> None:
    source = Source()
    outside = verifier(source)
    assert outside.verify(signed(), NOW).account
    source.answer = {"keys": []}
    with pytest.raises(Unauthenticated):
        outside.verify(signed(), NOW + 300)


@pytest.mark.parametrize("answer", [{}, [], "x", None, {"keys": {}}, {"keys": [{"kid": "r", "kty": "RSA"}]}])
def test_a_set_that_is_none_holds_no_key(answer: Any) -> None:
    source = Source(answer)
    with pytest.raises(Unauthenticated):
        verifier(source).verify(signed(), NOW)


@pytest.mark.parametrize("algorithms", [[], ["none"], ["HS256"], ["RS256", "HS256"], ["PS256"]])
def test_only_signatures_by_key_pairs_can_be_set(algorithms: list[str]) -> None:
    with pytest.raises(ValueError, match="algorithms"):
        OutsideVerifier(Source(), ISSUER, AUDIENCE, algorithms)


def test_a_set_may_be_given_as_text() -> None:
    outside = OutsideVerifier(key_source(None, json.dumps(SET)), ISSUER, AUDIENCE)
    assert outside.verify(signed(), NOW).account == "root@example.com"
    with pytest.raises(Unavailable):
        OutsideVerifier(key_source(None, "no JSON"), ISSUER, AUDIENCE).verify(signed(), NOW)


BASE = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1", "STEPBASE_SECRET": OWN_SECRET}
GIVEN = {"JWKS_URL": "https://issuer.example/keys", "JWKS_ISSUER": ISSUER, "JWKS_AUDIENCE": AUDIENCE}


def test_settings_name_the_issuer_as_a_whole_or_not_at_all() -> None:
    assert read_settings(BASE).outside is None
    outside = read_settings(BASE | GIVEN).outside
    assert outside
    assert (outside.issuer, outside.audience, outside.algorithms) == (ISSUER, AUDIENCE, ("RS256",))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"JWKS_URL": "http://issuer.example/keys"}, "JWKS_URL"),
        ({"JWKS_URL": ""}, "JWKS_ISSUER"),
        ({"JWKS_ISSUER": ""}, "JWKS_ISSUER"),
        ({"JWKS_AUDIENCE": ""}, "JWKS_AUDIENCE"),
        ({"JWKS_ALGORITHMS": "HS256"}, "JWKS_ALGORITHMS"),
        ({"JWKS_ALGORITHMS": "RS256,none"}, "JWKS_ALGORITHMS"),
    ],
)
def test_half_a_setting_is_refused_by_name(wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_settings(BASE | GIVEN | wrong)


def test_the_library_agrees_on_a_good_token() -> None:
    assert jwt.decode(GOOD, RSA_KEY.public_key(), ["RS256"], {"verify_exp": False, "verify_iat": False}, audience=AUDIENCE)["sub"] == "abc"
