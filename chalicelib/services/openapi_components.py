"""What the OpenAPI document says the same for every installation: errors, envelopes, parameters, headers, and the system's own records.

Source: https://spec.openapis.org/oas/v3.1.0#components-object
"""

from __future__ import annotations

from chalicelib.domain.action import MULTIPLE, NONE, PARTS, SHOWN, SINGLE
from chalicelib.domain.query import MAX_PAGE_SIZE
from chalicelib.domain.role import AREAS
from chalicelib.domain.system_collections import (
    ACTIONS,
    API_KEYS,
    ROLES,
    USERS,
    WORKFLOW_CATEGORIES,
    WORKFLOW_CC_TASKS,
    WORKFLOW_MANUAL_TASKS,
    WORKFLOWS,
)
from chalicelib.engine.policy_validation import policy_properties
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import NodeType
from chalicelib.services.action_results import SCHEMA as RESULT
from chalicelib.services.audit_logs import SHOWN as AUDIT_ENTRY
from chalicelib.services.executions import EXECUTION, JOB
from chalicelib.services.later_calls import STATES
from chalicelib.services.moves import METHODS
from chalicelib.services.openapi_bodies import body_schemas
from chalicelib.services.openapi_schemas import ID_SCHEMAS, Schema, array_of, or_null, read_schema, record, reference
from chalicelib.services.openapi_shapes import ANY, DRY_RUN, FLAG, ID, NAME, NULLABLE_TEXT, TEXT, WHOLE
from chalicelib.triggers import TRIGGER_TYPES

# Status → name of the response and what it means.
REFUSALS: dict[str, tuple[str, str]] = {
    "400": ("Invalid", "The request is wrong: one error per mistake; or a workflow ended as failed: `data` is the record if written."),
    "401": ("Unauthenticated", "No valid token: sign in."),
    "403": ("Forbidden", "The role may not do this."),
    "404": ("NotFound", "The collection, action, record or workflow is not there."),
    "409": ("Conflict", "Somebody else changed the same data first; nothing was written."),
    "412": ("PreconditionFailed", "`If-Match` names another version; `data` is the record, or the definition, as it is now."),
    "413": ("TooLarge", "The body or the record is over its limit."),
    "422": ("Unprocessable", "The `Idempotency-Key` was used for another request."),
    "429": ("TooManyAttempts", "Too many failed sign-ins with this account."),
    "500": ("Failed", "A workflow broke (`WORKFLOW_FAILED`; `data` is the record if it was written), or the server did (`INTERNAL`)."),
    "503": ("Unavailable", "The database gave no answer."),
    "504": ("DeadlineExceeded", "The call ran out of its time."),
}


def component_schemas() -> dict[str, Schema]:
    """Every schema that does not depend on the collections."""
    return {**_envelopes(), **_records(), **body_schemas(), **_configs()}


def _available() -> Schema:
    """An action as it is offered, with whether it may be pressed and why not."""
    shown = dict.fromkeys(("label", "color", "icon", "collection", "confirm"), NULLABLE_TEXT) | {
        "name": TEXT,
        "context": {"enum": [NONE, SINGLE, MULTIPLE]},
        "placement": {"enum": ["toolbar", "row", "details", "form"]},
        "kind": {"enum": list(PARTS)},
        "form": {"type": ["object", "null"]},
        "sort": {"type": ["number", "null"]},
    }
    found: Schema = record(shown | {"enabled": {"type": "boolean"}, "reason": TEXT, "code": TEXT}, (*SHOWN, "enabled"))
    return found


def _envelopes() -> dict[str, Schema]:
    summary = record({"id": ID, "key": TEXT, "status": or_null(WHOLE), "spilled": {"const": True}}, ("key", "status"))
    summary["description"] = "Without `id` in a dry run."
    skipped = record({"key": TEXT, "code": TEXT, "message": TEXT}, ("key", "code", "message"))
    page = record(
        {
            **dict.fromkeys(("count", "page", "pageSize", "totalPage", "countAtLeast"), WHOLE),
            "hasNext": {"type": "boolean"},
            "cursor": NULLABLE_TEXT,
            "plan": {"type": "object"},
            "actions": array_of(reference("AvailableAction")),
            "records": {"type": "object", "additionalProperties": array_of(reference("OfferedAction"))},
        },
        ("page", "pageSize"),
    )
    return {
        "Error": record({"message": TEXT, "code": TEXT, "path": TEXT}, ("message",)),
        "Errors": record({"errors": array_of(reference("Error")) | {"minItems": 1}, "meta": {"type": "object"}, "data": ANY}, ("errors",)),
        "Message": record({"message": TEXT}, ("message",)),
        "Page": page | {"description": "`count` and `totalPage` where the number is known, else `hasNext`, `cursor` and `countAtLeast`."},
        "Triggered": record(
            {
                "executions": array_of(summary),
                "skipped": array_of(skipped),
                "missing": array_of({"type": ["integer", "string"]}),
                "scheduled": record({"id": ID, "runAt": TEXT}, ("runAt",)),
                "dryRun": DRY_RUN,
            },
            ("executions",),
        ),
        "Link": {"type": ["integer", "string", "object"], "description": "An id, an object with the key, or the values of a new record."},
        "Links": {"anyOf": [array_of(reference("Link")), {"type": "object"}], "description": 'Ids: `[1, 2]` or `[{"id": 1}]`.'},
    }


def _records() -> dict[str, Schema]:
    user = read_schema(USERS, (), closed=False)
    may: Schema = {"type": "object", "additionalProperties": {"type": ["array", "null"], "items": TEXT}}
    role, workflow = read_schema(ROLES, (), closed=False), read_schema(WORKFLOWS, (), closed=False)
    role["properties"] |= {name: ANY for name in ("description", "default", "hidden")}  # kept as they came
    workflow["properties"] |= {"config": {"type": "object"}, "options": {"type": "object"}, "executed": WHOLE, "allExecuted": WHOLE}
    workflow["properties"] |= {name: {"type": "boolean"} for name in ("enabled", "sync", "invalid")}
    workflow["properties"] |= {"nodes": array_of(reference("Node")), "stats": {"type": "object"}, "versionStats": {"type": "object"}}
    job, execution = read_schema(JOB, (), closed=False), read_schema(EXECUTION, (), closed=False)
    execution["properties"] |= {"jobs": array_of(reference("Job")), "workflow": {"type": ["object", "null"]}, "messages": array_of(TEXT)}
    times = {
        "createdAt": {"type": ["string", "null"], "format": "date-time"},
        "updatedAt": {"type": ["string", "null"], "format": "date-time"},
    }
    place = {"upstreamId": or_null(WHOLE), "downstreamId": or_null(WHOLE), "branchIndex": or_null(WHOLE)}
    content = {"id": ID, "key": TEXT, "type": TEXT, "title": NULLABLE_TEXT, "config": {"type": ["object", "null"]}, "workflowId": ID}
    field = {"key": TEXT, "name": TEXT, "type": TEXT, "collectionName": TEXT, "options": ANY}
    return {
        "User": user,
        "users.read": user,
        "CurrentUser": user | {"properties": user["properties"] | {"roles": array_of(reference("Role")), "currentRole": TEXT}},
        "SignedIn": record({"user": reference("User"), "token": TEXT}, ("user", "token")),
        "Role": role,
        "Permissions": record(
            {
                "role": TEXT,
                "roles": array_of(TEXT),
                "allowAll": {"type": "boolean"},
                "strategy": {"type": ["object", "null"]},
                "snippets": array_of(TEXT),
                "stockRoles": array_of(TEXT),
            },
            ("role", "roles", "allowAll"),
        ),
        "Resource": record({"name": TEXT, "usingActionsConfig": FLAG, "actions": array_of(reference("ResourceAction"))}, ("name",)),
        "Collection": record({"key": TEXT, "name": TEXT, "title": NULLABLE_TEXT, "fields": array_of(reference("Field"))}),
        "Field": record(field, ("name", "type")),
        "Workflow": workflow,
        "Node": record(content | place | times, ("id", "key", "type")),
        "Job": job,
        "Execution": execution,
        "ExecutionChanged": record(
            {"id": ID, "status": or_null(WHOLE), "reason": TEXT, "attempt": WHOLE, "rerunOf": ID},
            ("id", "status"),
        ),
        "Rerun": record({"nodeId": ID}, ()),
        "Run": record(
            {"execution": or_null(record({"id": ID, "status": or_null(WHOLE)}, ("id", "status"))), "newVersionId": ID}, ("execution",)
        ),
        "AuditEntry": read_schema(AUDIT_ENTRY, (), closed=False),
        "ApiKey": read_schema(API_KEYS, (), closed=False),
        "WorkflowCcTask": read_schema(WORKFLOW_CC_TASKS, (), closed=False),
        "WorkflowManualTask": read_schema(WORKFLOW_MANUAL_TASKS, (), closed=False),
        "OfferedProcedure": record(
            {"name": TEXT, "title": TEXT, "collection": NULLABLE_TEXT, "form": {"type": ["object", "null"]}},
            ("name", "title", "collection"),
        ),
        "TaskCount": record({"userId": ID, "type": {"enum": ["manual", "cc"]}, "stats": record({"pending": WHOLE, "all": WHOLE})}),
        "ScheduledCall": record(
            {"id": ID, "userId": ID, "runAt": TEXT, "createdAt": TEXT, "endedAt": NULLABLE_TEXT, "call": TEXT, "params": {"type": "object"}}
            | {"state": {"enum": list(STATES)}, "body": ANY, "result": {"type": ["object", "null"]}},
            ("id", "userId", "runAt", "state", "call"),
        ),
        "KeyMade": record({"token": TEXT}, ("token",)),
        "WorkflowCategory": read_schema(WORKFLOW_CATEGORIES, (), closed=False),
        "Action": read_schema(ACTIONS, (), closed=False),
        "AvailableAction": _available(),
        "OfferedAction": record({"name": TEXT, "enabled": {"type": "boolean"}, "reason": TEXT, "code": TEXT}, ("name", "enabled")),
        "ActionResult": RESULT,
        "WorkflowDocument": record({"key": TEXT, "type": TEXT, "nodes": array_of({"type": "object"})}, ("key", "type", "nodes")),
        "NodeKinds": record(
            {"nodes": array_of(reference("NodeKind")), "triggers": array_of(reference("TriggerKind"))}, ("nodes", "triggers")
        ),
        "NodeKind": record(
            _kind()
            | {"policies": {"type": "object"}}
            | {"branches": {"type": ["object", "null"], "additionalProperties": TEXT}}
            | {name: {"type": "boolean"} for name in ("waits", "alsoSync", "testable", "branchOnFailure")},
            (*_kind(), "policies", "branches", "waits", "alsoSync", "testable", "branchOnFailure"),
        ),
        "TriggerKind": record(
            _kind() | {name: {"type": "boolean"} for name in ("alwaysSync", "alwaysAsync")}, (*_kind(), "alwaysSync", "alwaysAsync")
        ),
        "NodeTested": record({"status": WHOLE, "result": ANY, "log": TEXT}, ("status", "result")),
        "Start": record(
            {
                "user": read_schema(USERS, (), closed=False),
                "role": TEXT,
                "defaultRole": NULLABLE_TEXT,
                "roles": array_of(record({"name": TEXT, "title": TEXT}, ("name", "title"))),
                "manages": array_of({"enum": list(AREAS)}),
                "tasks": record({"manual": WHOLE, "cc": WHOLE}, ("manual", "cc")),
                "collections": array_of(
                    record(
                        {"name": TEXT, "title": NULLABLE_TEXT, "fields": array_of({"type": "object"}), "may": may},
                        ("name", "fields", "may"),
                    )
                ),
            },
            ("user", "role", "defaultRole", "roles", "manages", "tasks", "collections"),
        ),
        "Info": record({"name": TEXT, "version": TEXT, "database": {"type": "object"}, "lang": TEXT}, ("name", "version")),
    }


def _kind() -> dict[str, Schema]:
    return {"type": TEXT, "title": TEXT, "description": TEXT, "schema": {"type": "object"}}


def _configs() -> dict[str, Schema]:
    nodes = {f"NodeConfig-{name}": _with_policies(node) for name, node in NODE_TYPES.items()}
    return nodes | {f"TriggerConfig-{name}": trigger.schema for name, trigger in TRIGGER_TYPES.items()}


def _with_policies(node: NodeType) -> Schema:
    """The schema of a config, with what every type's may hold beside its own."""
    return node.schema | {"properties": {**node.schema.get("properties", {}), **policy_properties(node)}}


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
