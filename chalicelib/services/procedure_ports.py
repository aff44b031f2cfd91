"""What a procedure reaches while it runs: records, workflows, and the world outside, all in the call's unit of work."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from chalicelib.domain.instants import iso_text
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution
from chalicelib.engine.ports import left_of
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.runner import Runner
from chalicelib.errors import Invalid, Json
from chalicelib.nodes.base import Child, Records
from chalicelib.services.session import Caller


@dataclass
class ProcedureRun:
    """The `ProcedurePorts` of one walk. ``seed`` names the call in the keys of its effects."""

    unit_records: UnitRecords
    runner: Runner
    caller: Caller
    seed: str
    messages: list[str] = field(default_factory=list)
    _effects: int = 0

    def __post_init__(self) -> None:
        # So that what the procedure writes sets off the workflows that wait for it.
        self.unit_records.runner = self.runner

    @property
    def records(self) -> Records:
        return self.unit_records

    def effect(self, kind: str, payload: dict[str, Json]) -> Json:
        """The answer from outside. A walk that starts again and asks the same gets the same answer, without a second effect."""
        self._effects += 1
        digest = hashlib.sha256(json.dumps([kind, payload], sort_keys=True).encode()).hexdigest()[:16]
        left_ms = left_of(self.runner.deadline_ms, self.runner.clock)
        return self.runner.effects.perform(kind, payload, f"{self.seed}.{self._effects}.{digest}", left_ms)

    def run_workflow(self, key: str, data: Json) -> Child:
        workflow = self._enabled(key)
        if not workflow.sync:
            raise Invalid(f'workflow "{key}" is asynchronous: start it with start_workflow', path="workflow")
        execution = self._execution(workflow, data)
        self.unit_records.unit.ran.append(execution)
        self.runner.walk(execution, self.unit_records, answers=True)
        self.messages += execution.messages
        return Child(execution.id, execution.status or 0, execution.output)

    def start_workflow(self, key: str, data: Json) -> int:
        workflow = self._enabled(key)
        if workflow.sync:
            raise Invalid(f'workflow "{key}" is synchronous: run it with run_workflow', path="workflow")
        execution = self._execution(workflow, data)
        execution.status = QUEUEING
        self.unit_records.unit.queued += (execution,)
        return execution.id

    def _enabled(self, key: str) -> Workflow:
        workflow = self.unit_records.definitions.workflow_now(key)
        if workflow is None:
            raise Invalid(f'there is no enabled workflow with the key "{key}"', path="workflow", code="WORKFLOW_NOT_FOUND")
        return workflow

    def _execution(self, workflow: Workflow, data: Json) -> Execution:
        context: dict[str, Json] = {"data": data, "user": self.caller.row(), "roleName": self.caller.role_name}
        return Execution(self.unit_records.unit.next_number(), workflow, context, iso_text(self.runner.clock.now_ms()))
