"""Reads by filter: the smallest range the keys offer, everything staged on top, one evaluator for the rest.

A pinned id is a read by key. An equality or range on an indexed field is a query of that index. Else the collection is read from
its start, page by page, and the filter drops what does not match: that works, is said in the answer, and stops after 20 pages
(20 MB) with a cursor. Rows are sorted here unless the order asked for is the order of the ids, which is the table's.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import Bound, Filter
from chalicelib.domain.keys import index_text
from chalicelib.domain.ports import RECORDS, Item, Key, Page, Range
from chalicelib.domain.query import SortKey, sort_rows
from chalicelib.domain.record import Record
from chalicelib.engine import cursors
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Json

MOST_PAGES = 20
MOST_COUNTED = 10_000


@dataclass
class Found:
    """``records`` sorted and cut; ``total`` the exact number of matches or ``None``; ``cursor`` goes on where this stopped.

    ``complete`` is False when 20 pages were read before the end: then ``at_least`` matches were seen."""

    records: list[Record]
    total: int | None
    complete: bool = True
    cursor: str | None = None
    at_least: int = 0
    index: str | None = None


@dataclass(frozen=True)
class Search:
    """What is looked for. ``limit`` ``None`` = everything. ``counted``: also say how many match in all."""

    collection: Collection
    filter: Filter
    sort: Sequence[SortKey] = ()
    offset: int = 0
    limit: int | None = None
    cursor: str | None = None
    counted: bool = False

    @property
    def by_id(self) -> bool:
        """Sorted as the table is."""
        return not self.sort or self.sort[0].field == "id"

    @property
    def descending(self) -> bool:
        return bool(self.sort) and self.sort[0].descending


@dataclass
class _Scan:
    """A read in pages, and how far it came. ``position`` is where another call can go on when the pages ran out."""

    unit: UnitOfWork
    search: Search
    pages: int = 0
    position: Json = None

    def page(self, partition: str, **request: Json) -> Page:
        """The next page of a partition. Raises _OutOfPages."""
        if self.pages >= MOST_PAGES:
            raise _OutOfPages
        self.pages += 1
        return self.unit.reads.store.query(RECORDS, partition, **request)

    def record(self, item: Item) -> Record:
        """The record of a queried item; what was read before stays as it was, so one run sees one state of a record."""
        known = self.unit.reads.items.setdefault(Key(RECORDS, item["pk"], item["sk"]), item)
        return Record(self.search.collection, known or item)


class _OutOfPages(Exception):
    """20 pages have been read."""


def find(unit: UnitOfWork, search: Search) -> Found:
    """The records that match, as the unit sees them. Raises Invalid for a cursor that is none of ours."""
    pinned = search.filter.pinned_ids()
    if pinned is not None:
        known = [record for record in unit.get_many(search.collection, dict.fromkeys(pinned)) if record]
        return _cut([record for record in known if search.filter.matches(record.row)], search)
    if any(bound.is_empty for bound in search.filter.bounds()):
        return _cut(_overlay(unit, search, []), search)
    bound = _indexed_bound(search)
    if bound is None and search.by_id and search.limit is not None:
        return _find_in_order(_Scan(unit, search))
    return _find_in_windows(_Scan(unit, search), bound)


def _overlay(unit: UnitOfWork, search: Search, stored: list[Record]) -> list[Record]:
    """Stored matches without those the unit has changed, and the unit's own that match."""
    staged = unit.staged_in(search.collection)
    if not staged:
        return stored
    ours = [entry.after for entry in staged if entry.after and search.filter.matches(entry.after.row)]
    return [record for record in stored if record.key not in unit.staged] + ours


def _ordered(records: list[Record], search: Search) -> list[Record]:
    by_row = {id(record.row): record for record in records}
    keys = list(search.sort) or [SortKey("id", False)]
    return [by_row[id(row)] for row in sort_rows([record.row for record in records], keys)]


def _cut(records: list[Record], search: Search) -> Found:
    end = None if search.limit is None else search.offset + search.limit
    return Found(_ordered(records, search)[search.offset : end], len(records), at_least=len(records))


def _find_in_order(scan: _Scan) -> Found:
    """The page asked for in the order of the ids. Nothing behind it is read, unless matches are to be counted."""
    search, unit = scan.search, scan.unit
    after = cursors.after_id(search.cursor)
    wanted = search.offset + (search.limit or 0) + 1 + len(unit.staged_in(search.collection))
    counting = search.counted and not search.cursor and not search.filter.matches_everything
    matches: list[Record] = []
    complete = False
    try:
        for record in _in_order(scan, after, wanted):
            scan.position = record.item["sk"]
            if search.filter.matches(record.row):
                matches.append(record)
                if len(matches) >= wanted and not counting:
                    break
        else:
            complete = True
        stopped = False
    except _OutOfPages:
        stopped = True
    found = _cut(_overlay(unit, search, matches), search)
    more = (found.total or 0) > search.offset + len(found.records)
    found.at_least, found.complete = search.offset + len(found.records) + more, not stopped
    if more:
        found.cursor = cursors.behind_id(found.records[-1].item["sk"] if found.records else scan.position)
    elif stopped:
        found.cursor = cursors.behind_id(scan.position)
    found.total = (found.total if complete and not search.cursor else _count(scan)) if not stopped else None
    return found


def _in_order(scan: _Scan, after: str | None, wanted: int) -> Iterator[Record]:
    """Every record of the collection in the order of the ids, the shards merged. Raises _OutOfPages."""
    descending = scan.search.descending
    streams = [_stream(scan, partition, after, wanted) for partition in scan.search.collection.partitions]
    return heapq.merge(*streams, key=lambda record: record.item["sk"], reverse=descending)


def _stream(scan: _Scan, partition: str, after: str | None, wanted: int) -> Iterator[Record]:
    limit = wanted if scan.search.filter.matches_everything else None
    start: Item | None = {"pk": partition, "sk": after} if after is not None else None
    while True:
        page = scan.page(partition, forward=not scan.search.descending, start=start, limit=limit)
        yield from map(scan.record, page.items)
        start = page.next
        if start is None:
            return


def _count(scan: _Scan) -> int | None:
    """How many records the collection has, when that is asked for and at most 10,000."""
    if not scan.search.counted or scan.search.cursor or not scan.search.filter.matches_everything:
        return None
    counted = 0
    for partition in scan.search.collection.partitions:
        counted += scan.unit.reads.store.count(RECORDS, partition, limit=MOST_COUNTED - counted)
        if counted > MOST_COUNTED:
            return None
    return counted


def _find_in_windows(scan: _Scan, bound: Bound | None) -> Found:
    """All matches of up to 20 pages, sorted here; a cursor goes on in the same window, then in the next."""
    search = scan.search
    slot = search.collection.fields[bound.field].slot if bound else None
    begin, offset = cursors.window(search.cursor, search.collection.partitions, slot)
    stored: list[Record] = []
    try:
        for record in _window(scan, begin, slot, _range_of(bound) if bound else None):
            if search.filter.matches(record.row):
                stored.append(record)
        scan.position = None
    except _OutOfPages:
        pass
    search = replace(search, offset=offset if search.cursor else search.offset)
    found = _cut(_overlay(scan.unit, search, stored), search)
    found.index = bound.field if bound else None
    end = search.offset + len(found.records)
    if end < (found.total or 0):
        found.cursor = cursors.of_window(begin, end)
    elif scan.position is not None:
        found.cursor = cursors.of_window(scan.position, 0)
    if scan.position is not None or search.cursor:
        found.complete, found.total = scan.position is None, None
    return found


def _window(scan: _Scan, begin: Json, index: str | None, keys: Range | None) -> Iterator[Record]:
    """Records shard by shard from ``begin`` on; the scan's position is the page that would come next. Raises _OutOfPages."""
    partitions = scan.search.collection.partitions
    first = begin["s"] if begin else 0
    for shard in range(first, len(partitions)):
        start = begin["k"] if begin and shard == first else None
        while True:
            scan.position = {"s": shard, "k": start}
            page = scan.page(partitions[shard], index=index, keys=keys, start=start)
            yield from map(scan.record, page.items)
            start = page.next
            if start is None:
                break


def _indexed_bound(search: Search) -> Bound | None:
    """The bound an index serves best: an equality before a range, a strongly consistent index before the others."""
    usable = [bound for bound in search.filter.bounds() if _is_usable(search.collection, bound)]
    return min(usable, key=lambda bound: (not bound.equal, search.collection.fields[bound.field].slot or ""), default=None)


def _is_usable(collection: Collection, bound: Bound) -> bool:
    found = collection.fields.get(bound.field)
    if found is None or found.slot is None or found.options.get("building"):
        return False
    return found.slot.startswith("l")


def _range_of(bound: Bound) -> Range:
    if bound.prefix is not None:
        return Range(prefix=index_text(bound.prefix))
    return Range(low=index_text(bound.low), high=index_text(bound.high))
