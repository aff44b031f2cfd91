"""Reads by filter: the smallest range the keys offer, everything staged on top, one evaluator for the rest.

A pinned id is a read by key. An equality or range on an indexed field is a query of that index. Else the collection is read from
its start, page by page, and the filter drops what does not match: that works, is said in the answer, and stops after 20 pages
(20 MB) with a cursor. Rows are sorted here unless the order asked for is the order of the ids, which is the table's.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import Bound, Filter
from chalicelib.domain.keys import index_text
from chalicelib.domain.ports import RECORDS, Item, Key, Range
from chalicelib.domain.query import SortKey, sort_rows
from chalicelib.domain.record import Record
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Invalid, Json

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
    def may_stop_early(self) -> bool:
        """The page asked for can be read without reading what lies behind it."""
        return self.by_id and self.limit is not None and (self.filter.matches_everything or not self.counted)

    @property
    def descending(self) -> bool:
        return bool(self.sort) and self.sort[0].descending


@dataclass
class _Scan:
    """Where a scan starts, and where it stopped when it ran out of pages."""

    unit: UnitOfWork
    search: Search
    start: Json = None
    stopped: Json = None
    pages: int = 0
    matches: list[Record] = field(default_factory=list)


def find(unit: UnitOfWork, search: Search) -> Found:
    """The records that match, as the unit sees them. Raises Invalid for a cursor that is none of ours."""
    pinned = search.filter.pinned_ids()
    if pinned is not None:
        known = [record for record in unit.get_many(search.collection, dict.fromkeys(pinned)) if record]
        return _cut([record for record in known if search.filter.matches(record.row)], search)
    if any(bound.is_empty for bound in search.filter.bounds()):
        return _cut(_overlay(unit, search, []), search)
    bound = _indexed_bound(search)
    if bound is None and search.may_stop_early:
        return _find_in_order(unit, search)
    scan = _Scan(unit, search, _open_cursor(search.cursor))
    stored = list(_scan_index(scan, bound) if bound else _scan_all(scan))
    found = _cut(_overlay(unit, search, stored), search)
    found.index = bound.field if bound else None
    if scan.stopped is not None:
        found.complete, found.total, found.at_least, found.cursor = False, None, len(scan.matches), _close_cursor(scan.stopped)
    return found


def _overlay(unit: UnitOfWork, search: Search, stored: list[Record]) -> list[Record]:
    """Stored matches without those the unit has changed, and the unit's own that match."""
    staged = unit.staged_in(search.collection)
    if not staged:
        return stored
    ours = [entry.after for entry in staged if entry.after and search.filter.matches(entry.after.row)]
    return [record for record in stored if record.key not in unit.staged] + ours


def _cut(records: list[Record], search: Search) -> Found:
    by_row = {id(record.row): record for record in records}
    keys = list(search.sort) or [SortKey("id", False)]
    ordered = [by_row[id(row)] for row in sort_rows([record.row for record in records], keys)]
    end = None if search.limit is None else search.offset + search.limit
    return Found(ordered[search.offset : end], len(records), at_least=len(records))


def _keep(unit: UnitOfWork, collection: Collection, item: Item) -> Record:
    """The record of a queried item; what was read before stays as it was, so one run sees one state of a record."""
    key = Key(RECORDS, item["pk"], item["sk"])
    known = unit.reads.items.setdefault(key, item)
    return Record(collection, known or item)


def _scan_all(scan: _Scan) -> Iterator[Record]:
    """Matching records shard by shard, until the end or 20 pages."""
    yield from _scan_partitions(scan, None, None)


def _scan_index(scan: _Scan, bound: Bound) -> Iterator[Record]:
    slot = scan.search.collection.fields[bound.field].slot
    yield from _scan_partitions(scan, slot, _range_of(bound))


def _scan_partitions(scan: _Scan, index: str | None, keys: Range | None) -> Iterator[Record]:
    partitions = scan.search.collection.partitions
    first = scan.start["s"] if scan.start else 0
    for shard in range(first, len(partitions)):
        start = scan.start["k"] if scan.start and shard == first else None
        while True:
            page = scan.unit.reads.store.query(RECORDS, partitions[shard], index=index, keys=keys, start=start)
            scan.pages += 1
            yield from _matching(scan, page.items)
            if page.next is None:
                break
            start = page.next
            if scan.pages >= MOST_PAGES:
                scan.stopped = {"s": shard, "k": start}
                return


def _matching(scan: _Scan, items: list[Item]) -> Iterator[Record]:
    for item in items:
        record = _keep(scan.unit, scan.search.collection, item)
        if scan.search.filter.matches(record.row):
            scan.matches.append(record)
            yield record


def _find_in_order(unit: UnitOfWork, search: Search) -> Found:
    """The page asked for in the order of the ids: each shard is read only as far as the page may reach."""
    wanted = search.offset + (search.limit or 0) + 1
    after = _open_cursor(search.cursor)
    scan = _Scan(unit, search)
    for partition in search.collection.partitions:
        start: Item | None = {"pk": partition, "sk": after["a"]} if after else None
        _take_in_order(scan, partition, start, wanted)
    found = _cut(_overlay(unit, search, scan.matches), search)
    more = (found.total or 0) > search.offset + len(found.records)
    found.at_least = search.offset + len(found.records) + more
    found.complete, found.total = scan.stopped is None, None
    if scan.stopped is not None:
        found.cursor = _close_cursor({"a": scan.stopped})
    elif more:
        found.cursor = _close_cursor({"a": found.records[-1].item["sk"]})
    if found.complete:
        found.total = _total(unit, search, found, more)
    return found


def _take_in_order(scan: _Scan, partition: str, start: Item | None, wanted: int) -> None:
    """Add up to ``wanted`` stored matches of one shard to the scan, at most 20 pages over all shards."""
    search, unit, before = scan.search, scan.unit, len(scan.matches)
    while len(scan.matches) - before < wanted:
        limit = wanted if search.filter.matches_everything else None
        page = unit.reads.store.query(RECORDS, partition, forward=not search.descending, start=start, limit=limit)
        scan.pages += 1
        for _ in _matching(scan, page.items):
            pass
        start = page.next
        if start is None:
            return
        if scan.pages >= MOST_PAGES and len(scan.matches) - before < wanted:
            scan.stopped = start["sk"]
            return


def _total(unit: UnitOfWork, search: Search, found: Found, more: bool) -> int | None:
    """The exact number of matches, when it can be had: the last page knows it, else a count of at most 10,000."""
    if not more and not search.cursor and (found.records or not search.offset):
        return search.offset + len(found.records)
    if not search.counted:
        return None
    counted = 0
    for partition in search.collection.partitions:
        counted += unit.reads.store.count(RECORDS, partition, limit=MOST_COUNTED - counted)
        if counted > MOST_COUNTED:
            return None
    return counted


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


def _close_cursor(position: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def _open_cursor(text: str | None) -> Json:
    if not text:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not (isinstance(position, dict) and ("a" in position or ("s" in position and "k" in position))):
            raise ValueError
    except ValueError:
        raise Invalid("this cursor is not one that a list has answered with", path="cursor") from None
    return position
