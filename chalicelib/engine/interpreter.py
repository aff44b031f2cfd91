"""Walks a workflow's tree in process, node by node, inside one unit of work.

Every node runs in a savepoint. A node that fails or raises ends its line; when no branching node above takes that, it ends the
execution, and every record write of the run is dropped (its history stays). An ``end`` node is a decision: what was written before
it stands, with either status. Source of the walk: https://docs.nocobase.com/workflow/development/instruction
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.graph import Node
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import Clock, StoreUnavailable
from chalicelib.domain.status import ABORTED, ERROR, RESOLVED, execution_status
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution, Job, is_larger
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import AppError, Conflict, DeadlineExceeded, Json, Unavailable
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Outcome, Records
from chalicelib.observability import logger

MOST_RESULT_BYTES = 8 * 350_000
PASSED_ON = (Conflict, DeadlineExceeded, Unavailable, StoreUnavailable)


class _Ended(Exception):
    """An ``end`` node stopped the whole execution."""


class _TimedOut(Exception):
    """The workflow's own ``options.timeout`` has passed."""


@dataclass
class RunPorts:
    """The `Ports` of one run. ``answers``: a call waits for messages."""

    execution: Execution
    unit_records: UnitRecords
    answers: bool = True

    @property
    def records(self) -> Records:
        return self.unit_records

    def respond(self, message: str) -> bool:
        if self.answers:
            self.execution.messages.append(message)
        return self.answers

    def set_output(self, value: Json) -> None:
        self.execution.output = value

    def assign(self, node_key: str, value: Json) -> bool:
        target = next((job.node for job in reversed(self.execution.jobs) if job.node.key == node_key), None)
        if target is None:
            return False
        last = self.execution.jobs[-1]
        number = len(self.execution.jobs) + 1
        job_id = f"{self.execution.id}-{number}"
        self.execution.jobs.append(Job(job_id, f"{target.key}~{number}", target, last.id, RESOLVED, value, last.ended_at, last.ended_at))
        self.execution.results[node_key] = value
        return True


class Interpreter:
    """One walk of one execution. ``deadline_ms`` is when the call gives up (epoch milliseconds)."""

    def __init__(
        self, execution: Execution, ports: RunPorts, clock: Clock, system: Mapping[str, Json], deadline_ms: int | None = None
    ) -> None:
        self._execution = execution
        self._graph = execution.workflow.graph
        self._prepared = prepared_nodes(execution.workflow)
        self._ports = ports
        self._unit = ports.unit_records.unit
        self._clock = clock
        self._deadline_ms = deadline_ms
        timeout_ms = execution.workflow.options.get("timeout")
        self._expires_ms = clock.now_ms() + timeout_ms if timeout_ms else None
        self._scope: dict[str, Json] = {
            "$context": execution.context,
            "$jobsMapByNodeKey": execution.results,
            "$system": system,
            "$scopes": {},
            "$env": {},
        }

    def run(self) -> None:
        """Walk from the head; sets the execution's status, jobs, output and messages.

        Raises DeadlineExceeded, and what the unit of work passes on (Conflict, Unavailable)."""
        before = self._unit.savepoint()
        execution = self._execution
        try:
            status = self._walk(self._graph.head, ())
        except _Ended:
            execution.ended_by_end = True
            status = execution.jobs[-1].status
        except _TimedOut:
            execution.reason, status = "timeout", ABORTED
        execution.status = execution_status(status)
        if execution.status < 0 and not execution.ended_by_end:
            self._unit.rollback(before)

    def _walk(self, head: Node | None, location: tuple[str, ...]) -> int:
        """Walk one line; the status it ends with."""
        for node in self._graph.line(head):
            status = self._run_node(node, location)
            if status != RESOLVED:
                return status
        return RESOLVED

    def _run_node(self, node: Node, location: tuple[str, ...]) -> int:
        self._check_deadline(node)
        started = iso_text(self._clock.now_ms())
        savepoint = self._unit.savepoint()
        outcome = self._outcome(node)
        if outcome.status < 0 and not outcome.ends:
            self._unit.rollback(savepoint)
        self._add_job(node, location, outcome, started)
        if outcome.ends:
            raise _Ended
        if outcome.status == RESOLVED and outcome.branch is not None:
            head = self._graph.branch(node, outcome.branch)
            if head is not None:
                return self._walk(head, (*location, f"{node.key}~{outcome.branch}"))
        return outcome.status

    def _outcome(self, node: Node) -> Outcome:
        # A copy: a result that holds the map of results must not hold itself.
        scope = self._scope | {"$jobsMapByNodeKey": dict(self._execution.results)}
        try:
            outcome = NODE_TYPES[node.type].run(self._prepared[node.id], scope, self._ports)
            return _bounded(outcome)
        except PASSED_ON:
            raise
        except AppError as error:
            return Outcome(ERROR, {"message": error.message, "code": error.code, "errors": [p.to_json() for p in error.problems()]})
        except Exception:
            # Ours, not the user's: the run ends as an error that can be found in the log, never as a bare 500 without history.
            logger.exception("node %s (%s) of workflow %s raised", node.key, node.type, self._execution.workflow.key)
            return Outcome(ERROR, {"message": "internal error in this node", "code": "INTERNAL"})

    def _add_job(self, node: Node, location: tuple[str, ...], outcome: Outcome, started: str) -> None:
        jobs = self._execution.jobs
        job_id = f"{self._execution.id}-{len(jobs) + 1}"
        key = f"{'/'.join(location)}#{node.key}"
        upstream = jobs[-1].id if jobs else None
        ended = iso_text(self._clock.now_ms())
        jobs.append(Job(job_id, key, node, upstream, outcome.status, outcome.result, started, ended, outcome.log))
        self._execution.results[node.key] = outcome.result

    def _check_deadline(self, node: Node) -> None:
        if self._expires_ms is not None and self._clock.now_ms() > self._expires_ms:
            raise _TimedOut
        if self._deadline_ms is not None and self._clock.now_ms() > self._deadline_ms:
            raise DeadlineExceeded(
                f'the workflow "{self._execution.workflow.title}" ran out of time before node "{node.title}"; nothing was written',
                data={"executionId": self._execution.id},
            )


def _bounded(outcome: Outcome) -> Outcome:
    """The outcome, or an error when its result is larger than a job may hold: results of results grow like powers of two."""
    if not is_larger(outcome.result, MOST_RESULT_BYTES):
        return outcome
    message = f"the result of this node has more than {MOST_RESULT_BYTES} bytes"
    return Outcome(ERROR, {"message": message, "code": "RESULT_TOO_LARGE"})


def prepared_nodes(workflow: Workflow) -> dict[int, Json]:
    """Each node's config as its ``run`` takes it, made once for a parsed workflow."""
    prepared: dict[int, Json] | None = workflow.__dict__.get("_prepared")
    if prepared is None:
        prepared = {node.id: NODE_TYPES[node.type].prepare(node.config) for node in workflow.graph.nodes.values()}
        workflow.__dict__["_prepared"] = prepared
    return prepared
