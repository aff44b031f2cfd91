"""Metrics as CloudWatch reads them out of log lines (embedded metric format): no request, no agent.

In the namespace ``Stepbase``, by ``stage``: ``Triggers``, ``RoundTrips`` (of a call), ``OpenRuns``, ``StuckRuns``, ``SweepDone``,
``DeadLetters``, ``Duration`` (of runs, milliseconds; also by ``mode``); ``Executions`` by ``status``, and by ``mode`` and ``status``.
Powertools' Metrics keeps its values per process, not per call, and would flush those of another thread; the format is a dozen lines.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

NAMESPACE = "Stepbase"
MOST_VALUES = 100  # of one metric in one document
STATUS_NAMES = {None: "queued", 0: "started", 1: "resolved", -1: "failed", -2: "error", -3: "aborted", -4: "canceled", -5: "rejected"}
Mode = Literal["sync", "async"]


@dataclass
class Metrics:
    """Where values go: nowhere while ``stage`` is empty."""

    stage: str = ""


METRICS = Metrics()


@dataclass(frozen=True)
class Run:
    """An execution that has ended; ``status`` by its name, ``duration_ms`` from its start, waits included."""

    id: int
    workflow: str
    status: str
    mode: Mode
    duration_ms: float

    @classmethod
    def of(cls, execution_id: int, workflow: str, status: int | None, mode: Mode, duration_ms: float) -> Run:
        return cls(execution_id, workflow, STATUS_NAMES.get(status, str(status)), mode, max(0.0, duration_ms))


def documents(stage: str, values: Mapping[str, Sequence[float]], runs: Sequence[Run]) -> Iterator[str]:
    """One JSON text for each set of dimensions, of at most a hundred values for each metric."""
    for start in range(0, max(map(len, values.values()), default=0), MOST_VALUES):
        part = {name: list(found[start : start + MOST_VALUES]) for name, found in values.items() if found[start : start + MOST_VALUES]}
        yield _document({"stage": stage}, [["stage"]], part)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    durations: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        counts[run.mode, run.status] += 1
        durations[run.mode].append(round(run.duration_ms, 1))
    for (mode, status), count in counts.items():
        dimensions = {"stage": stage, "mode": mode, "status": status}
        yield _document(dimensions, [["stage", "status"], ["stage", "mode", "status"]], {"Executions": [count]})
    for mode, found in durations.items():
        for start in range(0, len(found), MOST_VALUES):
            part = {"Duration": found[start : start + MOST_VALUES]}
            yield _document({"stage": stage, "mode": mode}, [["stage"], ["stage", "mode"]], part)


def _document(dimensions: Mapping[str, str], sets: Sequence[Sequence[str]], values: Mapping[str, Sequence[float]]) -> str:
    named = [{"Name": name, "Unit": "Milliseconds" if name == "Duration" else "Count"} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": named}
    told = {name: found[0] if len(found) == 1 else found for name, found in values.items()}
    return json.dumps({"_aws": {"Timestamp": int(time.time() * 1_000), "CloudWatchMetrics": [directive]}, **dimensions, **told})
