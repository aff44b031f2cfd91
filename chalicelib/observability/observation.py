"""What one call of a function did: who called, what ran, how often the database was asked, how long it took; told when it is over.

One line for each call (``call``), each walk of an execution (``walk``) and each invocation of another function (``invocation``); and where
metrics are on, what CloudWatch makes metrics of (`metrics`). Everything here does nothing where no call is under way, as in tests.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.observability.correlation import OF_CALL
from chalicelib.observability.lines import logger, told
from chalicelib.observability.metrics import METRICS, Run, documents

Kind = Literal["call", "walk", "invocation"]
MOST_RUNS_TOLD = 20
CURRENT: ContextVar[Observation | None] = ContextVar("stepbase_observation", default=None)
_began = threading.Event()


@dataclass
class Observation:
    """One call of a function. ``notes`` are on each of its lines; ``values`` are its metrics by name."""

    kind: Kind
    notes: dict[str, object]
    round_trips: int = 0
    runs: list[Run] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[str, object] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    began_at: float = field(default_factory=time.perf_counter)

    def end(self, **keys: object) -> None:
        """Keys of the line that is written when the call is over: ``end(status=200)``."""
        self.ended |= keys

    def line(self) -> dict[str, object]:
        runs = [{"id": run.id, "workflow": run.workflow, "status": run.status, "mode": run.mode} for run in self.runs[:MOST_RUNS_TOLD]]
        duration_ms = round((time.perf_counter() - self.began_at) * 1_000, 1)
        line = {**self.ended, "durationMs": duration_ms, "roundTrips": self.round_trips}
        return {**line, "executions": len(self.runs), "runs": runs} if runs else line


@contextmanager
def observed(kind: Kind, function: str, request_id: str) -> Iterator[Observation]:
    """The observation of what is done inside, told at its end. ``function``: its short name (``api_handler``)."""
    cold = not _began.is_set()
    _began.set()
    observation = Observation(kind, {"requestId": request_id or None, "function": function, "coldStart": True if cold else None})
    tokens = CURRENT.set(observation), OF_CALL.set(observation.notes)
    try:
        yield observation
    except BaseException as error:
        observation.end(raised=told(error))
        raise
    finally:
        _tell(observation)
        CURRENT.reset(tokens[0])
        OF_CALL.reset(tokens[1])


def _tell(observation: Observation) -> None:
    logger.info(observation.kind, extra=observation.line())
    if not METRICS.stage:
        return
    if observation.kind == "call":
        observation.values["RoundTrips"].append(observation.round_trips)
    for document in documents(METRICS.stage, observation.values, observation.runs):
        sys.stdout.write(document + "\n")


def note(**keys: object) -> None:
    """Puts the keys on every further line of the call under way, also that of its end: ``note(userId=5)``."""
    observation = CURRENT.get()
    if observation is not None:
        observation.notes.update(keys)


def sent() -> None:
    """Counts a request to the database; from any thread that has the call's context."""
    observation = CURRENT.get()
    if observation is not None:
        with observation.lock:
            observation.round_trips += 1


def counted(name: str, value: float = 1) -> None:
    """Notes a value of a metric: ``counted("Triggers")``, ``counted("OpenRuns", 12)``."""
    observation = CURRENT.get()
    if observation is not None:
        with observation.lock:
            observation.values[name].append(value)


def ran(execution_id: int, workflow: str, status: int | None, mode: Literal["sync", "async"], duration_ms: float) -> None:
    """Notes that an execution has ended, and how; after the commit that says so."""
    observation = CURRENT.get()
    if observation is not None:
        with observation.lock:
            observation.runs.append(Run.of(execution_id, workflow, status, mode, duration_ms))
