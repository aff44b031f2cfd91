"""What a person may set before ``make run``, read once: names, defaults, and the secret that is made on the first start."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.database import TABLE_NAMES
from local.functions import PREFIX, function_arn

SECRET_BYTES = 48
TOPIC_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
REGION, ACCOUNT = "us-east-1", "123456789012"
TOPIC = "incoming"
QUEUE, DEAD_LETTERS = f"{PREFIX}incoming", f"{PREFIX}dead-letters"
ROOT_EMAIL = "admin@stepbase.local"
ROOT_PASSWORD = "stepbase-local"


class BadSetting(Exception):
    """A variable has a value that means nothing; the message names it."""


@dataclass(frozen=True)
class Settings:
    """``data_dir`` keeps the database, the secret and the lock; ``example`` loads the definitions in ``example/``.

    ``functions_port`` is where functions are called directly, ``services_port`` where SNS, SQS and Step Functions are, both on this machine
    only; 0 stands for any that is free. ``topics`` are the names of those whose messages start workflows."""

    host: str
    port: int
    data_dir: Path
    email: str
    password: str
    example: bool
    workers: int
    functions_port: int = 0
    services_port: int = 0
    topics: tuple[str, ...] = (TOPIC,)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Raises BadSetting."""
        return cls(
            host=environment.get("HOST") or "127.0.0.1",
            port=_number(environment, "PORT", 3000, 65535),
            data_dir=Path(environment.get("DATA_DIR") or ".stepbase").resolve(),
            email=environment.get("INIT_ROOT_EMAIL") or ROOT_EMAIL,
            password=environment.get("INIT_ROOT_PASSWORD") or ROOT_PASSWORD,
            example=environment.get("EXAMPLE", "1") not in ("0", "false", "no"),
            workers=_number(environment, "WORKERS", 2, 64),
            functions_port=_number(environment, "FUNCTIONS_PORT", 0, 65535, least=0),
            services_port=_number(environment, "SERVICES_PORT", 0, 65535, least=0),
            topics=_topics(environment),
        )

    @property
    def address(self) -> str:
        return f"http://{'localhost' if self.host in ('127.0.0.1', '0.0.0.0') else self.host}:{self.port}"


def app_environment(endpoint: str, secret: str, data_dir: Path, machines_port: int, functions_port: int) -> dict[str, str]:
    """The variables that CloudFormation sets on the functions, and those that send the AWS SDK to this machine.

    Mail and notifications become files in ``OUTBOX_DIR``, by default in the data folder."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_SFN": f"http://127.0.0.1:{machines_port}",
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{functions_port}",
        "STATE_MACHINE_ARN_PREFIX": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:",
        "STATE_MACHINE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/stepbase-local",
        "RUN_FUNCTION_ARN": function_arn("run_segment"),
        "WAIT_FUNCTION_ARN": function_arn("await_signal"),
        "AWS_ENDPOINT_URL_SCHEDULER": f"http://127.0.0.1:{machines_port}",
        "SCHEDULE_GROUP": "default",
        "SCHEDULE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/stepbase-local",
        "SCHEDULE_TARGET_ARN": function_arn("fire"),
        "RECORDS_TABLE": TABLE_NAMES[0],
        "EXECUTIONS_TABLE": TABLE_NAMES[1],
        "STEPBASE_SECRET": secret,
        "STEPBASE_STAGE": "local",
        "OUTBOX_DIR": os.environ.get("OUTBOX_DIR") or str(data_dir / "outbox"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def message_environment(services_port: int, topics: tuple[str, ...]) -> dict[str, str]:
    """The variables that messages need; unless ``MESSAGE_USERS`` says otherwise, a message may name workflows, and whom they run as."""
    services = f"http://127.0.0.1:{services_port}"
    return {
        "AWS_ENDPOINT_URL_SQS": services,
        "INCOMING_TOPICS": ",".join(f"{name}={topic_arn(name)}" for name in topics),
        "MESSAGE_USERS": os.environ.get("MESSAGE_USERS") or ",".join(f"{name}=*" for name in topics),
        "DEAD_LETTER_QUEUE_URL": f"{services}/{ACCOUNT}/{DEAD_LETTERS}",
    }


def topic_name(name: str) -> str:
    """What SNS calls the topic."""
    return f"{PREFIX}{name}"


def topic_arn(name: str) -> str:
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic_name(name)}"


def _topics(environment: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (environment.get("TOPICS") or TOPIC).split(",") if name.strip())
    if wrong := [name for name in names if not TOPIC_NAME.fullmatch(name)]:
        raise BadSetting(f"TOPICS holds {wrong[0]}: a topic's name is 1 to 64 letters, digits, _ and -")
    return tuple(dict.fromkeys(names))


def kept_secret(data_dir: Path) -> str:
    """The signing secret of this data folder, made on the first call; only its owner may read the file."""
    path = data_dir / "secret"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with os.fdopen(handle, "w") as file:
        file.write(secret + "\n")
    return secret


def _number(environment: Mapping[str, str], name: str, default: int, most: int, least: int = 1) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise BadSetting(f"{name}={text}: give a number from {least} to {most}")
    return int(text)
