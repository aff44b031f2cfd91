"""What the database is asked for: requests on the wire, and the capacity units of what they read and wrote.

Units are computed from the sizes of the items, because DynamoDB Local reports transactions twice too high: a strongly consistent read
costs one unit per 4 KB of each item (one for an item that is not there), a transactional write two per KB of each item, and as much for
every index entry that it writes or removes. Checks cost as a write of the item does.
Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from chalicelib.adapters.dynamodb.indexes import INDEXES
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.ports import Delete, Item, Key, Page, Put, Range, Table, Update, Write

READ_BYTES, WRITE_BYTES = 4096, 1024


class Meter:
    """A store that counts. ``requests`` holds the operations by name, as botocore sends them."""

    def __init__(self, store: DynamoStore) -> None:
        self._store = store
        self.requests: Counter[str] = Counter()
        self.read_units = 0
        self.write_units = 0
        self.details: list[str] = []
        store._connection.client.meta.events.register("before-send.dynamodb", self._sent)

    def reset(self) -> None:
        self.requests.clear()
        self.read_units = self.write_units = 0
        self.details.clear()

    def _sent(self, event_name: str, **_: Any) -> None:
        self.requests[event_name.rpartition(".")[2]] += 1

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        found = self._store.batch_get(keys)
        for key in keys:
            size = item_bytes(found.get(key, {}))
            self.read_units += _units(size, READ_BYTES)
            self.details.append(f"read {key.table} {key.pk} {size} bytes")
        return found

    def query(self, table: Table, partition: str, *, index: str | None = None, **options: Any) -> Page:
        page = self._store.query(table, partition, index=index, **options)
        size = sum(map(item_bytes, page.items))
        self.read_units += _units(size, READ_BYTES)
        self.details.append(f"query {table} {partition} {index} {size} bytes")
        return page

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        return self._store.count(table, partition, index=index, keys=keys, limit=limit)

    def transact(self, writes: Sequence[Write]) -> None:
        before_requests = Counter(self.requests)
        before = self._store.batch_get([write.key for write in writes])
        self.requests = before_requests
        self._store.transact(writes)
        for write in writes:
            self._add(write, before.get(write.key, {}))

    def _add(self, write: Write, before: Item) -> None:
        after = _after(write, before)
        kilobytes = _units(max(item_bytes(before), item_bytes(after)), WRITE_BYTES)
        entries = sum(_entries_written(write.key.table, before, after).values())
        units = 2 * kilobytes * (1 + entries)
        self.write_units += units
        self.details.append(
            f"{type(write).__name__.lower()} {write.key.table} {write.key.pk} {item_bytes(after)} bytes, {entries} index entries: {units}"
        )


def _after(write: Write, before: Item) -> Item:
    if isinstance(write, Put):
        return {name: value for name, value in write.item.items() if value is not None}
    if isinstance(write, Update):
        added = {name: (before.get(name) or 0) + amount for name, amount in write.add.items()}
        return {"pk": write.key.pk, "sk": write.key.sk, **before, **write.set, **added}
    return {} if isinstance(write, Delete) else before


def _entries_written(table: Table, before: Item, after: Item) -> Counter[str]:
    """By index: entries put or removed. Every index holds whole items, so any change of an item changes its entries."""
    written: Counter[str] = Counter()
    for name, index in INDEXES[table].items():
        if name is None or before == after:
            continue
        keys = [(item[index.partition], item[index.sort]) for item in (before, after) if index.partition in item and index.sort in item]
        written[name] += len(set(keys))
    return written


def _units(size_bytes: int, each: int) -> int:
    return max(1, -(-size_bytes // each))


def item_bytes(item: Item) -> int:
    """An item's size as DynamoDB counts it: names and values; a number two digits a byte, a map or list three bytes and one per member."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items() if value is not None)


def _value_bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | float):
        return (len(str(abs(value)).replace(".", "").strip("0")) + 1) // 2 + 1
    if isinstance(value, dict):
        return 3 + sum(len(name.encode()) + 1 + _value_bytes(inner) for name, inner in value.items())
    return 3 + sum(1 + _value_bytes(inner) for inner in value)
