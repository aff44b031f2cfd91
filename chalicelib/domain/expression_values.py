"""Values on their way into an evaluator and out of it: JSON on both sides, numbers as doubles hold them.

Numbers of a database may be ``Decimal``, which no evaluator takes; integers beyond 2^53 lose their last digits as in every JSON
processor that uses doubles (https://www.rfc-editor.org/rfc/rfc8259#section-6); what is no JSON number becomes null.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from chalicelib.domain.expression_bounds import Budget
from chalicelib.domain.template_text import SAFE_INTEGER, as_float
from chalicelib.errors import Json

# Names below a name; nothing below means that the whole value is read.
Tree = dict[str, Any]


def tree_of(paths: Iterable[tuple[str, ...]]) -> Tree:
    """The paths that an expression reads as one tree: ``{"$context": {"data": {}}}``. A shorter path takes in the longer ones."""
    tree: Tree = {}
    for path in sorted(set(paths), key=len, reverse=True):
        level = tree
        for name in path[:-1]:
            level = level.setdefault(name, {})
        if path:
            level[path[-1]] = {}
    return tree


def as_input(value: Json, budget: Budget, null: Json = None, tree: Tree | None = None) -> Json:
    """A copy of the value in plain JSON types, with ``null`` in place of null. With a ``tree`` only what it names is copied.

    Raises ExpressionError when the value is too large for the budget."""
    if isinstance(value, str | bool):
        return value
    if value is None:
        return null
    if isinstance(value, int | float | Decimal):
        return number_of(value)
    budget.spend()
    if isinstance(value, Mapping):
        names = [name for name in tree if name in value] if tree else list(value)
        items = ((name, value[name], tree[name] if tree else None) for name in names)
        return {name: as_input(_called(item, tree), budget, null, inner) for name, item, inner in items if tree or not callable(item)}
    if isinstance(value, Iterable):
        return [as_input(item, budget, null, tree) for item in value]
    return str(value)


def _called(item: Json, tree: Tree | None) -> Json:
    """A function that is named, such as ``$system.genSnowflakeId``, gives its value."""
    return item() if tree and callable(item) else item


def as_result(value: Json, budget: Budget, null: Json = None) -> Json:
    """A fresh JSON value of what an evaluator gave. Raises ExpressionError when it is too large."""
    budget.spend()
    if value is None or value is null or isinstance(value, bool):
        return None if value is null else value
    if isinstance(value, str):
        budget.spend(len(value))
        return _sound(value)
    if isinstance(value, int | float):
        return number_of(value)
    if isinstance(value, Mapping):
        return {_sound(str(name)): as_result(item, budget, null) for name, item in value.items()}
    return [as_result(item, budget, null) for item in value] if isinstance(value, list) else None


def number_of(value: float | Decimal) -> Json:
    """The number as an integer up to 2^53 or a double; null for what JSON has no number for."""
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and abs(value) < SAFE_INTEGER and value == int(value) else float(value)
    if isinstance(value, int) and abs(value) <= SAFE_INTEGER:
        return value
    number = as_float(value)
    return number if math.isfinite(number) else None


def _sound(text: str) -> str:
    """The text with surrogates joined to the characters they stand for; half a pair, which no file can hold, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
