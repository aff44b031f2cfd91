"""Runs the calls whose time (``runAt``) has come, each once, as the user who made them, with all that is asked of any call.

A call runs under an Idempotency-Key of its own, so one that died between its effect and the note that it ended answers the second time as
it did the first. What cannot be run now (the database is silent, others hold the records) is put behind the others and tried again, for a
day. The API key or the session that it was made with is asked for again: one that was taken back runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import LATER, later_call_key
from chalicelib.domain.moments import moment_of, ms_of, zone_of
from chalicelib.domain.ports import EXECUTIONS, Item, Range, StoreUnavailable
from chalicelib.engine.commit import Stale, commit, store_errors
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Conflict, Json, Unauthenticated, Unavailable
from chalicelib.observability import logger
from chalicelib.services.action_runs import ActionRuns
from chalicelib.services.backend import Backend, Principal
from chalicelib.services.call import Answer, Call
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.later_calls import LATEST_MS, RUNNING, WAITING, begun, call_of, ended, gone, postponed, proof_in

READ_AT_ONCE = 25
AGAIN_MS = 45_000  # before the next sweep but one
LONGEST_RUN_MS = 28_000
RESERVE_MS = 2_000
KEPT_SECONDS = 3 * 86_400
LATER_AGAIN = (Unavailable, Conflict)
END = "~"  # after every id


def run_due(backend: Backend, deadline_ms: int) -> int:
    """How many calls were run, or given up, before ``deadline_ms`` (epoch milliseconds). Raises Unavailable when they cannot be read."""
    due, done = _due(backend), 0
    while backend.clock.now_ms() + LONGEST_RUN_MS + RESERVE_MS <= deadline_ms:  # a call gets the time that it would have over HTTP
        place = store_errors(lambda: next(due, None))
        if place is None:
            break
        try:
            done += store_errors(lambda place=place: LaterRun(backend, place, deadline_ms).run())  # type: ignore[misc]
        except AppError as error:
            logger.warning("the scheduled call %s waits for the next sweep: %s", place["id"], error)
            _postpone(backend, place, deadline_ms)
        except Exception:
            logger.exception("the scheduled call %s cannot be run", place["id"])
            _postpone(backend, place, deadline_ms)
    return done


def _due(backend: Backend) -> Iterator[Item]:
    """The places of the calls whose time has come, in the order of their times. Raises StoreUnavailable."""
    upto, start = Range(high=f"{iso_text(backend.clock.now_ms())}{END}"), None
    while True:
        page = backend.store.query(EXECUTIONS, LATER, keys=upto, limit=READ_AT_ONCE, start=start)
        yield from page.items
        start = page.next
        if start is None:
            return


def _postpone(backend: Backend, place: Item, deadline_ms: int) -> None:
    """What cannot run now must not stand before the others in every sweep."""
    try:
        commit(backend.store, backend.clock, postponed(place, backend.clock.now_ms() + AGAIN_MS), deadline_ms)
    except (AppError, Stale, StoreUnavailable) as error:
        logger.warning("the scheduled call %s keeps its place: %s", place["id"], error)


class LaterRun:
    """One call whose time has come."""

    def __init__(self, backend: Backend, place: Item, deadline_ms: int) -> None:
        self._backend, self._place, self._deadline_ms = backend, place, deadline_ms

    def run(self) -> bool:
        """Whether it is over now. Raises Unavailable, Conflict."""
        key = later_call_key(self._place["userId"], self._place["id"])
        item = self._backend.store.batch_get([key]).get(key)
        if item is None or item["state"] not in (WAITING, RUNNING):
            self._commit([gone(self._place)])
            return False
        now_ms = self._backend.clock.now_ms()
        if now_ms - ms_of(moment_of(item["runAt"], zone_of("UTC"))) > LATEST_MS:
            return self._end(item, "missed", {"errors": [{"message": "it could not be run within a day of its time"}]})
        if item["state"] == WAITING:
            if not self._commit([begun(item)]):
                return False
            item = item | {"state": RUNNING}
        return self._ran(item)

    def _ran(self, item: Item) -> bool:
        try:
            answer = self._answer(self._call(item))
        except LATER_AGAIN:
            raise
        except AppError as error:
            state = "refused" if isinstance(error, Unauthenticated) else "failed"
            return self._end(item, state, {"errors": [problem.to_json() for problem in error.problems()]})
        body = answer.body()
        result = {"status": answer.status, **{name: body[name] for name in ("meta", "messages", "errors") if body.get(name)}}
        return self._end(item, "failed" if answer.errors or answer.status >= 400 else "done", result)

    def _call(self, item: Item) -> Call:
        now_ms = self._backend.clock.now_ms()
        return replace(
            call_of(item),
            principal=Principal(item["userId"], now_ms // 1000, proof=proof_in(item)),
            idempotency_key=f"scheduled call {item['id']}",
            kept_seconds=KEPT_SECONDS,
            deadline_ms=now_ms + LONGEST_RUN_MS,
            request_id=f"scheduled-{item['id']}",
        )

    def _answer(self, call: Call) -> Answer:
        return ActionRuns(self._backend).run(call) if call.resource == "actions" else CustomActions(self._backend).trigger(call)

    def _end(self, item: Item, state: str, result: Json) -> bool:
        return self._commit(ended(item, self._place, state, result, self._backend.clock.now_ms()))

    def _commit(self, writes: list[Tagged]) -> bool:
        """Whether nobody else was first."""
        try:
            commit(self._backend.store, self._backend.clock, writes, self._deadline_ms)
        except Stale:
            return False
        return True
