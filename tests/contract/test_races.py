"""Many callers at once: an effect is there exactly as often as somebody was told so.

``RACES=10000`` makes the first test as long as it should be before a release (``make races``).
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.keys import guard_key
from chalicelib.domain.status import RESOLVED
from chalicelib.domain.system_collections import COLLECTIONS
from chalicelib.errors import Conflict, Invalid
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope
from tests.sessions import Session

RACES = int(os.environ.get("RACES", "400"))
THREADS = 32


def add_one(config: Any, scope: Scope, ports: Ports) -> Outcome:
    """Adds one to the record's value as the run sees it."""
    (row,) = ports.records.find("tallies", filter={"id": scope["$context"]["data"]["id"]})
    return Outcome(RESOLVED, ports.records.update("tallies", {"id": row["id"]}, {"value": row["value"] + 1}))


def swap(config: Any, scope: Scope, ports: Ports) -> Outcome:
    """Gives each of the tallies 101 and 102 the other's unique code."""
    one, two = ports.records.find("tallies", filter={"id": {"$in": [101, 102]}})
    ports.records.update("tallies", {"id": one["id"]}, {"code": two["code"]})
    ports.records.update("tallies", {"id": two["id"]}, {"code": one["code"]})
    return Outcome(RESOLVED)


@pytest.fixture(scope="module", autouse=True)
def counting_nodes() -> Iterator[None]:
    """Node types of these tests: no type of the product computes yet."""
    with pytest.MonkeyPatch.context() as patch:
        for name, run in (("add-one", add_one), ("swap", swap)):
            patch.setitem(NODE_TYPES, name, NodeType(name, {}, run, prepare=lambda config: config))  # type: ignore[arg-type]
        yield


@pytest.fixture(scope="module")
def session(dynamodb_store: DynamoStore, counting_nodes: None) -> Session:
    made = Session(dynamodb_store, SystemClock()).install()
    fields = [{"name": "value", "type": "integer", "defaultValue": 0}, {"name": "code", "type": "string", "unique": True}]
    made.call("collections:create", None, {"name": "tallies", "fields": fields})
    for record_id in (*range(1, 11), 101, 102, 201):
        made.call("tallies:create", None, {"id": record_id, "code": f"code {record_id}"})
    for key in ("add-one", "swap"):
        made.workflow(key, [{"type": key, "config": {}}], "tallies")
    return made


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """``act(0)`` … ``act(count - 1)`` begun at the same moment, each in a thread of its own; their results in order."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def version_of(session: Session, key: str) -> int:
    version: int = session.call("workflows:list", filter={"key": key})[0]["id"]
    return version


def test_every_success_is_in_the_record_and_nothing_else(session: Session) -> None:
    """32 processes press a button that adds one, on ten records, all at once."""
    numbers = itertools.count()

    def press(_: int) -> list[tuple[int, int | None]]:
        """Record and execution of every call that was answered; ``None``: a conflict that lasted."""
        process, told = session.process(), []
        while (number := next(numbers)) < RACES:
            record_id = number % 10 + 1
            try:
                answer = process.trigger("tallies", record_id, "add-one")
            except Conflict:
                told.append((record_id, None))
            else:
                assert answer.status == 200
                told.append((record_id, (answer.meta or {})["executions"][0]["id"]))
        return told

    told = [entry for entries in at_once(THREADS, press) for entry in entries]
    done = [(record_id, execution) for record_id, execution in told if execution is not None]
    assert len(told) == RACES
    assert len(done) >= RACES * 0.9
    by_record = Counter(record_id for record_id, _ in done)
    rows = session.call("tallies:list", filter={"id": {"$in": list(range(1, 11))}})
    assert {row["id"]: row["value"] for row in rows} == dict(by_record)
    stored = session.executions("add-one")
    assert Counter(execution["id"] for execution in stored) == Counter(execution for _, execution in done)
    assert {execution["status"] for execution in stored} == {RESOLVED}
    assert session.executed("add-one", version_of(session, "add-one")) == len(done)


def test_a_unique_value_is_given_to_one_of_many(session: Session) -> None:
    def take(number: int) -> Any:
        try:
            return session.process().call("tallies:create", None, {"code": "wanted"})["id"]
        except Invalid as taken:
            return [(problem.path, problem.code) for problem in taken.problems()]

    results = at_once(THREADS, take)
    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == 1
    assert [result for result in results if result not in winners] == [[("code", "NOT_UNIQUE")]] * (THREADS - 1)
    assert [row["id"] for row in session.call("tallies:list", filter={"code": "wanted"})] == winners


def test_two_records_swap_their_unique_values_back_and_forth(session: Session) -> None:
    def press(_: int) -> int:
        process, done = session.process(), 0
        for _ in range(5):
            try:
                done += process.trigger("tallies", 201, "swap").status == 200
            except Conflict:
                continue
        return done

    swaps = sum(at_once(8, press))
    one, two = session.call("tallies:list", filter={"id": {"$in": [101, 102]}})
    assert swaps > 0
    assert (one["code"], two["code"]) == (("code 101", "code 102") if swaps % 2 == 0 else ("code 102", "code 101"))
    assert [holder(session, row["code"]) for row in (one, two)] == [101, 102]
    assert len(session.executions("swap")) == swaps


def holder(session: Session, code: str) -> Any:
    """Who holds the code, by its guard."""
    reads, _ = session.backend.reading()
    definition = session.backend.unit(reads, user_id=None, at_ms=0, seed="").get(COLLECTIONS, "tallies")
    assert definition is not None
    key = guard_key(definition.item["data"]["uid"], "code", code)
    return session.store.batch_get([key])[key]["value"]


@pytest.mark.parametrize("workflows", ["submit_inspection", "submit_inspection,archive_one"])
def test_one_idempotency_key_from_many_is_one_effect_and_one_answer(session: Session, workflows: str) -> None:
    sample = session.call("samples:create", None, {"title": "Many", "indicator": 95})["id"]
    if "archive_one" in workflows:
        params = {"filter": {"id": "{{$context.data.id}}"}, "values": {"status": "Archived"}}
        session.workflow("archive_one", [{"type": "update", "config": {"collection": "samples", "params": params}}])

    def press(_: int) -> Any:
        answer = session.process().trigger("samples", sample, workflows, key=f"many {workflows}")
        return answer.status, answer.body()

    answers = at_once(16, press)
    assert answers == [answers[0]] * 16
    assert answers[0][0] == 200
    assert len(session.call("inspectionRecords:list", filter={"sampleId": sample})) == 1


@pytest.mark.parametrize("number", range(8))
def test_what_ran_is_what_was_frozen(session: Session, number: int) -> None:
    """A node is edited again and again while the version runs for the first time."""
    key = f"edited{number}"
    version = session.workflow(key, [{"type": "output", "config": {"value": 0}}])
    node = session.call(f"workflows/{version}/nodes:list")[0]["id"]

    def act(thread: int) -> None:
        process = session.process()
        if thread:
            for _ in range(3):
                process.trigger("samples", 1, key)
            return
        for value in range(1, 30):
            try:
                process.call("flow_nodes:update", node, {"config": {"value": value}})
            except Invalid:
                return

    at_once(4, act)
    (frozen,) = session.call(f"workflows/{version}/nodes:list")
    assert {execution["output"] for execution in session.executions(key)} == {frozen["config"]["value"]}


def test_a_workflow_switched_on_and_off_runs_or_is_refused(session: Session) -> None:
    version = session.workflow("switched", [{"type": "response-message", "config": {"message": "ran"}}])

    codes: set[str] = set()

    def act(thread: int) -> int:
        process, done = session.process(), 0
        for turn in range(15):
            try:
                if thread:
                    done += process.trigger("samples", 1, "switched").status == 200
                else:
                    process.call("workflows:update", version, {"enabled": turn % 2 == 1})
            except Invalid as refused:
                codes.add(refused.code)
        return done

    done = sum(at_once(4, act))
    assert codes <= {"INVALID"}
    assert len(session.executions("switched")) == session.executed("switched", version) == done
