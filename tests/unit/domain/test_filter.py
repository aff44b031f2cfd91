"""The forms of a filter, its refusals, its associations, and that groups obey boolean algebra."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import EVERYTHING, Filter, both, filter_from_text, parse_filter
from chalicelib.errors import Invalid, Json

SYSTEM = {"id": Field("id", "bigInt"), "createdAt": Field("createdAt", "datetime"), "createdById": Field("createdById", "bigInt")}
CATEGORY = Field("category", "belongsTo", target="categories", foreign_key="categoryId")
COMMENTS = Field("comments", "hasMany", target="comments", foreign_key="sampleId")


def collection(name: str, *fields: Field) -> Collection:
    return Collection(name, f"c_{name}", fields=SYSTEM | {field.name: field for field in fields})


SAMPLES = collection(
    "samples",
    Field("title", "string"),
    Field("indicator", "double"),
    Field("meta", "json"),
    Field("secret", "string", hidden=True),
    Field("pass", "password"),
    Field("categoryId", "bigInt"),
    CATEGORY,
    COMMENTS,
)
COLLECTIONS = {
    "samples": SAMPLES,
    "categories": collection("categories", Field("title", "string"), Field("secret", "string", hidden=True), COMMENTS),
    "comments": collection("comments", Field("content", "string"), Field("author", "string")),
}


def parse(raw: Json) -> Filter:
    return parse_filter(raw, SAMPLES, COLLECTIONS.__getitem__)


def problems(raw: Json) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse(raw)
    return {problem.path: problem.message for problem in caught.value.problems()}


ROW = {"id": 7, "title": "Sample A", "indicator": 95.5, "meta": {"size": {"w": 3}, "list": [5, 6]}, "categoryId": 2}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, True),
        ({}, True),
        ({"$and": []}, True),
        ({"$or": []}, True),
        ({"title": {}}, True),
        ({"title": "Sample A"}, True),
        ({"title": "Sample A", "indicator": 1}, False),
        ({"indicator": {"$gt": 90, "$lt": 96}}, True),
        ({"indicator": {"$gt": 90, "$lt": 95}}, False),
        ({"indicator": "95.5"}, True),
        ({"$and": [{"title": "Sample A"}, {"indicator": {"$gte": 90}}]}, True),
        ({"$or": [{"title": "x"}, {"indicator": {"$gte": 90}}]}, True),
        ({"$or": [{"title": "x"}, {"indicator": {"$lt": 90}}]}, False),
        ({"$or": [{"title": "x"}], "indicator": 95.5}, False),
        ({"$not": {"title": "x"}}, True),
        ({"$not": {"title": "Sample A"}}, False),
        ({"title": {"$not": {"$includes": "sample"}}}, False),
        ({"title": {"$or": ["x", {"$startsWith": "sample"}]}}, True),
        ({"title": {"$and": [{"$includes": "s"}, {"$includes": "z"}]}}, False),
        ({"meta.size.w": 3}, True),
        ({"meta.size.w": {"$gt": 3}}, False),
        ({"meta": {"size": {"w": {"$gte": 3}}}}, True),
        ({"meta": {"size.w": 4}}, False),
        ({"meta.list.1": 6}, True),
        ({"meta.list.9": {"$exists": True}}, False),
        ({"meta.nosuch.x": None}, True),
        ({"id": {"$in": ["7", 8]}}, True),
        ({"categoryId": 2}, True),
        ({"createdById": None}, True),
    ],
)
def test_a_filter_means_what_its_form_says(raw: Json, expected: bool) -> None:
    assert parse(raw).matches(ROW) is expected


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ([], "filter", "must be an object"),
        ("x", "filter", "must be an object"),
        (
            {"nosuch": 1},
            "filter.nosuch",
            "unknown field 'nosuch' in collection 'samples'; its fields are id, createdAt, createdById, title",
        ),
        ({"indicator": {"$nosuch": 1}}, "filter.indicator.$nosuch", "unknown operator '$nosuch'; field 'indicator' takes $eq"),
        ({"indicator": {"nosuch": 1}}, "filter.indicator.nosuch", "unknown operator 'nosuch'"),
        ({"title.x": 1}, "filter.title.x", "has no parts"),
        ({"$nor": []}, "filter.$nor", "unknown group '$nor'; groups are $and, $or and $not"),
        ({"$and": {}}, "filter.$and", "must be a list"),
        ({"$or": "x"}, "filter.$or", "must be a list"),
        ({"$or": [{"title": "a"}, 5]}, "filter.$or.1", "must be an object"),
        ({"$or": [{}] * 201}, "filter.$or", "at most 200"),
        ({"$and": [{"$not": {"nosuch": 1}}]}, "filter.$and.0.$not.nosuch", "unknown field"),
        ({"category": 5}, "filter.category", 'is an association: name a field of it, such as "category.id"'),
        ({"category": {"nosuch": 1}}, "filter.category.nosuch", "in collection 'categories'"),
        ({"category.title": {"$gt": []}}, "filter.category.title.$gt", "must be text"),
        ({"category": {"$exists": "maybe"}}, "filter.category.$exists", "true or false"),
        ({"category": {"$nosuch": True}}, "filter.category.$nosuch", "unknown group"),
        ({"\ud800": 1}, "filter.?", "unknown field '\\ud800'"),
    ],
)
def test_a_mistake_is_named_under_its_path(raw: Json, path: str, message: str) -> None:
    found = problems(raw)
    assert list(found) == [path]
    assert message in found[path]


@pytest.mark.parametrize("raw", [{"secret": "x"}, {"pass": "x"}, {"category.secret": "x"}, {"category": {"comments": {"secret": 1}}}])
def test_a_hidden_field_looks_as_if_it_did_not_exist(raw: Json) -> None:
    [message] = problems(raw).values()
    assert message.startswith("unknown field")
    assert "secret" not in message.split("its fields are")[1]


def test_all_mistakes_are_reported_at_once() -> None:
    raw = {"nosuch": 1, "indicator": {"$gt": "x", "$foo": 1}, "$or": [{"secret": 1}]}
    assert list(problems(raw)) == ["filter.nosuch", "filter.indicator.$gt", "filter.indicator.$foo", "filter.$or.0.secret"]


def test_another_root_path_is_used_when_asked_for() -> None:
    with pytest.raises(Invalid) as caught:
        parse_filter({"x": 1}, SAMPLES, COLLECTIONS.__getitem__, path="enabledWhen")
    assert [problem.path for problem in caught.value.problems()] == ["enabledWhen.x"]


@pytest.mark.parametrize("wrap", [lambda f: {"$and": [f]}, lambda f: {"$or": [f]}, lambda f: {"$not": f}, lambda f: {"meta": {"a": f}}])
def test_a_filter_nested_deeper_than_twenty_levels_is_refused(wrap: Callable[[Json], Json]) -> None:
    raw: Json = {"title": "x"}
    for _ in range(200):
        raw = wrap(raw)
    assert any("deeper than 20 levels" in message for message in problems(raw).values())


def test_more_than_two_hundred_conditions_are_refused_once() -> None:
    group = [{"title": {"$includes": "a", "$eq": "b"}}] * 150
    assert list(problems({"$or": group}).values()) == ["the filter has more than 200 conditions"]
    assert len(problems({f"field{n}": 1 for n in range(10_000)})) == 200
    assert parse({"$or": group[:100]}).matches({"title": "b"}) is False


@pytest.mark.parametrize("text", ["{bad", "[1]", "5", '"x"', "[" * 100_000, "null"])
def test_text_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        filter_from_text(text)
    assert [problem.path for problem in caught.value.problems()] == ["filter"]


@pytest.mark.parametrize("raw", [{}, {"title": {"$eq": "ü"}}])
def test_text_that_is_a_json_object_is_decoded(raw: Json) -> None:
    assert filter_from_text(json.dumps(raw)) == raw
    assert filter_from_text("  ") == {}


# Associations.


def test_a_condition_through_an_association_waits_for_its_ids() -> None:
    filter = parse({"category": {"title": {"$includes": "loo"}}, "indicator": {"$gte": 90}})
    [condition] = filter.associations()
    assert condition.field == CATEGORY
    assert condition.inner.matches({"title": "Blood"})
    with pytest.raises(RuntimeError, match="category"):
        filter.matches(ROW)
    assert filter.resolve_associations(lambda field, inner: [2, 3]).matches(ROW)
    assert not filter.resolve_associations(lambda field, inner: [4]).matches(ROW)


def test_other_kinds_of_association_resolve_to_ids_of_this_collection() -> None:
    filter = parse({"comments.content": "hello"}).resolve_associations(lambda field, inner: [7, 8])
    assert filter.matches({"id": 7})
    assert filter.pinned_ids() == [7, 8]


@pytest.mark.parametrize(
    "raw",
    [
        {"comments.content": "a", "comments.author": "b"},
        {"comments": {"content": "a", "author": "b"}},
        {"comments": {"$and": [{"content": "a"}, {"author": "b"}]}},
        {"$and": [{"comments.content": "a"}, {"comments": {"author": "b"}}]},
    ],
)
def test_conditions_through_one_association_are_about_one_related_record(raw: Json) -> None:
    [condition] = parse(raw).associations()
    assert condition.inner.matches({"content": "a", "author": "b"})
    assert not condition.inner.matches({"content": "a", "author": "c"})


def test_a_condition_on_the_target_key_needs_no_lookup() -> None:
    filter = parse({"category": {"id": {"$in": [2, 3]}}})
    assert filter.associations() == []
    assert filter.matches(ROW)
    assert [bound.field for bound in parse({"category.id": 2}).bounds()] == ["categoryId"]
    assert parse({"category.id": {"$ne": 2}}).matches({"categoryId": None})


def never(field: Field, inner: Filter) -> list[int]:
    raise AssertionError("no lookup is needed")


@pytest.mark.parametrize(
    ("raw", "linked", "alone"),
    [
        ({"category": {"$exists": True}}, True, False),
        ({"category": {"$notExists": True}}, False, True),
        ({"category": {"$exists": False}}, False, True),
        ({"category": {"$empty": True}}, False, True),
        ({"category": {"$notEmpty": True}}, True, False),
        ({"category": {"id": {"$notExists": True}}}, False, True),
        ({"category": {"$exists": True, "id": 9}}, False, False),
        ({"category": {}}, True, True),
    ],
)
def test_whether_a_record_is_linked_is_seen_on_its_foreign_key(raw: Json, linked: bool, alone: bool) -> None:
    filter = parse(raw).resolve_associations(never)
    assert (filter.matches({"categoryId": 2}), filter.matches({"categoryId": None})) == (linked, alone)


def test_a_condition_that_holds_for_null_holds_without_a_related_record() -> None:
    filter = parse({"category.title": {"$ne": "Blood"}}).resolve_associations(lambda field, inner: [3])
    assert [filter.matches({"categoryId": one}) for one in (3, 2, None)] == [True, False, True]
    filter = parse({"comments.content": None}).resolve_associations(lambda field, inner: [1, 2] if inner.matches_everything else [2])
    assert [filter.matches({"id": one}) for one in (1, 2, 3)] == [False, True, True]
    filter = parse({"comments": {"$notExists": True}}).resolve_associations(lambda field, inner: [1])
    assert [filter.matches({"id": one}) for one in (1, 2)] == [False, True]


def test_conditions_inside_an_association_belong_to_its_inner_filter() -> None:
    [condition] = parse({"category.comments.content": "x"}).associations()
    [inner] = condition.inner.associations()
    assert inner.field == COMMENTS
    assert inner.inner.matches({"content": "x"})


def test_the_fields_looked_at_are_listed_through_associations() -> None:
    filter = parse({"title": "a", "$or": [{"category.title": "b"}, {"comments": {"$exists": True}}], "meta.x": 1, "category.id": 2})
    assert filter.field_paths() == ["title", "category.title", "comments", "meta", "categoryId"]


# Boolean algebra.

LEAVES: list[Json] = [
    {"title": "a"},
    {"title": {"$ne": "a"}},
    {"title": {"$includes": "b"}},
    {"indicator": {"$gt": 1}},
    {"indicator": {"$between": [0, 2]}},
    {"id": {"$notIn": [1, 2]}},
    {"meta.a": 1},
    {},
]
FILTERS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$and": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$or": parts}),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 3),
        "title": st.sampled_from([None, "", "a", "ab", "B"]),
        "indicator": st.sampled_from([None, 0, 1, 1.5, 2, 3]),
        "meta": st.sampled_from([None, {}, {"a": 1}, {"a": True}, [1]]),
    }
)


@given(FILTERS, FILTERS, ROWS)
def test_groups_obey_boolean_algebra(a: Json, b: Json, row: dict[str, Json]) -> None:
    left, right = parse(a).matches(row), parse(b).matches(row)
    assert parse({"$and": [a, b]}).matches(row) is (left and right)
    assert parse({"$or": [a, b]}).matches(row) is (left or right)
    assert parse({"$not": a}).matches(row) is (not left)
    assert both(parse(a), parse(b)).matches(row) is (left and right)
    assert parse({"$not": {"$or": [a, b]}}).matches(row) is parse({"$and": [{"$not": a}, {"$not": b}]}).matches(row)


@given(FILTERS, st.lists(ROWS, max_size=8))
def test_pinned_ids_and_bounds_never_lose_a_match(raw: Json, rows: list[dict[str, Json]]) -> None:
    filter = parse(raw)
    pinned, bounds = filter.pinned_ids(), filter.bounds()
    for row in filter_matches(filter, rows):
        assert pinned is None or row["id"] in pinned
        for bound in bounds:
            value = row[bound.field]
            assert value is not None
            assert value != ""
            assert bound.low is None or value >= bound.low
            assert bound.high is None or value <= bound.high


def filter_matches(filter: Filter, rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    return [row for row in rows if filter.matches(row)]


def test_everything_is_neutral() -> None:
    filter = parse({"title": "a"})
    assert both(EVERYTHING, filter) == filter == both(filter, EVERYTHING)
    assert EVERYTHING.matches_everything
    assert parse({}).matches_everything
    assert not filter.matches_everything


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"title.": "A"}, "filter.title."),
        ({".title": "A"}, "filter..title"),
        ({"": "A"}, "filter."),
        ({"category.": 1}, "filter.category."),
        ({"category..title": "A"}, "filter.category..title"),
        ({"category": {"title.": "A"}}, "filter.category.title."),
        ({"meta.size.": 1}, "filter.meta.size."),
        ({"meta..w": 1}, "filter.meta..w"),
        ({"meta": {"size..w": 1}}, "filter.meta.size..w"),
        ({"meta": {"": 1}}, "filter.meta."),
        ({"title..$eq": "A"}, "filter.title."),
    ],
)
def test_a_path_has_a_name_on_both_sides_of_every_dot(raw: Json, path: str) -> None:
    (message,) = problems(raw).values()
    assert list(problems(raw)) == [path]
    assert "lacks a name" in message
