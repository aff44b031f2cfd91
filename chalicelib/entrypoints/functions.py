"""What the functions that are no routes do, over the process's product.

Every function's process loads this module, and each serves one function: so what only one of them needs is imported where it is used.
"""

from __future__ import annotations

from chalicelib.bootstrap import product
from chalicelib.domain.machines import MachineRefused
from chalicelib.errors import Invalid, Json, Problem


def sweep(deadline_ms: int) -> int:
    """Moves on what has to go on though nobody calls, until ``deadline_ms`` (epoch milliseconds); how many steps that were."""
    from chalicelib.services import sweeping

    return sweeping.sweep(product().backend, deadline_ms)


def run_segment(event: dict[str, Json], deadline_ms: int) -> dict[str, Json]:
    """Walks an execution on, until ``deadline_ms`` (epoch milliseconds): see `AsyncRuns.run_segment`."""
    from chalicelib.services.async_runs import AsyncRuns

    return AsyncRuns(product().backend).run_segment(event, deadline_ms)


def await_signal(event: dict[str, Json]) -> None:
    """Keeps the token of a task that waits: see `AsyncRuns.await_signal`."""
    from chalicelib.services.async_runs import AsyncRuns

    AsyncRuns(product().backend).await_signal(event)


def publish(event: Json) -> dict[str, Json]:
    """Makes the state machine ``{"name", "definition"}`` unless it is there: ``{}``, or ``{"refused": {"code", "message"}}`` with what
    MachineRefused says, since of an error Lambda would tell the name and the message alone. Raises Invalid for another event."""
    given = event if isinstance(event, dict) else {}
    found = [] if isinstance(given.get("name"), str) and given["name"] else [Problem('"name" must be the name of a state machine', "name")]
    if not isinstance(given.get("definition"), dict):
        found.append(Problem('"definition" must be an object in the Amazon States Language', "definition"))
    if found:
        raise Invalid.of(found)
    try:
        product().backend.machines.publish(given["name"], given["definition"])
    except MachineRefused as refused:
        return {"refused": {"code": refused.code, "message": str(refused)}}
    return {}


def receive(event: Json, deadline_ms: int) -> dict[str, Json]:
    """Takes the messages of a delivery: see `Messages.receive`."""
    from chalicelib.services.messages import Messages

    return Messages(product()).receive(event, deadline_ms)


def machine_ended(event: Json) -> bool:
    """Moves on the execution of a machine that ended without it: see `machine_endings.machine_ended`."""
    from chalicelib.services import machine_endings

    return machine_endings.machine_ended(product().backend, event)


def fire(event: Json, deadline_ms: int) -> dict[str, Json]:
    """Starts the workflow whose time has come: see `Firing.fire`."""
    from chalicelib.services import firing

    return firing.Firing(product().backend, event).fire(deadline_ms)


def fire_due(after_ms: int, until_ms: int) -> int:
    """Starts the workflows whose times lie between, for a place where no Scheduler calls `fire`; how many executions that were."""
    from chalicelib.services import firing

    return firing.fire_due(product().backend, after_ms, until_ms)


def run_later(deadline_ms: int) -> int:
    """Runs the calls whose time has come, which the sweep does too where it has the time: see `later_runs.run_due`."""
    from chalicelib.services import later_runs

    return later_runs.run_due(product().backend, deadline_ms)


def go_on(deadline_ms: int) -> int:
    """Starts a new attempt of every open execution without a machine that runs; for a place where machines do not outlive a restart."""
    from chalicelib.services import sweeping

    return sweeping.go_on(product().backend, deadline_ms)
