"""A synchronous run that takes longer than its call may: it is queued as an asynchronous one, and the call answers 202.

A run commits once, at its end, so when its time is over nothing has been written: what was staged is dropped, and the same execution, with
the same id, is put in the queue. The workflow allows it with ``options.spillToAsync``. The time is over when ``Prefer: wait=<seconds>``
says so, and in any case while there is still enough of it to write the queue.
Source: https://www.rfc-editor.org/rfc/rfc7240#section-4.3
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from chalicelib.domain.ports import Clock, EffectFailed
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution
from chalicelib.engine.ports import Effects
from chalicelib.engine.runner import Runner
from chalicelib.engine.spilled import Spilled
from chalicelib.errors import AppError, DeadlineExceeded, Json, TooLarge
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call

RESERVE_MS = 6_000  # a commit, and a machine that is slow to be started
LEFT_OUT = "CALL_SPILLED"
Lost = TypeVar("Lost", bound=AppError)


@dataclass
class Spilling:
    """When the runs of one call are spilled. ``before``: the effects that the call had had when a run first began, by its name."""

    call: Call
    effects: Effects
    before: dict[str, frozenset[str]] = field(default_factory=dict)

    def allows(self, workflow: Workflow) -> bool:
        return workflow.spills and not self.call.dry_run

    @property
    def at_ms(self) -> int | None:
        """When a run that may be spilled is (epoch milliseconds); ``None``: never."""
        last_ms = None if self.call.deadline_ms is None else self.call.deadline_ms - RESERVE_MS
        times = [time_ms for time_ms in (self.call.wait_until_ms, last_ms) if time_ms is not None]
        return min(times) if times else None

    def runner(self, backend: Backend, workflow: Workflow) -> Runner:
        """What walks an execution of the workflow in this call."""
        call = self.call
        if not self.allows(workflow):
            return backend.runner(self.effects, deadline_ms=call.deadline_ms, timezone=call.timezone)
        return backend.runner(self.effects, deadline_ms=self.at_ms, timezone=call.timezone, commit_by_ms=call.deadline_ms)

    def begin(self, name: str, workflow: Workflow, clock: Clock) -> None:
        """A run begins. Raises DeadlineExceeded where there is no time to begin it."""
        self.before.setdefault(name, frozenset(self.effects.answers))
        if self.allows(workflow) and self.at_ms is not None and clock.now_ms() >= self.at_ms:
            raise DeadlineExceeded(f'the workflow "{workflow.title}" ran out of time before it began; nothing was written')

    def spill(self, name: str, execution: Execution, seed: str, ids_ms: int) -> Execution:
        """The same execution, queued; ``seed`` and ``ids_ms`` are what its walk made ids from."""
        kept = {key: answer for key, answer in self.effects.answers.items() if key not in self.before.get(name, frozenset())}
        return self._queued(execution, kept, seed, ids_ms)

    def follow(self, execution: Execution) -> Execution:
        """An execution that was to come after one that is spilled, queued without having begun."""
        return self._queued(execution, {}, None, None) if execution.workflow.sync else _waiting(execution)

    def _queued(self, execution: Execution, kept: Mapping[str, Json | EffectFailed], seed: str | None, ids_ms: int | None) -> Execution:
        queued = Execution(execution.id, execution.workflow, execution.context, execution.created_at, execution.record)
        queued.spilled = Spilled(dict(kept), self.call.timezone, seed, ids_ms).to_doc(execution.context)
        return _waiting(queued)

    def left_out(self, workflow: Workflow, first: Workflow) -> dict[str, Json]:
        """Why a later workflow of the call does not run, for ``meta.skipped``."""
        message = f'workflow "{workflow.key}" does not run: "{first.key}", which comes before it, has not ended and was queued'
        return {"key": workflow.key, "code": LEFT_OUT, "message": message}

    def accepted(self, answer: Answer, executions: Sequence[Execution]) -> Answer:
        """The answer of the call: 202 with where to ask for the execution that was spilled first, when there is one."""
        first = next((one for one in executions if one.spilled is not None and one.status is QUEUEING), None)
        if first is None or answer.errors is not None:
            return answer
        headers = {**answer.headers, "Location": f"/api/executions:get/{first.id}"}
        if self.call.wait_s is not None and self.at_ms == self.call.wait_until_ms:
            headers["Preference-Applied"] = f"wait={self.call.wait_s}"
        return replace(answer, status=202, headers=headers)


def _waiting(execution: Execution) -> Execution:
    execution.status = QUEUEING
    return execution


def too_large(over: DeadlineExceeded, refusal: TooLarge) -> DeadlineExceeded:
    """What is raised when there was no time to end a run, and no room to queue it."""
    return DeadlineExceeded(f"{over.message}; it could not be queued either: {refusal.message}", data=over.data)


def beside(lost: Lost, committed: Sequence[Execution], records: bool = False) -> Lost:
    """What is raised when a run came to nothing, but what came before it in the call is written."""
    if not committed and not records:
        return lost
    written = ["the records"] if records else []
    written += [f'workflow "{execution.workflow.key}"' for execution in committed]
    message = lost.message.replace("nothing was written", "nothing was written by it")
    data = {**lost.data, "executions": [execution.summary() for execution in committed]}
    return type(lost)(f"{message}; written before it: {', '.join(written)}", code=lost.code, data=data)
