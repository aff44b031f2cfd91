"""Names of states: what people called their nodes, cut and cleaned until the language takes them, and never twice."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.asl.names import LONGEST, REFUSED, Names


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Wait a day", "Wait a day"),
        ("  Wait \t a\nday ", "Wait a day"),
        ("50% of $total; ask #legal?", "50 of total ask legal"),
        ("审批", "审批"),
        ("", "State"),
        ('"*?<>{}[]', "State"),
    ],
)
def test_a_title_becomes_what_the_language_takes(title: str, name: str) -> None:
    assert Names().take(title) == name


def test_a_title_that_is_taken_gets_a_number() -> None:
    names = Names()
    assert [names.take("Wait") for _ in range(3)] == ["Wait", "Wait (2)", "Wait (3)"]


def test_long_titles_are_cut_and_still_told_apart() -> None:
    names = Names()
    first, second = names.take("x" * 100), names.take("x" * 100)
    assert (len(first), len(second)) == (LONGEST, LONGEST)
    assert second.endswith(" (2)")


def test_a_number_that_somebody_wrote_is_not_given_twice() -> None:
    names = Names()
    assert [names.take(title) for title in ("A (2)", "A", "A")] == ["A (2)", "A", "A (3)"]


@given(st.lists(st.text(max_size=120), max_size=30))
def test_no_two_names_are_equal_and_each_may_be_used(titles: list[str]) -> None:
    names = Names()
    taken = [names.take(title) for title in titles]
    assert len(set(taken)) == len(titles)
    for name in taken:
        assert 1 <= len(name) <= LONGEST
        assert name.strip() == name
        assert not REFUSED.search(name)
        assert not [character for character in name if unicodedata.category(character) == "Cc"]
