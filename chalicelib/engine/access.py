"""The planner: how a search is read. It decides from the definition and the filter alone, before anything is asked of the database.

In this order: ids that the filter pins are read by key; a unique value is found through its guard; an equality on an indexed field;
a range or prefix on one; an order that an index (or the table, by id) holds already, which ends with the page; else the table from its
start. ``l1``-``l5`` read strongly, ``g1``-``g4`` do not. An index holds neither null nor the empty text, so an ascending order is read from
it only where the filter or the definition leaves those out; descending they come last, and are read from the table when it gets there.
Texts whose first 900 bytes are the same count as equal in the order of an index. A field that is ``building`` is not used.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Bound, Filter
from chalicelib.domain.filter_operands import kind_of
from chalicelib.domain.keys import index_text
from chalicelib.domain.ports import Range
from chalicelib.domain.query import SortKey
from chalicelib.errors import Json

Kind = Literal["ids", "nothing", "unique", "by id", "by index", "window"]
Way = Literal["ids", "nothing", "unique", "equality", "range", "prefix", "sort", "scan"]


@dataclass(frozen=True)
class Search:
    """What is looked for. ``limit`` ``None`` = everything. ``counted``: also say how many match in all.

    ``fresh`` False: rows of an eventually consistent index are taken as they are, and not read again by key."""

    collection: Collection
    filter: Filter
    sort: Sequence[SortKey] = ()
    offset: int = 0
    limit: int | None = None
    cursor: str | None = None
    counted: bool = False
    fresh: bool = True

    @property
    def by_id(self) -> bool:
        """Sorted as the table is."""
        return not self.sort or self.sort[0].field == "id"

    @property
    def descending(self) -> bool:
        return bool(self.sort) and self.sort[0].descending


@dataclass(frozen=True)
class Access:
    """``kind``: who reads it, in which order. ``way``: what the index is used for. ``keys`` bounds it; ``value`` is a unique one."""

    kind: Kind
    way: Way = "scan"
    field: Field | None = None
    keys: Range | None = None
    value: Json = None

    @property
    def slot(self) -> str | None:
        """The index that is queried; ``None``: the table."""
        return self.field.slot if self.field and self.kind in ("by index", "window") else None

    @property
    def consistent(self) -> bool:
        return not (self.slot or "").startswith("g")

    def described(self, scanned: int, complete: bool) -> dict[str, Json]:
        """``meta.plan``. ``index``: the field whose index (or guard) served, ``id`` for ids and their order, null for a filtered read."""
        name = self.field.name if self.field else "id" if self.kind in ("ids", "by id") and self.way != "scan" else None
        return {
            "index": name,
            "access": self.way,
            "fields": [name] if name else [],
            "scanned": scanned,
            "consistent": self.consistent,
            "complete": complete,
        }


def plan(search: Search) -> Access:
    """How the search is read."""
    if search.filter.pinned_ids() is not None:
        return Access("ids", "ids")
    bounds = search.filter.bounds()
    if any(bound.is_empty for bound in bounds):
        return Access("nothing", "nothing")
    usable = [bound for bound in bounds if _is_usable(search.collection, bound)]
    bound = min(usable, key=lambda bound: _rank(search.collection.fields[bound.field], bound), default=None)
    ordered = search.limit is not None and _is_held_order(search, bound)
    if bound is not None:
        return _bounded(search, bound, ordered)
    if search.limit is not None and search.by_id:
        return Access("by id", "sort" if search.filter.matches_everything else "scan")
    return Access("by index", "sort", search.collection.fields[search.sort[0].field]) if ordered else Access("window")


def _bounded(search: Search, bound: Bound, ordered: bool) -> Access:
    field = search.collection.fields[bound.field]
    if bound.equal and field.unique and not _is_strong(field):
        return Access("unique", "unique", field, value=bound.low)
    way: Way = "equality" if bound.equal else "range" if bound.prefix is None else "prefix"
    return Access("by index" if ordered else "window", way, field, _range_of(bound))


def _is_usable(collection: Collection, bound: Bound) -> bool:
    field = collection.fields.get(bound.field)
    if field is None or field.options.get("building"):
        return False
    return field.slot is not None or (field.unique and bound.equal and bound.field != "id")


def _is_strong(field: Field) -> bool:
    return (field.slot or "").startswith("l")


def _rank(field: Field, bound: Bound) -> tuple[bool, bool, bool, str]:
    """A unique value before an equality before a range; a strongly consistent index before the others."""
    return not bound.equal, not (field.unique and bound.equal), not _is_strong(field), field.slot or ""


def _is_held_order(search: Search, bound: Bound | None) -> bool:
    """Whether one strongly consistent index holds all that can match, in the order asked for."""
    if search.by_id or [key.field for key in search.sort[1:]] not in ([], ["id"]) or any(key.descending for key in search.sort[1:]):
        return False
    field = search.collection.fields.get(search.sort[0].field)
    if field is None or not _is_strong(field) or field.options.get("building"):
        return False
    if bound is not None:
        return bound.field == field.name
    return search.descending or (field.required and kind_of(field) != "text")


def _range_of(bound: Bound) -> Range:
    if bound.prefix is not None:
        return Range(prefix=index_text(bound.prefix))
    return Range(low=index_text(bound.low), high=index_text(bound.high))
