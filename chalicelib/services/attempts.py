"""Attempts: an execution of a state machine is disposable, and another one begins where the jobs say that the last one was.

The number of an attempt is given out by a commit, so two who start one do not start the same; of two attempts only the later may write.
"""

from __future__ import annotations

from chalicelib.domain.keys import execution_key, record_key
from chalicelib.domain.machines import MachineRefused
from chalicelib.domain.ports import Equals, Item, Update
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.observability import logger
from chalicelib.services import machines
from chalicelib.services.backend import Backend
from chalicelib.services.dispatching import FIRST_ATTEMPT


def version_of(backend: Backend, item: Item) -> Workflow | None:
    """The version that an execution runs; ``None`` when it was removed."""
    key = record_key(WORKFLOWS.uid, item["workflowId"])
    found = backend.store.batch_get([key]).get(key)
    return Workflow.of(found["data"] | {"id": item["workflowId"]}, frozen=True, version=found["version"]) if found else None


def last_attempt(item: Item) -> int:
    """The highest number that has been given out."""
    return max(int(item.get("starts") or FIRST_ATTEMPT), int(item["attempt"]))


def next_attempt(backend: Backend, item: Item, workflow: Workflow) -> int | None:
    """The number of the attempt that was started; ``None`` when somebody else was first, or Step Functions did not take it.

    Raises Unavailable."""
    try:
        number = claim(backend, item)
    except Stale:
        return None
    return number if started(backend, item, workflow, number) else None


def claim(backend: Backend, item: Item) -> int:
    """The number of a new attempt, which is this caller's to start. Raises Stale when the execution has moved since, Unavailable."""
    number = last_attempt(item) + 1
    seen = Equals({name: item.get(name) for name in ("status", "attempt", "starts")})
    given = Update(execution_key(item["id"]), set={"starts": number, "triedAt": backend.clock.now_ms()}, condition=seen)
    commit(backend.store, backend.clock, [Tagged(given, "attempt")])
    return number


def started(backend: Backend, item: Item, workflow: Workflow, number: int) -> bool:
    """Whether Step Functions took the attempt; where it did not, the sweep starts another one."""
    try:
        machines.start(backend, workflow, item["id"], number)
    except MachineRefused as refused:
        logger.warning("attempt %s of execution %s was not started: %s", number, item["id"], refused)
        return False
    return True
