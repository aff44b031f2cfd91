"""Versions of a workflow, over the store in memory."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import AppError, Invalid, NotFound
from tests.sessions import Session
from tests.stores import WatchedStore, after
from tests.unit.services.flows import TREE, ids, revise, rows, run, shape

Json = Any


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def root(store: WatchedStore) -> Session:
    return Session(store).install()


@pytest.fixture
def version(root: Session) -> int:
    return root.workflow("flow", TREE, description="what it does", options={"timeout": 5})


def test_a_revision_is_a_disabled_version_of_the_same_key(root: Session, version: int) -> None:
    made = revise(root, version)
    assert {
        name: made[name] for name in ("key", "title", "type", "sync", "enabled", "current", "options", "description", "categories")
    } == {
        "key": "flow",
        "title": "flow",
        "type": "custom-action",
        "sync": True,
        "enabled": False,
        "current": None,
        "options": {"timeout": 5},
        "description": "what it does",
        "categories": [],
    }
    assert made["id"] != version
    assert [(row["enabled"], row["current"]) for row in rows(root, key="flow")] == [(True, True), (False, None)]


def test_the_nodes_of_a_revision_keep_keys_and_numbers_under_new_ids(root: Session, version: int) -> None:
    made = revise(root, version)["id"]
    assert shape(root, made) == shape(root, version)
    assert {key: node - made for key, node in ids(root, made).items()} == {key: node - version for key, node in ids(root, version).items()}
    new = root.call(f"workflows/{made}/nodes:create", None, {"type": "end", "config": {}})
    assert new["id"] - made == len(ids(root, version)) + 1


def test_without_the_key_a_copy_of_its_own_is_made(root: Session, version: int) -> None:
    run(root, version)
    made = root.call("workflows:revision", version, {}, appends="nodes")
    assert (made["title"], made["enabled"], made["current"]) == ("flow copy", False, True)
    assert made["key"] != "flow"
    assert root.call("workflows:get", made["id"], appends="stats")["stats"]["executed"] == 0
    assert shape(root, made["id"]) == shape(root, version)


def test_a_copy_may_get_another_title(root: Session, version: int) -> None:
    assert root.call("workflows:revision", version, {"title": "Other"})["title"] == "Other"
    with pytest.raises(Invalid) as refused:
        root.call("workflows:revision", version, {"title": 5})
    assert refused.value.problems()[0].path == "title"


@pytest.mark.parametrize(("target", "wanted"), [(81920, None), ("flow", {"key": "another"})])
def test_a_revision_of_nothing_is_not_found(root: Session, version: int, target: Json, wanted: Json) -> None:
    with pytest.raises(NotFound):
        root.call("workflows:revision", version if target == "flow" else target, {}, filter=wanted)


def test_only_one_version_of_a_key_is_enabled_and_current(root: Session, version: int) -> None:
    made = [revise(root, version)["id"] for _ in range(3)]
    for chosen in (*made, version, made[1]):
        root.call("workflows:update", chosen, {"enabled": True})
        assert [row["id"] for row in rows(root, key="flow", enabled=True)] == [chosen]
        assert [row["id"] for row in rows(root, key="flow", current=True)] == [chosen]
        meta = root.trigger("samples", 1, "flow").meta or {}
        assert root.execution(meta["executions"][0]["id"])["workflowId"] == chosen


def test_two_who_enable_two_versions_at_once_leave_one_enabled(root: Session, version: int, store: WatchedStore) -> None:
    one, two = revise(root, version)["id"], revise(root, version)["id"]
    other = root.process()
    store.sendings.append(after(lambda: other.call("workflows:update", two, {"enabled": True})))
    root.call("workflows:update", one, {"enabled": True})
    assert [row["id"] for row in rows(root, key="flow", enabled=True)] == [one]
    assert [row["id"] for row in rows(root, key="flow", current=True)] == [one]


def test_two_who_take_one_key_at_once_get_one_workflow(root: Session, store: WatchedStore) -> None:
    other = root.process()
    store.sendings.append(after(lambda: other.workflow("taken", [])))
    with pytest.raises(Invalid, match="taken"):
        root.workflow("taken", [])
    assert len(rows(root, key="taken")) == 1


def test_a_key_is_free_again_when_its_workflow_is_gone(root: Session, version: int) -> None:
    revise(root, version)
    assert root.call("workflows:destroy", version) == 1
    assert rows(root, key="flow") == []
    assert root.workflow("flow", [])


def test_a_workflow_of_very_many_versions_can_be_enabled_and_removed(root: Session, version: int) -> None:
    made = [revise(root, version)["id"] for _ in range(100)]
    root.call("workflows:update", made[50], {"enabled": True})
    assert root.call("workflows:destroy", made[50]) == 1
    assert rows(root, key="flow") == []


def test_a_first_run_that_rested_on_a_version_no_longer_enabled_freezes_nothing_else(root: Session, store: WatchedStore) -> None:
    first = root.workflow("fresh", [])
    second = revise(root, first, "fresh")["id"]
    other = root.process()
    store.sendings.append(after(lambda: other.call("workflows:update", second, {"enabled": True})))
    root.trigger("samples", 1, "fresh")
    assert [run["workflowId"] for run in root.executions("fresh")] == [second]
    root.call(f"workflows/{first}/nodes:create", None, {"type": "end", "config": {}})
    with pytest.raises(Invalid, match="executed"):
        root.call(f"workflows/{second}/nodes:create", None, {"type": "end", "config": {}})


@pytest.mark.parametrize(
    ("action", "key", "body", "params"),
    [
        ("flow_nodes:update", "first", {"title": "x"}, {}),
        ("flow_nodes:destroy", "first", None, {}),
        ("flow_nodes:destroy", "meets", None, {"keepBranch": "1"}),
        ("flow_nodes:move", "last", {"upstreamId": None}, {}),
        ("flow_nodes:duplicate", "last", {"upstreamId": None}, {}),
        ("flow_nodes:destroyBranch", "meets", None, {"branchIndex": "1"}),
    ],
)
def test_a_version_that_has_run_is_frozen_and_its_revision_is_not(
    root: Session, version: int, action: str, key: str, body: Json, params: Json
) -> None:
    run(root, version)
    before = shape(root, version)
    with pytest.raises(Invalid) as refused:
        root.call(action, ids(root, version)[key], body, **params)
    assert refused.value.problems()[0].code == "WORKFLOW_FROZEN"
    assert shape(root, version) == before
    made = revise(root, version)["id"]
    root.call(action, ids(root, made)[key], body, **params)


def test_config_and_content_of_a_version_that_has_run_stay(root: Session, version: int) -> None:
    run(root, version)
    for name, body, params in (
        ("workflows:update", {"config": {"type": 0}}, {}),
        ("workflows:import", {"type": "custom-action", "config": {"type": 0}}, {"filterByTk": str(version)}),
        (f"workflows/{version}/nodes:create", {"type": "end", "config": {}}, {}),
    ):
        with pytest.raises(Invalid) as refused:
            root.call(name, version if name == "workflows:update" else None, body, **params)
        assert refused.value.problems()[0].code == "WORKFLOW_FROZEN"
    changed = {"title": "T", "description": "D", "triggerTitle": "TT", "options": {"timeout": 7}, "enabled": False}
    (row,) = root.call("workflows:update", version, changed)
    assert {name: row[name] for name in changed} == changed


@pytest.mark.parametrize(
    ("wish", "is_made"), [("1", True), (1, True), ("1.0", True), ("0", False), ("", False), (None, False), ("2", False)]
)
def test_a_manual_run_makes_a_version_to_go_on_with_when_asked(root: Session, version: int, wish: Json, is_made: bool) -> None:
    answer = run(root, version, **({} if wish is None else {"autoRevision": wish}))
    assert answer["execution"]["status"] == 1
    versions = [row["id"] for row in rows(root, key="flow")]
    assert versions == [version, answer["newVersionId"]] if is_made else [version]
    if is_made:
        root.call("flow_nodes:update", ids(root, answer["newVersionId"])["first"], {"title": "x"})


def test_a_wish_for_a_version_that_is_no_number_is_refused(root: Session, version: int) -> None:
    with pytest.raises(Invalid) as refused:
        run(root, version, autoRevision="yes")
    assert refused.value.problems()[0].path == "autoRevision"
    assert root.executions("flow") == []


def test_a_disabled_workflow_can_be_named_while_a_node_is_unfinished_but_not_enabled(root: Session) -> None:
    version = root.workflow("draft", [], enabled=False)
    root.call(f"workflows/{version}/nodes:create", None, {"type": "condition"})
    assert root.call("workflows:update", version, {"title": "Named"})[0]["title"] == "Named"
    with pytest.raises(Invalid) as refused:
        root.call("workflows:update", version, {"enabled": True})
    assert refused.value.problems()[0].path == "nodes.0.config.rejectOnFalse"
    with pytest.raises(Invalid):
        root.call("workflows:update", version, {"description": 5})


def test_workflows_are_found_by_category(root: Session, version: int) -> None:
    late = root.call("workflowCategories:create", None, {"title": "Late", "color": "red", "sort": 2})["id"]
    early = root.call("workflowCategories:create", None, {"title": "Early", "sort": 1})["id"]
    assert [row["title"] for row in root.call("workflowCategories:list")] == ["Early", "Late"]
    root.call("workflows:update", version, {"categories": [late, {"id": early}]})
    assert [row["title"] for row in root.call("workflows:get", version, appends="categories")["categories"]] == ["Late", "Early"]
    assert [row["id"] for row in rows(root, categories={"$anyOf": [early]})] == [version]
    assert [row["title"] for row in revise(root, version)["categories"]] == ["Late", "Early"]
    root.call("workflowCategories:update", late, {"title": "Later"})
    root.call("workflowCategories:destroy", early)
    assert [row["title"] for row in root.call("workflows:get", version, appends="categories")["categories"]] == ["Later"]
    assert "categories" not in root.call("workflows:get", version)
    assert root.call("workflowCategories:get", early) is None


@pytest.mark.parametrize("categories", [5, ["x"], [True], [{}], [[]], [12345]])
def test_a_category_must_be_there(root: Session, version: int, categories: Json) -> None:
    with pytest.raises(Invalid) as refused:
        root.call("workflows:update", version, {"categories": categories})
    assert refused.value.problems()[0].path.startswith("categories")


@pytest.mark.parametrize("body", [{}, {"title": 5}, {"title": "x", "color": []}, {"title": "x", "nosuch": 1}, {"title": "x", "sort": "y"}])
def test_a_category_is_checked(root: Session, body: Json) -> None:
    with pytest.raises(Invalid):
        root.call("workflowCategories:create", None, body)
    assert root.call("workflowCategories:list") == []


@pytest.mark.parametrize(
    "name",
    [
        "workflows:revision",
        "workflows:export",
        "workflows:import",
        "flow_nodes:test",
        "flow_nodes:move",
        "flow_nodes:duplicate",
        "flow_nodes:destroyBranch",
        "workflowCategories:list",
        "workflowCategories:get",
        "workflowCategories:create",
        "workflowCategories:update",
        "workflowCategories:destroy",
    ],
)
def test_only_who_manages_workflows_may(root: Session, version: int, name: str) -> None:
    root.call("roles:create", None, {"name": "every", "strategy": {"actions": ["view", "create", "update", "destroy", "trigger"]}})
    user = root.call("users:create", None, {"username": "u", "password": "a good password", "roles": ["every"]})
    with pytest.raises(AppError) as refused:
        root.process(user_id=user["id"]).call(name, version, {"title": "x"})
    assert type(refused.value).__name__ == "Forbidden"
