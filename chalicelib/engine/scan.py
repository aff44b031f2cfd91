"""A read in pages: at most 20 (20 MB) a search, the shards of a collection merged into one order.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.ports import RECORDS, Item, Key, Page, Range
from chalicelib.domain.record import Record
from chalicelib.engine.access import Access, Search
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Json

MOST_PAGES = 20
LARGEST_LIMIT = 10_000

Asked = tuple[str, str | None, Range | None]


class OutOfPages(Exception):
    """20 pages have been read."""


@dataclass
class Scan:
    """How far one search came. ``position`` is where another call can go on when the pages ran out; ``ready`` holds first pages that
    were fetched before, by partition, index and keys."""

    unit: UnitOfWork
    search: Search
    access: Access
    ready: Mapping[Asked, Page] = field(default_factory=dict)
    pages: int = 0
    scanned: int = 0
    position: Json = None
    next_start: Item | None = None

    def page(
        self, partition: str, *, index: str | None = None, keys: Range | None = None, start: Item | None = None, **request: Json
    ) -> list[Record]:
        """The records of the next page of a partition; ``next_start`` says where the one after begins. Raises OutOfPages."""
        # Every shard but the first has one page more: a merge begins with one of each.
        if self.pages >= MOST_PAGES + self.search.collection.shards - 1:
            raise OutOfPages
        self.pages += 1
        page = self.ready.get((partition, index, keys)) if start is None and not request else None
        if page is None:
            page = self.unit.reads.store.query(RECORDS, partition, index=index, keys=keys, start=start, **request)
        self.scanned += len(page.items)
        self.next_start = page.next
        return self._records(page.items, strong=not (index or "").startswith("g"))

    def _records(self, items: list[Item], strong: bool) -> list[Record]:
        """What was read before stays as it was, so one run sees one state of a record. A global index may be late: its rows are read
        again by key, or shown as they are and remembered by nobody."""
        keys = [Key(RECORDS, item["pk"], item["sk"]) for item in items]
        known = self.unit.reads.items
        if not strong and self.search.fresh:
            self.unit.reads.load(keys)
            return [Record(self.search.collection, item) for key in keys if (item := known[key])]
        found = [(known.setdefault(key, item) if strong else known.get(key)) or item for key, item in zip(keys, items, strict=True)]
        return [Record(self.search.collection, item) for item in found]


def stream(
    scan: Scan,
    partition: str,
    *,
    index: str | None = None,
    keys: Range | None = None,
    forward: bool = True,
    start: Item | None = None,
    limit: int | None = None,
) -> Iterator[Record]:
    """A partition's records, page by page; a ``limit`` doubles with every page, so that few records cost little and many do not cost
    many pages. Raises OutOfPages."""
    while True:
        records = scan.page(partition, index=index, keys=keys, forward=forward, start=start, limit=limit)
        start = scan.next_start
        yield from records
        if start is None:
            return
        limit = limit and min(limit * 2, LARGEST_LIMIT)


def merged(
    scan: Scan, of_partition: Callable[[str], Iterator[Record]], rank: Callable[[Record], Json], *, forward: bool
) -> Iterator[Record]:
    """The streams of all shards as one, in the order that each of them has."""
    streams = [of_partition(partition) for partition in scan.search.collection.partitions]
    return streams[0] if len(streams) == 1 else heapq.merge(*streams, key=rank, reverse=not forward)
