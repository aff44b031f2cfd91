"""Numbers and texts in expressions are written and read as JSONata does, never as Python does; and errors say so."""

from __future__ import annotations

import time

import pytest

from chalicelib.domain.document_query import compile_query, problems_of_query
from chalicelib.domain.expression import Expression, problems_of_expression
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.errors import Json

SCOPE: dict[str, Json] = {"$context": {"data": {"id": 9007199254740991, "price": 19.9, "list": [1, 2], "word": "abc", "none": None}}}
PYTHON = ("could not convert", "NoneType", "'str'", "'int'", "object", "invalid literal", "codec", "Traceback", "unsupported operand")


def value_of(text: str) -> Json:
    return Expression(text).evaluate(SCOPE)


def messages(text: str, **options: bool) -> list[str]:
    return [problem.message for problem in problems_of_expression(text, "config.expression", (), (), **options)]


def run_within(levels: int, text: str, engine: str = "jsonata") -> Json:
    """The value, calculated as deep in the stack as a node of a run is."""
    if levels:
        return run_within(levels - 1, text, engine)
    query = compile_query(engine, text)
    assert query is not None
    return query.evaluate(SCOPE, {"a": 1, "b": [{"c": 1}]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"No. " & 1000000000000000', "No. 1000000000000000"),
        ("$string(1000000000000000)", "1000000000000000"),
        ("'' & $context.data.id", "9007199254740991"),
        ("'' & 123456789012345678", "123456789012345680"),
        ("$string(1e21)", "1e+21"),
        ("$string(-1e-7)", "-1e-7"),
        ("'' & 100000000 * 100000000", "10000000000000000"),
        ("$string(0.1 + 0.2)", "0.3"),
        ("'' & $context.data.price", "19.9"),
        ("'' & [1000000000000000, {'é': 1.50, 'n': null}]", '[1000000000000000,{"é":1.5,"n":null}]'),
        ("$string({'a': [], 'b': [1]}, true)", '{\n  "a": [],\n  "b": [\n    1\n  ]\n}'),
        ("'' & true & null & $context.data.nope", "truenull"),
        ("$number('0x1F') + $number('0b11') + $number('0O17')", 49),
        ("$number('-1.5e1')", -15),
        ("$number(true)", 1),
        ("$base64decode('SGk')", "Hi"),
        ("$base64decode($base64encode('é'))", "é"),
    ],
)
def test_texts_and_numbers_are_those_of_jsonata(text: str, expected: Json) -> None:
    assert messages(text) == []
    assert value_of(text) == expected


@pytest.mark.parametrize("text", ["'' & $context.data", "$string($context.data, true)", "[1, 2].('x' & $context.data)"])
def test_a_text_that_takes_long_to_write_is_given_up_in_time(text: str) -> None:
    data = [{"a": number + 0.5, "b": "x"} for number in range(15_000)]
    began = time.thread_time()
    with pytest.raises(ExpressionError, match="60 ms of processor time"):
        Expression(text).evaluate({"$context": {"data": data}})
    assert time.thread_time() - began < 0.2


@pytest.mark.parametrize("text", ["1_000", "٣٤", " 7\\n", "+5", "5.", ".5", "nan", "inf", "", "1e400", "0x", "0x1g", "1,5", "- 1"])
def test_a_text_that_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"\$number cannot make a number of the text"):
        value_of(f'$number("{text}")')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$base64decode('/w==')", "no text in UTF-8"),
        ("$base64decode('%')", "not base64"),
        ("$string(1 / 0)", "infinite or none"),
        ("true and 'x' & 1 / 0 = 'x'", "infinite or none"),
        ("$toMillis('abc')", '$toMillis cannot be applied to "abc"'),
        ("$power(10, 1000)", "$power cannot be applied to 10"),
        ("$formatBase(10, 99)", "radix of $formatBase must be between 2 and 36"),
        ("$fromMillis(1e30)", "$fromMillis cannot be applied to"),
    ],
)
def test_what_fails_is_said_in_the_users_terms(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as failed:
        value_of(text)
    assert words in failed.value.message
    assert not any(word in failed.value.message for word in (*PYTHON, "None"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$sum()", "$sum takes at least 1 argument here, not 0"),
        ("$uppercase()", "at least 1 argument"),
        ("$substring('abc')", "at least 2 arguments"),
        ("$append([1])", "at least 2 arguments"),
        ("{1: 2}", 'write "1"'),
        ("{null: 2}", 'write "null"'),
        ("{'a': 1, 'a': 2}", 'the key "a" twice'),
        ('-"a"', 'the operator - takes numbers, not "a"'),
        ('1 + "a"', "texts are joined with &"),
        ("$context.data.id * true", "takes numbers, not true"),
        ("$context.data.id > null", "two numbers or two texts, not null"),
    ],
)
def test_what_never_works_is_found_when_saved(text: str, words: str) -> None:
    assert any(words in message for message in messages(text)), messages(text)


@pytest.mark.parametrize("text", ["$context.data.word.$uppercase()", "$context.data.list.$string()", "$context.data.word.$substring(1)"])
def test_a_step_gives_the_first_argument(text: str) -> None:
    assert messages(text) == []
    value_of(text)


@pytest.mark.parametrize(
    ("engine", "text", "words"),
    [
        ("jmespath", "lenght(a)", "there is no JMESPath function lenght(); known are abs, avg"),
        ("jmespath", "length()", "length() takes 1 argument, not 0"),
        ("jmespath", "contains(a)", "takes 2 arguments, not 1"),
        ("jmespath", "not_null()", "takes at least 1 argument, not 0"),
        ("jmespath", "a[::0]", "not 0"),
        ("jmespath", "a[?b == '{{x}}']", "write {{path}} without quotes: it stands for its value as a literal"),
        ("jsonpath", "$.a[?@.b == '{{x}}']", "write {{path}} without quotes: it stands for its value as a literal"),
    ],
)
def test_a_query_that_never_works_is_found_when_saved(engine: str, text: str, words: str) -> None:
    (problem,) = problems_of_query(engine, text, "config", (), ())
    assert problem.path == "config.expression"
    assert words in problem.message


def test_a_template_in_quotes_of_jsonata_keeps_its_own_advice() -> None:
    assert "$context.data.title" in messages("'{{x}}'", has_source=True)[0]


@pytest.mark.parametrize(
    ("engine", "link", "count", "expected"),
    [
        ("jsonata", " + ", 100, 100),
        ("jsonata", " & ", 120, "1" * 120),
        ("jsonata", " and ", 33, True),
        ("jmespath", " || ", 120, 1),
        ("jmespath", " && ", 33, 1),
        ("jmespath", " | ", 120, 1),
    ],
)
def test_a_flat_chain_is_not_nested(engine: str, link: str, count: int, expected: Json) -> None:
    operand = "1" if engine == "jsonata" else "`1`"
    assert run_within(250, link.join([operand] * count), engine) == expected


def test_a_flat_chain_of_a_filter_is_not_nested() -> None:
    chain = " || ".join(["@.c == 2"] * 60 + ["@.c == 1"])
    assert run_within(250, f"$.b[?{chain}].c", "jsonpath") == [1]


@pytest.mark.parametrize(
    ("engine", "text", "words"),
    [
        ("jsonata", "+".join(["1"] * 200), "chains at most 128 operators"),
        ("jmespath", "||".join(["a"] * 200), "chains at most 128 operators"),
        ("jsonata", "1+(" * 40 + "1" + ")" * 40, "32 levels"),
        ("jmespath", "!" * 40 + "a", "32 levels"),
        ("jsonpath", f"$[?{'!(' * 40}@.a{')' * 40}]", "32 levels"),
    ],
)
def test_what_is_nested_or_chained_too_far_is_refused(engine: str, text: str, words: str) -> None:
    assert words in problems_of_query(engine, text, "config", (), ())[0].message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to_number('1_000')", None),
        ("to_number('nan')", None),
        ("to_number('0x10')", None),
        ("to_number('-1.5')", -1.5),
        ("to_number(`true`)", None),
        ("to_string({{big}})", "1000000000000000"),
        ("to_string('é')", "é"),
        ("to_string(['é'])", '["é"]'),
    ],
)
def test_jmespath_reads_and_writes_numbers_as_json_does(text: str, expected: Json) -> None:
    query = compile_query("jmespath", text)
    assert query is not None
    assert query.evaluate({}, {"big": 1e15}) == expected
