"""IAM in a few lines: whether the statements of a role let it do something, and which of them do.

Knows the conditions that the template has, and fails on any other. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

Json = Any


@dataclass(frozen=True)
class Need:
    """One thing that a call needs a right for; ``context``: what conditions ask of, by their names."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = field(default=())


class Grant(NamedTuple):
    """One action on one resource, as a statement allows it."""

    action: str
    resource: str
    sid: str


def grants(statements: Sequence[Json]) -> Iterator[Grant]:
    for statement in statements:
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                yield from (Grant(action, resource, statement["Sid"]) for resource in statement["Resource"])


def allowing(statements: Sequence[Json], need: Need) -> set[Grant]:
    """The grants by which the need is met: none when nothing allows it, or something denies it."""
    fitting = [statement for statement in statements if _fits(statement, need)]
    if any(statement["Effect"] == "Deny" for statement in fitting):
        return set()
    return {grant for grant in grants(fitting) if grant.action == need.action and fnmatchcase(need.resource, grant.resource)}


def _fits(statement: Json, need: Need) -> bool:
    is_of_it = need.action in statement["Action"] and any(fnmatchcase(need.resource, resource) for resource in statement["Resource"])
    return is_of_it and all(_holds(test, asked, need) for test, asked in statement.get("Condition", {}).items())


def _holds(test: str, asked: dict[str, Json], need: Need) -> bool:
    given = dict(need.context)
    for name, wanted in asked.items():
        patterns = wanted if isinstance(wanted, list) else [wanted]
        if test in ("StringEquals", "Bool"):
            fits = given.get(name) in patterns
        else:
            assert test == "ForAnyValue:StringLike", test
            fits = name in given and any(fnmatchcase(given[name], pattern) for pattern in patterns)
        if not fits:
            return False
    return True
