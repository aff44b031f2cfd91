"""One ``make run`` for tests: a process of its own over a folder of its own, waited for, and stopped with all that it started.

What it prints goes to a file, so that no pipe fills up, and is told when it does not come up. It is started as by somebody who has set
nothing but what the test says. Only Linux tells of descendants (``/proc``).
"""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from local.client import Client
from local.settings import ROOT_EMAIL, ROOT_PASSWORD

ROOT = Path(__file__).resolve().parents[1]
COMMAND = (sys.executable, "-m", "local")
LAST_LINE = "Ctrl-C stops everything."
# A busy machine: on one that is not, an instance is ready in five seconds and stopped in one.
READY_SECONDS, MACHINES_SECONDS, STOP_SECONDS = 120.0, 120.0, 60.0
CALL_SECONDS = 90.0
PAUSE_SECONDS = 0.05
# Below those that systems give to whoever calls (from 32768 on), so that no connection of the tests takes one meanwhile.
PORTS = range(20_000, 32_000)
NOT_INHERITED = (
    *("HOST", "INIT_ROOT_EMAIL", "INIT_ROOT_PASSWORD", "WORKERS", "FUNCTIONS_PORT", "SERVICES_PORT", "TOPICS", "MESSAGE_USERS"),
    *("LOG_LEVEL", "OUTBOX_DIR", "REQUEST_ALLOWED_HOSTS"),
)
# moto tells services by the scope of a signature, and checks no more of it.
LIST_MACHINES = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0",
    "X-Amz-Target": "AWSStepFunctions.ListStateMachines",
    "Content-Type": "application/x-amz-json-1.0",
}


class InstanceFailed(Exception):
    """It did not come up, or a part of it; the message says how it ended and what it printed."""


class Instance:
    """One running ``python -m local``; ``said`` is what it printed until it was ready. It stops at the end of a ``with``.

    ``port``: any that is free, unless given. ``machines``: wait for Step Functions too. ``environment``: settings, without the example
    unless they say otherwise. Raises InstanceFailed."""

    def __init__(self, data_dir: Path, *, port: int | None = None, machines: bool = False, **environment: str) -> None:
        self.data_dir, self.port = data_dir, port or free_port()
        self.address = f"http://localhost:{self.port}"
        data_dir.mkdir(parents=True, exist_ok=True)
        self._log = data_dir / "printed"
        settings = {"PORT": str(self.port), "DATA_DIR": str(data_dir), "EXAMPLE": "0"} | environment
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(COMMAND, cwd=ROOT, env=without_settings() | settings, stdout=log, stderr=subprocess.STDOUT)
        try:
            self.said = self._wait_until_ready()
            if machines:
                self.wait_for_machines()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Instance:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def printed(self) -> str:
        """All that it has printed up to now."""
        return self._log.read_text(errors="replace")

    @property
    def services(self) -> str:
        """The address of Step Functions, SNS and SQS."""
        return self._said_after("messages")

    @property
    def functions(self) -> str:
        """The address at which functions are invoked."""
        return self._said_after("functions")

    def signed_in(self) -> Client:
        """A caller who is the first user, in a session of its own."""
        client = Client(self.address, timeout_seconds=CALL_SECONDS)
        client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)
        return client

    def wait_for_machines(self) -> None:
        """Until Step Functions answers, whose first caller starts it: before that the product may say 503 to who saves an asynchronous
        workflow, in time for its own caller. Raises InstanceFailed."""
        ends, heard = time.monotonic() + MACHINES_SECONDS, "nothing"
        while (left := ends - time.monotonic()) > 0:
            try:
                return _list_machines(self.services, left)
            except (OSError, http.client.HTTPException) as error:
                heard = repr(error)
            time.sleep(PAUSE_SECONDS)
        raise InstanceFailed(f"no answer of Step Functions, at last {heard}:\n{self.printed}")

    def descendants(self) -> list[int]:
        """Ids of all processes that this one started, and those that they started."""
        parents = {pid: parent for pid in _all_pids() if (parent := _stat(pid, 1)) is not None}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == str(pid)]
        return found[1:]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code after a signal, or that of long ago. Who does not stop in time is killed; raises InstanceFailed then."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise InstanceFailed(f"not stopped {STOP_SECONDS:.0f} seconds after signal {number}:\n{self.printed}") from None

    def _wait_until_ready(self) -> str:
        ends = time.monotonic() + READY_SECONDS
        while time.monotonic() < ends:
            code = self.process.poll()  # before what it printed is read, so that nothing of that is missed
            said, last, _ = self.printed.partition(LAST_LINE)
            if last:
                return f"{said}{last}\n"
            if code is not None:
                raise InstanceFailed(f"exit code {code}:\n{said}")
            time.sleep(PAUSE_SECONDS)
        raise InstanceFailed(f"not ready after {READY_SECONDS:.0f} seconds:\n{self.printed}")

    def _said_after(self, name: str) -> str:
        found = re.search(rf"^  {name} +(\S+)", self.said, re.MULTILINE)
        assert found is not None, self.said
        return found[1]


def _list_machines(address: str, seconds: float) -> None:
    """Whatever the answer is: who gives one is there."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=seconds)
    try:
        connection.request("POST", "/", b"{}", LIST_MACHINES)
        connection.getresponse().read()
    finally:
        connection.close()


def without_settings() -> dict[str, str]:
    """The environment of these tests without what would be settings of an instance."""
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}


def free_port() -> int:
    """One that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def all_gone(pids: list[int], seconds: float) -> bool:
    """Whether none of them runs any more, now or within so many seconds."""
    ends = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > ends:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def is_alive(pid: int) -> bool:
    return _stat(pid, 0) not in (None, "Z")


def _all_pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _stat(pid: int, place: int) -> str | None:
    """What ``/proc`` says of a process in this place after its name (0: state, 1: parent); ``None`` when it is gone.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[place]
    except OSError:
        return None
