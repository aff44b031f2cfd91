"""One walk of one attempt of an asynchronous execution: read, walk as far as it goes, commit for this attempt only.

The truth is in the executions table; a walk that comes late, or again, changes nothing.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import EPOCH, execution_key, record_key
from chalicelib.domain.ports import Check, EffectFailed, Equals, Item, Update
from chalicelib.domain.retention import TIMEOUT
from chalicelib.domain.status import ABORTED, ERROR, PENDING, QUEUEING, RESOLVED, STARTED, execution_status
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.system_variables import system_variables
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import AlreadyCommitted, Stale, commit
from chalicelib.engine.compiler import DONE, FAILED, HANDOVER, MORE, SIGNAL, UNTIL, stop_of, task_of, waits
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution
from chalicelib.engine.heard import Heard
from chalicelib.engine.interruptions import Elsewhere, Ended, Exited, NotSaved, OutOfTime, TimedOut
from chalicelib.engine.policies import FAILED_WITH, meta_of
from chalicelib.engine.ports import Effects, RunPorts
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.replay import Replay
from chalicelib.engine.spilled import Spilled
from chalicelib.engine.standing import is_on_trunk
from chalicelib.engine.stored_jobs import StoredJob, job_writes, parse_jobs, read_with_answers
from chalicelib.engine.unit_of_work import Tagged, UnitOfWork
from chalicelib.errors import DeadlineExceeded, Json, TooLarge
from chalicelib.observability import about, note, traced
from chalicelib.services.admission import admitted
from chalicelib.services.attempts import next_attempt
from chalicelib.services.backend import Backend
from chalicelib.services.closing import left_over
from chalicelib.services.concurrency import release_writes, wake_next
from chalicelib.services.dispatching import after_commit
from chalicelib.services.endings import PARENT_ABORTED, count_end, end_now, ended, parent_writes, tell_parent, told

LONGEST_WAIT_SECONDS = 365 * 86_400
SPARE_MS = 8_000
RESERVE_MS = 2_000  # to answer the machine after a request that was cut short
MOST_WALKS = 2_000  # of one machine, whose history ends at 25,000 events


class Superseded(Exception):
    """The execution is another attempt's by now, or has ended."""


@dataclass(frozen=True)
class Step:
    """How far a walk came: where the machine goes ``next``, ``until`` when (epoch milliseconds) or for how long it waits."""

    next: str
    until_ms: int | None = None
    timeout_s: int = LONGEST_WAIT_SECONDS
    signals: int = 0


class AsyncWalk:
    """One walk of one attempt."""

    def __init__(self, backend: Backend, execution_id: int, attempt: int, effects: Effects, again: bool = False) -> None:
        """``again``: an earlier walk of the same call of the function met somebody else's change."""
        self._backend = backend
        self._attempt = attempt
        self._effects = effects
        self._again = again
        self._now_ms = backend.clock.now_ms()
        self._reads, self._definitions = backend.reading()
        self._reads.load([EPOCH])
        own, self._job_items, answers = read_with_answers(backend.store, execution_id)
        self._heard = Heard(execution_id, answers)
        if own is None:
            raise Superseded(f"there is no execution {execution_id}")
        self._item: Item = own
        self._id = execution_id

    @property
    def has_ended(self) -> bool:
        status = self._item.get("status")
        return (status is not None and status != STARTED) or bool(self._item["attempt"] > self._attempt)

    def last_step(self) -> Step:
        is_fine = self._item.get("status") in (QUEUEING, RESOLVED) or self._item["attempt"] > self._attempt
        return Step(DONE if is_fine else FAILED)

    def begin(self) -> None:
        """The execution is this attempt's from now on. Raises Superseded, also when it may not begin yet, or has been ended instead."""
        item = self._item
        if item["attempt"] == self._attempt and item.get("status") == STARTED:
            return
        started: dict[str, Json] = {"status": STARTED, "attempt": self._attempt, "updatedAt": self._backend.now()}
        started |= {"taskToken": None, "wakesAt": None, "seen": None, "walks": None}
        admission = admitted(self._backend, item, self._workflow, self._attempt)
        if admission is None:
            raise Superseded("the workflow runs as often as it may")
        if item.get("signals") is None:
            started["signals"] = 0  # from now on it is counted, and who waits says how far it had come
        if item.get("startedAt") is None:
            timeout_ms = self._workflow.options.get("timeout")
            started["startedAt"] = iso_text(self._now_ms)
            started["expiresAt"] = self._now_ms + timeout_ms if timeout_ms else None
        same = Equals({"attempt": item["attempt"], "status": item.get("status")})
        started |= admission.set
        self._commit([Tagged(Update(execution_key(self._id), set=started, condition=same), "attempt"), *admission.writes])
        self._item = item | started

    @cached_property
    def _workflow(self) -> Workflow:
        key = record_key(WORKFLOWS.uid, self._item["workflowId"])
        found = self._backend.store.batch_get([key]).get(key)
        if found is None:
            raise Superseded("the version of the workflow is gone")
        return Workflow.of(found["data"] | {"id": self._item["workflowId"]}, frozen=True, version=found["version"])

    def go(self, deadline_ms: int, *, one_by_one: bool, only: str | None = None) -> Step:
        """Walk as far as it goes; with ``only`` to the end of that node of the trunk. Raises Stale, Superseded, Invalid, TooLarge."""
        self.begin()
        workflow = self._workflow
        doc = json.loads(self._item["doc"])
        context = doc["context"]
        stack = tuple((execution_id, version_id) for execution_id, version_id in doc.get("stack") or [])
        execution = Execution(self._id, workflow, context, self._item["createdAt"], self._item.get("record"), stack=stack)
        execution.output = json.loads(self._item["output"]) if self._item.get("output") else None
        execution.spilled, spilled = doc.get("spilled"), Spilled.of(doc)
        unit, timezone = self._unit(spilled), spilled.timezone
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=timezone)
        ends_ms = deadline_ms - RESERVE_MS
        runner = self._backend.runner(self._effects, deadline_ms=ends_ms, timezone=timezone)
        records.runner = runner
        system = system_variables(self._now_ms, unit.next_number, timezone)
        ports = RunPorts(
            execution, records, self._backend.clock, self._effects, runner, answers=False, timezone=timezone, deadline_ms=ends_ms
        )
        replay = Replay(execution, ports, self._backend.clock, system)
        known = parse_jobs(self._job_items, workflow.graph)
        unheard = spilled.unheard(self._id, [stored.job.key for stored in known]) | self._heard.answers
        self._effects.answers = unheard | self._effects.answers
        self._effects.keep = lambda place, answer: self._keep(replay, place, answer)
        replay.begin(known, lambda: self._save(records, replay, execution), deadline_ms - SPARE_MS, one_by_one, only)
        note(workflow=workflow.key)
        with about(executionId=self._id, workflow=workflow.key), traced(f"walk {workflow.key}", execution_id=self._id):
            return self._walked(replay, records, execution)

    def _unit(self, spilled: Spilled) -> UnitOfWork:
        """A unit for this walk. The first one of a spilled run makes the ids that the call's made; should one be taken, not again."""
        seed, ids_ms = f"{self._id}/{len(self._job_items)}", self._now_ms
        if spilled.seed is not None and not self._job_items and not self._again:
            seed, ids_ms = spilled.seed, spilled.ids_ms or ids_ms
        return self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed=seed, ids_ms=ids_ms)

    def _walked(self, replay: Replay, records: UnitRecords, execution: Execution) -> Step:
        expires_ms = self._item.get("expiresAt")
        try:
            if expires_ms is not None and self._now_ms >= expires_ms:
                raise TimedOut
            status = replay.walk()
            if status == PENDING:
                return self._sleep(records, replay, execution)
        except NotSaved as refused:
            raise refused.error from refused
        except OutOfTime:  # of the function, not of the run: everything so far is committed
            return Step(MORE)
        except DeadlineExceeded as over:
            return self._late(replay, over)
        except Elsewhere as there:
            self._save(records, replay, execution)
            return Step(task_of(there.node))
        except Ended:
            execution.ended_by_end = True
            status = next(stored.job.status for stored in replay.known.values() if stored.ends)
        except Exited as exited:
            status = exited.status
        except TimedOut:
            execution.reason, status = TIMEOUT, ABORTED
            replay.abort_pending()
        self._end(records, replay, execution, execution_status(status))
        return Step(DONE if status > 0 else FAILED)

    def _late(self, replay: Replay, over: DeadlineExceeded) -> Step:
        """The function's time was over inside of a node: another walk tries it with all of its time. One that comes no further either never
        would, so the execution ends as an error."""
        done = sum(1 for stored in replay.known.values() if stored.was_stored and stored.job.status != PENDING) + len(self._heard.answers)
        if self._item.get("late") == done:
            end_now(self._backend, self._id, ERROR, f"a synchronous part of it takes too long: {over.message}", attempt=self._attempt)
            return Step(FAILED)
        self._commit([Tagged(Update(execution_key(self._id), set={"late": done}, condition=self._ours), "attempt")])
        return Step(MORE)

    def _sleep(self, records: UnitRecords, replay: Replay, execution: Execution) -> Step:
        """Commit what the walk did and until when it waits; after many walks of one machine another one goes on."""
        step, walks = self._waiting(replay.waiting, execution.workflow), (self._item.get("walks") or 0) + 1
        self._write(records, replay, execution, {"wakesAt": step.until_ms, "seen": step.signals, "walks": walks})
        if walks < MOST_WALKS or step.next not in (UNTIL, SIGNAL):
            return step
        key = execution_key(self._id)
        next_attempt(self._backend, self._backend.store.batch_get([key]).get(key) or self._item, execution.workflow)
        return Step(HANDOVER)

    def _waiting(self, waiting: Sequence[StoredJob], workflow: Workflow) -> Step:
        """Where the machine goes while these jobs are pending."""
        expires_ms, signals = self._item.get("expiresAt"), self._item.get("signals") or 0
        times = [stored.due_at_ms for stored in waiting if stored.due_at_ms is not None]
        times += [expires_ms] if expires_ms is not None else []
        until_ms = min(times) if times else None
        left = LONGEST_WAIT_SECONDS if until_ms is None else max(1, (until_ms - self._backend.clock.now_ms() + 999) // 1000)
        told = any(stored.hears_signals for stored in waiting)
        kind = SIGNAL if told else UNTIL
        node = waiting[0].job.node
        alone = len(waiting) == 1 and waits(node) and is_on_trunk(node, workflow.graph)
        return Step(stop_of(node) if alone else kind, until_ms, min(left, LONGEST_WAIT_SECONDS), signals)

    def _save(self, records: UnitRecords, replay: Replay, execution: Execution) -> None:
        """Commit what is staged, with its jobs, for this attempt. Raises Stale, Superseded, Invalid, TooLarge."""
        self._write(records, replay, execution, {})

    def _keep(self, replay: Replay, place: str, answer: Json | EffectFailed) -> None:
        """Of a transaction, which cannot commit it yet: what was answered from outside. Raises NotSaved."""
        if not replay.is_uninterrupted:
            return
        try:
            ours = Tagged(Check(execution_key(self._id), self._ours), "attempt")
            self._commit([ours, *self._heard.writes(place, answer)])
        except TooLarge:
            return  # a walk that begins again asks for it again, under the same key
        except Exception as error:
            raise NotSaved(error) from error

    def _end(self, records: UnitRecords, replay: Replay, execution: Execution, status: int) -> None:
        changed = ended(status, execution.reason, self._backend.now())
        decided = execution.ended_by_end
        kept = left_over(self._backend, self._item, execution.workflow, status, execution.reason, decided=decided, walked=True)
        more = [*parent_writes(self._backend, self._item, status, execution.output), *release_writes(self._backend, self._item)]
        self._write(records, replay, execution, changed | kept, more)
        self._item = self._item | {"status": status}
        self._heard.take_away(self._backend.store, self._backend.clock)
        count_end(self._backend, self._item, status)
        tell_parent(self._backend, self._item)
        told(self._backend, self._id)
        wake_next(self._backend, self._item)

    @property
    def _ours(self) -> Equals:
        return Equals({"status": STARTED, "attempt": self._attempt})

    def _write(
        self, records: UnitRecords, replay: Replay, execution: Execution, changed: dict[str, Json], more_writes: Sequence[Tagged] = ()
    ) -> None:
        unit = records.unit
        dirty = [stored for stored in replay.known.values() if stored.is_dirty]
        if not dirty and not unit.staged and not changed:
            return
        now = self._backend.now()
        more = {"updatedAt": now, **changed}
        if execution.output is not None:
            more["output"] = json.dumps(execution.output, ensure_ascii=False)
        tagged = [Tagged(Update(execution_key(self._id), set=more, condition=self._ours), "attempt")]
        for stored in dirty:
            tagged += job_writes(self._id, stored)
        started = [*unit.ran, *unit.queued]
        tagged += run_writes(self._definitions, started, f"{self._id}/{len(replay.known)}", now, announces=self._backend.announces)
        self._commit([*tagged, *more_writes, *unit.writes()])
        unit.committed()
        after_commit(self._backend, self._definitions, started)
        for stored in dirty:
            stored.kept()
        self._abort_children(dirty)
        settled = {stored.job.key for stored in dirty if stored.job.status != PENDING}
        self._heard.take_away(self._backend.store, self._backend.clock, settled)

    def _abort_children(self, stored_now: Sequence[StoredJob]) -> None:
        """What nobody waits for any more is ended; a child that is not heard of here runs to an end that changes nothing in its parent."""
        for stored in stored_now:
            child_id, gave_up = meta_of(stored.job.meta, "executionId"), meta_of(stored.job.meta, FAILED_WITH) == ABORTED
            if isinstance(child_id, int) and (gave_up or stored.job.status == ABORTED or stored.awaits_retry):
                end_now(self._backend, child_id, ABORTED, PARENT_ABORTED)

    def _commit(self, tagged: Sequence[Tagged]) -> None:
        """Raises Stale for a record that has changed, and when a second delivery of the same call was first; Superseded when the execution
        is no longer this attempt's."""
        try:
            commit(self._backend.store, self._backend.clock, tagged)
        except (Stale, AlreadyCommitted):
            key = execution_key(self._id)
            now = self._backend.store.batch_get([key]).get(key) or {}
            if now.get("status") not in (QUEUEING, STARTED) or now.get("attempt", 0) > self._attempt:
                raise Superseded("the execution is another attempt's, or has ended") from None
            raise Stale from None
