"""The filter operators, one small entry each: for which kinds of field, what operand, when it holds.

Null rules: ``$ne``, ``$notIn`` and ``$noneOf`` keep records whose field is null; every other comparison leaves them out, the
negated ones too. A null operand is a value for ``$eq``, ``$ne``, ``$in`` and ``$notIn``; any other comparison with it never
holds. Texts are matched without regard to case, ``%`` and ``_`` mean themselves.
Source: https://docs.nocobase.com/api/database/operators
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.collection import Field
from chalicelib.domain.field_values import as_time
from chalicelib.domain.filter_dates import Clock, days, instants, of_wall, parse_span
from chalicelib.domain.filter_operands import Kind, convert, flag, is_ordered, kind_of, same, text
from chalicelib.errors import Json

ALL: frozenset[Kind] = frozenset({"text", "number", "boolean", "instant", "day", "array", "any"})
ORDERED: frozenset[Kind] = frozenset({"text", "number", "instant", "day", "any"})
TEXTS: frozenset[Kind] = frozenset({"text", "any"})
BOOLEANS: frozenset[Kind] = frozenset({"boolean", "any"})
ARRAYS: frozenset[Kind] = frozenset({"array", "any"})
DATES: frozenset[Kind] = frozenset({"instant", "day"})
LIST_LENGTH = 1000

Operand = Callable[[Json, Field, Kind, Clock], Json]
Test = Callable[[Json, Json], bool]


@dataclass(frozen=True)
class Operator:
    """``operand(raw, field, kind, clock)`` converts or raises ValueError; ``test(value, operand)`` decides for one value."""

    name: str
    kinds: frozenset[Kind]
    operand: Operand
    test: Test
    takes_null: bool = False

    def holds(self, value: Json, operand: Json) -> bool:
        return (operand is not None or self.takes_null) and self.test(value, operand)


# Operands.


def _value(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    """As the field keeps it: a time of day with its seconds, which pages leave out; a part of one (``"9"``) stays as it is."""
    value = convert(raw, kind, clock)
    if field.type != "time" or value is None:
        return value
    try:
        return as_time(value)
    except ValueError:
        return value


def _one_or_list(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    """A list on a plain field means any of its members (a tuple here); on arrays and JSON it is the value."""
    return tuple(_values(raw, field, kind, clock)) if isinstance(raw, list) and kind not in ARRAYS else _value(raw, field, kind, clock)


def _values(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    if not isinstance(raw, list):
        raise ValueError("must be a list")
    if len(raw) > LIST_LENGTH:
        raise ValueError(f"must have at most {LIST_LENGTH} members")
    return [_value(member, field, kind, clock) for member in raw]


def _any_of(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    """Null, as a variable without a value gives it, is a list of none."""
    return _values([] if raw is None else raw, field, kind, clock)


def _members(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    return None if raw is None else _values(raw if isinstance(raw, list) else [raw], field, "any", clock)


def _pair(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    if raw is None:
        return None
    if not isinstance(raw, list) or len(raw) != 2:
        raise ValueError("must be a list of two values, the lower first")
    pair = _values(raw, field, kind, clock)
    return None if None in pair else pair


def _texts(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    """Lower-case texts; one text is a list of one."""
    raws = raw if isinstance(raw, list) else [raw]
    if len(raws) > LIST_LENGTH:
        raise ValueError(f"must have at most {LIST_LENGTH} members")
    return None if raw is None else [text(member).lower() for member in raws]


def _flag(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    return flag(raw)


def _emptiness(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    """(the wanted answer, what counts as empty besides null): the empty text for `string` fields only, as in the model."""
    return flag(raw), {"string": "", "array": [], "set": []}.get(field.type)


def _span(raw: Json, field: Field, kind: Kind, clock: Clock) -> Json:
    if raw is None:
        return None
    return (days if kind == "day" else instants)(parse_span(raw, clock))


# Tests.


def _equal(value: Json, operand: Json) -> bool:
    return _within(value, operand) if isinstance(operand, tuple) else same(value, operand)


def _within(value: Json, operand: Sequence[Json]) -> bool:
    return any(same(value, member) for member in operand)


def _in_pair(value: Json, operand: list[Json]) -> bool:
    return _is_comparable(value, operand) and bool(operand[0] <= value <= operand[1])


def _is_comparable(value: Json, pair: list[Json]) -> bool:
    return is_ordered(value, pair[0]) and is_ordered(value, pair[1])


def _text_test(matches: Callable[[str, str], bool], negated: bool = False) -> Test:
    def test(value: Json, operand: list[str]) -> bool:
        if not isinstance(value, str):
            return False
        lower = value.lower()
        return any(matches(lower, part) for part in operand) != negated

    return test


def _contains(value: str, part: str) -> bool:
    return part in value


def _is_empty(value: Json, operand: tuple[bool, Json]) -> bool:
    wanted, empty = operand
    return (value is None or (empty is not None and same(value, empty))) == wanted


def _is_filled(value: Json, operand: tuple[bool, Json]) -> bool:
    return not _is_empty(value, operand)


def _is_true(value: Json) -> bool:
    return value is True or same(value, 1)


def _is_false(value: Json) -> bool:
    return value is None or value is False or same(value, 0)


def _has_same_members(value: Json, operand: list[Json]) -> bool:
    return isinstance(value, list) and all(_within(v, operand) for v in value) and all(_within(m, value) for m in operand)


def _has_any(value: Json, operand: list[Json]) -> bool:
    return isinstance(value, list) and any(_within(member, operand) for member in value)


def _in_span(value: Json, operand: tuple[str, str]) -> bool:
    return isinstance(value, str) and operand[0] <= value < operand[1]


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("$eq", ALL, _one_or_list, _equal, takes_null=True),
        Operator("$ne", ALL, _one_or_list, lambda v, o: not _equal(v, o), takes_null=True),
        Operator("$is", ALL, _one_or_list, _equal, takes_null=True),
        Operator("$not", ALL, _one_or_list, lambda v, o: not _equal(v, o), takes_null=True),
        Operator("$in", ALL, _any_of, _within),
        Operator("$notIn", ALL, _values, lambda v, o: not _within(v, o)),
        Operator("$empty", ALL, _emptiness, _is_empty),
        Operator("$notEmpty", ALL, _emptiness, _is_filled),
        Operator("$exists", ALL, _flag, lambda v, o: (v is not None) is o),
        Operator("$notExists", ALL, _flag, lambda v, o: (v is None) is o),
        Operator("$gt", ORDERED, _value, lambda v, o: is_ordered(v, o) and v > o),
        Operator("$gte", ORDERED, _value, lambda v, o: is_ordered(v, o) and v >= o),
        Operator("$lt", ORDERED, _value, lambda v, o: is_ordered(v, o) and v < o),
        Operator("$lte", ORDERED, _value, lambda v, o: is_ordered(v, o) and v <= o),
        Operator("$between", ORDERED, _pair, _in_pair),
        Operator("$notBetween", ORDERED, _pair, lambda v, o: _is_comparable(v, o) and not _in_pair(v, o)),
        Operator("$includes", TEXTS, _texts, _text_test(_contains)),
        Operator("$notIncludes", TEXTS, _texts, _text_test(_contains, negated=True)),
        Operator("$startsWith", TEXTS, _texts, _text_test(str.startswith)),
        Operator("$notStartsWith", TEXTS, _texts, _text_test(str.startswith, negated=True)),
        Operator("$endsWith", TEXTS, _texts, _text_test(str.endswith)),
        Operator("$notEndsWith", TEXTS, _texts, _text_test(str.endswith, negated=True)),
        # The model documents `$endsWith` and implements `$endWith`: scripts use both.
        Operator("$endWith", TEXTS, _texts, _text_test(str.endswith)),
        Operator("$notEndWith", TEXTS, _texts, _text_test(str.endswith, negated=True)),
        Operator("$isTruly", BOOLEANS, _flag, lambda v, o: _is_true(v) is o),
        Operator("$isFalsy", BOOLEANS, _flag, lambda v, o: _is_false(v) is o),
        Operator("$match", ARRAYS, _members, _has_same_members),
        Operator("$notMatch", ARRAYS, _members, lambda v, o: isinstance(v, list) and not _has_same_members(v, o)),
        Operator("$anyOf", ARRAYS, _members, _has_any),
        Operator("$noneOf", ARRAYS, _members, lambda v, o: not _has_any(v, o)),
        Operator("$arrayEmpty", ARRAYS, _flag, lambda v, o: (v is None or same(v, [])) is o),
        Operator("$arrayNotEmpty", ARRAYS, _flag, lambda v, o: (v is None or same(v, [])) is not o),
        Operator("$dateOn", DATES, _span, _in_span),
        Operator("$dateNotOn", DATES, _span, lambda v, o: isinstance(v, str) and not _in_span(v, o)),
        Operator("$dateBefore", DATES, _span, lambda v, o: isinstance(v, str) and v < o[0]),
        Operator("$dateNotBefore", DATES, _span, lambda v, o: isinstance(v, str) and v >= o[0]),
        Operator("$dateAfter", DATES, _span, lambda v, o: isinstance(v, str) and v >= o[1]),
        Operator("$dateNotAfter", DATES, _span, lambda v, o: isinstance(v, str) and v < o[1]),
        Operator("$dateBetween", DATES, _span, _in_span),
    )
}


def operators_for(kind: Kind) -> list[str]:
    """The names of the operators that a field of this kind takes."""
    return [operator.name for operator in OPERATORS.values() if kind in operator.kinds]


def prepare(operator: Operator, raw: Json, field: Field, clock: Clock) -> Json:
    """The operand as `Operator.test` wants it. Raises ValueError saying what would be right."""
    return operator.operand(raw, field, kind_of(field), of_wall(clock) if field.type == "datetimeNoTz" else clock)
