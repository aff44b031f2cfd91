"""Dynamic calculation: evaluate an expression that a record holds, against an object that the workflow chooses.

The record is ``{"engine": "jsonata", "expression": "price * amount"}``; names in it are fields of ``scope``. It sees nothing else of
the run, since records are written by more people than workflows are.
Source: https://docs.nocobase.com/workflow/nodes/dynamic-calculation
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.evaluation import evaluate_stored
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.template import Template
from chalicelib.errors import Json
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope, rendered

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "expression": {
            "type": ["string", "object", "null"],
            "title": "Expression",
            "description": "A record `{engine, expression}`, usually a template such as `{{$jobsMapByNodeKey.rule}}`.",
        },
        "scope": {"title": "Variables", "description": "The object whose fields the expression names, such as `{{$context.data}}`."},
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The value, null without an expression; ERROR with the text when it is wrong or fails on its data."""
    try:
        config = rendered(prepared, scope)
        return Outcome(status.RESOLVED, evaluate_stored(config.get("expression"), config.get("scope")))
    except ExpressionError as error:
        return Outcome(status.ERROR, str(error))


NODE = NodeType("dynamic-calculation", SCHEMA, run, testable=True)
