"""Condition: go on only when something holds, or take one of two branches.

The result is true or false; branch 1 is walked when it is true, branch 0 when it is false, then the line goes on. With
``rejectOnFalse`` a false condition fails the node. An expression that gives neither true nor false walks no branch.
Source: https://docs.nocobase.com/workflow/nodes/condition
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.condition import CONDITION_ERRORS, PROPERTIES, compile_condition, problems_of_condition
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["rejectOnFalse"],
    "properties": {
        "rejectOnFalse": {
            "type": "boolean",
            "title": "Fail when false",
            "description": "true: a false condition fails the node and with it the workflow. false: both results go on.",
        },
        **PROPERTIES,
    },
}


@dataclass(frozen=True)
class Prepared:
    evaluate: Callable[[Scope], Json]
    reject_on_false: bool


def prepare(config: dict[str, Json]) -> Prepared:
    return Prepared(compile_condition(config), bool(config.get("rejectOnFalse")))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """The value, with the branch of true or false; FAILED when nothing holds and that is to be rejected; ERROR with the text."""
    try:
        value = prepared.evaluate(scope)
    except CONDITION_ERRORS as error:
        return Outcome(status.ERROR, str(error))
    if not value and prepared.reject_on_false:
        return Outcome(status.FAILED, value)
    return Outcome(status.RESOLVED, value, branch=int(value) if isinstance(value, bool) else None)


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    return problems_of_condition(config, path, definitions.known_nodes, definitions.scopes)


NODE = NodeType("condition", SCHEMA, run, prepare, branches={1: "true", 0: "false"}, check=check, checks_templates=False, testable=True)
