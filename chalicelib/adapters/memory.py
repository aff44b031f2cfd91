"""The ports in memory, for tests: the same contract as the adapters, without their latency.

Items are held as they would be on the wire, so values are refused, copied and compared as DynamoDB does it: ``True`` is
not 1, a whole float comes back as an int, and what a caller changes afterwards is not changed in here.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from threading import Lock

from chalicelib.adapters.dynamodb.codec import Wire, WireItem, decode, decode_item, encode, encode_item
from chalicelib.adapters.dynamodb.indexes import INDEXES, Index, index_of
from chalicelib.adapters.dynamodb.limits import PARTITION_KEY_BYTES, SORT_KEY_BYTES, can_exist, check_writes
from chalicelib.domain.ports import (
    EXECUTIONS,
    RECORDS,
    Absent,
    AbsentOrExpired,
    Check,
    Condition,
    Delete,
    Equals,
    Item,
    Key,
    Page,
    Put,
    Range,
    Refusal,
    Table,
    TransactionRefused,
    Update,
    Write,
)

ITEM_BYTES = 400 * 1024

Position = tuple[int | float | str, str, str]


class FixedClock:
    """Time that stands still; `sleep` moves it and takes no time."""

    def __init__(self, now_ms: int = 1_767_225_600_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC; 2026-01-01 at first."""
        return self._now_ms

    def sleep(self, seconds: float) -> None:
        """Moves the time on by ``seconds``."""
        self._now_ms += round(seconds * 1000)


class MemoryStore:
    """See `chalicelib.domain.ports.Store` for the contract. ``page_size``: items per page, where DynamoDB counts 1 MB."""

    def __init__(self, page_size: int = 1000) -> None:
        self._page_size = page_size
        self._lock = Lock()
        self._items: dict[Table, dict[tuple[str, str], WireItem]] = {RECORDS: {}, EXECUTIONS: {}}

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        with self._lock:
            held = {key: self._held(key) for key in keys}
        return {key: decode_item(item) for key, item in held.items() if item is not None}

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
        by = index_of(table, index)
        found = self._found(table, partition, by, keys)
        found.sort(key=lambda pair: pair[0], reverse=not forward)
        if start is not None:
            last = _position(by, encode_item(start))
            found = [pair for pair in found if (pair[0] > last if forward else pair[0] < last)]
        size = min(limit or self._page_size, self._page_size)
        items = [decode_item(item) for _, item in found[:size]]
        # As in DynamoDB, a full page names a next one even when that will be empty.
        return Page(items, _page_end(by, items[-1]) if len(items) == size else None, len(items))

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        return min(limit + 1, len(self._found(table, partition, index_of(table, index), keys)))

    def transact(self, writes: Sequence[Write]) -> None:
        check_writes(writes)
        with self._lock:
            after = [_after(write, self._held(write.key)) for write in writes]
            reasons = [_refusal(write, self._held(write.key), item) for write, item in zip(writes, after, strict=True)]
            if any(reasons):
                raise TransactionRefused(reasons)
            for write, item in zip(writes, after, strict=True):
                self._set(write.key, item)

    def _held(self, key: Key) -> WireItem | None:
        return self._items[key.table].get((key.pk, key.sk))

    def _set(self, key: Key, item: WireItem | None) -> None:
        if item is None:
            self._items[key.table].pop((key.pk, key.sk), None)
        else:
            self._items[key.table][key.pk, key.sk] = item

    def _found(self, table: Table, partition: str, by: Index, keys: Range | None) -> list[tuple[Position, WireItem]]:
        """What the index holds of the partition within ``keys``: an item without the index's attributes is not in it."""
        within = _bounds(by, keys or Range())
        with self._lock:
            held = [item for item in self._items[table].values() if item.get(by.partition) == {"S": partition} and by.sort in item]
        return [(position, item) for item in held if within((position := _position(by, item))[0])]


def _position(by: Index, item: WireItem) -> Position:
    return decode(item[by.sort]), item["pk"]["S"], item["sk"]["S"]


def _page_end(by: Index, item: Item) -> Item:
    return {name: item[name] for name in ("pk", "sk", by.partition, by.sort)}


def _bounds(by: Index, keys: Range) -> Callable[[int | float | str], bool]:
    if keys.prefix:
        prefix = keys.prefix
        return lambda value: str(value).startswith(prefix)
    read: type[int] | type[str] = int if by.number else str
    low = None if keys.low is None else read(keys.low)
    high = None if keys.high is None else read(keys.high)
    return lambda value: (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]


def _after(write: Write, held: WireItem | None) -> WireItem | None:
    """The item as the write leaves it; ``None``: it will not be there. Raises Invalid for what is not JSON."""
    match write:
        case Put(_, item):
            return encode_item(item)
        case Delete():
            return None
        case Update(key):
            return _updated(held or {"pk": {"S": key.pk}, "sk": {"S": key.sk}}, write)
        case Check():
            return held


def _updated(held: WireItem, update: Update) -> WireItem:
    changed = {**held, **encode_item(update.set)}
    for name in (name for name, value in update.set.items() if value is None):
        changed.pop(name, None)
    for name, amount in update.add.items():
        changed[name] = _sum(changed.get(name, {"N": "0"}), amount)
    return changed


def _sum(held: Wire, amount: int) -> Wire:
    """Text plus a number is not a number; `_refusal` finds the type ``invalid``, which no attribute may have."""
    return encode(decode(held) + amount) if "N" in held else {"invalid": True}


def _refusal(write: Write, held: WireItem | None, after: WireItem | None) -> Refusal | None:
    if not can_exist(write.key) or (after is not None and not isinstance(write, Check) and not _is_valid(write, after)):
        return "invalid"
    return None if write.condition is None or _holds(write.condition, held) else "condition"


def _is_valid(write: Write, item: WireItem) -> bool:
    if any("invalid" in value for value in item.values()) or len(json.dumps(decode_item(item), ensure_ascii=False).encode()) > ITEM_BYTES:
        return False
    return all(_fits(by, item) for by in INDEXES[write.key.table].values())


def _fits(by: Index, item: WireItem) -> bool:
    """An index's attributes must have its types and may be neither empty nor too long."""
    return _is_key(item.get(by.partition), "S", PARTITION_KEY_BYTES) and _is_key(
        item.get(by.sort), "N" if by.number else "S", SORT_KEY_BYTES
    )


def _is_key(value: Wire | None, kind: str, size_bytes: int) -> bool:
    return value is None or (kind in value and 0 < len(value[kind].encode()) <= size_bytes)


def _holds(condition: Condition, held: WireItem | None) -> bool:
    match condition:
        case Absent():
            return held is None
        case AbsentOrExpired(now):
            return held is None or ("N" in held.get("ttl", {}) and decode(held["ttl"]) < now)
        case Equals(attributes):
            return held is not None and all(
                held.get(name) == (None if value is None else encode(value)) for name, value in attributes.items()
            )
        case _:
            return held is not None
