"""A dry run answers as the call itself would, over the store in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import AppError, Invalid, TooLarge
from tests.sessions import Session
from tests.stores import WatchedStore

Json = Any

REJECT = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"group": {"type": "or", "calculations": []}}}}


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    """A collection ``tags`` whose names are unique; ``red`` is taken."""
    made = Session(store).install()
    made.call("collections:create", None, {"name": "tags", "fields": [{"name": "name", "type": "string", "unique": True}]})
    made.call("tags:create", None, {"name": "red"})
    return made


def tagging(session: Session, key: str, name: str, *more: Json, **settings: Json) -> None:
    node = {"type": "create", "config": {"collection": "tags", "params": {"values": {"name": name}}}}
    session.workflow(key, [node, *more], **settings)


def both(session: Session, *call: Json, **params: Json) -> list[Json]:
    """What the dry run and then the call itself answer: status and errors, or the error that is raised."""
    return [outcome(session, *call, **params, dryRun=dry) for dry in ("1", "0")]


def outcome(session: Session, *call: Json, **params: Json) -> Json:
    try:
        answer = session.answer(*call, **params)
    except AppError as refused:
        return type(refused), [problem.to_json() for problem in refused.problems()]
    return answer.status, [{name: value for name, value in error.items() if name != "executionId"} for error in answer.errors or []]


def test_a_unique_value_that_is_taken_is_refused(session: Session, store: WatchedStore) -> None:
    dry, real = both(session, "tags:create", None, {"name": "red"})
    assert dry == real
    assert (dry[0], dry[1][0]["code"], dry[1][0]["path"]) == (Invalid, "NOT_UNIQUE", "name")
    store.forget()
    assert outcome(session, "tags:create", None, {"name": "blue"}, dryRun="1") == (200, [])
    assert store.transactions == []


def test_a_value_that_is_given_up_in_the_same_call_may_be_taken(session: Session) -> None:
    swap = {"type": "update", "config": {"collection": "tags", "params": {"filter": {"name": "red"}, "values": {"name": "old"}}}}
    session.workflow("swap", [swap])
    assert outcome(session, "samples:trigger", 1, triggerWorkflows="swap", dryRun="1") == (200, [])
    (red,) = session.call("tags:list")
    assert outcome(session, "tags:update", red["id"], {"name": "red"}, dryRun="1") == (200, [])


def test_a_workflow_that_takes_a_taken_value_is_refused_as_it_would_be(session: Session) -> None:
    tagging(session, "again", "red")
    dry, real = both(session, "samples:trigger", 1, triggerWorkflows="again")
    assert dry == real
    assert (dry[0], dry[1][0]["code"]) == (400, "NOT_UNIQUE")
    answer = session.answer("samples:trigger", 1, triggerWorkflows="again", dryRun="1")
    assert (answer.meta or {})["dryRun"]["writes"] == []


def test_so_is_one_after_the_action(session: Session) -> None:
    tagging(session, "after", "red", type="action", config={"collection": "samples"})
    dry, real = both(session, "samples:create", None, {"title": "x"}, triggerWorkflows="after")
    assert dry == real
    assert (dry[0], dry[1][0]["code"]) == (400, "NOT_UNIQUE")
    answer = session.answer("samples:create", None, {"title": "x"}, triggerWorkflows="after", dryRun="1")
    assert [one["collection"] for one in (answer.meta or {})["dryRun"]["writes"]] == ["samples"]


def test_two_workflows_that_take_one_value_are_refused(session: Session) -> None:
    tagging(session, "one", "blue")
    tagging(session, "two", "blue")
    answer = session.answer("samples:trigger", 1, triggerWorkflows="one,two", dryRun="1")
    assert (answer.status, (answer.errors or [{}])[0]["code"]) == (400, "NOT_UNIQUE")


def test_more_writes_than_a_transaction_holds_are_refused(session: Session) -> None:
    """Each of the 34 records sets off three executions that wait: 34 + 102 items and their counters."""
    for key in ("a", "b", "c"):
        session.workflow(
            key, [{"type": "output", "config": {}}], type="collection", config={"collection": "categories", "mode": 1}, sync=False
        )
    made = {"type": "create", "config": {"collection": "categories", "params": {"values": {"title": "c{{$scopes.each.index}}"}}}}
    session.workflow("many", [{"key": "each", "type": "loop", "config": {"target": 34}, "branches": {"0": [made]}}])
    dry, real = both(session, "samples:trigger", 1, triggerWorkflows="many")
    assert dry == real
    assert (dry[0], dry[1][0]["code"]) == (500, "WORKFLOW_FAILED")
    node = {"type": "action", "config": {"collection": "samples", "atomic": True}}
    many = [{"key": "each", "type": "loop", "config": {"target": 34}, "branches": {"0": [made]}}]
    session.workflow("whole", many, **node)
    dry, real = both(session, "samples:create", None, {"title": "x"}, triggerWorkflows="whole")
    assert dry == real
    assert dry[0] is TooLarge


@pytest.mark.parametrize("kind", ["trigger", "action", "event"])
def test_what_fails_names_no_execution_that_is_not_there(session: Session, kind: str) -> None:
    config = {"collection": "samples"} | ({"mode": 1, "rollbackOnFailure": True} if kind == "event" else {})
    types = {"trigger": {}, "action": {"type": "action", "config": config}, "event": {"type": "collection", "config": config}}
    session.workflow("fails", [REJECT], **types[kind])
    call = ("samples:trigger", 1) if kind == "trigger" else ("samples:create", None, {"title": "x"})
    for dry in ("1", "0"):
        try:
            shown = session.answer(*call, triggerWorkflows="fails", dryRun=dry).body()
        except AppError as refused:
            shown = refused.data
        assert ("executionId" in json.dumps(shown)) == (dry == "0")
