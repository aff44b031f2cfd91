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


class ConfigurationError(Exception):
    """A variable is missing or wrong; the message names it."""


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
    )


def _secret(environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """There is no default secret, and a short one is refused: whoever guesses it signs tokens for anybody."""
    secret, arn = environment.get("STEPBASE_SECRET") or None, environment.get("STEPBASE_SECRET_ARN") or None
    if secret is None and arn is None:
        raise ConfigurationError("set STEPBASE_SECRET_ARN (a Secrets Manager secret) or STEPBASE_SECRET")
    if secret is not None and len(secret.encode()) < SECRET_BYTES:
        raise ConfigurationError(f"STEPBASE_SECRET must have at least {SECRET_BYTES} bytes")
    return secret, arn


def _required(environment: Mapping[str, str], name: str) -> str:
    if value := environment.get(name):
        return value
    raise ConfigurationError(f"set {name}")


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{name} must be a whole number above 0, not {text}")
    return int(text)
