"""What can befall the calls of a run: every call has a number and a kind, and a plan says which of them fail, and how."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Plan = Mapping[int, str | int]  # by the number of the call: a way, or which of those that its kind has
Ways = Mapping[str, Sequence[str]]  # by the kind of the call: how it can fail
LATE = {"late": 2, "later": 3}  # after how many further writes it arrives
BEYOND = 10  # a plan may name calls that only a run in trouble makes


class Crash(BaseException):
    """The process is gone, in the middle of what it did; nothing in between may swallow this."""


class Trouble:
    """Counts the calls, in ``kinds``, and tells what the plan has for each; ``befell`` are the numbers of those that met something."""

    def __init__(self, ways: Ways, plan: Plan | None = None) -> None:
        self.ways = ways
        self.plan: Plan = plan or {}
        self.kinds: list[str] = []
        self.befell: list[int] = []
        self._late: list[tuple[Callable[[], Any], int]] = []

    def next(self, kind: str) -> str | None:
        """What befalls the call that is made now, ``None`` for nothing. Writes that were held back arrive before later ones."""
        number = len(self.kinds)
        planned = self.plan.get(number)
        way = self.ways[kind][planned % len(self.ways[kind])] if isinstance(planned, int) else planned
        self.kinds.append(kind)
        if kind == "write":
            self._arrive()
        if way not in self.ways[kind]:
            return None
        self.befell.append(number)
        return way

    def hold_back(self, way: str, call: Callable[[], Any]) -> None:
        """A write that nobody heard of may come after those that were sent in its place."""
        self._late.append((call, self.kinds.count("write") + LATE[way]))

    def _arrive(self) -> None:
        due = [call for call, number in self._late if number <= self.kinds.count("write")]
        self._late = [(call, number) for call, number in self._late if call not in due]
        for call in due:
            call()

    def befell_a(self, kind: str) -> bool:
        return any(self.kinds[number] == kind for number in self.befell)


def singles(kinds: Sequence[str], ways: Ways) -> list[Plan]:
    """Every call fails in every way, once."""
    return [{number: way} for number, kind in enumerate(kinds) for way in ways[kind]]


def pairs(kinds: Sequence[str], count: int, dice: random.Random) -> Iterator[Plan]:
    """Two calls fail, drawn anew each time."""
    for _ in range(count):
        yield {number: dice.randrange(1_000) for number in dice.sample(range(len(kinds) + BEYOND), 2)}
