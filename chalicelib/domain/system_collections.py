"""Collections that come with the product: users, roles, collections, workflows. They live in the same table as all others.

Their definitions are code, since the code relies on them; their fields follow NocoBase's
(https://docs.nocobase.com/users-permissions/user, https://docs.nocobase.com/workflow/development/api).
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection, Field


def _system(name: str, *fields: Field, id_type: str = "integer", key_field: str = "id", audit: bool = True) -> Collection:
    """``audit``: who changes what the product does is always on record; people's tasks belong to their executions, which have a history."""
    own = (
        Field("id", id_type, read_only=True),
        Field("createdAt", "date", read_only=True),
        Field("updatedAt", "date", read_only=True),
        Field("createdById", "integer", read_only=True),
        Field("updatedById", "integer", read_only=True),
        Field("createdBy", "belongsTo", read_only=True, target="users", foreign_key="createdById"),
        Field("updatedBy", "belongsTo", read_only=True, target="users", foreign_key="updatedById"),
    )
    options = {"autoGenId": id_type == "integer", "audit": audit}
    return Collection(name, name, name, id_type, 1, key_field, {f.name: f for f in (*own, *fields)}, True, options)


USERS = _system(
    "users",
    Field("email", "string", unique=True),
    Field("username", "string", unique=True),
    Field("nickname", "string"),
    Field("phone", "string"),
    Field("appLang", "string"),
    Field("systemSettings", "json"),
    Field("passwordChangeTz", "integer", read_only=True),
    Field("password", "password", hidden=True),
    Field("roles", "json", options={"members": "name"}),
    Field("defaultRole", "string"),
    Field("blocked", "boolean"),
    Field("tokensValidFrom", "integer", hidden=True, read_only=True),
)

ROLES = _system(
    "roles",
    Field("name", "string"),
    Field("title", "string"),
    Field("description", "text"),
    Field("default", "boolean"),
    Field("hidden", "boolean"),
    Field("strategy", "json"),
    Field("resources", "json"),
    Field("snippets", "json"),
    id_type="string",
    key_field="name",
)

COLLECTIONS = _system(
    "collections",
    Field("key", "string"),
    Field("name", "string"),
    Field("title", "string"),
    Field("description", "text"),
    Field("fields", "json"),
    Field("shards", "integer"),
    Field("idType", "string"),
    Field("template", "string"),
    Field("hidden", "boolean"),
    id_type="string",
    key_field="name",
)

WORKFLOWS = _system(
    "workflows",
    Field("key", "string", index=True, slot="l1"),
    Field("title", "string"),
    Field("description", "text"),
    Field("triggerTitle", "string"),
    Field("type", "string"),
    Field("config", "json"),
    Field("options", "json"),
    Field("enabled", "boolean"),
    Field("current", "boolean"),
    Field("sync", "boolean"),
    Field("invalid", "boolean"),
    Field("nodes", "json", hidden=True),
    Field("nodeSeq", "integer", hidden=True),
    Field("dueSince", "integer", hidden=True),
    Field("categories", "array"),
)

WORKFLOW_CATEGORIES = _system(
    "workflowCategories",
    Field("title", "string", required=True),
    Field("color", "string"),
    Field("sort", "double"),
)

API_KEYS = _system(
    "apiKeys",
    Field("name", "string"),
    Field("role", "belongsTo", target="roles", foreign_key="roleName"),
    Field("roleName", "string", read_only=True),
    Field("expiresIn", "string"),
    Field("expiresAt", "date", read_only=True),
    Field("ending", "string", read_only=True),
    Field("tokenHash", "string", hidden=True, read_only=True),
    Field("userId", "integer", read_only=True, index=True, slot="l1"),
)

WORKFLOW_CC_TASKS = _system(
    "workflowCcTasks",
    Field("userId", "integer", read_only=True, index=True, slot="l1"),
    Field("executionId", "integer", read_only=True),
    Field("jobKey", "string", read_only=True),
    Field("nodeId", "integer", read_only=True),
    Field("workflowId", "integer", read_only=True),
    Field("title", "text", read_only=True),
    Field("status", "integer", read_only=True),
    Field("readAt", "date", read_only=True),
    audit=False,
)

WORKFLOW_MANUAL_TASKS = _system(
    "workflowManualTasks",
    Field("userId", "integer", read_only=True, index=True, slot="l1"),
    Field("executionId", "integer", read_only=True, index=True, slot="l2"),
    Field("jobKey", "string", read_only=True),
    Field("nodeId", "integer", read_only=True),
    Field("workflowId", "integer", read_only=True),
    Field("title", "text", read_only=True),
    Field("status", "integer", read_only=True),
    Field("result", "json", read_only=True),
    Field("ttl", "integer", hidden=True, read_only=True),
    audit=False,
)

ACTIONS = _system(
    "actions",
    Field("name", "string"),
    Field("label", "string"),
    Field("color", "string"),
    Field("icon", "string"),
    Field("collection", "string"),
    Field("context", "string"),
    Field("placement", "string"),
    Field("kind", "string"),
    Field("workflows", "json"),
    Field("procedure", "string"),
    Field("client", "json"),
    Field("confirm", "text"),
    Field("form", "json"),
    Field("visibleWhen", "json"),
    Field("enabledWhen", "json"),
    Field("disabledReason", "string"),
    Field("roles", "json"),
    Field("onResult", "json"),
    Field("sort", "double"),
    Field("enabled", "boolean"),
    id_type="string",
    key_field="name",
)

SYSTEM_COLLECTIONS: dict[str, Collection] = {
    c.name: c
    for c in (USERS, ROLES, COLLECTIONS, WORKFLOWS, WORKFLOW_CATEGORIES, API_KEYS, ACTIONS, WORKFLOW_CC_TASKS, WORKFLOW_MANUAL_TASKS)
}
TASK_COLLECTIONS: dict[str, Collection] = {c.name: c for c in (WORKFLOW_CC_TASKS, WORKFLOW_MANUAL_TASKS)}
