"""Triggering without HTTP: as the user that the event names, under that user's permissions, with the answer that HTTP would give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.entrypoints import direct
from chalicelib.entrypoints.http_errors import answer_of
from chalicelib.errors import AppError
from chalicelib.services.backend import Principal
from chalicelib.services.call import Answer, Call
from chalicelib.services.direct_calls import DirectCalls, user_id_of
from chalicelib.services.firing import Firing
from tests.messages import OTHER, Inbox, note, notification, with_notes
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, lost

Json = Any
ROOT = Path(__file__).resolve().parents[3]
FAR_MS = NOW_MS + 60_000
RECORD = {"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 1, "as": "root@example.com"}


def nested(levels: int) -> Json:
    """Lists in one another."""
    value: Json = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.fixture
def house() -> Session:
    return Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS)).install()


@pytest.fixture
def inbox(house: Session) -> Inbox:
    return Inbox(with_notes(house))


def trigger(house: Session, event: Json) -> Answer:
    try:
        return DirectCalls(house.product).trigger(event, FAR_MS, "request-1")
    except AppError as error:
        return answer_of(error)


def problems(answer: Answer) -> list[tuple[str, str]]:
    return [(one.get("path", ""), one["code"]) for one in answer.errors or []]


@pytest.mark.parametrize("who", ["root@example.com", "root", 1, "1", " root "])
def test_an_event_runs_as_the_user_it_names(house: Session, who: Json) -> None:
    answer = trigger(house, RECORD | {"as": who})
    (started,) = (answer.meta or {})["executions"]
    assert (answer.status, started["status"]) == (200, 1)
    context = house.execution(started["id"])["context"]
    assert (context["user"]["id"], context["roleName"], context["data"]["id"]) == (1, "root", 1)


def test_the_answer_is_that_of_http(house: Session) -> None:
    over_http = house.trigger("samples", 1, "submit_inspection,nosuch")
    here = trigger(house, RECORD | {"triggerWorkflows": "submit_inspection,nosuch"})
    shown = [{**answer.body(), "meta": {**answer.body()["meta"], "executions": None}} for answer in (over_http, here)]
    assert shown[0] == shown[1]
    assert here.body()["meta"]["skipped"][0]["key"] == "nosuch"


def test_several_records_and_none_can_be_named(house: Session) -> None:
    many = trigger(house, {"triggerWorkflows": "archive_samples", "collection": "samples", "filterByTk": [1, "2"], "as": 1})
    assert (many.status, (many.meta or {})["executions"][0]["status"]) == (200, 1)
    body = {"title": "Sample 1", "indicator": 91}
    none = trigger(house, {"triggerWorkflows": ["register_sample"], "values": body, "as": 1})
    assert none.status == 200
    assert house.execution((none.meta or {})["executions"][0]["id"])["context"]["data"] == body


def test_a_dry_run_writes_nothing(house: Session) -> None:
    assert isinstance(house.store, WatchedStore)
    house.store.forget()
    answer = trigger(house, RECORD | {"dryRun": True})
    assert "dryRun" in (answer.meta or {})
    assert house.store.transactions == []


def test_an_idempotency_key_holds_as_over_http(house: Session) -> None:
    first, second = (trigger(house, RECORD | {"idempotencyKey": "once"}) for _ in range(2))
    assert first.body() == second.body()
    assert second.headers["Idempotent-Replayed"] == "true"
    other = trigger(house, RECORD | {"idempotencyKey": "once", "filterByTk": 2})
    assert (other.status, problems(other)[0][1]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_the_permissions_are_those_of_the_user_and_the_role(house: Session) -> None:
    house.call("users:create", None, {"username": "ada", "password": "secret password", "roles": ["member"]})
    refused = trigger(house, RECORD | {"as": "ada"})
    assert (refused.status, problems(refused)[0][1]) == (403, "FORBIDDEN")
    assert trigger(house, RECORD | {"role": "member"}).status == 403
    assert problems(trigger(house, RECORD | {"as": "ada", "role": "admin"})) == [("", "ROLE_NOT_FOUND_FOR_USER")]
    ada = house.call("users:list", filter={"username": "ada"})[0]["id"]
    house.call("users:update", ada, {"blocked": True})
    assert problems(trigger(house, RECORD | {"as": "ada"})) == [("", "BLOCKED_USER")]


def test_a_user_whose_sessions_have_ended_can_still_be_acted_for(house: Session) -> None:
    made = house.call("users:create", None, {"username": "ada", "password": "secret password", "roles": ["admin"]})
    house.call("users:update", made["id"], {"password": "another password"})
    global_call = {"triggerWorkflows": "register_sample", "values": {"title": "S", "indicator": 1}, "as": "ada"}
    assert trigger(house, global_call).status == 200


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (None, [("", "INVALID")]),
        ([], [("", "INVALID")]),
        ("key", [("", "INVALID")]),
        ({"as": 1}, [("triggerWorkflows", "INVALID")]),
        ({"triggerWorkflows": "", "as": 1}, [("triggerWorkflows", "INVALID")]),
        ({"triggerWorkflows": 5, "as": 1}, [("triggerWorkflows", "INVALID")]),
        ({"triggerWorkflows": "a"}, [("as", "INVALID")]),
        ({"triggerWorkflows": "a", "as": None}, [("as", "INVALID")]),
        ({"triggerWorkflows": "a", "as": ""}, [("as", "INVALID")]),
        ({"triggerWorkflows": "a", "as": True}, [("as", "INVALID")]),
        ({"triggerWorkflows": "a", "as": {"id": 1}}, [("as", "INVALID")]),
        ({"triggerWorkflows": "a", "as": "nobody"}, [("as", "USER_NOT_FOUND")]),
        ({"triggerWorkflows": "a", "as": 10**30}, [("as", "USER_NOT_FOUND")]),
        ({"triggerWorkflows": "a", "as": -1}, [("as", "USER_NOT_FOUND")]),
        ({"triggerWorkflows": "a", "as": 1, "filterByTk": 1}, [("collection", "INVALID")]),
        ({"triggerWorkflows": "a", "as": 1, "collection": "samples", "filterByTk": {"a": 1}}, [("filterByTk", "INVALID")]),
        ({"triggerWorkflows": "a", "as": 1, "collection": "samples", "filterByTk": [1, True]}, [("filterByTk", "INVALID")]),
        (
            {"triggerWorkflows": "a", "as": 1, "collection": 5, "role": [], "values": 5},
            [("collection", "INVALID"), ("role", "INVALID"), ("values", "INVALID")],
        ),
        ({"triggerWorkflows": "a", "as": 1, "idempotencyKey": "", "dryRun": 1}, [("idempotencyKey", "INVALID"), ("dryRun", "INVALID")]),
        ({"triggerWorkflow": "a", "as": 1}, [("triggerWorkflow", "UNKNOWN_PROPERTY"), ("triggerWorkflows", "INVALID")]),
        (
            {"triggerWorkflows": "a", "as": 1, "token": "x", "principal": 1},
            [("token", "UNKNOWN_PROPERTY"), ("principal", "UNKNOWN_PROPERTY")],
        ),
        ({"triggerWorkflows": "a", "as": "0" * 5_000}, [("as", "USER_NOT_FOUND")]),
        ({"triggerWorkflows": "a", "as": 10**4_000}, [("as", "USER_NOT_FOUND")]),
        ({"triggerWorkflows": "a", "as": "\ud800"}, [("as", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "role": "\udc00"}, [("role", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "idempotencyKey": "k\ud800"}, [("idempotencyKey", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "values": {"a": [{"b": "\ud800"}]}}, [("values", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "values": {"\ud800": 1}}, [("values", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "values": [float("nan")]}, [("values", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "values": {"a": float("-inf")}}, [("values", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "values": nested(33)}, [("values", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "values": nested(5_000)}, [("values", "INVALID_JSON")]),
        ({"triggerWorkflows": "a", "as": 1, "\ud800": 1}, [("?", "UNKNOWN_PROPERTY"), ("?", "INVALID_JSON")]),
        ({"triggerWorkflows": "nosuch", "as": 1}, [("triggerWorkflows", "NO_WORKFLOW_TRIGGERED")]),
        ({"triggerWorkflows": "a", "as": 1, "collection": "nosuch"}, [("", "COLLECTION_NOT_FOUND")]),
        ({"triggerWorkflows": "a", "as": 1, "collection": "users"}, [("", "ACTION_NOT_FOUND")]),
        ({"triggerWorkflows": "submit_inspection", "as": 1, "collection": "samples", "filterByTk": 99}, [("", "RECORD_NOT_FOUND")]),
    ],
)
def test_everything_that_is_wrong_with_an_event_is_named_at_once(house: Session, event: Json, expected: Json) -> None:
    answer = trigger(house, event)
    assert problems(answer) == expected
    assert 400 <= answer.status < 500


def test_a_misspelt_property_is_guessed(house: Session) -> None:
    assert 'did you mean "triggerWorkflows"' in (trigger(house, {"triggerWorkflow": "a", "as": 1}).errors or [])[0]["message"]


def test_names_lead_to_users_whatever_they_look_like(house: Session) -> None:
    number = house.call("users:create", None, {"username": "7", "password": "secret password"})["id"]
    assert user_id_of(house.backend, "7") == number
    assert user_id_of(house.backend, 7) == number
    assert user_id_of(house.backend, str(number)) == number
    assert [user_id_of(house.backend, who) for who in ("", "\u0664", 2.5, "root@", "9" * 400)] == [None] * 5


def test_a_principal_may_not_do_what_is_done_in_person(house: Session) -> None:
    call = Call("auth", "changePassword", body={}, principal=Principal(1, NOW_MS // 1000))
    with pytest.raises(AppError) as refused:
        house.product.answer(call)
    assert answer_of(refused.value).status == 403


def test_nothing_that_comes_over_http_makes_a_principal() -> None:
    for name in ("http", "routes", "path", "query_string"):
        assert "rincipal" not in (ROOT / f"chalicelib/entrypoints/{name}.py").read_text()


# Messages that name workflows.


def test_a_message_may_name_workflows_where_its_topic_may(inbox: Inbox) -> None:
    inbox.workflow("waiting", [note("not for me")])
    asked = {"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 1, "values": {"title": "S"}}
    for _ in range(3):
        assert inbox.receive(notification(asked)) == []
    (execution,) = [one for one in inbox.session.executions("submit_inspection")]
    assert (execution["context"]["user"]["id"], execution["context"]["data"]["title"]) == (1, "S")
    assert inbox.session.executions("waiting") == []
    assert inbox.letters.kept == []


def test_a_message_that_comes_weeks_later_is_not_done_again(inbox: Inbox) -> None:
    asked = notification({"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 1})
    inbox.receive(asked)
    inbox.session.clock.sleep(20 * 86_400)
    inbox.receive(asked)
    assert len(inbox.session.executions("submit_inspection")) == 1


def test_a_topic_with_a_star_runs_as_whom_the_message_says(inbox: Inbox) -> None:
    asked = {"triggerWorkflows": "register_sample", "values": {"title": "S", "indicator": 1}}
    inbox.receive(notification(asked | {"as": "root"}, 1, topic=OTHER), notification(asked, 2, topic=OTHER))
    assert len(inbox.session.executions("register_sample")) == 1
    assert inbox.letters.reasons == ['"as" is required: the user to run as, an e-mail address, a username or an id']


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"triggerWorkflows": "nosuch"}, "NO_WORKFLOW_TRIGGERED"),
        ({"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 999}, "RECORD_NOT_FOUND"),
        ({"triggerWorkflows": "submit_inspection", "as": "ada"}, "NOT_ALLOWED"),
        ({"triggerWorkflows": 5}, "INVALID"),
        ({"triggerWorkflows": "a", "idempotencyKey": "x"}, "UNKNOWN_PROPERTY"),
        ('{"triggerWorkflows": "a"', "INVALID_JSON"),
    ],
)
def test_a_call_that_can_never_work_is_a_dead_letter(inbox: Inbox, asked: Json, code: str) -> None:
    assert inbox.receive(notification(asked)) == []
    assert inbox.letters.codes == [code]


def test_a_call_as_nobody_that_could_be_is_a_dead_letter(inbox: Inbox) -> None:
    asked = {"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 1}
    inbox.receive(*[notification(asked | {"as": who}, n, topic=OTHER) for n, who in enumerate(["0" * 5_000, "x" * 3_000])])
    assert inbox.letters.codes == ["USER_NOT_FOUND"] * 2
    assert all(len(reason) < 300 for reason in inbox.letters.reasons)


def test_a_topic_that_is_not_allowed_to_names_no_workflows(house: Session) -> None:
    inbox = Inbox(house)
    inbox.session.backend.incoming.users.pop("orders")  # type: ignore[attr-defined]
    try:
        inbox.receive(notification({"triggerWorkflows": "register_sample"}))
    finally:
        inbox.session.backend.incoming.users["orders"] = "root@example.com"  # type: ignore[index]
    assert inbox.letters.codes == ["NOT_ALLOWED"]
    assert "MESSAGE_USERS" in inbox.letters.reasons[0]


def test_a_user_without_the_right_is_a_dead_letter_too(inbox: Inbox) -> None:
    inbox.session.call("users:create", None, {"username": "ada", "password": "secret password", "roles": ["member"]})
    asked = {"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 1, "as": "ada"}
    inbox.receive(notification(asked, topic=OTHER))
    assert inbox.letters.codes == ["FORBIDDEN"]


def test_a_call_that_nobody_answers_comes_again_and_runs_once(inbox: Inbox) -> None:
    asked = notification({"triggerWorkflows": "submit_inspection", "collection": "samples", "filterByTk": 1})
    assert isinstance(inbox.session.store, WatchedStore)
    inbox.session.store.sendings.extend([lost] * 10)
    assert inbox.receive(asked) == ["r0"]
    inbox.session.store.sendings.clear()
    assert inbox.receive(asked, asked) == []
    assert len(inbox.session.executions("submit_inspection")) == 1


# The functions, and the events to paste.


@pytest.fixture
def deployed(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr(direct, "product", lambda: inbox.session.product)
    return inbox


@pytest.mark.parametrize("name", ["trigger-record", "trigger-many", "trigger-global", "trigger-dry-run"])
def test_the_events_to_paste_start_what_they_name(deployed: Inbox, name: str) -> None:
    event = json.loads((ROOT / f"infra/events/{name}.json").read_text())
    answer = direct.trigger(event, FAR_MS, "request-1")
    assert answer["statusCode"] == 200, answer
    assert [one["status"] for one in answer["body"]["meta"]["executions"]] == [1]
    assert ("dryRun" in answer["body"]["meta"]) == (name == "trigger-dry-run")
    assert json.loads(json.dumps(answer)) == answer


def test_the_event_of_a_schedule_to_paste_is_one_that_is_understood(house: Session) -> None:
    """Whose version is enabled now, a person fills in."""
    version = {"key": "nightly", "title": "t", "type": "schedule", "sync": False, "enabled": True, "nodes": []}
    times = {"mode": 0, "startsOn": "2026-11-20T02:00:00.000Z", "repeat": "0 2 * * *"}
    enabled = house.call("workflows:create", None, version | {"config": times})["id"]
    event = json.loads((ROOT / "infra/events/fire.json").read_text())
    house.clock.sleep(3 * 3_600)
    assert Firing(house.backend, event).fire() == {"ignored": "another version is enabled"}
    assert "execution" in Firing(house.backend, event | {"version": enabled}).fire()


def test_a_refusal_is_an_answer_and_a_bug_says_no_more_than_an_id(deployed: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = direct.trigger({}, FAR_MS, "request-1")
    assert (refused["statusCode"], "headers" in refused) == (400, False)
    assert refused["body"]["errors"][0]["path"] == "triggerWorkflows"
    monkeypatch.setattr(DirectCalls, "trigger", lambda *_: 1 / 0)
    broken = direct.trigger({}, FAR_MS, "request-1")
    assert broken["statusCode"] == 500
    assert "ZeroDivision" not in json.dumps(broken)


def test_what_may_work_later_says_when(deployed: Inbox) -> None:
    assert isinstance(deployed.session.store, WatchedStore)
    deployed.session.store.sendings.extend([lost] * 10)
    answer = direct.trigger(RECORD, FAR_MS, "request-1")
    assert answer["statusCode"] == 503
