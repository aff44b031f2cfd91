"""What a call answers when a workflow it started did not succeed.

An ``end`` node's refusal is the workflow's own word: 400 with its messages. Anything else is a fault: 500 that names the execution and the
node. Source: https://docs.nocobase.com/workflow/nodes/end
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib.domain.record import Row
from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.engine.execution import Execution
from chalicelib.errors import Invalid, Json, TooLarge
from chalicelib.services.call import Answer

# What a refusal tells of the records leaves room for the rest of what is kept for an Idempotency-Key.
MOST_ROWS_BYTES = 250_000
FAILED_MESSAGE = "Workflow on your action failed, please contact the administrator"


def stops(execution: Execution) -> bool:
    """Whether what was to come after this execution is left out."""
    return execution.ended_by_end or execution.status != RESOLVED


def failed(executions: Sequence[Execution]) -> Execution | None:
    """The execution that did not succeed."""
    return next((execution for execution in executions if execution.status is not None and execution.status < 0), None)


def messages_of(executions: Sequence[Execution]) -> list[str]:
    return [message for execution in executions for message in execution.messages]


def refused_answer(bad: Execution, messages: Sequence[str], meta: dict[str, Json]) -> Answer:
    """The answer for an execution that did not succeed."""
    if bad.refusal:
        return Answer(status=400, errors=bad.refusal, meta=meta)
    if bad.ended_by_end:
        text = f'Workflow "{bad.workflow.title}" ended as failed'
        errors: list[Row] = [{"message": message} for message in messages] or [{"message": text, "code": "WORKFLOW_ENDED"}]
        return Answer(status=400, errors=errors, meta=meta)
    return Answer(status=500, errors=[_failure(bad)], meta=meta)


def staying(data: Json) -> Json:
    """``data`` of a refusal after the records were written: what the action answers of them, the ids alone where that is very much."""
    if len(json.dumps(data, ensure_ascii=False).encode()) <= MOST_ROWS_BYTES:
        return data
    return [{"id": row.get("id")} for row in data] if isinstance(data, list) else {"id": data.get("id")}


def note_refusal(execution: Execution, refusal: Invalid | TooLarge) -> None:
    """A unique value that is taken shows only at the commit, as does a unit too large: nothing was written, the history says why.

    The first is a 400 that names the field; the second is no fault of the caller's but the last node's."""
    execution.status, execution.ended_by_end, execution.reason = ERROR, False, refusal.code
    if isinstance(refusal, Invalid):
        execution.refusal = [problem.to_json() for problem in refusal.problems()]
    elif execution.jobs:
        last = execution.jobs[-1]
        last.status, last.result = ERROR, {"message": refusal.message, "code": refusal.code}
    execution.messages.clear()


def _failure(execution: Execution) -> Row:
    job = execution.failed_job
    error: Row = {"message": FAILED_MESSAGE, "code": "WORKFLOW_FAILED", "executionId": execution.id}
    return error | ({"node": job.node.title, "nodeKey": job.node.key} if job else {})
