"""What may be done, and doing it: one set of rules for the button and for the press."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.entrypoints.http_errors import answer_of
from chalicelib.errors import AppError, Invalid
from chalicelib.services.action_results import SCHEMA
from chalicelib.services.call import Answer
from chalicelib.services.product import Product
from tests.sessions import Session
from tests.stores import WatchedStore, after

Json = Any
SUBMIT: Json = {"name": "go", "kind": "workflow", "collection": "samples", "workflows": [{"key": "submit_inspection"}]}
SAY: Json = {"type": "response-message", "config": {"message": "{{$context.data.title}}, {{$context.data.reason}}"}}
FORM: Json = {
    "type": "object",
    "required": ["reason"],
    "properties": {"reason": {"type": "string", "minLength": 3}, "size": {"type": "integer"}},
}


class Outbox:
    def __init__(self) -> None:
        self.sent: list[Json] = []

    def send(self, kind: str, payload: dict[str, Json], key: str) -> Json:
        self.sent.append(payload)
        return {}


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    session = Session(store).install()
    session.backend = replace(session.backend, outside=Outbox())
    session.product = Product(session.backend)
    return session


def clerk(session: Session, resources: Json = None, name: str = "clerk", **more: Json) -> Session:
    """Somebody whose role may do this."""
    rules = {of: {"usingActionsConfig": True, "actions": actions} for of, actions in (resources or {}).items()}
    session.call("roles:create", None, {"name": name, "resources": rules, **more})
    user = session.call("users:create", None, {"username": name, "nickname": "Cleo", "password": "a good password 1", "roles": [name]})
    return session.process(user_id=user["id"])


def add(session: Session, **more: Json) -> None:
    session.call("actions:create", None, SUBMIT | more)


def available(session: Session, *ids: Json, collection: str | None = "samples") -> dict[str, Json]:
    """``{name: row}``."""
    params: Json = {"filterByTk": [str(one) for one in ids]} if ids else {}
    rows = session.call("actions:available", None, None, **params, **({"collection": collection} if collection else {}))
    return {row["name"]: row for row in rows}


def press(session: Session, name: str, ids: Json = None, key: str | None = None, **values: Json) -> Answer:
    """The answer as HTTP gives it; whatever it is, its ``data`` has the one shape."""
    body = ({"filterByTk": ids} if ids is not None else {}) | ({"input": values} if values else {})
    try:
        answer = session.answer("actions:run", name, body, key=key)
    except AppError as error:
        answer = answer_of(error)
    jsonschema.Draft202012Validator(SCHEMA).validate(answer.body()["data"])
    return answer


def result(session: Session, name: str, ids: Json = None, **values: Json) -> Json:
    return press(session, name, ids, **values).body()["data"]


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body()["errors"][0]["code"]


class TestTheExample:
    def test_the_button_submits_once_and_then_says_why_not(self, session: Session) -> None:
        assert available(session, 1)["submit"]["enabled"] is True
        done = result(session, "submit", 1)
        assert (done["status"], done["level"], done["message"]) == ("success", "success", "Sample 1 is submitted for inspection")
        assert (done["refresh"], [one["key"] for one in done["executions"]]) == (True, ["submit_inspection"])
        row = available(session, 1)["submit"]
        assert (row["enabled"], row["code"]) == (False, "ACTION_DISABLED")
        assert row["reason"] == "Only a sample that is Collected can be submitted"
        assert refusal(press(session, "submit", 1)) == (403, "ACTION_DISABLED")

    def test_what_the_workflow_refuses_is_a_400_in_the_same_shape(self, session: Session) -> None:
        answer = press(session, "submit", 2)
        data = answer.body()["data"]
        assert (answer.status, data["status"], data["level"]) == (400, "failed", "warning")
        assert data["message"] == answer.body()["errors"][0]["message"] == "The indicator of Sample 2 is 42: it must be greater than 90"
        assert (data["refresh"], [one["status"] for one in data["executions"]]) == (False, [-1])

    def test_an_archived_sample_has_no_such_button(self, session: Session) -> None:
        assert result(session, "archive", [1, 2])["message"] == "2 archived"
        assert "submit" not in available(session, 1)
        assert refusal(press(session, "submit", 1)) == (403, "FORBIDDEN")

    def test_a_form_is_checked_and_what_it_gives_is_the_context(self, session: Session) -> None:
        answer = press(session, "register", indicator=-1, colour="red")
        assert (answer.status, sorted(answer.body()["data"]["fieldErrors"])) == (400, ["colour", "indicator", "title"])
        assert result(session, "register", title="New", indicator=7)["message"] == "New is registered by Super Admin"

    def test_a_procedure_says_what_it_returned(self, session: Session) -> None:
        assert available(session, 2)["remeasure"]["form"]["required"] == ["indicator"]
        done = result(session, "remeasure", 2, indicator=95)
        assert (done["message"], done["result"]["indicator"]) == ("Sample 2 is now at 95, Submitted", 95)
        wrong = press(session, "remeasure", 3, indicator="x")
        assert (wrong.status, list(wrong.body()["data"]["fieldErrors"])) == (400, ["indicator"])
        low = press(session, "remeasure", 3, indicator=1).body()["data"]["fieldErrors"]
        assert low == {"indicator": ["The indicator of Sample 3 is 1: it must be greater than 90"]}

    def test_a_welcome_mail_is_sent(self, session: Session) -> None:
        done = result(session, "welcome", 1)
        assert (done["message"], done["refresh"]) == ("Sent to root@example.com", False)
        assert session.backend.outside.sent[0]["to"] == ["root@example.com"]  # type: ignore[attr-defined]

    def test_the_browser_is_told_what_to_open(self, session: Session) -> None:
        done = result(session, "openCategory", 1)
        assert done["client"] == {"type": "openRecord", "collection": "categories", "id": "1", "newWindow": False}
        assert done["refresh"] is False


class TestWhatIsShown:
    def test_actions_are_those_of_the_collection_in_order(self, session: Session) -> None:
        assert list(available(session, 1)) == ["submit", "remeasure", "archive", "openCategory"]
        assert list(available(session, collection=None)) == ["register"]
        assert set(available(session, 1)["submit"]) == {
            *("name", "label", "color", "icon", "collection", "context", "placement", "kind", "confirm", "form", "sort", "enabled")
        }
        with pytest.raises(AppError, match='no collection "nosuch"'):
            available(session, collection="nosuch")

    def test_without_a_record_those_that_need_one_say_so(self, session: Session) -> None:
        rows = available(session)
        assert {name: row.get("code") for name, row in rows.items()} == dict.fromkeys(rows, "NO_RECORD")

    def test_with_several_records_those_for_one_say_so(self, session: Session) -> None:
        rows = available(session, 1, 2)
        assert {name: row.get("code") for name, row in rows.items() if not row["enabled"]} == dict.fromkeys(
            ("submit", "remeasure", "openCategory"), "WRONG_CONTEXT_TYPE"
        )

    def test_rules_hold_when_they_hold_for_every_record(self, session: Session) -> None:
        add(session, name="many", context="multiple", workflows=[{"key": "archive_samples"}], enabledWhen={"indicator": {"$gt": 90}})
        assert available(session, 1, 3)["many"]["enabled"] is True
        assert available(session, 1, 2)["many"]["code"] == "ACTION_DISABLED"
        assert refusal(press(session, "many", [1, 2])) == (403, "ACTION_DISABLED")
        assert [session.call("samples:get", one)["status"] for one in (1, 2)] == ["Collected"] * 2

    def test_a_missing_record_is_told(self, session: Session) -> None:
        assert available(session, 99)["submit"]["code"] == "RECORD_NOT_FOUND"
        assert refusal(press(session, "submit", 99)) == (404, "RECORD_NOT_FOUND")

    def test_a_workflow_disabled_since_is_told_without_its_key(self, session: Session) -> None:
        (version,) = session.call("workflows:list", filter='{"key": "submit_inspection"}')
        session.call("workflows:update", version["id"], {"enabled": False})
        row = available(session, 1)["submit"]
        assert (row["enabled"], row["code"]) == (False, "ACTION_NOT_READY")
        assert "submit_inspection" not in json.dumps(row)
        assert refusal(press(session, "submit", 1)) == (400, "ACTION_NOT_READY")

    def test_a_rule_that_can_no_longer_be_read_holds_for_nobody(self, session: Session) -> None:
        session.call("collections/samples/fields:create", None, {"name": "grade", "type": "string"})
        add(session, enabledWhen={"grade": {"$empty": True}})
        assert available(session, 1)["go"]["enabled"] is True
        session.call("collections/samples/fields:destroy", "grade")
        assert available(session, 1)["go"]["enabled"] is False

    def test_rules_reach_through_associations_and_name_the_caller(self, session: Session) -> None:
        add(session, enabledWhen={"category": {"title": "Blood"}}, visibleWhen={"createdById": "{{$user.id}}"})
        assert (available(session, 1)["go"]["enabled"], available(session, 2)["go"]["enabled"]) == (True, False)
        other = clerk(session, {"samples": [{"name": "view"}, {"name": "trigger"}]})
        assert "go" not in available(other, 1)
        assert refusal(press(other, "go", 1)) == (403, "FORBIDDEN")


class TestWhoMay:
    def test_roles_say_who_sees_it(self, session: Session) -> None:
        other = clerk(session, {"samples": [{"name": "trigger"}]})
        add(session, roles=["admin"])
        add(session, name="ours", roles=["clerk"])
        assert [name for name in available(other, 1) if name in ("go", "ours")] == ["ours"]
        assert refusal(press(other, "go", 1)) == (403, "FORBIDDEN")
        assert press(other, "ours", 1).status == 200
        assert "go" in available(session, 1)

    def test_the_permission_is_that_of_what_it_does(self, session: Session) -> None:
        other = clerk(session, {"samples": [{"name": "view"}, {"name": "call:remeasure"}]})
        codes = {name: row.get("code") for name, row in available(other, 2).items()}
        assert codes == {"submit": "FORBIDDEN", "remeasure": None, "archive": "FORBIDDEN", "openCategory": None}
        assert refusal(press(other, "submit", 1)) == (403, "FORBIDDEN")
        assert press(other, "remeasure", 2, indicator=95).status == 200

    def test_without_a_record_it_is_trigger_new(self, session: Session) -> None:
        add(session, context="none", form={"type": "object", "properties": {"title": {}, "indicator": {}}})
        may = clerk(session, {"samples": [{"name": "triggerNew"}]})
        not_so = clerk(session, {"samples": [{"name": "trigger"}]}, name="other")
        assert (available(may)["go"]["enabled"], available(not_so)["go"]["code"]) == (True, "FORBIDDEN")
        assert press(may, "go", title="T", indicator=91).status == 200
        assert refusal(press(not_so, "go", title="T", indicator=91)) == (403, "FORBIDDEN")

    def test_a_global_workflow_keeps_its_own_roles(self, session: Session) -> None:
        config = {"type": 0, "roles": ["admin"]}
        session.call("workflows:create", None, {"key": "adm", "type": "custom-action", "sync": True, "enabled": True, "config": config})
        session.call("actions:create", None, {"name": "adm", "kind": "workflow", "workflows": [{"key": "adm"}]})
        other = clerk(session)
        assert (available(other, collection=None)["adm"]["code"], refusal(press(other, "adm"))) == ("FORBIDDEN", (403, "FORBIDDEN"))
        assert press(session, "adm").status == 200

    def test_a_scope_reaches_as_far_here_as_in_a_trigger(self, session: Session) -> None:
        other = clerk(session, {"samples": [{"name": "trigger", "scope": {"indicator": {"$gt": 90}}}]})
        assert available(other, 1)["submit"]["enabled"] is True
        for hidden in (2, 99):
            assert available(other, hidden)["submit"]["code"] == "FORBIDDEN"
            assert refusal(press(other, "submit", hidden)) == (403, "FORBIDDEN")

    def test_a_rule_on_a_field_out_of_view_tells_its_outcome_and_no_more(self, session: Session) -> None:
        add(session, enabledWhen={"indicator": {"$gt": 90}})
        other = clerk(session, {"samples": [{"name": "view", "fields": ["title"]}, {"name": "trigger"}]})
        rows = [available(other, sample)["go"] for sample in (1, 2)]
        assert [row["enabled"] for row in rows] == [True, False]
        assert not [word for word in ("indicator", "42", "90") if word in json.dumps(rows)]

    def test_a_record_out_of_reach_is_not_asked_about(self, session: Session) -> None:
        """Whether the rule holds would tell what a record holds that the role may not touch."""
        add(session, visibleWhen={"indicator": {"$gt": 90}}, enabledWhen={"indicator": {"$gt": 90}})
        other = clerk(session, {"samples": [{"name": "trigger", "scope": {"status": "Archived"}}]})
        one, two = available(other, 1)["go"], available(other, 2)["go"]
        assert one == two
        assert one["code"] == "FORBIDDEN"

    def test_texts_and_addresses_hold_only_what_the_caller_may_view(self, session: Session) -> None:
        url = "https://example.com/{{record.title}}?i={{record.indicator}}"
        session.call(
            "actions:create", None, {"name": "open", "kind": "client", "collection": "samples", "client": {"type": "openUrl", "url": url}}
        )
        add(session, onResult={"message": "{{record.title}} {{record.indicator}}"})
        other = clerk(session, {"samples": [{"name": "view", "fields": ["title"]}, {"name": "trigger"}]})
        assert result(session, "open", 1)["redirect"] == "https://example.com/Sample%201?i=95.5"
        row = available(other, 1)["open"]
        assert (row["enabled"], row["code"], "does not see" in row["reason"]) == (False, "FORBIDDEN", True)
        assert refusal(press(other, "open", 1)) == (403, "FORBIDDEN")
        assert result(other, "go", 1)["message"] == "Sample 1 "

    def test_an_unknown_action_is_a_404_and_a_stranger_a_401(self, session: Session) -> None:
        with pytest.raises(AppError) as refused:
            session.call("actions:run", "nosuch")
        assert (answer_of(refused.value).status, refused.value.code) == (404, "ACTION_NOT_FOUND")
        stranger = session.process()
        stranger.token = "x.y.z"
        for name, key in (("run", "submit"), ("available", None)):
            with pytest.raises(AppError) as refused:
                stranger.call(f"actions:{name}", key)
            assert answer_of(refused.value).status == 401

    def test_an_association_out_of_view_is_out_of_reach(self, session: Session) -> None:
        bound = [{"key": "describe_category", "association": "category"}]
        session.call("actions:create", None, {"name": "tell", "kind": "workflow", "collection": "posts", "workflows": bound})
        other = clerk(session, {"posts": [{"name": "trigger"}]})
        assert available(other, 1, collection="posts")["tell"]["code"] == "FORBIDDEN"
        assert refusal(press(other, "tell", 1)) == (403, "FORBIDDEN")


class TestTheForm:
    def test_values_lie_over_the_record_and_only_those_of_the_form(self, session: Session) -> None:
        session.workflow("say", [SAY])
        add(session, workflows=[{"key": "say"}], form=FORM)
        assert result(session, "go", 1, reason="because")["message"] == "Sample 1, because"
        answer = press(session, "go", 1, reason="x", title="Mine", size=1.5)
        assert answer.status == 400
        assert answer.body()["data"]["fieldErrors"] == {
            "title": ['"title" is not taken here; the fields are: reason, size'],
            "reason": ['"reason" must have at least 3 characters'],
            "size": ['"size" must be a whole number'],
        }

    def test_a_form_that_says_so_is_open(self, session: Session) -> None:
        session.workflow("say", [SAY])
        add(session, workflows=[{"key": "say"}], form=FORM | {"additionalProperties": True})
        assert result(session, "go", 1, reason="because", title="Mine")["message"] == "Mine, because"

    def test_without_a_form_nothing_is_taken(self, session: Session) -> None:
        """Else a caller could write over the very field that the workflow looks at."""
        answer = press(session, "submit", 2, indicator=99)
        assert (answer.status, list(answer.body()["data"]["fieldErrors"])) == (400, ["indicator"])

    @pytest.mark.parametrize(
        "body",
        [{"input": 5}, {"input": [1]}, {"values": {}}, {"filterByTk": {"a": 1}}, {"filterByTk": [True]}, [1], {"filterByTk": [None]}],
    )
    def test_a_body_that_is_none_is_a_400(self, session: Session, body: Json) -> None:
        with pytest.raises(AppError) as refused:
            session.call("actions:run", "submit", body)
        assert answer_of(refused.value).status == 400

    @pytest.mark.parametrize(
        ("name", "ids"), [("submit", None), ("submit", []), ("submit", [1, 2]), ("register", 1), ("archive", list(range(91)))]
    )
    def test_ids_that_do_not_fit_the_context_are_a_400(self, session: Session, name: str, ids: Json) -> None:
        assert press(session, name, ids).status == 400

    def test_ids_may_come_with_the_address(self, session: Session) -> None:
        assert session.call("actions:run", "submit", None, filterByTk="1")["status"] == "success"
        assert session.call("actions:run", "archive", {"filterByTk": 3}, filterByTk=["1", "2"])["message"] == "2 archived"


class TestTheResult:
    def test_it_says_what_it_was_told_to(self, session: Session) -> None:
        shown = {
            "message": "{{record.title}}: {{messages}} ({{input.reason}}, {{user.nickname}})",
            "level": "info",
            "refresh": False,
            "redirect": "/samples/{{record.id}}?why={{input.reason}}",
            "download": {"url": "https://files.example.com/{{record.title}}.pdf", "filename": "{{record.title}}.pdf"},
        }
        session.workflow("say", [SAY])
        add(session, workflows=[{"key": "say"}], form=FORM, onResult=shown)
        done = result(session, "go", 1, reason="a/b&c")
        assert done["message"] == "Sample 1: Sample 1, a/b&c (a/b&c, Super Admin)"
        assert (done["level"], done["refresh"], done["redirect"]) == ("info", False, "/samples/1?why=a%2Fb%26c")
        assert done["download"] == {"url": "https://files.example.com/Sample%201.pdf", "filename": "Sample 1.pdf"}

    def test_what_is_queued_is_told_as_such(self, session: Session) -> None:
        session.workflow("later", [SAY], sync=False)
        add(session, workflows=[{"key": "later"}])
        done = result(session, "go", 1)
        assert (done["status"], done["level"], [one["status"] for one in done["executions"]]) == ("queued", "info", [None])

    def test_a_workflow_that_breaks_is_a_500_in_the_same_shape(self, session: Session) -> None:
        session.workflow(
            "broken",
            [{"type": "create", "config": {"collection": "samples", "params": {"values": {"indicator": "{{$context.data.title}}"}}}}],
        )
        add(session, workflows=[{"key": "broken"}])
        answer = press(session, "go", 1)
        data = answer.body()["data"]
        assert (answer.status, data["status"], data["level"], len(data["executions"])) == (500, "failed", "error", 1)
        assert answer.body()["errors"][0]["executionId"] == data["executions"][0]["id"]

    def test_several_workflows_and_one_through_an_association(self, session: Session) -> None:
        bound = [{"key": "describe_category", "association": "category"}]
        session.call("actions:create", None, {"name": "tell", "kind": "workflow", "collection": "posts", "workflows": bound})
        assert result(session, "tell", 1)["message"] == "Blood: newest sample is Sample 3"
        session.workflow("say", [SAY])
        add(session, workflows=[{"key": "say"}, {"key": "submit_inspection"}])
        assert result(session, "go", 1)["message"] == "Sample 1, \nSample 1 is submitted for inspection"

    @pytest.mark.parametrize(
        "client",
        [{"type": "message", "message": "Hello {{user.nickname}}", "level": "warning"}, {"type": "openUrl", "url": "https://example.com"}],
    )
    def test_the_browser_alone(self, session: Session, client: Json) -> None:
        session.call("actions:create", None, {"name": "look", "kind": "client", "client": client})
        done = result(session, "look")
        assert (done["client"]["type"], done["executions"]) == (client["type"], [])
        if client["type"] == "message":
            assert (done["message"], done["level"]) == ("Hello Super Admin", "warning")
        else:
            assert done["redirect"] == done["client"]["url"] == "https://example.com"

    def test_a_value_that_would_lead_elsewhere_is_a_400(self, session: Session) -> None:
        session.call("samples:update", 1, {"title": ".."})
        client = {"type": "openUrl", "url": "https://example.com/a/{{record.title}}/b"}
        session.call("actions:create", None, {"name": "open", "kind": "client", "collection": "samples", "client": client})
        assert refusal(press(session, "open", 1)) == (400, "UNSAFE_URL")

    def test_a_dry_run_has_the_same_shape_and_does_nothing(self, session: Session) -> None:
        for name, ids, values in (("submit", 1, {}), ("remeasure", 2, {"indicator": 95})):
            answer = session.answer("actions:run", name, {"filterByTk": ids, "input": values}, dryRun="1")
            jsonschema.Draft202012Validator(SCHEMA).validate(answer.data)
            assert answer.data["status"] == "success"
            assert (answer.meta or {})["dryRun"]["writes"]
            assert session.call("samples:get", ids)["status"] == "Collected"

    def test_an_action_follows_its_collection_to_another_name(self, session: Session) -> None:
        session.call("collections:update", "samples", {"name": "specimens"})
        assert "openCategory" in available(session, 1, collection="specimens")
        assert result(session, "submit", 1)["status"] == "success"


class TestTwice:
    def test_the_same_key_answers_as_the_first_time_though_the_button_is_disabled_by_now(self, session: Session) -> None:
        first = press(session, "submit", 1, key="k")
        again = press(session, "submit", 1, key="k")
        assert (again.status, again.body()) == (200, first.body())
        assert again.headers == {"Idempotent-Replayed": "true"}
        assert len(session.executions("submit_inspection")) == 1

    def test_also_for_a_procedure_and_for_what_was_refused(self, session: Session) -> None:
        for name, ids, values in (("remeasure", 2, {"indicator": 95}), ("submit", 3, {})):
            assert press(session, name, ids, key=name, **values).body() == press(session, name, ids, key=name, **values).body()
        session.call("samples:update", 1, {"indicator": 1})
        first, again = press(session, "submit", 1, key="no"), press(session, "submit", 1, key="no")
        assert (first.status, again.body()) == (400, first.body())


class TestWhatIsAsked:
    """Whatever is wrong with a call is told under the name of what was sent."""

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"input": "x"}, "input"),
            ({"zzz": 1}, "zzz"),
            ({"filterByTk": True}, "filterByTk"),
            ({"filterByTk": {"id": 1}}, "filterByTk"),
            ({"filterByTk": "abc"}, "filterByTk"),
            ([1], "body"),
        ],
    )
    def test_a_press_of_the_wrong_shape_is_refused_in_the_one_shape(self, session: Session, body: Json, path: str) -> None:
        with pytest.raises(AppError) as refused:
            session.call("actions:run", "submit", body)
        answer = answer_of(refused.value).body()
        jsonschema.Draft202012Validator(SCHEMA).validate(answer["data"])
        assert ([error.get("path") for error in answer["errors"]], list(answer["data"]["fieldErrors"])) == ([path], [path])

    @pytest.mark.parametrize(
        ("params", "body", "path"),
        [
            ({"collection": ["samples"]}, None, "collection"),
            ({}, {"collection": 5}, "collection"),
            ({}, {"zzz": 1}, "zzz"),
            ({"collection": "samples"}, {"filterByTk": {"id": 1}}, "filterByTk"),
        ],
    )
    def test_a_look_of_the_wrong_shape_is_a_400_with_its_place(self, session: Session, params: Json, body: Json, path: str) -> None:
        with pytest.raises(Invalid) as refused:
            session.call("actions:available", None, body, **params)
        assert [problem.path for problem in refused.value.problems()] == [path]

    def test_a_look_may_be_asked_in_the_body(self, session: Session) -> None:
        asked = session.call("actions:available", None, {"collection": "samples", "filterByTk": [1]})
        assert asked == session.call("actions:available", collection="samples", filterByTk=["1"])
        assert [row["enabled"] for row in asked if row["name"] == "submit"] == [True]


OPEN: Json = {"name": "open", "kind": "client", "collection": "samples"}


class TestOpening:
    def test_who_may_never_press_is_told_so_before_a_record_is_chosen(self, session: Session) -> None:
        add(session)
        other = clerk(session, {"samples": [{"name": "view"}]})
        assert available(other)["go"]["code"] == "FORBIDDEN"
        assert available(session)["go"]["code"] == "NO_RECORD"

    def test_a_record_that_cannot_be_named_is_not_opened(self, session: Session) -> None:
        client = {"type": "openRecord", "collection": "categories", "id": "{{record.categoryId}}"}
        session.call("actions:create", None, OPEN | {"client": client})
        blind = clerk(session, {"samples": [{"name": "view", "fields": ["title"]}], "categories": [{"name": "view"}]})
        assert available(session, 1)["open"]["enabled"] is True
        assert available(blind, 1)["open"]["code"] == "FORBIDDEN"
        assert refusal(press(blind, "open", 1)) == (403, "FORBIDDEN")
        session.call("samples:update", 1, {"categoryId": None})
        assert available(session, 1)["open"]["code"] == "NOTHING_TO_OPEN"
        assert refusal(press(session, "open", 1)) == (400, "NOTHING_TO_OPEN")

    def test_an_id_that_nobody_typed_opens_nothing(self, session: Session) -> None:
        form = {"type": "object", "properties": {"which": {"type": "string"}}}
        client = {"type": "openRecord", "id": "{{input.which}}"}
        session.call("actions:create", None, OPEN | {"context": "none", "client": client, "form": form})
        assert result(session, "open", which="7")["client"]["id"] == "7"
        assert refusal(press(session, "open")) == (400, "NOTHING_TO_OPEN")

    def test_a_file_name_never_leads_out_of_the_folder(self, session: Session) -> None:
        add(session, onResult={"download": {"url": "/files/{{record.id}}", "filename": "{{record.title}}.csv"}})
        session.call("samples:update", 1, {"title": "../../a\\b:c"})
        assert result(session, "go", 1)["download"] == {"url": "/files/1", "filename": "_.._a_b_c.csv"}


class TestRequests:
    def test_a_warm_press_is_two_reads_and_one_write(self, session: Session, store: WatchedStore) -> None:
        press(session, "submit", 1)
        store.forget()
        press(session, "submit", 3)
        assert (len(store.reads), len(store.queries), len(store.transactions)) == (2, 0, 1)

    def test_a_warm_look_is_one_read(self, session: Session, store: WatchedStore) -> None:
        available(session, 1)
        store.forget()
        available(session, 2)
        assert (len(store.reads), len(store.queries), len(store.transactions)) == (1, 0, 0)

    def test_a_procedure_asks_the_rules_of_the_record_that_it_works_on(self, session: Session, store: WatchedStore) -> None:
        """Somebody else changes the record after it was looked at: the second walk sees that the rule no longer holds."""
        session.call("actions:update", "remeasure", {"enabledWhen": {"status": "Collected"}})
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("samples:update", 2, {"status": "Archived"})))
        assert refusal(press(session, "remeasure", 2, indicator=95)) == (403, "ACTION_DISABLED")
        assert session.call("samples:get", 2)["indicator"] == 42


def test_each_tells_for_every_record_alone_what_may_be_done_and_the_buttons_as_without_one(session: Session) -> None:
    rule = {
        "enabledWhen": {"status": "Collected"},
        "disabledReason": "Only a collected one",
        "visibleWhen": {"status": {"$ne": "Archived"}},
    }
    session.call("actions:create", None, SUBMIT | rule)
    ids = [session.call("samples:create", None, {"title": "A", "status": one})["id"] for one in ("Collected", "Submitted", "Archived")]
    answer = session.answer("actions:available", collection="samples", filterByTk=[*map(str, ids), "9"], each="1")
    (alone,) = [one for one in answer.data if one["name"] == "go"]
    assert (alone["enabled"], alone["code"]) == (False, "NO_RECORD")
    assert answer.meta is not None
    first, second, third, fourth = ([one for one in rows if one["name"] == "go"] for rows in answer.meta["records"].values())
    assert first == [{"name": "go", "enabled": True}]
    assert second == [{"name": "go", "enabled": False, "reason": "Only a collected one", "code": "ACTION_DISABLED"}]
    assert third == []
    assert [one["code"] for one in fourth] == ["RECORD_NOT_FOUND"]


def test_each_reads_all_the_records_at_once(session: Session, store: WatchedStore) -> None:
    session.call("actions:create", None, SUBMIT)
    ids = [str(session.call("samples:create", None, {"title": "A"})["id"]) for _ in range(3)]
    session.call("actions:available", collection="samples", filterByTk=ids, each="1")
    store.forget()
    session.call("actions:available", collection="samples", filterByTk=ids, each="1")
    assert store.requests == 1


@pytest.mark.parametrize("each", ["yes", "2"])
def test_each_is_0_or_1(session: Session, each: str) -> None:
    with pytest.raises(Invalid) as refused:
        session.call("actions:available", collection="samples", each=each)
    assert refused.value.problems()[0].path == "each"
