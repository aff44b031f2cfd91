"""Patterns of other people: taken only when no text can keep the search busy."""

from __future__ import annotations

import re
import time

import pytest

from chalicelib.domain.patterns import MOST_PATTERN, MOST_TEXT, why_not_pattern

TAKEN = (
    "foo|bar",
    "^.*$",
    r"^\S+$",
    r"\d+",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    r"^[A-Z]{2}-\d{4}$",
    r"^(\+\d{1,3})?[- ]?\d{3,14}$",
    r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    r"^-?\d+(\.\d+)?$",
    r"^(\d{3}-)+\d$",
    "^a*a*b$",
    "^[^a]*b$",
    r"^\w+=\w+$",
)
REFUSED = (
    ("^(a+)+$", "a repeat or a choice"),
    ("^(a|a)*$", "a repeat or a choice"),
    ("^(a|aa)+$", "a repeat or a choice"),
    ("^(a?){30}a{30}$", "a repeat or a choice"),
    ("((){1000}){1000}", "a repeat or a choice"),
    ("(a*)*?", "a repeat or a choice"),
    ("a*a*a*b", "too many ways"),
    ("^a*a*a*b$", "too many ways"),
    ("a?" * 30 + "a" * 30, "too many ways"),
    ("(ab|ab)" * 25 + "$", "too many ways"),
    (r"^.*\d*.*x$", "too many ways"),
    (r"(a)\1", "looks back"),
    ("(?=a)a", "looks back"),
    ("(?<!a)b", "looks back"),
    ("(?>a+)b", "looks back"),
    ("a++b", "looks back"),
    ("(?i)a", "sets flags"),
    ("(?i:a)", "sets flags"),
    ("a" * (MOST_PATTERN + 1), "at most 200"),
    ("[", "no regular expression"),
    ("a{9999999999}", "no regular expression"),
    ("(" * 100 + ")" * 100 + "*", "at most 200"),
)
HOSTILE = ("a", "1", " ", "=", "a@", "ab", "aab", "111.", "111-", "@a.", "\n", "é")


@pytest.mark.parametrize("pattern", TAKEN)
def test_a_pattern_that_is_taken_is_soon_through_with_any_text(pattern: str) -> None:
    assert why_not_pattern(pattern) is None
    for piece in HOSTILE:
        for tail in ("", "!", "@"):
            text = (piece * MOST_TEXT)[: MOST_TEXT - 1] + tail
            began = time.process_time()
            re.search(pattern, text)
            assert time.process_time() - began < 0.5


@pytest.mark.parametrize(("pattern", "why"), REFUSED)
def test_a_pattern_that_could_blow_up_is_refused_with_the_reason(pattern: str, why: str) -> None:
    assert why in (why_not_pattern(pattern) or "")
