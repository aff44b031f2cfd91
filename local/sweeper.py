"""The sweep on this machine: what a schedule does on AWS every minute, in one process beside the workers, every second.

It fires schedules too, since none but AWS's own Scheduler does. It begins with a new attempt of every open execution: state machines do
not outlive a restart here.

The process is forked from the server before there are workers or clients of the database. It reads a pipe that nobody writes to: the
pipe ends with the server, however that ends, and the sweeper with it. Between the two stands a process that only waits, and forks the
sweeper again should something else end it, as gunicorn does with workers.
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
MOST_BEHIND_MS = 300_000
LATER_MS = 40_000

log = logging.getLogger("stepbase.local")


def start_sweeper() -> None:
    """Sweep in a process of its own until this one is gone."""
    end, _kept_open = os.pipe()
    if os.fork():
        os.close(end)
        return
    os.close(_kept_open)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to stop
    while pid := os.fork():
        _, how = os.waitpid(pid, 0)
        if how == 0:
            os._exit(0)
        log.warning("the sweeper ended (%s)", os.waitstatus_to_exitcode(how))
        time.sleep(PAUSE_SECONDS)
    _sweep_until_end_of(end)


def _sweep_until_end_of(end: int) -> None:
    """Sweep for as long as the server is there."""
    threading.Thread(target=_stop_at_end_of, args=(end,), daemon=True).start()
    _began()
    times = Times(_now_ms())
    while True:
        times.fire()
        if not _swept():
            time.sleep(PAUSE_SECONDS)


class Times:
    """What a time brings: schedules, which EventBridge Scheduler fires on AWS, and calls that were to run later.

    Times of schedules that were missed while nobody ran are not made up for."""

    def __init__(self, now_ms: int) -> None:
        self._fired_ms = now_ms

    def fire(self) -> None:
        """Do what has become due since the last time that this went well; of schedules' times those of the last five minutes at most."""
        from chalicelib.entrypoints.functions import fire_due, run_later

        now_ms = _now_ms()
        try:
            fire_due(max(self._fired_ms, now_ms - MOST_BEHIND_MS), now_ms)
            self._fired_ms = now_ms
            run_later(now_ms + LATER_MS)
        except Unavailable:  # the database is starting or stopping
            return
        except Exception:
            log.exception("what is due could not be done")


def _now_ms() -> int:
    return int(time.time() * 1000)


def _stop_at_end_of(stream: int) -> None:
    os.read(stream, 1)
    os._exit(0)  # a job's slice may be cut anywhere: the next one does it again


def _began() -> None:
    from chalicelib.entrypoints.functions import go_on

    try:
        go_on(_now_ms() + BEGIN_MS)
    except Exception:  # the sweep finds them too, a little later
        log.exception("open executions wait for the sweep")


def _swept() -> bool:
    """Whether something moved; then there is likely more."""
    from chalicelib.entrypoints.functions import sweep

    try:
        return sweep(_now_ms() + AT_ONCE_MS) > 0
    except Unavailable:  # the database is starting or stopping
        return False
    except Exception:
        log.exception("the sweep failed")
        return False
