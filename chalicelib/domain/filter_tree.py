"""A filter as a tree of conditions: what every list, scope and button rule is decided by.

Negation is two-valued: ``$not`` holds exactly where its filter does not. Conditions through an association stay apart as
`AssociationCondition` until their ids are looked up, because another collection answers them.
Source: https://docs.nocobase.com/api/database/operators
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.domain.collection import Field
from chalicelib.domain.filter_bounds import Bound, Limits, bound_of, limits
from chalicelib.domain.filter_operands import Kind
from chalicelib.domain.filter_operators import OPERATORS, Operator
from chalicelib.domain.keys import MAX_SAFE_INTEGER
from chalicelib.errors import Json

Row = dict[str, Json]


@dataclass(frozen=True)
class Condition:
    """One operator on one field; ``path`` leads on below a JSON field."""

    field: str
    operator: Operator
    operand: Json
    kind: Kind
    path: tuple[str, ...] = ()

    def matches(self, row: Row) -> bool:
        return self.operator.holds(_value_at(row.get(self.field), self.path), self.operand)


@dataclass(frozen=True)
class AssociationCondition:
    """At least one record that ``field`` leads to matches ``inner``."""

    field: Field
    inner: Filter


@dataclass(frozen=True)
class Group:
    """``and`` and ``or`` of the parts; ``not`` has one part."""

    kind: Literal["and", "or", "not"]
    parts: tuple[Node, ...]


Node = Condition | AssociationCondition | Group
Lookup = Callable[[AssociationCondition], bool]


@dataclass(frozen=True)
class Filter:
    """A parsed filter. Immutable; made by `parse_filter`, joined by `both`."""

    root: Node = Group("and", ())

    def matches(self, row: Row) -> bool:
        """Whether the flat record matches. Association conditions must be resolved before (RuntimeError: our mistake)."""
        return holds(self.root, row, _unresolved)

    @property
    def matches_everything(self) -> bool:
        return self.root == EVERYTHING.root

    def pinned_ids(self) -> list[int | str] | None:
        """The only ids that can match, in the order given, without repeats; ``None`` when the filter names none."""
        pinned: list[int | str] | None = None
        for condition in self._conjuncts():
            ids = _ids(condition)
            if ids is not None:
                pinned = [one for one in dict.fromkeys(ids) if pinned is None or one in pinned]
        return pinned

    def bounds(self) -> list[Bound]:
        """One `Bound` per field that every match lies in; fields without an index are for the caller to skip."""
        found: dict[tuple[str, Kind], list[Limits]] = {}
        for condition in self._conjuncts():
            if not condition.path:
                found.setdefault((condition.field, condition.kind), []).append(
                    limits(condition.operator.name, condition.operand, condition.kind)
                )
        bounds = (bound_of(field, kind, said) for (field, kind), said in found.items())
        return [bound for bound in bounds if bound is not None]

    def values_on(self, field: str) -> list[Json] | None:
        """The values that the one condition on a field allows, of ``$eq`` or ``$in``; ``[]`` where there is none.

        ``None`` where there is another one, several, or one that need not hold."""
        own = [one for one in self._conjuncts() if one.field == field and not one.path and one.operator.name in ("$eq", "$in")]
        looked_at = sum(1 for leaf in _leaves(self.root) if isinstance(leaf, Condition) and leaf.field == field)
        if looked_at != len(own) or looked_at > 1:
            return None
        values = own[0].operand if own else []
        return list(values) if isinstance(values, list | tuple) else [values]

    def associations(self) -> list[AssociationCondition]:
        """The association conditions of this filter; those inside them belong to their ``inner`` filters."""
        return [node for node in _leaves(self.root) if isinstance(node, AssociationCondition)]

    def resolve_associations(self, ids_of: Callable[[Field, Filter], Sequence[int | str]]) -> Filter:
        """The same filter with each association condition as a list of ids.

        ``ids_of(field, inner)`` returns for a belongsTo field the target keys of the target's records that match ``inner``,
        for the other kinds the ids of *this* collection's records that have such a record."""
        return Filter(_resolved(self.root, ids_of))

    def field_paths(self) -> list[str]:
        """The fields that the filter looks at, dotted through associations: ``["title", "category.title"]``."""
        return list(dict.fromkeys(_paths(self.root)))

    def _conjuncts(self) -> Iterator[Condition]:
        """The conditions that every match meets."""
        nodes = [self.root]
        while nodes:
            node = nodes.pop(0)
            if isinstance(node, Condition):
                yield node
            elif isinstance(node, Group) and node.kind == "and":
                nodes[:0] = node.parts


EVERYTHING = Filter()


def both(a: Filter, b: Filter) -> Filter:
    """The filter that matches where both do."""
    return Filter(conjunction([a.root, b.root]))


def conjunction(parts: Sequence[Node]) -> Node:
    """All of the parts, flat; of one part, that part."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Group) and part.kind == "and" else [part])
    return flat[0] if len(flat) == 1 else Group("and", tuple(flat))


def holds(node: Node, row: Row, lookup: Lookup) -> bool:
    """Whether the node holds for the row; ``lookup`` answers for association conditions."""
    if isinstance(node, Condition):
        return node.matches(row)
    if isinstance(node, AssociationCondition):
        return lookup(node)
    if node.kind == "not":
        return not holds(node.parts[0], row, lookup)
    return (all if node.kind == "and" else any)(holds(part, row, lookup) for part in node.parts)


def on_foreign_key(node: Node, key: str, foreign_key: str) -> Node | None:
    """The node with conditions on ``key`` moved to ``foreign_key``; ``None`` when it looks at anything else."""
    if isinstance(node, Condition):
        return replace(node, field=foreign_key) if node.field == key and not node.path else None
    if isinstance(node, AssociationCondition):
        return None
    parts = [on_foreign_key(part, key, foreign_key) for part in node.parts]
    moved = tuple(part for part in parts if part is not None)
    return Group(node.kind, moved) if len(moved) == len(parts) else None


def _unresolved(node: AssociationCondition) -> bool:
    raise RuntimeError(f"the condition on association {node.field.name!r} has not been resolved")


def _value_at(value: Json, path: tuple[str, ...]) -> Json:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _ids(condition: Condition) -> list[int | str] | None:
    """The ids a condition on ``id`` allows; operands that no record can have (null, 1.5) are left out."""
    if condition.field != "id" or condition.operator.name not in ("$eq", "$is", "$in"):
        return None
    operand = condition.operand
    members = operand if isinstance(operand, list | tuple) else [operand]
    return [one for one in members if (0 <= one <= MAX_SAFE_INTEGER if isinstance(one, int) else isinstance(one, str) and one)]


def _leaves(node: Node) -> Iterator[Condition | AssociationCondition]:
    if not isinstance(node, Group):
        yield node
        return
    for part in node.parts:
        yield from _leaves(part)


def _paths(node: Node) -> Iterator[str]:
    for leaf in _leaves(node):
        if isinstance(leaf, Condition):
            yield leaf.field
        else:
            yield from [f"{leaf.field.name}.{path}" for path in leaf.inner.field_paths()] or [leaf.field.name]


def _resolved(node: Node, ids_of: Callable[[Field, Filter], Sequence[int | str]]) -> Node:
    if isinstance(node, Condition):
        return node
    if isinstance(node, Group):
        return Group(node.kind, tuple(_resolved(part, ids_of) for part in node.parts))
    ids = list(ids_of(node.field, node.inner))
    field = node.field.foreign_key or "" if node.field.type == "belongsTo" else "id"
    return Condition(field, OPERATORS["$in"], ids, "text" if any(isinstance(one, str) for one in ids) else "number")
