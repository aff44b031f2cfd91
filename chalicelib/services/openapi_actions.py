"""Every action as the OpenAPI document describes it, in literal tables beside those of the product: what goes in and what comes out.

A test holds these tables against the product's, and real answers against the schemas. Longer descriptions are the use cases' docstrings.
Source: https://docs.nocobase.com/api/http
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.services.openapi_components import record
from chalicelib.services.openapi_schemas import Schema, or_null, reference

Wrap = Callable[[Schema], Schema]

READ = ("400", "401", "403", "404", "500", "503")
WRITE = (*READ, "409", "413")
LIST = ("filter", "fields", "except", "appends", "sort", "page", "pageSize", "paginate")
MOVING = ("sourceId", "targetId", "sortField", "sticky", "method")
SHOWN = ("fields", "except", "appends")


def _envelope(properties: Schema, *required: str) -> Schema:
    return record(properties | {"messages": {"type": "array", "items": reference("Message")}}, required)


def one(schema: Schema) -> Schema:
    """``{"data": record or null}``."""
    return _envelope({"data": or_null(schema)}, "data")


def made(schema: Schema) -> Schema:
    """``{"data": record}``; a collection says in ``meta`` what its shards hold."""
    return _envelope({"data": schema, "meta": {"type": "object"}}, "data")


def rows(schema: Schema) -> Schema:
    """``{"data": [record …]}``."""
    return _envelope({"data": {"type": "array", "items": schema}}, "data")


def rows_of_records(schema: Schema) -> Schema:
    """``{"data": [row …], "meta": {"records": {id: [row …]}}}``."""
    each = {"type": "object", "additionalProperties": {"type": "array", "items": reference("OfferedAction")}}
    return _envelope({"data": {"type": "array", "items": schema}, "meta": {"type": "object", "properties": {"records": each}}}, "data")


def page(schema: Schema) -> Schema:
    """``{"data": [record …], "meta": {…}}``."""
    return _envelope({"data": {"type": "array", "items": schema}, "meta": reference("Page")}, "data")


def count(schema: Schema) -> Schema:
    """``{"data": number}``."""
    return _envelope({"data": {"type": "integer", "minimum": 0}}, "data")


def nothing(schema: Schema) -> Schema:
    """``{}``."""
    return _envelope({})


def triggered(schema: Schema) -> Schema:
    """``{"meta": {"executions": […]}, "messages": […]}``."""
    return _envelope({"meta": reference("Triggered")}, "meta")


def made_or_rows(schema: Schema) -> Schema:
    """``{"data": record}``, or a list of it."""
    return _envelope({"data": {"anyOf": [schema, {"type": "array", "items": schema}]}}, "data")


def anything(schema: Schema) -> Schema:
    """``{"data": …}``."""
    return _envelope({"data": {}}, "data")


def whole(schema: Schema) -> Schema:
    """The schema itself, without an envelope."""
    return schema


@dataclass(frozen=True)
class Action:
    """``of`` and ``body`` name schemas; with a dot before it (``.read``) that of the collection the action is on.

    ``target``: type of the id behind the action (``""`` = none). ``needs``: what a role must be allowed to do with the collection.
    ``about``: the description, where the use case's docstring is for those who read the code."""

    name: str
    summary: str
    wrap: Wrap
    of: str = ""
    body: str = ""
    target: str = ""
    parameters: tuple[str, ...] = ()
    refusals: tuple[str, ...] = WRITE
    etag: bool = False
    public: bool = False
    needs: str = "view"
    about: str = ""
    success: str = "200"

    @property
    def method(self) -> str:
        return "get" if self.refusals is READ else "post"


_TRIGGERING = (*WRITE, "422", "504")
_SPILLING = ("Idempotency-Key", "Prefer")
_LATER = ("runAt", "timezone", *_SPILLING)
_NUMBER, _TEXT = "integer", "string"

SYSTEM_ACTIONS: tuple[Action, ...] = (
    Action("openapi.json:list", "This document", whole, "Document", refusals=READ),
    Action("app:getInfo", "Name and version", made, "Info", refusals=READ, public=True),
    Action("app:start", "What an interface begins with", made, "Start", refusals=READ),
    Action("auth:signIn", "Sign in", made, "SignedIn", "SignIn", refusals=(*WRITE, "429"), public=True),
    Action("auth:check", "Who is signed in", made, "CurrentUser", refusals=READ),
    Action("auth:signOut", "Sign out", nothing),
    Action("auth:changePassword", "Change one's own password", made, "User", "PasswordChange"),
    Action("auth:syncCookies", "Nothing to keep in step: cookies prove nothing here", nothing),
    Action(
        "auditLogs:list",
        "Who changed which records, newest first",
        page,
        "AuditEntry",
        parameters=("filter", "fields", "except", "pageSize", "cursor"),
        refusals=READ,
    ),
    Action("apiKeys:create", "Make an API key", made, "KeyMade", "ApiKeyValues"),
    Action("apiKeys:list", "One's own API keys", page, "ApiKey", parameters=(*LIST, "cursor"), refusals=READ),
    Action("apiKeys:destroy", "Remove an API key", count, target=_NUMBER),
    Action("users:list", "Users", page, "User", parameters=(*LIST, "cursor"), refusals=READ),
    Action("users:get", "One user", one, "User", target=_NUMBER, parameters=SHOWN, refusals=READ, etag=True),
    Action("users:create", "Make a user", made, "User", "UserValues", etag=True),
    Action("users:update", "Change a user", rows, "User", "UserValues", _NUMBER),
    Action("users:destroy", "Remove a user", count, target=_NUMBER),
    Action("users:updateProfile", "Change one's own profile", made, "User", "Profile"),
    Action("users:setDefaultRole", "Choose one's own default role", nothing, body="DefaultRole"),
    Action("users.roles:list", "A user's roles", rows, "Role", refusals=READ),
    Action("users.roles:add", "Give a user roles", nothing, body="RoleNames"),
    Action("users.roles:set", "Give a user these roles and no others", nothing, body="RoleNames"),
    Action("users.roles:remove", "Take roles from a user", nothing, body="RoleNames"),
    Action("users.roles:toggle", "Give a user these roles, or take those that are there", nothing, body="RoleNames"),
    Action("roles:check", "What the current role may do", made, "Permissions", refusals=READ),
    Action("roles:list", "Roles", page, "Role", parameters=(*LIST, "cursor"), refusals=READ),
    Action("roles:get", "One role", one, "Role", target=_TEXT, parameters=SHOWN, refusals=READ, etag=True),
    Action("roles:create", "Make a role", made, "Role", "RoleValues"),
    Action("roles:update", "Change a role", rows, "Role", "RoleChanges", _TEXT),
    Action("roles:destroy", "Remove a role", count, target=_TEXT),
    Action(
        "roles.users:list",
        "The users who have a role",
        page,
        "User",
        parameters=("filter", "sort", "page", "pageSize", "paginate"),
        refusals=READ,
    ),
    Action("roles.users:add", "Give users a role", nothing, body="Links"),
    Action("roles.users:set", "Give these users a role and no others", nothing, body="Links"),
    Action("roles.users:remove", "Take a role from users", nothing, body="Links"),
    Action("roles.users:toggle", "Give users a role, or take it where it is there", nothing, body="Links"),
    Action("roles.resources:list", "A role's rules for single collections", rows, "Resource", refusals=READ),
    Action("roles.resources:get", "A role's rules for one collection", one, "Resource", target=_TEXT, refusals=READ),
    Action("roles.resources:create", "Set a role's rules for a collection", made, "Resource", "ResourceValues"),
    Action("roles.resources:update", "Change a role's rules for a collection", made, "Resource", "ResourceValues", _TEXT),
    Action("roles.resources:destroy", "Remove a role's rules for a collection", count, target=_TEXT),
    Action("roles.dataSourceResources:create", "As roles.resources:create", made, "Resource", "ResourceValues"),
    Action("roles.dataSourceResources:update", "As roles.resources:update", made, "Resource", "ResourceValues", _TEXT),
    Action("roles.dataSourceResources:get", "As roles.resources:get", one, "Resource", target=_TEXT, refusals=READ),
    Action("dataSources.roles:update", "As roles:update", rows, "Role", "RoleChanges", _TEXT),
    Action(
        "collections:list",
        "Collections",
        page,
        "Collection",
        parameters=("filter", "fields", "except", "sort", "page", "pageSize", "paginate"),
        refusals=READ,
    ),
    Action(
        "collections:listMeta",
        "All collections with their fields",
        rows,
        "Collection",
        parameters=("filter", "fields", "except", "sort"),
        refusals=READ,
    ),
    Action("collections:get", "One collection", one, "Collection", target=_TEXT, refusals=READ),
    Action("collections:create", "Make a collection", made, "Collection", "CollectionValues"),
    Action("collections:update", "Change a collection", rows, "Collection", "CollectionChanges", _TEXT),
    Action("collections:destroy", "Remove a collection", count, target=_TEXT),
    Action("collections:reindex", "Go on with the rewriting of records", anything, target=_TEXT),
    Action("collections.fields:list", "Fields of a collection", page, "Field", refusals=READ),
    Action("collections.fields:get", "One field", one, "Field", target=_TEXT, refusals=READ),
    Action("collections.fields:create", "Add a field", made, "Field", "FieldValues"),
    Action("collections.fields:update", "Change a field", made, "Field", "FieldChanges", _TEXT),
    Action("collections.fields:destroy", "Remove a field", count, target=_TEXT),
    Action("workflows:list", "Workflow versions", page, "Workflow", parameters=LIST, refusals=READ),
    Action("workflows:get", "One version", one, "Workflow", target=_NUMBER, parameters=SHOWN, refusals=READ),
    Action("workflows:create", "Make a workflow", made, "Workflow", "WorkflowValues"),
    Action("workflows:update", "Change a version", rows, "Workflow", "WorkflowChanges", _NUMBER),
    Action("workflows:destroy", "Remove a workflow", count, target=_NUMBER),
    Action("workflows:revision", "Make a new version or a copy", made, "Workflow", "WorkflowTitle", _NUMBER, ("filter",)),
    Action("workflows:export", "A version as a document", made, "WorkflowDocument", target=_NUMBER, refusals=READ),
    Action("workflows:import", "Make a version from a document", made, "Workflow", "WorkflowValues"),
    Action("workflows:execute", "Run a version by hand", made, "Run", "ManualRun", _NUMBER, ("autoRevision",), _TRIGGERING),
    Action(
        "workflows:trigger",
        "Start workflows that need no record",
        triggered,
        body="Context",
        parameters=("triggerWorkflows", *_LATER),
        refusals=_TRIGGERING,
    ),
    Action("workflows.nodes:create", "Add a node", made, "Node", "NodeValues"),
    Action("workflows.nodes:list", "Nodes of a version", rows, "Node", refusals=READ),
    Action("flow_nodes:get", "One node", one, "Node", target=_NUMBER, refusals=READ),
    Action("flow_nodes:update", "Change a node", rows, "Node", "NodeChanges", _NUMBER),
    Action("flow_nodes:destroy", "Remove a node", count, target=_NUMBER, parameters=("keepBranch",)),
    Action("flow_nodes:move", "Move a node", made, "Node", "Place", _NUMBER),
    Action("flow_nodes:duplicate", "Copy a node", made, "Node", "Place", _NUMBER),
    Action("flow_nodes:destroyBranch", "Remove a branch of a node", made, "Node", "Branch", _NUMBER),
    Action("flow_nodes:test", "Run one node by itself", made, "NodeTested", "NodeTest"),
    Action("flow_nodes:types", "Types of nodes and triggers", one, "NodeKinds", refusals=READ),
    Action("workflowCategories:list", "Categories of workflows", page, "WorkflowCategory", parameters=LIST, refusals=READ),
    Action("workflowCategories:get", "One category", one, "WorkflowCategory", target=_NUMBER, refusals=READ),
    Action("workflowCategories:create", "Make a category", made, "WorkflowCategory", "WorkflowCategoryValues"),
    Action("workflowCategories:update", "Change a category", rows, "WorkflowCategory", "WorkflowCategoryChanges", _NUMBER),
    Action("workflowCategories:destroy", "Remove a category", count, target=_NUMBER),
    Action("workflowCcTasks:list", "As workflowCcTasks:listMine", page, "WorkflowCcTask", parameters=(*LIST, "cursor"), refusals=READ),
    Action("workflowCcTasks:listMine", "One's own copies", page, "WorkflowCcTask", parameters=(*LIST, "cursor"), refusals=READ),
    Action("workflowCcTasks:get", "One copy", one, "WorkflowCcTask", target=_NUMBER, parameters=SHOWN, refusals=READ),
    Action("workflowCcTasks:read", "Mark copies as read", rows, "WorkflowCcTask", parameters=("filterByTk",)),
    Action("workflowCcTasks:unread", "Mark copies as unread", rows, "WorkflowCcTask", parameters=("filterByTk",)),
    Action("workflowManualTasks:list", "Everybody's tasks", page, "WorkflowManualTask", parameters=LIST, refusals=READ),
    Action("workflowManualTasks:listMine", "One's own tasks", page, "WorkflowManualTask", parameters=(*LIST, "cursor"), refusals=READ),
    Action("workflowManualTasks:get", "One task", one, "WorkflowManualTask", target=_NUMBER, parameters=SHOWN, refusals=READ),
    Action(
        "workflowManualTasks:submit",
        "Submit a task",
        made,
        "WorkflowManualTask",
        "Submission",
        _NUMBER,
        refusals=(*WRITE, "422"),
        success="202",
    ),
    Action("userWorkflowTasks:listMine", "How many tasks one has", rows, "TaskCount", refusals=READ),
    Action("actions:list", "Actions", page, "Action", parameters=LIST, refusals=READ),
    Action("actions:get", "One action", one, "Action", target=_TEXT, refusals=READ),
    Action("actions:procedures", "Procedures for actions", rows, "OfferedProcedure", refusals=READ),
    Action("actions:create", "Make an action", made, "Action", "ActionValues"),
    Action("actions:update", "Change an action", rows, "Action", "ActionChanges", _TEXT),
    Action("actions:destroy", "Remove an action", count, target=_TEXT),
    Action(
        "actions:available",
        "What may be done",
        rows_of_records,
        "AvailableAction",
        parameters=("collection", "filterByTk", "each"),
        refusals=READ,
    ),
    Action("actions:run", "Press an action", made, "ActionResult", "ActionInput", _TEXT, _LATER, _TRIGGERING),
    Action("scheduledCalls:list", "Calls that run later", rows, "ScheduledCall", parameters=("state", "userId", "page", "pageSize", "paginate"), refusals=READ),
    Action("scheduledCalls:destroy", "Take back a call that was to run later", count, target=_NUMBER, parameters=("userId",)),
    Action("executions:list", "Executions", page, "Execution", parameters=LIST, refusals=READ),
    Action("executions:get", "One execution", one, "Execution", target=_NUMBER, parameters=SHOWN, refusals=READ),
    Action("executions:destroy", "Remove history", count, target=_NUMBER),
    Action("executions:cancel", "End an execution that has not ended", made, "ExecutionChanged", target=_NUMBER),
    Action("executions:rerun", "Run an execution again", made, "ExecutionChanged", "Rerun", _NUMBER, success="202"),
    Action("jobs:get", "One node run", one, "Job", target=_TEXT, refusals=READ),
    Action("jobs:resume", "End a job that waits", made, "Job", "JobEnd", _TEXT, success="202"),
)

# ``target`` here says only that there is an id; its type is the collection's.
_ID = "id"
_VALUES = ("updateAssociationValues",)
_CREATING = (*WRITE, "422")
COLLECTION_ACTIONS: tuple[Action, ...] = (
    Action("list", "Records", page, ".read", parameters=(*LIST, "cursor"), refusals=READ),
    Action("get", "One record", one, ".read", target=_ID, parameters=SHOWN, refusals=READ, etag=True),
    Action(
        "create",
        "Make a record",
        made,
        ".read",
        ".create",
        parameters=(*_VALUES, *_SPILLING),
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
        (*_VALUES, "If-Match", "Prefer"),
        (*WRITE, "412", "504"),
        etag=True,
        needs="update",
    ),
    Action(
        "firstOrCreate",
        "Find a record or make it",
        made,
        ".read",
        ".create",
        parameters=("filterKeys", *_VALUES, "Idempotency-Key"),
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
        parameters=("filterKeys", *_VALUES, "Idempotency-Key"),
        refusals=_CREATING,
        etag=True,
        needs="create",
    ),
    Action("move", "Move a record in the order of a sort field", anything, parameters=MOVING, needs="update"),
    Action("destroy", "Remove a record", count, target=_ID, needs="destroy", about="The answer is how many records were removed: 1 or 0."),
    Action(
        "trigger",
        "Start workflows on a record",
        triggered,
        body="Context",
        target=_ID,
        parameters=("triggerWorkflows", *_LATER),
        refusals=_TRIGGERING,
        needs="trigger",
    ),
)
TRIGGER_WITHOUT_ID = Action(
    "trigger",
    "Start workflows on several records, or on the body",
    triggered,
    body="Context",
    parameters=("triggerWorkflows", "filterByTk", *_LATER),
    refusals=_TRIGGERING,
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
        parameters=(*_VALUES, *_SPILLING),
        refusals=(*_CREATING, "504"),
        etag=True,
        needs="create",
    ),
    Action("update", "Change an associated record", rows, ".read", ".update", _ID, (*_VALUES, "Prefer"), (*WRITE, "504"), needs="update"),
    Action("destroy", "Remove an associated record for good", count, target=_ID, needs="destroy"),
    Action("add", "Link records", nothing, body="Links", parameters=("Idempotency-Key",), refusals=_CREATING),
    Action("set", "Link these records and no others", nothing, body="Links", parameters=("Idempotency-Key",), refusals=_CREATING),
    Action("remove", "Unlink records", nothing, body="Links", parameters=("Idempotency-Key",), refusals=_CREATING),
    Action("toggle", "Link what is not linked, unlink what is", nothing, body="Links", parameters=("Idempotency-Key",), refusals=_CREATING),
    Action(
        "trigger",
        "Start workflows on an associated record",
        triggered,
        body="Context",
        target=_ID,
        parameters=("triggerWorkflows", *_SPILLING),
        refusals=_TRIGGERING,
        needs="trigger",
    ),
)
