"""What a filter tells the indexes: pinned ids and bounds that never cut off a match."""

from __future__ import annotations

import pytest

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Bound, Filter, parse_filter
from chalicelib.errors import Json

TYPES = {"id": "bigInt", "title": "string", "size": "double", "done": "boolean", "at": "datetime", "day": "dateOnly", "meta": "json"}
SAMPLES = Collection("samples", "c_samples", fields={name: Field(name, type) for name, type in TYPES.items()})
START, END = "2026-11-21T00:00:00.000Z", "2026-11-22T00:00:00.000Z"


def parse(raw: Json) -> Filter:
    return parse_filter(raw, SAMPLES, lambda name: SAMPLES)


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        ({}, None),
        ({"id": 7}, [7]),
        ({"id": "7"}, [7]),
        ({"id": {"$in": [3, 1, 3]}}, [3, 1]),
        ({"id": [3, 1]}, [3, 1]),
        ({"id": {"$in": []}}, []),
        ({"id": {"$in": [1.5, -1, 2**53, None, 4.0]}}, [4]),
        ({"$and": [{"id": {"$in": [1, 2, 3]}}, {"$and": [{"id": {"$in": [3, 2]}}]}], "title": "a"}, [3, 2]),
        ({"id": 1, "$and": [{"id": 2}]}, []),
        ({"$or": [{"id": 1}]}, None),
        ({"$not": {"id": 1}}, None),
        ({"id": {"$ne": 1}}, None),
        ({"size": 1}, None),
    ],
)
def test_ids_are_pinned_where_every_match_must_have_them(raw: Json, ids: list[int] | None) -> None:
    assert parse(raw).pinned_ids() == ids


@pytest.mark.parametrize(
    ("raw", "bounds"),
    [
        ({}, []),
        ({"size": 5}, [Bound("size", 5, 5, equal=True)]),
        ({"size": {"$gt": 1, "$lte": "5"}}, [Bound("size", 1, 5)]),
        ({"size": {"$gt": 1}, "$and": [{"size": {"$gt": 3}}]}, [Bound("size", 3)]),
        ({"size": {"$lt": 5}}, [Bound("size", None, 5)]),
        ({"size": {"$between": [1, 2]}}, [Bound("size", 1, 2)]),
        ({"size": {"$gte": 2, "$lte": 2}}, [Bound("size", 2, 2, equal=True)]),
        ({"size": {"$gt": None}}, []),
        ({"size": None}, []),
        ({"size": {"$ne": 5}}, []),
        ({"size": [1, 2]}, []),
        ({"done": True}, [Bound("done", True, True, equal=True)]),
        ({"at": {"$dateOn": "2026-11-21"}}, [Bound("at", START, END)]),
        ({"at": {"$dateBetween": ["2026-11-21", "2026-11-21"]}}, [Bound("at", START, END)]),
        ({"at": {"$dateBefore": "2026-11-21"}}, [Bound("at", None, START)]),
        ({"at": {"$dateNotBefore": "2026-11-21"}}, [Bound("at", START)]),
        ({"at": {"$dateAfter": "2026-11-21"}}, [Bound("at", END)]),
        ({"at": {"$dateNotAfter": "2026-11-21"}}, [Bound("at", None, END)]),
        ({"at": {"$dateNotOn": "2026-11-21"}}, []),
        ({"day": {"$dateOn": "2026-11-21"}}, [Bound("day", "2026-11-21", "2026-11-22")]),
        ({"meta": 5}, []),
        ({"meta.a": 5}, []),
        ({"title": "A"}, [Bound("title", "A", "A", equal=True)]),
        ({"title": {"$gt": "A"}}, [Bound("title", "A")]),
        ({"$or": [{"size": 5}]}, []),
        ({"$not": {"size": 5}}, []),
    ],
)
def test_bounds_are_the_ranges_of_conditions_that_must_hold(raw: Json, bounds: list[Bound]) -> None:
    assert parse(raw).bounds() == bounds


@pytest.mark.parametrize("spec", ["", {"$lt": "m"}, {"$gte": ""}, {"$between": ["", "m"]}, {"$startsWith": ""}])
def test_a_condition_the_empty_text_may_meet_gives_no_bound_for_no_index_holds_it(spec: Json) -> None:
    assert parse({"title": spec}).bounds() == []


@pytest.mark.parametrize(
    ("operand", "prefix"),
    [("2026-", "2026-"), ("2026-a", "2026-"), ("样本", "样本"), ("Abc", None), (["1", "2"], None), (["12"], "12")],
)
def test_a_prefix_ends_before_its_first_letter_for_an_index_compares_case(operand: Json, prefix: str | None) -> None:
    assert parse({"title": {"$startsWith": operand}}).bounds() == ([Bound("title", prefix=prefix)] if prefix else [])


def test_contradicting_bounds_are_empty() -> None:
    [bound] = parse({"size": {"$gt": 5, "$lt": 1}}).bounds()
    assert bound.is_empty
    assert not Bound("size", 1, 1).is_empty
    assert not Bound("size", 1).is_empty
