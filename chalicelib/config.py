"""Settings from the environment, read when first asked for and then kept; nothing else reads the environment.

At import time nothing is set yet: ``chalice package`` imports the app on a machine without any of these variables.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

SECRET_BYTES = 32
OUTSIDE_ALGORITHMS = ("RS256", "ES256")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ALLOWED_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?|\[[0-9a-f:.]+\](?::[0-9]{1,5})?")
MACHINES = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:")
FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
TOPIC_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+")
SCHEDULE_GROUP = re.compile(r"[0-9a-zA-Z_.-]{1,64}")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+")


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
class Machines:
    """Where state machines are (``arn_prefix`` and a name are one's ARN), what they call, and how they are made: with ``role``, or by
    ``publish_function``."""

    arn_prefix: str
    run_function: str
    wait_function: str
    role: str | None
    publish_function: str | None


@dataclass(frozen=True)
class Schedules:
    """Where schedules stand, what they run as, the function that they call, and the queue of what could not be delivered."""

    group: str
    role: str
    target: str
    dead_letters: str | None


@dataclass(frozen=True)
class Settings:
    """``secret`` signs tokens; when it is ``None``, it is the Secrets Manager secret named by ``secret_arn``.

    What workflows may reach: hosts that requests may go to though they are private (``only``: no others), the senders of mail, topics by
    the name of their channel, and the folder that stands for mail and notifications. ``failed_runs_topic`` hears of executions that
    fail. ``is_deployed``: this is Lambda, whose log lines are JSON; ``metrics`` and ``tracing``: whether they are told."""

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
    request_allowed_hosts: tuple[str, ...] = ()
    request_only_allowed: bool = False
    mail_from: tuple[str, ...] = ()
    notification_topics: Mapping[str, str] = field(default_factory=dict)
    failed_runs_topic: str | None = None
    outbox_dir: str | None = None
    machines: Machines | None = None
    schedules: Schedules | None = None
    incoming_topics: Mapping[str, str] = field(default_factory=dict)
    message_users: Mapping[str, str] = field(default_factory=dict)
    dead_letter_queue: str | None = None
    is_deployed: bool = False
    metrics: bool = False
    tracing: bool = False


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
        log_level=_log_level(environment),
        token_hours=_positive(environment, "TOKEN_HOURS", 24),
        session_days=_positive(environment, "SESSION_DAYS", 7),
        outside=_outside(environment),
        request_allowed_hosts=_allowed_hosts(environment),
        request_only_allowed=_switch(environment, "REQUEST_ONLY_ALLOWED"),
        mail_from=_senders(environment),
        notification_topics=_topics(environment, "NOTIFICATION_TOPICS"),
        incoming_topics=_incoming(environment),
        message_users=_message_users(environment),
        dead_letter_queue=_dead_letters(environment),
        failed_runs_topic=_topic(environment),
        outbox_dir=environment.get("OUTBOX_DIR") or None,
        is_deployed=_is_deployed(environment),
        metrics=_switch(environment, "METRICS", "1" if _is_deployed(environment) else "0"),
        tracing=_switch(environment, "TRACING"),
        machines=_machines(environment),
        schedules=_schedules(environment),
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


def _allowed_hosts(environment: Mapping[str, str]) -> tuple[str, ...]:
    hosts = tuple(host.lower() for host in _listed(environment, "REQUEST_ALLOWED_HOSTS"))
    if wrong := [host for host in hosts if not ALLOWED_HOST.fullmatch(host)]:
        forms = "erp.example.com, *.example.com, 127.0.0.1:8080 or [::1]:8080"
        raise ConfigurationError(f"REQUEST_ALLOWED_HOSTS holds {wrong[0]}; a host looks like {forms}")
    return hosts


def _senders(environment: Mapping[str, str]) -> tuple[str, ...]:
    senders = _listed(environment, "MAIL_FROM")
    if wrong := [sender for sender in senders if sender.count("@") != 1 or not sender.isprintable()]:
        raise ConfigurationError(f"MAIL_FROM holds {wrong[0]}; a sender looks like office@example.com or Office <office@example.com>")
    return senders


def _topics(environment: Mapping[str, str], variable: str) -> dict[str, str]:
    """``alerts=arn:aws:sns:…,news=arn:aws:sns:…``."""
    pairs = [entry.partition("=") for entry in _listed(environment, variable)]
    if wrong := ["".join(pair) for pair in pairs if not pair[0].strip() or not TOPIC.fullmatch(pair[2].strip())]:
        form = "alerts=arn:aws:sns:eu-west-1:123456789012:alerts"
        raise ConfigurationError(f"{variable} holds {wrong[0]}; an entry looks like {form}")
    return {name.strip(): arn.strip() for name, _, arn in pairs}


def _incoming(environment: Mapping[str, str]) -> dict[str, str]:
    """``INCOMING_TOPICS``, one name for each topic: workflows are found by it."""
    topics = _topics(environment, "INCOMING_TOPICS")
    if wrong := [name for name in topics if not TOPIC_NAME.fullmatch(name)]:
        raise ConfigurationError(f"INCOMING_TOPICS holds the name {wrong[0]}; a name is 1 to 64 letters, digits, _ and -")
    if len(set(topics.values())) < len(topics):
        raise ConfigurationError("INCOMING_TOPICS has two names for one topic")
    return topics


def _message_users(environment: Mapping[str, str]) -> dict[str, str]:
    """``MESSAGE_USERS``: ``orders=robot@example.com,erp=*``, of topics that ``INCOMING_TOPICS`` names."""
    topics = _incoming(environment)
    pairs = [entry.partition("=") for entry in _listed(environment, "MESSAGE_USERS")]
    if wrong := ["".join(pair) for pair in pairs if not pair[0].strip() or not pair[2].strip()]:
        raise ConfigurationError(f"MESSAGE_USERS holds {wrong[0]}; an entry looks like orders=robot@example.com or orders=*")
    if unknown := [name.strip() for name, _, _ in pairs if name.strip() not in topics]:
        raise ConfigurationError(f"MESSAGE_USERS names the topic {unknown[0]}; INCOMING_TOPICS has {', '.join(topics) or 'none'}")
    return {name.strip(): user.strip() for name, _, user in pairs}


def _dead_letters(environment: Mapping[str, str]) -> str | None:
    url = environment.get("DEAD_LETTER_QUEUE_URL") or None
    if url is not None and not url.startswith(("https://", "http://")):
        form = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"
        raise ConfigurationError(f"DEAD_LETTER_QUEUE_URL is {url}; it must look like {form}")
    return url


def _topic(environment: Mapping[str, str]) -> str | None:
    if not environment.get("FAILED_RUNS_TOPIC"):
        return None
    return _shaped(environment, "FAILED_RUNS_TOPIC", TOPIC, "arn:aws:sns:eu-west-1:123456789012:failed-runs")


def _machines(environment: Mapping[str, str]) -> Machines | None:
    """``None`` without ``STATE_MACHINE_ARN_PREFIX``: then no asynchronous workflow can be enabled."""
    if not environment.get("STATE_MACHINE_ARN_PREFIX"):
        return None
    role, publish = environment.get("STATE_MACHINE_ROLE_ARN") or None, environment.get("PUBLISH_FUNCTION") or None
    if role is not None and not ROLE.fullmatch(role):
        raise ConfigurationError(f"STATE_MACHINE_ROLE_ARN is {role}; a role looks like arn:aws:iam::123456789012:role/machines")
    return Machines(
        _shaped(environment, "STATE_MACHINE_ARN_PREFIX", MACHINES, "arn:aws:states:eu-west-1:123456789012:stateMachine:"),
        _shaped(environment, "RUN_FUNCTION_ARN", FUNCTION, "arn:aws:lambda:eu-west-1:123456789012:function:run"),
        _shaped(environment, "WAIT_FUNCTION_ARN", FUNCTION, "arn:aws:lambda:eu-west-1:123456789012:function:wait"),
        role,
        publish,
    )


def _schedules(environment: Mapping[str, str]) -> Schedules | None:
    """``None`` without ``SCHEDULE_GROUP``: then no workflow can be enabled that starts at times of its own."""
    if not environment.get("SCHEDULE_GROUP"):
        return None
    queue = environment.get("SCHEDULE_DLQ_ARN") or None
    return Schedules(
        _shaped(environment, "SCHEDULE_GROUP", SCHEDULE_GROUP, "stepbase-prod"),
        _shaped(environment, "SCHEDULE_ROLE_ARN", ROLE, "arn:aws:iam::123456789012:role/schedules"),
        _shaped(environment, "SCHEDULE_TARGET_ARN", FUNCTION, "arn:aws:lambda:eu-west-1:123456789012:function:fire"),
        _shaped(environment, "SCHEDULE_DLQ_ARN", QUEUE, "arn:aws:sqs:eu-west-1:123456789012:dead") if queue else None,
    )


def _shaped(environment: Mapping[str, str], name: str, form: re.Pattern[str], example: str) -> str:
    text = _required(environment, name)
    if not form.fullmatch(text):
        raise ConfigurationError(f"{name} is {text}; it must look like {example}")
    return text


def _listed(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The parts between commas, without spaces around them; empty ones are left out."""
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _is_deployed(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("AWS_LAMBDA_FUNCTION_NAME"))


def _log_level(environment: Mapping[str, str]) -> str:
    level = (environment.get("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise ConfigurationError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {level}")
    return level


def _switch(environment: Mapping[str, str], name: str, default: str = "0") -> bool:
    text = environment.get(name) or default
    if text not in ("0", "1"):
        raise ConfigurationError(f"{name} must be 0 or 1, not {text}")
    return text == "1"


def _required(environment: Mapping[str, str], name: str) -> str:
    if value := environment.get(name):
        return value
    raise ConfigurationError(f"set {name}")


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{name} must be a whole number above 0, not {text}")
    return int(text)
