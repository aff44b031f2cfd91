"""Records one by one in the order asked for, from where a cursor says; whoever takes them stops when the page is full.

By id: the table in the order of its sort keys. By index: its values upwards or downwards. DynamoDB does not say in which order an index
holds equal values, so these are read together and put in the order of their ids. What the index does not hold (null, the empty text)
follows a descending order, from the table.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from chalicelib.domain.filter_operands import kind_of
from chalicelib.domain.ports import Item, Range
from chalicelib.domain.record import Record
from chalicelib.engine import cursors
from chalicelib.engine.scan import Scan, merged, stream

IN_INDEX, EMPTY_TEXTS, NULLS = 0, 1, 2
LOWEST_ID = "\x00"
LAST_CHARACTER = "\U0010ffff"


def records_in_order(scan: Scan, wanted: int) -> Iterator[Record]:
    """At least the next ``wanted`` records, if there are so many. Raises OutOfPages, and Invalid for a cursor of another list."""
    return _by_id(scan, wanted) if scan.access.kind == "by id" else _by_index(scan, wanted)


def cursor_behind(scan: Scan, record: Record | None) -> str:
    """Where the list goes on behind ``record``, or behind what was read last."""
    item = record.item if record else None
    if scan.access.kind == "by id":
        return cursors.behind_id(item["sk"] if item else scan.position)
    return cursors.behind_value(*(_position(scan, item) if item else scan.position))


def is_within_one_value(scan: Scan) -> bool:
    """Whether a read that has given nothing yet ran out of pages among records of one value of the index."""
    return scan.access.kind == "by index" and bool(scan.position[1] == IN_INDEX)


def _by_id(scan: Scan, wanted: int) -> Iterator[Record]:
    search = scan.search
    after = cursors.after_id(search.cursor)
    scan.position = after or LOWEST_ID
    limit = wanted if search.filter.matches_everything else None

    def of_partition(partition: str) -> Iterator[Record]:
        start = {"pk": partition, "sk": after} if after is not None else None
        return stream(scan, partition, forward=not search.descending, start=start, limit=limit)

    for record in merged(scan, of_partition, lambda record: record.item["sk"], forward=not search.descending):
        scan.position = record.item["sk"]
        yield record


def _by_index(scan: Scan, wanted: int) -> Iterator[Record]:
    field, keys = scan.access.field, scan.access.keys
    assert field is not None
    phase, text, after = cursors.after_value(scan.search.cursor, field.name)
    scan.position = (field.name, phase, text, after)
    phases = [IN_INDEX]
    if keys is None and scan.search.descending:
        phases += [EMPTY_TEXTS, NULLS] if kind_of(field) == "text" else [NULLS]
    for current in phases:
        if current < phase:
            continue
        resumed = (text, after) if current == phase else (None, None)
        found = (
            _indexed(scan, wanted, *resumed) if current == IN_INDEX else _absent(scan, "" if current == EMPTY_TEXTS else None, resumed[1])
        )
        for record in found:
            scan.position = (field.name, current, record.item.get(field.slot or ""), record.item["sk"])
            yield record
        scan.position = (field.name, current + 1, None, None)


def _indexed(scan: Scan, wanted: int, text: str | None, after: str | None) -> Iterator[Record]:
    """What the index holds, a value at a time, from behind ``after`` among those of ``text`` on."""
    slot, forward, limit = scan.access.slot or "", not scan.search.descending, _limit(scan, wanted)
    keys = scan.access.keys if text is None else _from(scan.access.keys or Range(), text, forward)

    def of_partition(partition: str) -> Iterator[Record]:
        return stream(scan, partition, index=slot, keys=keys, forward=forward, limit=limit)

    for value, group in groupby(merged(scan, of_partition, lambda one: one.item[slot], forward=forward), key=lambda one: one.item[slot]):
        for record in sorted(group, key=lambda one: one.item["sk"]):
            if value != text or record.item["sk"] > (after or ""):
                yield record


def _from(keys: Range, text: str, forward: bool) -> Range:
    """The rest of the range, ``text`` included."""
    low, high = keys.low, keys.high
    if keys.prefix is not None:
        low, high = keys.prefix, keys.prefix + LAST_CHARACTER
    return Range(low=text, high=high) if forward else Range(low=low, high=text)


def _absent(scan: Scan, value: str | None, after: str | None) -> Iterator[Record]:
    """The records whose field is ``value``, which no index holds, by id."""
    name = scan.access.field.name if scan.access.field else ""

    def of_partition(partition: str) -> Iterator[Record]:
        return stream(scan, partition, start={"pk": partition, "sk": after} if after is not None else None)

    for record in merged(scan, of_partition, lambda record: record.item["sk"], forward=True):
        scan.position = (name, NULLS if value is None else EMPTY_TEXTS, None, record.item["sk"])
        if record.row.get(name) == value:
            yield record


def _position(scan: Scan, item: Item) -> tuple[str, int, str | None, str]:
    field = scan.access.field
    assert field is not None
    text = item.get(field.slot or "")
    empty = EMPTY_TEXTS if item["data"].get(field.name) == "" else NULLS
    return field.name, IN_INDEX if text is not None else empty, text, item["sk"]


def _limit(scan: Scan, wanted: int) -> int | None:
    """Pages no larger than needed, where nearly every record that is read will match."""
    name = scan.access.field.name if scan.access.field else ""
    return wanted if set(scan.search.filter.field_paths()) <= {name} and not _is_counting(scan) else None


def _is_counting(scan: Scan) -> bool:
    search = scan.search
    return search.counted and not search.cursor and not search.filter.matches_everything
