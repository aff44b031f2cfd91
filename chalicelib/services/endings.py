"""How an asynchronous execution ends, whoever ends it: the walk that came to its end, a cancel, its time, a machine that gave up.

One commit ends the execution, its pending jobs, and the executions that it waits for; where it is itself waited for, the same commit gives
its parent the result. Source of the reasons: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import execution_key, job_key
from chalicelib.domain.ports import EXECUTIONS, Equals, Item, Key, Put, StoreUnavailable, Update
from chalicelib.domain.status import ABORTED, PENDING, STARTED
from chalicelib.engine.commit import Stale, commit, walk_until_committed
from chalicelib.engine.policies import RETRY_AT, meta_of
from chalicelib.engine.stored_jobs import doc_of, ended_item, is_part, read_all, signal_writes
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Json
from chalicelib.nodes import subflow
from chalicelib.observability import logger, ran
from chalicelib.services.attempts import version_of
from chalicelib.services.backend import Backend
from chalicelib.services.closing import left_over, tell
from chalicelib.services.concurrency import release_writes, wake_next

OPEN = (None, STARTED)
CANCELED_BY_HAND, PARENT_ABORTED, VERSION_GONE = "manual_cancel", "parent_aborted", "workflow_deleted"
MOST_WRITES = 90


@dataclass(frozen=True)
class Family:
    """An open execution as it was read, with its pending jobs; ``reason`` is why it ends."""

    item: Item
    pending: Sequence[Item]
    reason: str


def is_open(item: Item) -> bool:
    return item.get("status") in OPEN


def unchanged(item: Item) -> Equals:
    """Nobody has moved the execution since it was read."""
    return Equals({name: item.get(name) for name in ("status", "attempt", "updatedAt")})


def ended(status: int, reason: str | None, now: str) -> dict[str, Json]:
    """What is set on an execution's item when it ends."""
    return {"status": status, "reason": reason, "updatedAt": now, "open": None, "taskToken": None, "wakesAt": None, "seen": None}


def end_now(
    backend: Backend, execution_id: int, status: int, reason: str, deadline_ms: int | None = None, *, attempt: int | None = None
) -> bool:
    """End an execution and what it waits for; False when it is not there or has ended, or is a later ``attempt``'s by now.

    Raises Conflict, Unavailable."""

    def once(number: int) -> list[Family]:
        family = list(_family(backend, execution_id, reason))
        if family and attempt is not None and family[0].item["attempt"] > attempt:
            return []
        if family:
            _commit(backend, family, status, deadline_ms)
        return family

    family = walk_until_committed(backend.clock, deadline_ms, once)
    for member in family[:1]:
        tell_parent(backend, member.item)
        told(backend, member.item["id"])
    for member in family:
        count_end(backend, member.item, status if member is family[0] else ABORTED)
        let_go(backend, member.item)
        wake_next(backend, member.item)
    return bool(family)


def count_end(backend: Backend, item: Item, status: int) -> None:
    """Of an asynchronous execution, after the commit that ends it."""
    began_ms = epoch_ms_of(item.get("startedAt") or item["createdAt"])
    ran(item["id"], item["key"], status, "async", backend.clock.now_ms() - began_ms)


def let_go(backend: Backend, item: Item) -> None:
    """End the wait of a machine whose execution has ended, best effort: it then finds that nothing is left to do."""
    if item.get("taskToken"):
        backend.machines.send(item["taskToken"])


def told(backend: Backend, execution_id: int) -> None:
    """Announce a failure right after its commit, best effort."""
    try:
        tell(backend, execution_id)
    except (StoreUnavailable, AppError) as error:
        logger.warning("that execution %s failed is told by the sweep: %s", execution_id, error)


def _family(backend: Backend, execution_id: int, reason: str) -> Iterator[Family]:
    own, jobs = read_all(backend.store, execution_id)
    if own is None or not is_open(own):
        return
    pending = [item for item in jobs if not is_part(item) and item["status"] == PENDING]
    yield Family(own, pending, reason)
    for item in pending:
        child_id = (doc_of(item)["meta"] or {}).get("executionId")
        if isinstance(child_id, int):
            yield from _family(backend, child_id, PARENT_ABORTED)


def _commit(backend: Backend, family: Sequence[Family], status: int, deadline_ms: int | None) -> None:
    """All at once; of more than a transaction holds the execution first, then what nobody waits for any more."""
    now = backend.now()
    writes = parent_writes(backend, family[0].item, status, None)
    for member in family:
        writes += release_writes(backend, member.item)
        own_status = status if member is family[0] else ABORTED
        set_to = ended(own_status, member.reason, now)
        set_to |= left_over(backend, member.item, version_of(backend, member.item), own_status, member.reason)
        writes.append(Tagged(Update(execution_key(member.item["id"]), set=set_to, condition=unchanged(member.item)), "attempt"))
    for job in (job for member in family for job in member.pending):
        gone: dict[str, Json] = {"status": ABORTED, "endedAt": now}
        writes.append(Tagged(Update(Key(EXECUTIONS, job["pk"], job["sk"]), set=gone, condition=Equals({"status": PENDING})), "other"))
    commit(backend.store, backend.clock, writes[:MOST_WRITES], deadline_ms)
    for start in range(MOST_WRITES, len(writes), MOST_WRITES):
        # The execution has ended; a job that somebody else has ended meanwhile does no harm.
        with suppress(Stale):
            commit(backend.store, backend.clock, writes[start : start + MOST_WRITES], deadline_ms)


def parent_writes(backend: Backend, item: Item, status: int, output: Json) -> list[Tagged]:
    """What gives the parent its subflow's result; nothing when no parent waits (any more)."""
    doc = json.loads(item["doc"])
    parent_id, place = doc.get("parentExecutionId"), doc.get("parentPlace")
    if parent_id is None or place is None:
        return []
    own, at = execution_key(parent_id), job_key(parent_id, place)
    found = backend.store.batch_get([own, at])
    if found.get(own, {}).get("status") != STARTED or not _waits_for(found.get(at), item["id"]):
        return []
    outcome = subflow.outcome_of(item["key"], item["id"], status, output)
    changed, parts = ended_item(found[at], outcome.status, outcome.result, backend.now())
    return [*signal_writes(parent_id, place, changed), *(Tagged(Put(EXECUTIONS, part), "other") for part in parts)]


def _waits_for(job: Item | None, child_id: int) -> bool:
    """Whether the job is pending for this very execution: not for a later one, nor for the time when it is tried again."""
    if job is None or job["status"] != PENDING:
        return False
    meta = doc_of(job)["meta"]
    return bool(meta_of(meta, "executionId") == child_id) and meta_of(meta, RETRY_AT) is None


def tell_parent(backend: Backend, item: Item) -> None:
    """Wake the machine that waits for this execution, best effort: the sweep does it when this is not heard."""
    parent_id = json.loads(item["doc"]).get("parentExecutionId")
    if parent_id is None:
        return
    key = execution_key(parent_id)
    with suppress(StoreUnavailable):
        token = (backend.store.batch_get([key]).get(key) or {}).get("taskToken")
        if token:
            backend.machines.send(token)
