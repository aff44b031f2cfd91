"""A store that writes down what it is asked and, where a test says so, answers as a database in trouble does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence

from chalicelib.domain.ports import Item, Key, Page, Range, Refusal, Store, StoreUnavailable, Table, TransactionRefused, Write

Sending = Callable[[Store, Sequence[Write]], None]
Reading = Callable[[Store, Collection[Key]], dict[Key, Item]]


class WatchedStore:
    """Passes requests on to ``inner``. ``sendings`` and ``readings`` stand in for the next transactions and reads by key, in order."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.reads: list[set[Key]] = []
        self.queries: list[str] = []
        self.transactions: list[list[Write]] = []
        self.sendings: deque[Sending] = deque()
        self.readings: deque[Reading] = deque()

    @property
    def requests(self) -> int:
        return len(self.reads) + len(self.queries) + len(self.transactions)

    def forget(self) -> None:
        """Count from here on."""
        self.reads, self.queries, self.transactions = [], [], []

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        self.reads.append(set(keys))
        return self.readings.popleft()(self.inner, keys) if self.readings else self.inner.batch_get(keys)

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
        self.queries.append(partition)
        return self.inner.query(table, partition, index=index, keys=keys, limit=limit, forward=forward, start=start)

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        self.queries.append(partition)
        return self.inner.count(table, partition, index=index, keys=keys, limit=limit)

    def transact(self, writes: Sequence[Write]) -> None:
        self.transactions.append(list(writes))
        if self.sendings:
            self.sendings.popleft()(self.inner, writes)
        else:
            self.inner.transact(writes)


def sent(store: Store, writes: Sequence[Write]) -> None:
    """As usual."""
    store.transact(writes)


def unheard(store: Store, writes: Sequence[Write]) -> None:
    """Committed, but the answer is lost."""
    store.transact(writes)
    raise StoreUnavailable("no answer")


def lost(store: Store, writes: Sequence[Write]) -> None:
    """Never arrived, and nobody says so."""
    raise StoreUnavailable("no answer")


def refused(reason: Refusal) -> Sending:
    """Nothing is written, for this reason."""

    def refuse(store: Store, writes: Sequence[Write]) -> None:
        raise TransactionRefused([reason] * len(writes))

    return refuse


def after(something: Callable[[], object]) -> Sending:
    """Something else happens first."""

    def send(store: Store, writes: Sequence[Write]) -> None:
        something()
        store.transact(writes)

    return send


def answered(store: Store, keys: Collection[Key]) -> dict[Key, Item]:
    """A read as usual."""
    return store.batch_get(keys)


def unread(store: Store, keys: Collection[Key]) -> dict[Key, Item]:
    """A read without an answer."""
    raise StoreUnavailable("no answer")
