"""Verifies tokens of another issuer (Amazon Cognito and the like) by its published keys.

Apart from the verifier of our own tokens, so that no public key is ever taken for a secret. The algorithms come from the settings, the
keys only from the configured set, the user from an e-mail address that the issuer has verified. Keys are kept for five minutes; a key
id that is not among them has the set read again, at most once a minute. While the issuer gives no answer, the keys there are stay good
for an hour. Needs the package ``cryptography``, which is not among the product's own: ``make package JWKS=1`` adds it to the zip.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.tokens import CLOCK_SKEW_S, LONGEST_TOKEN, REFUSED, Claims, OwnKind, TokenSigner, unverified_part
from chalicelib.errors import Json, Unauthenticated, Unavailable

ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
REQUIRED = ("sub", "exp", "iat", "iss", "aud")
# What issuers put beside the algorithm and says nothing about where to take a key from.
HEADER_MEMBERS = {"alg", "typ", "kid", "x5t", "x5t#S256"}
KEEP_SECONDS, PAUSE_SECONDS, STALE_SECONDS = 300, 60, 3_600
FIRST_PAUSE_SECONDS = 5
FETCH_SECONDS = 3
MOST_BYTES = 1_000_000
LEAST_RSA_BITS = 2_048

Fetch = Callable[[], Json]


class JwksUnreadable(Exception):
    """The issuer gave no key set."""


@dataclass(frozen=True)
class _Key:
    algorithm: str
    key: Any


class KeySet:
    """The issuer's keys by id, read when first asked for. ``fetch()`` is the key set as JSON. Raises JwksUnreadable from it."""

    def __init__(self, fetch: Fetch, algorithms: Sequence[str]) -> None:
        self._fetch = fetch
        self._algorithms = algorithms
        self._keys: dict[str, _Key] = {}
        self._read_at: int | None = None
        self._tried_at: int | None = None

    def key(self, kid: str, now_s: int) -> _Key | None:
        """The key, ``None`` for an id that the issuer does not have. Raises Unavailable when there are no keys at all."""
        if self._is_due(kid, now_s):
            self._read(now_s)
        if self._read_at is None or now_s - self._read_at > STALE_SECONDS:
            raise Unavailable("the issuer of this token gives no keys; try again", data={"retryAfter": FIRST_PAUSE_SECONDS})
        return self._keys.get(kid)

    def _is_due(self, kid: str, now_s: int) -> bool:
        if self._tried_at is None:
            return True
        pause = FIRST_PAUSE_SECONDS if self._read_at is None else PAUSE_SECONDS
        is_old = self._read_at is None or now_s - self._read_at >= KEEP_SECONDS
        return (is_old or kid not in self._keys) and now_s - self._tried_at >= pause

    def _read(self, now_s: int) -> None:
        self._tried_at = now_s
        try:
            found = self._fetch()
        except JwksUnreadable:
            return
        self._keys = _usable_keys(found, self._algorithms)
        self._read_at = now_s


class OutsideVerifier:
    """Verifies; signs nothing. ``issuer`` and ``audience`` must be exactly those of the token."""

    def __init__(self, fetch: Fetch, issuer: str, audience: str, algorithms: Sequence[str] = ("RS256",)) -> None:
        """Raises ValueError for an algorithm not offered (``none``, the HMAC ones), RuntimeError without cryptography."""
        if importlib.util.find_spec("cryptography") is None:
            raise RuntimeError("tokens of another issuer (JWKS_URL) need the package cryptography: make package JWKS=1")
        if not algorithms or set(algorithms) - ALGORITHMS.keys():
            raise ValueError(f"the algorithms of outside tokens are {', '.join(ALGORITHMS)}")
        self.algorithms = tuple(algorithms)
        self._keys = KeySet(fetch, algorithms)
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str, now_s: int) -> Claims:
        """Claims with ``account`` and without a user id. Raises Unauthenticated (``INVALID_TOKEN``), and Unavailable."""
        import jwt

        try:
            key = self._key_of(token, now_s)
            options: jwt.types.Options = {
                "require": list(REQUIRED),
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            }
            payload = jwt.decode(token, key.key, algorithms=[key.algorithm], options=options, audience=self._audience, issuer=self._issuer)
            return _claims(token, payload, now_s)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthenticated(REFUSED, code="INVALID_TOKEN") from None

    def _key_of(self, token: str, now_s: int) -> _Key:
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise ValueError
        header = unverified_part(token, 0)
        kid, algorithm = header.get("kid"), header.get("alg")
        if header.keys() - HEADER_MEMBERS or algorithm not in self.algorithms or header.get("typ", "JWT") != "JWT":
            raise ValueError
        if not isinstance(kid, str) or not kid:
            raise ValueError
        key = self._keys.key(kid, now_s)
        if key is None or key.algorithm != algorithm:
            raise ValueError
        return key


class Verifiers:
    """Our own tokens and those of one other issuer; which of the two a token is, its algorithm tells, and each verifies only its own."""

    def __init__(self, own: TokenSigner, outside: OutsideVerifier) -> None:
        self._own = own
        self._outside = outside

    def issue(
        self,
        user_id: int,
        session_id: str,
        now_s: int,
        hours: float,
        *,
        role: str | None = None,
        kind: OwnKind = "session",
        began_at: int | None = None,
    ) -> str:
        return self._own.issue(user_id, session_id, now_s, hours, role=role, kind=kind, began_at=began_at)

    def verify(self, token: str, now_s: int, *, ended_too: bool = False) -> Claims:
        if unverified_part(token, 0).get("alg") in tuple(ALGORITHMS):
            return self._outside.verify(token, now_s)
        return self._own.verify(token, now_s, ended_too=ended_too)

    def seems_over(self, token: str, now_s: int) -> bool:
        return self._own.seems_over(token, now_s)

    def seal(self, about: str, text: str) -> str:
        return self._own.seal(about, text)

    def unseal(self, about: str, sealed: str) -> str | None:
        return self._own.unseal(about, sealed)


def key_source(url: str | None, inline: str | None) -> Fetch:
    """Reads the key set: the text given, or what the address answers."""
    return (lambda: _parsed(inline.encode())) if inline else (lambda: _fetched(url or ""))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """The keys stand where the settings say, and nowhere else."""


def _fetched(url: str) -> Json:
    try:
        with urllib.request.build_opener(_NoRedirects).open(url, timeout=FETCH_SECONDS) as answer:
            return _parsed(answer.read(MOST_BYTES))
    except (OSError, urllib.error.URLError) as error:
        raise JwksUnreadable(str(error)) from error


def _parsed(text: bytes) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JwksUnreadable("the key set is no JSON") from error


def _usable_keys(found: Json, algorithms: Sequence[str]) -> dict[str, _Key]:
    """Signature keys of the algorithms asked for; whatever else the set holds (secrets, weak or broken keys) is left out."""
    members = found.get("keys") if isinstance(found, dict) else None
    keys: dict[str, _Key] = {}
    for raw in members if isinstance(members, list) else []:
        if isinstance(raw, dict) and isinstance(raw.get("kid"), str) and (key := _usable_key(raw, algorithms)):
            keys[raw["kid"]] = key
    return keys


def _usable_key(raw: dict[str, Json], algorithms: Sequence[str]) -> _Key | None:
    import jwt
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm

    algorithm = next((name for name in algorithms if ALGORITHMS[name] == raw.get("kty")), None)
    if algorithm is None or raw.get("alg", algorithm) != algorithm or raw.get("use", "sig") != "sig" or "d" in raw:
        return None
    try:
        if algorithm == "ES256":
            return _Key(algorithm, ECAlgorithm.from_jwk(raw)) if raw.get("crv") == "P-256" else None
        key = RSAAlgorithm.from_jwk(raw)
        return _Key(algorithm, key) if key.key_size >= LEAST_RSA_BITS else None
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None


def _claims(token: str, payload: dict[str, Json], now_s: int) -> Claims:
    """Raises ValueError for claims of a wrong type or out of their time, or without a verified e-mail address."""
    times = [payload["iat"], payload["exp"], payload.get("nbf", payload["iat"])]
    if any(isinstance(one, bool) or not isinstance(one, int) for one in times):
        raise ValueError
    issued_at, expires_at, from_s = times
    if max(issued_at, from_s) - CLOCK_SKEW_S > now_s or now_s >= expires_at:
        raise ValueError
    email = payload.get("email")
    if not isinstance(email, str) or "@" not in email or payload.get("email_verified") is not True:
        raise ValueError
    session_id = "outside-" + hashlib.sha256(token.encode()).hexdigest()
    return Claims(-1, session_id, issued_at, expires_at, "outside", None, account=email, verified_at=now_s)
