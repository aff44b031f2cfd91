"""The query string with the nested brackets that JavaScript clients send (``qs``): ``filterByTk[]=1``, ``filter[title][$eq]=A``.

Source: https://github.com/ljharb/qs#readme (parsing objects, parsing arrays; depth 5, indexes up to 100).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from chalicelib.errors import Invalid, Json

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")
MOST_DEPTH = 20
MOST_PARAMETERS = 1_000


def parse_query(parameters: Mapping[str, Sequence[str]] | None) -> dict[str, Json]:
    """Nested parameters of ``{"filterByTk[]": ["1", "2"]}``: ``{"filterByTk": ["1", "2"]}``. A plain name given twice is a list.

    Raises Invalid for more than 1,000 values or 20 brackets."""
    pairs = [(name, value) for name, values in (parameters or {}).items() for value in values]
    if len(pairs) > MOST_PARAMETERS:
        raise Invalid(f"the query string may hold at most {MOST_PARAMETERS} values", path="query")
    tree: dict[str, Json] = {}
    for name, value in pairs:
        match = NAME.fullmatch(name)
        parts = PART.findall(match.group(2)) if match else []
        if len(parts) > MOST_DEPTH:
            raise Invalid(f'the parameter "{match.group(1) if match else name}" is nested too deep', path="query")
        _put(tree, [match.group(1), *parts] if match else [name], value)
    return {name: _with_lists(value) for name, value in tree.items()}


def _put(tree: dict[str, Json], parts: list[str], value: str) -> None:
    """Put the value at its place; ``[]`` counts up, a place taken by a value becomes a list."""
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        name = str(len(tree)) if part == "" else part
        if following is None:
            old = tree.get(name)
            tree[name] = value if name not in tree else [*old, value] if isinstance(old, list) else [old, value]
            return
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            inner = {str(n): one for n, one in enumerate(inner if isinstance(inner, list) else [inner])}
            tree[name] = inner
        tree = inner


def _with_lists(value: Json) -> Json:
    """Objects whose names are 0, 1, 2 … as lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(one) for name, one in value.items()}
    return [inner[name] for name in sorted(inner, key=int)] if inner and _are_indexes(inner) else inner


def _are_indexes(names: Iterable[str]) -> bool:
    return all(name.isascii() and name.isdigit() and len(name) < 6 for name in names)
