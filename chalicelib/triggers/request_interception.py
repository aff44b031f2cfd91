"""Pre-action event: a workflow that runs before the action of a call, and may stop it.

It sees what the call asks for (``$context.params``: ``filterByTk``, ``filter``, ``values``). An ``end`` node or a failure keeps the action
from being done; otherwise it is done, in one transaction with what the workflow wrote. Always synchronous. A local one starts on any action
that names it in ``triggerWorkflows``; a global one on its ``actions``. Source: https://docs.nocobase.com/workflow/triggers/pre-action
"""

from __future__ import annotations

from chalicelib.domain.references import FindCollection
from chalicelib.errors import Json, Problem
from chalicelib.triggers.action import COLLECTION, GLOBAL
from chalicelib.triggers.base import TriggerType, watched

PRE_ACTION = "request-interception"
ACTIONS = ("create", "update", "updateOrCreate", "destroy")

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["collection"],
    "properties": {
        "collection": COLLECTION,
        "global": GLOBAL,
        "actions": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "title": "Actions",
            "description": "Global mode: which actions it intercepts, of `create`, `update`, `updateOrCreate` and `destroy`.",
        },
    },
}


def check(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    """A collection that is not there; in global mode actions that are missing or cannot be intercepted."""
    _, found = watched(config, path, find)
    if config.get("global") is not True:
        return found
    actions = config.get("actions")
    known = f"of {', '.join(ACTIONS)}"
    if not actions:
        return [*found, Problem(f"a global workflow needs at least one action {known}", f"{path}.actions")]
    wrong = [number for number, action in enumerate(actions) if action not in ACTIONS] if isinstance(actions, list) else []
    return found + [Problem(f'"{actions[number]}" is none {known}', f"{path}.actions.{number}") for number in wrong]


TRIGGER = TriggerType(PRE_ACTION, SCHEMA, check, always_sync=True)
