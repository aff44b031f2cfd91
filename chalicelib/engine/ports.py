"""What a running node reaches: records, the answer, other workflows, and the world outside.

An effect outside the database happens at least once and always under the same key, ``<execution id>.<job key>``; within one call it is
done once, however often the walk starts again, and a dry run only notes it. None is awaited longer than whoever waits for the run has.
"""

from __future__ import annotations

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

OVER = "the call ran out of its time while it waited for an answer from outside; nothing was written"


MOST_OUTPUT_BYTES = 250_000


@dataclass
class Effects:
    """What a call did outside, by key, so that a walk that starts again does not do it twice. ``dry``: nothing is sent."""

    outside: Outside
    dry: bool = False
    answers: dict[str, Json | EffectFailed] = field(default_factory=dict)
    noted: dict[str, Row] = field(default_factory=dict)

    def perform(self, kind: str, payload: Row, key: str, left_ms: int | None = None) -> Json:
        """The answer from outside, or the one it gave before; awaited at most ``left_ms`` when that is given.

        Raises EffectFailed; DeadlineExceeded when that time is over, which says nothing about the effect."""
        self.noted[key] = {"kind": kind, "key": key, "payload": payload}
        if self.dry:
            return None
        if key not in self.answers:
            self._send(kind, payload, key, left_ms)
        answer = self.answers[key]
        if isinstance(answer, EffectFailed):
            raise answer
        return answer

    def _send(self, kind: str, payload: Row, key: str, left_ms: int | None) -> None:
        if left_ms is not None and left_ms <= 0:
            raise DeadlineExceeded(OVER)
        sent = _within(kind, payload, left_ms)
        try:
            self.answers[key] = self.outside.send(kind, sent, key)
        except EffectFailed as failed:
            if failed.timed_out and sent is not payload:
                raise DeadlineExceeded(OVER) from failed
            self.answers[key] = failed


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
    """The `Ports` of one run. ``answers``: a call waits for messages; ``deadline_ms``: when nobody waits any more (epoch ms)."""

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

    def enter(self, node: Node, job_key: str) -> None:
        """From now on this node runs."""
        self.node_id, self.job_key = node.id, job_key
        self.unit_records.stack = self.execution.below

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
        if not self.execution.workflow.sync and is_larger(value, MOST_OUTPUT_BYTES):
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

    def effect(self, kind: str, payload: Row) -> Json:
        left_ms = left_of(self.deadline_ms, self.clock)
        return self.effects.perform(kind, payload, f"{self.execution.id}.{self.job_key}", left_ms)

    def run_workflow(self, key: str, data: Json) -> Child:
        child = self.subflows.run_child(self.execution, self.unit_records, key, data, self.answers, self.job_key)
        self.execution.messages += child.messages
        return Child(child.id, child.status or 0, child.output)
