"""What starting an execution writes: its item, the counter, and on a version's first run the mark that freezes it.

A synchronous execution is written once, when it has ended. An asynchronous one is first a QUEUED item in the same transaction as
what caused it; every attempt to run it begins there.
"""

from __future__ import annotations

import secrets

from chalicelib.domain.ids import time_of
from chalicelib.domain.keys import COUNTER_SHARDS, counter_key, record_key
from chalicelib.domain.ports import Absent, Clock, Equals, Exists, Put, Update
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.system_variables import system_variables
from chalicelib.domain.workflow import Workflow, enabled_key
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.execution import Execution
from chalicelib.engine.interpreter import Interpreter, RunPorts
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Tagged


def walk(execution: Execution, records: UnitRecords, clock: Clock, *, answers: bool, deadline_ms: int | None, timezone: str) -> None:
    """Run the execution in process; its writes are staged in the records' unit. Raises what `Interpreter.run` raises."""
    records.unit.serializable = execution.workflow.options.get("isolation") == "serializable"
    system = system_variables(clock.now_ms(), lambda: records.unit.next_number(), timezone)
    Interpreter(execution, RunPorts(execution, records, answers), clock, system, deadline_ms).run()


def execution_writes(definitions: Definitions, execution: Execution, token: str, now: str) -> list[Tagged]:
    """The writes that make the execution exist; ``token`` tells it from another execution of the same id.

    History that ``options.deleteExecutionOnStatus`` does not want is written too, as expired: for a moment it is the witness of the
    commit, and no reader sees it."""
    workflow = execution.workflow
    kept = execution.status not in (workflow.options.get("deleteExecutionOnStatus") or [])
    ttl = None if kept else time_of(execution.id) // 1000
    counter = counter_key(workflow.key, workflow.id, secrets.randbelow(COUNTER_SHARDS))
    tagged = [
        Tagged(Put("executions", execution.to_item(token, now, ttl), Absent()), "execution"),
        Tagged(Update(counter, add={"value": 1}), "other"),
    ]
    return tagged if definitions.is_frozen(workflow) else tagged + _freeze(workflow)


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
