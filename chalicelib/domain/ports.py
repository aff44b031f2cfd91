"""What the product asks of a database, in its own words.

``adapters/dynamodb`` answers with DynamoDB (through PynamoDB), ``adapters/memory`` with dictionaries; one contract
test runs over both. An *item* is a dict of JSON values with at least ``pk`` and ``sk``.

Items of the **records** table::

    a record   {"pk": "<uid>#<shard>", "sk": "<id text>", "version": int, "data": {field: value},
                "createdAt": iso, "createdById": id, "updatedAt": iso, "updatedById": id, "schemaVersion": 1,
                "l1".."l5", "g1".."g4": "<order-preserving text>",            # index attributes, absent = null
                "links": int,                                                # times it was linked, absent = 0
                "frozen": true,                                              # of a workflow version that has run
                "ttl": s}                                                    # of a manual task whose history expires
    an enabled workflow  {"pk": "enabled#<workflow key>", "sk": "enabled", "version": int, "data": {the version whole}, "frozen": true}
    the installation  {"pk": "installed", "sk": "installed", "value": iso}
    a guard    {"pk": "unique#<uid>#<field>#<value text>", "sk": "guard", "value": <record id>}
    the epoch  {"pk": "epoch", "sk": "epoch", "value": int}
    a counter  {"pk": "stats#<workflow key>#<nn>", "sk": "<version id>", "value": int}
    an enabled schedule  {"pk": "schedules", "sk": "<workflow key>", "versionId": int, "config": {the trigger's}}
    when a record is due {"pk": "due#<workflow key>#<since>#<shard>", "sk": "<record id>", "l1": iso}
    how often schedules fired  {"pk": "fired#<workflow key>", "sk": "count", "value": int}

Items of the **executions** table::

    execution  {"pk": "<id>", "sk": "execution", "id": int, "key": str, "workflowId": int, "status": int|None,
                "record": "samples/91", "open": "open#<0-9>", "createdAt": iso, "attempt": int, "doc": json text, "ttl": s}
    a hint     {"pk": "<execution id>", "sk": "touched#samples/91", "id": <execution id>, "record": "samples/91", "ttl": s}
    a slot     {"pk": "sem#<workflow key>#<text>", "sk": "slot#<000-099>", "holder": <execution id>}
    in line    {"pk": "sem#<workflow key>#<text>", "sk": "wait#<execution id>", "holder": <execution id>}
    a firing   {"pk": "fired#<workflow key>", "sk": "<iso>", "ttl": s}
    a record's firing  {"pk": "fired#<workflow key>#<record id>", "sk": "<iso>", "ttl": s}
    failures   {"pk": "signin#<hash of the account>", "sk": "signin", "failures": int, "ttl": s}
    revoked    {"pk": "revoked#<session id>", "sk": "revoked", "ttl": s}
    a message  {"pk": "message#<MessageId>", "sk": "<workflow key>", "execution": int, "ttl": s}      # a workflow has taken it
    an audit entry {"pk": "audit#<collection>#<record id>", "sk": "<entry id>#<version>", "id": int, "key": "audit#<collection>",
                "record": "audit#user#<id>", "createdAt": iso, "doc": json text}
    idempotent {"pk": "idem#<user id>#<hash>", "sk": "idem", "doc": json text, "ttl": s}

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html and
.../API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from chalicelib.errors import Json

Item = dict[str, Json]
Table = Literal["records", "executions"]
RECORDS: Table = "records"
EXECUTIONS: Table = "executions"


class Key(NamedTuple):
    """An item's address: logical table, partition key, sort key."""

    table: Table
    pk: str
    sk: str


@dataclass(frozen=True)
class Absent:
    """The item must not exist."""


@dataclass(frozen=True)
class AbsentOrExpired:
    """The item must not exist, or its ``ttl`` must lie before ``now`` (epoch seconds): TTL deletes late."""

    now: int


@dataclass(frozen=True)
class Exists:
    """The item must exist."""


@dataclass(frozen=True)
class Equals:
    """Every named attribute must have exactly this value (``Equals({"version": 3})``); the item must exist."""

    attributes: dict[str, Json]


Condition = Absent | AbsentOrExpired | Exists | Equals


@dataclass(frozen=True)
class Put:
    """Write the whole item."""

    table: Table
    item: Item
    condition: Condition | None = None

    @property
    def key(self) -> Key:
        return Key(self.table, self.item["pk"], self.item["sk"])


@dataclass(frozen=True)
class Update:
    """Set attributes and add to numbers (an absent one counts as 0); makes the item when it is not there."""

    key: Key
    set: dict[str, Json] = field(default_factory=dict)
    add: dict[str, int] = field(default_factory=dict)
    condition: Condition | None = None


@dataclass(frozen=True)
class Delete:
    """Remove the item."""

    key: Key
    condition: Condition | None = None


@dataclass(frozen=True)
class Check:
    """Write nothing, but refuse the transaction when the condition does not hold."""

    key: Key
    condition: Condition


Write = Put | Update | Delete | Check

Refusal = Literal["condition", "conflict", "throttled", "invalid"]


class TransactionRefused(Exception):
    """The transaction wrote nothing. ``reasons`` holds one entry per write in the order given, ``None`` where that write was fine.

    ``condition``: its condition did not hold. ``conflict``: another transaction had the item; the same payload may be
    sent again. ``throttled``: the same, after a pause. ``invalid``: the database will never take it (item too large …).
    """

    def __init__(self, reasons: Sequence[Refusal | None], message: str = "") -> None:
        super().__init__(message or f"transaction refused: {list(reasons)}")
        self.reasons = list(reasons)


class StoreUnavailable(Exception):
    """No answer, or a failure that says nothing about the outcome: a write may or may not have happened."""


@dataclass(frozen=True)
class Page:
    """One page of a query: ``items`` in index order, ``next`` the start of the next page (``None`` = the end)."""

    items: list[Item]
    next: Item | None
    scanned: int = 0


@dataclass(frozen=True)
class Range:
    """Bounds on the sort key of a query, inclusive; ``prefix`` alone means "begins with"; equality is ``low == high``."""

    low: str | None = None
    high: str | None = None
    prefix: str | None = None


class Store(Protocol):
    """The database. Every method is one or more requests; reads of the records table are strongly consistent but for ``g1``-``g4``."""

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        """The items that exist, over both tables, in one BatchGetItem per 100 keys; unprocessed keys are asked again.

        Raises StoreUnavailable."""

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
        """One page (at most 1 MB) of a partition in the order of the table's sort key or of ``index``.

        ``index``: ``l1``-``l5``, ``g1``-``g4`` of records (partition = pk); ``byWorkflow`` (partition = workflow key, sorted by
        id), ``byRecord`` (partition = ``record``, sorted by id), ``byOpen`` (partition = ``open#n``, sorted by id) of
        executions. ``keys`` bounds the sort key; for the executions indexes bounds are given as the number's text.
        ``start`` is another page's ``next``. Raises StoreUnavailable."""

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        """How many items the query holds, counting stops once ``limit`` is passed (the answer is then > limit)."""

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing, at most 100 writes over both tables, no item twice.

        Raises TransactionRefused (nothing written) or StoreUnavailable (outcome unknown)."""


class Clock(Protocol):
    """Time, so that tests may hold it still."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class EffectFailed(Exception):
    """Something outside did not happen, or its answer did not come.

    ``result`` is what people get to see: ``{"message", "code"?, "status"?, "statusText"?, "data"?}``; ``timed_out``: nobody answered;
    ``cut_short``: nor within the time that the node gives."""

    def __init__(self, result: dict[str, Json], timed_out: bool = False, cut_short: bool = False) -> None:
        super().__init__(result.get("message"))
        self.result = result
        self.timed_out = timed_out
        self.cut_short = cut_short


class Outside(Protocol):
    """What lies outside the database: other services, mail, notifications."""

    def send(self, kind: str, payload: dict[str, Json], key: str) -> Json:
        """The answer. ``key`` is the same whenever the same effect is tried again (`engine/ports.py`). Raises EffectFailed."""


class DeadLetters(Protocol):
    """Where messages go that can never work."""

    def put(self, body: str, about: dict[str, str]) -> None:
        """Keep the message as it came, with what is known about it (``reason``, ``code`` …). Raises EffectFailed."""
