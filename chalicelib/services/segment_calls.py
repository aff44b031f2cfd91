"""What a state machine passes to the functions that it calls, checked: who calls one by hand is told everything that is wrong.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html (an error is answered by its class and message)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.errors import Invalid, Json, Problem
from chalicelib.services.call import kind_of

SEGMENT = 'the event is {"executionId", "attempt", "straight"?, "node"?, "mark"?}'
WAIT = 'the event is {"executionId", "attempt", "signals", "token"}'


class Attempt(NamedTuple):
    """Which attempt of which execution calls."""

    execution_id: int
    attempt: int


def segment_of(event: Json) -> Attempt:
    """Raises Invalid with every mistake."""
    _check(event, {"executionId": 1, "attempt": 1}, {"straight": False, "node": False}, SEGMENT)
    return Attempt(int(event["executionId"]), int(event["attempt"]))


def wait_of(event: Json) -> Attempt:
    """Raises Invalid with every mistake."""
    _check(event, {"executionId": 1, "attempt": 1, "signals": 0}, {"token": True}, WAIT)
    return Attempt(int(event["executionId"]), int(event["attempt"]))


def _check(event: Json, numbers: dict[str, int], texts: dict[str, bool], form: str) -> None:
    """``numbers`` by their least value; ``texts``: whether they are required."""
    if not isinstance(event, dict):
        raise Invalid(f"{form}; this is {kind_of(event)}", path="event")
    found = [*_wrong_numbers(event, numbers), *_wrong_texts(event, texts)]
    if found:
        raise Invalid.of([*found, Problem(form, "event")])


def _wrong_numbers(event: dict[str, Json], numbers: dict[str, int]) -> Iterator[Problem]:
    for name, least in numbers.items():
        value = event.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, str) and value.isascii() and value.isdigit()):
            yield Problem(f'"{name}" must be a whole number, not {kind_of(value)}', name)
        elif int(value or 0) < least:
            yield Problem(f'"{name}" must be at least {least}', name)


def _wrong_texts(event: dict[str, Json], texts: dict[str, bool]) -> Iterator[Problem]:
    for name, required in texts.items():
        value = event.get(name)
        if (value is not None or required) and (not isinstance(value, str) or not value):
            yield Problem(f'"{name}" must be text, not {kind_of(value) if value != "" else "empty"}', name)
