"""Patterns that other people write: only those whose search ends soon, whatever the text.

Python's ``re`` tries one way after another, and some patterns have more ways than there is time: ``^(a+)+$`` on forty letters. Taken is
what has no repeat or choice inside a repeat, looks neither back nor around, and leaves few ways to try: a repeat adds some only where what
comes next could stand inside it. Sources: https://docs.python.org/3.11/library/re.html#regular-expression-syntax,
https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

MOST_PATTERN = 200
MOST_TEXT = 1_000  # characters of a text that a pattern is asked about
MOST_WAYS = 2 * MOST_TEXT**2
OTHER = 128  # stands for every character that is not ASCII
ALL = frozenset(range(OTHER + 1))
CATEGORIES = {
    "CATEGORY_DIGIT": frozenset((*b"0123456789", OTHER)),
    "CATEGORY_SPACE": frozenset((*b" \t\n\r\f\v\x1c\x1d\x1e\x1f", OTHER)),
    "CATEGORY_WORD": frozenset((*(n for n in range(OTHER) if chr(n).isalnum() or chr(n) == "_"), OTHER)),
}
NESTED = "it repeats what holds a repeat or a choice of its own"
REPEATS = ("MAX_REPEAT", "MIN_REPEAT")

Part = tuple[Any, Any]


class _Refused(Exception):
    """Why a pattern is not taken."""


@lru_cache(maxsize=500)
def why_not_pattern(pattern: str) -> str | None:
    """Why the pattern is not taken; ``None`` for one that is."""
    if len(pattern) > MOST_PATTERN:
        return f"it has {len(pattern)} characters, at most {MOST_PATTERN} are taken"
    try:
        parsed = import_module("re._parser").parse(pattern)
        if parsed.state.flags & ~re.UNICODE.value:
            return "it sets flags"
        parts = list(parsed)
        starts = 1 if parts and _is_start(parts[0]) else MOST_TEXT
        runs = MOST_TEXT if any(one.least != one.most for one in _repeats(parts)) else 1
        ways = starts * runs * _ways(parts, frozenset())
    except (re.error, OverflowError, RecursionError) as wrong:
        return f"it is no regular expression: {wrong}"
    except _Refused as refused:
        return str(refused)
    return None if ways <= MOST_WAYS else "it can match the same text in too many ways; begin it with ^ and use fewer repeats side by side"


class _Repeat:
    """``what{min,max}`` of a pattern."""

    def __init__(self, argument: Any) -> None:
        low, high, body = argument
        self.least, self.most, self.body = int(low), max(int(low), min(int(high), MOST_TEXT)), list(body)
        self.is_optional = (self.least, self.most) == (0, 1)


def _name(part: Part) -> str:
    return str(part[0])


def _is_start(part: Part) -> bool:
    return _name(part) == "AT" and str(part[1]) in ("AT_BEGINNING", "AT_BEGINNING_STRING")


def _inner(part: Part) -> list[list[Part]]:
    """What stands inside a part. Raises _Refused for what is not taken at all."""
    name, argument = _name(part), part[1]
    if name == "SUBPATTERN":
        if argument[1] or argument[2]:
            raise _Refused("it sets flags")
        return [list(argument[3])]
    if name == "BRANCH":
        return [list(one) for one in argument[1]]
    if name in REPEATS:
        return [list(argument[2])]
    if name not in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "AT"):
        raise _Refused("it looks back, ahead, or at what it matched before")
    return []


def _repeats(parts: list[Part]) -> Iterator[_Repeat]:
    for part in parts:
        if _name(part) in REPEATS:
            yield _Repeat(part[1])
        for inside in _inner(part):
            yield from _repeats(inside)


def _ways(parts: list[Part], after: frozenset[int]) -> int:
    """In how many ways the parts can match, at most. ``after``: what may come behind them."""
    total = 1
    for part in reversed(parts):
        total *= _ways_of(part, after)
        first, empty = _first([part])
        after = first | after if empty else first
    return total


def _ways_of(part: Part, after: frozenset[int]) -> int:
    name, inside = _name(part), _inner(part)
    if name not in REPEATS:
        return max(1, sum(_ways(one, after) for one in inside))
    repeat = _Repeat(part[1])
    first, empty = _first(repeat.body)
    if not repeat.is_optional and (empty or any(_is_open(one) for one in repeat.body)):
        raise _Refused(NESTED)
    within = _ways(repeat.body, after)
    if repeat.is_optional:
        return within + 1
    return within * (repeat.most - repeat.least + 1 if first & after else 1)


def _is_open(part: Part) -> bool:
    """Whether the part matches texts of different lengths, or one text in different ways."""
    if _name(part) == "BRANCH":
        return True
    if _name(part) in REPEATS and part[1][0] != part[1][1]:
        return True
    return any(_is_open(one) for inside in _inner(part) for one in inside)


def _first(parts: list[Part]) -> tuple[frozenset[int], bool]:
    """The characters that a match may begin with, and whether it may be empty."""
    found: frozenset[int] = frozenset()
    for part in parts:
        characters, empty = _first_of(part)
        found |= characters
        if not empty:
            return found, False
    return found, True


def _first_of(part: Part) -> tuple[frozenset[int], bool]:
    name, inside = _name(part), [_first(one) for one in _inner(part)]
    if name == "AT":
        return frozenset(), True
    if not inside:
        return _characters(part), False
    empty = any(one[1] for one in inside) or (name in REPEATS and int(part[1][0]) == 0)
    return frozenset().union(*(one[0] for one in inside)), empty


def _characters(part: Part) -> frozenset[int]:
    """The characters that a part of one character takes, or more."""
    name, argument = _name(part), part[1]
    if name == "LITERAL":
        return frozenset((min(argument, OTHER),))
    if name == "NOT_LITERAL":
        return ALL - {argument}
    return _members(argument) if name == "IN" else ALL


def _members(members: Any) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    negated = _name(members[0]) == "NEGATE"
    for member in members[negated:]:
        found |= _of_member(_name(member), member[1])
    return ALL - (found - {OTHER}) if negated else found


def _of_member(name: str, argument: Any) -> frozenset[int]:
    if name == "RANGE":
        return frozenset(range(min(argument[0], OTHER), min(argument[1], OTHER) + 1))
    if name == "CATEGORY":
        word = str(argument).replace("NOT_", "")
        return CATEGORIES[word] if "NOT_" not in str(argument) else ALL - (CATEGORIES[word] - {OTHER})
    return frozenset((min(argument, OTHER),))
