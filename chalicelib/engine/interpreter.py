"""Walks a workflow's tree in process, node by node, inside one unit of work.

Every node runs in a savepoint. A node that fails or raises ends its line; when no branching node above takes that, it ends the
execution, and every record write of the run is dropped (its history stays). An ``end`` node is a decision: what was written before
it stands, with either status. Source of the walk: https://docs.nocobase.com/workflow/development/instruction
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.domain.graph import Node
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import Clock, StoreUnavailable
from chalicelib.domain.status import ABORTED, ERROR, PENDING, RESOLVED, execution_status
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution, Job, is_larger
from chalicelib.engine.ports import RunPorts
from chalicelib.errors import AppError, Conflict, DeadlineExceeded, Json, Unavailable
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Branch, Look, Outcome, Steer
from chalicelib.observability import logger

MOST_RESULT_BYTES = 8 * 350_000
PASSED_ON = (Conflict, DeadlineExceeded, Unavailable, StoreUnavailable)


class Interruption(Exception):
    """Stops the walk from inside a node; no outcome of that node."""


class Ended(Interruption):
    """An ``end`` node stopped the whole execution."""


class Exited(Interruption):
    """A branch ended badly and takes the whole execution with it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class TimedOut(Interruption):
    """The workflow's own ``options.timeout`` has passed."""


@dataclass(frozen=True)
class Place:
    """Where in the tree a walk is: the branches above it, and what those nodes put into ``$scopes``."""

    location: tuple[str, ...] = ()
    scopes: Mapping[str, Json] | None = None

    def job_key(self, node: Node) -> str:
        return f"{'/'.join(self.location)}#{node.key}"

    def within(self, node: Node, branch: Branch) -> Place:
        step = f"{node.key}~{branch.index}" if branch.round is None else f"{node.key}.{branch.round}"
        scopes = dict(self.scopes or {})
        if branch.variables is not None:
            scopes |= {node.key: branch.variables, str(node.id): branch.variables}
        return Place((*self.location, step), scopes)


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
            status = self._walk(self._graph.head, Place())
        except Ended:
            execution.ended_by_end = True
            status = execution.jobs[-1].status
        except Exited as exited:
            status = exited.status
        except TimedOut:
            execution.reason, status = "timeout", ABORTED
            for job in execution.jobs:
                job.status = ABORTED if job.status == PENDING else job.status
        self._check_time("it came to its end")
        execution.status = execution_status(status)
        if execution.status < 0 and not execution.ended_by_end:
            self._unit.rollback(before)

    def _walk(self, head: Node | None, place: Place) -> int:
        """Walk one line; the status it ends with."""
        for node in self._graph.line(head):
            status = self._run_node(node, place)
            if status != RESOLVED:
                return status
        return RESOLVED

    def _run_node(self, node: Node, place: Place) -> int:
        self._check_deadline(node)
        started = iso_text(self._clock.now_ms())
        savepoint = self._unit.savepoint()
        steer = NODE_TYPES[node.type].steer
        if steer is not None:
            return self._steer(node, place, steer, started)
        outcome = self._outcome(node, place, lambda scope: NODE_TYPES[node.type].run(self._prepared[node.id], scope, self._ports))
        if outcome.status < 0 and not outcome.ends:
            self._unit.rollback(savepoint)
        self._add_job(node, place, outcome, started)
        if outcome.ends:
            raise Ended
        return self._after(node, place, outcome)

    def _after(self, node: Node, place: Place, outcome: Outcome) -> int:
        """Walk the branch that the node chose; the status with which the node's line goes on."""
        if outcome.branch is None or (head := self._graph.branch(node, outcome.branch)) is None:
            return outcome.status
        status = self._walk(head, place.within(node, Branch(outcome.branch)))
        if status == RESOLVED:
            return outcome.status
        if outcome.exits_on_failure and status != PENDING:
            raise Exited(status)
        return status

    def _steer(self, node: Node, place: Place, steer: Steer, started: str) -> int:
        """Run a node that walks branches of its choice, one after the other. Its job stands before theirs."""
        job = self._add_job(node, place, Outcome(PENDING), started)
        indexes = tuple(head.branch_index or 0 for head in self._graph.branches(node))

        def drive(scope: Mapping[str, Json]) -> Outcome:
            control = steer(self._prepared[node.id], self._look_from(node, place), self._ports, indexes, None)
            try:
                branch = next(control)
                while True:
                    job.result = self._execution.results[node.key] = branch.result
                    branch = control.send(self._walk_branch(node, branch, place))
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome
            finally:
                control.close()

        outcome = self._outcome(node, place, drive)
        job.status, job.result, job.meta, job.log = outcome.status, outcome.result, outcome.meta, outcome.log
        job.ended_at = iso_text(self._clock.now_ms())
        self._execution.results[node.key] = outcome.result
        return outcome.status

    def _look_from(self, node: Node, place: Place) -> Look:
        """The scope that the node sees, whenever it asks."""

        def look(variables: dict[str, Json] | None) -> Mapping[str, Json]:
            return self._scope_at(place if variables is None else place.within(node, Branch(0, variables=variables)))

        return look

    def _walk_branch(self, node: Node, branch: Branch, place: Place) -> int:
        head = self._graph.branch(node, branch.index)
        savepoint = self._unit.savepoint()
        status = self._walk(head, place.within(node, branch))
        if status < 0 and branch.undo:
            self._unit.rollback(savepoint)
        return status

    def _outcome(self, node: Node, place: Place, run: Callable[[Mapping[str, Json]], Outcome]) -> Outcome:
        self._ports.enter(node, place.job_key(node))
        try:
            return _bounded(run(self._scope_at(place)))
        except (Interruption, *PASSED_ON):
            raise
        except AppError as error:
            return Outcome(ERROR, {"message": error.message, "code": error.code, "errors": [p.to_json() for p in error.problems()]})
        except Exception:
            # Ours, not the user's: the run ends as an error that can be found in the log, never as a bare 500 without history.
            logger.exception("node %s (%s) of workflow %s raised", node.key, node.type, self._execution.workflow.key)
            return Outcome(ERROR, {"message": "internal error in this node", "code": "INTERNAL"})

    def _scope_at(self, place: Place) -> Mapping[str, Json]:
        # A copy: a result that holds the map of results must not hold itself.
        return self._scope | {"$jobsMapByNodeKey": dict(self._execution.results), "$scopes": place.scopes or {}}

    def _add_job(self, node: Node, place: Place, outcome: Outcome, started: str) -> Job:
        jobs = self._execution.jobs
        job_id = f"{self._execution.id}-{len(jobs) + 1}"
        upstream = jobs[-1].id if jobs else None
        ended = iso_text(self._clock.now_ms())
        job = Job(job_id, place.job_key(node), node, upstream, outcome.status, outcome.result, started, ended, outcome.log, outcome.meta)
        jobs.append(job)
        self._execution.results[node.key] = outcome.result
        return job

    def _check_deadline(self, node: Node) -> None:
        if self._expires_ms is not None and self._clock.now_ms() > self._expires_ms:
            raise TimedOut
        self._check_time(f'node "{node.title}"')

    def _check_time(self, before: str) -> None:
        if self._deadline_ms is not None and self._clock.now_ms() > self._deadline_ms:
            raise DeadlineExceeded(
                f'the workflow "{self._execution.workflow.title}" ran out of time before {before}; nothing was written',
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
