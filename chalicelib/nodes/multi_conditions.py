"""Multi-conditions: take the branch of the first of several conditions that holds.

Branch 1 belongs to the first condition, branch 2 to the second; branch 0 is walked when none holds, and the node then fails unless
``continueOnNoMatch``. A branch that ends badly ends the whole execution.
Source: https://docs.nocobase.com/workflow/nodes/multi-conditions
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.condition import CONDITION_ERRORS, PROPERTIES, compile_condition, problems_of_condition
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

MOST_CONDITIONS = 100
TEXT: dict[str, Json] = {"type": ["string", "null"]}

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["conditions"],
    "properties": {
        "conditions": {
            "type": "array",
            "title": "Conditions",
            "description": "Looked at in order; the first that holds decides.",
            "minItems": 1,
            "maxItems": MOST_CONDITIONS,
            "items": {
                "type": "object",
                "properties": {
                    "uid": TEXT | {"title": "Id", "description": "What a form knows the condition by."},
                    "title": TEXT | {"title": "Title", "description": "What people read at the branch."},
                    **PROPERTIES,
                },
            },
        },
        "continueOnNoMatch": {
            "type": "boolean",
            "title": "Continue when none holds",
            "default": False,
            "description": "false: the node fails when none holds, after branch 0. true: the line goes on.",
        },
    },
}


@dataclass(frozen=True)
class Prepared:
    conditions: tuple[Callable[[Scope], Json], ...]
    continue_on_no_match: bool


def prepare(config: dict[str, Json]) -> Prepared:
    return Prepared(tuple(map(compile_condition, config.get("conditions") or ())), bool(config.get("continueOnNoMatch")))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """True with the branch of the first condition that is true, else false with branch 0; ERROR with the text of one that fails.

    ``meta`` is ``{"conditions": [false, true]}``, the outcomes so far."""
    outcomes: list[Json] = []
    for position, evaluate in enumerate(prepared.conditions):
        try:
            value = evaluate(scope)
        except CONDITION_ERRORS as error:
            return Outcome(status.ERROR, str(error), meta={"conditions": outcomes})
        if isinstance(value, str):  # as the model has it: a text is what its evaluators answer a mistake with
            return Outcome(status.ERROR, value, meta={"conditions": outcomes})
        outcomes.append(value)
        if value is True:
            return Outcome(status.RESOLVED, True, branch=position + 1, meta={"conditions": outcomes}, exits_on_failure=True)
    ends_as = status.RESOLVED if prepared.continue_on_no_match else status.FAILED
    return Outcome(ends_as, False, branch=0, meta={"conditions": outcomes}, exits_on_failure=True)


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    conditions = config.get("conditions")
    return [
        problem
        for position, raw in enumerate(conditions if isinstance(conditions, list) else [])
        if isinstance(raw, dict)
        for problem in problems_of_condition(raw, f"{path}.conditions.{position}", definitions.known_nodes, definitions.scopes)
    ]


def last_branch(config: dict[str, Json]) -> int | None:
    """The index of the last condition's branch; nothing where the conditions are still to be written."""
    conditions = config.get("conditions")
    return len(conditions) if isinstance(conditions, list) and conditions else None


NODE = NodeType(
    "multi-conditions",
    SCHEMA,
    run,
    prepare,
    branches=None,
    last_branch=last_branch,
    check=check,
    checks_templates=False,
    testable=True,
)
