"""Whether a queued execution may begin, and what becomes of it when its workflow runs as often as it may (``options.concurrency``).

``queue``: it waits in line, and is started by whoever ends, or by the sweep. ``skip``: it ends at once. ``replace``: the newest ones run,
so the oldest one that does is ended for it, or it is ended itself when it comes later than newer ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.keys import execution_key, place_key
from chalicelib.domain.ports import Delete, Equals, Item, Update
from chalicelib.domain.status import ABORTED, ERROR, QUEUEING
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Json
from chalicelib.services.backend import Backend
from chalicelib.services.concurrency import REPLACE, SKIP, Limit, Room, held_by, limit_of, place, room_for
from chalicelib.services.endings import end_now

DEADLOCK = "it would wait for a slot (options.concurrency) that is held by the execution that waits for it as its subflow"
SKIPPED, REPLACED = "concurrency_skipped", "concurrency_replaced"


@dataclass(frozen=True)
class Admission:
    """What the commit that begins the execution sets on its item, and writes besides."""

    set: dict[str, Json] = field(default_factory=dict)
    writes: list[Tagged] = field(default_factory=list)


def admitted(backend: Backend, item: Item, workflow: Workflow, attempt: int) -> Admission | None:
    """``None`` when it may not begin now: then it waits in line, or has been ended.

    Raises Stale when what was read has changed, Conflict, Unavailable."""
    if item.get("status") is not QUEUEING:
        return Admission()
    try:
        limit = limit_of(workflow, item)
    except ExpressionError as error:
        end_now(backend, item["id"], ERROR, f"options.concurrency.key: {error}"[:1_000])
        return None
    leaving = [Tagged(Delete(place_key(item["waitsFor"], item["id"])), "other")] if item.get("waitsFor") else []
    if limit is None:
        return Admission({"waitsFor": None}, leaving)
    room = room_for(backend, limit, item["id"])
    if not room.has_place(limit, item["id"]):
        _turn_away(backend, item, limit, room, attempt)
        return None
    key, taking = room.taken(limit, item["id"])
    return Admission({"held": held_by(key), "waitsFor": None}, [taking, *leaving])


def _turn_away(backend: Backend, item: Item, limit: Limit, room: Room, attempt: int) -> None:
    if limit.policy == SKIP:
        end_now(backend, item["id"], ABORTED, SKIPPED)
    elif limit.policy == REPLACE:
        oldest = min([*room.slots.values(), item["id"]])
        end_now(backend, oldest, ABORTED, REPLACED)
        if oldest != item["id"]:
            raise Stale
    elif _would_wait_for_itself(backend, item, room):
        end_now(backend, item["id"], ERROR, DEADLOCK)
    else:
        _stand_in_line(backend, item, limit, attempt)


def _would_wait_for_itself(backend: Backend, item: Item, room: Room) -> bool:
    """Whether every slot is held by an execution that waits for a subflow in this line: then none would ever be given back."""
    holders, own = set(room.slots.values()), _waiting_above(backend, [item])
    if not own & holders:
        return False
    in_line = backend.store.batch_get([execution_key(other) for other in room.line if other != item["id"]])
    return holders <= own | _waiting_above(backend, list(in_line.values()))


def _waiting_above(backend: Backend, items: Sequence[Item]) -> set[int]:
    """The executions that wait for these as their subflows, and those that wait for them."""
    found: set[int] = set()
    while items:
        parents = {json.loads(item["doc"]).get("parentExecutionId") for item in items} - {None, *found}
        found |= parents
        items = list(backend.store.batch_get([execution_key(one) for one in parents]).values()) if parents else []
    return found


def _stand_in_line(backend: Backend, item: Item, limit: Limit, attempt: int) -> None:
    """Commit its place; then look again, for who ended in between could not see it there."""
    before = item.get("waitsFor")
    waiting: dict[str, Json] = {"waitsFor": limit.semaphore, "attempt": attempt, "triedAt": None, "updatedAt": backend.now()}
    same = Equals({"attempt": item["attempt"], "status": QUEUEING})
    writes = [Tagged(Update(execution_key(item["id"]), set=waiting, condition=same), "attempt"), place(limit.semaphore, item["id"])]
    if before and before != limit.semaphore:
        writes.append(Tagged(Delete(place_key(before, item["id"])), "other"))
    commit(backend.store, backend.clock, writes)
    if room_for(backend, limit, item["id"]).has_place(limit, item["id"]):
        raise Stale
