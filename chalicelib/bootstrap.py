"""Joins adapters to use cases; the only place that does. One product per process, made at its first request."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb import dynamodb_store
from chalicelib.adapters.outside import OutsideServices
from chalicelib.adapters.passwords import Argon2Passwords
from chalicelib.adapters.secrets import own_signer
from chalicelib.config import ConfigurationError, Settings, settings
from chalicelib.domain.machines import Machines, Schedules
from chalicelib.domain.ports import DeadLetters
from chalicelib.observability import configure, logger
from chalicelib.services import installation
from chalicelib.services.backend import Backend, Incoming, NoDeadLetters, NoMachines, NoSchedules, Tokens
from chalicelib.services.product import Product


@lru_cache(maxsize=1)
def product() -> Product:
    """The process's product. Reads the settings; makes no request."""
    now = _settings()
    backend = Backend(
        dynamodb_store(now),
        SystemClock(),
        cast(Tokens, OnDemand(lambda: _tokens(now))),
        Argon2Passwords(),
        now.token_hours,
        session_days=now.session_days,
        outside=OutsideServices(now),
        machines=_machines(now),
        schedules=_schedules(now),
        stage=now.stage,
        incoming=Incoming(now.incoming_topics, now.message_users, _dead_letters(now)),
        announces=now.failed_runs_topic is not None or now.outbox_dir is not None,
    )
    return Product(backend)


def _settings() -> Settings:
    """The settings, observed as they say. Raises ConfigurationError, whose text the log has: of what is raised it keeps the class only."""
    try:
        now = settings()
        _observe(now)
    except ConfigurationError as wrong:
        logger.error("the settings cannot be: %s", str(wrong))
        raise
    return now


def _observe(now: Settings) -> None:
    try:
        configure(level=now.log_level, as_json=now.is_deployed, metrics=now.metrics, stage=now.stage, traces=now.tracing)
    except ImportError:
        raise ConfigurationError("TRACING=1 needs the package aws-xray-sdk: add it to requirements.in and requirements.txt") from None


class OnDemand:
    """Stands for what ``make`` returns, which is made when first used: functions that see no token have no right to the secret."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._once = lru_cache(maxsize=1)(make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._once(), name)


def _machines(now: Settings) -> Machines:
    """Most processes never start a machine or make a schedule; so neither adapter is loaded until one does."""
    if (found := now.machines) is None:
        return NoMachines()

    def made() -> Machines:
        from chalicelib.adapters.stepfunctions import StepFunctions

        return StepFunctions(now.region, found)

    return cast(Machines, OnDemand(made))


def _schedules(now: Settings) -> Schedules:
    if (found := now.schedules) is None:
        return NoSchedules()

    def made() -> Schedules:
        from chalicelib.adapters.scheduler import Scheduler

        return Scheduler(now.region, found)

    return cast(Schedules, OnDemand(made))


def _dead_letters(now: Settings) -> DeadLetters:
    if now.dead_letter_queue is None:
        return NoDeadLetters()
    from chalicelib.adapters.sqs import DeadLetterQueue

    return DeadLetterQueue(now.region, now.dead_letter_queue)


def _tokens(now: Settings) -> Tokens:
    """Our own tokens; those of another issuer too when one is set. Its verifier is loaded only then."""
    own = own_signer(now)
    if now.outside is None:
        return own
    from chalicelib.adapters.jwks import OutsideVerifier, Verifiers, key_source

    fetch = key_source(now.outside.url, now.outside.jwks)
    return Verifiers(own, OutsideVerifier(fetch, now.outside.issuer, now.outside.audience, now.outside.algorithms))


def install(email: str, password: str) -> bool:
    """Make the first user and the stock roles; False when that was done before."""
    product().backend.passwords.check(password)
    return installation.install(product().backend, email, password)
