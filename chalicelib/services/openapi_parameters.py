"""What the OpenAPI document says the same for every installation of what surrounds a body: parameters, headers, refusals, who may call.

Source: https://spec.openapis.org/oas/v3.1.0#components-object
"""

from __future__ import annotations

from chalicelib.domain.query import MAX_PAGE_SIZE
from chalicelib.services.later_calls import STATES
from chalicelib.services.moves import METHODS
from chalicelib.services.openapi_schemas import ID_SCHEMAS, Schema, array_of, reference
from chalicelib.services.openapi_shapes import NAME, TEXT, WHOLE

# Status → name of the response and what it means.
REFUSALS: dict[str, tuple[str, str]] = {
    "400": ("Invalid", "The request is wrong: one error per mistake; or a workflow ended as failed: `data` is the record if written."),
    "401": ("Unauthenticated", "No valid token: sign in."),
    "403": ("Forbidden", "The role may not do this."),
    "404": ("NotFound", "The collection, action, record or workflow is not there."),
    "409": ("Conflict", "Somebody else changed the same data first; nothing was written (but `data`, where there is one)."),
    "412": ("PreconditionFailed", "`If-Match` names another version; `data` is the record, or the definition, as it is now."),
    "413": ("TooLarge", "The body or the record is over its limit."),
    "422": ("Unprocessable", "The `Idempotency-Key` was used for another request."),
    "429": ("TooManyAttempts", "Too many failed sign-ins with this account."),
    "500": ("Failed", "A workflow broke (`WORKFLOW_FAILED`; `data` is the record if it was written), or the server did (`INTERNAL`)."),
    "503": ("Unavailable", "The database gave no answer; `data` is the record if it was written."),
    "504": ("DeadlineExceeded", "The call ran out of its time; `data` is the record if it was written."),
}


def component_parameters() -> dict[str, Schema]:
    """Parameters by their name in the document; ids by ``id.<type of the ids>``."""
    query: dict[str, tuple[Schema, str]] = {
        "filter": (TEXT, 'JSON: `{"title": {"$eq": "A"}}`. Nested brackets (`filter[title][$eq]=A`) say the same.'),
        "fields": (TEXT, "Fields to show, with commas between them."),
        "except": (TEXT, "Fields to leave out."),
        "appends": (TEXT, "Associations to expand, at most three levels: `category,category.parent`."),
        "sort": (TEXT, "Fields to sort by; `-` before one sorts descending: `-createdAt,title`."),
        "page": ({"type": "integer", "minimum": 1, "default": 1}, "Which page, from 1."),
        "pageSize": ({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 20}, "Records per page."),
        "paginate": ({"type": "boolean", "default": True}, "false: everything, without `meta`."),
        "cursor": (TEXT, "`meta.cursor` of the page before."),
        "updateAssociationValues": (TEXT, "Associations that may be written through, with commas between them."),
        "triggerWorkflows": (TEXT, "Keys of workflows, `key` or `key!association`, with commas between them; at most 10."),
        "runAt": (TEXT, "Nothing runs now; it runs once at this date and time, which lies within a year."),
        "timezone": (TEXT, "Where `runAt` is read when it has no offset, such as `Europe/Berlin`."),
        "dryRun": ({"enum": [0, 1]}, "1: nothing is written or sent; `meta.dryRun` says what would have been."),
        "state": ({"enum": list(STATES)}, "Only those in this state."),
        "userId": (TEXT, "For root, and who manages users: whose they are, instead of one's own."),
        "collection": (TEXT, "The collection whose actions are asked for; without it those of none."),
        "actions": ({"enum": [0, 1]}, "1: `meta.actions` and `meta.records` say what may be done; at most 90 records."),
        "each": ({"enum": [0, 1]}, "1: `meta.records` says for each record by itself what may be done."),
        "filterKeys": (TEXT, "Fields that a record is recognised by, with commas between them; the body has their values."),
        "sourceId": (TEXT, "The record to move."),
        "targetId": (TEXT, "The record that it takes the place of."),
        "sortField": (TEXT, "The field of type `sort`."),
        "sticky": ({"type": "boolean"}, "true: to the top."),
        "method": ({"enum": list(METHODS)}, "Where beside the target."),
        "autoRevision": ({"enum": [0, 1]}, "1: a version that has run gets a new one at once."),
        "keepBranch": (WHOLE, "Index of a branch that takes the place of the removed node."),
    }
    headers: dict[str, tuple[Schema, str]] = {
        "X-Role": (NAME, "The role to act in, one of the user's own or `__union__`; without it the default role."),
        "X-Timezone": (TEXT, "For relative dates in filters: `+08:00` or `Europe/Berlin`; anything else means UTC."),
        "Idempotency-Key": (
            {"type": "string", "minLength": 1, "maxLength": 255},
            "The same key and request answer as the first time, for a day.",
        ),
        "If-Match": (TEXT, "ETags of the versions that may be changed; a workflow's, node's or action's is its `updatedAt` in quotes."),
        "Prefer": (TEXT, "`wait=<seconds>`: how long a workflow with `options.spillToAsync` may keep the answer waiting."),
    }
    found = {name: _parameter(name, "query", *about) for name, about in query.items()}
    found |= {name: _parameter(name, "header", *about) for name, about in headers.items()}
    for name in ("triggerWorkflows", "filterKeys"):
        found[name]["required"] = True
    ids = array_of({"type": ["integer", "string"]})
    after = "Keys of post-action workflows that run after it, `key` or `key!association`, with commas between them; at most 10."
    found["boundWorkflows"] = _parameter("triggerWorkflows", "query", TEXT, after)
    found["filterByTk"] = _parameter("filterByTk[]", "query", ids, "Ids of several records. Wins over an id in the path.")
    for kind, schema in ID_SCHEMAS.items():
        for name in ("id", "associationId"):
            found[f"{name}.{kind}"] = _parameter(name, "path", schema, "") | {"required": True}
    return found


def _parameter(name: str, place: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": place, "schema": schema} | ({"description": description} if description else {})


def component_responses() -> dict[str, Schema]:
    content = {"application/json": {"schema": reference("Errors")}}
    retry = {"Retry-After": {"schema": TEXT, "description": "Seconds to wait."}}
    found: dict[str, Schema] = {name: {"description": text, "content": content} for name, text in REFUSALS.values()}
    for name in ("Conflict", "TooManyAttempts", "Unavailable"):
        found[name]["headers"] = retry
    found["Other"] = {"description": "What the gateway refuses before it asks (405, 413, 429 …).", "content": content}
    return found


SECURITY_SCHEMES: Schema = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of `auth:signIn`, or an API key. An answer may bring a newer token in the header `x-new-token`.",
    },
    "token": {"type": "apiKey", "in": "query", "name": "token", "description": "The same token, where no header can be sent."},
}
