"""Transaction: a group of nodes whose writes all stay or all go, within a workflow that can go on either way.

Branch 0 runs; when it ends badly everything it wrote is dropped and branch 1 runs, outside of it: to note what happened, to tell somebody.
With ``continueAfterRollback`` the workflow then goes on, otherwise the node fails. Source: https://docs.nocobase.com/workflow/nodes/transaction
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.errors import Json
from chalicelib.nodes.base import Branch, Control, Look, NodeType, Outcome, Ports, steered

RUN, AFTER_ROLLBACK = 0, 1

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "dataSource": {"enum": [None, "main"], "title": "Data source", "description": "There is one: `main`."},
        "continueAfterRollback": {
            "type": ["boolean", "null"],
            "title": "Go on after a rollback",
            "description": "true: the workflow goes on after the branch `after rollback`. false: the node fails.",
        },
    },
}


def prepare(config: dict[str, Json]) -> bool:
    return bool(config.get("continueAfterRollback"))


def steer(goes_on: bool, look: Look, ports: Ports, branches: tuple[int, ...], so_far: Json) -> Control:
    """``{"rolledBack": false}``, or ``{"rolledBack": true, "status": <how the branch ended>}``."""
    result: dict[str, Json] = so_far or {"rolledBack": False}
    if RUN in branches and not result["rolledBack"]:
        ended = yield Branch(RUN, result=result, undo=True)
        if ended == status.PENDING:
            return Outcome(status.ERROR, {"message": "nothing inside a transaction may wait"})
        if ended < 0:
            result = {"rolledBack": True, "status": ended}
    if not result["rolledBack"]:
        return Outcome(status.RESOLVED, result)
    after = (yield Branch(AFTER_ROLLBACK, result=result)) if AFTER_ROLLBACK in branches else status.RESOLVED
    if after != status.RESOLVED:
        return Outcome(after, result)
    return Outcome(status.RESOLVED if goes_on else status.FAILED, result)


NODE = NodeType("transaction", SCHEMA, steered, prepare, branches={RUN: "run", AFTER_ROLLBACK: "after rollback"}, steer=steer)
