"""The HTTP server: gunicorn with several worker processes, as Lambda has several, each with a few threads.

It is started before the database is up: it imports the app meanwhile, then waits for one line of JSON on its standard
input, the environment. The first boot runs in a child, so that no client of a database exists when the workers fork.
The end of standard input means that the parent is gone, and stops the server: nothing is left running.
Source: https://docs.gunicorn.org/en/stable/custom.html
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import get_context
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from local.front import Wsgi, front
from local.functions import functions_of, invocations
from local.sweeper import start_sweeper

KEEP_ALIVE_SECONDS = 65


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn over listening sockets that the parent opened, by their descriptors."""

    def __init__(self, application: Wsgi, listeners: Sequence[int], workers: int) -> None:
        self._application = application
        self._settings: dict[str, Any] = {
            "bind": [f"fd://{listener}" for listener in listeners],
            "workers": workers,
            "worker_class": "local.worker.Worker",
            "threads": 4,
            "keepalive": KEEP_ALIVE_SECONDS,
            "timeout": 60,
            "graceful_timeout": 3,
            "loglevel": "warning",
            "proc_name": "stepbase",
            "limit_request_line": 0,
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        return self._application


def main(product_fd: int, functions_fd: int, workers: int) -> None:
    """Import, take the environment, boot, serve; returns never."""
    from app import app

    line = sys.stdin.readline()
    if not line:
        return
    order = json.loads(line)
    os.environ.update(order["environment"])
    _in_child(_first_boot, order["email"], order["password"])
    start_sweeper()
    threading.Thread(target=_stop_at_end_of, args=(sys.stdin.fileno(), os.getpid()), daemon=True).start()
    application = of_port(front(app), invocations(functions_of(app)), os.environ["AWS_ENDPOINT_URL_LAMBDA"].rpartition(":")[2])
    Server(application, [product_fd, functions_fd], workers).run()


def of_port(product: Wsgi, functions: Wsgi, functions_port: str) -> Wsgi:
    """``functions`` for what came in on their port, else ``product``."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return (functions if environ["SERVER_PORT"] == functions_port else product)(environ, start_response)

    return serve


def _first_boot(email: str, password: str) -> None:
    from local.setup import first_boot

    first_boot(email, password)


def _in_child(work: Callable[..., None], *arguments: str) -> None:
    child = get_context("fork").Process(target=work, args=arguments)
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(child.exitcode)


def _stop_at_end_of(stream: int, pid: int) -> None:
    while os.read(stream, 1024):  # the descriptor, not the file object: a blocked one breaks the interpreter's exit
        pass
    os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
