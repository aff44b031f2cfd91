"""``flow_nodes:test``: run one node by itself while it is being written, with nothing before it.

Only types that change nothing can be tested; what they would write or say is never kept.
Source: https://docs.nocobase.com/workflow/development/instruction (test)
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.status import ERROR
from chalicelib.domain.system_variables import system_variables
from chalicelib.engine.node_validation import problems_of_node
from chalicelib.errors import Invalid, Json, NotFound, TooLarge
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Child, Definitions, NodeType, Outcome, Records, Scope
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import Editing, view
from chalicelib.services.versions import AREA, collection_finder


@dataclass(frozen=True)
class _TestPorts:
    """Records as they are; nobody hears what the node says."""

    records: Records
    now_ms: int
    timezone: str
    execution_id: int = 0
    workflow_id: int = 0
    node_id: int = 0
    job_key: str = ""

    def effect(self, kind: str, payload: dict[str, Json]) -> Json:
        raise Invalid("nothing is sent while a node is tested", path="type", code="NODE_NOT_TESTABLE")

    def run_workflow(self, key: str, data: Json) -> Child:
        raise Invalid("no other workflow is run while a node is tested", path="type", code="NODE_NOT_TESTABLE")

    def respond(self, message: str) -> bool:
        return False

    def set_output(self, value: Json) -> None:
        return None

    def assign(self, node_key: str, value: Json) -> bool:
        return False


class NodeTests:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def test(self, call: Call) -> Answer:
        """``{"type", "config"}`` → ``{"status", "result", "log"?}``. Templates find nothing in the context. Raises Invalid."""

        def act(editing: Editing) -> Answer:
            values = call.values()
            config = {} if values.get("config") is None else values["config"]
            found = problems_of_node({"type": values.get("type"), "config": config}, Definitions(collection_finder(editing)))
            if found:
                raise Invalid.of(found)
            node_type = NODE_TYPES[values["type"]]
            if not node_type.testable:
                raise Invalid(f'a node of type "{node_type.name}" cannot be tested by itself', path="type", code="NODE_NOT_TESTABLE")
            system = system_variables(self._backend.clock.now_ms(), editing.unit.next_number, call.timezone)
            scope = {"$context": {}, "$jobsMapByNodeKey": {}, "$system": system, "$scopes": {}, "$env": {}}
            outcome = _outcome(node_type, config, scope, _TestPorts(editing.records, self._backend.clock.now_ms(), call.timezone))
            log = {"log": outcome.log} if outcome.log is not None else {}
            return Answer({"status": outcome.status, "result": outcome.result, **log})

        return view(self._backend, call, AREA, act)


def _outcome(node_type: NodeType, config: dict[str, Json], scope: Scope, ports: _TestPorts) -> Outcome:
    try:
        return node_type.run(node_type.prepare(config), scope, ports)
    except (Invalid, NotFound, TooLarge) as error:
        return Outcome(ERROR, {"message": error.message, "code": error.code, "errors": [p.to_json() for p in error.problems()]})
