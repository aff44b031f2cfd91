"""Both tables as PynamoDB models: their keys, their attributes, and how an item goes over the wire.

An instance holds an item as the `Store` port knows it, under the port's attribute names, and serialises through our codec
(``codec.py``): PynamoDB's own walk over the attributes costs three times as much and its map attributes are not exact.
A model is bound to a table name by `bound`, in a subclass per store, so that two stores never share a class attribute.
Indexes are in ``indexes.py``, the CloudFormation resources in ``infra/tables.json``; tests hold the three together.

Source: https://pynamodb.readthedocs.io/en/stable/api.html#pynamodb.models.Model
"""

from __future__ import annotations

from typing import TypeVar, cast

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.codec import WireItem, encode_item
from chalicelib.errors import Json


class JsonAttribute(Attribute[Json]):
    """Any JSON value. Its type is the value's own; ``attr_type`` is what PynamoDB wants to know of a declaration."""

    attr_type = "M"


class ItemModel(Model):
    """What both tables share: a text partition key ``pk``, a text sort key ``sk``, and attributes that are JSON."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    def __init__(self, **attributes: Json) -> None:
        """Skips PynamoDB's defaults and setters: an item is taken as it is."""
        self.attribute_values = attributes

    def serialize(self, null_check: bool = True) -> WireItem:
        """The item on the wire, without attributes that are ``None``. Raises Invalid for what is not JSON."""
        return encode_item(self.attribute_values)


class RecordItem(ItemModel):
    """An item of the records table: a record, the guard of a unique value, the epoch, or a counter."""

    version = NumberAttribute(null=True)
    data = JsonAttribute(null=True)
    createdAt = UnicodeAttribute(null=True)
    createdById = NumberAttribute(null=True)
    updatedAt = UnicodeAttribute(null=True)
    updatedById = NumberAttribute(null=True)
    schemaVersion = NumberAttribute(null=True)
    value = JsonAttribute(null=True)
    l1 = UnicodeAttribute(null=True)
    l2 = UnicodeAttribute(null=True)
    l3 = UnicodeAttribute(null=True)
    l4 = UnicodeAttribute(null=True)
    l5 = UnicodeAttribute(null=True)
    g1 = UnicodeAttribute(null=True)
    g2 = UnicodeAttribute(null=True)
    g3 = UnicodeAttribute(null=True)
    g4 = UnicodeAttribute(null=True)


class ExecutionItem(ItemModel):
    """An item of the executions table: an execution, a revoked session, or the answer to an idempotency key."""

    id = NumberAttribute(null=True)
    key = UnicodeAttribute(null=True)
    workflowId = NumberAttribute(null=True)
    status = NumberAttribute(null=True)
    record = UnicodeAttribute(null=True)
    open = UnicodeAttribute(null=True)
    createdAt = UnicodeAttribute(null=True)
    attempt = NumberAttribute(null=True)
    doc = UnicodeAttribute(null=True)
    ttl = NumberAttribute(null=True)


M = TypeVar("M", bound=ItemModel)


def bound(model: type[M], table_name: str) -> type[M]:
    """A subclass of ``model`` that stands for the table ``table_name`` (0.3 ms: once per store)."""
    return cast(type[M], type(model.__name__, (model,), {"Meta": type("Meta", (), {"table_name": table_name})}))
