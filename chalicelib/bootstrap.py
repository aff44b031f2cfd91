"""Joins adapters to use cases; the only place that does. One product per process, made at its first request."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb import dynamodb_store
from chalicelib.adapters.outside import OutsideServices
from chalicelib.adapters.passwords import Argon2Passwords
from chalicelib.adapters.secrets import token_secret
from chalicelib.adapters.stepfunctions import StepFunctions
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.config import Settings, settings
from chalicelib.domain.ports import Machines
from chalicelib.services import installation
from chalicelib.services.backend import Backend, NoMachines, Tokens
from chalicelib.services.product import Product


@lru_cache(maxsize=1)
def product() -> Product:
    """The process's product. Reads the settings; makes no request."""
    now = settings()
    backend = Backend(
        dynamodb_store(now),
        SystemClock(),
        cast(Tokens, OnDemand(lambda: _tokens(now))),
        Argon2Passwords(),
        now.token_hours,
        session_days=now.session_days,
        outside=OutsideServices(now),
        machines=_machines(now),
        stage=now.stage,
    )
    return Product(backend)


class OnDemand:
    """Stands for what ``make`` returns, which is made when first used: functions that see no token have no right to the secret."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._once = lru_cache(maxsize=1)(make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._once(), name)


def _machines(now: Settings) -> Machines:
    return NoMachines() if now.machines is None else StepFunctions(now.region, now.machines)


def _tokens(now: Settings) -> Tokens:
    """Our own tokens; those of another issuer too when one is set. Its verifier is loaded only then."""
    own = TokenSigner(token_secret(now))
    if now.outside is None:
        return own
    from chalicelib.adapters.jwks import OutsideVerifier, Verifiers, key_source

    fetch = key_source(now.outside.url, now.outside.jwks)
    return Verifiers(own, OutsideVerifier(fetch, now.outside.issuer, now.outside.audience, now.outside.algorithms))


def install(email: str, password: str) -> bool:
    """Make the first user and the stock roles; False when that was done before."""
    product().backend.passwords.check(password)
    return installation.install(product().backend, email, password)
