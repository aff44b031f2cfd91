"""A place in memory: the store with dictionaries, machines as objects, what lies outside as a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.machines import MachineRefused
from chalicelib.domain.ports import EffectFailed, Item, Key, Page, Range, StoreUnavailable, Table, TransactionRefused, Write
from tests.faults.shapes import define
from tests.faults.trouble import LATE, Crash, Plan, Trouble, Ways
from tests.faults.world import BEGIN_MS, Message, MortalMachines, Place, World
from tests.sessions import NOW_MS, Session

WAYS: Ways = {
    "write": ("unheard", "lost", *LATE, "conflict", "throttled", "condition", "crashed", "crashed_after"),
    "read": ("lost", "crashed"),
    "describe": ("lost", "refused", "blind"),
    "machines": ("unheard", "lost", "refused", "crashed", "crashed_after"),
    "notify": ("unheard", "lost", "crashed", "crashed_after"),
}
NO_ANSWER: dict[str, Callable[[], Exception]] = {
    "machines": lambda: MachineRefused("no answer", "NO_ANSWER"),
    "notify": lambda: EffectFailed({"message": "no answer"}, timed_out=True),
}


def fails(way: str, kind: str, call: Callable[[], Any], writes: Sequence[Write] = ()) -> Any:
    """The call as that way has it."""
    if way in ("unheard", "crashed_after"):
        call()
    if way.startswith("crashed"):
        raise Crash
    if way == "blind":
        return False
    if way == "refused":
        raise MachineRefused("slow down", "ThrottlingException")
    if way in ("conflict", "throttled", "condition"):
        raise TransactionRefused([way] * len(writes))  # type: ignore[list-item]
    raise NO_ANSWER.get(kind, lambda: StoreUnavailable("no answer"))()


def met(trouble: Trouble, kind: str, call: Callable[[], Any], writes: Sequence[Write] = ()) -> Any:
    """What comes of the call."""
    way = trouble.next(kind)
    if way in LATE:
        trouble.hold_back(way, lambda: _arrives(call))
    return call() if way is None else fails(way, kind, call, writes)


def _arrives(call: Callable[[], Any]) -> None:
    with suppress(TransactionRefused):
        call()


class TroubledStore:
    """The store, every request of it numbered."""

    def __init__(self, inner: MemoryStore, trouble: Trouble) -> None:
        self.inner, self._trouble = inner, trouble

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        found: dict[Key, Item] = met(self._trouble, "read", lambda: self.inner.batch_get(keys))
        return found

    def query(
        self,
        table: Table,
        partition: str,
        *,
        index: str | None = None,
        keys: Range | None = None,
        limit: int | None = None,
        forward: bool = True,
        start: Item | None = None,
    ) -> Page:
        def ask() -> Page:
            return self.inner.query(table, partition, index=index, keys=keys, limit=limit, forward=forward, start=start)

        page: Page = met(self._trouble, "read", ask)
        return page

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        number: int = met(self._trouble, "read", lambda: self.inner.count(table, partition, index=index, keys=keys, limit=limit))
        return number

    def transact(self, writes: Sequence[Write]) -> None:
        met(self._trouble, "write", lambda: self.inner.transact(writes), writes)


class TroubledMachines(MortalMachines):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def _do(self, what: str, name: str, call: Callable[[], Any]) -> Any:
        self.asked.append((what, name))
        return met(self._trouble, "describe" if what == "describe" else "machines", call)


class TroubledOutside:
    """Takes notifications down, and what is told of failures."""

    def __init__(self, trouble: Trouble, sent: list[Message]) -> None:
        self._trouble, self._sent = trouble, sent

    def send(self, kind: str, payload: dict[str, Any], key: str) -> Any:
        message = Message(key, len(self._trouble.kinds), payload["executionId"] if kind == "failedRun" else None)
        met(self._trouble, "notify", lambda: self._sent.append(message))
        return {"status": "success"}


@cache
def prepared() -> MemoryStore:
    """Every shape, defined."""
    return define(Session(MemoryStore(), FixedClock(NOW_MS)).install()).store  # type: ignore[return-value]


def place() -> Place:
    """A fresh one, which nothing befalls yet."""
    own, trouble, sent = MemoryStore(), Trouble(WAYS), list[Message]()
    own._items = {table: dict(items) for table, items in prepared()._items.items()}
    machines, clock, outside = TroubledMachines(trouble), FixedClock(BEGIN_MS), TroubledOutside(trouble, sent)
    troubled = Session(TroubledStore(own, trouble), clock, machines=machines, outside=outside)

    def look() -> dict[Key, Item]:
        before = prepared()._items
        held = ((Key(table, *at), item) for table, items in own._items.items() for at, item in items.items())
        return own.batch_get([key for key, item in held if before[key.table].get((key.pk, key.sk)) is not item])

    return Place(trouble, machines, troubled, look, sent)


def wrong_after(shape: str, plan: Plan) -> list[str]:
    return World(shape, place()).wrong_after(plan)


@cache
def calls_of(shape: str) -> tuple[str, ...]:
    """The kinds of the calls that an untroubled run makes, in order."""
    untroubled = World(shape, place())
    assert untroubled.wrong_after({}) == []
    return tuple(untroubled.place.trouble.kinds)
