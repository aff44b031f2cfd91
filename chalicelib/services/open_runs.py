"""The sweep of open executions: whatever was lost between two commits is found here and goes on.

An execution is looked at when it ought to have moved and has not: queued for ten seconds, waiting past the time or the signal that ends its
wait, walked without a commit, or of a version that is no longer there. One whose machine still runs is left alone; one whose token was not
heard gets it again; any other gets a new attempt. One over its time, or without its version, is ended, machine or not. Where a sweep has no
time for all, the next one begins where it stopped.
Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html (its answer may be a moment old)
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import execution_key, record_key
from chalicelib.domain.machines import MachineRefused
from chalicelib.domain.ports import EXECUTIONS, Item, Key, Put, Range
from chalicelib.domain.retention import TIMEOUT
from chalicelib.domain.status import ABORTED, QUEUEING
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import commit, store_errors
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError
from chalicelib.observability import counted, logger
from chalicelib.services import machines
from chalicelib.services.attempts import last_attempt, next_attempt, version_of
from chalicelib.services.backend import Backend
from chalicelib.services.closing import close
from chalicelib.services.concurrency import Room, cleared, limit_of, read_room
from chalicelib.services.endings import VERSION_GONE, end_now, is_open

PARTITIONS = 10
PAUSE_MS = 10_000
MOST_DOUBLINGS = 6
CURSOR = Key(EXECUTIONS, "sweep", "open")


class OpenRuns:
    """One sweep after the other over a `Backend`. With ``at_once`` every open execution without a machine goes on, however fresh."""

    def __init__(self, backend: Backend, *, at_once: bool = False) -> None:
        self._backend = backend
        self._at_once = at_once
        self._rooms: dict[str, Room] = {}
        self._versions: dict[int, bool] = {}
        self._tells = True
        self._open_runs = self._stuck_runs = 0

    def sweep(self, deadline_ms: int) -> int:
        """How many executions were moved on before ``deadline_ms`` (epoch milliseconds). Raises Unavailable when they cannot be found."""
        try:
            return store_errors(lambda: self._sweep(deadline_ms))
        finally:
            counted("OpenRuns", self._open_runs)
            counted("StuckRuns", self._stuck_runs)

    def _sweep(self, deadline_ms: int) -> int:
        cursor = self._backend.store.batch_get([CURSOR]).get(CURSOR)
        self._versions, moved = {}, 0
        for partition, item in self._open((cursor or {}).get("value") or [0, 0]):
            if self._backend.clock.now_ms() >= deadline_ms:
                self._keep([partition, item["id"]])
                return moved
            self._open_runs += is_open(item)
            moved += self._moved(item)
        if cursor is not None and cursor.get("value"):
            self._keep(None)
        return moved

    def _open(self, begin: list[int]) -> Iterator[tuple[int, Item]]:
        """Every item of the index once, those from ``begin`` (partition, id) on first."""
        first, low = begin
        yield from self._partition(first, Range(low=str(low)))
        for step in range(1, PARTITIONS):
            yield from self._partition((first + step) % PARTITIONS, None)
        if low:
            yield from self._partition(first, Range(high=str(low - 1)))

    def _partition(self, number: int, keys: Range | None) -> Iterator[tuple[int, Item]]:
        start = None
        while True:
            page = self._backend.store.query(EXECUTIONS, f"open#{number}", index="byOpen", keys=keys, start=start)
            yield from ((number, item) for item in page.items)
            start = page.next
            if start is None:
                return

    def _keep(self, place: list[int] | None) -> None:
        put = Put(CURSOR.table, {"pk": CURSOR.pk, "sk": CURSOR.sk, "value": place})
        commit(self._backend.store, self._backend.clock, [Tagged(put, "other")])

    def _moved(self, item: Item) -> bool:
        """Whether something was done about the execution. What is wrong with one must not keep the others from going on."""
        try:
            return store_errors(lambda: self._is_due(item) and self._move(item["id"]))
        except (AppError, MachineRefused) as error:
            logger.warning("execution %s waits for the next sweep: %s", item["id"], error)
        except Exception:
            logger.exception("execution %s cannot go on", item["id"])
        self._stuck_runs += 1
        return False

    def _is_due(self, item: Item) -> bool:
        """Whether the execution ought to have moved by now."""
        if not is_open(item) or self._is_over(item) or self._at_once:
            return True
        return (self._has_rested(item) and self._has_to_move(item)) or not self._has_version(item)

    def _has_version(self, item: Item) -> bool:
        """Whether the version that it runs is still there, asked once in a sweep."""
        version_id = item["workflowId"]
        if version_id not in self._versions:
            key = record_key(WORKFLOWS.uid, version_id)
            self._versions[version_id] = key in self._backend.store.batch_get([key])
        return self._versions[version_id]

    def _is_over(self, item: Item) -> bool:
        expires_ms = item.get("expiresAt")
        return expires_ms is not None and self._backend.clock.now_ms() > int(expires_ms) + PAUSE_MS

    def _has_rested(self, item: Item) -> bool:
        """Nobody has touched it for ten seconds, longer after every attempt that did not come to write."""
        touched_ms = max(epoch_ms_of(item.get("updatedAt") or item["createdAt"]), item.get("triedAt") or 0)
        return self._backend.clock.now_ms() - int(touched_ms) > PAUSE_MS << min(_vain(item), MOST_DOUBLINGS)

    def _has_to_move(self, item: Item) -> bool:
        """Queued, or between two waits; else its wait is over."""
        if item.get("status") is QUEUEING or item.get("seen") is None:
            room = self._rooms.get(item.get("waitsFor") or "")
            return room is None or item["id"] in room.line
        wakes_ms = item.get("wakesAt")
        return _missed_a_signal(item) or (wakes_ms is not None and self._backend.clock.now_ms() > int(wakes_ms) + PAUSE_MS)

    def _move(self, execution_id: int) -> bool:
        key = execution_key(execution_id)
        item = self._backend.store.batch_get([key]).get(key)
        if item is None or not self._is_due(item):
            return False
        if not is_open(item):
            return bool(item.get("open")) and self._closed(item)
        workflow = version_of(self._backend, item)
        if self._is_over(item) or workflow is None:
            return self._ended(item, workflow)
        if _missed_a_signal(item) and item.get("taskToken") and self._backend.machines.send(item["taskToken"]):
            return True
        if not self._may_begin(item, workflow) or machines.is_running(self._backend, workflow, execution_id, last_attempt(item)):
            return False
        started = next_attempt(self._backend, item, workflow) is not None
        self._stuck_runs += started
        return started

    def revive(self, item: Item) -> bool:
        """Whether an open execution was moved on whose machine is known to have ended: at once, unless attempts follow each other so fast
        that the next sweep is soon enough.

        Raises Unavailable."""
        if self._backend.clock.now_ms() - int(item.get("triedAt") or 0) <= PAUSE_MS << min(_vain(item), MOST_DOUBLINGS):
            return False
        return store_errors(lambda: self._revived(item))

    def _revived(self, item: Item) -> bool:
        workflow = version_of(self._backend, item)
        if self._is_over(item) or workflow is None:
            return self._ended(item, workflow)
        return self._may_begin(item, workflow) and next_attempt(self._backend, item, workflow) is not None

    def _ended(self, item: Item, workflow: Workflow | None) -> bool:
        """Whether it was ended: its time is over, or its version is gone."""
        done = end_now(self._backend, item["id"], ABORTED, TIMEOUT if self._is_over(item) else VERSION_GONE)
        if done and workflow is not None:
            machines.stop(self._backend, workflow, item["id"], last_attempt(item))
        return done

    def _closed(self, item: Item) -> bool:
        """Whether all that was left of an ended execution is done. Where nobody hears of a failure, others wait for the next sweep."""
        done = close(self._backend, item, tells=self._tells)
        self._tells = self._tells and done
        return done

    def _may_begin(self, item: Item, workflow: Workflow) -> bool:
        """Whether there is a slot for one that waits in line. Who is first there is read once in a sweep."""
        limit = limit_of(workflow, item) if item.get("waitsFor") and item.get("status") is QUEUEING else None
        if limit is None or limit.semaphore != item["waitsFor"]:
            return True
        room = self._rooms.get(limit.semaphore)
        if room is None:
            room = self._rooms[limit.semaphore] = cleared(self._backend, read_room(self._backend, limit.semaphore))
        return room.has_place(limit, item["id"])


def _vain(item: Item) -> int:
    """How many attempts were started since the last one that came to write."""
    return max(0, last_attempt(item) - max(int(item["attempt"]), 1))


def _missed_a_signal(item: Item) -> bool:
    return item.get("seen") is not None and int(item.get("signals") or 0) > int(item["seen"])
