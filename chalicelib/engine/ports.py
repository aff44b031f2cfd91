"""What a running node reaches: records, the answer, other workflows, and the world outside.

An effect outside the database happens at least once and always under the same key, ``<execution id>.<job key>`` (inside another execution
as `engine/origins.py` says); within one call each try of a node does it once, however often the walk starts again, and a dry run only notes
it. None is awaited longer than whoever waits for the run has, or than the node's ``timeoutSeconds`` say.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.domain.graph import Node
from chalicelib.domain.ports import Clock, EffectFailed, Outside
from chalicelib.domain.record import Row
from chalicelib.domain.status import RESOLVED
from chalicelib.engine.execution import Execution, Job, is_larger
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import DeadlineExceeded, Json, TooLarge
from chalicelib.nodes.base import Child, Records
from chalicelib.nodes.request import DEFAULT_TIMEOUT_MS

NO_TIME = "the call has no time left for a mail or a notification; nothing was written"
LONGEST_UNBOUND_MS = 14_000  # a mail or a notification: it cannot be cut short without being sent twice
OVER = "the call ran out of its time while it waited for an answer from outside; nothing was written"


MOST_OUTPUT_BYTES = 250_000


def unkept(place: str, answer: Json | EffectFailed) -> None:
    """Of most runs nobody keeps an answer before the job that holds it."""


@dataclass
class Effects:
    """What a call did outside, by key, so that a walk that starts again does not do it twice. ``dry``: nothing is sent; ``keep`` is told
    each answer when it comes; ``name`` tells the call from others."""

    outside: Outside
    dry: bool = False
    answers: dict[str, Json | EffectFailed] = field(default_factory=dict)
    noted: dict[str, Row] = field(default_factory=dict)
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    keep: Callable[[str, Json | EffectFailed], None] = unkept

    def perform(
        self, kind: str, payload: Row, key: str, left_ms: int | None = None, *, timeout_ms: int | None = None, number: int = 0
    ) -> Json:
        """The answer from outside, or the one it gave before; awaited at most ``left_ms`` and ``timeout_ms`` where they are given.

        Retry ``number`` of a node is sent anew, under the same key. Raises EffectFailed, with the code TIMEOUT when ``timeout_ms`` are
        over; DeadlineExceeded when ``left_ms`` are, which says nothing about the effect."""
        self.noted[key] = {"kind": kind, "key": key, "payload": payload}
        if self.dry:
            return None
        place = _place(key, number)
        if place not in self.answers:
            try:
                self.answers[place] = self._send(kind, payload, key, left_ms, timeout_ms)
            except EffectFailed as failed:
                self.answers[place] = failed
            self.keep(place, self.answers[place])
        answer = self.answers[place]
        if isinstance(answer, EffectFailed):
            raise answer
        return answer

    def has_answer(self, key: str, number: int) -> bool:
        """Whether that try was made before, in a walk that had to start again; of a dry run nothing is waited for."""
        return self.dry or _place(key, number) in self.answers

    def _send(self, kind: str, payload: Row, key: str, left_ms: int | None, timeout_ms: int | None) -> Json:
        if left_ms is not None and left_ms <= 0:
            raise DeadlineExceeded(OVER)
        is_call = left_ms is not None and (timeout_ms is None or left_ms <= timeout_ms)
        bound = left_ms if is_call else timeout_ms
        sent = _within(kind, payload, bound)
        try:
            if kind == "request" or is_call or timeout_ms is None:
                return self.outside.send(kind, sent, key)
            return _answered_within(timeout_ms, lambda: self.outside.send(kind, sent, key))
        except EffectFailed as failed:
            if not failed.timed_out or sent is payload:
                raise
            if is_call:
                raise DeadlineExceeded(OVER) from failed
            raise _timed_out(timeout_ms or 0) from failed


def _place(key: str, number: int) -> str:
    """What an answer is remembered by: each try of a node has its own."""
    return f"{key}~{number}" if number else key


def _answered_within(timeout_ms: int, send: Callable[[], Json]) -> Json:
    """The answer of a service whose client knows no such bound. Raises EffectFailed; what comes later is not heard."""
    found: list[Json] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            found.append(send())
        except BaseException as error:
            raised.append(error)

    worker = threading.Thread(target=work, name="effect", daemon=True)
    worker.start()
    worker.join(timeout_ms / 1_000)
    if raised:
        raise raised[0]
    if not found:
        raise _timed_out(timeout_ms)
    return found[0]


def _timed_out(timeout_ms: int) -> EffectFailed:
    return EffectFailed({"message": f"no answer within {timeout_ms / 1_000:g} seconds", "code": "TIMEOUT"}, timed_out=True, cut_short=True)


def _within(kind: str, payload: Row, left_ms: int | None) -> Row:
    """The payload; a request whose timeout is longer than what is left with that for a timeout."""
    timeout = payload.get("timeout", DEFAULT_TIMEOUT_MS) if kind == "request" else None
    is_longer = left_ms is not None and isinstance(timeout, int) and timeout > left_ms
    return {**payload, "timeout": left_ms} if is_longer else payload


def left_of(deadline_ms: int | None, clock: Clock) -> int | None:
    """The milliseconds until ``deadline_ms`` (epoch milliseconds), below 0 when it has passed; ``None`` without one."""
    return None if deadline_ms is None else deadline_ms - clock.now_ms()


class Subflows(Protocol):
    """Runs a workflow inside another."""

    def run_child(self, parent: Execution, records: UnitRecords, key: str, data: Json, answers: bool, place: str) -> Execution:
        """The child's execution: ended, or queued when it is asynchronous, for the job at ``place`` to wait for.

        Raises Invalid when the workflow may not run here."""


@dataclass
class RunPorts:
    """The `Ports` of one run. ``answers``: a call waits for messages; ``deadline_ms``: when nobody waits any more (epoch ms);
    ``commit_by_ms``: of a run that somebody else can go on with, when the call must have written that."""

    execution: Execution
    unit_records: UnitRecords
    clock: Clock
    effects: Effects
    subflows: Subflows
    answers: bool = True
    timezone: str = "+00:00"
    node_id: int = 0
    job_key: str = ""
    deadline_ms: int | None = None
    timeout_ms: int | None = None
    number: int = 0
    commit_by_ms: int | None = None

    def enter(self, node: Node, job_key: str, timeout_ms: int | None = None, number: int = 0) -> None:
        """From now on this node runs, for the time of that number (0: the first); its effects are awaited so long."""
        self.node_id, self.job_key, self.timeout_ms, self.number = node.id, job_key, timeout_ms, number
        self.execution.origin.enter(f"{job_key}~{number}")
        self.unit_records.stack = self.execution.below
        self.unit_records.unit.acting = self.execution

    @property
    def records(self) -> Records:
        return self.unit_records

    @property
    def execution_id(self) -> int:
        return self.execution.id

    @property
    def workflow_id(self) -> int:
        return self.execution.workflow.id

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    def respond(self, message: str) -> bool:
        if self.answers:
            self.execution.messages.append(message)
        return self.answers

    def set_output(self, value: Json) -> None:
        if (not self.execution.workflow.sync or self.execution.spilled is not None) and is_larger(value, MOST_OUTPUT_BYTES):
            raise TooLarge(f"the output has more than {MOST_OUTPUT_BYTES} bytes", code="OUTPUT_TOO_LARGE")
        self.execution.output = value

    def assign(self, node_key: str, value: Json) -> bool:
        target = next((job.node for job in reversed(self.execution.jobs) if job.node.key == node_key), None)
        if target is None:
            return False
        last = self.execution.jobs[-1]
        number = len(self.execution.jobs) + 1
        job_id, place = f"{self.execution.id}-{number}", f"{self.job_key}>{target.key}"
        self.execution.jobs.append(Job(job_id, place, target, last.id, RESOLVED, value, last.ended_at, last.ended_at))
        self.execution.results[node_key] = value
        return True

    def has_answer(self, number: int) -> bool:
        """Whether there is nothing to wait for before the retry of that number: it was made before, or the run is dry."""
        return self.effects.has_answer(self._effect_key, number)

    @property
    def _effect_key(self) -> str:
        return f"{self.execution.origin.name}.{self.job_key}"

    def effect(self, kind: str, payload: Row) -> Json:
        left_ms = left_of(self.deadline_ms, self.clock)
        key = self._effect_key
        if not self._has_time_for(kind, key):
            raise DeadlineExceeded(NO_TIME)
        return self.effects.perform(kind, payload, key, left_ms, timeout_ms=self.timeout_ms, number=self.number)

    def _has_time_for(self, kind: str, key: str) -> bool:
        """Whether the effect will have been answered while its run can still be committed or queued, however long that takes."""
        if kind == "request" or self.commit_by_ms is None or self.effects.has_answer(key, self.number):
            return True
        return self.clock.now_ms() + LONGEST_UNBOUND_MS <= self.commit_by_ms

    def run_workflow(self, key: str, data: Json) -> Child:
        child = self.subflows.run_child(self.execution, self.unit_records, key, data, self.answers, self.job_key)
        self.execution.messages += child.messages
        return Child(child.id, child.status or 0, child.output)
