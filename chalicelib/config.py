"""Settings from the environment, read when first asked for and then kept; nothing else reads the environment.

At import time nothing is set yet: ``chalice package`` imports the app on a machine without any of these variables.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

SECRET_BYTES = 32
OUTSIDE_ALGORITHMS = ("RS256", "ES256")


class ConfigurationError(Exception):
    """A variable is missing or wrong; the message names it."""


@dataclass(frozen=True)
class Outside:
    """Another issuer whose tokens count: where its keys are (``url``, or the set itself as JSON text), and what its tokens must say."""

    url: str | None
    jwks: str | None
    issuer: str
    audience: str
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """``secret`` signs tokens; when it is ``None``, it is the Secrets Manager secret named by ``secret_arn``."""

    records_table: str
    executions_table: str
    region: str
    secret: str | None = field(repr=False)
    secret_arn: str | None
    stage: str
    log_level: str
    token_hours: int
    session_days: int
    outside: Outside | None = None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Raises ConfigurationError."""
    return read_settings(os.environ)


def reset_settings() -> None:
    """Forgets the settings, so that the next `settings()` reads the environment again."""
    settings.cache_clear()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from variables. Raises ConfigurationError."""
    secret, secret_arn = _secret(environment)
    return Settings(
        records_table=_required(environment, "RECORDS_TABLE"),
        executions_table=_required(environment, "EXECUTIONS_TABLE"),
        region=_required(environment, "AWS_REGION"),
        secret=secret,
        secret_arn=secret_arn,
        stage=environment.get("STEPBASE_STAGE", "dev"),
        log_level=environment.get("LOG_LEVEL", "INFO"),
        token_hours=_positive(environment, "TOKEN_HOURS", 24),
        session_days=_positive(environment, "SESSION_DAYS", 7),
        outside=_outside(environment),
    )


def _secret(environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """There is no default secret, and a short one is refused: whoever guesses it signs tokens for anybody."""
    secret, arn = environment.get("STEPBASE_SECRET") or None, environment.get("STEPBASE_SECRET_ARN") or None
    if secret is None and arn is None:
        raise ConfigurationError("set STEPBASE_SECRET_ARN (a Secrets Manager secret) or STEPBASE_SECRET")
    if secret is not None and len(secret.encode()) < SECRET_BYTES:
        raise ConfigurationError(f"STEPBASE_SECRET must have at least {SECRET_BYTES} bytes")
    return secret, arn


def _outside(environment: Mapping[str, str]) -> Outside | None:
    """``JWKS_URL`` (or ``JWKS``, the key set itself), ``JWKS_ISSUER``, ``JWKS_AUDIENCE``, ``JWKS_ALGORITHMS`` (``RS256``)."""
    url, jwks = environment.get("JWKS_URL") or None, environment.get("JWKS") or None
    if url is None and jwks is None:
        if named := [name for name in ("JWKS_ISSUER", "JWKS_AUDIENCE", "JWKS_ALGORITHMS") if environment.get(name)]:
            raise ConfigurationError(f"{named[0]} is set: set JWKS_URL too")
        return None
    if url and not url.startswith("https://"):
        raise ConfigurationError("JWKS_URL must begin with https://")
    algorithms = tuple(name.strip() for name in (environment.get("JWKS_ALGORITHMS") or "RS256").split(","))
    if unknown := [name for name in algorithms if name not in OUTSIDE_ALGORITHMS]:
        raise ConfigurationError(f"JWKS_ALGORITHMS holds {unknown[0]}; the algorithms are {', '.join(OUTSIDE_ALGORITHMS)}")
    return Outside(url, jwks, _required(environment, "JWKS_ISSUER"), _required(environment, "JWKS_AUDIENCE"), algorithms)


def _required(environment: Mapping[str, str], name: str) -> str:
    if value := environment.get(name):
        return value
    raise ConfigurationError(f"set {name}")


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{name} must be a whole number above 0, not {text}")
    return int(text)
