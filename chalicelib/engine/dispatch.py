"""What starting an execution writes: its item, the counter, and on a version's first run the mark that freezes it.

A synchronous execution is written once, when it has ended. An asynchronous one is first a QUEUED item in the same transaction as
what caused it; every attempt to run it begins there.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import COUNTER_SHARDS, counter_key, record_key
from chalicelib.domain.ports import Absent, Equals, Exists, Put, Update
from chalicelib.domain.retention import is_announced, ttl_s
from chalicelib.domain.status import QUEUEING, STARTED
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import Workflow, enabled_key
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.execution import Execution
from chalicelib.engine.touched import hints_of_rows
from chalicelib.engine.unit_of_work import Tagged


def run_writes(definitions: Definitions, executions: Sequence[Execution], token: str, now: str, *, announces: bool = False) -> list[Tagged]:
    """The writes that make the executions exist, the first one first; one counter for all of one version; hints to context rows.

    ``token`` tells them from other executions of the same ids; with ``announces`` those that failed are marked, for the sweep to tell of.
    Raises TooLarge for more than a transaction can hold."""
    by_version: dict[int, list[Execution]] = {}
    for execution in executions:
        by_version.setdefault(execution.workflow.id, []).append(execution)
    tagged = [_item_write(execution, token, now, announces) for execution in executions]
    for same in by_version.values():
        tagged += _version_writes(definitions, same[0].workflow, len(same))
    return tagged + [Tagged(put, "hint") for execution in executions for put in hints_of_rows(execution, now)]


def _item_write(execution: Execution, token: str, now: str, announces: bool) -> Tagged:
    """The execution's item.

    History that ``options.deleteExecutionOnStatus`` does not want is written too, as expired: for a moment it is the witness of the
    commit, and no reader sees it."""
    options, status = execution.workflow.options, execution.status
    ttl = ttl_s(options, execution.id, status, epoch_ms_of(now)) if status not in (QUEUEING, STARTED) else None
    announce = announces and is_announced(options, status, execution.reason, decided=execution.ended_by_end)
    return Tagged(Put("executions", execution.to_item(token, now, ttl, announce=announce), Absent()), "execution")


def _version_writes(definitions: Definitions, workflow: Workflow, count: int) -> list[Tagged]:
    counter = counter_key(workflow.key, workflow.id, secrets.randbelow(COUNTER_SHARDS))
    counted = [Tagged(Update(counter, add={"value": count}), "other")]
    return counted if definitions.is_frozen(workflow) else counted + _freeze(workflow)


def _freeze(workflow: Workflow) -> list[Tagged]:
    """A version that has run is never changed again, and what ran is what is frozen: an edit since it was read is a refusal.

    The record's version goes up, so that an edit under way is refused; the copy's stays, so that two first runs are not."""
    key, unchanged = record_key(WORKFLOWS.uid, workflow.id), Equals({"version": workflow.version})
    if not workflow.enabled:
        return [Tagged(Update(key, set={"frozen": True}, add={"version": 1}, condition=unchanged), "definition")]
    return [
        Tagged(Update(key, set={"frozen": True}, add={"version": 1}, condition=Exists()), "definition"),
        Tagged(Update(enabled_key(workflow.key), set={"frozen": True}, condition=unchanged), "definition"),
    ]


def mark_frozen(definitions: Definitions, workflow: Workflow) -> None:
    """After the commit: this process need not freeze the version again."""
    definitions.snapshot.frozen.add(workflow.id)
