"""History as the indexes have it: of a record, of a workflow, of all workflows; newest or oldest first, a moment behind the runs.

The history of a record is that of every execution that touched it: the index holds the executions that were started for it, and hints of
the others (`engine/touched.py`), which are looked up. Source: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.filter import EVERYTHING, Filter
from chalicelib.domain.keys import execution_key, touched_key
from chalicelib.domain.ports import EXECUTIONS, Item, Store
from chalicelib.domain.record import Row
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.engine.execution import is_kept, public_execution
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid
from chalicelib.services.editing import Editing

MOST_READ = 2_000
LOOKED_UP = 100
MOST_RECORDS = 20


@dataclass(frozen=True)
class Entry:
    """One execution: its item, and the row that the API shows."""

    item: Item
    row: Row

    @classmethod
    def of(cls, item: Item) -> Entry:
        return cls(item, public_execution(item))


def kept(editing: Editing, ids: Sequence[int]) -> dict[int, Item]:
    """The history items of these executions, by id."""
    found = editing.reads.store.batch_get([execution_key(one) for one in ids])
    return {item["id"]: item for item in found.values() if is_kept(item, editing.records.now_ms)}


def matching(editing: Editing, wanted: Filter, newest_first: bool) -> tuple[list[Entry], bool]:
    """The executions that match, in the order of their ids, and whether everything was read.

    A condition that ``record`` is one record, or one of several, holds for every execution that touched it. Raises Invalid for any other
    condition on ``record``, whose answer no index has."""
    pinned, records = {bound.field: bound.low for bound in wanted.bounds() if bound.equal}, _records_of(wanted)
    ids = wanted.pinned_ids()
    if ids is not None:
        known = sorted(_named(editing, [int(one) for one in ids], records), key=lambda item: item["id"], reverse=newest_first)
        return [entry for item in known if _holds(wanted, entry := Entry.of(item), records)], True
    found: list[Entry] = []
    for read, item in enumerate(_history(editing, pinned, records, newest_first), 1):
        entry = Entry.of(item)
        if _holds(wanted, entry, records):
            found.append(entry)
        if read >= MOST_READ:
            return found, False
    return found, True


def _records_of(wanted: Filter) -> list[str]:
    """The records that the filter names, none where it is not about records. Raises Invalid."""
    values = wanted.values_on("record")
    if values is None or any(not isinstance(one, str) or not one for one in values):
        message = 'must hold by itself, as {"record": "samples/91"} or {"record": {"$in": [...]}}: the executions that touched one of these'
        raise Invalid(f'the condition on "record" {message}', path="filter.record")
    names = [str(one) for one in dict.fromkeys(values)]
    if len(names) > MOST_RECORDS:
        raise Invalid(f'"record" takes at most {MOST_RECORDS} records at once', path="filter.record.$in")
    return names


def _holds(wanted: Filter, entry: Entry, records: Sequence[str]) -> bool:
    """Whether the row matches; one that was found by what it touched counts as started for it."""
    return wanted.matches(entry.row | {"record": records[0]} if records else entry.row)


def _named(editing: Editing, ids: Sequence[int], records: Sequence[str]) -> list[Item]:
    """The executions of these ids; only those that touched one of the records, if any are named."""
    items = list(kept(editing, ids).values())
    if not records:
        return items
    hints = editing.reads.store.batch_get([touched_key(item["id"], record) for item in items for record in records])
    return [item for item in items if any(item.get("record") == one or touched_key(item["id"], one) in hints for one in records)]


def _history(editing: Editing, pinned: Row, records: Sequence[str], newest_first: bool) -> Iterator[Item]:
    """Execution items in the order of their ids."""
    store, now_ms = editing.reads.store, editing.records.now_ms
    if records:
        return _touching(store, records, newest_first, now_ms)
    keys = [pinned["key"]] if isinstance(pinned.get("key"), str) else _workflow_keys(editing)
    by_workflow = [_index(store, "byWorkflow", key, newest_first) for key in keys]
    merged = heapq.merge(*by_workflow, key=_id_of, reverse=newest_first)
    return (item for item in merged if is_kept(item, now_ms))


def _workflow_keys(editing: Editing) -> list[str]:
    return sorted({record.row["key"] for record in editing.records.search(Search(WORKFLOWS, EVERYTHING)).records})


def _touching(store: Store, records: Sequence[str], newest_first: bool, now_ms: int) -> Iterator[Item]:
    """Every execution that touched one of the records, once; a hint to one that is not there stands for nothing."""
    last: int | None = None
    by_record = [_index(store, "byRecord", record, newest_first) for record in records]
    for group in _groups(heapq.merge(*by_record, key=_id_of, reverse=newest_first)):
        hinted = [execution_key(item["id"]) for item in group if item["sk"] != "execution"]
        found = store.batch_get(set(hinted)) if hinted else {}
        for entry in group:
            item = entry if entry["sk"] == "execution" else found.get(execution_key(entry["id"]))
            if item is not None and item["id"] != last and is_kept(item, now_ms):
                last = item["id"]
                yield item


def _id_of(item: Item) -> int:
    return int(item["id"])


def _groups(items: Iterator[Item]) -> Iterator[list[Item]]:
    while group := [item for _, item in zip(range(LOOKED_UP), items, strict=False)]:
        yield group


def _index(store: Store, index: str, partition: str, newest_first: bool) -> Iterator[Item]:
    start = None
    while True:
        page = store.query(EXECUTIONS, partition, index=index, forward=not newest_first, start=start)
        yield from page.items
        start = page.next
        if start is None:
            return
