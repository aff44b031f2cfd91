"""``make run``: the database, the app over HTTP, the first user and the example, in one command; Ctrl-C stops it all.

Order matters for speed: the server process imports the app while the database starts, and gets its environment when
both are there. Children live in sessions of their own, so Ctrl-C reaches only this process, which stops them in order.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import NamedTuple

from local.claim import Taken, claimed, listening
from local.client import Client, Refused
from local.database import Database, create_tables, start_database
from local.example import load
from local.ready import ready_block
from local.settings import BadSetting, Settings, app_environment, kept_secret, message_environment
from local.stepfunctions import OnDemand

READY_SECONDS = 120.0
STOP_SECONDS = 8.0
PAUSE_SECONDS = 0.5
EXIT_SETTING = 2
EXIT_BROKEN = 1
EXIT_INTERRUPTED = 130


class Stopped(Exception):
    """A signal asked us to stop; ``code`` is the exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Broken(Exception):
    """The server did not come up, or ended by itself."""


def main() -> int:
    """Exit codes: 0 stopped by SIGTERM, 130 by Ctrl-C, 2 a setting, port or folder that cannot be used, 1 broken."""
    began = time.monotonic()
    try:
        _stop_on_signals()
        settings = Settings.read(os.environ)
        with (
            claimed(settings) as listener,
            listening("127.0.0.1", settings.functions_port, "FUNCTIONS_PORT") as functions,
            listening("127.0.0.1", settings.services_port, "SERVICES_PORT") as machines,
            _served(settings, Sockets(listener, functions, machines)) as (server, database),
        ):
            ports = functions.getsockname()[1], machines.getsockname()[1]
            _say(ready_block(settings, database, _load_example(settings), time.monotonic() - began, *ports))
            raise Broken(f"The server ended by itself (exit code {_ended(server)}).")
    except Stopped as stopped:
        _say("Stopped.")
        return stopped.code
    except (BadSetting, Taken) as error:
        print(error, file=sys.stderr)
        return EXIT_SETTING
    except Broken as error:
        print(error, file=sys.stderr)
        return EXIT_BROKEN


def _stop_on_signals() -> None:
    """Turn the first stop signal into Stopped; more of them do not disturb the stopping."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, _frame: FrameType | None) -> None:
        for other in signals:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(EXIT_INTERRUPTED if number == signal.SIGINT else 0)

    for number in signals:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
            signal.signal(number, stop)


class Sockets(NamedTuple):
    """Who listens: the product, its functions, and the services that moto stands for (Step Functions, SNS, SQS)."""

    product: socket.socket
    functions: socket.socket
    machines: socket.socket


@contextmanager
def _served(settings: Settings, sockets: Sockets) -> Iterator[tuple[subprocess.Popen[str], Database]]:
    """Server and database, running and answering; the server stops first. Raises Broken."""
    with ExitStack() as stack:
        server = _start_server(settings, sockets)
        stack.callback(_stop_server, server)
        database = start_database(settings.data_dir)
        stack.callback(database.stop)
        stack.callback(_stop_server, server)
        stack.callback(OnDemand(sockets.machines, sockets.functions.getsockname()[1], settings.topics).stop)
        create_tables(database.endpoint)
        _send_environment(server, settings, database.endpoint, sockets)
        _wait_until_ready(server, settings)
        yield server, database


def _start_server(settings: Settings, sockets: Sockets) -> subprocess.Popen[str]:
    descriptors = [sockets.product.fileno(), sockets.functions.fileno()]
    command = [sys.executable, "-m", "local.server", *map(str, descriptors), str(settings.workers)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, pass_fds=descriptors, start_new_session=True)


def _send_environment(server: subprocess.Popen[str], settings: Settings, endpoint: str, sockets: Sockets) -> None:
    ports = (sockets.machines.getsockname()[1], sockets.functions.getsockname()[1])
    order = {
        "environment": app_environment(endpoint, kept_secret(settings.data_dir), settings.data_dir, *ports)
        | message_environment(ports[0], settings.topics),
        "email": settings.email,
        "password": settings.password,
    }
    assert server.stdin is not None
    try:
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()  # and it stays open: its end tells the server that we are gone
    except BrokenPipeError:
        raise Broken("The server could not start; the reason is above.") from None


def _wait_until_ready(server: subprocess.Popen[str], settings: Settings) -> None:
    """Until ``app:getInfo`` answers. Raises Broken."""
    client = Client(settings.address, timeout_seconds=1.0)
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and server.poll() is None:
        try:
            client.call("app:getInfo")
        except OSError:  # nobody accepts yet
            time.sleep(0.05)
        except Refused as error:
            raise Broken(f"The server is up but app:getInfo answers {error}.") from None
        else:
            return
    raise Broken("The server did not come up; the reason is above.")


def _stop_server(server: subprocess.Popen[str]) -> None:
    """Ask it and its workers to finish, then make sure."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    if server.stdin is not None and not server.stdin.closed:
        with suppress(BrokenPipeError):  # an environment that was never read is still in the buffer
            server.stdin.close()


def _ended(server: subprocess.Popen[str]) -> int:
    """Its exit code, once there is one. Waits in short steps: a signal that another thread takes does not wake a wait without an end."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            return server.wait(PAUSE_SECONDS)


def _load_example(settings: Settings) -> str:
    """A line for the ready block; a part of the example that is refused does not stop the product."""
    if not settings.example:
        return "not loaded (EXAMPLE=0)"
    client = Client(settings.address)
    try:
        client.sign_in(settings.email, settings.password)
        made = load(client)
    except Refused as error:
        return f"not loaded: {error}"
    return f"loaded: {', '.join(made)}" if made else "already there"


def _say(text: str) -> None:
    print(text, flush=True)
