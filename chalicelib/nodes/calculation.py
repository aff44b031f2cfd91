"""Calculation: work out a value from those of earlier nodes and of the trigger.

Source: https://docs.nocobase.com/workflow/nodes/calculation
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain import status
from chalicelib.domain.evaluation import compile_evaluation, problems_of_evaluation
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "engine": {
            "type": ["string", "null"],
            "title": "Engine",
            "default": "jsonata",
            "description": "`jsonata`: an expression. `string`: a text with templates.",
        },
        "expression": {
            "type": ["string", "null"],
            "title": "Expression",
            "description": "`$context.data.price * 1.19`, or with braces: `{{$context.data.price}} * 1.19`. Empty gives null.",
        },
    },
}


def prepare(config: dict[str, Json]) -> Callable[[Scope], Json]:
    return compile_evaluation(config.get("engine"), config.get("expression"))


def run(prepared: Callable[[Scope], Json], scope: Scope, ports: Ports) -> Outcome:
    """The value; ERROR with the text when the expression fails on its data."""
    try:
        return Outcome(status.RESOLVED, prepared(scope))
    except ExpressionError as error:
        return Outcome(status.ERROR, str(error))


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    paths = (f"{path}.engine", f"{path}.expression")
    engine, expression = config.get("engine"), config.get("expression")
    return problems_of_evaluation(engine, expression, paths, definitions.known_nodes, definitions.scopes)


NODE = NodeType("calculation", SCHEMA, run, prepare, check=check, checks_templates=False, testable=True)
