"""A collection that is dropped takes along what named it; system collections cannot be dropped (https://docs.nocobase.com/data-sources/data-modeling)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import Invalid
from tests.sessions import NOW_MS, Session

Json = Any
FIELDS: list[Json] = [{"name": "title", "type": "string"}]
ANSWER: Json = {"key": "done", "type": "response-message", "config": {"message": "done"}}
RULES: Json = {"usingActionsConfig": True, "actions": [{"name": "view"}]}


@pytest.fixture
def session() -> Session:
    """Collection ``boxes``: a role has rules for it, a workflow starts on it, another one on samples."""
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    made.call("collections:create", None, {"name": "boxes", "fields": FIELDS})
    made.call("boxes:create", None, {"id": 1, "title": "a"})
    made.call("roles:create", None, {"name": "packer", "resources": {"boxes": RULES, "samples": RULES}})
    made.workflow("pack", [ANSWER], collection="boxes")
    made.workflow("inspect", [ANSWER])
    return made


def enabled(session: Session, key: str) -> bool:
    (version,) = session.call("workflows:list", filter={"key": key, "current": True})
    return bool(version["enabled"])


def test_roles_have_no_rules_for_a_collection_made_again_under_the_name(session: Session) -> None:
    answer = session.answer("collections:destroy", "boxes")
    assert answer.meta is not None
    assert answer.meta["rolesChanged"] == ["packer"]
    session.call("collections:create", None, {"name": "boxes", "fields": FIELDS})
    assert session.call("roles:get", "packer")["resources"] == {"samples": RULES}


def test_workflows_that_start_on_it_are_disabled_and_named(session: Session) -> None:
    answer = session.answer("collections:destroy", "boxes")
    assert answer.data == 1
    assert answer.meta is not None
    assert answer.meta["disabled"] == ["pack"]
    assert (enabled(session, "pack"), enabled(session, "inspect")) == (False, True)
    session.call("collections:create", None, {"name": "boxes", "fields": FIELDS})
    session.call("boxes:create", None, {"id": 1, "title": "b"})
    with pytest.raises(Invalid) as caught:
        session.trigger("boxes", 1, "pack")
    assert caught.value.problems()[0].code == "NO_WORKFLOW_TRIGGERED"
    (version,) = session.call("workflows:list", filter={"key": "pack"})
    session.call("workflows:update", version["id"], {"enabled": True})
    assert session.trigger("boxes", 1, "pack").messages == ["done"]


def asking(**form: Json) -> Json:
    """A node that asks root, by a form that agrees with one button."""
    return {"key": "ask", "type": "manual", "config": {"assignees": [1], "forms": {"f": form | {"actions": [{"key": "yes", "status": 1}]}}}}


@pytest.mark.parametrize("form", [{"type": "create"}, {"type": "update", "filter": {"title": "a"}}])
@pytest.mark.parametrize("name", ["boxes", "main:boxes"])
def test_workflows_that_ask_people_for_its_records_are_disabled_and_named(session: Session, form: Json, name: str) -> None:
    parallel = {"key": "all", "type": "parallel", "config": {}, "branches": {"1": [asking(**form, collection=name)]}}
    session.workflow("asks", [parallel], sync=False)
    session.workflow("elsewhere", [asking(**form, collection="samples")], sync=False)
    session.workflow("plain", [asking(type="custom")], sync=False)
    answer = session.answer("collections:destroy", "boxes")
    assert answer.meta is not None
    assert sorted(answer.meta["disabled"]) == ["asks", "pack"]
    assert [enabled(session, key) for key in ("asks", "elsewhere", "plain")] == [False, True, True]
    (version,) = session.call("workflows:list", filter={"key": "asks"})
    with pytest.raises(Invalid, match='Collection "boxes" does not exist'):
        session.call("workflows:update", version["id"], {"enabled": True})


@pytest.mark.parametrize(
    "node",
    [
        {"type": "query", "config": {"collection": "boxes"}},
        {"type": "create", "config": {"collection": "main:boxes", "params": {"values": {"title": "x"}}}},
        {"type": "aggregate", "config": {"collection": "boxes", "aggregator": "count", "params": {"field": "id"}}},
    ],
)
def test_workflows_whose_other_nodes_name_it_are_told_of_and_stay(session: Session, node: Json) -> None:
    session.workflow("works", [node])
    session.workflow("rests", [node], enabled=False)
    answer = session.answer("collections:destroy", "boxes")
    assert answer.meta is not None
    assert (answer.meta["stillNamed"], enabled(session, "works")) == (["works"], True)


def test_nothing_is_said_where_nothing_named_it(session: Session) -> None:
    session.call("collections:create", None, {"name": "lids", "fields": FIELDS})
    assert session.answer("collections:destroy", "lids").meta is None
    assert session.answer("collections:destroy", "lids").data == 0
    assert enabled(session, "pack")


def test_a_drop_that_is_refused_leaves_roles_and_workflows(session: Session) -> None:
    session.call("collections:create", None, {"name": "lids", "fields": [{"name": "box", "type": "belongsTo", "target": "boxes"}]})
    with pytest.raises(Invalid, match=r"lids\.box"):
        session.call("collections:destroy", "boxes")
    assert enabled(session, "pack")
    assert set(session.call("roles:get", "packer")["resources"]) == {"boxes", "samples"}


def test_a_remade_collection_sets_off_nothing_of_the_old_one(session: Session) -> None:
    trigger: Json = {"type": "collection", "config": {"collection": "boxes", "mode": 1}}
    session.workflow("watch", [], None, sync=False, **trigger)
    session.call("collections:destroy", "boxes")
    session.call("collections:create", None, {"name": "boxes", "fields": [{"name": "title", "type": "string"}]})
    session.call("boxes:create", None, {"title": "new"})
    assert not enabled(session, "watch")
    assert session.executions("watch") == []


@pytest.mark.parametrize("name", ["users", "roles", "collections", "workflows"])
def test_a_system_collection_is_neither_dropped_nor_changed(session: Session, name: str) -> None:
    for action, body in [("collections:destroy", None), ("collections:update", {"title": "x"})]:
        with pytest.raises(Invalid) as caught:
            session.call(action, name, body)
        assert (caught.value.code, caught.value.problems()[0].path) == ("SYSTEM_COLLECTION", "filterByTk")


class TestForwardReferences:
    def test_a_target_that_is_not_there_yet_is_refused_with_the_way_to_do_it(self, session: Session) -> None:
        lids = {"name": "lids", "fields": [{"name": "jar", "type": "belongsTo", "target": "jars"}]}
        with pytest.raises(Invalid) as caught:
            session.call("collections:create", None, lids)
        assert caught.value.problems()[0].path == "fields.0.target"
        assert "collections/lids/fields:create" in caught.value.message
        assert session.call("collections:get", "lids") is None

    def test_two_collections_that_point_at_each_other_are_made_that_way(self, session: Session) -> None:
        session.call("collections:create", None, {"name": "lids", "fields": []})
        session.call("collections:create", None, {"name": "jars", "fields": [{"name": "lid", "type": "belongsTo", "target": "lids"}]})
        session.call("collections/lids/fields:create", None, {"name": "jar", "type": "belongsTo", "target": "jars"})
        lid = session.call("lids:create", None, {})["id"]
        jar = session.call("jars:create", None, {"lid": lid})["id"]
        session.call("lids:update", lid, {"jar": jar})
        assert session.call("lids:get", lid, appends="jar.lid")["jar"]["lid"]["id"] == lid


class TestLists:
    def test_fields_and_except_choose_among_the_options(self, session: Session) -> None:
        rows = session.call("collections:list", fields="name,title", filter={"name": "boxes"})
        assert rows == [{"name": "boxes", "title": "boxes"}]
        (row,) = session.call("collections:list", filter={"name": "boxes"}, **{"except": "fields"})
        assert "fields" not in row
        assert row["name"] == "boxes"

    def test_fields_that_are_no_names_are_refused(self, session: Session) -> None:
        with pytest.raises(Invalid) as caught:
            session.call("collections:list", fields={"a": 1})
        assert caught.value.problems()[0].path == "fields"

    def test_list_meta_has_every_collection_with_its_fields(self, session: Session) -> None:
        answer = session.answer("collections:listMeta")
        assert answer.meta is None
        assert answer.data == session.call("collections:list", pageSize="200")
        assert "title" in [field["name"] for row in answer.data if row["name"] == "boxes" for field in row["fields"]]
