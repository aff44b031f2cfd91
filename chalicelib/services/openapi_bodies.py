"""The bodies that calls send, as schemas of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.action import SCHEMA as ACTION
from chalicelib.domain.collection import ASSOCIATIONS
from chalicelib.domain.field_types import FIELD_TYPES
from chalicelib.errors import Json
from chalicelib.nodes import NODE_TYPES
from chalicelib.services.openapi_schemas import Schema, array_of, or_null, record, reference
from chalicelib.services.openapi_shapes import ANY, FLAG, ID, INTERCEPTED, NAME, NULLABLE_TEXT, TEXT, WHOLE
from chalicelib.triggers import TRIGGER_TYPES


def body_schemas() -> dict[str, Schema]:
    people = {
        "email": NULLABLE_TEXT,
        "username": NULLABLE_TEXT,
        "nickname": NULLABLE_TEXT,
        "phone": NULLABLE_TEXT,
        "appLang": NULLABLE_TEXT,
    }
    user = people | {"password": {"type": "string", "minLength": 8}, "roles": reference("RoleNames"), "defaultRole": NULLABLE_TEXT}
    role = {"title": NULLABLE_TEXT, "description": NULLABLE_TEXT, "default": FLAG, "hidden": FLAG, "snippets": array_of(TEXT)}
    strategy = or_null(record({"actions": array_of(TEXT)}))
    action = record({"name": NAME, "fields": {"type": ["array", "null"], "items": TEXT}, "scope": ANY}, ("name",))
    flags = {"required": FLAG, "unique": FLAG, "index": FLAG, "hidden": FLAG, "readOnly": FLAG, "defaultValue": ANY}
    types = {"enum": [*FIELD_TYPES, *ASSOCIATIONS]}
    field = {"name": NAME, "type": types, "target": TEXT, "foreignKey": TEXT, "otherKey": TEXT, "through": TEXT} | flags
    collection = {"title": NULLABLE_TEXT, "description": NULLABLE_TEXT, "fields": array_of(reference("FieldValues")), "hidden": FLAG}
    shape = {"name": NAME, "shards": {"type": "integer", "minimum": 1, "maximum": 64}, "idType": {"enum": ["integer", "string"]}}
    options = {"type": ["object", "null"], "properties": {"timeout": {"type": ["number", "null"], "minimum": 0}}}
    described = {
        "title": NULLABLE_TEXT,
        "description": NULLABLE_TEXT,
        "triggerTitle": NULLABLE_TEXT,
        "options": options,
        "enabled": {"type": "boolean"},
    }
    version = described | {"key": NAME, "sync": {"type": "boolean"}, "nodes": array_of(reference("NestedNode"))}
    place = {"upstreamId": or_null(ID), "branchIndex": or_null(WHOLE)}
    category = {"title": NAME, "color": NULLABLE_TEXT, "sort": {"type": ["number", "null"]}}
    passwords = ("oldPassword", "newPassword", "confirmPassword")
    branches = {"type": "object", "additionalProperties": array_of(reference("NestedNode"))}
    return {
        "SignIn": record({"account": NAME, "email": TEXT, "username": TEXT, "password": NAME}, ("password",)),
        "UserValues": record(user | {"blocked": FLAG, "systemSettings": ANY}),
        "DefaultRole": record({"roleName": NAME}, ("roleName",)),
        "Submission": record({"result": record({"_": NAME}) | {"additionalProperties": {"type": ["object", "null"]}}}, ("result",)),
        "JobEnd": record({"status": or_null(WHOLE), "result": ANY}),
        "RoleNames": {"type": ["array", "string"], "items": reference("RoleName")},
        "RoleValues": record({"name": NAME, "strategy": strategy, "resources": {"type": ["object", "null"]}} | role, ("name",)),
        "RoleChanges": record({"strategy": strategy, "resources": {"type": ["object", "null"]}} | role),
        "ResourceAction": action,
        "ResourceValues": record({"name": NAME, "usingActionsConfig": {"type": "boolean"}, "actions": array_of(action)}),
        "CollectionValues": record(shape | collection, ("name",)),
        "CollectionChanges": record({"name": NAME} | collection),
        "FieldValues": record(field, ("name", "type")),
        "FieldChanges": record(flags | {"type": types}),
        "WorkflowValues": _by_type(TRIGGER_TYPES, "TriggerConfig", version),
        "WorkflowChanges": record(described | {"config": {"type": "object"}}),
        "NodeValues": _by_type(NODE_TYPES, "NodeConfig", {"title": NULLABLE_TEXT} | place),
        "NestedNode": _by_type(NODE_TYPES, "NodeConfig", {"key": NAME, "title": NULLABLE_TEXT, "branches": branches}),
        "PasswordChange": record({name: NAME for name in passwords}, passwords),
        "Profile": record({"nickname": NULLABLE_TEXT, "phone": NULLABLE_TEXT, "appLang": NULLABLE_TEXT, "systemSettings": ANY}),
        "ApiKeyValues": record(
            {"name": NAME, "role": reference("RoleName"), "expiresIn": {"examples": ["30d", "never"]} | TEXT}, ("name", "role")
        ),
        "RoleName": {"anyOf": [TEXT, record({"name": TEXT}, ("name",))]},
        "WorkflowTitle": record({"title": NULLABLE_TEXT, "description": NULLABLE_TEXT}),
        "WorkflowCategoryValues": record(category, ("title",)),
        "WorkflowCategoryChanges": record(category),
        "ActionValues": ACTION,
        "ActionChanges": {**ACTION, "required": []},
        "ActionInput": record({"filterByTk": {"type": ["integer", "string", "array", "null"]}, "input": {"type": ["object", "null"]}}),
        "Place": record(place),
        "Branch": record({"branchIndex": WHOLE, "shift": {"enum": [0, 1, True, False]}}, ("branchIndex",)),
        "NodeTest": _by_type(NODE_TYPES, "NodeConfig", {}),
        "NodeChanges": record({"title": NULLABLE_TEXT, "config": {"type": "object"}}),
        "ManualRun": record(
            {"userId": ID, "roleName": NULLABLE_TEXT, "data": ANY, "filterByTk": ANY, "target": ANY, "action": INTERCEPTED, "message": ANY}
        ),
        "Context": {"type": ["object", "array"], "description": "The context, or properties that are laid over the records."},
    }


def _by_type(types: Mapping[str, Json], prefix: str, properties: Schema) -> Schema:
    """An object whose ``type`` says which of the config schemas holds."""
    kinds = [record({"type": {"const": name}, "config": reference(f"{prefix}-{name}")} | properties, ("type",)) for name in types]
    return {"anyOf": kinds}
