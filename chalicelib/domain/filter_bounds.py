"""What an index can do for a filter: per field, the range of index values outside of which no record matches.

Bounds are inclusive and may be wider than the condition, because `Filter.matches` checks every record found. They never
cut off a match: an index holds neither null nor the empty text, and it compares case, so conditions that such values
may meet give no bound.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from chalicelib.domain.filter_operands import Kind
from chalicelib.errors import Json


@dataclass(frozen=True)
class Bound:
    """Records that match have ``low <= field <= high``, or texts that begin with ``prefix``; ``None`` = open.

    ``equal`` says that ``low`` is the only possible value. Values are typed (``91``, ``"2026-11-21T00:00:00.000Z"``), not yet
    index texts."""

    field: str
    low: Json = None
    high: Json = None
    prefix: str | None = None
    equal: bool = False

    @property
    def is_empty(self) -> bool:
        """No value lies in it, so nothing matches; a query with such bounds is an error in DynamoDB."""
        return self.low is not None and self.high is not None and bool(self.low > self.high)


class Limits(NamedTuple):
    """What one condition says: two ends and a prefix."""

    low: Json = None
    high: Json = None
    prefix: str | None = None


def _prefix(operand: list[str]) -> Limits:
    """The part of the prefix before its first letter: `$startsWith` ignores case, an index does not."""
    start = "".join(takewhile(lambda c: c == c.lower() == c.upper(), operand[0])) if len(operand) == 1 else ""
    return Limits(prefix=start or None)


def _equal(operand: Json) -> Limits:
    return Limits() if isinstance(operand, tuple) else Limits(operand, operand)


LIMITS: dict[str, Callable[[Json], Limits]] = {
    "$eq": _equal,
    "$is": _equal,
    "$gt": lambda operand: Limits(low=operand),
    "$gte": lambda operand: Limits(low=operand),
    "$lt": lambda operand: Limits(high=operand),
    "$lte": lambda operand: Limits(high=operand),
    "$between": lambda operand: Limits(*operand),
    "$startsWith": _prefix,
    "$dateOn": lambda operand: Limits(*operand),
    "$dateBetween": lambda operand: Limits(*operand),
    "$dateBefore": lambda operand: Limits(high=operand[0]),
    "$dateNotBefore": lambda operand: Limits(low=operand[0]),
    "$dateAfter": lambda operand: Limits(low=operand[1]),
    "$dateNotAfter": lambda operand: Limits(high=operand[1]),
}


def limits(operator: str, operand: Json, kind: Kind) -> Limits:
    """What a condition says about its field's index values; an empty `Limits` when nothing."""
    if operand is None or kind in ("any", "array") or operator not in LIMITS:
        return Limits()
    return LIMITS[operator](operand)


def bound_of(field: str, kind: Kind, found: Iterable[Limits]) -> Bound | None:
    """All the limits on one field as one bound; ``None`` when an index cannot serve it."""
    lows = [one.low for one in found if one.low is not None]
    highs = [one.high for one in found if one.high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    prefix = max((one.prefix for one in found if one.prefix), key=len, default=None)
    if kind == "text" and not low:
        # Only a lower end or a prefix keeps the empty text out, which has no index value.
        return Bound(field, prefix=prefix) if prefix else None
    if low is None and high is None:
        return Bound(field, prefix=prefix) if prefix else None
    # One key condition has either ends or a prefix; ends say more.
    return Bound(field, low, high, equal=low is not None and bool(low == high))
