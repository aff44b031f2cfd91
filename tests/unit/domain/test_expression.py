"""JSONata expressions: values, what is refused when saved, and the known traps of the evaluator."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import expression_bounds
from chalicelib.domain.expression import Expression, problems_of_expression
from chalicelib.domain.expression_bounds import Budget, ExpressionError
from chalicelib.domain.system_variables import system_variables
from chalicelib.domain.template_path import UNDEFINED
from chalicelib.errors import Json
from tests.unit.domain import hostile_expressions

DATA: dict[str, Json] = {
    "indicator": 95.5,
    "title": "High",
    "nothing": None,
    "yes": True,
    "items": [{"price": 2, "amount": 3, "note": None}, {"price": 4, "amount": 1}],
    "tags": ["b", "a", "b"],
    "First name": "Ann",
    "mixed": [1, True, 1.0, "1", None],
}
SCOPE: dict[str, Json] = {
    "$context": {"data": DATA, "user": {"id": 7}},
    "$jobsMapByNodeKey": {"n1": {"total": 12}},
    "$system": system_variables(0, count(100).__next__),
    "$scopes": {"loop1": {"item": {"id": 3}, "index": 0}},
    "$env": {"RATE": 1.5},
}


def value_of(text: str, data: Json = DATA) -> Json:
    return Expression(text).evaluate(SCOPE | {"$context": {"data": data, "user": {"id": 7}}})


def messages(text: str, **options: Any) -> list[str]:
    return [problem.message for problem in problems_of_expression(text, "config.expression", {"n1"}, {"loop1"}, **options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$context.data.indicator > 90", True),
        ("$context.data.indicator * 2", 191),
        ("{{$context.data.indicator}} > 90", True),
        ("{{ $context.data.indicator }} + {{$jobsMapByNodeKey.n1.total}}", 107.5),
        ("{{$context.data.nope:12}} & ''", "12"),
        ("{{$context.data.First name}} & '!'", "Ann!"),
        ("$sum($context.data.items.(price * amount))", 10),
        ("$context.data.items[price > 3].amount", 1),
        ("{{$context.data.items}}[price < 3].amount", 3),
        ("$context.data.items[0].price", 2),
        ("$context.data.items.price", [2, 4]),
        ("$context.data.tags[$ != 'b']", "a"),
        ("$context.data.title = 'High' and $not($exists($context.data.nope))", True),
        ("$context.user.id in [6..8]", True),
        ("$jobsMapByNodeKey.n1.total - $scopes.loop1.item.id", 9),
        ("$env.RATE * 2", 3),
        ("ctx.$context.user.id + 1", 8),
        ("$system.now", "1970-01-01T00:00:00.000Z"),
        ("$toMillis($system.now) + 1", 1),
        ("$system.dateRange.today[1]", "1970-01-02T00:00:00.000Z"),
        ("$system.genSnowflakeId > 99", True),
        ("$fromMillis(0, '[D01].[M01].[Y0001]')", "01.01.1970"),
        ("$formatNumber(1234.5, '#,##0.00')", "1,234.50"),
        ("$context.data.yes ? {'a': [1, 2]} : 0", {"a": [1, 2]}),
        ("($context.data.title)", "High"),
        ("$uppercase($context.data.title) & '-' & $string($context.user.id)", "HIGH-7"),
        ("$join($sort($distinct($context.data.tags)), '/')", "a/b"),
        ("$replace('a.b.c', '.', '$1', 1)", "a$1b.c"),
        ("$sort([3, 1, 2])", [1, 2, 3]),
        ("$lowercase('STRASSE ß')", "strasse ß"),
        ("$spread({'a': 1, 'b': 2})", [{"a": 1}, {"b": 2}]),
        ("$keys($merge([{'a': 1}, {'b': 2}]))", ["a", "b"]),
        ("$round(2.675, 1)", 2.7),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ufffd"),
    ],
)
def test_an_expression_gives_its_value(text: str, expected: Json) -> None:
    assert messages(text) == []
    assert value_of(text) == expected


@pytest.mark.parametrize("text", ["$context.data.nope", "$context.data.nope > 90", "{{$context.data.nope}} * 2", "$context.data.items[9]"])
def test_without_a_value_an_expression_is_undefined(text: str) -> None:
    assert value_of(text) is UNDEFINED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$context.data.title > 90", "same data type"),
        ("$context.data.nothing > 90", "numeric or string values"),
        ("$context.data.title * 2", "must evaluate to a number"),
        ("true and $context.data.title * 2", "must evaluate to a number"),
        ("$uppercase($context.user.id)", "does not match its signature"),
        ("$sum($context.data.tags)", "must be an array of n"),
        ("1 / 0 + 1", "Number out of range"),
        ("$sqrt(-1)", "negative number"),
        ("$sort([1, 'a'])", "numbers or a list of texts"),
        ("$number('abc')", 'cannot make a number of the text "abc"'),
    ],
)
def test_types_that_do_not_fit_are_errors_and_not_false(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        value_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$context.data.nothing", None),
        ("$context.data.nothing = null", True),
        ("$context.data.nope = null", False),
        ("$exists($context.data.nothing)", True),
        ("$count($context.data.nothing)", 1),
        ("$count($context.data.nope)", 0),
        ("$type($context.data.nothing)", "null"),
        ("$string($context.data.items[0])", '{"price":2,"amount":3,"note":null}'),
        ("$context.data.mixed", [1, True, 1.0, "1", None]),
        ("$count($context.data.mixed)", 5),
        ("[null, 1]", [None, 1]),
        ("{'a': null}", {"a": None}),
        ("$boolean(null)", False),
        ("null ? 1 : 2", 2),
    ],
)
def test_null_is_a_value_and_not_a_missing_one(text: str, expected: Json) -> None:
    assert value_of(text) == expected


def test_null_among_the_arguments_of_a_sum_is_an_error() -> None:
    with pytest.raises(ExpressionError, match=r"an argument of \$sum is null"):
        value_of("$sum($context.data.nothing)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true in [1]", False),
        ("1 in [true]", False),
        ("1 in [1.0]", True),
        ("$distinct($context.data.mixed)", [1, True, "1", None]),
        ("true = 1", False),
        ("5.5 % 2", 1.5),
        ("-5 % 3", -2),
    ],
)
def test_true_is_not_one_and_a_remainder_keeps_its_fraction(text: str, expected: Json) -> None:
    found = value_of(text)
    assert found == expected
    assert json.dumps(found) == json.dumps(expected)


@pytest.mark.parametrize("text", ["1 / 0", "-1 / 0", "0 / 0", "1 % 0", "[1 / 0, 1]"])
def test_what_json_has_no_number_for_is_null(text: str) -> None:
    assert value_of(text) in (None, [None, 1])


def test_decimals_and_large_integers_become_what_doubles_hold() -> None:
    data = {"price": Decimal("2.5"), "whole": Decimal(3), "large": 2**60 + 1, "nan": Decimal("NaN"), "nested": [{"d": Decimal("0.1")}]}
    assert value_of("$context.data.price * $context.data.whole", data) == 7.5
    assert value_of("{{$context.data.price}} + 1", data) == 3.5
    assert value_of("$context.data.nested.d + 0.2", data) == pytest.approx(0.3)
    assert value_of("$context.data.large", data) == float(2**60)
    assert value_of("$context.data.nan", data) is None
    assert value_of("$type($context.data.whole)", data) == "number"


def test_a_result_is_fresh_and_plain_json() -> None:
    found = value_of("$context.data")
    found["items"].append(1)
    assert len(DATA["items"]) == 2
    assert type(value_of("[1..3]")) is list
    assert json.loads(json.dumps(value_of("$context.data.items[price > 0]"))) == DATA["items"]


def test_only_what_the_expression_names_is_read() -> None:
    class Untouchable(dict[str, Json]):
        def __getitem__(self, name: str) -> Json:
            raise AssertionError(f"{name} was read")

    jobs = {"n1": {"total": 12}, "large": Untouchable(a=1)}
    expression = Expression("$jobsMapByNodeKey.n1.total + 1")
    assert expression.paths == {("$jobsMapByNodeKey", "n1", "total")}
    assert expression.evaluate(SCOPE | {"$jobsMapByNodeKey": jobs}) == 13


def test_a_compiled_expression_does_not_fail_after_its_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget.__init__, "__defaults__", (0.01, expression_bounds.MOST_CELLS))
    expression = Expression("$context.user.id + 1")
    end = time.thread_time() + 0.03
    while time.thread_time() < end:
        pass
    assert [expression.evaluate(SCOPE) for _ in range(3)] == [8, 8, 8]


def test_time_is_looked_at_inside_array_constructors_too() -> None:
    endless = ", ".join(["[1..1000].([1..1000].(1 = 2))"] * 3)
    began = time.thread_time()
    with pytest.raises(ExpressionError, match=r"ms of processor time|values or characters"):
        value_of(f"[{endless}]")
    assert time.thread_time() - began < 0.5


def test_threads_do_not_disturb_one_another() -> None:
    expression = Expression("$sum($context.data.items.(price * amount)) + {{$context.data.plus}}")

    def evaluate(number: int) -> bool:
        rows = [{"price": number, "amount": 2}, {"price": 1, "amount": number}]
        found = expression.evaluate({"$context": {"data": {"items": rows, "plus": number}}})
        return bool(found == 4 * number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(evaluate, range(1_000)))


def test_the_recursion_limit_of_the_process_stays_and_deep_values_are_errors() -> None:
    assert sys.getrecursionlimit() < 10_000
    deep: Json = 1
    for _ in range(5_000):
        deep = {"a": deep}
    with pytest.raises(ExpressionError, match="nested too deeply"):
        value_of("$string($context.data)", deep)


ROOT = Path(__file__).parents[3]


def run_python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def test_plain_paths_and_basic_conditions_never_import_an_evaluator() -> None:
    program = """
import sys
from chalicelib.nodes import NODE_TYPES
from chalicelib.domain.template import compile_template, problems_of
from chalicelib.engine.validation import problems_of_workflow
value = {"a": "{{$context.data.First name}}", "b": ["x {{ctx.$context.data.n:0}}"], "c": "{{$system.now}}"}
assert problems_of(value, "config", set(), set()) == []
assert compile_template(value).render({"$context": {"data": {"n": 1}}, "$system": {}})["b"] == ["x 1"]
config = {"rejectOnFalse": False, "calculation": {"calculator": "gt", "operands": ["{{$context.data.n}}", 1]}}
assert NODE_TYPES["condition"].prepare(config).evaluate({"$context": {"data": {"n": 2}}}) is True
print(sorted({"jsonata", "jmespath", "jsonpath"} & set(sys.modules)))
compile_template("{{$context.data.n * 2}}")
print("jsonata" in sys.modules)
"""
    assert run_python("-c", program).split("\n")[:2] == ["[]", "True"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$context.data.a ?: 1", "?: and ??"),
        ("$context.data.a ?? 1", "?: and ??"),
        ("function($x){$x}(1)", "only a named function"),
        ("$eval('1')", "$eval is not allowed"),
        ("$now()", "$system.now"),
        ("$random()", "another value"),
        ("sum($context.data.a)", "begins with $: $sum"),
        ("$map($context.data.items, $string)", "no function $map"),
        ("$nosuch(1)", "no function $nosuch"),
        ("/a/", "regular expressions"),
        ("$context.data.*", "wildcard *"),
        ("$context.**", "wildcard **"),
        ("$x := 1", ":="),
        ("$context ~> $string", "~>"),
        ("$context.data.items^(price)", "order-by"),
        ("$context.data.items{note: price}", "grouping"),
        ("$context.data.items@$i.price", "variables @"),
        ("$context.data.items#$i.price", "variables @"),
        ("$pad('x', 1001)", "at most 1,000"),
        ("$pad('x', $context.data.a)", "number literal"),
        ("[1..1001]", "1,000 apart"),
        ("[1..$context.data.a]", "number literals"),
        ("$substring('a', 1, 2, 3)", "at most 3 arguments"),
        ("$toMillis('x', '[Y]')", "at most 1 argument"),
        ("title = 'x'", '"title" is not known'),
        ("$data.title", "$data is not known"),
        ("$", "stands for nothing"),
        ("'{{$context.data.a}}' & 'x'", "inside quotes"),
        ("{{data.a}} + 1", "plain path"),
        ("{{$context.data.a * 2}} + 1", "plain path"),
        ("$context.data.a +", "Unexpected end of expression at character"),
        ("$context.data.a = = 1", "at character"),
        ("x" * 2_049, "at most 2,048 characters"),
        ("é" * 1_025, "at most 2,048 characters"),
        ("(" * 33 + "1" + ")" * 33, "32 levels"),
        ("$jobsMapByNodeKey.nope.x > 1", 'no node with the key "nope"'),
        ("{{$jobsMapByNodeKey.nope}} > 1", 'no node with the key "nope"'),
        ("$count($scopes.n1.items)", 'no node with the key "n1" is around'),
        ("$system.nope", 'there is no "$system.nope"'),
    ],
)
def test_what_is_not_allowed_is_found_when_saved(text: str, words: str) -> None:
    found = messages(text)
    assert any(words in message for message in found), found


def test_all_mistakes_of_an_expression_are_said_at_once_with_its_place() -> None:
    found = problems_of_expression("$eval('1') + $pad('x', 1e9) + title", "config.expression", (), ())
    assert [problem.path for problem in found] == ["config.expression"] * 3
    assert {problem.code for problem in found} == {"INVALID_EXPRESSION"}


@pytest.mark.parametrize(
    "text", ["price * amount", "$$.price", "$.price * 2", "{{price}} * 2", "$sum(rows.(price * amount))", "rows[price > 1]"]
)
def test_applied_to_a_document_names_are_its_fields(text: str) -> None:
    assert messages(text, has_source=True) == []
    document = {"price": 2, "amount": 3, "rows": [{"price": 2, "amount": 3}]}
    assert Expression(text, has_source=True).evaluate({}, document) in (6, 2, 4, {"price": 2, "amount": 3})
    assert messages(text) != []


PARTS = st.sampled_from(
    ["$context", ".data", "[0]", "(", ")", "{", "}", "[", "]", "'", '"', "`", "/", "*", "?", ":", "..", "%", "^", "@", "#"]
)
MORE = st.sampled_from(
    ["{{$context.a}}", "$sum(", "1", "and", "in", ",", "|", "~>", ":=", "\\", "/*", "*/", "$", "&", "a", "-", " ", "function("]
)


@settings(deadline=None)
@given(st.lists(PARTS | MORE | st.text(max_size=2), max_size=12).map("".join), st.booleans())
def test_any_text_is_refused_or_evaluates_to_json_or_fails_with_an_expression_error(text: str, has_source: bool) -> None:
    if problems_of_expression(text, "", (), (), has_source=has_source):
        return
    try:
        found = Expression(text, has_source=has_source).evaluate(SCOPE, {"a": 1})
    except ExpressionError:
        return
    assert found is UNDEFINED or json.loads(json.dumps(found, allow_nan=False)) == found


def test_hostile_expressions_are_refused_or_end_within_100_ms_and_64_mb() -> None:
    found = [json.loads(line) for line in run_python("tests/unit/domain/hostile_expressions.py").splitlines()]
    languages = hostile_expressions.JSONATA, hostile_expressions.JMESPATH, hostile_expressions.JSONPATH
    assert len(found) == sum(map(len, languages))
    assert len(found) >= 190
    assert [row for row in found if row["seconds"] > hostile_expressions.MOST_SECONDS or row["out_of_memory"]] == []
    assert sum(row["refused"] for row in found) >= 100
