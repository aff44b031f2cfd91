"""What follows a commit that holds executions: versions are frozen now, and what waits in the queue is started.

An execution in the queue is durable before the call is answered. So a start that fails fails no call: it is logged, and the sweep starts
the execution a little later.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.machines import NO_ANSWER, MachineRefused
from chalicelib.domain.status import QUEUEING
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import mark_frozen
from chalicelib.engine.execution import Execution
from chalicelib.observability import counted, logger, ran
from chalicelib.services import machines
from chalicelib.services.backend import Backend

FIRST_ATTEMPT = 1


def after_commit(backend: Backend, definitions: Definitions, executions: Sequence[Execution]) -> None:
    """These executions have been committed. Where nobody answers one start, the others are not tried: a caller waits."""
    for execution in executions:
        mark_frozen(definitions, execution.workflow)
        _count(execution, backend.clock.now_ms())
    for execution in executions:
        if execution.status is QUEUEING and start(backend, execution) == NO_ANSWER:
            return


def _count(execution: Execution, now_ms: int) -> None:
    """What was started from outside is a trigger; what has ended by now is a run."""
    if not execution.stack and execution.parent_id is None:
        counted("Triggers")
    if execution.status is not QUEUEING:
        ran(execution.id, execution.workflow.key, execution.status, "sync", now_ms - epoch_ms_of(execution.created_at))


def start(backend: Backend, execution: Execution, attempt: int = FIRST_ATTEMPT) -> str | None:
    """``None`` when the attempt was started, else the code of the refusal."""
    try:
        machines.start(backend, execution.workflow, execution.id, attempt)
    except MachineRefused as refused:
        logger.warning("execution %s of %s waits for the sweep: %s", execution.id, execution.workflow.key, refused)
        return refused.code
    return None
