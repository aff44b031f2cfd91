"""Removes the state machines that nobody needs, once an hour: an account may have ten thousand, and every edit of an enabled workflow and
every release that compiles it otherwise makes another one.

Needed are those that an enabled version would be started with, all of a version with an open execution, and young ones: a machine is made
before its workflow is seen as enabled. Should one be removed that was wanted after all, the next start makes it again.
Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
"""

from __future__ import annotations

import re

from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import EXECUTIONS
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import Workflow
from chalicelib.services.backend import Backend
from chalicelib.services.machines import HASH_DIGITS, machine_of
from chalicelib.services.open_runs import PARTITIONS
from chalicelib.services.periods import is_due

PAUSE_MS = 3_600_000
MOST_REMOVED = 50


def remove_machines(backend: Backend, deadline_ms: int) -> list[str]:
    """The names of the machines that were removed, fifty at most; none when that was done within the last hour.

    Raises MachineRefused, StoreUnavailable, Unavailable."""
    if not is_due(backend, "machines", PAUSE_MS):
        return []
    now_ms = backend.clock.now_ms()
    versions = {
        name: version
        for name, made_ms in backend.machines.names().items()
        if now_ms - made_ms > PAUSE_MS and (version := _version(backend.stage, name)) is not None
    }
    old = _unwanted(backend, versions)
    running = _running(backend, deadline_ms) if old else None
    if running is None:
        return []
    removed: list[str] = []
    for name in old:
        if len(removed) == MOST_REMOVED or backend.clock.now_ms() >= deadline_ms:
            break
        if versions[name] not in running:
            backend.machines.remove(name)
            removed.append(name)
    return removed


def _version(stage: str, name: str) -> int | None:
    """The version that the machine is of; ``None`` for another stage's, or one that is not ours."""
    found = re.fullmatch(rf"{re.escape(stage)}-([0-9]+)-[0-9a-f]{{{HASH_DIGITS}}}", name)
    return int(found[1]) if found else None


def _unwanted(backend: Backend, versions: dict[str, int]) -> list[str]:
    """The machines that no enabled version would be started with now."""
    keys = {version: record_key(WORKFLOWS.uid, version) for version in set(versions.values())}
    found = backend.store.batch_get(list(keys.values()))
    wanted = set()
    for version, key in keys.items():
        workflow = Workflow.of(found[key]["data"] | {"id": version}) if key in found else None
        if workflow is not None and workflow.enabled and workflow.needs_machine:
            wanted.add(machine_of(backend, workflow)[0])
    return sorted(versions.keys() - wanted)


def _running(backend: Backend, deadline_ms: int) -> set[int] | None:
    """The versions that open executions run; ``None`` when there was no time to see them all."""
    found: set[int] = set()
    for number in range(PARTITIONS):
        start = None
        while True:
            if backend.clock.now_ms() >= deadline_ms:
                return None
            page = backend.store.query(EXECUTIONS, f"open#{number}", index="byOpen", start=start)
            found |= {item["workflowId"] for item in page.items}
            start = page.next
            if start is None:
                break
    return found
