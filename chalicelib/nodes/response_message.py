"""Response message: tell the person who pressed the button something, in the answer of the call.

Messages add up over nodes and workflows of one call, in the order they ran. Where nobody waits (an asynchronous workflow, a manual
run) the node does nothing. It does not end the workflow.
Source: https://docs.nocobase.com/workflow/nodes/response-message
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.template import Template, text_of
from chalicelib.errors import Json
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope, rendered

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {
            "type": "string",
            "minLength": 1,
            "title": "Message",
            "description": "Text with templates: `Sample {{$context.data.title}} was submitted`.",
        },
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The text that was said; None when it came out empty or nobody waits for it."""
    text = _text(rendered(prepared, scope).get("message"))
    return Outcome(status.RESOLVED, text if text and ports.respond(text) else None)


def _text(value: Json) -> str:
    """A message that is one single template gives a value of any type; null, false and 0 say nothing."""
    return "" if isinstance(value, int | float) and not value else text_of(value)


NODE = NodeType("response-message", SCHEMA, run)
