"""How definitions are changed: by who manages them, in one transaction that also raises the epoch.

Every process sees the new epoch with its next read and drops its copies; nothing has to be told to anybody.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.collection import Collection
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import Update
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import COLLECTIONS
from chalicelib.engine.commit import Replayed, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Tagged, UnitOfWork
from chalicelib.errors import Conflict, Forbidden
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.session import Caller, signed_in

RAISE_EPOCH = Tagged(Update(EPOCH, add={"value": 1}), "other")


@dataclass
class Editing:
    """One try of one change. ``extra`` takes writes that are no records (a workflow's enabled copy), ``afterwards`` what is begun at once
    when they are committed, given the deadline. ``acting`` is ``None`` for the rest of a job, whose start somebody was permitted."""

    backend: Backend
    acting: Caller | None
    reads: Reads
    definitions: Definitions
    unit: UnitOfWork
    records: UnitRecords
    extra: list[Tagged] = field(default_factory=list)
    afterwards: list[Callable[[int | None], None]] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        """Who asked for the change. Raises Forbidden where nobody did."""
        if self.acting is None:
            raise Forbidden("nobody is signed in")
        return self.acting

    def collection(self, name: str) -> Collection | None:
        return self.definitions.collection_now(name)

    def definition(self, name: str) -> Record | None:
        """The stored definition of a collection, as it is now and not as it was cached."""
        return self.unit.get(COLLECTIONS, name)

    def id_type(self, name: str) -> str:
        found = self.collection(name)
        return found.id_type if found else "integer"


def edit(backend: Backend, call: Call, area: str, act: Callable[[Editing], Answer]) -> Answer:
    """``act``'s answer, after what it staged is committed. Raises Forbidden unless the caller manages the area."""

    return _committed(backend, call.deadline_ms, act, lambda: open_for(backend, call, area, secrets.token_hex(8)))


def edit_once(backend: Backend, call: Call, area: str, act: Callable[[Editing], Answer]) -> Answer:
    """As `edit`, for what makes something: with an ``Idempotency-Key`` the same call again makes nothing and answers as the first.

    Raises Unprocessable for a key that was used for another request or in another role, and Invalid."""
    now_s = backend.clock.now_ms() // 1000

    def once(editing: Editing) -> Answer:
        there = idempotency.kept_answer(editing.reads, call, editing.caller, now_s)
        if there is not None:
            return there
        answer = act(editing)
        editing.extra += idempotency.keep(call, editing.caller, now_s, answer)
        return answer

    for _ in range(2):
        try:
            return edit(backend, call, area, once)
        except Replayed:
            continue
    raise Conflict("the same call is under way; try again", data={"retryAfter": 1})


def edit_unattended(backend: Backend, deadline_ms: int | None, act: Callable[[Editing], Answer]) -> Answer:
    """As `edit`, for the rest of a job: nobody calls, nobody's name is put on what changes."""
    return _committed(backend, deadline_ms, act, lambda: open_unattended(backend, secrets.token_hex(8)))


def _committed(backend: Backend, deadline_ms: int | None, act: Callable[[Editing], Answer], opening: Callable[[], Editing]) -> Answer:
    def walk(number: int) -> Answer:
        opened = opening()
        answer = act(opened)
        tagged = opened.unit.writes() + opened.extra
        if tagged:
            commit(backend.store, backend.clock, [*tagged, RAISE_EPOCH], deadline_ms)
        for step in opened.afterwards:
            step(deadline_ms)
        return answer

    return store_errors(lambda: walk_until_committed(backend.clock, deadline_ms, walk))


def view(backend: Backend, call: Call, area: str, act: Callable[[Editing], Answer]) -> Answer:
    """As `edit`, for what only reads."""
    return store_errors(lambda: act(open_for(backend, call, area, "")))


def open_unattended(backend: Backend, seed: str) -> Editing:
    """An `Editing` on nobody's behalf."""
    reads, definitions = backend.reading()
    now_ms = backend.clock.now_ms()
    unit = backend.unit(reads, user_id=None, at_ms=now_ms, seed=seed)
    return Editing(backend, None, reads, definitions, unit, UnitRecords(unit, definitions, now_ms=now_ms))


def open_for(backend: Backend, call: Call, area: str, seed: str) -> Editing:
    reads, definitions = backend.reading()
    caller = signed_in(backend, reads, definitions, call)
    caller.must_manage(area)
    now_ms = backend.clock.now_ms()
    unit = backend.unit(reads, user_id=caller.id, at_ms=now_ms, seed=seed)
    return Editing(backend, caller, reads, definitions, unit, UnitRecords(unit, definitions, now_ms=now_ms, timezone=call.timezone))
