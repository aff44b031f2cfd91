"""Runs the calls whose time (``runAt``) has come, each once, as the user who made them, with all that is asked of any call.

A call runs under an Idempotency-Key of its own, so one that died between its effect and the note that it ended answers the second time as
it did the first. What cannot be run now (the database is silent, others hold the records) waits for the next sweep, for a day.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import LATER, later_call_key
from chalicelib.domain.moments import moment_of, ms_of, zone_of
from chalicelib.domain.ports import EXECUTIONS, Delete, Item, Key, Range
from chalicelib.engine.commit import Stale, commit, store_errors
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Conflict, Json, Unavailable
from chalicelib.observability import logger
from chalicelib.services.action_runs import ActionRuns
from chalicelib.services.backend import Backend, Principal
from chalicelib.services.call import Answer, Call
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.later_calls import begun, call_of, ended

MOST_AT_ONCE = 25
LONGEST_RUN_MS = 28_000
RESERVE_MS = 2_000
LATEST_MS = 86_400_000
KEPT_SECONDS = 3 * 86_400
LATER_AGAIN = (Unavailable, Conflict)
END = "~"  # after every id


def run_due(backend: Backend, deadline_ms: int) -> int:
    """How many calls were run, or given up, before ``deadline_ms`` (epoch milliseconds). Raises Unavailable when they cannot be read."""
    upto = Range(high=f"{iso_text(backend.clock.now_ms())}{END}")
    page = store_errors(lambda: backend.store.query(EXECUTIONS, LATER, keys=upto, limit=MOST_AT_ONCE))
    done = 0
    for place in page.items:
        if backend.clock.now_ms() + LONGEST_RUN_MS + RESERVE_MS > deadline_ms:
            break  # a call gets the time that it would have over HTTP
        try:
            done += store_errors(lambda place=place: LaterRun(backend, place, deadline_ms).run())  # type: ignore[misc]
        except AppError as error:
            logger.warning("the scheduled call %s waits for the next sweep: %s", place["id"], error)
        except Exception:
            logger.exception("the scheduled call %s cannot be run", place["id"])
    return done


class LaterRun:
    """One call whose time has come."""

    def __init__(self, backend: Backend, place: Item, deadline_ms: int) -> None:
        self._backend, self._place, self._deadline_ms = backend, place, deadline_ms

    def run(self) -> bool:
        """Whether it is over now. Raises Unavailable, Conflict."""
        key = later_call_key(self._place["userId"], self._place["id"])
        item = self._backend.store.batch_get([key]).get(key)
        if item is None:
            self._commit([Tagged(Delete(Key(EXECUTIONS, self._place["pk"], self._place["sk"])), "other")])
            return False
        now_ms = self._backend.clock.now_ms()
        if now_ms - ms_of(moment_of(item["runAt"], zone_of("UTC"))) > LATEST_MS:
            return self._end(item, "missed", {"errors": [{"message": "it could not be run within a day of its time"}]})
        if item["state"] != "running":
            if not self._commit([begun(item)]):
                return False
            item = item | {"state": "running"}
        return self._ran(item)

    def _ran(self, item: Item) -> bool:
        try:
            answer = self._answer(self._call(item))
        except LATER_AGAIN:
            raise
        except AppError as error:
            return self._end(item, "failed", {"errors": [problem.to_json() for problem in error.problems()]})
        body = answer.body()
        result = {"status": answer.status, **{name: body[name] for name in ("meta", "messages", "errors") if body.get(name)}}
        return self._end(item, "failed" if answer.errors or answer.status >= 400 else "done", result)

    def _call(self, item: Item) -> Call:
        now_ms = self._backend.clock.now_ms()
        return replace(
            call_of(item),
            principal=Principal(item["userId"], now_ms // 1000),
            idempotency_key=f"scheduled call {item['id']}",
            kept_seconds=KEPT_SECONDS,
            deadline_ms=now_ms + LONGEST_RUN_MS,
            request_id=f"scheduled-{item['id']}",
        )

    def _answer(self, call: Call) -> Answer:
        return ActionRuns(self._backend).run(call) if call.resource == "actions" else CustomActions(self._backend).trigger(call)

    def _end(self, item: Item, state: str, result: Json) -> bool:
        return self._commit(ended(item, state, result, self._backend.clock.now_ms()))

    def _commit(self, writes: list[Tagged]) -> bool:
        """Whether nobody else was first."""
        try:
            commit(self._backend.store, self._backend.clock, writes, self._deadline_ms)
        except Stale:
            return False
        return True
