"""What the OpenAPI document says the same for every installation of bodies: errors, envelopes, and the system's own records.

Source: https://spec.openapis.org/oas/v3.1.0#components-object
"""

from __future__ import annotations

from chalicelib.domain.action import MULTIPLE, NONE, PARTS, SHOWN, SINGLE
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
from chalicelib.services.openapi_bodies import body_schemas
from chalicelib.services.openapi_schemas import Schema, array_of, or_null, read_schema, record, reference
from chalicelib.services.openapi_shapes import ANY, DRY_RUN, FLAG, ID, NULLABLE_TEXT, TEXT, WHOLE
from chalicelib.triggers import TRIGGER_TYPES


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
