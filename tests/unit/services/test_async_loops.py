"""Asynchronous executions between their commits: loops that take several, and a call that is delivered twice."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Json
from chalicelib.services.async_runs import AsyncRuns
from tests.sessions import Session
from tests.stores import WatchedStore, after, lost, refused, sent, unheard

ROUNDS = 150


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    return Session(store).install()


def note(text: str, **values: Json) -> Json:
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text} | values}}}


def loop(*body: Json, target: Json = ROUNDS, **config: Json) -> Json:
    return {"key": "loop", "type": "loop", "config": {"target": target} | config, "branches": {"0": list(body)}}


def run(session: Session, *nodes: Json) -> Json:
    """The execution of a global workflow, ended."""
    session.workflow("later", list(nodes), None, sync=False)
    session.answer("workflows:trigger", None, {}, triggerWorkflows="later")
    session.machines.run(session.backend)
    (execution,) = session.call("executions:list", filter={"key": "later"}, appends="jobs")
    return execution


def notes(session: Session) -> list[Json]:
    return [row["note"] for row in session.call("inspectionRecords:list", sort="id", paginate="false")]


def test_more_rounds_than_a_transaction_holds(session: Session) -> None:
    execution = run(session, loop(note("round {{$scopes.loop.index}}")), note("after"))
    assert (execution["status"], len(execution["jobs"])) == (1, ROUNDS + 2)
    assert notes(session) == [*(f"round {number}" for number in range(ROUNDS)), "after"]


@pytest.mark.parametrize("step", [refused("conflict"), refused("condition"), lost, unheard])
@pytest.mark.parametrize("position", [2, 3])
def test_a_commit_between_two_rounds_that_goes_wrong(session: Session, store: WatchedStore, step: Json, position: int) -> None:
    session.workflow("later", [loop(note("round {{$scopes.loop.index}}"))], None, sync=False)
    session.answer("workflows:trigger", None, {}, triggerWorkflows="later")
    store.sendings.extend([*[sent] * position, step])
    session.machines.run(session.backend)
    (execution,) = session.call("executions:list", filter={"key": "later"})
    # Two walks number their records apart, so the order of the ids may differ where both fell into one millisecond.
    assert (execution["status"], sorted(notes(session))) == (1, sorted(f"round {number}" for number in range(ROUNDS)))


def test_a_unique_value_that_is_taken_is_the_error_of_its_round(session: Session) -> None:
    session.call("collections:create", None, {"name": "codes", "fields": [{"name": "code", "type": "string", "unique": True}]})
    session.call("codes:create", None, {"code": "c7"})
    made = {"type": "create", "config": {"collection": "codes", "params": {"values": {"code": "c{{$scopes.loop.index}}"}}}}
    execution = run(session, loop(made, target=10, exit=2))
    statuses = [job["status"] for job in execution["jobs"]]
    assert (execution["status"], statuses.count(-2), statuses.index(-2)) == (1, 1, 8)
    assert session.call("codes:list", paginate="false", fields=["code"], sort="code") == [{"code": f"c{number}"} for number in range(10)]


@pytest.mark.parametrize("position", [0, 1])
def test_a_call_delivered_twice_at_once_says_the_same_and_does_it_once(session: Session, store: WatchedStore, position: int) -> None:
    delay = {"key": "wait", "type": "delay", "config": {"duration": 2, "unit": 1000, "endStatus": 1}}
    session.workflow("later", [note("before"), delay], None, sync=False)
    meta = session.answer("workflows:trigger", None, {}, triggerWorkflows="later").meta or {}
    event, ends_ms = {"executionId": meta["executions"][0]["id"], "attempt": 1}, session.clock.now_ms() + 60_000
    twin = AsyncRuns(session.process(store.inner).backend)
    told: list[Json] = []
    store.sendings.extend([*[sent] * position, after(lambda: told.append(twin.run_segment(event, ends_ms)["next"]))])
    assert [AsyncRuns(session.backend).run_segment(event, ends_ms)["next"], *told] == ["at:wait", "at:wait"]
    assert notes(session) == ["before"]


def test_ten_thousand_rounds_are_walked_by_one_machine_in_a_handful_of_its_events(session: Session) -> None:
    count = {"type": "calculation", "config": {"engine": "jsonata", "expression": "$scopes.loop.index + 1"}}
    execution = run(session, loop(count, target=10_000), note("{{$jobsMapByNodeKey.loop.looped}} rounds"))
    assert (execution["status"], notes(session)) == (1, ["10000 rounds"])
    (running,) = session.machines.executions.values()
    assert running.machine is not None
    assert len(running.machine.entered) < 10
