"""The OpenAPI document: every action in it once, nothing that a role may not see, and real answers as it says they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import jsonschema
import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import check_collection, parse_collection
from chalicelib.domain.field_types import FIELD_TYPES
from chalicelib.domain.role import Role
from chalicelib.entrypoints.http_errors import answer_of
from chalicelib.errors import AppError, Json
from chalicelib.nodes import NODE_TYPES
from chalicelib.procedures import PROCEDURES
from chalicelib.services.call import Answer, Call
from chalicelib.services.openapi_actions import SYSTEM_ACTIONS
from chalicelib.services.openapi_document import Usable, document
from chalicelib.services.openapi_record_actions import ASSOCIATION_ACTIONS, COLLECTION_ACTIONS, TRIGGER_WITHOUT_ID
from chalicelib.services.openapi_schemas import VALUE_SCHEMAS
from local.api_reference import PAGE, page
from tests.sessions import Session

METHODS = ("get", "post")
PASSWORD = "correct horse 7"
TAGS = [
    {"name": "title", "type": "string", "required": True, "uiSchema": {"title": "Title", "enum": [{"value": "a"}, {"value": "b"}]}},
    {"name": "post", "type": "belongsTo", "target": "posts", "foreignKey": "postId", "required": True},
    {"name": "secret", "type": "string", "hidden": True},
    {"name": "serial", "type": "string", "readOnly": True},
    {"name": "color", "type": "string", "required": True, "defaultValue": "red"},
    {"name": "sort", "type": "sort"},
]


@pytest.fixture(scope="module")
def root() -> Session:
    session = Session(MemoryStore()).install()
    session.call("collections:create", None, {"name": "tags", "fields": TAGS})
    session.call("collections/posts/fields:create", None, {"name": "tags", "type": "hasMany", "target": "tags", "foreignKey": "postId"})
    return session


@pytest.fixture(scope="module")
def whole(root: Session) -> Json:
    return root.answer("openapi.json:list").body()


def operations(of: Json) -> Iterator[tuple[str, Json]]:
    for path, item in of["paths"].items():
        yield from ((path, item[method]) for method in METHODS if method in item)


def ids(of: Json) -> list[str]:
    return [operation["operationId"] for _, operation in operations(of)]


def test_the_tables_hold_every_action_of_the_product_exactly_once(root: Session) -> None:
    tables = [action.name for action in SYSTEM_ACTIONS]
    tables += [f"*:{action.name}" for action in COLLECTION_ACTIONS] + [f"*.*:{action.name}" for action in ASSOCIATION_ACTIONS]
    assert sorted(tables) == sorted(root.product.handlers())


def test_every_system_action_occurs_exactly_once_in_the_document(whole: Json) -> None:
    found = ids(whole)
    assert len(found) == len(set(found))
    assert {action.name for action in SYSTEM_ACTIONS} <= set(found)


@pytest.mark.parametrize("action", [action.name for action in COLLECTION_ACTIONS])
def test_every_action_of_a_collection_has_a_path(whole: Json, action: str) -> None:
    paths = {path for path, operation in operations(whole) if operation["operationId"] == f"samples:{action}"}
    assert paths <= {f"/api/samples:{action}", f"/api/samples:{action}/{{id}}"}
    assert len(paths) == 1


def test_a_trigger_has_a_path_with_and_one_without_a_record(whole: Json) -> None:
    assert {"/api/samples:trigger", "/api/samples:trigger/{id}"} <= set(whole["paths"])
    assert TRIGGER_WITHOUT_ID.name == "trigger"


@pytest.mark.parametrize(
    ("association", "actions"),
    [
        ("posts.category", "get create update destroy add set remove toggle trigger"),
        ("posts.tags", "list get create update destroy add set remove toggle trigger"),
        ("posts.createdBy", "get"),
    ],
)
def test_an_association_has_the_actions_that_make_sense_for_it(whole: Json, association: str, actions: str) -> None:
    assert {name for name in ids(whole) if name.startswith(f"{association}:")} == {f"{association}:{name}" for name in actions.split()}


def test_every_field_type_and_every_node_type_has_a_schema(whole: Json) -> None:
    assert set(VALUE_SCHEMAS) == set(FIELD_TYPES)
    assert {f"NodeConfig-{name}" for name in NODE_TYPES} <= set(whole["components"]["schemas"])


def test_every_reference_leads_somewhere(whole: Json) -> None:
    def references(value: Json) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(whole):
        place: Json = whole
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_operation_says_what_it_answers_and_what_else_may_happen(whole: Json) -> None:
    for path, operation in operations(whole):
        statuses = set(operation["responses"])
        assert {"400", "401", "403", "404", "500", "503", "default"} <= statuses, path
        prefers = {"$ref": "#/components/parameters/Prefer"} in operation.get("parameters", [])
        assert len(statuses & {"200", "202"}) == (2 if prefers else 1), path


def has_dry_run(root: Session, operation_id: str) -> bool:
    resource, action = operation_id.split(":")[:2]
    try:
        root.process().answer(f"{resource.replace('.', '/1/')}:{action}", None, {}, dryRun="1")
    except AppError as error:
        return error.code != "NO_DRY_RUN"
    return True


def test_what_can_be_tried_without_an_effect_says_so(root: Session, whole: Json) -> None:
    changing = [(path, item["post"]) for path, item in whole["paths"].items() if "post" in item]
    for path, operation in changing:
        documented = {"$ref": "#/components/parameters/dryRun"} in operation.get("parameters", [])
        assert documented is has_dry_run(root, operation["operationId"]), path
    assert len(changing) > 80


def test_the_schemas_of_a_collection_say_what_is_required_and_what_is_not_writable(whole: Json) -> None:
    schemas = whole["components"]["schemas"]
    assert schemas["tags.create"]["required"] == ["title"]
    assert schemas["tags.create"]["allOf"] == [{"anyOf": [{"required": ["post"]}, {"required": ["postId"]}]}]
    assert schemas["tags.create"]["properties"]["title"] == {"type": "string", "title": "Title", "examples": ["a", "b"]}
    assert schemas["tags.create"]["properties"]["color"]["default"] == "red"
    assert "default" not in schemas["tags.update"]["properties"]["color"]
    assert {"createdAt", "serial"}.isdisjoint(schemas["tags.create"]["properties"])
    assert "secret" in schemas["tags.create"]["properties"]
    assert "secret" not in schemas["tags.read"]["properties"]


def of_role(**role: Json) -> Json:
    """The document of a role over samples and categories."""
    fields = [{"name": "title", "type": "string"}, {"name": "price", "type": "double"}]
    link = {"name": "category", "type": "belongsTo", "target": "categories", "foreignKey": "categoryId"}
    definitions = [{"name": "categories", "fields": fields}, {"name": "samples", "fields": [*fields, link]}]
    collections: dict[str, Collection] = {}
    for one in definitions:
        collections[str(one["name"])] = parse_collection(check_collection(one, collections.__contains__))
    parsed = Role.parse({"name": "some"} | role)
    return document([Usable.by([parsed], False, one) for one in collections.values()], lambda name: "")


def test_a_role_sees_the_collections_that_it_may_view_and_the_actions_that_it_may_do() -> None:
    resources = {"samples": {"usingActionsConfig": True, "actions": [{"name": "view"}, {"name": "trigger"}]}}
    names = {name for name in ids(of_role(resources=resources)) if name.startswith(("samples", "categories"))}
    assert names == {"samples:list", "samples:get", "samples:trigger"}


def test_a_role_sees_only_the_fields_that_it_may_read_and_write() -> None:
    actions = [{"name": "view", "fields": ["title"]}, {"name": "create", "fields": ["price"]}]
    schemas = of_role(resources={"samples": {"usingActionsConfig": True, "actions": actions}})["components"]["schemas"]
    system = {"id", "createdAt", "createdById", "updatedAt", "updatedById"}
    assert set(schemas["samples.read"]["properties"]) == {"title"} | system
    assert set(schemas["samples.create"]["properties"]) == {"price", "id"}
    assert "samples.update" not in schemas


def test_a_stranger_is_refused(root: Session) -> None:
    stranger = root.process()
    stranger.token = "x.y.z"
    with pytest.raises(AppError, match=r"token|sign in|Token"):
        stranger.answer("openapi.json:list")


def test_a_new_collection_is_in_the_document_at_once_also_in_another_process() -> None:
    one = Session(MemoryStore()).install()
    other = one.process()
    assert "/api/novelties:list" not in other.answer("openapi.json:list").body()["paths"]
    one.call("collections:create", None, {"name": "novelties", "fields": []})
    for session in (one, other):
        assert "/api/novelties:list" in session.answer("openapi.json:list").body()["paths"]


def test_the_document_is_made_once_while_no_definition_changes() -> None:
    session = Session(MemoryStore()).install()
    assert session.answer("openapi.json:list").body() is session.answer("openapi.json:list").body()


@lru_cache(maxsize=1)
def formats() -> jsonschema.FormatChecker:
    return jsonschema.Draft202012Validator.FORMAT_CHECKER


def check(whole: Json, operation_id: str, answer: Answer) -> None:
    """Raises ValidationError unless the document promises this answer."""
    operation = next(operation for _, operation in operations(whole) if operation["operationId"] == operation_id)
    promised = operation["responses"][str(answer.status)]
    if "$ref" in promised:
        promised = whole["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    schema = promised["content"]["application/json"]["schema"] | {"components": whole["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=formats()).validate(answer.body())
    assert set(answer.headers) - {"Retry-After"} <= set(promised.get("headers", {}))


def test_the_answer_of_a_call_whose_workflow_runs_on_is_as_the_document_says(root: Session, whole: Json) -> None:
    root.workflow("slow", [], options={"spillToAsync": True})
    root.workflow("after", [], type="action", config={"collection": "samples"}, options={"spillToAsync": True})
    asked = Call("samples", "trigger", "1", params={"triggerWorkflows": "slow"}, token=root.token, wait_s=0, wait_until_ms=0)
    made = replace(asked, action="create", record_id=None, params={"triggerWorkflows": "after"}, body={"title": "new"})
    for name, call in (("samples:trigger", asked), ("samples:create", made)):
        answer = root.product.answer(call)
        assert (answer.status, set(answer.headers) >= {"Location", "Preference-Applied"}) == (202, True)
        check(whole, name, answer)


class Watched:
    """A session whose every answer is held against the document; what was called is noted."""

    def __init__(self, session: Session, whole: Json) -> None:
        self.session = session
        self.whole = whole
        self.called: set[str] = set()

    def __call__(self, name: str, record_id: Json = None, body: Json = None, operation: str = "", **params: Json) -> Json:
        path, action = name.split(":")
        owner, *association = path.split("/")
        operation = operation or ".".join([owner, *association[1:]]) + f":{action}"
        try:
            answer = self.session.answer(name, record_id, body, **params)
        except AppError as error:
            answer = answer_of(error)
        check(self.whole, operation, answer)
        self.called.add(operation)
        return answer.body().get("data")


def call_system_actions(act: Watched) -> None:
    act("app:getInfo")
    act("app:start")
    act("auth:signIn", None, {"account": "root@example.com", "password": "secret password"})
    act("auth:signIn", None, {"account": "root@example.com", "password": "wrong"})
    for _ in range(11):
        act("auth:signIn", None, {"account": "nobody", "password": "wrong"})
    act("auth:check")
    act("openapi.json:list")
    user = act("users:create", None, {"username": "ann", "password": PASSWORD})["id"]
    for call in [("users:list",), ("users:get", user), ("users:get", 999), ("users:update", user, {"nickname": "Ann"})]:
        act(*call)
    for verb in ("add", "set", "remove", "toggle"):
        act(f"users/{user}/roles:{verb}", None, ["admin"])
    for verb in ("add", "toggle", "set", "remove"):
        act(f"roles/member/users:{verb}", None, [user])
    act("roles/admin/users:list")
    act("users:setDefaultRole", None, {"roleName": "admin"})
    act("users:setDefaultRole", None, {"roleName": "root"})
    act("auth:syncCookies")
    act(f"users/{user}/roles:list")
    act("users:destroy", user)
    act("users:updateProfile", None, {"nickname": "Root"})
    act("auditLogs:list", filter={"collection": "users"})
    act("auditLogs:list")
    act("apiKeys:create", None, {"name": "ci", "role": "root"})
    for key in act("apiKeys:list"):
        act("apiKeys:destroy", key["id"])
    call_roles(act)
    call_collections(act)
    call_tasks(act)
    call_workflows(act)
    act("auth:signOut")
    act.session = act.session.process()
    act("auth:changePassword", None, {"oldPassword": "secret password", "newPassword": PASSWORD, "confirmPassword": PASSWORD})


def call_roles(act: Watched) -> None:
    rule = {"name": "samples", "usingActionsConfig": True, "actions": [{"name": "view"}]}
    act("roles:create", None, {"name": "clerk", "strategy": {"actions": ["view"]}})
    for call in [("roles:check",), ("roles:list",), ("roles:get", "clerk"), ("roles:update", "clerk", {"title": "Clerk"})]:
        act(*call)
    for area in ("resources", "dataSourceResources"):
        act(f"roles/clerk/{area}:create", None, rule)
        act(f"roles/clerk/{area}:update", "samples", {"actions": []})
        act(f"roles/clerk/{area}:get", "samples")
    act("roles/clerk/resources:list")
    act("roles/clerk/resources:destroy", "samples")
    act("dataSources/main/roles:update", "clerk", {"title": "A clerk"})
    act("roles:destroy", "clerk")


def call_collections(act: Watched) -> None:
    act("collections:create", None, {"name": "drafts", "fields": [{"name": "title", "type": "string"}]})
    act("collections:create", None, {"name": "drafts", "fields": "x"})
    for call in [
        ("collections:list",),
        ("collections:listMeta",),
        ("collections:get", "drafts"),
        ("collections:update", "drafts", {"title": "Drafts"}),
    ]:
        act(*call)
    act("collections/drafts/fields:create", None, {"name": "size", "type": "integer"})
    act("collections/drafts/fields:update", "size", {"index": True})
    for call in [
        ("collections/drafts/fields:list",),
        ("collections/drafts/fields:get", "size"),
        ("collections/drafts/fields:destroy", "size"),
    ]:
        act(*call)
    act("collections:reindex", "drafts")
    act("collections:destroy", "drafts")


def call_workflows(act: Watched) -> None:
    node = {"type": "response-message", "config": {"message": "hello"}}
    made = act("workflows:create", None, {"key": "hello", "type": "custom-action", "sync": True, "config": {"type": 0}, "nodes": [node]})
    version = made["id"]
    added = act(f"workflows/{version}/nodes:create", None, {"type": "output", "config": {"value": 1}})
    act("workflows:update", version, {"enabled": True, "title": "Hello"})
    act("workflows:list", appends="nodes,stats,versionStats")
    act("workflows:get", version, appends="nodes,createdBy")
    act(f"workflows/{version}/nodes:list")
    act("flow_nodes:get", added["id"])
    act("flow_nodes:update", added["id"], {"title": "Out"})
    act("flow_nodes:move", added["id"], {"upstreamId": None})
    act("flow_nodes:duplicate", added["id"], {"upstreamId": added["id"]})
    act("flow_nodes:test", None, {"type": "condition", "config": {"rejectOnFalse": False}})
    act("flow_nodes:types")
    parted = act(f"workflows/{version}/nodes:create", None, {"type": "condition", "config": {"rejectOnFalse": False}})["id"]
    act(f"workflows/{version}/nodes:create", None, node | {"upstreamId": parted, "branchIndex": 1})
    act("flow_nodes:destroyBranch", parted, {"branchIndex": 1})
    act("flow_nodes:destroy", added["id"])
    act("workflows:trigger", None, {"a": 1}, triggerWorkflows="hello")
    act("workflows:trigger", None, {"a": 1}, triggerWorkflows="nobody")
    run = act("workflows:execute", version, {"userId": 1})["execution"]["id"]
    act("workflows:import", None, act("workflows:export", version))
    act("workflows:revision", version, {"title": "Again"}, filter='{"key": "hello"}')
    act("executions:list", appends="jobs,workflow")
    act("executions:get", run, appends="jobs")
    act("jobs:get", f"{run}-1")
    act("executions:destroy", run)
    waiting = {"type": "delay", "config": {"duration": 1, "unit": 86_400_000, "endStatus": 1}}
    slow = {"key": "waits", "type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}, "nodes": [waiting]}
    waits = act("workflows:create", None, slow)["id"]
    run = act("workflows:execute", waits, {"userId": 1})["execution"]["id"]
    act("executions:cancel", run)
    act("executions:cancel", run)
    act("executions:rerun", run, {})
    act("workflows:destroy", version)
    call_actions(act)
    category = act("workflowCategories:create", None, {"title": "Lab"})["id"]
    act("workflowCategories:list")
    act("workflowCategories:get", category)
    act("workflowCategories:update", category, {"color": "red"})
    act("workflowCategories:destroy", category)
    copying = {"key": "copies", "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}}
    act("workflows:create", None, copying | {"nodes": [{"type": "cc", "config": {"users": [1], "title": "Look"}}]})
    act("workflows:trigger", None, {"a": 1}, triggerWorkflows="copies")
    act("workflows:trigger", None, {"a": 1}, triggerWorkflows="copies", runAt="2027-01-01")
    waiting_call = act("scheduledCalls:list", state="waiting")[0]["id"]
    act("scheduledCalls:destroy", waiting_call)
    task = act("workflowCcTasks:listMine")[0]["id"]
    act("workflowCcTasks:list")
    act("workflowCcTasks:get", task)
    act("workflowCcTasks:read", task)
    act("workflowCcTasks:read", task + 1)
    act("workflowCcTasks:unread")


def call_tasks(act: Watched) -> None:
    forms = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1, "values": {"ok": True}}]}}
    asking = {"key": "asks", "type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}}
    nodes = [{"type": "manual", "config": {"assignees": [1], "forms": forms}}, {"type": "manual", "config": {"assignees": [1]}}]
    act("workflows:create", None, asking | {"nodes": nodes})
    act("workflows:trigger", None, {"a": 1}, triggerWorkflows="asks")
    act.session.machines.run(act.session.backend)
    task = act("workflowManualTasks:listMine")[0]
    act("workflowManualTasks:list", filter={"executionId": task["executionId"]})
    act("userWorkflowTasks:listMine")
    act("workflowManualTasks:get", task["id"])
    act("workflowManualTasks:submit", task["id"], {"result": {"_": "no"}})
    act("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
    act("workflowManualTasks:submit", task["id"] + 1, {"result": {"f": {}, "_": "yes"}})
    act.session.machines.run(act.session.backend)
    act("jobs:resume", f"{task['executionId']}-2", {"status": "done"})
    act("jobs:resume", f"{task['executionId']}-2", {"status": 1, "result": {"ok": True}})


def call_actions(act: Watched) -> None:
    act("actions:create", None, {"name": "hi", "kind": "client", "client": {"type": "message", "message": "Hi {{user.nickname}}"}})
    act("actions:create", None, {"name": "hi", "kind": "nothing"})
    act("actions:update", "hi", {"label": "Hi"})
    act("actions:list")
    act("actions:get", "hi")
    act("actions:procedures")
    act("actions:available")
    act("actions:available", collection="samples", filterByTk="2")
    act("actions:available", collection="samples", filterByTk="2", each="1")
    act("samples:list", actions="1")
    act("users:list", actions="1")
    for name, body in [("hi", None), ("hi", {"input": 5}), ("submit", {"filterByTk": 2}), ("submit", {"filterByTk": 3})]:
        act("actions:run", name, body)
    act("actions:destroy", "hi")


def call_procedures(act: Watched) -> None:
    act("samples:remeasure", 3, {"indicator": 97})
    act("samples:remeasure", 3, {"indicator": 1})
    act("samples:remeasure", None, {"indicator": "x"}, "samples:remeasure:alone")
    act("users:sendWelcomeEmail", 1)
    act("users:sendWelcomeEmail", None, {"userId": 99}, "users:sendWelcomeEmail:alone")


def call_record_actions(act: Watched) -> None:
    made = act("samples:create", None, {"title": "A", "indicator": 95.5, "category": {"title": "New"}}, updateAssociationValues="category")
    for params in ({}, {"appends": "category,createdBy"}, {"fields": "title"}, {"pageSize": "1", "sort": "-title"}):
        act("samples:list", **params)
        act("samples:get", made["id"], **params)
    act("samples:get", 999)
    act("samples:update", made["id"], {"title": "B"})
    act("samples:update", made["id"], {"title": None, "nothing": 1})
    act("samples:trigger", made["id"], triggerWorkflows="submit_inspection")
    act("samples:trigger", 2, triggerWorkflows="submit_inspection")
    act("samples:trigger", None, {"title": "C", "indicator": 91}, "samples:trigger:many", triggerWorkflows="submit_inspection")
    for body in ({"title": "D"}, {}):
        act("samples:create", None, body, dryRun="1", triggerWorkflows="")
    act("samples:update", made["id"], {"title": "D"}, dryRun="1")
    act("samples:trigger", made["id"], dryRun="1", triggerWorkflows="submit_inspection")
    act("samples:destroy", made["id"], dryRun="1")
    act("samples:destroy", made["id"])
    for title in ("E", "F", "F"):
        act("samples:firstOrCreate", None, {"title": title}, filterKeys="title")
        act("samples:updateOrCreate", None, {"title": title}, filterKeys="title")
    tags = [act("tags:create", None, {"title": "t", "post": 1})["id"] for _ in range(2)]
    act("tags:move", sourceId=str(tags[0]), targetId=str(tags[1]))
    act("samples:move", sourceId="1")


def call_association_actions(act: Watched) -> None:
    made = act("posts/1/tags:create", None, {"title": "a"})["id"]
    for verb in ("add", "set", "toggle", "remove", "add"):
        act(f"posts/1/tags:{verb}", None, [made])
    act("posts/1/tags:list", appends="post")
    act("posts/1/tags:get", made)
    act("posts/1/tags:update", made, {"title": "b"})
    act("posts/1/tags:trigger", made, triggerWorkflows="nobody")
    act("posts/1/tags:destroy", made)
    act("posts/1/category:get")
    act("posts/1/createdBy:get")


def test_real_answers_of_every_action_are_as_the_document_says(root: Session, whole: Json) -> None:
    act = Watched(root.process(), whole)
    call_record_actions(act)
    call_association_actions(act)
    call_procedures(act)
    call_system_actions(act)
    wanted = {action.name for action in SYSTEM_ACTIONS} | {f"samples:{action.name}" for action in COLLECTION_ACTIONS}
    wanted |= {f"posts.tags:{action.name}" for action in ASSOCIATION_ACTIONS}
    wanted |= {name for one in PROCEDURES.values() for name in (one.address, f"{one.address}:alone")}
    assert wanted <= act.called


def test_the_reference_page_is_what_the_document_says() -> None:
    assert PAGE.read_text() == page(), "docs/api-reference.md is stale: make reference"
