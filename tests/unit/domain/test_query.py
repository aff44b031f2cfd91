"""Sorting, paging and the selection of fields, as the query string asks for them."""

from __future__ import annotations

import itertools

import pytest

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.query import Paging, Selection, SortKey, parse_paging, parse_selection, parse_sort, sort_rows
from chalicelib.errors import Invalid, Json


def collection(name: str, *fields: Field) -> Collection:
    system = [Field("id", "bigInt"), Field("createdAt", "datetime")]
    return Collection(name, f"c_{name}", fields={field.name: field for field in [*system, *fields]})


HIDDEN = Field("secret", "string", hidden=True)
PASSWORD = Field("pass", "password")
CATEGORY = Field("category", "belongsTo", target="categories", foreign_key="categoryId")
OWNER = Field("owner", "belongsTo", target="users", foreign_key="ownerId")
POSTS = Field("posts", "hasMany", target="samples", foreign_key="categoryId")
SAMPLES = collection(
    "samples", Field("title", "string"), Field("size", "double"), Field("meta", "json"), Field("tags", "array"), HIDDEN, PASSWORD, CATEGORY
)
COLLECTIONS = {
    "samples": SAMPLES,
    "categories": collection("categories", Field("title", "string"), HIDDEN, OWNER, POSTS),
    "users": collection("users", Field("name", "string"), PASSWORD),
}


def paths(caught: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.path for problem in caught.value.problems()]


# Sorting.


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        (None, []),
        ("", []),
        ([], []),
        ("title", [SortKey("title")]),
        ("-createdAt, title", [SortKey("createdAt", True), SortKey("title")]),
        (["-id", "size"], [SortKey("id", True), SortKey("size")]),
        ("title,,-title", [SortKey("title")]),
    ],
)
def test_sort_is_a_comma_text_or_a_list(raw: Json, keys: list[SortKey]) -> None:
    assert parse_sort(raw, SAMPLES) == keys


@pytest.mark.parametrize(
    "raw", ["nosuch", "secret", "pass", "category", "meta", "tags", "category.title", "-", "--title", 5, {"title": 1}, [1]]
)
def test_what_has_no_order_cannot_be_sorted_by(raw: Json) -> None:
    with pytest.raises(Invalid) as caught:
        parse_sort(raw, SAMPLES)
    assert paths(caught) == ["sort"]


def test_every_mistake_in_a_sort_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        parse_sort("nosuch,title,meta", SAMPLES)
    assert paths(caught) == ["sort", "sort"]


def ids(rows: list[dict[str, Json]], *keys: SortKey) -> list[int]:
    return [row["id"] for row in sort_rows(rows, keys)]


def test_null_is_first_ascending_and_last_descending_and_ties_follow_the_id() -> None:
    rows = [{"id": 4, "size": 1}, {"id": 3}, {"id": 2, "size": 10}, {"id": 1, "size": 1}, {"id": 5, "size": None}]
    assert ids(rows, SortKey("size")) == [3, 5, 1, 4, 2]
    assert ids(rows, SortKey("size", True)) == [2, 1, 4, 3, 5]
    assert ids(rows) == [1, 2, 3, 4, 5]
    assert ids(rows, SortKey("id", True)) == [5, 4, 3, 2, 1]


def test_several_keys_sort_one_within_the_other() -> None:
    rows = [{"id": n, "title": title, "size": size} for n, (title, size) in enumerate(itertools.product("ba", (2, 1)))]
    assert ids(rows, SortKey("title"), SortKey("size", True)) == [2, 3, 0, 1]


def test_values_of_mixed_types_can_be_sorted() -> None:
    values: list[Json] = ["x", 5, None, True, 1.5, {}, ""]
    rows = [{"id": n, "size": value} for n, value in enumerate(values)]
    assert ids(rows, SortKey("size")) == [2, 5, 3, 4, 1, 6, 0]


# Paging.


def test_paging_begins_at_the_first_twenty() -> None:
    assert parse_paging() == Paging(1, 20, True) == parse_paging("", "", "")
    assert parse_paging(default_size=50).page_size == 50


def test_paging_reads_texts_and_numbers() -> None:
    assert parse_paging("3", "10", "true") == parse_paging(3, 10, True) == Paging(3, 10)
    assert parse_paging("3", "10").offset == 20
    assert parse_paging(paginate="false") == parse_paging(paginate=False) == Paging(paginate=False)
    assert parse_paging("50", "200").offset == 9_800


@pytest.mark.parametrize("bad", ["0", "-1", "1.5", "x", "１", "1" * 5000, 0, True, [1], {}])
def test_a_page_is_a_whole_number_from_one(bad: Json) -> None:
    with pytest.raises(Invalid) as caught:
        parse_paging(bad, bad)
    assert paths(caught) == ["page", "pageSize"]


def test_a_page_size_over_the_limit_is_refused_with_the_limit() -> None:
    with pytest.raises(Invalid, match="at most 200") as caught:
        parse_paging("1", "201")
    assert paths(caught) == ["pageSize"]


def test_a_page_beyond_ten_thousand_records_is_refused_with_the_way_on() -> None:
    assert parse_paging("50", "200").page == 50
    with pytest.raises(Invalid, match="cursor") as caught:
        parse_paging("51", "200")
    assert paths(caught) == ["page"]


def test_paginate_is_true_or_false() -> None:
    with pytest.raises(Invalid) as caught:
        parse_paging(paginate="maybe")
    assert paths(caught) == ["paginate"]


# Selection.

OWNED = {"id": 9, "name": "Ann", "pass": "x"}
ROW = {
    "id": 1,
    "title": "A",
    "size": 5,
    "secret": "s",
    "pass": "p",
    "alien": 1,
    "category": {"id": 2, "title": "B", "secret": "s", "owner": OWNED, "posts": [{"id": 1, "title": "A", "pass": "x"}]},
}


def select(fields: Json = None, except_: Json = None, appends: Json = None) -> Selection:
    return parse_selection(fields, except_, appends, SAMPLES, COLLECTIONS.__getitem__)


@pytest.mark.parametrize(
    ("fields", "except_", "appends", "shown"),
    [
        (None, None, None, {"id": 1, "title": "A", "size": 5}),
        ("id,title", None, None, {"id": 1, "title": "A"}),
        (["id", "title"], None, None, {"id": 1, "title": "A"}),
        ("id", None, "category", {"id": 1, "category": {"id": 2, "title": "B"}}),
        ("id,category", None, None, {"id": 1, "category": {"id": 2, "title": "B"}}),
        ("id,category.title", None, None, {"id": 1, "category": {"title": "B"}}),
        ("id,category.title", None, "category", {"id": 1, "category": {"title": "B"}}),
        ("id", None, "category.owner", {"id": 1, "category": {"owner": {"id": 9, "name": "Ann"}}}),
        ("id", None, "category,category.owner", {"id": 1, "category": {"id": 2, "title": "B", "owner": {"id": 9, "name": "Ann"}}}),
        ("id", None, "category.posts", {"id": 1, "category": {"posts": [{"id": 1, "title": "A"}]}}),
        (None, "size", None, {"id": 1, "title": "A"}),
        (None, "size,category.title", "category", {"id": 1, "title": "A", "category": {"id": 2}}),
        (None, "category,category.title", None, {"id": 1, "title": "A", "size": 5}),
        ("id", "category", "category", {"id": 1}),
        ("id,title", "title", None, {"id": 1}),
    ],
)
def test_a_record_goes_out_with_the_fields_asked_for(fields: Json, except_: Json, appends: Json, shown: Json) -> None:
    assert select(fields, except_, appends).apply(ROW) == shown


def test_an_association_without_a_record_stays_null() -> None:
    assert select(appends="category").apply({"id": 1, "category": None}) == {"id": 1, "category": None}


@pytest.mark.parametrize(
    ("fields", "appends", "paths"),
    [
        (None, None, []),
        (None, "category", [("category",)]),
        (None, ["category.owner", "category.posts"], [("category",), ("category", "owner"), ("category", "posts")]),
        ("category.owner.name", None, [("category",), ("category", "owner")]),
        (None, "category.posts.category", [("category",), ("category", "posts"), ("category", "posts", "category")]),
    ],
)
def test_associations_to_load_come_parents_first(fields: Json, appends: Json, paths: list[tuple[str, ...]]) -> None:
    assert select(fields, None, appends).appends == paths


def test_an_association_left_out_is_not_loaded() -> None:
    assert select(None, "category", "category.owner").appends == []
    assert select(None, "category.owner", "category.owner").appends == [("category",)]


@pytest.mark.parametrize("name", ["nosuch", "secret", "pass", "category.nosuch", "category.secret", "title.x", "nosuch.x", ".", "\ud800"])
def test_an_unknown_or_hidden_field_is_refused_under_its_parameter(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        select(f"id,{name}", f"id,{name}", f"category,{name}")
    assert paths(caught) == ["fields", "appends", "except"]


@pytest.mark.parametrize("appends", ["title", "category.title", "category.posts.category.posts", "id"])
def test_only_associations_of_three_levels_can_be_appended(appends: str) -> None:
    with pytest.raises(Invalid) as caught:
        select(appends=appends)
    assert paths(caught) == ["appends"]


@pytest.mark.parametrize("bad", [5, {"a": 1}, [1], [["id"]]])
def test_a_list_of_fields_is_text_or_texts(bad: Json) -> None:
    with pytest.raises(Invalid) as caught:
        select(bad, bad, bad)
    assert paths(caught) == ["fields", "appends", "except"]
