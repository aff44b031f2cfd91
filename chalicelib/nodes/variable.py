"""Variable: hold a value for later nodes, or give a variable declared earlier another value.

Without ``target`` the node declares: its result is the value. With ``target`` (an earlier node's key) it assigns: that node's
result becomes the value, and its own too. Source: https://docs.nocobase.com/workflow/nodes/variable
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.template import Template
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope, rendered

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "value": {"title": "Value", "description": "Any value or template."},
        "target": {
            "type": ["string", "null"],
            "title": "Variable to assign",
            "description": "Key of an earlier node that gets the value; none declares a new variable.",
        },
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The value. ERROR with a message when the target has not run."""
    config = rendered(prepared, scope)
    value, target = config.get("value"), config.get("target")
    if target and not ports.assign(target, value):
        return Outcome(status.ERROR, f'node "{target}" has not run, so it cannot be given a value')
    return Outcome(status.RESOLVED, value)


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    target = config.get("target")
    if not isinstance(target, str) or not target or target in definitions.known_nodes:
        return []
    return [Problem(f'node "{target}" does not run before this one, so it cannot be given a value', f"{path}.target")]


NODE = NodeType("variable", SCHEMA, run, check=check)
