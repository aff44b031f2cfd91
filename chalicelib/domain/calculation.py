"""Conditions of the ``basic`` engine: ``{"calculator": "gt", "operands": ["{{$context.data.indicator}}", 90]}`` and groups of them.

The calculators compare as JavaScript's ``==`` and ``<`` do, so ``1 == "1"`` holds, ``null >= 0`` holds and ``null == 0``
does not. One thing is added: records hold dates as ISO texts, so two such texts, one of them with an offset, are
compared as instants, as the model compares its Date objects.
Sources: https://docs.nocobase.com/workflow/nodes/condition and https://tc39.es/ecma262/#sec-islooselyequal
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.domain.template import UNDEFINED, Scope, as_float, compile_template, number_literal, problems_of
from chalicelib.errors import Json, Problem

Predicate = Callable[[Scope], bool]
Calculator = Callable[[Json, Json], bool]

JS_SPACES = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?Infinity", re.ASCII)
RADIX = re.compile(r"0(?:[xX](?P<hex>[0-9a-fA-F]+)|[oO](?P<oct>[0-7]+)|[bB](?P<bin>[01]+))", re.ASCII)
BASES = {"hex": 16, "oct": 8, "bin": 2}
ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?P<offset>Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
GROUP_TYPES = ("and", "or")


class CalculationError(ValueError):
    """A condition that cannot be evaluated."""


@dataclass(frozen=True)
class Calculation:
    """A compiled condition."""

    _holds: Predicate = field(repr=False)

    def evaluate(self, scope: Scope) -> bool:
        """Whether it holds in the scope of `Template.render`.

        Groups stop as soon as they are decided. Raises CalculationError when an unknown calculator is reached.
        """
        return self._holds(scope)


def compile_calculation(raw: Json) -> Calculation:
    """The condition of ``{calculator, operands: [a, b]}`` or ``{group: {type: "and"|"or", calculations: […]}}``; without any it holds."""
    return Calculation(_compile(raw))


def _compile(raw: Json) -> Predicate:
    if not raw:
        return lambda scope: True
    raw = raw if isinstance(raw, dict) else {}
    group = raw.get("group")
    return _compile_group(group) if isinstance(group, dict) else _compile_comparison(raw)


def _compile_group(group: dict[str, Json]) -> Predicate:
    members = [_compile(member) for member in _list_in(group, "calculations")]
    if group.get("type") == "and":
        return lambda scope: all(holds(scope) for holds in members)
    return lambda scope: any(holds(scope) for holds in members)


def _compile_comparison(raw: dict[str, Json]) -> Predicate:
    name = raw.get("calculator", UNDEFINED)
    calculator = CALCULATORS.get(name) if isinstance(name, str) else None
    if calculator is None:
        return _refuse(name)
    compare = calculator
    left, right = (compile_template(operand) for operand in [*_list_in(raw, "operands"), UNDEFINED, UNDEFINED][:2])
    return lambda scope: compare(left.resolve(scope), right.resolve(scope))


def _list_in(raw: dict[str, Json], name: str) -> list[Json]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _refuse(name: Json) -> Predicate:
    def refuse(scope: Scope) -> bool:
        raise CalculationError(f'no calculator function registered for "{text_of_primitive(name)}"')

    return refuse


def problems_of_calculation(raw: Json, path: str, known_nodes: Collection[str], scopes: Collection[str]) -> list[Problem]:
    """What is wrong with a condition, its templates included, found when a workflow is saved; see `template.problems_of`."""
    return list(_problems(raw, path, known_nodes, scopes))


def _problems(raw: Json, path: str, known_nodes: Collection[str], scopes: Collection[str]) -> Iterator[Problem]:
    if raw is None or raw == {}:
        return
    if not isinstance(raw, dict):
        yield Problem("a condition is an object with calculator and operands, or with a group", path)
    elif raw.get("group") is not None:
        yield from _group_problems(raw["group"], f"{path}.group", known_nodes, scopes)
    else:
        yield from _comparison_problems(raw, path)
        yield from problems_of(raw.get("operands"), f"{path}.operands", known_nodes, scopes)


def _group_problems(group: Json, path: str, known_nodes: Collection[str], scopes: Collection[str]) -> Iterator[Problem]:
    members = group.get("calculations", []) if isinstance(group, dict) else None
    if not isinstance(group, dict) or not isinstance(members, list):
        yield Problem('a group is an object such as {"type": "and", "calculations": []}', path)
        return
    if group.get("type") not in GROUP_TYPES:
        yield Problem('the type of a group is "and" or "or"', f"{path}.type")
    for at, member in enumerate(members):
        yield from _problems(member, f"{path}.calculations.{at}", known_nodes, scopes)


def _comparison_problems(raw: dict[str, Json], path: str) -> Iterator[Problem]:
    name, operands = raw.get("calculator", UNDEFINED), raw.get("operands")
    if not isinstance(name, str) or name not in CALCULATORS:
        message = f'no calculator function registered for "{text_of_primitive(name)}"; known are {", ".join(CALCULATORS)}'
        yield Problem(message, f"{path}.calculator")
    if not isinstance(operands, list) or len(operands) != 2:
        yield Problem("operands is a list of two values: what is compared, and with what", f"{path}.operands")


def loosely_equal(a: Json, b: Json) -> bool:
    """JavaScript's ``a == b`` for JSON values and ``UNDEFINED``: lists and dicts equal only themselves."""
    if _is_nullish(a) or _is_nullish(b):
        return _is_nullish(a) and _is_nullish(b)
    if isinstance(a, list | Mapping) and isinstance(b, list | Mapping):
        return a is b
    if both := _instants(a, b):
        return both[0] == both[1]
    x, y = _primitive(a), _primitive(b)
    return x == y if isinstance(x, str) and isinstance(y, str) else _number(x) == _number(y)


def ordered(a: Json, b: Json) -> int | None:
    """-1, 0 or 1 as ``a`` comes before, with or after ``b`` for JavaScript's ``<``; ``None`` when they have no order (NaN)."""
    if both := _instants(a, b):
        return (both[0] > both[1]) - (both[0] < both[1])
    x, y = _primitive(a), _primitive(b)
    if isinstance(x, str) and isinstance(y, str):
        first, second = _code_units(x), _code_units(y)
        return (first > second) - (first < second)
    left, right = _number(x), _number(y)
    return None if math.isnan(left) or math.isnan(right) else (left > right) - (left < right)


def text_of_primitive(value: Json) -> str:
    """JavaScript's ``String(value)``: ``null``, ``[1, [2]]`` is ``1,2``, a dict ``[object Object]``."""
    value = _primitive(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_literal(value)
    return "null" if value is None else "undefined"


def _primitive(value: Json) -> Json:
    if isinstance(value, list):
        return ",".join(["" if _is_nullish(leaf) else text_of_primitive(leaf) for leaf in _leaves(value)])
    return "[object Object]" if isinstance(value, Mapping) else value


def _leaves(items: list[Json]) -> Iterator[Json]:
    """The members of nested lists in order, an empty list as null: nested joins with commas are one join of these."""
    waiting = items[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list) and item:
            waiting.extend(reversed(item))
        else:
            yield None if isinstance(item, list) else item


def _is_nullish(value: Json) -> bool:
    return value is None or value is UNDEFINED


def _number(value: Json) -> float:
    """JavaScript's ``Number(value)`` of a primitive."""
    if value is None:
        return 0.0
    if isinstance(value, int | float):
        return as_float(value)
    return _number_in(value.strip(JS_SPACES)) if isinstance(value, str) else math.nan


def _number_in(text: str) -> float:
    if not text:
        return 0.0
    if DECIMAL.fullmatch(text):
        return float(text)
    found = RADIX.fullmatch(text)
    return as_float(int(found[found.lastgroup or 0], BASES[found.lastgroup or ""])) if found else math.nan


def _code_units(text: str) -> bytes:
    # Characters beyond U+FFFF sort before U+E000 here, unlike in Python, which goes by code point.
    return text.encode("utf-16-be", "surrogatepass")


def _instants(a: Json, b: Json) -> tuple[datetime, datetime] | None:
    """Both as instants when both are ISO texts and one carries an offset; the other then means UTC."""
    if not (isinstance(a, str) and isinstance(b, str)):
        return None
    left, right = ISO.fullmatch(a), ISO.fullmatch(b)
    if not (left and right and (left["offset"] or right["offset"])):
        return None
    try:
        return _instant(a), _instant(b)
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _strictly_equal(a: Json, b: Json) -> bool:
    """JavaScript's SameValueZero, by which arrays look for a member."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return as_float(a) == as_float(b)
    return a is b or (isinstance(a, str) and isinstance(b, str) and a == b)


def _includes(a: Json, b: Json) -> bool:
    return any(_strictly_equal(item, b) for item in a) if isinstance(a, list) else text_of_primitive(b) in text_of_primitive(a)


def _starts_with(a: Json, b: Json) -> bool:
    return text_of_primitive(a).startswith(text_of_primitive(b))


def _ends_with(a: Json, b: Json) -> bool:
    return text_of_primitive(a).endswith(text_of_primitive(b))


def _not(calculator: Calculator) -> Calculator:
    return lambda a, b: not calculator(a, b)


def _order_in(*allowed: int) -> Calculator:
    return lambda a, b: ordered(a, b) in allowed


_COMPARISONS: dict[tuple[str, str], Calculator] = {
    ("equal", "=="): loosely_equal,
    ("notEqual", "!="): _not(loosely_equal),
    ("gt", ">"): _order_in(1),
    ("gte", ">="): _order_in(0, 1),
    ("lt", "<"): _order_in(-1),
    ("lte", "<="): _order_in(-1, 0),
}
CALCULATORS: dict[str, Calculator] = {name: calculator for names, calculator in _COMPARISONS.items() for name in names} | {
    "includes": _includes,
    "notIncludes": _not(_includes),
    "startsWith": _starts_with,
    "notStartsWith": _not(_starts_with),
    "endsWith": _ends_with,
    "notEndsWith": _not(_ends_with),
}
