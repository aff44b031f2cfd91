"""Who may do what: strategies, resources of their own, scopes, and the rights behind the button.

https://docs.nocobase.com/users-permissions/acl/permissions
"""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, make_user, output

REFUSED = (403, "No permissions")


@pytest.mark.parametrize("user", ["viewer", "member"])
@pytest.mark.parametrize("identity", [True, False], ids=["a record", "only a body"])
def test_without_the_right_the_button_is_a_403_that_starts_nothing(model: Model, user: str, identity: bool) -> None:
    sample, before = model.sample(), model.ran("submit")
    answer = model.users[user].trigger(f"samples/{sample}" if identity else "samples", "submit", {"indicator": 99})
    assert (answer.status, answer.errors[0]["message"]) == REFUSED
    assert (model.ran("submit"), model.read(sample)["status"], model.notes(sample)) == (before, "Collected", [])


def test_the_stock_admin_may_press_the_button_with_and_without_a_record(model: Model) -> None:
    assert model.users["roleadmin"].trigger(f"samples/{model.sample()}", "submit").status == 200
    assert model.users["roleadmin"].trigger("samples", "echo", {"title": "x"}).status == 200


def test_the_stock_admin_keeps_records_and_definitions(model: Model) -> None:
    admin = model.users["roleadmin"]
    made = admin.post("samples:create", {"title": "by admin"}).data
    assert made["createdById"] == admin.get("auth:check").data["id"]
    assert admin.post(f"samples:update/{made['id']}", {"title": "changed"}).status == 200
    assert admin.post(f"samples:destroy/{made['id']}").data == 1
    assert admin.get("workflows:list").status == 200
    assert admin.get("executions:list").status == 200


def test_the_stock_member_sees_only_its_own(model: Model) -> None:
    sample = model.sample("not the member's")
    member = model.users["member"]
    assert sample not in [row["id"] for row in member.get("samples:list", pageSize=200).data]
    assert member.get("samples:list").meta["count"] == 0
    assert member.get(f"samples:get/{sample}").json.get("data") is None
    for action, body in (("create", {"title": "x"}), (f"update/{sample}", {"title": "x"}), (f"destroy/{sample}", None)):
        assert member.post(f"samples:{action}", body).status == 403
    assert model.read(sample)["title"] == "not the member's"


def test_viewing_is_not_writing(model: Model) -> None:
    sample, viewer = model.sample(), model.users["viewer"]
    assert viewer.get(f"samples:get/{sample}").data["id"] == sample
    for action, body in (("create", {"title": "x"}), (f"update/{sample}", {"title": "x"}), (f"destroy/{sample}", None)):
        answer = viewer.post(f"samples:{action}", body)
        assert (answer.status, answer.errors[0]["message"]) == REFUSED
    assert model.read(sample)["title"] == "Sample"


def test_the_right_for_one_collection_is_none_for_another(model: Model) -> None:
    submitter, category = model.users["submitter"], model.blood
    assert submitter.trigger(f"categories/{category}", "category").status == 403
    assert submitter.trigger(f"samples/{model.sample()}", "echo").status == 200
    assert submitter.trigger("samples", "echo", {"title": "new"}).status == 200


def test_a_workflow_writes_what_its_caller_may_not(model: Model) -> None:
    sample, submitter = model.sample(), model.users["submitter"]
    assert submitter.post(f"samples:update/{sample}", {"status": "Submitted"}).status == 403
    submitter.trigger(f"samples/{sample}", "submit").ok()
    assert model.read(sample)["status"] == "Submitted"


def test_the_right_comes_before_the_key(model: Model) -> None:
    assert model.users["viewer"].trigger(f"samples/{model.sample()}", "nosuchkey").status == 403


def test_own_records_only(model: Model) -> None:
    user = model.users["ownsubmitter"]
    mine = user.post("samples:create", {"title": "Mine", "indicator": 99}).data["id"]
    assert user.trigger(f"samples/{mine}", "submit").status == 200
    assert model.notes(mine) == ["from Mine"]
    others, before = model.sample("Others"), model.ran("submit")
    answer = user.trigger(f"samples/{others}", "submit")
    assert (answer.status, answer.errors[0]["message"]) == REFUSED
    assert (model.ran("submit"), model.read(others)["status"]) == (before, "Collected")


def test_of_several_records_only_the_own_ones_are_given(model: Model) -> None:
    user = model.users["ownsubmitter"]
    mine, others = user.post("samples:create", {"title": "Mine"}).data["id"], model.sample("Others")
    answer = user.trigger("samples", "multi", filterByTk=[mine, others])
    if answer.status == 200:
        run = model.root.get(f"executions:get/{answer.executions[0]['id']}").data
        assert [row["id"] for row in run["context"]["data"]] == [mine]
    else:
        assert answer.status == 403
    assert model.read(others)["status"] == "Collected"
    assert user.trigger("samples", "multi", filterByTk=[others]).status in (403, 404)
    assert model.read(others)["status"] == "Collected"


def test_an_association_is_no_way_around_the_scope(model: Model) -> None:
    """The record of the URL is loaded under the scope also when the workflow is the association's."""
    others = model.sample("Others")
    before = model.ran("category")
    assert model.users["ownsubmitter"].trigger(f"samples/{others}", "category!category").status == 403
    assert model.ran("category") == before


def test_trigger_is_not_trigger_new(model: Model) -> None:
    assert model.users["ownsubmitter"].trigger("samples", "echo", {"title": "x"}).status == 403
    assert model.users["ownsubmitter"].trigger("samples", "echo", {"title": "x"}, filterByTk="").status in (400, 403)


def test_global_workflows_are_open_to_who_is_signed_in_unless_they_name_roles(model: Model) -> None:
    assert model.users["viewer"].trigger("workflows", "global", {"name": "V"}).messages == ["hello V from viewer as viewer"]
    assert model.users["member"].trigger("workflows", "global").status == 200
    assert model.users["submitter"].trigger("workflows", "global_limited").status == 200
    assert model.root.trigger("workflows", "global_limited").status == 200
    before = model.ran("global_limited")
    answer = model.users["viewer"].trigger("workflows", "global_limited")
    assert 400 <= answer.status < 500
    assert model.ran("global_limited") == before


def test_a_trigger_through_two_roles_counts_the_one_in_use(model: Model) -> None:
    both = model.users["both"]
    assert both.using(X_Role="viewer").trigger("workflows", "global_limited").status != 200
    assert both.using(X_Role="submitter").trigger("workflows", "global_limited").status == 200


@pytest.fixture(scope="module")
def clerk(model: Model, stranger: Client) -> Client:
    """May see title and status of samples with status Open, change the status of those, and create with title and status."""
    model.root.post("roles:create", {"name": "clerk", "strategy": {"actions": []}}).ok()
    scope = {"status": "Open"}
    actions: list[Json] = [
        {"name": "view", "fields": ["id", "title", "status"], "scope": scope},
        {"name": "update", "fields": ["status"], "scope": scope},
        {"name": "create", "fields": ["title", "status"]},
    ]
    model.root.post("roles/clerk/resources:create", {"name": "samples", "usingActionsConfig": True, "actions": actions}).ok()
    return make_user(model.root, stranger, "clerk", ["clerk"])


def test_fields_out_of_the_rule_are_not_read_written_filtered_sorted_or_expanded(model: Model, clerk: Client) -> None:
    sample = model.sample("Visible", 77, status="Open")
    row = clerk.get(f"samples:get/{sample}").data
    assert (row["title"], "indicator" in row, "categoryId" in row) == ("Visible", False, False)
    for query in (
        {"filter": {"indicator": 77}},
        {"filter": {"category": {"title": "Blood"}}},
        {"sort": "indicator"},
        {"fields": "indicator"},
    ):
        answer = clerk.get("samples:list", **query)
        assert answer.status in (400, 403) or not any("indicator" in row for row in answer.data), query
        if "fields" not in query:
            assert answer.status in (400, 403), query
    answer = clerk.get(f"samples:get/{sample}", appends=["category"])
    assert answer.status in (400, 403) or not answer.data.get("category")
    clerk.post(f"samples:update/{sample}", {"indicator": 1})
    assert model.read(sample)["indicator"] == 77


def test_records_out_of_the_scope_are_not_there(model: Model, clerk: Client) -> None:
    hidden, seen = model.sample("Hidden", status="Closed"), model.sample("Seen", status="Open")
    ids = [row["id"] for row in clerk.get("samples:list", pageSize=200).data]
    assert seen in ids
    assert hidden not in ids
    assert clerk.get(f"samples:get/{hidden}").json.get("data") is None
    assert [row["id"] for row in clerk.get("samples:list", filter={"$or": [{"id": hidden}, {"id": seen}]}).data] == [seen]
    answer = clerk.post(f"samples:update/{hidden}", {"status": "Mine"})
    assert answer.status in (403, 404) or answer.data == []
    assert model.read(hidden)["status"] == "Closed"
    assert clerk.post(f"samples:update/{seen}", {"status": "Done"}).status == 200


def test_a_right_that_is_not_listed_is_refused_even_by_filter(model: Model, clerk: Client) -> None:
    sample = model.sample(status="Open")
    assert clerk.post("samples:destroy", filter={"id": sample}).status == 403
    assert clerk.get("categories:list").status == 403
    assert model.read(sample)["id"] == sample


@pytest.mark.parametrize("name", ["viewer", "submitter", "member"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("users:create", {"username": "mine", "password": "long enough 1", "roles": ["root"]}),
        ("users:update/1", {"password": "long enough 1"}),
        ("users:destroy/1", None),
        ("users/1/roles:add", ["root"]),
        ("roles:create", {"name": "mine"}),
        ("roles:update/viewer", {"strategy": {"actions": ["view", "create", "update", "destroy"]}}),
        ("roles/viewer/resources:create", {"name": "samples", "usingActionsConfig": True, "actions": [{"name": "destroy"}]}),
        ("collections:create", {"name": "mine"}),
        ("collections:destroy/samples", None),
        ("workflows:create", {"title": "mine", "type": "custom-action", "config": {"type": 0}}),
        ("executions:list", None),
        ("executions:destroy/1", None),
    ],
)
def test_nobody_rises_by_the_management_routes(model: Model, name: str, path: str, body: Json) -> None:
    answer = model.users[name].post(path, body)
    assert (answer.status, answer.errors[0]["message"]) == REFUSED
    assert model.root.get("auth:check").status == 200


def test_the_system_collections_are_not_read_around_the_rules(model: Model) -> None:
    listed = model.root.get("users:list", pageSize=100)
    assert b"argon2" not in listed.body
    assert not any({"password", "passwordHash"} & set(row) for row in listed.data)
    assert model.root.get("users:list", filter={"password": {"$notEmpty": True}}).status == 400


def test_admin_does_not_become_root(model: Model) -> None:
    admin, identity = model.users["roleadmin"], model.users["roleadmin"].get("auth:check").data["id"]
    admin.post(f"users/{identity}/roles:add", ["root"])
    admin.post(f"users:update/{identity}", {"roles": ["root"]})
    assert admin.using(X_Role="root").get("auth:check").codes == ["ROLE_NOT_FOUND_FOR_USER"]


def test_a_workflow_that_only_reads_leaves_other_rights_alone(model: Model) -> None:
    workflow = model.workflow([output()], config={"appends": ["category"]})
    sample = model.sample()
    model.users["submitter"].trigger(f"samples/{sample}", workflow["key"]).ok()
    assert model.last_run(workflow["key"])["context"]["user"]["username"] == "submitter"
