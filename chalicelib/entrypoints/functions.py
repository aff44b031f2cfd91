"""What the functions that are no routes do, over the process's product."""

from __future__ import annotations

from chalicelib.bootstrap import product
from chalicelib.errors import Json
from chalicelib.services import sweeping
from chalicelib.services.async_runs import AsyncRuns


def sweep(deadline_ms: int) -> int:
    """Moves on what has to go on though nobody calls, until ``deadline_ms`` (epoch milliseconds); how many steps that were."""
    return sweeping.sweep(product().backend, deadline_ms)


def run_segment(event: dict[str, Json], deadline_ms: int) -> dict[str, Json]:
    """Walks an execution on, until ``deadline_ms`` (epoch milliseconds): see `AsyncRuns.run_segment`."""
    return AsyncRuns(product().backend).run_segment(event, deadline_ms)


def await_signal(event: dict[str, Json]) -> None:
    """Keeps the token of a task that waits: see `AsyncRuns.await_signal`."""
    AsyncRuns(product().backend).await_signal(event)


def publish(event: dict[str, Json]) -> None:
    """Makes the state machine ``{"name", "definition"}`` unless it is there. Raises MachineRefused."""
    product().backend.machines.publish(event["name"], event["definition"])


def go_on(deadline_ms: int) -> int:
    """Starts a new attempt of every open execution without a machine that runs; for a place where machines do not outlive a restart."""
    return sweeping.go_on(product().backend, deadline_ms)
