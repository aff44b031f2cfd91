"""Finding records over HTTP: filters, order, pages and the choice of fields (https://docs.nocobase.com/api/http)."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, things


@pytest.fixture(scope="module")
def library(model: Model) -> str:
    """Four books, by their titles: Alpha 1 new Blood · beta 2 old Water · Gamma 3 (no state, no category) · 100% 2.5 "" Blood."""
    name = things(
        model.root,
        {"name": "title", "type": "string"},
        {"name": "size", "type": "double"},
        {"name": "state", "type": "string"},
        {"name": "sold", "type": "boolean"},
        {"name": "category", "type": "belongsTo", "target": "categories", "foreignKey": "categoryId"},
    )
    for title, size, state, sold, category in (
        ("Alpha", 1, "new", True, model.blood),
        ("beta", 2, "old", False, model.water),
        ("Gamma", 3, None, None, None),
        ("100%", 2.5, "", True, model.blood),
    ):
        model.root.post(f"{name}:create", {"title": title, "size": size, "state": state, "sold": sold, "category": category}).ok()
    return name


FILTERS: list[tuple[Json, str]] = [
    ({}, "Alpha beta Gamma 100%"),
    ({"title": "Alpha"}, "Alpha"),
    ({"title": {"$eq": "Alpha"}}, "Alpha"),
    ({"title": {"$ne": "Alpha"}}, "beta Gamma 100%"),
    ({"state": {"$ne": "new"}}, "beta Gamma 100%"),
    ({"size": {"$gt": 2}}, "Gamma 100%"),
    ({"size": {"$gte": 2}}, "beta Gamma 100%"),
    ({"size": {"$lt": 2}}, "Alpha"),
    ({"size": {"$lte": 2}}, "Alpha beta"),
    ({"size": {"$gt": 1, "$lt": 3}}, "beta 100%"),
    ({"size": {"$in": [1, 3]}}, "Alpha Gamma"),
    ({"size": {"$notIn": [1, 3]}}, "beta 100%"),
    ({"state": {"$notIn": ["new"]}}, "beta Gamma 100%"),
    ({"size": {"$gt": "2"}}, "Gamma 100%"),
    ({"title": {"$includes": "a"}}, "Alpha beta Gamma"),
    ({"title": {"$includes": "%"}}, "100%"),
    ({"title": {"$includes": "_"}}, ""),
    ({"state": {"$notIncludes": "ne"}}, "beta 100%"),
    ({"title": {"$startsWith": "Ga"}}, "Gamma"),
    ({"title": {"$endWith": "ta"}}, "beta"),
    ({"state": None}, "Gamma"),
    ({"state": {"$empty": True}}, "Gamma 100%"),
    ({"state": {"$notEmpty": True}}, "Alpha beta"),
    ({"sold": {"$isTruly": True}}, "Alpha 100%"),
    ({"sold": True}, "Alpha 100%"),
    ({"$and": [{"size": {"$gt": 1}}, {"size": {"$lt": 3}}]}, "beta 100%"),
    ({"$or": [{"title": "Alpha"}, {"size": 3}]}, "Alpha Gamma"),
    ({"$or": [{"title": "Alpha"}, {"$and": [{"size": {"$gte": 2}}, {"state": "old"}]}]}, "Alpha beta"),
    ({"$and": []}, "Alpha beta Gamma 100%"),
    ({"category": {"title": "Blood"}}, "Alpha 100%"),
    ({"category": {"title": {"$includes": "loo"}}}, "Alpha 100%"),
    ({"category.title": "Water"}, "beta"),
    ({"$and": [{"category": {"title": {"$includes": "loo"}}}, {"size": {"$gte": 2}}]}, "100%"),
]


@pytest.mark.parametrize(("filters", "titles"), FILTERS, ids=[str(filters) for filters, _ in FILTERS])
def test_a_filter_finds(root: Client, library: str, filters: Json, titles: str) -> None:
    answer = root.get(f"{library}:list", filter=filters, sort="id")
    assert [row["title"] for row in answer.data] == titles.split()
    assert answer.meta["count"] == len(titles.split())


def test_a_filter_may_be_written_in_brackets(root: Client, library: str) -> None:
    answer = root.send("GET", f"{library}:list?filter[size][$gt]=2&sort=id")
    assert [row["title"] for row in answer.data] == ["Gamma", "100%"]


@pytest.mark.parametrize(
    ("sort", "titles"),
    [("size", "Alpha beta 100% Gamma"), ("-size", "Gamma 100% beta Alpha"), ("-sold,size", "Alpha 100% beta Gamma"), ("title", None)],
)
def test_sort_orders_the_list(root: Client, library: str, sort: str, titles: str | None) -> None:
    rows = [row["title"] for row in root.get(f"{library}:list", sort=sort, filter={"size": {"$ne": None}}).data]
    if sort == "-sold,size":  # where nulls stand is the database's choice
        rows = [title for title in rows if title != "Gamma"]
        titles = "Alpha 100% beta"
    assert rows == (titles.split() if titles else sorted(rows))


def test_pages_cover_the_list_once_and_say_where_they_are(root: Client, library: str) -> None:
    first, second, third = (root.get(f"{library}:list", page=page, pageSize=3, sort="-size", fields="title") for page in (1, 2, 3))
    assert [[row["title"] for row in page.data] for page in (first, second, third)] == [["Gamma", "100%", "beta"], ["Alpha"], []]
    assert {name: first.meta[name] for name in ("count", "page", "pageSize", "totalPage")} == {
        "count": 4,
        "page": 1,
        "pageSize": 3,
        "totalPage": 2,
    }


def test_without_paging_there_is_no_meta_of_pages(root: Client, library: str) -> None:
    answer = root.get(f"{library}:list", paginate=False, filter={"size": {"$lte": 2}}, fields="title")
    assert [row["title"] for row in answer.data] == ["Alpha", "beta"]
    assert "totalPage" not in answer.json.get("meta", {})


def test_fields_and_except_choose_what_is_answered(root: Client, library: str) -> None:
    row = root.get(f"{library}:list", fields="id,title", filter={"size": 1}).data[0]
    assert sorted(row) == ["id", "title"]
    row = root.get(f"{library}:list", fields=["title", "size"], filter={"size": 1}).data[0]
    assert {"title", "size"} <= set(row)
    assert "state" not in row
    row = root.get(f"{library}:list", **{"except": "title,size"}, filter={"size": 1}).data[0]
    assert {"title", "size"}.isdisjoint(row)
    assert row["state"] == "new"


def test_appends_expand_an_association(root: Client, library: str) -> None:
    rows = root.get(f"{library}:list", appends=["category"], sort="id").data
    assert [row["category"] and row["category"]["title"] for row in rows] == ["Blood", "Water", None, "Blood"]
    assert root.get(f"{library}:get/{rows[0]['id']}", appends="category").data["category"]["title"] == "Blood"
    assert "category" not in root.get(f"{library}:get/{rows[0]['id']}").data
