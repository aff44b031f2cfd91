"""One TransactWriteItems, and what its refusal means.

In this order: the execution exists → it was committed before, answer from it; the idempotency item exists → replay its answer; a
unique guard → 400 naming the field; a version or check → walk again from a fresh read; TransactionConflict or throttling → the same
payload again. When no answer came at all, a strong read of a witness (the execution, else a record written) decides.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.domain.ports import Absent, Clock, Delete, Item, Put, Store, StoreUnavailable, TransactionRefused
from chalicelib.engine.guards import not_unique
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, TooLarge, Unavailable
from chalicelib.observability import logger

MOST_ITEMS = 100
MOST_WALKS = 10
MOST_SENDS = 10
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0
WITNESSES = ("execution", "record", "guard", "definition")

T = TypeVar("T")


class Stale(Exception):
    """What the unit had read has changed: walk again from a fresh read."""


class AlreadyCommitted(Exception):
    """The execution is there already; ``item`` is what is stored."""

    def __init__(self, item: Item) -> None:
        super().__init__(item["pk"])
        self.item = item


class Replayed(Exception):
    """A call with the same Idempotency-Key was committed first."""


def commit(store: Store, clock: Clock, tagged: Sequence[Tagged], deadline_ms: int | None = None) -> None:
    """Write all or nothing, but for hints that have no room, which are written before.

    Raises Stale, AlreadyCommitted, Replayed, Invalid (unique), TooLarge, Conflict, Unavailable."""
    if not tagged:
        return
    _check_number(tagged)
    tagged, early = _with_room(tagged)
    for start in range(0, len(early), MOST_ITEMS):
        commit(store, clock, early[start : start + MOST_ITEMS], deadline_ms)
    writes = [entry.write for entry in tagged]
    silence: StoreUnavailable | None = None
    unheard = False
    for number in range(MOST_SENDS):
        try:
            store.transact(writes)
            return
        except TransactionRefused as refused:
            silence = None
            # A send that was not heard may arrive after all, and then it is our own write that refuses this one.
            if unheard and _landed(store, tagged, refused):
                return
            _raise_for(store, tagged, refused)
        except StoreUnavailable as lost:
            silence, unheard = lost, True
            if _landed(store, tagged, lost):
                return
        if not _pause(clock, number, deadline_ms):
            break
    if silence is not None:
        raise Unavailable("the database gives no answer; nothing was written so far", data=_named(tagged)) from silence
    raise Conflict("others kept changing the same records; try again", data={"retryAfter": 1})


def rehearse(store: Store, tagged: Sequence[Tagged]) -> None:
    """Raise what `commit` would, as far as that can be known without writing: Invalid (unique), TooLarge."""
    _check_number(tagged)
    taking = {entry.write.key: entry for entry in tagged if entry.purpose == "guard" and _condition_of(entry) == Absent()}
    found = store.batch_get(list(taking)) if taking else {}
    for key, entry in taking.items():
        if entry.field and found.get(key) is not None:
            raise not_unique(entry.field, entry.value)


def _check_number(tagged: Sequence[Tagged]) -> None:
    number = sum(1 for entry in tagged if entry.purpose != "hint")
    if number > MOST_ITEMS:
        message = f"a call may write at most {MOST_ITEMS} items with the executions it starts; this one has {number}"
        raise TooLarge(message, code="TOO_MANY_WRITES")


def _with_room(tagged: Sequence[Tagged]) -> tuple[Sequence[Tagged], Sequence[Tagged]]:
    """What fits into one transaction, and the hints that do not: they may stand there for nothing, so they may come first."""
    others = [entry for entry in tagged if entry.purpose != "hint"]
    if len(tagged) <= MOST_ITEMS or not others:
        return tagged, ()
    hints = [entry for entry in tagged if entry.purpose == "hint"]
    room = MOST_ITEMS - len(others)
    return [*others, *hints[:room]], hints[room:]


def _raise_for(store: Store, tagged: Sequence[Tagged], refused: TransactionRefused) -> None:
    """Raise what the refusal means; return when the same payload may be sent again."""
    failed = [entry for entry, reason in zip(tagged, refused.reasons, strict=True) if reason == "condition"]
    purposes = {entry.purpose for entry in failed}
    if "execution" in purposes:
        execution = next(entry.write for entry in failed if entry.purpose == "execution")
        assert isinstance(execution, Put)
        stored = store.batch_get([execution.key]).get(execution.key)
        if stored is not None:
            raise AlreadyCommitted(stored)
        return
    if "idempotency" in purposes:
        raise Replayed
    for entry in failed:
        if entry.purpose == "guard" and entry.field and _condition_of(entry) == Absent():
            raise not_unique(entry.field, entry.value, entry.path)
    if failed:
        raise Stale
    if "invalid" in refused.reasons:
        # What DynamoDB says of it names tables, which are no business of a caller.
        logger.warning("the database refused a write: %s", refused)
        raise TooLarge("the database refused the write: an item is too large or a value cannot be stored", code="WRITE_REFUSED")


def _condition_of(entry: Tagged) -> object:
    return getattr(entry.write, "condition", None)


def _landed(store: Store, tagged: Sequence[Tagged], lost: Exception) -> bool:
    """Whether a write without an answer happened: the witness is there as we wrote it. Raises Unavailable when that cannot be read."""
    ranked = sorted(tagged, key=lambda entry: WITNESSES.index(entry.purpose) if entry.purpose in WITNESSES else len(WITNESSES))
    witness = next((entry.write for entry in ranked if isinstance(entry.write, Put | Delete)), None)
    if witness is None:
        raise Unavailable("the database gave no answer; the outcome is unknown") from lost
    try:
        stored = store.batch_get([witness.key]).get(witness.key)
    except StoreUnavailable as again:
        raise Unavailable("the database gives no answer; the outcome is unknown", data=_named(tagged)) from again
    if isinstance(witness, Delete):
        return stored is None
    # Links are counted by others while the version stands.
    wrote = {name: value for name, value in witness.item.items() if value is not None and name != "links"}
    return stored is not None and {name: stored.get(name) for name in wrote} == wrote


def _named(tagged: Sequence[Tagged]) -> dict[str, int]:
    """The execution to ask for later, where there is one."""
    ids = [
        entry.write.item["id"]
        for entry in tagged
        if entry.purpose == "execution" and isinstance(entry.write, Put) and "id" in entry.write.item
    ]
    return {"executionId": ids[0]} if ids else {}


def _pause(clock: Clock, number: int, deadline_ms: int | None) -> bool:
    """Sleep with full jitter, twice as long each time; False when that would pass the deadline."""
    longest = min(FIRST_PAUSE_SECONDS * 2**number, LONGEST_PAUSE_SECONDS)
    if deadline_ms is not None and clock.now_ms() + longest * 1000 > deadline_ms:
        return False
    clock.sleep(random.uniform(0, longest))  # jitter, nothing secret
    return True


def walk_until_committed(clock: Clock, deadline_ms: int | None, walk: Callable[[int], T]) -> T:
    """``walk(n)`` until it commits: again after `Stale`, at most 10 times and within the deadline, then Conflict (409)."""
    for number in range(MOST_WALKS):
        try:
            return walk(number)
        except Stale:
            if number + 1 == MOST_WALKS or not _pause(clock, number, deadline_ms):
                break
    raise Conflict("others kept changing the same records; nothing was written, try again", data={"retryAfter": 1})


def store_errors(call: Callable[[], T]) -> T:
    """The call's answer; a database that gives none becomes `Unavailable`."""
    try:
        return call()
    except StoreUnavailable as lost:
        raise Unavailable("the database gives no answer; try again", data={"retryAfter": 1}) from lost
