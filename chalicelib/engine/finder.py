"""Reads by filter: the planner says how (`access.plan`), everything staged is laid on top, one evaluator checks every record.

A read that an index or the table holds in order ends with the page. Any other is read whole, up to 20 pages (20 MB), and sorted here; where
it stops before the end, a cursor goes on. Matches are counted exactly while at most 10,000 records had to be looked at.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace

from chalicelib.domain.keys import guard_key
from chalicelib.domain.ports import RECORDS, Page
from chalicelib.domain.query import SortKey, sort_rows
from chalicelib.domain.record import Record
from chalicelib.engine import cursors
from chalicelib.engine.access import Access, Search, plan
from chalicelib.engine.ordered import cursor_behind, is_within_one_value, records_in_order
from chalicelib.engine.scan import MOST_PAGES, Asked, OutOfPages, Scan
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Invalid, Json

__all__ = ["MOST_COUNTED", "MOST_PAGES", "Found", "Search", "find", "find_all"]

MOST_COUNTED = 10_000
AT_ONCE = 8


@dataclass
class Found:
    """``records`` sorted and cut; ``total`` the exact number of matches or ``None``; ``cursor`` goes on where this stopped.

    ``complete`` is False when 20 pages were read before the end: then ``at_least`` matches were seen."""

    records: list[Record]
    total: int | None
    complete: bool = True
    cursor: str | None = None
    at_least: int = 0
    scanned: int = 0
    access: Access = field(default_factory=lambda: Access("window"))

    @property
    def index(self) -> str | None:
        """The field whose index served the search."""
        return self.access.field.name if self.access.field else None

    @property
    def plan(self) -> dict[str, Json]:
        """How it was read, as ``meta.plan`` says it."""
        return self.access.described(self.scanned, self.complete)


def find(unit: UnitOfWork, search: Search, ready: Mapping[Asked, Page] | None = None) -> Found:
    """The records that match, as the unit sees them. Raises Invalid for a cursor that is none of ours."""
    scan = Scan(unit, search, plan(search), ready or {})
    found = _read(scan)
    found.scanned, found.access = scan.scanned, scan.access
    return found


def find_all(unit: UnitOfWork, searches: Sequence[Search]) -> list[Found]:
    """`find` for each, their first pages fetched eight at a time."""
    asked: dict[Asked, None] = {}
    for search in searches:
        access = plan(search)
        if access.kind == "window" and not search.cursor:
            asked |= {(partition, access.slot, access.keys): None for partition in search.collection.partitions}
    if len(asked) < 2:
        return [find(unit, search) for search in searches]
    store = unit.reads.store
    with ThreadPoolExecutor(min(AT_ONCE, len(asked))) as pool:
        # Each in the context of this call, so that its request is counted there.
        pages = [pool.submit(copy_context().run, store.query, RECORDS, one[0], index=one[1], keys=one[2]) for one in asked]
        ready = {one: page.result() for one, page in zip(asked, pages, strict=True)}
    return [find(unit, search, ready) for search in searches]


def _read(scan: Scan) -> Found:
    unit, search = scan.unit, scan.search
    if scan.access.kind == "ids":
        known = [record for record in unit.get_many(search.collection, dict.fromkeys(search.filter.pinned_ids() or ())) if record]
        scan.scanned = len(known)
        return _cut([record for record in known if search.filter.matches(record.row)], search)
    if scan.access.kind == "nothing":
        return _cut(_overlay(unit, search, []), search)
    if scan.access.kind == "unique":
        return _find_unique(scan)
    if scan.access.kind == "by index" and cursors.is_of_window(search.cursor):
        return _find_unordered(scan)
    return _find_in_windows(scan) if scan.access.kind == "window" else _find_in_order(scan)


def _find_unordered(scan: Scan) -> Found:
    """More than 20 pages hold one value of the index: the order is kept within 20 MB only, as in a read without an index.

    Raises Invalid when a list that was in order so far meets such a value."""
    if scan.search.cursor and not cursors.is_of_window(scan.search.cursor):
        name = scan.access.field.name if scan.access.field else ""
        raise Invalid(f'more than 20 MB of records have one value of "{name}"; filter further, or sort by another field', path="sort")
    scan.access = replace(scan.access, kind="window") if scan.access.keys else Access("window")
    scan.pages, scan.position = 0, None
    return _find_in_windows(scan)


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


def _find_unique(scan: Scan) -> Found:
    """The record that holds the value, through the guard that names it. A guard that is behind its record decides nothing."""
    unit, search, access = scan.unit, scan.search, scan.access
    assert access.field is not None
    key = guard_key(search.collection.uid, access.field.name, access.value)
    unit.reads.load([key])
    guard = unit.reads.items[key]
    owner = unit.get(search.collection, guard["value"]) if guard else None
    if guard and (owner is None or owner.row.get(access.field.name) != access.value) and not unit.staged_in(search.collection):
        scan.access = Access("window")
        return _find_in_windows(scan)
    scan.scanned = int(owner is not None)
    return _cut(_overlay(unit, search, [owner] if owner and search.filter.matches(owner.row) else []), search)


def _find_in_order(scan: Scan) -> Found:
    """The page asked for, in order. Nothing behind it is read, unless matches are to be counted."""
    search, unit = scan.search, scan.unit
    wanted = search.offset + (search.limit or 0) + 1 + len(unit.staged_in(search.collection))
    counting = search.counted and not search.cursor and not search.filter.matches_everything
    matches: list[Record] = []
    complete = stopped = False
    taken = 0
    try:
        for record in records_in_order(scan, wanted):
            taken += 1
            if search.filter.matches(record.row):
                matches.append(record)
            if len(matches) >= wanted and (not counting or scan.scanned > MOST_COUNTED):
                break
        else:
            complete = True
    except OutOfPages:
        stopped = True
        if not taken and is_within_one_value(scan):
            return _find_unordered(scan)
    found = _cut(_overlay(unit, search, matches), search)
    more = (found.total or 0) > search.offset + len(found.records)
    found.at_least = max(found.at_least if counting else 0, search.offset + len(found.records) + more)
    found.complete = not stopped
    if more or stopped:
        found.cursor = cursor_behind(scan, found.records[-1] if more and found.records else None)
    found.total = (found.total if complete and not search.cursor else _count(scan)) if not stopped else None
    return found


def _count(scan: Scan) -> int | None:
    """How many records the collection has, when that is asked for and at most 10,000."""
    if not scan.search.counted or scan.search.cursor or not scan.search.filter.matches_everything:
        return None
    counted = 0
    for partition in scan.search.collection.partitions:
        counted += scan.unit.reads.store.count(RECORDS, partition, limit=MOST_COUNTED - counted)
        if counted > MOST_COUNTED:
            return None
    return counted


def _find_in_windows(scan: Scan) -> Found:
    """All matches of up to 20 pages, sorted here; a cursor goes on in the same window, then in the next."""
    search = scan.search
    begin, offset = cursors.window(search.cursor, search.collection.partitions, scan.access.slot)
    stored: list[Record] = []
    try:
        stored.extend(record for record in _window(scan, begin) if search.filter.matches(record.row))
        scan.position = None
    except OutOfPages:
        pass
    search = replace(search, offset=offset if search.cursor else search.offset)
    found = _cut(_overlay(scan.unit, search, stored), search)
    end = search.offset + len(found.records)
    if end < (found.total or 0):
        found.cursor = cursors.of_window(begin, end)
    elif scan.position is not None:
        found.cursor = cursors.of_window(scan.position, 0)
    if scan.position is not None or search.cursor:
        found.complete, found.total = scan.position is None, None
    return found


def _window(scan: Scan, begin: Json) -> Iterator[Record]:
    """Records shard by shard from ``begin`` on; the scan's position is the page that would come next. Raises OutOfPages."""
    partitions = scan.search.collection.partitions
    first = begin["s"] if begin else 0
    for shard in range(first, len(partitions)):
        start = begin["k"] if begin and shard == first else None
        while True:
            scan.position = {"s": shard, "k": start}
            yield from scan.page(partitions[shard], index=scan.access.slot, keys=scan.access.keys, start=start)
            start = scan.next_start
            if start is None:
                break
