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
from chalicelib.services.editing import Editing

MOST_READ = 2_000
LOOKED_UP = 100


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

    A condition that ``record`` is one record holds for every execution that touched it."""
    pinned = {bound.field: bound.low for bound in wanted.bounds() if bound.equal}
    record = pinned["record"] if isinstance(pinned.get("record"), str) else None
    ids = wanted.pinned_ids()
    if ids is not None:
        known = sorted(_named(editing, [int(one) for one in ids], record), key=lambda item: item["id"], reverse=newest_first)
        return [entry for item in known if _holds(wanted, entry := Entry.of(item), record)], True
    found: list[Entry] = []
    for read, item in enumerate(_history(editing, pinned, record, newest_first), 1):
        entry = Entry.of(item)
        if _holds(wanted, entry, record):
            found.append(entry)
        if read >= MOST_READ:
            return found, False
    return found, True


def _holds(wanted: Filter, entry: Entry, record: str | None) -> bool:
    """Whether the row matches; one that was found by what it touched counts as started for it."""
    return wanted.matches(entry.row if record is None else entry.row | {"record": record})


def _named(editing: Editing, ids: Sequence[int], record: str | None) -> list[Item]:
    """The executions of these ids; only those that touched the record, if one is named."""
    items = list(kept(editing, ids).values())
    if record is None:
        return items
    hints = editing.reads.store.batch_get([touched_key(item["id"], record) for item in items])
    return [item for item in items if item.get("record") == record or touched_key(item["id"], record) in hints]


def _history(editing: Editing, pinned: Row, record: str | None, newest_first: bool) -> Iterator[Item]:
    """Execution items in the order of their ids."""
    store, now_ms = editing.reads.store, editing.records.now_ms
    if record is not None:
        return _touching(store, record, newest_first, now_ms)
    keys = [pinned["key"]] if isinstance(pinned.get("key"), str) else _workflow_keys(editing)
    by_workflow = [_index(store, "byWorkflow", key, newest_first) for key in keys]
    merged = heapq.merge(*by_workflow, key=lambda item: item["id"], reverse=newest_first)
    return (item for item in merged if is_kept(item, now_ms))


def _workflow_keys(editing: Editing) -> list[str]:
    return sorted({record.row["key"] for record in editing.records.search(Search(WORKFLOWS, EVERYTHING)).records})


def _touching(store: Store, record: str, newest_first: bool, now_ms: int) -> Iterator[Item]:
    """Every execution that touched the record, once; a hint to one that is not there stands for nothing."""
    last: int | None = None
    for group in _groups(_index(store, "byRecord", record, newest_first)):
        hinted = [execution_key(item["id"]) for item in group if item["sk"] != "execution"]
        found = store.batch_get(set(hinted)) if hinted else {}
        for entry in group:
            item = entry if entry["sk"] == "execution" else found.get(execution_key(entry["id"]))
            if item is not None and item["id"] != last and is_kept(item, now_ms):
                last = item["id"]
                yield item


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
