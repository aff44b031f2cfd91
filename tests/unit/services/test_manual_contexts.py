"""Runs by hand of every trigger type, over the store in memory."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid
from tests.sessions import Session

Json = Any

ECHO = {"type": "output", "config": {"value": "{{$context}}"}}
ON_SAMPLES = {"collection": "samples"}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def bound(session: Session, type: str, config: Json, **more: Json) -> int:
    """An enabled workflow whose output is its context."""
    return session.workflow("echo", [ECHO], type=type, config=ON_SAMPLES | config, **more)


def run(session: Session, version: int, body: Json) -> Json:
    """The context of the run, ``None`` when the trigger declined."""
    execution = session.call("workflows:execute", version, body)["execution"]
    return session.execution(execution["id"])["output"] if execution else None


def refusal(session: Session, version: int, body: Json) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        session.call("workflows:execute", version, body)
    assert session.executions("echo") == []
    (problem,) = refused.value.problems()
    return problem.path, problem.message


class TestRecordEvents:
    def test_the_context_is_the_record_alone_and_needs_no_user(self, session: Session) -> None:
        version = bound(session, "collection", {"mode": 1, "appends": ["category"]})
        for given in (1, "1", {"id": 1, "title": "sent"}):
            context = run(session, version, {"data": given})
            assert set(context) == {"data"}
            assert (context["data"]["title"], "category" in context["data"]) == ("Sample 1", True)

    def test_a_record_that_is_sent_whole_stays_as_it_is_without_appends(self, session: Session) -> None:
        version = bound(session, "collection", {"mode": 1}, enabled=False)
        assert run(session, version, {"data": {"title": "sent"}}) == {"data": {"title": "sent"}}

    @pytest.mark.parametrize(("title", "runs"), [("Sample 1", True), ("Sample 2", False)])
    @pytest.mark.parametrize("given", [1, {"id": 1, "title": "sent"}])
    def test_where_the_condition_does_not_hold_there_is_no_execution(self, session: Session, title: str, runs: bool, given: Json) -> None:
        version = bound(session, "collection", {"mode": 1, "condition": {"title": title}})
        assert (run(session, version, {"data": given}) is not None) == runs
        assert len(session.executions("echo")) == runs

    def test_a_record_as_it_is_destroyed_is_not_held_against_the_condition(self, session: Session) -> None:
        version = bound(session, "collection", {"mode": 4, "condition": {"title": "nobody"}})
        assert run(session, version, {"data": 1})["data"]["id"] == 1

    @pytest.mark.parametrize(("body", "path"), [({}, "data"), ({"data": 999}, "data"), ({"data": "x"}, "data"), ({"data": [1]}, "data")])
    def test_a_record_that_is_none_is_refused(self, session: Session, body: Json, path: str) -> None:
        assert refusal(session, bound(session, "collection", {"mode": 1}), body)[0] == path


class TestPostActionEvents:
    def test_an_id_is_loaded_and_a_record_read_again_for_its_appends_only(self, session: Session) -> None:
        version = bound(session, "action", {})
        context = run(session, version, {"data": 1, "userId": 1})
        assert (context["data"]["title"], context["user"]["id"], context["roleName"]) == ("Sample 1", 1, "root")
        assert run(session, version, {"data": {"title": "sent"}, "userId": 1})["data"] == {"title": "sent"}

    def test_with_appends_it_is_read_again(self, session: Session) -> None:
        version = bound(session, "action", {"appends": ["category"]})
        data = run(session, version, {"data": {"id": 1, "title": "sent"}, "userId": 1})["data"]
        assert (data["title"], "category" in data) == ("Sample 1", True)

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ({"data": 1}, ("userId", "user is not provided")),
            ({"data": 1, "userId": 999}, ("userId", "user not found")),
            ({"userId": 1}, ("data", '"data" is required: a record, or the id of one')),
        ],
    )
    def test_what_is_missing_is_named(self, session: Session, body: Json, problem: tuple[str, str]) -> None:
        assert refusal(session, bound(session, "action", {}), body) == problem


class TestPreActionEvents:
    @pytest.mark.parametrize("target", [1, "1", {"id": 1}])
    def test_a_destroy_is_about_an_id(self, session: Session, target: Json) -> None:
        version = bound(session, "request-interception", {})
        context = run(session, version, {"action": "destroy", "target": target, "userId": 1})
        assert (context["params"], context["user"]["id"], set(context)) == ({"filterByTk": 1}, 1, {"params", "user", "roleName"})

    @pytest.mark.parametrize("action", ["create", "update", "updateOrCreate"])
    def test_other_actions_are_about_values(self, session: Session, action: str) -> None:
        version = bound(session, "request-interception", {})
        body = {"action": action, "target": {"title": "sent"}, "userId": 1}
        assert run(session, version, body)["params"] == {"values": {"title": "sent"}}
        assert run(session, version, body | {"target": 1})["params"]["values"]["title"] == "Sample 1"

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"target": 1, "userId": 1}, "action"),
            ({"target": 1, "userId": 1, "action": "list"}, "action"),
            ({"target": 1, "userId": 1, "action": ["create"]}, "action"),
            ({"userId": 1, "action": "destroy"}, "target"),
            ({"target": {"title": "x"}, "userId": 1, "action": "destroy"}, "target.id"),
            ({"target": 999, "userId": 1, "action": "update"}, "target"),
            ({"target": 1, "action": "destroy"}, "userId"),
        ],
    )
    def test_what_is_wrong_is_named(self, session: Session, body: Json, path: str) -> None:
        assert refusal(session, bound(session, "request-interception", {}), body)[0] == path
