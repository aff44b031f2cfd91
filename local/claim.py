"""What one running instance has for itself: its port and its data folder. Both are claimed before anything is started.

The lock is the kernel's (``flock``), so a crashed instance leaves no stale one; the pid in the file is only for the
message. Source: https://man7.org/linux/man-pages/man2/flock.2.html
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.settings import Settings

ANOTHER = "Choose another one, for example:  PORT=3001 DATA_DIR=.stepbase-3001 make run"


class Taken(Exception):
    """Somebody else has it; the message says who and what to do."""


@contextmanager
def claimed(settings: Settings) -> Iterator[socket.socket]:
    """The listening socket, while the port and the folder are ours. Raises Taken."""
    with listening(settings.host, settings.port) as listener, locked(settings.data_dir):
        yield listener


@contextmanager
def listening(host: str, port: int, variable: str = "PORT") -> Iterator[socket.socket]:
    """A socket that already listens: the port is ours for good, and early clients wait instead of being refused.

    ``variable``: what sets the port."""
    try:
        listener = socket.create_server((host, port), backlog=512)
    except OSError as error:
        other = ANOTHER if variable == "PORT" else f"Choose another one with {variable}, or none for any that is free."
        raise Taken(f"Port {port} on {host} cannot be used ({error.strerror}). {other}") from None
    with listener:
        yield listener


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold ``data_dir/lock``; the folder is made when missing."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Taken(f"The data folder {data_dir} cannot be used ({error.strerror}). {ANOTHER}") from None
    with os.fdopen(handle, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = file.read().strip() or "unknown"
            raise Taken(f"The data folder {data_dir} is in use by another instance (pid {owner}). {ANOTHER}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
