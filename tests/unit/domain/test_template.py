"""Templates: typed values, text, defaults, paths over arrays, and what is refused when a workflow is saved."""

from __future__ import annotations

import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.system_variables import system_variables
from chalicelib.domain.template import UNDEFINED, ExpressionError, compile_template, number_literal, problems_of
from chalicelib.domain.template_path import is_path
from chalicelib.errors import Json

DATA = {
    "title": "High",
    "indicator": 95.5,
    "whole": 3.0,
    "zero": 0,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "author": {"name": "Ada", "address": {"city": "Bath"}},
    "tags": ["a", "b"],
    "none": [],
    "First name": "Ann",
    "Content-Type": "text",
    "名前": "Aki",
    "posts": [
        {"id": 1, "tags": [{"name": "x"}, {"name": "y"}], "note": None},
        {"id": 2, "tags": []},
        {"id": 3, "tags": [{"name": "z"}], "note": "n"},
    ],
    "matrix": [[{"v": 1}, {"v": 2}], [{"v": 3}]],
    "map": {"0": "zeroth"},
}
SCOPE: dict[str, Json] = {
    "$context": {"data": DATA, "user": {"id": 7}},
    "$jobsMapByNodeKey": {"n1": {"id": 12}, "n2": [1, 2]},
    "$system": system_variables(0, count(100).__next__),
    "$scopes": {"loop1": {"item": "it", "index": 0}},
    "$env": {"KEY": "secret"},
}


def render(value: Json) -> Json:
    return compile_template(value).render(SCOPE)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{$context.data.title}}", "High"),
        ("{{ $context.data.title }}", "High"),
        ("{{\n$context.data.title\n}}", "High"),
        ("{{$context.data.indicator}}", 95.5),
        ("{{$context.data.yes}}", True),
        ("{{$context.data.nothing}}", None),
        ("{{$context.data.author}}", DATA["author"]),
        ("{{$context.data.author.address.city}}", "Bath"),
        ("{{$context.data.tags}}", ["a", "b"]),
        ("{{$context.data.First name}}", "Ann"),
        ("{{$context.data.Content-Type}}", "text"),
        ("{{$context.data.名前}}", "Aki"),
        ("{{$jobsMapByNodeKey.n1.id}}", 12),
        ("{{$jobsMapByNodeKey.n2}}", [1, 2]),
        ("{{$scopes.loop1.item}}", "it"),
        ("{{$env.KEY}}", "secret"),
        ("{{ctx.$context.user.id}}", 7),
        ("{{ctx.$jobsMapByNodeKey.n1}}", {"id": 12}),
        ("{{$system.now}}", "1970-01-01T00:00:00.000Z"),
        ("{{$system.epoch}}", 1_605_024_000),
        ("{{$system.dateRange.today.1}}", "1970-01-02T00:00:00.000Z"),
    ],
)
def test_a_string_that_is_one_template_keeps_the_type_of_its_value(template: str, expected: Json) -> None:
    assert render(template) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{$context.data.posts.id}}", [1, 2, 3]),
        ("{{$context.data.posts.tags}}", [{"name": "x"}, {"name": "y"}, {"name": "z"}]),
        ("{{$context.data.posts.tags.name}}", ["x", "y", "z"]),
        ("{{$context.data.posts.note}}", [None, "n"]),
        ("{{$context.data.posts.missing}}", []),
        ("{{$context.data.none.id}}", []),
        ("{{$context.data.matrix.v}}", [1, 2, 3]),
        ("{{$context.data.matrix}}", DATA["matrix"]),
        ("{{$context.data.posts.0.id}}", 1),
        ("{{$context.data.posts.2.tags.0.name}}", "z"),
        ("{{$context.data.posts.tags.1.name}}", "y"),
        ("{{$context.data.posts.3.id}}", None),
        ("{{$context.data.posts.-1.id}}", []),
        ("{{$context.data.map.0}}", "zeroth"),
        ("{{$context.data.tags.1}}", "b"),
        ("{{$context.data.tags.99999999999999999999}}", []),
    ],
)
def test_a_path_over_an_array_maps_and_flattens_and_numbers_index_it(template: str, expected: Json) -> None:
    assert render(template) == expected


@pytest.mark.parametrize(
    "path",
    [
        "$context.data.nope",
        "$context.data.nope.deeper",
        "$context.data.nothing.deeper",
        "$context.data.title.deeper",
        "$context.data.title.0",
        "$context.__class__",
        "$context.data.tags.0.__len__",
        "$context.data.author.__class__.__mro__",
        "$system.__class__",
        "$system._makers",
        "$system.dateRange.__init__",
        "__class__",
        "ctx.__class__",
        "unknown",
        " ",
        ".",
    ],
)
def test_a_missing_path_is_null_empty_text_and_undefined_and_never_an_attribute(path: str) -> None:
    whole = compile_template(f"{{{{{path}}}}}")
    assert (whole.render(SCOPE), whole.resolve(SCOPE)) == (None, UNDEFINED)
    assert render([f"{{{{{path}}}}}", f"<{{{{{path}}}}}>"]) == [None, "<>"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("title", "High"),
        ("indicator", "95.5"),
        ("whole", "3"),
        ("zero", "0"),
        ("yes", "true"),
        ("no", "false"),
        ("nothing", ""),
        ("empty", ""),
        ("nope", ""),
        ("author", '{"name":"Ada","address":{"city":"Bath"}}'),
        ("tags", '["a","b"]'),
        ("posts.note", '[null,"n"]'),
        ("none", "[]"),
    ],
)
def test_a_value_inside_text_prints_as_in_javascript(name: str, expected: str) -> None:
    assert render(f"a {{{{$context.data.{name}}}}} b") == f"a {expected} b"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{$context.data.indicator * 2}}", 191),
        ("{{$context.data.indicator > 90}}", True),
        ("{{$context.data.indicator + $context.user.id}}", 102.5),
        ("{{$context.data.indicator+$context.user.id}}", 102.5),
        ("{{ctx.$context.user.id + 1}}", 8),
        ("{{$context.data.nope > 90}}", None),
        ("{{$context.data.yes ? 'y' : 'n'}}", "y"),
        ("{{$sum($context.data.posts.id)}}", 6),
        ("{{$context.data.posts[id > 1].id}}", [2, 3]),
        ("{{$context.data.tags.($ & '!')}}", ["a!", "b!"]),
        ("{{$context.data.`First name` & '}}'}}", "Ann}}"),
        ('{{ {"a": {"b": $context.user.id}} }}', {"a": {"b": 7}}),
        ('{{{"a": {"b": $context.user.id}}}}', {"a": {"b": 7}}),
        ("{{ {{$context.user.id}} * 2 }}", 14),
        ("id {{$context.user.id * 2}}, {{$context.data.title}}", "id 14, High"),
        ("{{$context.data.nope & 'x'}}!", "x!"),
        ("{{$system.epoch + 1}}", 1_605_024_001),
        ("{{$jobsMapByNodeKey.n2[1] * $scopes.loop1.index}}", 0),
    ],
)
def test_what_has_an_operator_is_an_expression_and_keeps_its_type(template: str, expected: Json) -> None:
    assert render(template) == expected


@pytest.mark.parametrize(
    ("content", "is_a_path"),
    [
        ("$context.data.First name", True),
        ("$context.data.Name and address", True),
        ("$context.data.Content-Type", True),
        ("ctx.$context.data.a", True),
        ("$context.data.a:x - y (z) = $5", True),
        ("$context.data.a/b", True),
        ("$context.data.a * 2", False),
        ("$context.data.a*2", False),
        ("$context.data.a -1", False),
        ("$context.data.a and $context.data.b", False),
        ("$context.data.a-$context.data.b", False),
        ("$context.data.a ? 1 : 2", False),
        ("$context.data.a.$", False),
        ("$sum($context.data.a)", False),
        ("$context.data[0]", False),
    ],
)
def test_an_operator_that_stands_apart_or_a_second_variable_makes_an_expression(content: str, is_a_path: bool) -> None:
    assert is_path(content) is is_a_path


def test_an_expression_that_fails_on_its_data_says_so() -> None:
    with pytest.raises(ExpressionError, match="same data type"):
        render("{{$context.data.title > 3}}")


def test_several_templates_in_one_text_are_all_filled_in() -> None:
    assert render("{{$context.data.title}}{{$context.data.zero}}/{{$context.user.id}} ") == "High0/7 "
    assert render(" {{$context.user.id}}") == " 7"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (1e-12, "1e-12"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (2**53 - 1, "9007199254740991"),
        (2**53 + 1, "9007199254740993"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_a_number_prints_as_in_javascript(number: float, text: str) -> None:
    assert number_literal(number) == text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{$context.data.nope:none}}", "none"),
        ("{{ $context.data.nope : a b }}", " a b"),
        ("{{$context.data.nope:}}", ""),
        ("{{$context.data.nope:12:30}}", "12:30"),
        ("{{$context.data.title:none}}", "High"),
        ("{{$context.data.nothing:none}}", None),
        ("{{$context.data.zero:none}}", 0),
        ("<{{$context.data.nope:none}}>", "<none>"),
        ("<{{$context.data.nothing:none}}>", "<>"),
    ],
)
def test_a_default_stands_for_what_is_missing_but_not_for_null(template: str, expected: Json) -> None:
    assert render(template) == expected


@pytest.mark.parametrize(
    "text", ["", "plain", "{{}}", "{{ a", "}} {{", "{{'a' +}}", "{{ {a} }}", "{{$eval('1')}}", "{{a > 1}}", "{ {a} }", "{{a}"]
)
def test_text_that_is_no_template_stays_as_it_is(text: str) -> None:
    assert compile_template(text).paths == frozenset()
    assert render(text) == text


@pytest.mark.parametrize("value", [None, True, 0, 1.5, [], {}, ["a", {"b": [1]}]])
def test_values_without_templates_stay_as_they_are(value: Json) -> None:
    assert render(value) == value


def test_lists_dicts_and_their_keys_are_walked() -> None:
    template = {
        "plain": 1,
        "{{$context.data.title}}": ["{{$context.user.id}}", {"k": "<{{$context.data.zero}}>"}],
        "x{{$context.user.id}}": None,
        "{{$context.user.id}}": "{{$context.data.nope}}",
    }
    assert render(template) == {"plain": 1, "High": [7, {"k": "<0>"}], "x7": None, "7": None}


def test_the_order_of_keys_is_kept() -> None:
    assert list(render({"b": "{{$context.user.id}}", "a": 1, "c": "{{$context.user.id}}"})) == ["b", "a", "c"]


def test_changing_a_rendered_value_does_not_change_the_template() -> None:
    template = compile_template({"tags": ["a"], "id": "{{$context.user.id}}"})
    template.render(SCOPE)["tags"].append("b")
    assert template.render(SCOPE) == {"tags": ["a"], "id": 7}


def test_a_function_is_called_without_arguments() -> None:
    first, second = render(["{{$system.genSnowflakeId}}", "id {{$system.genSnowflakeId}}"])
    assert second == f"id {first + 1}"


def test_a_computed_mapping_becomes_data_without_its_functions() -> None:
    system = render("{{$system}}")
    assert set(system) == {"now", "dateRange", "instanceId", "epoch"}
    assert render("{{$system.dateRange}}") == system["dateRange"]
    assert json.loads(render("{{ctx}} ")) == render("{{ctx}}") == {**SCOPE, "$system": system}


def test_the_paths_used_are_known_without_alias_and_default() -> None:
    template = compile_template(["{{ $context.data.title:x }} {{ctx.$env.KEY}}", {"{{$system.now}}": "{{$context.data.title}}"}])
    assert template.paths == {"$context.data.title", "$env.KEY", "$system.now"}


def test_a_value_nested_too_deep_for_text_is_empty_text() -> None:
    deep: Json = []
    for _ in range(100_000):
        deep = [deep]
    assert compile_template("<{{$context}}>").render({"$context": deep}) == "<>"
    assert compile_template("{{$context.a}}").render({"$context": deep}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0", "data", "__class__"]), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["$context", "ctx", "$system", "data", "a", "b", "0", "1", "__class__", "", " ", "x:y"]), max_size=5)
TEXTS = st.lists(st.text(max_size=4) | st.sampled_from(["{{", "}}", "{", "}"]) | PATHS.map(lambda p: f"{{{{{'.'.join(p)}}}}}"), max_size=5)


@given(TEXTS.map("".join), JSON)
def test_rendering_never_raises(text: str, data: Json) -> None:
    scope = {"$context": data, "$system": SCOPE["$system"]}
    assert isinstance(compile_template(f"x{text}").render(scope), str)
    compile_template({text: [text]}).render(scope)
    assert not isinstance(compile_template(text).render(scope), type(UNDEFINED))


@given(JSON)
def test_a_value_without_braces_renders_to_an_equal_value(data: Json) -> None:
    assert repr(compile_template(data).render({})) == repr(data) or "{{" in repr(data)


PLAIN_ONLY = "a plain path such as {{$context.data.title}} begins with $context"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{a > 1}}", '"a" is not known'),
        ("{{'a' &}}", "Unexpected end of expression"),
        ("{{data.title}}", PLAIN_ONLY),
        ("{{$now()}}", "$now is not allowed"),
        ("{{ctx.data}}", PLAIN_ONLY),
        ("{{}}", "Unexpected end of expression"),
        ("{{ }}", PLAIN_ONLY),
        ("{{$context..a}}", PLAIN_ONLY),
        ("{{$context.}}", PLAIN_ONLY),
        ("{{ {{data.a}} * 2 }}", "inside an expression"),
        ("{{$context.a", "{{ without }}"),
        ("{{$context.a}} and {{", "{{ without }}"),
        ("{{$context.a}", "{{ without }}"),
        ("{{$context." + "a" * 2_048 + "}}", "at most 2,048 characters"),
        ("{{$system.nope}}", 'there is no "$system.nope"'),
        ("{{$system.now.year}}", 'there is no "$system.now.year"'),
        ("{{$system.dateRange.someday}}", "$system.dateRange.today"),
        ("{{$system.dateRange.today.2}}", 'there is no "$system.dateRange.today.2"'),
        ("{{ctx.$system.nope}}", "known are"),
        ("{{$jobsMapByNodeKey.n9.id}}", 'no node with the key "n9" runs before this one; known upstream: n1, n2'),
        ("{{$jobsMapByNodeKey.n9.id * 2}}", 'no node with the key "n9" runs before this one; known upstream: n1, n2'),
        ("{{$sum($scopes.n1.items)}}", 'no node with the key "n1" is around this one'),
        ("{{$system.nope = 1}}", 'there is no "$system.nope"'),
        ("{{$scopes.n1.item}}", 'no node with the key "n1" is around this one; known scopes: loop1'),
    ],
)
def test_a_wrong_expression_is_found_when_saved(text: str, message: str) -> None:
    [problem] = problems_of({"values": {"title": [text]}}, "config.params", {"n2", "n1"}, {"loop1"})
    assert message in problem.message
    assert problem.path == "config.params.values.title.0"


@pytest.mark.parametrize(
    "text",
    [
        "plain } text { }}",
        "{{$context}}",
        "{{ctx}}",
        "{{ ctx.$context.data.title : none }}",
        "{{$context.data.First name}}",
        "{{$context." + "a" * 2_039 + "}}",
        "{{$jobsMapByNodeKey.n1.data.0.id}}",
        "{{$jobsMapByNodeKey}}",
        "{{$scopes.loop1.item}}",
        "{{$env.ANYTHING}}",
        "{{$system.now}}",
        "{{$system.genSnowflakeId}}",
        "{{$system.dateRange.last90Days.0}}",
        "{{$context.data.a * 2}}",
        "{{ctx.$context.data.a + 1}}",
        "{{$context.data.items[price > 3].title}}",
        '{{ {"a": {"b": "}}"}} }}',
        "{{ $jobsMapByNodeKey.n1.total - {{$context.data.paid}} }}",
    ],
)
def test_a_right_expression_is_no_problem(text: str) -> None:
    assert problems_of({text: text}, "config", {"n1"}, {"loop1"}) == []


def test_every_mistake_is_reported_with_its_path() -> None:
    value = {"a": ["{{x}}", 1, "{{y}} {{z"], "{{k}}": None, "b": {"c": {"d": "{{$env.X}} {{$jobsMapByNodeKey.n}}"}}}
    problems = problems_of(value, "", set(), set())
    assert [problem.path for problem in problems] == ["a.0", "a.2", "a.2", "{{k}}", "b.c.d"]
    assert problems[-1].message.endswith("known upstream: none")


@given(TEXTS.map("".join))
def test_what_passes_when_saved_leaves_no_braces_when_run(text: str) -> None:
    if not problems_of(text, "config", set(), set()):
        assert "{{" not in str(compile_template(f"x{text}").render({}))


def test_a_long_expression_is_cut_in_the_message() -> None:
    [problem] = problems_of("{{" + "[" * 1_000 + "}}", "config", set(), set())
    assert len(problem.message) < 300
