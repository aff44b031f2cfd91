"""Filters of lists, scopes, nodes and buttons: parsed once, with every mistake named, then asked record by record.

Forms: ``{"title": "A"}``, ``{"indicator": {"$gt": 90, "$lt": 100}}``, ``{"category.title": …}`` or ``{"category": {"title": …}}``,
``{"meta.size": …}`` below a JSON field, ``{"$and": […]}``, ``{"$or": […]}``, ``{"$not": {…}}``. An empty group is no condition.
Source: https://docs.nocobase.com/api/database/operators
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter_bounds import Bound
from chalicelib.domain.filter_dates import Clock, is_range
from chalicelib.domain.filter_members import is_about_one, names_of, of_any, wrong_part
from chalicelib.domain.filter_operands import flag, kind_of
from chalicelib.domain.filter_operators import DATES, OPERATORS, operators_for, prepare
from chalicelib.domain.filter_tree import (
    EVERYTHING,
    AssociationCondition,
    Condition,
    Filter,
    Group,
    Node,
    both,
    conjunction,
    holds,
    on_foreign_key,
)
from chalicelib.domain.filter_variables import substitute
from chalicelib.errors import Invalid, Json, Problem

__all__ = ["EVERYTHING", "AssociationCondition", "Bound", "Filter", "both", "filter_from_text", "is_readable", "parse_filter", "substitute"]

MAX_DEPTH = 20
MAX_CONDITIONS = 200
SHOWN = 60
# What a span means to operators that otherwise take one date, or two.
OF_RANGE = {"$eq": "$dateOn", "$is": "$dateOn", "$between": "$dateBetween", "$notBetween": "$dateNotOn"}
EXISTENCE = {"$exists", "$notExists", "$empty", "$notEmpty"}
Resolve = Callable[[str], Collection]


def filter_from_text(text: str) -> Json:
    """The JSON object of a ``filter`` parameter; blank text is ``{}``. Raises Invalid (path ``filter``)."""
    if not text.strip():
        return {}
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Invalid(f"the filter is not valid JSON: {reason}", path="filter") from None
    if not isinstance(raw, dict):
        raise Invalid('the filter must be a JSON object such as {"title": {"$eq": "A"}}', path="filter")
    return raw


def parse_filter(
    raw: Json, collection: Collection, resolve: Resolve, *, now_ms: int = 0, timezone: str = "+00:00", path: str = "filter"
) -> Filter:
    """The filter that decoded JSON describes; ``None`` and ``{}`` match everything.

    ``resolve(name)`` gives the collection an association leads to. ``now_ms`` (since 1970 UTC) and ``timezone`` (an offset) are what
    dates such as ``{"type": "today"}`` are read by. Raises Invalid with every problem found, each under a path such as
    ``filter.indicator.$gt``."""
    parser = _Parser(resolve, Clock(now_ms, timezone))
    root = conjunction(list(parser.conditions({} if raw is None else raw, collection, path, 0)))
    if parser.found:
        raise Invalid.of(parser.found)
    return Filter(root)


def _operator_inside(key: str, value: Json) -> tuple[str, Json]:
    """``"points.$lt": 2``, as clients also write it, is ``"points": {"$lt": 2}``."""
    name, dot, operator = key.rpartition(".")
    return (name, {operator: value}) if dot and name and operator.startswith("$") else (key, value)


def is_readable(field: Field) -> bool:
    """Whether users may see, filter and sort by the field; hidden ones look as if they did not exist."""
    return not field.hidden and field.type != "password"


class _Parser:
    """Walks the raw filter once; mistakes are collected in ``found`` and stand for "everything" in the tree."""

    def __init__(self, resolve: Resolve, clock: Clock) -> None:
        self.resolve = resolve
        self.clock = clock
        self.found: list[Problem] = []
        self.count = 0

    def conditions(self, raw: Json, collection: Collection, path: str, depth: int) -> Iterator[Node]:
        """The conditions of a filter object, all of which must hold; those through one association are about one record."""
        related: dict[str, list[tuple[Json, str]]] = {}
        for key, value, at in self.members(raw, path, depth):
            name, _, rest = key.partition(".")
            field = collection.field(name)
            if key.startswith("$"):
                yield from self.group(
                    key, value, f"{at}.{_cut(key)}", lambda part, here: self.conditions(part, collection, here, depth + 1)
                )
            elif "" in key.split("."):
                self.problem(f"{at}.{_cut(key)}", f"{_cut(key)!r} lacks a name before or after a dot")
            elif field is None or not is_readable(field):
                self.unknown(name, collection, f"{at}.{_cut(key)}")
            elif field.is_association:
                related.setdefault(name, []).append(({rest: value} if rest else value, f"{at}.{name}"))
            elif rest and kind_of(field) != "any":
                self.problem(f"{at}.{_cut(key)}", f"field {field.name!r} is of type {field.type} and has no parts")
            else:
                yield from self.comparisons(field, tuple(rest.split(".")) if rest else (), value, f"{at}.{_cut(key)}", depth)
        for name, raws in related.items():
            yield from self.association(collection.fields[name], raws, depth)

    def members(self, raw: Json, path: str, depth: int) -> Iterator[tuple[str, Json, str]]:
        """Key, value and path of every member, those of ``$and`` lists among them."""
        if depth > MAX_DEPTH:
            self.problem(path, f"the filter is nested deeper than {MAX_DEPTH} levels")
        elif not isinstance(raw, dict):
            self.problem(path, "must be an object of conditions")
        else:
            for key, value in raw.items():
                if key == "$and" and self.is_group(value, f"{path}.$and"):
                    for n, part in enumerate(value):
                        yield from self.members(part, f"{path}.$and.{n}", depth + 1)
                elif key != "$and":
                    yield (*_operator_inside(key, value), path)

    def group(self, key: str, value: Json, path: str, parse: Callable[[Json, str], Iterator[Node]]) -> Iterator[Node]:
        """``$and``, ``$or`` and ``$not`` over whatever ``parse`` reads."""
        if key == "$not":
            yield Group("not", (conjunction(list(parse(value, path))),))
        elif key not in ("$and", "$or"):
            self.problem(path, f"unknown group {_cut(key)!r}; groups are $and, $or and $not")
        elif self.is_group(value, path) and value:
            parts = [conjunction(list(parse(part, f"{path}.{n}"))) for n, part in enumerate(value)]
            yield conjunction(parts) if key == "$and" else Group("or", tuple(parts))

    def association(self, field: Field, raws: list[tuple[Json, str]], depth: int) -> Iterator[Node]:
        """Conditions on one related record. As in the model's outer join, "no related record" counts as one that is all null."""
        target = self.resolve(field.target or "")
        parts: list[Node] = []
        for raw, path in raws:
            if isinstance(raw, dict):
                yield from self.existence(field, raw, path)
                raw = {key: value for key, value in raw.items() if key not in EXISTENCE}
                parts.extend(self.conditions(raw, target, path, depth + 1))
            else:
                self.problem(path, f'{field.name!r} is an association: name a field of it, such as "{field.name}.id", or use $exists')
        inner = conjunction(parts)
        if inner != EVERYTHING.root:
            key = field.foreign_key if field.type == "belongsTo" else None
            yield (on_foreign_key(inner, field.target_key, key) if key else None) or _through(field, inner)

    def existence(self, field: Field, raw: dict[str, Json], path: str) -> Iterator[Node]:
        """``{"category": {"$exists": true}}``: whether there is a related record at all."""
        for key in EXISTENCE & raw.keys():
            try:
                yield _related(field, flag(raw[key]) is (key in ("$exists", "$notEmpty")))
            except ValueError as error:
                self.problem(f"{path}.{key}", f"{field.name} {key}: the value {error}")

    def comparisons(self, field: Field, parts: tuple[str, ...], value: Json, path: str, depth: int) -> Iterator[Node]:
        """The conditions of ``{"$gt": 90, "$lt": 100}``, or of a bare value, on one field."""
        if depth > MAX_DEPTH:
            self.problem(path, f"the filter is nested deeper than {MAX_DEPTH} levels")
        elif not isinstance(value, dict) or (kind_of(field) in DATES and is_range(value)):
            yield from self.comparison(field, parts, "$eq", value, path)
        else:
            for key, operand in value.items():
                yield from self.member(field, parts, key, operand, f"{path}.{_cut(key)}", depth + 1)

    def member(self, field: Field, parts: tuple[str, ...], key: str, operand: Json, path: str, depth: int) -> Iterator[Node]:
        if key in ("$and", "$or") or (key == "$not" and isinstance(operand, dict)):
            yield from self.group(key, operand, path, lambda part, at: self.comparisons(field, parts, part, at, depth))
        elif "" in key.split("."):
            self.problem(path, f"{_cut(key)!r} lacks a name before or after a dot")
        elif not key.startswith("$") and kind_of(field) == "any":
            yield from self.comparisons(field, (*parts, *key.split(".")), operand, path, depth)
        else:
            yield from self.comparison(field, parts, key, operand, path)

    def comparison(self, field: Field, parts: tuple[str, ...], name: str, raw: Json, path: str) -> Iterator[Node]:
        kind = kind_of(field)
        if kind in DATES and is_range(raw):
            if name in ("$ne", "$not"):
                yield Group("not", (conjunction(list(self.comparison(field, parts, "$dateOn", raw, path))),))
                return
            name = OF_RANGE.get(name, name)
        operator = OPERATORS.get(name)
        if not self.is_counted(path):
            return
        if wrong := wrong_part(field, parts):
            return self.problem(path, wrong)
        if operator is None or kind not in operator.kinds:
            wrong = f"unknown operator {_cut(name)!r}" if operator is None else f"operator {name} is not for type {field.type}"
            self.problem(path, f"{wrong}; field {field.name!r} takes {', '.join(operators_for(kind))}")
            return
        try:
            if is_about_one(field, parts, name, raw):
                yield Condition(field.name, of_any(operator), prepare(operator, raw, names_of(field), self.clock), kind)
            else:
                within = () if "members" in field.options else parts
                yield Condition(field.name, operator, prepare(operator, raw, field, self.clock), kind, within)
        except ValueError as error:
            self.problem(path, f"{field.name} {name}: the value {error}")

    def unknown(self, name: str, collection: Collection, path: str) -> None:
        known = ", ".join(field.name for field in collection.fields.values() if is_readable(field))
        self.problem(path, f"unknown field {_cut(name)!r} in collection {collection.name!r}; its fields are {known}")

    def is_group(self, value: Json, path: str) -> bool:
        if not isinstance(value, list):
            self.problem(path, "must be a list of filters")
        elif len(value) > MAX_CONDITIONS:
            self.problem(path, f"must have at most {MAX_CONDITIONS} members")
        return isinstance(value, list) and len(value) <= MAX_CONDITIONS

    def is_counted(self, path: str) -> bool:
        """Counts a condition; says once when there are too many."""
        self.count += 1
        if self.count == MAX_CONDITIONS + 1:
            self.problem(path, f"the filter has more than {MAX_CONDITIONS} conditions")
        return self.count <= MAX_CONDITIONS

    def problem(self, path: str, message: str) -> None:
        # As many as there may be conditions: nobody reads more, and the answer stays small.
        if len(self.found) < MAX_CONDITIONS:
            self.found.append(Problem(message, path.encode(errors="replace").decode()))


def _cut(name: str) -> str:
    return name[:SHOWN]


def _related(field: Field, wanted: bool) -> Node:
    """There is a related record, or there is none."""
    if field.type == "belongsTo" and field.foreign_key:
        return Condition(field.foreign_key, OPERATORS["$exists"], wanted, "any")
    some = AssociationCondition(field, EVERYTHING)
    return some if wanted else Group("not", (some,))


def _through(field: Field, inner: Node) -> Node:
    """A related record matches; or there is none, where ``inner`` also holds for a record that is all null."""
    some = AssociationCondition(field, Filter(inner))
    return Group("or", (some, _related(field, False))) if holds(inner, {}, lambda node: False) else some
