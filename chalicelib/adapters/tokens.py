"""Signs and verifies the product's own tokens: JWT, HS256, nothing else.

The verifier believes nothing that the token says about how to verify it: one algorithm, keys of our own looked up by ``kid``,
and a header with any other member than ``alg``, ``typ`` and ``kid`` (``crit``, ``jku``, ``jwk``, ``x5u`` …) is refused.
Source: https://www.rfc-editor.org/rfc/rfc8725 (JWT best current practices). Time comes from the caller.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from chalicelib.adapters.sealing import seal, unseal
from chalicelib.domain.keys import MAX_SAFE_INTEGER
from chalicelib.errors import Json, Unauthenticated

OwnKind = Literal["session", "apiKey"]
Kind = Literal["session", "apiKey", "outside"]

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "stepbase"
REQUIRED = ("sub", "jti", "iat", "exp", "iss", "aud", "kind")
SECRET_BYTES = 32
LONGEST_TOKEN = 4096
CLOCK_SKEW_S = 60  # how far ahead of ours the clock of the machine that issued may be
REFUSED = "Your session has expired. Please sign in again."


@dataclass(frozen=True)
class Claims:
    """What a valid token says. Times in seconds since 1970; ``role`` overrides the request's own (API keys).

    ``began_at`` is set in a renewed token: when the session began. ``account`` (an e-mail address) stands for the user's id, which is
    then -1, in a token of another issuer."""

    user_id: int
    session_id: str
    issued_at: int
    expires_at: int
    kind: Kind
    role: str | None
    began_at: int | None = None
    account: str | None = None
    verified_at: int = field(default=0, compare=False)

    @property
    def session_start(self) -> int:
        return self.issued_at if self.began_at is None else self.began_at

    def of_user(self, user_id: int) -> Claims:
        """The same for the user whom ``account`` stands for."""
        return replace(self, user_id=user_id, account=None)


class TokenSigner:
    """``secret``: one secret, or secrets by key id, the first of which signs; the others verify until their tokens are gone."""

    def __init__(self, secret: str | Mapping[str, str]) -> None:
        """Raises ValueError for a secret under 32 bytes: a guessable one lets anybody sign in as anybody."""
        self._keys = checked_keys({"1": secret} if isinstance(secret, str) else secret)

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
        """A token for ``hours`` from ``now_s`` on. ``session_id`` is what a sign-out revokes; for an API key, the key's id.

        ``began_at``: when the session began, for a token that renews another."""
        import jwt

        kid, key = next(iter(self._keys.items()))
        claims: dict[str, Json] = {
            "sub": str(user_id),
            "jti": session_id,
            "iat": now_s,
            "exp": now_s + max(1, round(hours * 3600)),
            "iss": ISSUER,
            "aud": AUDIENCE,
            "kind": kind,
        }
        claims |= {name: value for name, value in (("role", role), ("auth_time", began_at)) if value is not None}
        return jwt.encode(claims, key, ALGORITHM, headers={"kid": kid})

    def verify(self, token: str, now_s: int, *, ended_too: bool = False) -> Claims:
        """The claims of a token of ours that is valid now. Raises Unauthenticated (``INVALID_TOKEN``) for everything else.

        ``ended_too``: also of a session's token whose time is over; the caller decides whether it may be renewed."""
        import jwt

        try:
            if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
                raise ValueError
            key = self._key_of(jwt.get_unverified_header(token))
            options: jwt.types.Options = {
                "require": list(REQUIRED),
                "strict_aud": True,
                # the library would ask the clock
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            }
            payload = jwt.decode(token, key, algorithms=[ALGORITHM], options=options, audience=AUDIENCE, issuer=ISSUER)
            return _claims(payload, now_s, ended_too)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthenticated(REFUSED, code="INVALID_TOKEN") from None

    def seems_over(self, token: str, now_s: int) -> bool:
        """Whether the token says that its time is over. Unverified: good only to decide whether to look closer."""
        payload = unverified_part(token, 1)
        ends = payload.get("exp")
        return isinstance(ends, int) and ends <= now_s

    def seal(self, about: str, text: str) -> str:
        """The text as one that nobody else can read or make; see `sealing`."""
        return seal(next(iter(self._keys.values())), about, text)

    def unseal(self, about: str, sealed: str) -> str | None:
        """The text; ``None`` for what was not sealed by a key of ours for ``about``."""
        return unseal(self._keys.values(), about, sealed)

    def _key_of(self, header: dict[str, Json]) -> bytes:
        kid = header.get("kid")
        if header.keys() - {"alg", "typ", "kid"} or header.get("alg") != ALGORITHM or header.get("typ", "JWT") != "JWT":
            raise ValueError
        if not isinstance(kid, str) or kid not in self._keys:
            raise ValueError
        return self._keys[kid]


def checked_keys(secrets: Mapping[str, str]) -> dict[str, bytes]:
    """The secrets as keys. Raises ValueError without one, and for one that is short or made of a few letters."""
    keys = {kid: text.encode() for kid, text in secrets.items()}
    if not keys or any(len(key) < SECRET_BYTES or len(set(key)) < 8 for key in keys.values()):
        raise ValueError(f"the token secret must be at least {SECRET_BYTES} random bytes")
    return keys


def unverified_part(token: Json, number: int) -> dict[str, Json]:
    """The token's header (0) or payload (1) as it stands there; ``{}`` for what is no token."""
    try:
        part = token[:LONGEST_TOKEN].split(".")[number]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (AttributeError, IndexError, TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _claims(payload: dict[str, Json], now_s: int, ended_too: bool) -> Claims:
    """Raises ValueError or TypeError for a claim of a wrong type or out of its time."""
    sub, jti, kind, role = payload["sub"], payload["jti"], payload["kind"], payload.get("role")
    issued_at, expires_at = _seconds(payload["iat"]), _seconds(payload["exp"])
    if not re.fullmatch("0|[1-9][0-9]{0,15}", sub) or int(sub) > MAX_SAFE_INTEGER:
        raise ValueError
    if not re.fullmatch("[A-Za-z0-9_-]{1,128}", jti) or kind not in ("session", "apiKey"):
        raise ValueError
    if not (role is None or (isinstance(role, str) and role)):
        raise ValueError
    began_at = None if payload.get("auth_time") is None else _seconds(payload["auth_time"])
    if began_at is not None and began_at > issued_at:
        raise ValueError
    has_begun = issued_at - CLOCK_SKEW_S <= now_s and _seconds(payload.get("nbf", 0)) - CLOCK_SKEW_S <= now_s
    if not has_begun or (now_s >= expires_at and not (ended_too and kind == "session")):
        raise ValueError
    return Claims(int(sub), jti, issued_at, expires_at, kind, role, began_at, verified_at=now_s)


def _seconds(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value
