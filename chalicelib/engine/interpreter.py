"""Walks a workflow's tree in process, node by node, inside one unit of work.

Every node runs in a savepoint. A node that fails or raises is tried again as its ``retry`` says, then ends its line unless its ``onError``
says otherwise; when no branching node above takes that, it ends the execution, and every record write of the run is dropped (its history
stays). An ``end`` node is a decision: what was written before
it stands, with either status. Source of the walk: https://docs.nocobase.com/workflow/development/instruction
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.graph import Node
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import Clock, StoreUnavailable
from chalicelib.domain.status import ABORTED, ERROR, PENDING, RESOLVED, execution_status
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution, Job, is_larger
from chalicelib.engine.interruptions import Ended, Exited, Interruption, TimedOut
from chalicelib.engine.policies import Tries, is_bad, policies_of, settled
from chalicelib.engine.ports import RunPorts
from chalicelib.errors import AppError, Conflict, DeadlineExceeded, Json, Unavailable
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Branch, Look, Outcome, Steer
from chalicelib.observability import about, logger, traced

MOST_RESULT_BYTES = 8 * 350_000
MOST_WAIT_MS = 10_000  # between tries in all, where no call says how long it waits
PASSED_ON = (Conflict, DeadlineExceeded, Unavailable, StoreUnavailable)


Run = Callable[[Mapping[str, Json]], Outcome]


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
    """One walk of one execution. ``deadline_ms`` is when the call gives up (epoch milliseconds), ``commit_by_ms`` until when a walk that
    has come to its end still counts."""

    def __init__(
        self,
        execution: Execution,
        ports: RunPorts,
        clock: Clock,
        system: Mapping[str, Json],
        deadline_ms: int | None = None,
        commit_by_ms: int | None = None,
    ) -> None:
        self._execution = execution
        self._graph = execution.workflow.graph
        self._prepared = prepared_nodes(execution.workflow)
        self._policies = policies_of(execution.workflow)
        self._ports = ports
        self._unit = ports.unit_records.unit
        self._clock = clock
        self._deadline_ms = deadline_ms
        self._commit_by_ms = deadline_ms if commit_by_ms is None else commit_by_ms
        self._commits_later = commit_by_ms is not None
        timeout_ms = execution.workflow.options.get("timeout")
        self._expires_ms = clock.now_ms() + timeout_ms if timeout_ms else None
        ends_ms = clock.now_ms() + MOST_WAIT_MS if deadline_ms is None else deadline_ms
        self._waits_until_ms = min(ends_ms, self._expires_ms or ends_ms)
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
        self._check_time("it came to its end", self._commit_by_ms)
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
        steer = NODE_TYPES[node.type].steer
        if steer is not None:
            return self._steer(node, place, steer, started)
        policy = self._policies[node.id]
        run = NODE_TYPES[node.type].run
        outcome = self._tried(node, place, lambda scope: run(self._prepared[node.id], scope, self._ports), Tries.of(policy))
        outcome = settled(policy, outcome)
        self._add_job(node, place, outcome, started)
        if outcome.ends:
            raise Ended
        return self._after(node, place, outcome)

    def _tried(self, node: Node, place: Place, run: Run, tries: Tries) -> Outcome:
        """The outcome of the last try, waited for in place. What a failed one has staged and said is dropped."""
        savepoint, jobs, messages = self._unit.savepoint(), self._execution.jobs, self._execution.messages
        before = len(jobs), len(messages)
        while True:
            outcome = self._outcome(node, place, run, tries.number)
            if not is_bad(outcome):
                return tries.noted(outcome)
            self._unit.rollback(savepoint)
            entry = tries.entry_for(outcome)
            if entry is None:
                return tries.noted(outcome)
            wait_ms = tries.wait_ms(entry)
            tries.count(entry)
            if not self._has_waited(wait_ms, tries.number):
                told = f"not tried again: the next try is due in {wait_ms / 1_000:g} s, and nobody waits so long for this run"
                tries.retried[entry] -= 1
                return tries.noted(replace(outcome, log="\n".join(filter(None, (outcome.log, told)))))
            del jobs[before[0] :], messages[before[1] :]

    def _has_waited(self, wait_ms: int, number: int) -> bool:
        """Wait for that try, unless it was made before in a walk of the same call; False when there is no time.

        Raises DeadlineExceeded where somebody else can wait for it: the run goes on without its call."""
        if self._ports.has_answer(number):
            return True
        due_ms = self._clock.now_ms() + wait_ms
        if self._commits_later and self._deadline_ms is not None and due_ms >= self._deadline_ms:
            raise self._over("the next try of a node")
        if due_ms >= self._waits_until_ms:
            return False
        self._clock.sleep(wait_ms / 1_000)
        return True

    def _after(self, node: Node, place: Place, outcome: Outcome) -> int:
        """Walk the branch that the node chose; the status with which the node's line goes on."""
        if outcome.branch is None or (head := self._graph.branch(node, outcome.branch)) is None:
            return outcome.status
        status = self._walk(head, place.within(node, Branch(outcome.branch)))
        if status == RESOLVED or (status < 0 and self._policies[node.id].on_error == "continue"):
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

        outcome = settled(self._policies[node.id], self._outcome(node, place, drive))
        job.status, job.result, job.meta, job.log = outcome.status, outcome.result, outcome.meta, outcome.log
        job.ended_at = iso_text(self._clock.now_ms())
        self._execution.results[node.key] = outcome.result
        return outcome.status

    def _look_from(self, node: Node, place: Place) -> Look:
        """The scope that the node sees, whenever it asks."""

        def look(variables: dict[str, Json] | None) -> Mapping[str, Json]:
            self._check_time(f'node "{node.title}" was done', self._deadline_ms)
            return self._scope_at(place if variables is None else place.within(node, Branch(0, variables=variables)))

        return look

    def _walk_branch(self, node: Node, branch: Branch, place: Place) -> int:
        head = self._graph.branch(node, branch.index)
        savepoint = self._unit.savepoint()
        status = self._walk(head, place.within(node, branch))
        if status < 0 and branch.undo:
            self._unit.rollback(savepoint)
        return status

    def _outcome(self, node: Node, place: Place, run: Run, number: int = 0) -> Outcome:
        self._ports.enter(node, place.job_key(node), self._policies[node.id].timeout_ms, number)
        try:
            with about(node=node.key), traced(f"node {node.key}", node_type=node.type):
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
        self._check_time(f'node "{node.title}"', self._deadline_ms)

    def _check_time(self, before: str, until_ms: int | None) -> None:
        if until_ms is not None and self._clock.now_ms() > until_ms:
            raise self._over(before)

    def _over(self, before: str) -> DeadlineExceeded:
        return DeadlineExceeded(f'the workflow "{self._execution.workflow.title}" ran out of time before {before}; nothing was written')


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
