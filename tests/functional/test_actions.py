"""Actions and procedures over HTTP: two worker processes, DynamoDB Local, mail in the local outbox."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.functional.client import Client, Json
from tests.functional.conftest import refused
from tests.functional.model import Model

SUBMIT: Json = {
    "name": "submitSample",
    "label": "Submit",
    "collection": "samples",
    "context": "single",
    "kind": "workflow",
    "workflows": [{"key": "submit"}],
    "enabledWhen": {"status": "Collected"},
    "disabledReason": "It is submitted already",
    "onResult": {"message": "{{record.title}} is on its way"},
}
WELCOME: Json = {
    "name": "welcomeUser",
    "collection": "users",
    "kind": "procedure",
    "procedure": "sendWelcomeEmail",
    "onResult": {"message": "Sent to {{result.sentTo}}"},
}


@pytest.fixture(scope="module")
def made(model: Model) -> Iterator[Model]:
    for body in (SUBMIT, WELCOME):
        model.root.post("actions:create", body).ok()
    yield model
    for body in (SUBMIT, WELCOME):
        model.root.post(f"actions:destroy/{body['name']}").ok()


def names(client: Client, **query: Json) -> dict[str, Json]:
    return {row["name"]: row for row in client.get("actions:available", **query).data}


def test_a_button_is_shown_pressed_and_then_says_why_not(made: Model) -> None:
    sample = made.sample("S", 95)
    assert names(made.root, collection="samples", filterByTk=sample)["submitSample"]["enabled"] is True
    pressed = made.root.post("actions:run/submitSample", {"filterByTk": sample}).ok()
    assert (pressed.data["status"], pressed.data["message"]) == ("success", "S is on its way")
    assert made.read(sample)["status"] == "Submitted"
    after = names(made.root, collection="samples", filterByTk=sample)["submitSample"]
    assert (after["enabled"], after["reason"]) == (False, "It is submitted already")
    again = made.root.post("actions:run/submitSample", {"filterByTk": sample})
    refused(again, (403,), "submitted already")
    assert again.json["data"]["status"] == "failed"


def test_what_the_workflow_refuses_comes_in_both_shapes(made: Model) -> None:
    answer = made.root.post("actions:run/submitSample", {"filterByTk": made.sample("S", 5)})
    refused(answer, (400,), "Indicator does not meet")
    assert (answer.json["data"]["level"], answer.json["data"]["message"]) == ("warning", "Indicator does not meet")


def test_of_many_presses_at_once_each_record_is_submitted_once(made: Model) -> None:
    """With one Idempotency-Key for all: one runs, the others get its answer."""
    sample = made.sample("S", 95)

    def press(number: int) -> int:
        client = made.root.elsewhere().using(Idempotency_Key=f"press-{sample}")
        return client.post("actions:run/submitSample", {"filterByTk": sample}).status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(press, range(6))) == {200}
    assert made.root.count("inspectionRecords", sampleId=sample) == 1


def test_roles_decide_on_the_server(made: Model) -> None:
    sample = made.sample("S", 95)
    viewer, submitter = made.users["viewer"], made.users["submitter"]
    assert names(viewer, collection="samples", filterByTk=sample)["submitSample"]["code"] == "FORBIDDEN"
    refused(viewer.post("actions:run/submitSample", {"filterByTk": sample}), (403,), "No permissions")
    refused(viewer.post("users:sendWelcomeEmail/1"), (403,), "No permissions")
    refused(viewer.get("actions:list"), (403,), "No permissions")
    assert submitter.post("actions:run/submitSample", {"filterByTk": sample}).status == 200


def test_a_procedure_sends_and_says_to_whom(made: Model) -> None:
    user = made.root.post("users:create", {"email": "mail@example.com", "nickname": "Mel", "password": "a good password 1"}).data["id"]
    assert made.root.post(f"users:sendWelcomeEmail/{user}").data == {"success": True, "sentTo": "mail@example.com"}
    assert made.root.post("users:sendWelcomeEmail", {"userId": user}).data["sentTo"] == "mail@example.com"
    assert made.root.post("actions:run/welcomeUser", {"filterByTk": user}).data["message"] == "Sent to mail@example.com"
    made.root.post(f"users:destroy/{user}").ok()
    refused(made.root.post("users:sendWelcomeEmail", {"userId": user}), (400,), "User not found")
    refused(made.root.post(f"users:sendWelcomeEmail/{user}"), (404,), "no record")


@pytest.mark.parametrize(
    ("path", "body", "statuses", "named"),
    [
        ("users:sendWelcomeEmail/1", {"subject": "two\nlines"}, (400,), "subject"),
        ("users:sendWelcomeEmail/1", {"subject": 5, "colour": "red"}, (400,), "colour"),
        ("users:sendWelcomeEmail/1", [1], (400,), "object"),
        ("users:sendWelcomeEmail/x", {}, (400,), "id"),
        ("users:sendGoodbyeEmail/1", {}, (404,), "sendGoodbyeEmail"),
        ("procedures:sendWelcomeEmail", {}, (404,), "procedures:sendWelcomeEmail"),
        ("actions:run", {}, (400,), "name"),
        ("actions:run/nosuch", {}, (404,), "nosuch"),
        ("actions:run/submitSample", {}, (400,), "record"),
        ("actions:run/submitSample", {"filterByTk": [1, 2]}, (400,), "single"),
        ("actions:run/submitSample", {"filterByTk": 999999}, (404,), "999999"),
        ("actions:available?collection=nosuch", None, (404,), "nosuch"),
        ("actions:create", SUBMIT, (400,), "already exists"),
        ("actions:create", {"name": "n", "kind": "workflow", "workflows": [{"key": "disabled"}]}, (400,), "disabled"),
        ("actions:create", SUBMIT | {"name": "n", "workflows": [{"key": "multi"}]}, (400,), "multi"),
        (
            "actions:create",
            {"name": "n", "kind": "client", "client": {"type": "openUrl", "url": "javascript:alert(1)"}},
            (400,),
            "client.url",
        ),
    ],
)
def test_bad_calls_are_refused_and_say_what_is_wrong(made: Model, path: str, body: Json, statuses: tuple[int, ...], named: str) -> None:
    refused(made.root.post(path, body), statuses, named)


def test_a_stranger_is_not_told_anything(made: Model, stranger: Client) -> None:
    for path in ("actions:available", "actions:run/submitSample", "actions:list", "users:sendWelcomeEmail/1"):
        refused(stranger.post(path), (401,))
