"""One running Stepbase for the session, with the model example in it: real HTTP, two worker processes, DynamoDB Local.

A test makes the records that it changes, so the tests do not depend on each other's order.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.functional.client import Client, Json, Reply
from tests.functional.model import Model, build, sign_in

ROOT = Path(__file__).resolve().parents[2]
EMAIL, ROOT_PASSWORD = "root@example.com", "root password 9"
READY_SECONDS = 120.0  # a busy machine
STOP_SECONDS = 60.0
COUNTED = ("samples", "inspectionRecords", "categories", "posts", "sealed", "executions", "workflows", "collections", "users", "roles")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A caller without a token, of a server that has only its first user."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = tmp_path_factory.mktemp("stepbase")
    settings = {"PORT": str(port), "DATA_DIR": str(folder), "EXAMPLE": "0", "INIT_ROOT_EMAIL": EMAIL, "INIT_ROOT_PASSWORD": ROOT_PASSWORD}
    log = folder / "printed"
    with log.open("wb") as printed:
        command = [sys.executable, "-m", "local"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=printed, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(process, port, log)
        yield Client(port)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            if Client(port).get("app:getInfo").status == 200:
                return
        except OSError:  # nobody listens yet
            time.sleep(0.1)
    pytest.fail(f"the server did not come up:\n{log.read_text()}")


@pytest.fixture(scope="session")
def root_token(stranger: Client) -> str:
    return sign_in(stranger, EMAIL, ROOT_PASSWORD)


@pytest.fixture(scope="session")
def root(stranger: Client, root_token: str) -> Client:
    return stranger.with_token(root_token)


@pytest.fixture(scope="session")
def model(root: Client, stranger: Client) -> Model:
    return build(root, stranger)


class Sealed(NamedTuple):
    """A sample, and a record with a field of each type (the fields are named like their types): nothing may change them."""

    sample: int
    identity: int


@pytest.fixture(scope="session")
def sealed(model: Model) -> Sealed:
    fields: list[Json] = [{"name": name, "type": name} for name in ("string", "integer", "double", "boolean", "date", "json")]
    fields.append({"name": "code", "type": "string", "unique": True})
    model.root.post("collections:create", {"name": "sealed", "fields": fields}).ok()
    return Sealed(model.sample("Untouched"), model.root.post("sealed:create", {"string": "untouched", "code": "A"}).data["id"])


@pytest.fixture(scope="class")
def nothing_written(model: Model, sealed: Sealed) -> Iterator[None]:
    """For a class of tests: they leave as many of everything as there were, and the sealed records as they are."""
    before = snapshot(model, sealed)
    yield
    assert snapshot(model, sealed) == before


def snapshot(model: Model, sealed: Sealed) -> dict[str, Json]:
    counts: dict[str, Json] = {name: model.root.count(name) for name in COUNTED}
    return counts | {"sample": model.read(sealed.sample), "record": model.root.get(f"sealed:get/{sealed.identity}").data}


def refused(answer: Reply, statuses: tuple[int, ...], named: str = "") -> None:
    """A refusal in the envelope that every client can show."""
    assert answer.status in statuses, answer.body[:500]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.errors
    for entry in answer.errors:
        assert isinstance(entry["message"], str)
        assert entry["message"].strip()
    assert "Traceback" not in answer.error_text
    assert named.lower() in answer.error_text.replace('\\"', '"').lower(), answer.body[:500]
