"""The walk of an asynchronous execution: the same tree, the same nodes, over jobs that are kept one by one.

Every attempt begins at the head. A job that is final gives its result and is walked past; a pending one is looked at again, or still waits;
so a crash, a restart and a wait of days are all the same. What nodes wrote is committed together with their jobs, under the condition that
the execution is still this attempt's: before and after an effect outside, when a transaction is full, at a node that fails, and at the end.
A node that is to be tried again is pending until then; inside a transaction, where nothing may wait for long, the walk waits in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.graph import Node
from chalicelib.domain.instants import iso_text
from chalicelib.domain.status import ABORTED, ERROR, PENDING
from chalicelib.engine.interpreter import Interpreter, Place
from chalicelib.engine.interruptions import Elsewhere, Ended, Exited, NotSaved, OutOfTime
from chalicelib.engine.policies import Tries, is_bad, settled
from chalicelib.engine.standing import interrupts, is_in_transaction, is_on_trunk, may_sleep, opens_transaction
from chalicelib.engine.stored_jobs import StoredJob
from chalicelib.engine.unit_of_work import Savepoint
from chalicelib.errors import Invalid, Json, TooLarge
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Branch, Outcome, Steer

MOST_STAGED = 40
MOST_JOBS = 40


class Replay(Interpreter):
    """``known``: the jobs of earlier walks; ``save()`` commits what is staged and every dirty job."""

    known: dict[str, StoredJob]
    save: Callable[[], None]
    one_by_one: bool
    ends_by_ms: int

    def begin(
        self, known: Sequence[StoredJob], save: Callable[[], None], ends_by_ms: int, one_by_one: bool, only: str | None = None
    ) -> None:
        """``one_by_one``: commit after every node, to find the one whose write is refused; ``only``: the key of the one node of the trunk
        that may be begun."""
        self.known = {stored.job.key: stored for stored in known}
        self.save, self.ends_by_ms, self.one_by_one = save, ends_by_ms, one_by_one
        self._uninterrupted, self._only = 0, only
        self._waits_until_ms = ends_by_ms
        for stored in known:
            self._execution.jobs.append(stored.job)
            self._execution.results[stored.assigns or stored.job.node.key] = stored.job.result

    def walk(self) -> int:
        """The status of the main line: PENDING while something waits. Raises Ended, Exited, TimedOut, OutOfTime."""
        return self._walk(self._graph.head, Place())

    @property
    def is_uninterrupted(self) -> bool:
        """Whether what is staged now is committed together with what follows."""
        return self._uninterrupted > 0

    @property
    def waiting(self) -> list[StoredJob]:
        """The pending jobs of nodes that wait."""
        return [stored for stored in self.known.values() if stored.job.status == PENDING and NODE_TYPES[stored.job.node.type].steer is None]

    def _run_node(self, node: Node, place: Place) -> int:
        known = self.known.get(place.job_key(node))
        if known is not None and known.job.status != PENDING:
            return self._pass(known, node, place)
        if known is None and self._only is not None and node.key != self._only and is_on_trunk(node, self._graph):
            raise Elsewhere(node)
        self._pause()
        node_type = NODE_TYPES[node.type]
        if node_type.steer is not None:
            return self._steer_on(node, place, node_type.steer, known)
        if known is not None and known.still_waits(self._clock.now_ms()):
            return PENDING
        return self._run_anew(node, place, known)

    def _pass(self, known: StoredJob, node: Node, place: Place) -> int:
        """Go past a job that is final, along the branch it chose."""
        self._execution.results[node.key] = known.job.result
        self._assign_again(node, place)
        if known.ends:
            raise Ended
        if known.job.status < 0 and not is_in_transaction(node, self._graph):
            self._apply(known, known.outcome)
        return self._after(node, place, known.outcome)

    def _assign_again(self, node: Node, place: Place) -> None:
        """The results that the node, or those in the branches it steers, have given earlier nodes."""
        above = "/".join((*place.location, node.key))
        steered = (f"{above}~", f"{above}.") if NODE_TYPES[node.type].steer is not None else ()
        for stored in self.known.values():
            if stored.assigns and stored.job.key.startswith((f"{place.job_key(node)}>", *steered)):
                self._execution.results[stored.assigns] = stored.job.result

    def _apply(self, stored: StoredJob, outcome: Outcome) -> None:
        """The policies of a node whose job was ended from outside, or by a write that was refused. What a walk has settled stays so."""
        policy = self._policies[stored.job.node.id]
        applied = settled(policy, Tries.of(policy, outcome.meta).later(outcome, self._clock.now_ms()))
        if not is_bad(applied):
            self._set(stored, applied)

    def _run_anew(self, node: Node, place: Place, known: StoredJob | None) -> int:
        node_type, savepoint = NODE_TYPES[node.type], self._unit.savepoint()
        if node_type.acts_outside and not self._uninterrupted:
            self._commit()
            savepoint = self._unit.savepoint()
        started = known.job.started_at if known else iso_text(self._clock.now_ms())
        before = len(self._execution.jobs)
        outcome = self._timed(node, self._by_policy(node, place, known, savepoint))
        for seq, job in enumerate(self._execution.jobs[before:], start=before):
            self.known[job.key] = StoredJob(job, seq, assigns=job.node.key)
        stored = self._note(node, place, outcome, started, known)
        self._save_after(stored, savepoint, node_type.acts_outside)
        if outcome.ends:
            raise Ended
        return self._after(node, place, stored.outcome)

    def _by_policy(self, node: Node, place: Place, known: StoredJob | None, savepoint: Savepoint) -> Outcome:
        """What the node ends with, PENDING while another try is waited for."""
        policy, jobs = self._policies[node.id], self._execution.jobs
        tries, before = Tries.of(policy, known.job.meta if known else None), len(jobs)

        def run(scope: Mapping[str, Json]) -> Outcome:
            return self._result(node, known, scope)

        if not may_sleep(node, self._graph):
            return settled(policy, self._tried(node, place, run, tries))
        outcome = self._outcome(node, place, run, tries.number)
        if is_bad(outcome):
            self._unit.rollback(savepoint)
        outcome = tries.later(outcome, self._clock.now_ms()) if is_bad(outcome) else tries.noted(outcome)
        if outcome.status == PENDING and outcome.due_at_ms is not None:
            del jobs[before:]
        return settled(policy, outcome)

    def _timed(self, node: Node, outcome: Outcome) -> Outcome:
        """A wait for somebody's result is due when the node's time is over."""
        timeout_ms = self._policies[node.id].timeout_ms
        if outcome.status != PENDING or outcome.due_at_ms is not None or timeout_ms is None:
            return outcome
        return replace(outcome, due_at_ms=self._clock.now_ms() + timeout_ms)

    def _result(self, node: Node, known: StoredJob | None, scope: Mapping[str, Json]) -> Outcome:
        node_type, prepared = NODE_TYPES[node.type], self._prepared[node.id]
        if known is None or known.due_at_ms is None or known.awaits_retry:
            return node_type.run(prepared, scope, self._ports)
        if node_type.resume is not None:
            return node_type.resume(prepared, known.job.result, known.due_at_ms, self._ports)
        seconds = (self._policies[node.id].timeout_ms or 0) / 1_000
        return Outcome(ABORTED, {"message": f"no result within {seconds:g} seconds", "code": "TIMEOUT"}, meta=known.job.meta)

    def _note(self, node: Node, place: Place, outcome: Outcome, started: str, known: StoredJob | None) -> StoredJob:
        """The job of an outcome, to be committed with what the node wrote."""
        if known is None:
            before = len(self._execution.jobs)
            job = self._add_job(node, place, outcome, started)
            known = StoredJob(job, before)
            self.known[job.key] = known
        self._set(known, outcome)
        return known

    def _set(self, stored: StoredJob, outcome: Outcome) -> None:
        """The job is as the outcome says, to be committed."""
        job = stored.job
        job.status, job.result, job.log, job.meta = outcome.status, outcome.result, outcome.log, outcome.meta
        job.ended_at = iso_text(self._clock.now_ms())
        stored.branch, stored.ends, stored.exits = outcome.branch, outcome.ends, outcome.exits_on_failure
        stored.due_at_ms, stored.is_dirty = outcome.due_at_ms, True
        self._execution.results[job.node.key] = outcome.result

    def _commit(self) -> None:
        """Raises NotSaved."""
        try:
            self.save()
        except Exception as error:
            raise NotSaved(error) from error

    def _save_after(self, stored: StoredJob, savepoint: Savepoint, at_once: bool) -> None:
        """Commit when it is time to. A write that is refused is the node's error when it was the only one in the transaction."""
        if self._uninterrupted or not (at_once or self.one_by_one or self._is_full):
            return
        try:
            self._commit()
        except NotSaved as refused:
            self._blame(stored, refused, savepoint)
            if not is_in_transaction(stored.job.node, self._graph):
                self._apply(stored, stored.outcome)
            self._commit()

    @property
    def _is_full(self) -> bool:
        return len(self._unit.staged) >= MOST_STAGED or sum(1 for one in self.known.values() if one.is_dirty) >= MOST_JOBS

    def _blame(self, stored: StoredJob, refused: NotSaved, savepoint: Savepoint) -> None:
        """The job whose write was refused becomes an error; raises NotSaved while it is not known whose it was."""
        error = refused.error
        if not self.one_by_one or not isinstance(error, Invalid | TooLarge):
            raise refused
        self._unit.rollback(savepoint)
        errors = [problem.to_json() for problem in error.problems()]
        result: dict[str, Json] = {"message": error.message, "code": error.code, "errors": errors}
        self._set(stored, Outcome(ERROR, result, log=stored.job.log, meta=stored.job.meta))

    def _steer_on(self, node: Node, place: Place, steer: Steer, known: StoredJob | None) -> int:
        """As `_steer`, from where an earlier walk left off."""
        savepoint = self._unit.savepoint()
        started = known.job.started_at if known else iso_text(self._clock.now_ms())
        so_far = known.job.result if known else None
        self._assign_again(node, place)
        stored = self._note(node, place, Outcome(PENDING, so_far), started, known)
        outcome = self._outcome(node, place, lambda scope: self._drive(node, place, steer, stored, so_far))
        if outcome.status == PENDING:
            return PENDING
        outcome = settled(self._policies[node.id], outcome)
        self._note(node, place, outcome, started, stored)
        self._abort_below(node, place)
        self._save_after(stored, savepoint, False)
        return stored.job.status

    def abort_pending(self) -> None:
        """Nothing waits any longer."""
        for stored in self.known.values():
            if stored.job.status == PENDING:
                stored.job.status, stored.is_dirty = ABORTED, True

    def _abort_below(self, node: Node, place: Place) -> None:
        """What still waits in the branches of a node that is settled waits no longer."""
        above = "/".join((*place.location, node.key))
        for stored in self.known.values():
            if stored.job.status == PENDING and stored.job.key.startswith((f"{above}~", f"{above}.")):
                stored.job.status, stored.is_dirty = ABORTED, True

    def _drive(self, node: Node, place: Place, steer: Steer, stored: StoredJob, so_far: Json) -> Outcome:
        indexes = tuple(head.branch_index or 0 for head in self._graph.branches(node))
        control = steer(self._prepared[node.id], self._look_from(node, place), self._ports, indexes, so_far)
        try:
            branch = next(control)
            while True:
                stored.job.result = self._execution.results[node.key] = branch.result
                stored.is_dirty = True
                branch = control.send(self._walk_branch(node, branch, place))
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        finally:
            control.close()

    def _walk_branch(self, node: Node, branch: Branch, place: Place) -> int:
        """A branch that is undone when it ends badly is committed as a whole; a round of a loop that waits or acts outside is not: what is
        committed stays."""
        head = self._graph.branch(node, branch.index)
        self._pause()
        interrupted = any(interrupts(inner, self._graph) for inner in self._graph.line_with_branches(head))
        whole = branch.undo and (not interrupted or opens_transaction(node, branch.index))
        if whole and interrupted and not self._uninterrupted:
            self._commit()  # what came before it is no part of it, and stands before anything is sent
        self._uninterrupted += whole
        savepoint = self._unit.savepoint()
        try:
            status = self._walk(head, place.within(node, branch))
        except Exited:
            if branch.undo:
                self._unit.rollback(savepoint)
            raise
        finally:
            self._uninterrupted -= whole
        if branch.undo and (status < 0 or (whole and status == PENDING)):
            self._unit.rollback(savepoint)
        return self._save_branch(status, savepoint) if whole else status

    def _save_branch(self, status: int, savepoint: Savepoint) -> int:
        """Commit a branch as a whole when it is time to; a refusal is the error of the last node in it."""
        if self._uninterrupted or not (self.one_by_one or self._is_full):
            return status
        written = [one for one in self.known.values() if one.is_dirty and NODE_TYPES[one.job.node.type].steer is None]
        try:
            self._commit()
        except NotSaved as refused:
            if not written:
                raise
            self._blame(written[-1], refused, savepoint)
            self._commit()
            return ERROR
        return status

    def _pause(self) -> None:
        """Raises OutOfTime, after a commit, when the function has to answer soon."""
        if self._clock.now_ms() > self.ends_by_ms and not self._uninterrupted:
            self._commit()
            raise OutOfTime

    def _check_deadline(self, node: Node) -> None:
        """An asynchronous run has no call that waits for it."""
