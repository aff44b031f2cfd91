"""A form's verdict comes in bounded time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chalicelib.engine.form_problems import problems_of_form_values

Json = Any


def paths(values: Json, **fields: Json) -> list[tuple[str, str]]:
    form = {"type": "object", "properties": fields}
    return [(problem.path, problem.message) for problem in problems_of_form_values(values, form)]


def test_a_value_is_held_against_its_pattern() -> None:
    assert paths({"code": "AB-1"}, code={"pattern": "^[A-Z]+-[0-9]$"}) == []
    assert paths({"code": "ab"}, code={"pattern": "^[A-Z]+$"}) == [("code", '"code" must match ^[A-Z]+$')]
    assert paths({"code": 5}, code={"pattern": "^[A-Z]+$"}) == []


def test_a_pattern_is_asked_about_a_thousand_characters_at_most() -> None:
    assert paths({"a": "a" * 1000}, a={"pattern": "^a+$"}) == []
    assert paths({"a": "a" * 1001}, a={"pattern": "^a+$"}) == [("a", '"a" must have at most 1000 characters')]


def test_a_stored_pattern_that_would_not_be_taken_now_refuses_at_once() -> None:
    began = time.process_time()
    assert paths({"a": "a" * 40 + "b"}, a={"pattern": "^(a+)+$"}) == [("a", '"a" must match ^(a+)+$')]
    assert time.process_time() - began < 1


def test_entries_that_must_differ_are_few() -> None:
    assert paths({"a": [{"n": n} for n in range(100)]}, a={"uniqueItems": True}) == []
    assert len(paths({"a": [1, 1]}, a={"uniqueItems": True})) == 1
    assert paths({"a": [{"n": n} for n in range(101)]}, a={"uniqueItems": True}) == [("a", '"a" must have at most 100 entries, it has 101')]


def test_an_input_has_a_thousand_entries_at_most() -> None:
    assert paths({"a": [0] * 999}, a={}) == []
    assert paths({"a": [[0] * 500] * 2}, a={}) == [("", "the input has more than 1000 entries in all")]


@pytest.mark.parametrize(("value", "count"), [(2, 0), (3, 1), (10**400, 1)])
def test_a_number_of_any_size_is_held_against_multiple_of(value: int, count: int) -> None:
    assert len(paths({"a": value}, a={"multipleOf": 2.0})) == count
