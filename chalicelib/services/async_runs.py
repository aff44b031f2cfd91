"""The functions that a state machine calls: `run_segment` walks on, `await_signal` takes the token of a task.

The truth is in the executions table. A call of an old attempt, of an execution that has ended, or one that is repeated changes nothing and
answers what is so. Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json

from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import Equals, Update
from chalicelib.domain.status import ERROR, STARTED
from chalicelib.engine.commit import Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.compiler import DONE, FAILED, MORE
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Invalid, Json, TooLarge, Unavailable
from chalicelib.observability import logger, note
from chalicelib.services.async_walk import AsyncWalk, Step, Superseded
from chalicelib.services.backend import Backend
from chalicelib.services.endings import end_now
from chalicelib.services.segment_calls import segment_of, wait_of

MOST_REASON = 1_000


class SegmentMore(Exception):
    """The segment needs another call."""


class SegmentFailed(Exception):
    """The execution has ended badly."""


class SegmentDone(Exception):
    """The execution has ended well, earlier than this segment leads to."""


class SegmentAgain(Exception):
    """The node before the segment still waits."""


class AsyncRuns:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def run_segment(self, event: dict[str, Json], deadline_ms: int) -> dict[str, Json]:
        """``{"executionId", "attempt", "straight"?, "node"?, "mark"?}`` → the same with ``next``, ``until``, ``timeout`` and ``signals``.

        Raises the error that stands for the step when the segment is ``straight`` and leads elsewhere; Invalid for another event."""
        execution_id, attempt = segment_of(event)
        note(executionId=execution_id, attempt=attempt)
        if "mark" in event:
            step = store_errors(lambda: self._mark(execution_id, attempt, event["mark"]))
        else:
            step = store_errors(lambda: self._walk(execution_id, attempt, deadline_ms, event.get("node")))
        _raise_unless_straight(step, event.get("straight"))
        now_ms = self._backend.clock.now_ms()
        return {
            "executionId": execution_id,
            "attempt": attempt,
            "next": step.next,
            "until": iso_text(step.until_ms if step.until_ms is not None else now_ms),
            "timeout": step.timeout_s,
            "signals": step.signals,
        }

    def walk_in_process(self, execution_id: int, attempt: int, deadline_ms: int) -> int | None:
        """The execution's status after a walk that no machine asked for: STARTED when it waits, or ran out of time; QUEUEING when the
        workflow runs as often as it may.

        Raises Unavailable, Conflict."""
        step = store_errors(lambda: self._walk(execution_id, attempt, deadline_ms))
        if step.next not in (DONE, FAILED):
            return STARTED
        key = execution_key(execution_id)
        status: int | None = store_errors(lambda: self._backend.store.batch_get([key]))[key].get("status")
        return status

    def _walk(self, execution_id: int, attempt: int, deadline_ms: int, only: str | None = None) -> Step:
        effects, refused = self._backend.effects(), [False]

        def once(number: int) -> Step:
            walk = AsyncWalk(self._backend, execution_id, attempt, effects, again=number > 0)
            if walk.has_ended:
                return walk.last_step()
            try:
                return walk.go(deadline_ms, one_by_one=refused[0], only=only)
            except (Invalid, TooLarge):
                # A write of one of several nodes was refused: walk again, a commit after each, to know which.
                if refused[0]:
                    raise
                refused[0] = True
                raise Stale from None

        try:
            return walk_until_committed(self._backend.clock, deadline_ms, once)
        except Superseded:
            return AsyncWalk(self._backend, execution_id, attempt, effects).last_step()

    def _mark(self, execution_id: int, attempt: int, error: Json) -> Step:
        """The machine could not go on: the execution ends as an error that says why."""
        walk = AsyncWalk(self._backend, execution_id, attempt, self._backend.effects())
        if not walk.has_ended:
            text = reason_of(error)
            # Not the cause: it quotes whatever an exception says.
            kind = error.get("Error") if isinstance(error, dict) else None
            logger.error("execution %s is ended, attempt %s could not go on: %s", execution_id, attempt, kind)
            end_now(self._backend, execution_id, ERROR, text, attempt=attempt)
        return AsyncWalk(self._backend, execution_id, attempt, self._backend.effects()).last_step()

    def await_signal(self, event: dict[str, Json]) -> None:
        """Keep the token of the task; when a signal has come since the walk looked, end the wait at once.

        Raises Unavailable when that is not heard: the machine then asks again, with another token."""
        wait_of(event)
        signals = {"signals": int(event["signals"])}
        if store_errors(lambda: self._keeps(event, signals)):
            return
        # Kept all the same: where this is not heard, the sweep has it.
        store_errors(lambda: self._keeps(event, {}))
        if not self._backend.machines.send(str(event["token"])):
            raise Unavailable("the wait could not be ended, though a signal has come")

    def _keeps(self, event: dict[str, Json], more: dict[str, Json]) -> bool:
        """Whether the token was kept: the execution is still this attempt's, and has ``more``."""
        expected = Equals({"attempt": int(event["attempt"]), "status": STARTED, **more})
        kept = Update(execution_key(int(event["executionId"])), set={"taskToken": event["token"]}, condition=expected)
        try:
            commit(self._backend.store, self._backend.clock, [Tagged(kept, "other")])
        except Stale:
            return False
        return True


def reason_of(error: Json) -> str:
    """What Step Functions caught, for people: the error's name and message, never where in the code it was raised."""
    if not isinstance(error, dict):
        return str(error)[:MOST_REASON]
    cause = error.get("Cause")
    try:
        told = json.loads(cause or "")
    except (TypeError, ValueError):
        told = None
    message = told.get("errorMessage") if isinstance(told, dict) else cause
    return f"{error.get('Error')}: {message}"[:MOST_REASON]


def _raise_unless_straight(step: Step, straight: Json) -> None:
    if straight is None or step.next == straight:
        return
    if step.next == MORE:
        raise SegmentMore
    if step.next == DONE:
        raise SegmentDone
    if step.next == FAILED:
        raise SegmentFailed("the execution's jobs say what happened")
    raise SegmentAgain
