"""Every operator: a value it matches, one it does not, and what it says about null."""

from __future__ import annotations

import math

import pytest

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import parse_filter
from chalicelib.domain.filter_operators import OPERATORS
from chalicelib.errors import Invalid, Json

TYPES = {
    "title": "string",
    "body": "text",
    "size": "double",
    "done": "boolean",
    "at": "datetime",
    "day": "dateOnly",
    "tags": "array",
    "clock": "time",
    "meta": "json",
}
SAMPLES = Collection("samples", "c_samples", fields={name: Field(name, type) for name, type in TYPES.items()})
AT, DAY = "2026-11-21T02:04:48.219Z", "2026-11-21"


def matches(filter: Json, row: dict[str, Json]) -> bool:
    return parse_filter(filter, SAMPLES, lambda name: SAMPLES).matches(row)


# operator, field, operand, values that match, values that do not, whether null matches
TABLE: list[tuple[str, str, Json, list[Json], list[Json], bool]] = [
    ("$eq", "title", "A", ["A"], ["a", "", "AB"], False),
    ("$eq", "title", None, [], ["A", ""], True),
    ("$eq", "title", ["A", "B"], ["A", "B"], ["C"], False),
    ("$eq", "size", "91", [91, 91.0], [90], False),
    ("$eq", "done", "true", [True], [False], False),
    ("$eq", "tags", ["a"], [["a"]], [["a", "b"], []], False),
    ("$eq", "meta", {"a": 1}, [{"a": 1.0}], [{"a": True}, {}, {"a": 1, "b": 2}], False),
    ("$eq", "at", "2026-11-21T02:04:48.219Z", [AT], ["2026-11-21T02:04:48.220Z"], False),
    ("$eq", "title", 91, ["91"], ["91.0"], False),
    ("$eq", "clock", "09:15", ["09:15:00"], ["09:15:01", "09:16:00"], False),
    ("$gt", "clock", "09:15", ["09:15:01"], ["09:15:00", "09:14:59"], False),
    ("$lte", "clock", "09:15", ["09:15:00"], ["09:15:01"], False),
    ("$in", "clock", ["09:15", None], ["09:15:00"], ["09:16:00"], True),
    ("$gt", "clock", "9", [], ["09:15:00"], False),
    ("$is", "title", "A", ["A"], ["B"], False),
    ("$ne", "title", "A", ["B", ""], ["A"], True),
    ("$ne", "title", None, ["B", ""], [], False),
    ("$not", "title", None, ["B", ""], [], False),
    ("$not", "title", "A", ["B"], ["A"], True),
    ("$in", "title", ["A", "B"], ["A", "B"], ["C"], False),
    ("$in", "title", ["A", None], ["A"], ["C"], True),
    ("$in", "title", [], [], ["A"], False),
    ("$in", "title", None, [], ["A"], False),
    ("$notIn", "title", ["A", "B"], ["C"], ["A", "B"], True),
    ("$notIn", "title", ["A", None], ["C"], ["A"], False),
    ("$gt", "size", 90, [91, 90.5], [90, -1], False),
    ("$gte", "size", 90, [90, 91], [89.9], False),
    ("$lt", "size", 90, [89], [90], False),
    ("$lte", "size", 90, [90], [90.1], False),
    ("$gt", "size", None, [], [1], False),
    ("$gt", "title", "b", ["c", "ba"], ["b", "B"], False),
    ("$gt", "at", DAY, [AT], ["2026-11-21T00:00:00.000Z"], False),
    ("$lt", "day", "2026-12", [DAY], ["2026-12-01"], False),
    ("$gt", "meta", 1, [2], [1, "2", True, {}], False),
    ("$between", "size", [1, 2], [1, 1.5, 2], [0, 3], False),
    ("$between", "size", None, [], [1], False),
    ("$between", "size", [1, None], [], [1], False),
    ("$notBetween", "size", [1, 2], [0, 3], [1, 2], False),
    ("$includes", "title", "loo", ["Blood", "LOOP"], ["bl"], False),
    ("$includes", "title", "50%", ["at 50% now"], ["at 500"], False),
    ("$includes", "title", "a_b", ["xa_bx"], ["aXb"], False),
    ("$includes", "title", ["x", "y"], ["ax", "ay"], ["a"], False),
    ("$includes", "title", "", ["", "a"], [], False),
    ("$includes", "title", None, [], ["a"], False),
    ("$notIncludes", "title", "loo", ["bl", ""], ["Blood"], False),
    ("$notIncludes", "title", ["x", "y"], ["a"], ["ax", "ay"], False),
    ("$notIncludes", "title", None, [], ["a"], False),
    ("$startsWith", "title", "bl", ["Blood"], ["ablood"], False),
    ("$notStartsWith", "title", "bl", ["ablood"], ["Blood"], False),
    ("$endsWith", "title", "OD", ["Blood"], ["Bloody"], False),
    ("$notEndsWith", "title", "OD", ["Bloody"], ["Blood"], False),
    ("$endWith", "title", "OD", ["Blood"], ["Bloody"], False),
    ("$notEndWith", "title", "OD", ["Bloody"], ["Blood"], False),
    ("$empty", "title", True, [""], ["A"], True),
    ("$empty", "title", False, ["A"], [""], False),
    ("$empty", "body", True, [], ["", "A"], True),
    ("$empty", "size", True, [], [0], True),
    ("$empty", "done", True, [], [False], True),
    ("$empty", "tags", True, [[]], [["a"]], True),
    ("$notEmpty", "title", True, ["A"], [""], False),
    ("$notEmpty", "body", "true", ["", "A"], [], False),
    ("$notEmpty", "tags", True, [["a"]], [[]], False),
    ("$exists", "title", True, ["", "A"], [], False),
    ("$notExists", "title", True, [], ["", "A"], True),
    ("$isTruly", "done", True, [True], [False], False),
    ("$isTruly", "done", False, [False], [True], True),
    ("$isTruly", "meta", True, [True, 1], [0, "1", [1]], False),
    ("$isFalsy", "done", True, [False], [True], True),
    ("$isFalsy", "meta", True, [False, 0], [1, "", []], True),
    ("$match", "tags", ["a", "b"], [["b", "a"]], [["a"], ["a", "b", "c"], []], False),
    ("$notMatch", "tags", ["a", "b"], [["a"], []], [["b", "a"]], False),
    ("$anyOf", "tags", ["a", "b"], [["x", "b"]], [["x"], []], False),
    ("$anyOf", "tags", "a", [["a"]], [["x"]], False),
    ("$anyOf", "tags", None, [], [["x"]], False),
    ("$noneOf", "tags", ["a", "b"], [["x"], []], [["x", "b"]], True),
    ("$arrayEmpty", "tags", True, [[]], [["a"]], True),
    ("$arrayNotEmpty", "tags", True, [["a"]], [[]], False),
    ("$dateOn", "at", DAY, [AT], ["2026-11-22T00:00:00.000Z"], False),
    ("$dateOn", "day", "2026-11", [DAY], ["2026-12-01"], False),
    ("$dateNotOn", "at", DAY, ["2026-11-22T00:00:00.000Z"], [AT], False),
    ("$dateBefore", "at", DAY, ["2026-11-20T23:59:59.999Z"], ["2026-11-21T00:00:00.000Z"], False),
    ("$dateNotBefore", "at", DAY, ["2026-11-21T00:00:00.000Z"], ["2026-11-20T23:59:59.999Z"], False),
    ("$dateAfter", "at", DAY, ["2026-11-22T00:00:00.000Z"], [AT], False),
    ("$dateAfter", "at", "2026-11-21T02:04:48.218Z", [AT], ["2026-11-21T02:04:48.218Z"], False),
    ("$dateNotAfter", "at", DAY, [AT], ["2026-11-22T00:00:00.000Z"], False),
    ("$dateBetween", "at", ["2026-11-01", DAY], [AT, "2026-11-01T00:00:00.000Z"], ["2026-11-22T00:00:00.000Z"], False),
    ("$dateBetween", "day", ["2026-11-01", DAY], [DAY, "2026-11-01"], ["2026-11-22", "2026-10-31"], False),
    ("$dateOn", "at", None, [], [AT], False),
]


@pytest.mark.parametrize(("name", "field", "operand", "yes", "no", "null"), TABLE, ids=[f"{c[0]} {c[1]} {c[2]}" for c in TABLE])
def test_an_operator_matches_what_the_table_says(name: str, field: str, operand: Json, yes: list[Json], no: list[Json], null: bool) -> None:
    filter = {field: {name: operand}}
    assert [value for value in yes if not matches(filter, {field: value})] == []
    assert [value for value in no if matches(filter, {field: value})] == []
    assert matches(filter, {field: None}) is null
    assert matches(filter, {}) is null


def test_the_table_holds_every_operator() -> None:
    assert {case[0] for case in TABLE} == set(OPERATORS)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_a_value_of_another_type_than_its_field_never_breaks_an_operator(name: str) -> None:
    operands: dict[str, Json] = {"$between": [1, 2], "$notBetween": [1, 2], "$in": ["1"], "$notIn": ["1"]}
    for field in TYPES:
        for operand in (operands.get(name), True, "1", ["1"], "2026"):
            try:
                filter = parse_filter({field: {name: operand}}, SAMPLES, lambda name: SAMPLES)
            except Invalid:
                continue
            for value in (None, True, 0, 1.5, "", "x", [], ["a", 1], {}, {"a": None}):
                assert filter.matches({field: value}) in (True, False)


WRONG: list[tuple[str, Json, str]] = [
    ("size", {"$gt": "abc"}, "must be a number"),
    ("size", {"$gt": True}, "must be a number"),
    ("size", {"$gt": [1]}, "must be a number"),
    ("size", {"$gt": "1_000"}, "must be a number"),
    ("size", {"$gt": "infinity"}, "must be a number"),
    ("size", math.nan, "must be a finite number"),
    ("size", math.inf, "must be a finite number"),
    ("size", "1e400", "must be a finite number"),
    ("size", 10**400, "must be a finite number"),
    ("size", {"$between": [1]}, "list of two"),
    ("size", {"$includes": "a"}, "takes $eq"),
    ("size", {"$in": 1}, "must be a list"),
    ("size", {"$in": list(range(1001))}, "at most 1000"),
    ("title", True, "must be text"),
    ("title", {"$includes": 1.5e308 * 10}, "finite"),
    ("title", {"$includes": ["a", None]}, "must be text"),
    ("title", {"$includes": ["a"] * 1001}, "at most 1000"),
    ("title", "\ud800", "valid Unicode"),
    ("title", {"$anyOf": ["a"]}, "is not for type string"),
    ("title", {"$like": "a%"}, "unknown operator '$like'; field 'title' takes $eq"),
    ("done", "maybe", "must be true or false"),
    ("done", 2, "must be true or false"),
    ("done", {"$empty": None}, "must be true or false"),
    ("tags", {"$match": [math.nan]}, "finite"),
    ("meta", {"$eq": {"\ud800": 1}}, "valid Unicode"),
    ("at", "yesterday", "must be a date"),
    ("at", 5, "must be a date"),
    ("at", {"$dateOn": {"type": "sometime"}}, '"type" must be one of'),
    ("day", {"$dateBetween": ["2026"]}, "list of two dates"),
]


@pytest.mark.parametrize(("field", "spec", "message"), WRONG)
def test_a_wrong_operand_is_refused_with_what_would_be_right(field: str, spec: Json, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_filter({field: spec}, SAMPLES, lambda name: SAMPLES)
    [problem] = caught.value.problems()
    assert message in problem.message
    operator = next(iter(spec)) if isinstance(spec, dict) else ""
    assert problem.path == f"filter.{field}" + (f".{operator}" if operator else "")


def test_json_that_is_nested_without_end_is_refused() -> None:
    deep: Json = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Invalid, match="nested deeper"):
        parse_filter({"meta": {"$eq": deep}}, SAMPLES, lambda name: SAMPLES)
