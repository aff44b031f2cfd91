"""``auditLogs:list``: who changed which records, newest first. There is no action that changes or removes an entry.

For who has the right to it (``pm.audit-logs``): an entry may show what a record held, whatever a role shows of the collection itself.
Entries are found by record, by collection or by user, in the order of their times; anything else in the filter is asked of each entry read.
Source: https://docs.nocobase.com/security/audit-logger
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.audit import id_bounds, public_entry
from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Bound, Filter, parse_filter
from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import audited_collection, audited_record, audited_user, id_text
from chalicelib.domain.ports import EXECUTIONS, Item, Range, Store
from chalicelib.domain.query import parse_paging
from chalicelib.domain.record import Row
from chalicelib.engine.cursors import refused_cursor
from chalicelib.errors import Invalid, Json
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, view
from chalicelib.services.listing import cursor_of, shape_of

AREA = "auditLogs"
MOST_READ = 2_000
KEY_NAMES = ("pk", "sk", "key", "record", "id")
FIELDS = {
    "id": "integer",
    "createdAt": "date",
    "action": "string",
    "collection": "string",
    "recordId": "string",
    "versionBefore": "integer",
    "versionAfter": "integer",
    "fields": "array",
    "userId": "integer",
    "role": "string",
    "via": "string",
    "requestId": "string",
    "executionId": "integer",
    "workflowKey": "string",
    "executions": "json",
    "before": "json",
    "after": "json",
}
ENTRY = Collection("auditLogs", "auditLogs", fields={name: Field(name, kind, read_only=True) for name, kind in FIELDS.items()}, system=True)

# Ids are shown as they are, numbers or texts, and compared as texts.
SHOWN = replace(ENTRY, fields=ENTRY.fields | {"recordId": Field("recordId", "json", read_only=True)})


@dataclass(frozen=True)
class Shelf:
    """Where the entries of a list lie: a partition of the table or of an index, and the bounds of its order."""

    partition: str
    index: str | None
    keys: Range


class AuditLogs:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def list_entries(self, call: Call) -> Answer:
        """A page of entries, newest first. ``filter`` names a ``collection`` (with ``recordId`` one record) or a ``userId``, and what else
        an entry is to have; ``createdAt`` bounds the time. ``meta.cursor`` leads to the next page. Raises Invalid."""

        def act(editing: Editing) -> Answer:
            paging, shape = parse_paging(None, call.params.get("pageSize")), shape_of(call)
            _refuse_others(call)
            wanted = parse_filter(
                _with_text_ids(filter_of(call)), ENTRY, _no_association, now_ms=editing.records.now_ms, timezone=call.timezone
            )
            found, at = _read(editing.reads.store, _shelf_of(wanted), wanted, paging.page_size, _start_of(call))
            meta: dict[str, Json] = {"hasNext": at is not None, "page": 1, "pageSize": paging.page_size}
            if at is not None:
                meta["cursor"] = json.dumps(at, separators=(",", ":"))
            return Answer([shape(row) for row in found], meta=meta)

        return view(self._backend, call, AREA, act)


def _refuse_others(call: Call) -> None:
    for name in ("sort", "paginate"):
        if call.params.get(name) not in (None, "", "-createdAt", "true"):
            raise Invalid(f"{name} cannot be chosen here: entries are listed newest first, a page at a time", path=name)
    if call.params.get("page") not in (None, "", "1", 1):
        raise Invalid("there are no numbers of pages here: send meta.cursor of the page before as cursor", path="page")


def _with_text_ids(raw: Json) -> Json:
    """A plain ``recordId`` that is a number, as a text."""
    if isinstance(raw, dict) and isinstance(raw.get("recordId"), int):
        return raw | {"recordId": str(raw["recordId"])}
    return raw


def _shelf_of(wanted: Filter) -> Shelf:
    """The narrowest place that holds every entry that may match. Raises Invalid when the filter names none."""
    bounds = {bound.field: bound for bound in wanted.bounds()}
    pinned = {name: bound.low for name, bound in bounds.items() if bound.equal}
    least, greatest = _ids_of(bounds.get("createdAt"))
    numbers = Range(low=str(least), high=str(greatest))
    if "collection" in pinned and "recordId" in pinned:
        keys = Range(low=id_text(least), high=f"{id_text(greatest)}~")
        return Shelf(audited_record(pinned["collection"], pinned["recordId"]), None, keys)
    if "collection" in pinned:
        return Shelf(audited_collection(pinned["collection"]), "byWorkflow", numbers)
    if "userId" in pinned:
        return Shelf(audited_user(pinned["userId"]), "byRecord", numbers)
    message = (
        'the filter must name a collection or a user: {"collection": "samples"}, {"collection": "samples", "recordId": 91} or {"userId": 1}'
    )
    raise Invalid(message, path="filter", code="FILTER_REQUIRED")


def _ids_of(time: Bound | None) -> tuple[int, int]:
    low = epoch_ms_of(time.low) if time is not None and time.low is not None else None
    high = epoch_ms_of(time.high) if time is not None and time.high is not None else None
    return id_bounds(low, high)


def _read(store: Store, shelf: Shelf, wanted: Filter, most: int, start: Item | None) -> tuple[list[Row], Item | None]:
    """At most so many entries that match, and the place where the next page begins; ``None`` at the end."""
    found: list[Row] = []
    read = 0
    if shelf.keys.low is not None and shelf.keys.high is not None and shelf.keys.low > shelf.keys.high and shelf.index is None:
        return [], None
    while True:
        page = store.query(EXECUTIONS, shelf.partition, index=shelf.index, keys=shelf.keys, limit=most, forward=False, start=start)
        for item in page.items:
            row, read = public_entry(item), read + 1
            if wanted.matches(row | {"recordId": str(row["recordId"])}):
                found.append(row)
            if len(found) == most or read == MOST_READ:
                is_last = item is page.items[-1] and page.next is None
                return found, None if is_last else _place_of(item, shelf)
        start = page.next
        if start is None:
            return found, None


def _place_of(item: Item, shelf: Shelf) -> Item:
    """What DynamoDB begins the next query behind: the keys of the table, and of the index."""
    own = {"byWorkflow": "key", "byRecord": "record"}.get(shelf.index or "")
    names = ("pk", "sk") if own is None else ("pk", "sk", own, "id")
    return {name: item[name] for name in names}


def _start_of(call: Call) -> Item | None:
    """Where the cursor says that the list goes on. Raises Invalid for one that is none of this list's."""
    text = cursor_of(call)
    if not text:
        return None
    try:
        start = json.loads(text)
    except ValueError:
        raise refused_cursor() from None
    if not isinstance(start, Mapping) or not {"pk", "sk"} <= set(start) <= set(KEY_NAMES):
        raise refused_cursor()
    return dict(start)


def _no_association(name: str) -> Collection:
    raise Invalid(f'entries have no association "{name}"', path="filter")
