"""Limits on how many executions of a workflow run at once: ``options.concurrency`` is ``{"limit", "key"?, "policy"?}``.

Executions whose ``key`` gives the same text share ``limit`` slots, each an item of its own that names who holds it, so two who begin at
once never hold one. A slot is taken by the commit that begins the execution and given back by the one that ends it, whoever ends it. A
holder whose execution is over counts no more, whatever its slot says. Who waits has a place in the line, oldest first.
Source: https://docs.nocobase.com/workflow/advanced/executions (an execution in the queue), AWS's pattern of a semaphore in a table
(https://aws.amazon.com/blogs/compute/controlling-concurrency-in-distributed-systems-using-aws-step-functions/)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.keys import SLOT, execution_key, place_key, semaphore, slot_key
from chalicelib.domain.ports import EXECUTIONS, Absent, Delete, Equals, Item, Key, Put, StoreUnavailable
from chalicelib.domain.status import QUEUEING, STARTED
from chalicelib.domain.template import compile_template, text_of
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import commit
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import AppError, Json
from chalicelib.observability import logger
from chalicelib.services.attempts import next_attempt, version_of
from chalicelib.services.backend import Backend

QUEUE, SKIP, REPLACE = "queue", "skip", "replace"
MOST_LOOKED_AT = 125  # slots, at most a hundred, and then who is next in line
MOST_WOKEN = 10
STARTING_MS = 5_000


@dataclass(frozen=True)
class Limit:
    """``semaphore`` is the partition of its items; ``most`` hold one at a time."""

    semaphore: str
    most: int
    policy: str


@dataclass(frozen=True)
class Room:
    """Who holds which slot (``{sort key: execution id}``), and the first in the ``line``; ``left`` are slots whose holder is over."""

    semaphore: str
    slots: dict[str, int]
    line: Sequence[int]
    left: dict[str, int] = field(default_factory=dict)

    def has_place(self, limit: Limit, execution_id: int) -> bool:
        """Whether there are more free slots than executions before this one in the line, which only a queue has."""
        earlier = sum(1 for other in self.line if other < execution_id) if limit.policy == QUEUE else 0
        return limit.most - len(self.slots) > earlier

    def taken(self, limit: Limit, execution_id: int) -> tuple[Key, Tagged]:
        """A free slot, and the write that takes it. Others that begin now will likely take another one."""
        keys = [slot_key(self.semaphore, number) for number in range(limit.most)]
        free = [key for key in keys if key.sk not in self.slots]
        key = free[execution_id % len(free)]
        condition = Equals({"holder": self.left[key.sk]}) if key.sk in self.left else Absent()
        return key, Tagged(Put(EXECUTIONS, {"pk": key.pk, "sk": key.sk, "holder": execution_id}, condition), "other")


def limit_of(workflow: Workflow, item: Item) -> Limit | None:
    """The limit that the execution is under. Raises ExpressionError when the key's expression fails on its context."""
    options = workflow.options.get("concurrency")
    if not options:
        return None
    context = json.loads(item["doc"])["context"]
    text = text_of(compile_template(options.get("key") or "").render({"$context": context}))
    return Limit(semaphore(workflow.key, text), int(options["limit"]), options.get("policy") or QUEUE)


def read_room(backend: Backend, name: str) -> Room:
    """The slots as they are written, and the first in the line."""
    slots: dict[str, int] = {}
    line = []
    for item in backend.store.query(EXECUTIONS, name, limit=MOST_LOOKED_AT).items:
        if item["sk"].startswith(SLOT):
            slots[item["sk"]] = item["holder"]
        else:
            line.append(item["holder"])
    return Room(name, slots, line)


def cleared(backend: Backend, room: Room) -> Room:
    """The room without those whose executions are over."""
    executions = backend.store.batch_get({execution_key(one) for one in (*room.slots.values(), *room.line)})
    status = {item["id"]: item.get("status") for item in executions.values()}
    held = {name: holder for name, holder in room.slots.items() if status.get(holder, QUEUEING) == STARTED}
    left = {name: holder for name, holder in room.slots.items() if name not in held}
    return Room(room.semaphore, held, [one for one in room.line if one in status and status[one] is QUEUEING], left)


def room_for(backend: Backend, limit: Limit, execution_id: int) -> Room:
    """The room, looked at closely when there seems to be no place in it."""
    room = read_room(backend, limit.semaphore)
    return room if room.has_place(limit, execution_id) else cleared(backend, room)


def release_writes(backend: Backend, item: Item) -> list[Tagged]:
    """What gives back the slot of an execution, or its place in the line, in the commit that ends it."""
    held, waits_for = item.get("held"), item.get("waitsFor")
    writes = [Tagged(Delete(place_key(waits_for, item["id"])), "other")] if waits_for else []
    if held:
        key = Key(EXECUTIONS, *held)
        found = backend.store.batch_get([key]).get(key)
        if found is not None and found["holder"] == item["id"]:
            writes.append(Tagged(Delete(key, Equals({"holder": item["id"]})), "other"))
    return writes


def wake_next(backend: Backend, ended: Item) -> None:
    """Start who is next in line after an execution has ended, best effort: the sweep starts whoever is not started here."""
    name = ended["held"][0] if ended.get("held") else ended.get("waitsFor")
    if name is None:
        return
    try:
        _wake(backend, name)
    except (StoreUnavailable, AppError) as error:
        logger.warning("who waits for a slot of %s waits for the sweep: %s", name.split("#")[1], error)


def _wake(backend: Backend, name: str) -> None:
    room = read_room(backend, name)
    first = room.line[:MOST_WOKEN]
    items = backend.store.batch_get([execution_key(one) for one in first]) if first else {}
    taken = len(room.slots)
    for execution_id in first:
        item = items.get(execution_key(execution_id))
        if item is None or item.get("status") is not QUEUEING:
            commit(backend.store, backend.clock, [Tagged(Delete(place_key(name, execution_id)), "other")])
            continue
        if not _started(backend, item, taken):
            return
        taken += 1


def _started(backend: Backend, item: Item, taken: int) -> bool:
    """Whether there was a slot for it; one that was started a moment ago is not started again."""
    workflow = version_of(backend, item)
    limit = (workflow.options.get("concurrency") or {}).get("limit") if workflow else 0
    if workflow is None or (limit is not None and taken >= limit):
        return False
    if backend.clock.now_ms() - int(item.get("triedAt") or 0) > STARTING_MS:
        next_attempt(backend, item, workflow)
    return True


def place(name: str, execution_id: int) -> Tagged:
    """The write that puts an execution into the line."""
    key = place_key(name, execution_id)
    return Tagged(Put(EXECUTIONS, {"pk": key.pk, "sk": key.sk, "holder": execution_id}), "other")


def held_by(key: Key | None) -> Json:
    """What an execution's item says of its slot."""
    return [key.pk, key.sk] if key else None
