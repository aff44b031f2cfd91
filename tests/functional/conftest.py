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

import pytest

from tests.functional.client import Client
from tests.functional.model import Model, build, sign_in

ROOT = Path(__file__).resolve().parents[2]
EMAIL, ROOT_PASSWORD = "root@example.com", "root password 9"
READY_SECONDS = 60.0
STOP_SECONDS = 15.0


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
