"""Drives a node that steers its branches, as an engine does: what it asks for, answered with statuses of the test's choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chalicelib.errors import Json
from chalicelib.nodes.base import Branch, Control, NodeType, Outcome
from tests.unit.nodes.fakes import FakePorts, scope_of


@dataclass
class Steered:
    """``asked``: the branches that were walked, in order."""

    outcome: Outcome
    asked: list[Branch] = field(default_factory=list)

    @property
    def indexes(self) -> list[int]:
        return [branch.index for branch in self.asked]


def steer(
    node: NodeType,
    config: dict[str, Json],
    statuses: Iterable[int] = (),
    *,
    branches: tuple[int, ...] = (0,),
    data: Json = None,
    so_far: Json = None,
) -> Steered:
    """The n-th branch that is walked ends with the n-th status; a walk more than there are statuses fails the test."""
    assert node.steer is not None
    scope, left, asked = scope_of(data), iter(statuses), list[Branch]()

    def look(variables: dict[str, Json] | None) -> dict[str, Json]:
        return scope if variables is None else scope | {"$scopes": {"loop": variables}}

    control = node.steer(node.prepare(config), look, FakePorts(), branches, so_far)
    outcome = _walk(control, asked, left)
    assert isinstance(outcome, Outcome), "a branch more than expected was walked"
    return Steered(outcome, asked)


def _walk(control: Control, asked: list[Branch], left: Iterator[int]) -> Outcome | None:
    try:
        asked.append(next(control))
        while True:
            asked.append(control.send(next(left)))
    except StopIteration as stop:
        outcome: Outcome | None = stop.value
        return outcome
