"""Subflow: run another workflow and go on with what it gives out.

The other workflow may be disabled, and gets ``context`` as its ``$context.data``; the result is what its ``output`` node gave. A
synchronous one runs at once, in the same unit of work; when it fails, so does the node, and what it wrote is dropped. An asynchronous one,
which only an asynchronous workflow may call, is an execution of its own, and the node waits for its end. Source: https://docs.nocobase.com/workflow/nodes/subflow
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.template import Template
from chalicelib.errors import Json
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope, rendered

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["workflow"],
    "properties": {
        "workflow": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{1,64}$",
            "title": "Workflow",
            "description": "The key of the workflow to run: its enabled version, else its current one.",
        },
        "context": {"title": "Data", "description": "What it finds in `$context.data`: any value, templates in it replaced."},
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The output of the other workflow; FAILED, with its execution and status, when it did not succeed; PENDING until it ends."""
    config = rendered(prepared, scope)
    child = ports.run_workflow(config["workflow"], config.get("context"))
    if child.status == status.PENDING:
        return Outcome(status.PENDING, meta={"executionId": child.id})
    return outcome_of(config["workflow"], child.id, child.status, child.output)


def outcome_of(key: str, execution_id: int, ended_with: int, output: Json) -> Outcome:
    """What the node makes of an execution that has ended."""
    if ended_with == status.RESOLVED:
        return Outcome(status.RESOLVED, output, meta={"executionId": execution_id})
    result = {"message": f'workflow "{key}" did not succeed', "executionId": execution_id, "status": ended_with}
    return Outcome(status.FAILED, result, meta={"executionId": execution_id})


NODE = NodeType("subflow", SCHEMA, run, waits=True, also_sync=True)
