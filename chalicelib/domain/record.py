"""A record: the stored item and the row that people see.

The item holds the fields in one map, ``data``, beside its version and its index attributes (``ports.py``); the row is flat:
``{"id": 1, "createdAt": …, "title": "…", "categoryId": null}``, with null for a field that was never set.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import as_type
from chalicelib.domain.keys import index_text, record_key
from chalicelib.domain.ports import Item, Key
from chalicelib.errors import Json, TooLarge

ITEM_BYTES = 400 * 1024
SCHEMA_VERSION = 1
Row = dict[str, Json]


@dataclass(frozen=True)
class Record:
    """A record of a collection, as stored. Never changed in place: a write makes another one."""

    collection: Collection
    item: Item

    @property
    def id(self) -> int | str:
        text: str = self.item["sk"]
        return int(text) if self.collection.id_type == "integer" else text

    @property
    def version(self) -> int:
        version: int = self.item["version"]
        return version

    @property
    def key(self) -> Key:
        return Key("records", self.item["pk"], self.item["sk"])

    @cached_property
    def row(self) -> Row:
        """The flat record, hidden fields included; treat it as read-only (`Selection.apply` makes what leaves the house)."""
        data, item = self.item["data"], self.item
        row = {
            "id": self.id,
            "createdAt": item.get("createdAt"),
            "updatedAt": item.get("updatedAt"),
            "createdById": item.get("createdById"),
            "updatedById": item.get("updatedById"),
        }
        if "ttl" in item:  # a task's, which goes with the history of its execution
            row["ttl"] = item["ttl"]
        for field in self.collection.fields.values():
            if field.name not in row and not field.is_association:
                row[field.name] = data.get(field.name)
        for field in self.collection.retyped_fields:
            row[field.name] = _of_its_type(field, row[field.name])
        return row

    @cached_property
    def size_bytes(self) -> int:
        """A close upper bound of the item's size in DynamoDB: its JSON text in UTF-8."""
        return len(json.dumps(self.item["data"], ensure_ascii=False, separators=(",", ":")).encode()) + 300


def _of_its_type(field: Field, value: Json) -> Json:
    """The value as the field's new type has it, though it is stored as the old one had it. All were looked at before the type changed."""
    try:
        return None if value is None else as_type(field.type, value)
    except ValueError:
        return value


def new_record(collection: Collection, record_id: int | str, values: Row, now: str, user_id: int | None, version: int = 1) -> Record:
    """The record that a create stores; ``now`` is ISO text. Raises TooLarge."""
    key = record_key(collection.uid, record_id, collection.shards)
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "version": version,
        "schemaVersion": SCHEMA_VERSION,
        "createdAt": now,
        "createdById": user_id,
        "updatedAt": now,
        "updatedById": user_id,
    }
    return _with_data(collection, item, values)


def changed_record(record: Record, values: Row, now: str, user_id: int | None) -> Record:
    """The record after an update: one version on, `values` over the old ones. A workflow (no user) leaves ``updatedById``.

    Raises TooLarge."""
    item = record.item | {"version": record.version + 1, "updatedAt": now}
    if user_id is not None:
        item["updatedById"] = user_id
    return _with_data(record.collection, item, record.item["data"] | values)


def _with_data(collection: Collection, item: Item, data: Row) -> Record:
    stored = {name: value for name, value in data.items() if value is not None}
    indexes = {field.slot: index_text(data.get(field.name)) for field in collection.indexed_fields if field.slot}
    record = Record(collection, {**item, "data": stored, **indexes})
    # Each local secondary index that the record is in holds the whole of it again, within the same limit.
    copies = 1 + sum(1 for slot, value in indexes.items() if value is not None and slot.startswith("l"))
    if record.size_bytes * copies > ITEM_BYTES:
        most = ITEM_BYTES // copies
        why = f" with its {copies - 1} indexed values" if copies > 1 else ""
        raise TooLarge(f"the record has {record.size_bytes} bytes; at most {most} fit into one{why}", code="RECORD_TOO_LARGE")
    return record


def visible(record: Record) -> Row:
    """The record's row without hidden fields (password hashes …), free to be changed."""
    fields = record.collection.fields
    return {name: value for name, value in record.row.items() if not (name in fields and fields[name].hidden)}
