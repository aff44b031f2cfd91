"""Actions as definitions: what can be saved, and that everything wrong with one is told at once."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Forbidden, Invalid
from tests.sessions import Session

Json = Any
BASE: Json = {"name": "go", "kind": "workflow", "collection": "samples", "workflows": [{"key": "submit_inspection"}]}
CLIENT: Json = {"kind": "client", "workflows": None}
FORM: Json = {"type": "object", "properties": {"reason": {"type": "string"}}}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def problems(session: Session, body: Json, name: str = "actions:create", key: Json = None) -> list[Json]:
    with pytest.raises(Invalid) as refused:
        session.call(name, key, body)
    return [problem.to_json() for problem in refused.value.problems()]


def paths(session: Session, body: Json) -> list[str]:
    return [problem.get("path") for problem in problems(session, body)]


class TestSaving:
    def test_what_is_made_is_listed_read_changed_and_removed(self, session: Session) -> None:
        made = session.call("actions:create", None, BASE)
        assert (made["name"], made["label"], made["context"], made["placement"], made["enabled"]) == ("go", "go", "single", "row", True)
        assert session.call("actions:get", "go") == made
        (changed,) = session.call("actions:update", "go", {"label": "Go!", "sort": 0})
        assert (changed["label"], changed["sort"], changed["workflows"]) == ("Go!", 0, BASE["workflows"])
        assert session.call("actions:list")[0]["name"] == "go"
        assert session.answer("actions:list", pageSize="2").meta == {"count": 7, "page": 1, "pageSize": 2, "totalPage": 4}
        assert [row["name"] for row in session.call("actions:list", filter='{"kind": "client"}')] == ["openCategory"]
        assert (session.call("actions:destroy", "go"), session.call("actions:destroy", "go"), session.call("actions:get", "go")) == (
            1,
            0,
            None,
        )

    def test_what_was_read_can_be_sent_back(self, session: Session) -> None:
        for row in session.call("actions:list", paginate="false"):
            assert session.call("actions:update", row["name"], row)[0] | {"updatedAt": None} == row | {"updatedAt": None}

    def test_the_order_of_a_forms_fields_is_kept_with_it(self, session: Session) -> None:
        form = {"type": "object", "properties": {"b": {"type": "string", "x-index": 0}, "a": {"type": "string", "x-index": 1}}}
        assert session.call("actions:create", None, BASE | {"form": form})["form"] == form
        assert session.call("actions:get", "go")["form"] == form
        (offered,) = [one for one in session.call("actions:available", collection="samples") if one["name"] == "go"]
        assert offered["form"] | {"properties": form["properties"]} == offered["form"]

    def test_a_name_is_given_once_and_for_good(self, session: Session) -> None:
        session.call("actions:create", None, BASE)
        assert problems(session, BASE)[0]["code"] == "NOT_UNIQUE"
        assert problems(session, {"name": "other"}, "actions:update", "go")[0]["code"] == "READ_ONLY_FIELD"
        assert session.call("actions:update", "nosuch", {"label": "x"}) == []

    def test_another_kind_leaves_nothing_of_the_old_one(self, session: Session) -> None:
        session.call("actions:create", None, BASE)
        (changed,) = session.call("actions:update", "go", {"kind": "client", "client": {"type": "message", "message": "m"}})
        assert (changed["workflows"], changed["client"]["type"]) == (None, "message")

    def test_null_takes_an_option_away(self, session: Session) -> None:
        session.call("actions:create", None, BASE | {"confirm": "Sure?", "enabledWhen": {"id": 1}})
        (changed,) = session.call("actions:update", "go", {"confirm": None, "enabledWhen": None, "label": None})
        assert (changed["confirm"], changed["enabledWhen"], changed["label"]) == (None, None, "go")

    def test_every_process_sees_a_change_at_once(self, session: Session) -> None:
        other = session.process()
        assert "go" not in [row["name"] for row in other.call("actions:available", collection="samples")]
        session.call("actions:create", None, BASE)
        assert "go" in [row["name"] for row in other.call("actions:available", collection="samples")]
        session.call("actions:update", "go", {"enabled": False})
        assert "go" not in [row["name"] for row in other.call("actions:available", collection="samples")]

    def test_who_does_not_manage_workflows_reads_and_writes_none(self, session: Session) -> None:
        session.call("roles:create", None, {"name": "all", "strategy": {"actions": ["view", "create", "update", "destroy", "trigger"]}})
        user = session.call("users:create", None, {"username": "u", "password": "a good password 1", "roles": ["all"]})
        other = session.process(user_id=user["id"])
        for name, key, body in [
            ("list", None, None),
            ("get", "submit", None),
            ("create", None, BASE),
            ("update", "submit", {}),
            ("destroy", "submit", None),
        ]:
            with pytest.raises(Forbidden):
                other.call(f"actions:{name}", key, body)

    @pytest.mark.parametrize("action", ["firstOrCreate", "updateOrCreate", "move", "trigger"])
    def test_what_every_collection_has_actions_do_not(self, session: Session, action: str) -> None:
        with pytest.raises(Exception, match="there is no action"):
            session.call(f"actions:{action}", None, {})


class TestBinding:
    def test_one_that_is_not_there_or_is_disabled(self, session: Session) -> None:
        version = session.workflow("off", [])
        session.call("workflows:update", version, {"enabled": False})
        for key in ("nosuch", "off"):
            (problem,) = problems(session, BASE | {"workflows": [{"key": key}]})
            assert (problem["code"], problem["path"]) == ("WORKFLOW_NOT_FOUND", "workflows.0")
            assert key in problem["message"]

    def test_one_of_another_collection_context_or_trigger(self, session: Session) -> None:
        session.call(
            "workflows:create",
            None,
            {"key": "event", "type": "collection", "enabled": True, "config": {"collection": "samples", "mode": 1}},
        )
        wrong = {
            "archive_samples": "WRONG_CONTEXT_TYPE",
            "describe_category": "WRONG_COLLECTION",
            "register_sample": "WRONG_CONTEXT_TYPE",
            "event": "WRONG_TRIGGER_TYPE",
        }
        for key, code in wrong.items():
            assert [problem["code"] for problem in problems(session, BASE | {"workflows": [{"key": key}]})] == [code]
        assert problems(session, BASE | {"context": "multiple"})[0]["code"] == "WRONG_CONTEXT_TYPE"

    def test_all_mistakes_are_told_at_once(self, session: Session) -> None:
        body = BASE | {
            "workflows": [{"key": "a"}, {"key": "submit_inspection"}, {"key": "b"}],
            "enabledWhen": {"nosuch": 1},
            "visibleWhen": {"id": {"$odd": 1}},
        }
        assert paths(session, body) == ["workflows.0", "workflows.2", "visibleWhen.id.$odd", "enabledWhen.nosuch"]

    def test_through_an_association(self, session: Session) -> None:
        bound = [{"key": "describe_category", "association": "category"}]
        session.call("actions:create", None, BASE | {"collection": "posts", "workflows": bound})
        for association in ("title", "nosuch", "createdBy", "category.title"):
            wrong = [{"key": "describe_category", "association": association}]
            assert paths(session, BASE | {"name": "x", "collection": "posts", "workflows": wrong}) == ["workflows.0"]

    def test_without_a_record(self, session: Session) -> None:
        session.call("actions:create", None, BASE | {"name": "new", "context": "none"})
        session.call("actions:create", None, {"name": "all", "kind": "workflow", "workflows": [{"key": "register_sample"}]})
        mixed = BASE | {"context": "none", "workflows": [{"key": "register_sample"}, {"key": "submit_inspection"}]}
        assert [problem["code"] for problem in problems(session, mixed)] == ["WRONG_CONTEXT_TYPE"]
        bound = [{"key": "describe_category", "association": "category"}]
        assert paths(session, BASE | {"collection": "posts", "context": "none", "workflows": bound}) == ["workflows.0"]

    def test_one_workflow_twice(self, session: Session) -> None:
        assert paths(session, BASE | {"workflows": [{"key": "submit_inspection"}] * 2}) == ["workflows"]

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"procedure": "nosuch"}, "procedure"),
            ({"procedure": "sendWelcomeEmail"}, "procedure"),
            ({"procedure": "remeasure", "context": "multiple"}, "context"),
            ({"procedure": "remeasure", "collection": None, "context": "none"}, "procedure"),
        ],
    )
    def test_a_procedure_must_be_there_and_fit(self, session: Session, change: Json, path: str) -> None:
        assert paths(session, {"name": "p", "kind": "procedure", "collection": "samples"} | change) == [path]

    def test_a_label_can_change_while_the_workflow_is_disabled(self, session: Session) -> None:
        version = session.workflow("mine", [])
        session.call("actions:create", None, BASE | {"workflows": [{"key": "mine"}]})
        session.call("workflows:update", version, {"enabled": False})
        assert session.call("actions:update", "go", {"label": "Still"})[0]["label"] == "Still"
        assert problems(session, {"enabled": True}, "actions:update", "go")[0]["code"] == "WORKFLOW_NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": "with blank"}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"kind": "magic"}, "kind"),
        ({"context": "some"}, "context"),
        ({"placement": "roof"}, "placement"),
        ({"collection": "nosuch"}, "collection"),
        ({"workflows": [{}]}, "workflows.0.key"),
        ({"workflows": []}, "workflows"),
        ({"workflows": "submit_inspection"}, "workflows"),
        ({"workflows": [{"key": f"k{n}"} for n in range(11)]}, "workflows"),
        ({"roles": ["nosuch"]}, "roles.0"),
        ({"roles": "admin"}, "roles"),
        ({"sort": "first"}, "sort"),
        ({"enabled": None}, "enabled"),
        ({"enabledWhen": {"nosuch": 1}}, "enabledWhen.nosuch"),
        ({"enabledWhen": {"createdById": "{{$user.nosuch}}"}}, "enabledWhen.createdById"),
        ({"visibleWhen": []}, "visibleWhen"),
        ({"form": {"type": "object", "properties": {"a": {"type": "text"}}}}, "form.properties.a.type"),
        ({"form": {"type": "object", "properties": {"a": {"pattern": "("}}}}, "form.properties.a.pattern"),
        ({"form": {"type": "object", "properties": {"a": {"$ref": "https://example.com/schema"}}}}, "form.properties.a.$ref"),
        ({"form": {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}}, "form.properties.a.pattern"),
        ({"form": {"type": "object", "properties": {}, "anyOf": [{"items": {"pattern": "(a)\\1"}}]}}, "form.anyOf.0.items.pattern"),
        ({"form": {"type": "object", "properties": {}, "patternProperties": {"^(a+)+$": {}}}}, "form.patternProperties"),
        ({"form": {"type": "object", "properties": {"a": {}}, "required": ["a", "zz"]}}, "form.required.1"),
        ({"onResult": {"level": "loud"}}, "onResult.level"),
        ({"onResult": {"redirect": "javascript:alert(1)"}}, "onResult.redirect"),
        ({"onResult": {"download": {"filename": "x"}}}, "onResult.download.url"),
        ({"nosuch": 1}, "nosuch"),
        ({"onResult": {"zz": 1}}, "onResult.zz"),
        ({"workflows": [{"key": "submit_inspection", "zz": 1}]}, "workflows.0.zz"),
        ({"sort": 1e300}, "sort"),
        ({"sort": -1e300}, "sort"),
        ({"visibleWhen": {"status": "{{$user.password}}"}}, "visibleWhen.status"),
        ({"visibleWhen": {"status": "{{$user.roles}}"}}, "visibleWhen.status"),
        ({"onResult": {"message": "{{record.nope}}"}}, "onResult.message"),
        ({"onResult": {"message": "{{input.zz}}"}}, "onResult.message"),
        ({"onResult": {"message": "{{input.zz}}"}, "form": FORM}, "onResult.message"),
        ({"onResult": {"message": "{{user.password}}"}}, "onResult.message"),
        ({"onResult": {"redirect": "/x/{{record.nope.id}}"}}, "onResult.redirect"),
        ({"onResult": {"download": {"url": "/x", "filename": "../../a"}}}, "onResult.download.filename"),
        ({"onResult": {"download": {"url": "/x", "filename": "a/{{record.id}}"}}}, "onResult.download.filename"),
        ({"onResult": {"download": {"url": "/x", "filename": ".hidden"}}}, "onResult.download.filename"),
        ({"onResult": {"download": {"url": "/x", "filename": "a\\b"}}}, "onResult.download.filename"),
        (CLIENT | {"client": {"type": "openRecord", "collection": "nonexist"}}, "client.collection"),
        (CLIENT | {"client": {"type": "openRecord", "id": "{{record.nope}}"}}, "client.id"),
        (CLIENT | {"client": {"type": "openUrl", "url": "/x/{{record.nope}}"}}, "client.url"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_saved(session: Session, change: Json, path: str) -> None:
    assert [problem.get("path", "") for problem in problems(session, BASE | change)] == [path]
    assert session.call("actions:get", "go") is None


def test_rules_may_name_who_presses_and_what_day_it_is(session: Session) -> None:
    rules = {"enabledWhen": {"createdById": "{{$user.id}}"}, "visibleWhen": {"createdAt": {"$dateOn": "{{$nDate.today}}"}}}
    assert session.call("actions:create", None, BASE | rules)["enabledWhen"] == rules["enabledWhen"]


def test_texts_may_name_fields_of_the_record_the_form_and_the_user(session: Session) -> None:
    message = "{{record.title}} {{record.createdById}} {{input.reason}} {{user.nickname}} {{messages}}"
    shown = {"message": message, "download": {"url": "/x", "filename": "report {{record.id}}.csv"}}
    assert session.call("actions:create", None, BASE | {"form": FORM, "onResult": shown})["onResult"]["message"] == message
    opened = FORM | {"additionalProperties": True}
    session.call("actions:create", None, BASE | {"name": "open", "form": opened, "onResult": {"message": "{{input.other}}"}})


def test_a_label_can_change_while_a_text_names_a_field_that_was_removed(session: Session) -> None:
    session.call("actions:create", None, BASE | {"onResult": {"message": "{{record.title}}"}})
    session.call("collections/samples/fields:destroy", None, None, filterByTk="title")
    assert session.call("actions:update", "go", {"label": "Still"})[0]["label"] == "Still"
    assert problems(session, {"onResult": {"message": "{{record.title}}"}}, "actions:update", "go")[0]["path"] == "onResult.message"


def test_a_list_and_a_single_one_have_the_fields_that_were_asked_for(session: Session) -> None:
    assert session.call("actions:get", "submit", fields="name,kind") == {"name": "submit", "kind": "workflow"}
    rows = session.call("actions:list", fields=["name"])
    assert [list(row) for row in rows] == [["name"]] * 6
    whole = session.call("actions:get", "submit")
    assert whole.keys() - session.call("actions:get", "submit", **{"except": "form,sort"}).keys() == {"form", "sort"}
    with pytest.raises(Invalid):
        session.call("actions:list", fields={"name": 1})


class TestWhatIsDropped:
    def test_actions_on_a_dropped_collection_do_not_come_back_with_another_of_its_name(self, session: Session) -> None:
        session.call("collections:create", None, {"name": "boxes", "fields": [{"name": "label", "type": "string"}]})
        message = {"type": "message", "message": "hello"}
        session.call("actions:create", None, {"name": "hello", "kind": "client", "collection": "boxes", "client": message})
        opened = {"type": "openRecord", "collection": "boxes", "id": "1"}
        session.call("actions:create", None, {"name": "opens", "kind": "client", "collection": "samples", "client": opened})
        assert session.answer("collections:destroy", "boxes").meta == {"actionsDisabled": ["hello", "opens"]}
        session.call("collections:create", None, {"name": "boxes", "fields": []})
        assert session.call("actions:available", collection="boxes") == []
        assert session.call("actions:update", "hello", {"enabled": True})[0]["enabled"] is True

    def test_a_dropped_role_leaves_its_actions_and_none_becomes_everybodys(self, session: Session) -> None:
        for name in ("one", "two"):
            session.call("roles:create", None, {"name": name})
        session.call("actions:create", None, BASE | {"name": "shared", "roles": ["one", "two"]})
        session.call("actions:create", None, BASE | {"name": "alone", "roles": ["one"]})
        answer = session.answer("roles:destroy", "one")
        assert (answer.data, answer.meta) == (1, {"actionsChanged": ["shared"], "actionsDisabled": ["alone"]})
        assert session.call("actions:get", "shared")["roles"] == ["two"]
        assert session.call("actions:get", "alone")["enabled"] is False
        assert problems(session, {"enabled": True}, "actions:update", "alone")[0]["code"] == "ROLE_NOT_FOUND"
        assert session.answer("roles:destroy", "two").meta == {"actionsDisabled": ["shared"]}


def test_the_procedures_that_an_action_may_call_are_told_to_who_manages_workflows(session: Session) -> None:
    found = session.call("actions:procedures")
    assert [(one["collection"], one["name"]) for one in found] == [("samples", "remeasure"), ("users", "sendWelcomeEmail")]
    assert set(found[0]["form"]["properties"]) == {"indicator"}
    user = session.call("users:create", None, {"username": "ada", "password": "a good password 1", "roles": ["member"]})
    with pytest.raises(Forbidden):
        session.process(user_id=user["id"]).call("actions:procedures")
