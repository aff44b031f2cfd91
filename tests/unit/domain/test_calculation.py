"""The basic condition engine compares as JavaScript does, and ISO texts that denote times as times."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation import (
    CALCULATORS,
    CalculationError,
    compile_calculation,
    loosely_equal,
    ordered,
    problems_of_calculation,
    text_of_primitive,
)
from chalicelib.domain.template import UNDEFINED
from chalicelib.errors import Json

NAN = math.nan
INF = math.inf

# a, b, whether a == b in JavaScript
EQUALITY: list[tuple[Json, Json, bool]] = [
    (1, 1, True),
    (1, 1.0, True),
    (1, 2, False),
    (0, -0.0, True),
    (NAN, NAN, False),
    (2**53, 2**53 + 1, True),
    (10**400, INF, True),
    (1, "1", True),
    (1, "1.0", True),
    (1, " 1\n", True),
    (1, "\ufeff1\u2003", True),
    (1, "\x1c1", False),
    (1, "+1", True),
    (1, "1e0", True),
    (10, "0x0A", True),
    (8, "0o10", True),
    (2, "0b10", True),
    (-10, "-0x0A", False),
    (0.5, ".5", True),
    (5, "5.", True),
    (5, ".", False),
    (1000, "1_000", False),
    (1, "one", False),
    (1, "１", False),
    (INF, "Infinity", True),
    (-INF, "-Infinity", True),
    (INF, "1e999", True),
    (INF, "inf", False),
    (NAN, "NaN", False),
    (0, "", True),
    (0, " ", True),
    (0, "false", False),
    ("a", "a", True),
    ("a", "A", False),
    ("1", "1.0", False),
    ("", " ", False),
    (True, 1, True),
    (True, 2, False),
    (True, "1", True),
    (True, "true", False),
    (True, True, True),
    (True, False, False),
    (False, 0, True),
    (False, "", True),
    (False, "0", True),
    (False, None, False),
    (None, None, True),
    (None, UNDEFINED, True),
    (UNDEFINED, UNDEFINED, True),
    (None, 0, False),
    (None, "", False),
    (None, "null", False),
    (UNDEFINED, 0, False),
    (UNDEFINED, False, False),
    (None, [], False),
    (None, {}, False),
    ([1], 1, True),
    ([1], "1", True),
    ([1], True, True),
    ([], 0, True),
    ([], "", True),
    ([], False, True),
    ([[]], 0, True),
    ([None], "", True),
    ([0], False, True),
    ([1, 2], "1,2", True),
    ([1, [2, [3, None]], []], "1,2,3,,", True),
    ([True, None, {}], "true,,[object Object]", True),
    ([1, 2], 1, False),
    ([1], [1], False),
    ([], [], False),
    ({}, {}, False),
    ({}, "[object Object]", True),
    ({"a": 1}, "[object Object]", True),
    ({}, 0, False),
    ({}, True, False),
    ([{}], "[object Object]", True),
]

# a, b, and which of a < b, a <= b, a > b, a >= b hold in JavaScript
LESS, SAME, MORE, NEVER = {"<", "<="}, {"<=", ">="}, {">", ">="}, set[str]()
ORDER: list[tuple[Json, Json, set[str]]] = [
    (1, 2, LESS),
    (2, 2.0, SAME),
    (3, 2, MORE),
    (NAN, 1, NEVER),
    (0, -0.0, SAME),
    (-INF, INF, LESS),
    ("2", 10, LESS),
    (2, "10", LESS),
    ("2", "10", MORE),
    ("a", "b", LESS),
    ("a", "B", MORE),
    ("a", "ab", LESS),
    ("", "a", LESS),
    ("a", "a", SAME),
    ("é", "z", MORE),
    ("\U0001f600", "\uffee", LESS),
    ("\ud83d", "\U0001f600", LESS),
    ("a", 1, NEVER),
    ("", 0, SAME),
    (" ", -1, MORE),
    (None, 0, SAME),
    (None, 1, LESS),
    (None, -1, MORE),
    (None, None, SAME),
    (None, "", SAME),
    (None, "a", NEVER),
    (None, False, SAME),
    (None, UNDEFINED, NEVER),
    (UNDEFINED, UNDEFINED, NEVER),
    (UNDEFINED, 0, NEVER),
    (UNDEFINED, "a", NEVER),
    (True, False, MORE),
    (True, 1, SAME),
    (True, "2", LESS),
    (False, "", SAME),
    ([2], 10, LESS),
    ([2], "10", MORE),
    ([2], [10], MORE),
    ([], 0, SAME),
    ([1, 2], 3, NEVER),
    ([1, 2], "1,3", LESS),
    ({}, {}, SAME),
    ({}, 1, NEVER),
    ({}, "a", LESS),
    ({}, None, NEVER),
    ([], {}, LESS),
]

# calculator, a, b, whether it holds
TEXTS: list[tuple[str, Json, Json, bool]] = [
    ("includes", "workflow", "flow", True),
    ("includes", "workflow", "Flow", False),
    ("includes", "workflow", "", True),
    ("includes", 123, 2, True),
    ("includes", 1.0, ".", False),
    ("includes", True, "ru", True),
    ("includes", None, "ul", True),
    ("includes", UNDEFINED, "undefined", True),
    ("includes", {"a": 1}, "object", True),
    ("includes", "a1,2b", [1, 2], True),
    ("includes", [1, 2], 2, True),
    ("includes", [1, 2], 2.0, True),
    ("includes", [1, 2], "2", False),
    ("includes", ["abc"], "b", False),
    ("includes", ["abc"], "abc", True),
    ("includes", [True], 1, False),
    ("includes", [1], True, False),
    ("includes", [None], None, True),
    ("includes", [None], UNDEFINED, False),
    ("includes", [0], None, False),
    ("includes", [[1]], [1], False),
    ("includes", [], "", False),
    ("startsWith", "workflow", "work", True),
    ("startsWith", "workflow", "flow", False),
    ("startsWith", 2026, 20, True),
    ("startsWith", [1, 2], "1,", True),
    ("endsWith", "workflow", "flow", True),
    ("endsWith", "workflow", "work", False),
    ("endsWith", 2026, "26", True),
    ("endsWith", None, "ll", True),
]

# a, b, order of a against b
INSTANTS: list[tuple[str, str, int]] = [
    ("2026-11-21", "2026-11-21T00:00:00.000Z", 0),
    ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00.000Z", 0),
    ("2026-11-21T08:00:00+08:00", "2026-11-21T00:00:00.000Z", 0),
    ("2026-11-21T00:00", "2026-11-21T00:00:00.000Z", 0),
    ("2026-11-21 00:00:00", "2026-11-21T00:00Z", 0),
    ("2026-11-21T08:00:00+08:00", "2026-11-20T23:00:00.000Z", 1),
    ("2026-11-21T07:00:00+08:00", "2026-11-21", -1),
    ("2026-11-21T02:04:48.219Z", "2026-11-21T02:04:48.218Z", 1),
    ("2026-11-21T02:04:48.219Z", "2026-11-22", -1),
    ("0001-01-01T00:00:00+14:00", "0001-01-01", -1),
    # neither carries an offset, or one is no time: plain text
    ("2026-11-21", "2026-11-21T00:00:00", -1),
    ("2026-11-21", "2026-11-22", -1),
    ("2026-11-21Z", "2026-11-21T00:00:00.000Z", 1),
    ("2026-02-30", "2026-03-01T00:00:00.000Z", -1),
    ("2026-13-01T00:00:00Z", "2026-12-01", 1),
    ("2026-11", "2026-11-01T00:00:00.000Z", -1),
    ("today", "2026-11-21T00:00:00.000Z", 1),
]


def evaluate(raw: Json, **scope: Json) -> bool:
    return compile_calculation(raw).evaluate({f"${name}": value for name, value in scope.items()})


def holds(calculator: str, a: Json, b: Json) -> bool:
    return evaluate(
        {"calculator": calculator, "operands": ["{{$context.a}}", "{{$context.b}}"]},
        context={name: value for name, value in (("a", a), ("b", b)) if value is not UNDEFINED},
    )


@pytest.mark.parametrize(("a", "b", "equal"), EQUALITY)
def test_equality_is_that_of_javascript(a: Json, b: Json, equal: bool) -> None:
    assert [holds(name, *pair) for pair in ((a, b), (b, a)) for name in ("equal", "==")] == [equal] * 4
    assert [holds(name, a, b) for name in ("notEqual", "!=")] == [not equal] * 2


def test_an_object_equals_itself() -> None:
    raw = {"calculator": "equal", "operands": ["{{$context.a}}", "{{$context.a}}"]}
    assert evaluate(raw, context={"a": {}})
    assert evaluate(raw, context={"a": []})


@pytest.mark.parametrize(("a", "b", "expected"), ORDER)
def test_order_is_that_of_javascript(a: Json, b: Json, expected: set[str]) -> None:
    assert {name for name in ("<", "<=", ">", ">=") if holds(name, a, b)} == expected
    names = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
    assert {symbol for name, symbol in names.items() if holds(name, a, b)} == expected


@pytest.mark.parametrize(("name", "a", "b", "expected"), TEXTS)
def test_text_calculators_compare_as_text_and_arrays_by_membership(name: str, a: Json, b: Json, expected: bool) -> None:
    assert holds(name, a, b) is expected
    assert holds(f"not{name[0].upper()}{name[1:]}", a, b) is not expected


@pytest.mark.parametrize(("a", "b", "order"), INSTANTS)
def test_iso_texts_compare_as_instants_when_one_carries_an_offset(a: str, b: str, order: int) -> None:
    assert (ordered(a, b), ordered(b, a)) == (order, -order)
    assert loosely_equal(a, b) is loosely_equal(b, a) is (order == 0)


@pytest.mark.parametrize("raw", [None, {}, "", 0, False])
def test_a_missing_calculation_holds(raw: Json) -> None:
    assert evaluate(raw) is True
    assert not isinstance(raw, dict | None) or problems_of_calculation(raw, "config.calculation", set(), set()) == []


YES = {"calculator": "equal", "operands": [1, 1]}
NO = {"calculator": "equal", "operands": [1, 2]}
UNKNOWN = {"calculator": "between", "operands": [1, 2]}


def group(kind: str, *members: Json) -> dict[str, Json]:
    return {"group": {"type": kind, "calculations": list(members)}}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (group("and"), True),
        (group("or"), False),
        (group("and", YES, YES), True),
        (group("and", YES, NO), False),
        (group("or", NO, YES), True),
        (group("or", NO, NO), False),
        (group("and", None, {}), True),
        (group("or", group("and", YES, NO), group("and", YES, group("or", NO, YES))), True),
        (group("and", group("or"), YES), False),
        (group("and", NO, UNKNOWN), False),
        (group("or", YES, UNKNOWN), True),
        ({"group": {"type": "and"}}, True),
    ],
)
def test_groups_combine_and_stop_when_they_are_decided(raw: Json, expected: bool) -> None:
    assert evaluate(raw) is expected


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (UNKNOWN, "between"),
        (group("and", YES, UNKNOWN), "between"),
        ({"operands": [1, 2]}, "undefined"),
        ({"calculator": None}, "null"),
        ({"calculator": ["a"]}, "a"),
        ({"calculator": "__class__"}, "__class__"),
        (["x"], "undefined"),
    ],
)
def test_an_unknown_calculator_is_an_error_when_reached_and_a_problem_when_saved(raw: Json, name: str) -> None:
    calculation = compile_calculation(raw)
    with pytest.raises(CalculationError, match=f'^no calculator function registered for "{name}"$'):
        calculation.evaluate({})
    assert problems_of_calculation(raw, "config.calculation", set(), set())


def test_operands_are_templates_and_missing_ones_are_undefined() -> None:
    assert evaluate({"calculator": "equal", "operands": ["Hello {{$context.name}}", "Hello Ada"]}, context={"name": "Ada"})
    assert evaluate({"calculator": "includes", "operands": [["{{$context.name}}"], "Ada"]}, context={"name": "Ada"})
    assert evaluate({"calculator": "equal", "operands": [None]})
    assert not evaluate({"calculator": "gte", "operands": [None]})
    assert evaluate({"calculator": "equal"})


def test_a_record_without_the_field_is_in_no_order_but_null_counts_as_zero() -> None:
    raw = {"calculator": "lte", "operands": ["{{$context.data.indicator}}", 90]}
    assert [evaluate(raw, context={"data": data}) for data in ({}, {"indicator": None}, {"indicator": "90"})] == [False, True, True]


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ([], "c", "a condition is an object"),
        ("x", "c", "a condition is an object"),
        (UNKNOWN, "c.calculator", "known are equal, ==, notEqual"),
        ({"calculator": "equal", "operands": 1}, "c.operands", "a list of two"),
        ({"calculator": "equal", "operands": [1, 2, 3]}, "c.operands", "a list of two"),
        ({"calculator": "equal"}, "c.operands", "a list of two"),
        ({"calculator": "equal", "operands": [1]}, "c.operands", "a list of two"),
        (group("or", {"calculator": "equal", "operands": []}), "c.group.calculations.0.operands", "a list of two"),
        ({"calculator": "equal", "operands": [1, "{{x}}"]}, "c.operands.1", "a plain path such as"),
        ({"calculator": "equal", "operands": [{"a": "{{$scopes.s}}"}, 1]}, "c.operands.0.a", "known scopes: loop"),
        ({"group": []}, "c.group", "a group is an object"),
        ({"group": {"type": "and", "calculations": {}}}, "c.group", "a group is an object"),
        (group("xor", YES), "c.group.type", '"and" or "or"'),
        (group("and", YES, group("or", UNKNOWN)), "c.group.calculations.1.group.calculations.0.calculator", '"between"'),
        (
            group("and", {"calculator": "gt", "operands": ["{{$jobsMapByNodeKey.x}}", 1]}),
            "c.group.calculations.0.operands.0",
            "upstream: n1",
        ),
    ],
)
def test_a_wrong_condition_is_found_when_saved(raw: Json, path: str, message: str) -> None:
    [problem] = problems_of_calculation(raw, "c", {"n1"}, {"loop"})
    assert (problem.path, message in problem.message) == (path, True)


def test_a_right_condition_is_no_problem() -> None:
    operands = ["{{$context.data.indicator}}", "{{$jobsMapByNodeKey.n1}}"]
    raw = group("and", {}, group("or", *({"calculator": name, "operands": operands} for name in CALCULATORS)))
    assert problems_of_calculation(raw, "config.calculation", {"n1"}, set()) == []


def test_deeply_nested_arrays_compare_without_recursion() -> None:
    deep: Json = [7]
    for _ in range(100_000):
        deep = [deep]
    assert text_of_primitive(deep) == "7"
    assert holds("equal", deep, 7)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["1", "", "2026-11-21", "2026-11-21T00:00Z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(VALUES | st.just(UNDEFINED), VALUES | st.just(UNDEFINED))
def test_every_calculator_answers_for_every_value(a: Json, b: Json) -> None:
    assert all(isinstance(compare(a, b), bool) for compare in CALCULATORS.values())
    assert loosely_equal(a, b) is loosely_equal(b, a)
    order, reverse = ordered(a, b), ordered(b, a)
    assert order == (reverse if reverse is None else -reverse)
