"""Positions in a field of type ``sort``: a record goes between two others by a number between theirs.

Where there is no number left between them, the records behind are moved on too, as few as needed. Records with the same ``scopeKey``
(cards of one column) have an order of their own. Source: https://docs.nocobase.com/data-sources/data-modeling/collection-fields/advanced/sort
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Filter
from chalicelib.domain.keys import MAX_SAFE_INTEGER
from chalicelib.domain.query import SortKey
from chalicelib.domain.record import Record, Row
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json
from chalicelib.services.call import Call
from chalicelib.services.permitted import PermittedRecords

GAP = 65_536
MOST_MOVED = 80
METHODS = ("insertAfter", "insertBefore", "prepend")


@dataclass(frozen=True)
class Move:
    """What is asked for; with neither a target nor ``first`` the record goes last."""

    source_id: Json
    target_id: Json
    field: Field
    method: str | None
    first: bool
    scope: Json
    has_scope: bool

    @classmethod
    def parse(cls, call: Call, collection: Collection) -> Move:
        """Of the query string, else of the body. Raises Invalid."""
        sent = (call.body if isinstance(call.body, dict) else {}) | call.params
        name, method = sent.get("sortField") or "sort", sent.get("method")
        field = collection.field(name) if isinstance(name, str) else None
        if field is None or field.type != "sort":
            raise Invalid(f'sortField: "{name}" is not a field of type sort of collection "{collection.name}"', path="sortField")
        if method is not None and method not in METHODS:
            raise Invalid(f"method must be one of {', '.join(METHODS)}", path="method")
        source, target, scope = sent.get("sourceId", call.target_key), sent.get("targetId"), sent.get("targetScope")
        first = method == "prepend" or sent.get("sticky") in (True, "true", "1")
        if source is None or source == "":
            raise Invalid("move needs sourceId, the record to move", path="sourceId")
        if target in (None, "") and scope is None and not first:
            raise Invalid("move needs targetId, targetScope, or method=prepend", path="targetId")
        key = field.options.get("scopeKey")
        if isinstance(scope, dict):
            scope = scope.get(key)
        return cls(source, None if target == "" or first else target, field, method, first, scope, key is not None and scope is not None)


@dataclass(frozen=True)
class Neighbours:
    """The records that the moved one goes between: looked for among those of the target's scope."""

    records: PermittedRecords
    asked: Move
    source: Record
    target: Record | None

    @property
    def name(self) -> str:
        return self.asked.field.name

    @property
    def scope(self) -> Row:
        """The value of ``scopeKey`` that the record will have."""
        key = self.asked.field.options.get("scopeKey")
        if not isinstance(key, str) or self.source.collection.field(key) is None:
            return {}
        if self.target is not None:
            return {key: self.target.row.get(key)}
        return {key: self.asked.scope if self.asked.has_scope else self.source.row.get(key)}

    def _goes_behind(self, target: Record) -> bool:
        """By default the record takes the target's place: behind it when it comes from before it."""
        if self.asked.method is not None:
            return self.asked.method == "insertAfter"
        own, there = self.source.row.get(self.name), target.row[self.name]
        within = all(self.source.row.get(key) == value for key, value in self.scope.items())
        return within and own is not None and (own, self.source.id) < (there, target.id)

    def around(self) -> tuple[int | None, list[Record]]:
        """The position in front of the new place (``None``: it is the first), and the records behind it, as far as they may have to move.

        Raises Invalid for a target without a position."""
        if self.target is None:
            return (None, self._from(None)) if self.asked.first else (self._last(), [])
        at = self.target.row.get(self.name)
        if at is None:
            raise Invalid(f'targetId: record {self.target.id} has no "{self.name}" yet; write one, or prepend', path="targetId")
        rank = (at, self.target.item["sk"])
        if self._goes_behind(self.target):
            return at, [one for one in self._from(at) if self._rank(one) > rank]
        before = [self._rank(one) for one in self._until(at) if self._rank(one) < rank]
        return (max(before)[0] if before else None), [one for one in self._from(at) if self._rank(one) >= rank]

    def _rank(self, record: Record) -> tuple[int, str]:
        return record.row[self.name], record.item["sk"]

    def _last(self) -> int | None:
        found = self._search({"$lte": MAX_SAFE_INTEGER}, descending=True, limit=2)
        return max((one.row[self.name] for one in found), default=None)

    def _from(self, position: int | None) -> list[Record]:
        return self._search({"$gte": -MAX_SAFE_INTEGER if position is None else position}, descending=False, limit=MOST_MOVED + 20)

    def _until(self, position: int) -> list[Record]:
        return self._search({"$lte": position}, descending=True, limit=MOST_MOVED + 20)

    def _search(self, bounds: Row, *, descending: bool, limit: int) -> list[Record]:
        """Records with a position in the scope, without the moved one."""
        collection = self.source.collection
        wanted: Filter = self.records.plain_filter({self.name: bounds, **{k: {"$eq": v} for k, v in self.scope.items()}}, collection)
        found = self.records.search(Search(collection, wanted, [SortKey(self.name, descending)], 0, limit))
        if not found.complete:
            raise Invalid(f'"{self.name}" needs an index before records of so large a collection can be moved', path="sortField")
        return [one for one in found.records if one.id != self.source.id and one.row[self.name] is not None]


def positions(neighbours: Neighbours, asked: Move) -> Iterator[tuple[Record, Row]]:
    """Every record to write and its new values, the moved one first. Raises Invalid when more than 80 would have to move."""
    lower, behind = neighbours.around()
    for moved in range(min(len(behind), MOST_MOVED) + 1):
        upper = behind[moved].row[asked.field.name] if moved < len(behind) else None
        numbers = _between(lower, upper, moved + 1)
        if numbers:
            yield neighbours.source, neighbours.scope | {asked.field.name: numbers[0]}
            yield from _pushed(behind[:moved], numbers[1:], asked.field.name)
            return
    raise Invalid(f"more than {MOST_MOVED} records would have to move; give them positions with gaps first", path="targetId")


def _pushed(records: Sequence[Record], numbers: Sequence[int], name: str) -> Iterator[tuple[Record, Row]]:
    for record, number in zip(records, numbers, strict=True):
        yield record, {name: number}


def _between(lower: int | None, upper: int | None, count: int) -> list[int]:
    """``count`` whole numbers in order between the two (``None`` = open), evenly apart; none when there is no room."""
    step = GAP
    if lower is None:
        lower = -step if upper is None else upper - step * (count + 1)
    elif upper is not None:
        step = (upper - lower) // (count + 1)
    return [lower + step * (n + 1) for n in range(count)] if step > 0 else []
