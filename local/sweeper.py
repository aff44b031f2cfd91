"""The sweep on this machine: what a schedule does on AWS every minute, in one process beside the workers, every second.

It begins with a new attempt of every open execution: state machines do not outlive a restart here.

The process is forked from the server before there are workers or clients of the database. It reads a pipe that nobody writes to: the
pipe ends with the server, however that ends, and the sweeper with it.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

from chalicelib.errors import Unavailable

PAUSE_SECONDS = 1.0
AT_ONCE_MS = 6_000  # the last four seconds of it are a slice's reserve
BEGIN_MS = 60_000

log = logging.getLogger("stepbase.local")


def start_sweeper() -> None:
    """Sweep in a process of its own until this one is gone."""
    end, _kept_open = os.pipe()
    if os.fork():
        os.close(end)
        return
    os.close(_kept_open)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to stop
    threading.Thread(target=_stop_at_end_of, args=(end,), daemon=True).start()
    _began()
    while True:
        if not _swept():
            time.sleep(PAUSE_SECONDS)


def _stop_at_end_of(stream: int) -> None:
    os.read(stream, 1)
    os._exit(0)  # a job's slice may be cut anywhere: the next one does it again


def _began() -> None:
    from chalicelib.entrypoints.functions import go_on

    try:
        go_on(int(time.time() * 1000) + BEGIN_MS)
    except Exception:  # the sweep finds them too, a little later
        log.exception("open executions wait for the sweep")


def _swept() -> bool:
    """Whether something moved; then there is likely more."""
    from chalicelib.entrypoints.functions import sweep

    try:
        return sweep(int(time.time() * 1000) + AT_ONCE_MS) > 0
    except Unavailable:  # the database is starting or stopping
        return False
    except Exception:
        log.exception("the sweep failed")
        return False
