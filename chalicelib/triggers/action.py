"""Post-action event: a call that created or updated a record starts a workflow with that record.

A *local* workflow starts when the call names its key in ``triggerWorkflows``; a *global* one on every call of its ``actions``. With
``key!category`` the workflow gets the associated record and is bound to its collection. The record is written first and stays when the
workflow fails, unless ``atomic`` makes both one transaction. Source: https://docs.nocobase.com/workflow/triggers/post-action
"""

from __future__ import annotations

from chalicelib.domain.references import FindCollection, problems_of_appends
from chalicelib.errors import Json, Problem
from chalicelib.triggers.base import APPENDS, TriggerType, watched

POST_ACTION = "action"
ACTIONS = ("create", "update")

COLLECTION: dict[str, Json] = {
    "type": "string",
    "minLength": 1,
    "title": "Collection",
    "description": "The collection of the records that the workflow gets.",
}
GLOBAL: dict[str, Json] = {
    "type": ["boolean", "null"],
    "title": "Global",
    "description": "true: starts on every call of `actions`. false: only when a call names the workflow in `triggerWorkflows`.",
}

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["collection"],
    "properties": {
        "collection": COLLECTION,
        "global": GLOBAL,
        "actions": {
            "type": ["array", "null"],
            "items": {"enum": list(ACTIONS)},
            "title": "Actions",
            "description": "Global mode: which calls start it, `create`, `update` or both.",
        },
        "appends": APPENDS,
        "atomic": {
            "type": ["boolean", "null"],
            "title": "All or nothing",
            "description": "Synchronous workflows: the record and what the workflow writes are one transaction; when the workflow fails, "
            "nothing is written.",
        },
    },
}


def check(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    """A collection that is not there, associations that it does not have."""
    collection, found = watched(config, path, find)
    if collection is None:
        return found
    return problems_of_appends(config.get("appends"), collection, f"{path}.appends", find)


TRIGGER = TriggerType(POST_ACTION, SCHEMA, check)
