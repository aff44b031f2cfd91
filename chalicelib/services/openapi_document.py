"""The whole HTTP surface as an OpenAPI 3.1 document, as far as one role may use it.

Made from the tables of actions, the collections, and the schemas of nodes and triggers.
Source: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.role import Permit, Role, permit
from chalicelib.domain.system_collections import SYSTEM_COLLECTIONS
from chalicelib.services.call import Answer, Call
from chalicelib.services.openapi_action import Action
from chalicelib.services.openapi_actions import SYSTEM_ACTIONS
from chalicelib.services.openapi_components import component_schemas
from chalicelib.services.openapi_parameters import REFUSALS, SECURITY_SCHEMES, component_parameters, component_responses
from chalicelib.services.openapi_procedures import needs_of, procedure_actions, procedure_schemas
from chalicelib.services.openapi_record_actions import ASSOCIATION_ACTIONS, COLLECTION_ACTIONS, TRIGGER_WITHOUT_ID
from chalicelib.services.openapi_schemas import Schema, create_schema, read_schema, reference, update_schema

NEEDS = ("view", "create", "update", "destroy", "trigger", "triggerNew")
LINKING = ("add", "set", "remove", "toggle")
Describe = Callable[[str], str]
SPILLED = "A workflow of the call took too long and runs on: ask at `Location`."
LATER = " Or nothing has run yet: `meta.scheduled` says when it will (`runAt`)."
_TEXT_HEADER = {"schema": {"type": "string"}}
SPILLED_HEADERS: Schema = {
    "Location": {**_TEXT_HEADER, "description": "Where the execution is asked for."},
    "Preference-Applied": {**_TEXT_HEADER, "description": "`wait=<seconds>`, when that decided."},
    "ETag": {**_TEXT_HEADER, "description": "The version of a record that was written."},
}


@dataclass(frozen=True)
class Usable:
    """A collection and what one role may do with it, by `NEEDS`; what is not allowed is not in ``permits``."""

    collection: Collection
    permits: Mapping[str, Permit]

    @classmethod
    def by(cls, roles: Iterable[Role], is_root: bool, collection: Collection) -> Usable:
        needs = (*NEEDS, *needs_of(collection.name))
        found = {need: permit(list(roles), is_root, collection.name, need) for need in needs}
        return cls(collection, {need: granted for need, granted in found.items() if granted is not None})

    @property
    def readable(self) -> Collection:
        return self.collection.restricted(self.permits["view"].fields)


def describing(handlers: Mapping[str, Callable[[Call], Answer]]) -> Describe:
    """The description of an action: its use case's docstring, up to what it says of exceptions."""

    def describe(name: str) -> str:
        text = inspect.cleandoc(handlers[name].__doc__ or "") if name in handlers else ""
        return text.partition("Raises ")[0].replace("``", "`").strip()

    return describe


def document(collections: Iterable[Usable], describe: Describe) -> Schema:
    """The document for these collections; ``describe("users:list")``, ``describe("*:list")`` and ``describe("*.*:list")`` give texts."""
    usable = {one.collection.name: one for one in collections if "view" in one.permits}
    schemas = component_schemas() | procedure_schemas() | {"Document": {"type": "object", "required": ["openapi", "info", "paths"]}}
    operations = [*_system(describe), *_of_procedures(None, {})]
    for name, one in usable.items():
        operations += _of_procedures(one.collection, one.permits)
        if not one.collection.system:
            schemas |= _schemas(one, usable)
            operations += [*_of_collection(one, describe), *_of_associations(one, usable, describe)]
        elif name == "users":
            schemas["users.read"] = read_schema(one.readable, (), closed=False)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Stepbase", "version": "1", "description": "Collections of records, and workflows that buttons start."},
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in SECURITY_SCHEMES],
        "paths": _paths(operations, schemas),
        "components": {
            "schemas": schemas,
            "parameters": component_parameters(),
            "responses": component_responses(),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


Operation = tuple[str, Action, Schema]


def _paths(operations: Iterable[Operation], schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """The operations by path; a body must be sent where its schema requires something."""
    paths: dict[str, Schema] = {}
    for path, action, operation in operations:
        if action.body and "required" in schemas.get(action.body, {}):
            operation["requestBody"]["required"] = True
        paths.setdefault(path, {"parameters": _common(action)})[action.method] = operation
    return paths


def _common(action: Action) -> list[Schema]:
    return [] if action.public else [_parameter("X-Role"), _parameter("X-Timezone")]


def _system(describe: Describe) -> Iterator[Operation]:
    for action in SYSTEM_ACTIONS:
        resource, verb = action.name.split(":")
        owner, _, association = resource.partition(".")
        if resource == "openapi.json":
            yield f"/api/{resource}", action, _operation(action.name, resource, action, [], describe(action.name))
        elif association:
            ids = [f"id.{_id_type_of_system(owner)}"] + ([f"associationId.{action.target}"] if action.target else [])
            path = f"/api/{owner}/{{id}}/{association}:{verb}" + ("/{associationId}" if action.target else "")
            yield path, action, _operation(action.name, owner, action, ids, describe(action.name))
        else:
            path = f"/api/{resource}:{verb}" + ("/{id}" if action.target else "")
            ids = [f"id.{action.target}"] if action.target else []
            yield path, action, _operation(action.name, resource, action, ids, describe(action.name))


def _of_procedures(collection: Collection | None, permits: Mapping[str, Permit]) -> Iterator[Operation]:
    for path, operation_id, action, ids in procedure_actions(collection, permits):
        yield path, action, _operation(operation_id, operation_id.partition(":")[0], action, ids, "")


def _id_type_of_system(name: str) -> str:
    return SYSTEM_COLLECTIONS[name].id_type if name in SYSTEM_COLLECTIONS else "string"


def _schemas(one: Usable, usable: Mapping[str, Usable]) -> dict[str, Schema]:
    name = one.collection.name
    found = {f"{name}.read": read_schema(one.readable, usable)}
    makers = {"create": create_schema, "update": update_schema}
    return found | {
        f"{name}.{need}": make(one.collection, one.permits[need].fields) for need, make in makers.items() if need in one.permits
    }


def _of_collection(one: Usable, describe: Describe) -> Iterator[Operation]:
    name = one.collection.name
    for action in (*COLLECTION_ACTIONS, TRIGGER_WITHOUT_ID):
        if action.needs in one.permits:
            ids = [f"id.{one.collection.id_type}"] if action.target else []
            path = f"/api/{name}:{action.name}" + ("/{id}" if action.target else "")
            operation_id = f"{name}:{action.name}" + ("" if action is not TRIGGER_WITHOUT_ID else ":many")
            yield path, action, _operation(operation_id, name, _on(action, name), ids, describe(f"*:{action.name}"))


def _of_associations(one: Usable, usable: Mapping[str, Usable], describe: Describe) -> Iterator[Operation]:
    for field in one.readable.associations:
        target = usable.get(field.target or "")
        if target is None or field.hidden:
            continue
        for action in ASSOCIATION_ACTIONS:
            if _is_offered(action, one, field, target):
                yield _of_association(one.collection, field, target.collection, action, describe)


def _is_offered(action: Action, owner: Usable, field: Field, target: Usable) -> bool:
    if field.read_only or target.collection.system:
        return action.name == "get" if field.is_to_one else action.name in ("list", "get")
    if action.name == "list" and field.is_to_one:
        return False
    return "update" in owner.permits if action.name in LINKING else action.needs in target.permits


def _of_association(owner: Collection, field: Field, target: Collection, action: Action, describe: Describe) -> Operation:
    """A to-one association needs no id: there is one partner; but what changes or removes one asks for it."""
    with_id = bool(action.target) and not (field.is_to_one and action.name == "get")
    ids = [f"id.{owner.id_type}"] + ([f"associationId.{target.id_type}"] if with_id else [])
    path = f"/api/{owner.name}/{{id}}/{field.name}:{action.name}" + ("/{associationId}" if with_id else "")
    resolved = _on(action, target.name)
    return path, resolved, _operation(f"{owner.name}.{field.name}:{action.name}", owner.name, resolved, ids, describe(f"*.*:{action.name}"))


def _on(action: Action, name: str) -> Action:
    """The action with the schemas of this collection."""
    of, body = (f"{name}{part}" if part.startswith(".") else part for part in (action.of, action.body))
    return replace(action, of=of, body=body)


def _operation(operation_id: str, tag: str, action: Action, ids: list[str], description: str) -> Schema:
    content = {"application/json": {"schema": action.wrap(reference(action.of))}}
    answer: Schema = {"description": "Done.", "content": content}
    told = SPILLED + (LATER if "runAt" in action.parameters else "")
    spilled = {"202": {"description": told, "headers": SPILLED_HEADERS, "content": content}} if "Prefer" in action.parameters else {}
    if action.etag:
        answer["headers"] = {
            "ETag": {"schema": {"type": "string"}, "description": "The version of the record or definition, for `If-Match`."}
        }
    refusals = {status: {"$ref": f"#/components/responses/{REFUSALS[status][0]}"} for status in sorted(action.refusals)}
    operation: Schema = {"operationId": operation_id, "tags": [tag], "summary": action.summary}
    operation |= {"description": action.about or description} if action.about or description else {}
    operation |= {"security": []} if action.public else {}
    parameters = [_parameter(name) for name in (*ids, *action.parameters)]
    operation |= {"parameters": parameters} if parameters else {}
    if action.body:
        operation["requestBody"] = {"content": {"application/json": {"schema": reference(action.body)}}}
    return operation | {"responses": {action.success: answer, **spilled, **refusals, "default": {"$ref": "#/components/responses/Other"}}}


def _parameter(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}
