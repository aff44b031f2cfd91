from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import ERROR, RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.json_query import NODE
from tests.unit.nodes.fakes import FakePorts, checked, paths_and_messages, run_node

DATA = {
    "items": [{"id": 1, "price": 5, "author": {"name": "Ada"}}, {"id": 2, "price": 15, "author": {"name": "Bob"}, "odd": "a`b'c\"d"}],
    "limit": 10,
    "odd": "a`b'c\"d",
    "name": "price",
}


def run(engine: Any, expression: Any, **more: Any) -> Outcome:
    config = {"engine": engine, "source": "{{$context.data}}", "expression": expression, **more}
    return run_node(NODE, config, FakePorts(), DATA)


@pytest.mark.parametrize(
    ("engine", "expression", "expected"),
    [
        (None, "items[?price > `10`].id", [2]),
        ("jmespath", "items[0].author.name", "Ada"),
        ("jmespath", "nope", None),
        ("jmespath", "items[?price > {{$context.data.limit}}].id", [2]),
        ("jmespath", "items[?odd == {{odd}}].id", [2]),
        ("jmespath", "join('-', items[].author.name)", "Ada-Bob"),
        ("jsonpath", "$.items[?@.price > 10].id", [2]),
        ("jsonpathplus", "$.items[*].author.name", ["Ada", "Bob"]),
        ("jsonpath", "$.items[0].author.name", "Ada"),
        ("jsonpath", "$.nope", None),
        ("jsonpath", "$..nope", None),
        ("jsonpath", "$..name", ["price", "Ada", "Bob"]),
        ("jsonpath", "$.items[?(@.price > {{limit}})].id", [2]),
        ("jsonpath", "$.items[?@.odd == {{$context.data.odd}}].id", [2]),
        ("jsonpath", "$.items[-1].id", 2),
        ("jsonata", "items[price > 10].id", 2),
        ("jsonata", "$sum(items.price)", 20),
        ("jsonata", "items[price > $context.data.limit].author.name", "Bob"),
        ("jsonata", "items[price > {{limit}}].author.name", "Bob"),
        ("jsonata", "nope", None),
        ("jmespath", "", DATA),
        ("jmespath", None, DATA),
    ],
)
def test_the_result_is_what_the_query_finds(engine: Any, expression: Any, expected: Any) -> None:
    assert run(engine, expression) == Outcome(RESOLVED, expected)


@pytest.mark.parametrize(
    ("expression", "model", "expected"),
    [
        ("items", [{"path": "id"}, {"path": "author.name"}], [{"id": 1, "author_name": "Ada"}, {"id": 2, "author_name": "Bob"}]),
        ("items[0]", [{"path": "author.name", "alias": "by"}], {"by": "Ada"}),
        ("@", [{"path": "items.id", "alias": "ids"}, {"path": "nope"}], {"ids": [1, 2], "nope": None}),
        ("items[].id", [{"path": "x"}], [1, 2]),
        ("limit", [{"path": "x"}], 10),
        ("nope", [{"path": "x"}], None),
        ("items[0].author", [], {"name": "Ada"}),
    ],
)
def test_a_model_keeps_the_listed_paths_of_each_object(expression: str, model: list[Any], expected: Any) -> None:
    assert run("jmespath", expression, model=model).result == expected


@pytest.mark.parametrize(
    ("engine", "expression", "words"),
    [
        ("jmespath", "length(limit)", "invalid type"),
        ("jsonata", "name * 2", "must evaluate to a number"),
        ("jsonpath", "$.items[?@.x == {{$context.data.items}}]", "a text, a number"),
        ("jmespath", "|".join(["[@, @]"] * 25), "more than"),
        ("jsonpath", "$.items" + f"[{','.join('*' * 400)}]" * 2, "more than"),
    ],
)
def test_a_query_that_fails_is_an_error_with_null_and_a_log(engine: str, expression: str, words: str) -> None:
    outcome = run(engine, expression)
    assert (outcome.status, outcome.result) == (ERROR, None)
    assert words in (outcome.log or "")


@pytest.mark.parametrize(
    ("engine", "expression", "path", "words"),
    [
        ("jmespath", "items[", "expression", "cannot be read"),
        ("jmespath", "!" * 100 + "a", "expression", "32 levels"),
        ("jmespath", "a" * 2_049, "expression", "2,048"),
        ("jmespath", "a[?b == {{$jobsMapByNodeKey.later.x}}]", "expression", '"later"'),
        ("jmespath", "a[?b == '{{limit}}']", "expression", "inside quotes"),
        ("jsonpath", "items", "expression", "cannot be read"),
        ("jsonpath", "$.items[?match(@.a, 'b')]", "expression", "'match' is not defined"),
        ("jsonpath", "$.a[?@..b]", "expression", "single values"),
        ("jsonpath", "$..a..b..c", "expression", "at most twice"),
        ("jsonpath", "$.a | $.b", "expression", "cannot be read"),
        ("jsonata", "$eval('1')", "expression", "$eval"),
        ("jsonata", "items[price > $jobsMapByNodeKey.later.x]", "expression", '"later"'),
        ("math.js", "1", "engine", "jsonata"),
        ("xpath", "1", "engine", "jmespath"),
    ],
)
def test_a_wrong_query_is_found_when_saved(engine: str, expression: str, path: str, words: str) -> None:
    found = paths_and_messages(checked(NODE, {"engine": engine, "source": "{{$context.data}}", "expression": expression}, "earlier"))
    assert [where for where, _ in found] == [f"config.{path}"]
    assert words in found[0][1]


def test_sources_and_models_are_checked_too() -> None:
    model = [{"path": "a.b"}, {"path": "a_b"}, {"path": " "}, {"path": "{{x}}"}, {"path": "c", "alias": "d"}]
    config = {"source": "{{$jobsMapByNodeKey.later}}", "expression": "a", "model": model}
    assert [path for path, _ in paths_and_messages(checked(NODE, config))] == [
        "config.source",
        "config.model.1.alias",
        "config.model.2.path",
        "config.model.3.path",
    ]
