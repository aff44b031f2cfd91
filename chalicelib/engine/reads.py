"""What one request has read, asked for in as few requests as the questions allow.

Straight-line code asks for items as if they were there. A missing one is noted and `Pending` is raised; `resolve` then fetches
everything that was noted in one BatchGetItem and runs the code again from its start. `together` lets questions that do not
depend on each other be noted in the same round. So the number of requests is the depth of the questions, not their count.
(The idea is Haxl's: Marlow et al., "There is no fork", ICFP 2014.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from chalicelib.domain.audit import Origin
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import Item, Key, Store

T = TypeVar("T")


class Pending(Exception):
    """Something asked for has not been fetched yet."""


class Reads:
    """Items by key, as this request saw them first; ``None`` = known to be absent."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.origin: Origin | None = None  # on whose behalf, once that is known
        self.items: dict[Key, Item | None] = {}
        self._wanted: set[Key] = set()
        self._after_epoch: set[Key] = set()

    @property
    def epoch(self) -> int | None:
        """The epoch this request saw, ``None`` until it has been read."""
        if EPOCH not in self.items:
            return None
        item = self.items[EPOCH]
        return item["value"] if item else 0

    def item(self, key: Key) -> Item | None:
        """The item, or ``None`` when there is none. Raises Pending."""
        if key not in self.items:
            self._wanted.add(key)
            raise Pending
        return self.items[key]

    def item_since_epoch(self, key: Key) -> Item | None:
        """As `item`, but read after the epoch was known, so that it may be kept under that epoch. Raises Pending."""
        if key not in self._after_epoch:
            self._wanted.add(key)
            raise Pending
        return self.items[key]

    def together(self, *steps: Callable[[], object]) -> None:
        """Run every step; raise Pending once, after all of them, when any is not ready.

        An error of a later step counts only once the earlier ones are ready: who may not know is told nothing first."""
        pending = False
        for step in steps:
            try:
                step()
            except Pending:
                pending = True
            except Exception:
                if not pending:
                    raise
        if pending:
            raise Pending

    def resolve(self, step: Callable[[], T]) -> T:
        """The step's answer, after as many fetches as it needs. Raises StoreUnavailable."""
        while True:
            try:
                return step()
            except Pending:
                self._fetch()

    def load(self, keys: Iterable[Key]) -> None:
        """Fetch what is not known yet of the keys, at once."""
        self._wanted.update(key for key in keys if key not in self.items)
        if self._wanted:
            self._fetch()

    def _fetch(self) -> None:
        wanted, self._wanted = self._wanted, set()
        if not wanted:
            raise RuntimeError("a step is pending but asked for nothing")
        since_epoch = EPOCH in self.items
        found = self.store.batch_get(wanted)
        for key in wanted:
            self.items[key] = found.get(key)
        if since_epoch:
            self._after_epoch |= wanted
