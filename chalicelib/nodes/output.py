"""Output: give the workflow a result, which its execution keeps and a calling workflow gets.

Several outputs may run; the last one wins. Source: https://docs.nocobase.com/workflow/nodes/output
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.template import Template
from chalicelib.errors import Json
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope, rendered

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "value": {"title": "Value", "description": "Any value or template: text, a number, an object, `{{$context.data}}`."},
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The value, which is now the execution's output."""
    value = rendered(prepared, scope).get("value")
    ports.set_output(value)
    return Outcome(status.RESOLVED, value)


NODE = NodeType("output", SCHEMA, run)
