"""Who changed a record, when and how: the entry that is written in the transaction that makes the change.

``audit: true`` of a collection keeps the names of the fields that changed, ``audit: "values"`` what they were and are too. What is hidden,
passwords first of all, is named but its values are never kept.
Source: https://docs.nocobase.com/security/audit-logger and
https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#data-to-exclude
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.collection import Collection
from chalicelib.domain.ids import BASE_MS, LOW_BITS
from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import audit_key, audited_collection, audited_user
from chalicelib.domain.ports import Item
from chalicelib.domain.record import Record
from chalicelib.errors import Json

SEQUENCE_BITS = 7  # a transaction has at most a hundred writes
MOST_VALUES_BYTES = 64_000
MOST_VALUE_BYTES = 1_000


@dataclass(frozen=True)
class Origin:
    """On whose behalf a call writes: the user, in which role, let in how (``session``, ``apiKey`` …), with which request."""

    user_id: int
    role: str
    via: str
    request_id: str


@dataclass(frozen=True)
class Written:
    """One record as a transaction changes it; ``by``: the executions that did, as ``(id, workflow key)``; ``also``: others that it changes
    and that have no entry of their own, as ``(collection, id)``."""

    collection: Collection
    before: Record | None
    after: Record | None
    by: Sequence[tuple[int, str]] = ()
    also: Sequence[tuple[str, int | str]] = ()


def entry_item(written: Written, origin: Origin | None, now: str, number: int) -> Item:
    """The item of the entry; ``now`` is ISO text, ``number`` its place in the transaction. No two entries of a record are in one place."""
    record = written.after or written.before
    assert record is not None
    name, version = written.collection.name, written.after.version if written.after else record.version + 1
    # In the order of a record's versions also within a millisecond; entries of different records may have one number.
    turn = version % (1 << LOW_BITS - SEQUENCE_BITS) << SEQUENCE_BITS | number % (1 << SEQUENCE_BITS)
    entry_id = epoch_ms_of(now) - BASE_MS << LOW_BITS | turn
    key = audit_key(name, record.id, entry_id, version)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "id": entry_id,
        "key": audited_collection(name),
        "record": None if origin is None else audited_user(origin.user_id),
        "createdAt": now,
        "doc": json.dumps(_document(written, record, origin), ensure_ascii=False, separators=(",", ":")),
    }


def _document(written: Written, record: Record, origin: Origin | None) -> dict[str, Json]:
    before, after = written.before, written.after
    names = changed_fields(before, after)
    action = "create" if before is None else "destroy" if after is None else "update"
    entry: dict[str, Json] = {
        "action": action,
        "collection": written.collection.name,
        "uid": written.collection.uid,
        "recordId": record.id,
        "versionBefore": before.version if before else None,
        "versionAfter": after.version if after else None,
        "fields": names,
        "executions": [{"id": execution_id, "key": key} for execution_id, key in written.by],
    }
    if written.also:
        entry["also"] = [{"collection": name, "recordId": record_id} for name, record_id in written.also]
    if origin is not None:
        entry |= {"userId": origin.user_id, "role": origin.role, "via": origin.via, "requestId": origin.request_id}
    return entry | (_values(written, names) if written.collection.audit == "values" else {})


def changed_fields(before: Record | None, after: Record | None) -> list[str]:
    """The names of the fields that differ, all that have a value where there is one side only; in the order of their names."""
    old, new = (before.item["data"] if before else {}), (after.item["data"] if after else {})
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _values(written: Written, names: Sequence[str]) -> dict[str, Json]:
    """``{"before": {…}, "after": {…}}`` of the fields that may be shown; a value of some size is a mark that says how large it was."""
    fields = written.collection.fields
    shown = [name for name in names if name in fields and not fields[name].hidden and fields[name].type != "password"]
    most = min(MOST_VALUE_BYTES, MOST_VALUES_BYTES // (2 * len(shown) or 1))

    def side(record: Record | None) -> Json:
        return None if record is None else {name: _bounded(record.item["data"].get(name), most) for name in shown}

    return {"before": side(written.before), "after": side(written.after)}


def _bounded(value: Json, most_bytes: int) -> Json:
    size = len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value if size <= most_bytes else {"cut": True, "bytes": size}


def public_entry(item: Item) -> dict[str, Json]:
    """The entry as ``auditLogs:list`` shows it."""
    doc = json.loads(item["doc"])
    executions = doc.get("executions") or []
    row: dict[str, Json] = {
        "id": item["id"],
        "createdAt": item["createdAt"],
        **{name: doc.get(name) for name in ("action", "collection", "recordId", "versionBefore", "versionAfter", "fields")},
        **{name: doc.get(name) for name in ("userId", "role", "via", "requestId")},
        "executionId": executions[-1]["id"] if executions else None,
        "workflowKey": executions[-1]["key"] if executions else None,
        "executions": executions,
    }
    return row | {side: doc[side] for side in ("before", "after", "also") if side in doc}


def id_bounds(low_ms: int | None, high_ms: int | None) -> tuple[int, int]:
    """The least and the greatest id of entries from ``low_ms`` to ``high_ms`` (both inclusive, milliseconds since 1970)."""
    least = 0 if low_ms is None else max(0, low_ms - BASE_MS) << LOW_BITS
    greatest = (1 << 53) - 1 if high_ms is None else (max(0, high_ms - BASE_MS) + 1 << LOW_BITS) - 1
    return least, greatest
