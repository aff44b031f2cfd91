"""The limit on failed sign-ins: ten with one account name within fifteen minutes of the first, then none until those are over.

One counter per account name as it was typed, whether there is such a user or not, so that nobody learns from it who exists; its item
goes away by its TTL. It is part of the read that a sign-in makes anyway. Attempts that are under way at the same moment are all looked
at, so a burst may hold more than ten; the next one is refused.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling
"""

from __future__ import annotations

from chalicelib.domain.keys import sign_in_key
from chalicelib.domain.ports import AbsentOrExpired, Delete, Exists, Key, Put, Update
from chalicelib.engine.commit import commit, walk_until_committed
from chalicelib.engine.reads import Reads
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Json, TooManyAttempts
from chalicelib.services.backend import Backend

MOST_FAILURES = 10
WINDOW_SECONDS = 15 * 60


class SignInLimit:
    """The failures of one account name."""

    def __init__(self, backend: Backend, account: str, deadline_ms: int | None) -> None:
        self.key: Key = sign_in_key(account)
        self._backend = backend
        self._deadline_ms = deadline_ms

    def check(self, reads: Reads) -> None:
        """Raises TooManyAttempts. The counter must be among what was read."""
        item = self._running(reads)
        if item is not None and item["failures"] >= MOST_FAILURES:
            seconds = max(1, item["ttl"] - self._now_s())
            message = f"Too many failed sign-ins with this account; try again in {-(-seconds // 60)} minutes"
            raise TooManyAttempts(message, data={"retryAfter": seconds})

    def count(self) -> None:
        """One more failure. Raises Unavailable, and Conflict when too many are counted at once."""

        def walk(number: int) -> None:
            reads, _ = self._backend.reading()
            reads.load([self.key])
            commit(self._backend.store, self._backend.clock, [Tagged(self._counted(reads), "other")], self._deadline_ms)

        walk_until_committed(self._backend.clock, self._deadline_ms, walk)

    def forget(self, reads: Reads) -> None:
        """After a success; makes no request when nothing was counted."""
        if reads.items.get(self.key) is not None:
            commit(self._backend.store, self._backend.clock, [Tagged(Delete(self.key), "other")], self._deadline_ms)

    def _counted(self, reads: Reads) -> Put | Update:
        if self._running(reads) is not None:
            return Update(self.key, add={"failures": 1}, condition=Exists())
        item: dict[str, Json] = {"pk": self.key.pk, "sk": self.key.sk, "failures": 1, "ttl": self._now_s() + WINDOW_SECONDS}
        return Put(self.key.table, item, AbsentOrExpired(self._now_s()))

    def _running(self, reads: Reads) -> dict[str, Json] | None:
        """The counter, unless its time is over: TTL removes late."""
        item = reads.items.get(self.key)
        return item if item is not None and item["ttl"] >= self._now_s() else None

    def _now_s(self) -> int:
        return self._backend.clock.now_ms() // 1000
