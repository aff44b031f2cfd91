"""The actions that every collection and every association has, as the OpenAPI document describes them.

Source: https://docs.nocobase.com/api/http
"""

from __future__ import annotations

from chalicelib.services.openapi_action import (
    KEYED,
    LATER,
    LIST,
    MOVING,
    READ,
    SHOWN,
    SPILLING,
    TRIGGERING,
    WRITE,
    Action,
    anything,
    count,
    made,
    made_or_rows,
    nothing,
    one,
    page,
    rows,
    triggered,
)

# ``target`` here says only that there is an id; its type is the collection's.
_ID = "id"
_VALUES = ("updateAssociationValues",)
_SAVING = (*_VALUES, "boundWorkflows")
_CREATING = (*WRITE, "422")
COLLECTION_ACTIONS: tuple[Action, ...] = (
    Action("list", "Records", page, ".read", parameters=(*LIST, "cursor", "actions"), refusals=READ),
    Action("get", "One record", one, ".read", target=_ID, parameters=SHOWN, refusals=READ, etag=True),
    Action(
        "create",
        "Make a record",
        made,
        ".read",
        ".create",
        parameters=(*_SAVING, *SPILLING),
        refusals=(*_CREATING, "504"),
        etag=True,
        needs="create",
        about="The answer is the record made, with the associated records that were made with it.",
    ),
    Action(
        "update",
        "Change a record",
        rows,
        ".read",
        ".update",
        _ID,
        (*_SAVING, "If-Match", *SPILLING),
        (*_CREATING, "412", "504"),
        etag=True,
        needs="update",
    ),
    Action(
        "firstOrCreate",
        "Find a record or make it",
        made,
        ".read",
        ".create",
        parameters=("filterKeys", *_VALUES, *KEYED),
        refusals=_CREATING,
        etag=True,
        needs="create",
    ),
    Action(
        "updateOrCreate",
        "Change a record or make it",
        made_or_rows,
        ".read",
        ".create",
        parameters=("filterKeys", *_VALUES, *KEYED),
        refusals=_CREATING,
        etag=True,
        needs="create",
    ),
    Action("move", "Move a record in the order of a sort field", anything, parameters=MOVING, needs="update"),
    Action(
        "destroy",
        "Remove a record",
        count,
        target=_ID,
        parameters=KEYED,
        refusals=_CREATING,
        needs="destroy",
        about="The answer is how many records were removed: 1 or 0.",
    ),
    Action(
        "trigger",
        "Start workflows on a record",
        triggered,
        body="Context",
        target=_ID,
        parameters=("triggerWorkflows", *LATER),
        refusals=TRIGGERING,
        needs="trigger",
    ),
)
TRIGGER_WITHOUT_ID = Action(
    "trigger",
    "Start workflows on several records, or on the body",
    triggered,
    body="Context",
    parameters=("triggerWorkflows", "filterByTk", *LATER),
    refusals=TRIGGERING,
    needs="triggerNew",
)

ASSOCIATION_ACTIONS: tuple[Action, ...] = (
    Action("list", "Associated records", page, ".read", parameters=(*LIST, "cursor"), refusals=READ),
    Action("get", "One associated record", one, ".read", target=_ID, parameters=SHOWN, refusals=READ, etag=True),
    Action(
        "create",
        "Make an associated record",
        made,
        ".read",
        ".create",
        parameters=(*_SAVING, *SPILLING),
        refusals=(*_CREATING, "504"),
        etag=True,
        needs="create",
    ),
    Action(
        "update",
        "Change an associated record",
        rows,
        ".read",
        ".update",
        _ID,
        (*_SAVING, *SPILLING),
        (*_CREATING, "504"),
        needs="update",
    ),
    Action(
        "destroy",
        "Remove an associated record for good",
        count,
        target=_ID,
        parameters=KEYED,
        refusals=_CREATING,
        needs="destroy",
    ),
    Action("add", "Link records", nothing, body="Links", parameters=KEYED, refusals=_CREATING),
    Action("set", "Link these records and no others", nothing, body="Links", parameters=KEYED, refusals=_CREATING),
    Action("remove", "Unlink records", nothing, body="Links", parameters=KEYED, refusals=_CREATING),
    Action("toggle", "Link what is not linked, unlink what is", nothing, body="Links", parameters=KEYED, refusals=_CREATING),
    Action(
        "trigger",
        "Start workflows on an associated record",
        triggered,
        body="Context",
        target=_ID,
        parameters=("triggerWorkflows", *SPILLING),
        refusals=TRIGGERING,
        needs="trigger",
    ),
)
