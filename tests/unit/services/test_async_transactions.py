"""A transaction of an asynchronous run is committed at once, whatever it does outside, and what was answered is not asked for twice.

Source: https://docs.nocobase.com/workflow/nodes/transaction
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.ports import EXECUTIONS, EffectFailed
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.async_walk import RESERVE_MS
from tests.sessions import NOW_MS, Session
from tests.unit.services.slow_calls import SPILLS, SlowOutside, get, note, run_machines, trigger

Json = Any
EVENT_MS = 60_000
OUT = {"key": "out", "type": "output", "config": {"value": "on"}}


class Died(BaseException):
    """The process is gone."""


@dataclass
class Scripted:
    """Does for each request what the script says for its path: an answer, a failure to raise, or something to call."""

    script: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def send(self, kind: str, payload: Json, key: str) -> Json:
        path = payload["url"].rpartition("/")[2]
        self.paths.append(path)
        self.keys.append(key)
        does = self.script.get(path, {"status": 200, "data": path})
        if callable(does):
            does = does()
        if isinstance(does, BaseException):
            raise does
        return does


@pytest.fixture
def outside() -> Scripted:
    return Scripted()


@pytest.fixture
def session(outside: Scripted) -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS), outside=outside).install()


def transaction(*nodes: Json, **config: Json) -> Json:
    return {"key": "tx", "type": "transaction", "config": {"continueAfterRollback": True, **config}, "branches": {"0": list(nodes)}}


def queue(session: Session, *nodes: Json, **more: Json) -> int:
    session.workflow("flow", list(nodes), None, sync=False, **more)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="flow")
    assert answer.meta is not None
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


def walk(session: Session, execution_id: int, left_ms: int = EVENT_MS) -> str:
    """One call of the function; where it says to go."""
    event = {"executionId": execution_id, "attempt": 1}
    step: str = AsyncRuns(session.backend).run_segment(event, session.clock.now_ms() + left_ms)["next"]
    return step


def notes(session: Session) -> list[str]:
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


def kept_answers(session: Session, execution_id: int) -> list[str]:
    items = session.store.query(EXECUTIONS, str(execution_id)).items
    return [item["sk"] for item in items if item["sk"].startswith("effect#")]


def result(session: Session, execution_id: int, key: str = "tx") -> Json:
    jobs = session.call("executions:get", execution_id, appends="jobs")["jobs"]
    return next(job["result"] for job in jobs if job["nodeKey"] == key)


def named(path: str) -> Json:
    return get(path) | {"key": path}


class TestAllOrNothing:
    def test_nothing_is_written_before_its_end(self, session: Session, outside: Scripted) -> None:
        seen: list[list[str]] = []
        outside.script["second"] = lambda: seen.append(notes(session)) or {"status": 200}
        queue(session, note("before"), transaction(note("a"), named("first"), note("b"), named("second"), note("c")))
        session.machines.run(session.backend)
        assert (seen, notes(session)) == ([["before"]], ["a", "b", "before", "c"])

    @pytest.mark.parametrize(
        "last",
        [
            named("broken"),
            {
                "key": "f",
                "type": "condition",
                "config": {"rejectOnFalse": True, "calculation": {"group": {"type": "or", "calculations": []}}},
            },
        ],
    )
    def test_a_failure_after_something_was_sent_drops_all_of_it(self, session: Session, outside: Scripted, last: Json) -> None:
        outside.script["broken"] = EffectFailed({"message": "broken", "status": 503})
        execution_id = queue(session, note("before"), transaction(note("a"), named("first"), note("b"), last), note("after"))
        session.machines.run(session.backend)
        assert (notes(session), result(session, execution_id)["rolledBack"]) == (["after", "before"], True)

    def test_so_it_is_of_a_loop_inside(self, session: Session, outside: Scripted) -> None:
        answers = iter([{"status": 200}, {"status": 200}, EffectFailed({"message": "broken"})])
        outside.script["call"] = lambda: next(answers)
        loop = {"key": "loop", "type": "loop", "config": {"target": 3}, "branches": {"0": [note("round"), named("call")]}}
        queue(session, transaction(loop), OUT)
        session.machines.run(session.backend)
        assert (notes(session), len(outside.paths)) == ([], 3)

    def test_a_child_that_would_be_waited_for_is_not_started(self, session: Session) -> None:
        session.workflow("child", [note("child")], None, sync=False)
        sub = {"key": "sub", "type": "subflow", "config": {"workflow": "child"}}
        execution_id = queue(session, transaction(note("a"), sub, onError="continue"), OUT)
        session.machines.run(session.backend)
        assert (notes(session), session.executions("child")) == ([], [])
        assert "wait" in result(session, execution_id)["message"]

    def test_a_spilled_run_keeps_to_it(self) -> None:
        clock = FixedClock(NOW_MS)
        session = Session(MemoryStore(), clock, outside=SlowOutside(clock)).install()
        session.workflow("slow", [transaction(note("a"), get("3"), get("broken")), note("after")], options=SPILLS)
        assert trigger(session, "slow", wait=1).status == 202
        run_machines(session)
        assert notes(session) == ["after"]


class TestAnswers:
    def test_what_was_answered_before_a_crash_is_not_asked_for_again(self, session: Session, outside: Scripted) -> None:
        first = iter([Died(), {"status": 200}])
        outside.script["second"] = lambda: next(first)
        execution_id = queue(session, transaction(note("a"), named("first"), named("second"), note("b")), OUT)
        with pytest.raises(Died):
            walk(session, execution_id)
        assert (notes(session), len(kept_answers(session, execution_id))) == ([], 1)
        assert walk(session, execution_id) == "done"
        assert (outside.paths, notes(session)) == (["first", "second", "second"], ["a", "b"])
        assert outside.keys[1] == outside.keys[2]

    def test_nor_after_several_crashes(self, session: Session, outside: Scripted) -> None:
        dying = iter([Died(), Died(), Died(), {"status": 200}])
        outside.script["second"] = lambda: next(dying)
        execution_id = queue(session, note("before"), transaction(note("a"), named("first"), named("second")), OUT)
        for _ in range(3):
            with pytest.raises(Died):
                walk(session, execution_id)
        assert walk(session, execution_id) == "done"
        assert (outside.paths, notes(session)) == (["first", *["second"] * 4], ["a", "before"])
        assert kept_answers(session, execution_id) == []

    def test_nor_what_failed(self, session: Session, outside: Scripted) -> None:
        outside.script |= {"first": EffectFailed({"message": "no"}), "second": Died()}
        steps = [get("first", onError="continue") | {"key": "first"}, named("second")]
        execution_id = queue(session, transaction(*steps))
        with pytest.raises(Died):
            walk(session, execution_id)
        outside.script["second"] = {"status": 200}
        assert walk(session, execution_id) == "done"
        assert outside.paths == ["first", "second", "second"]

    def test_the_jobs_say_it_in_the_end_and_nothing_else_does(self, session: Session) -> None:
        execution_id = queue(session, transaction(named("first"), named("second")))
        session.machines.run(session.backend)
        assert (kept_answers(session, execution_id), result(session, execution_id, "second")["data"]) == ([], "second")

    def test_a_large_answer_is_kept_in_parts(self, session: Session, outside: Scripted) -> None:
        text = "".join(random.Random(5).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=700_000))
        outside.script |= {"first": {"status": 200, "data": text}, "second": Died()}
        execution_id = queue(session, transaction(named("first"), named("second")))
        with pytest.raises(Died):
            walk(session, execution_id)
        assert len(kept_answers(session, execution_id)) > 1
        outside.script["second"] = {"status": 200}
        assert walk(session, execution_id) == "done"
        assert (outside.paths, result(session, execution_id, "first")["data"] == text) == (["first", "second", "second"], True)
        assert kept_answers(session, execution_id) == []

    def test_an_execution_that_was_cancelled_meanwhile_sends_no_more(self, session: Session, outside: Scripted) -> None:
        executions: list[int] = []

        def cancel() -> Json:
            session.call("executions:cancel", executions[0])
            return {"status": 200}

        outside.script["first"] = cancel
        executions.append(queue(session, transaction(note("a"), named("first"), named("second"))))
        assert walk(session, executions[0]) == "failed"
        assert (outside.paths, notes(session), kept_answers(session, executions[0])) == (["first"], [], [])

    def test_one_that_takes_longer_than_a_call_of_the_function_comes_to_its_end(self) -> None:
        clock = FixedClock(NOW_MS)
        outside = SlowOutside(clock)
        session = Session(MemoryStore(), clock, outside=outside).install()
        execution_id = queue(session, transaction(note("a"), *(get("20") | {"key": f"n{number}"} for number in range(4))))
        nexts = [walk(session, execution_id, 45_000 + RESERVE_MS) for _ in range(3)]
        assert (nexts, notes(session)) == (["more", "done", "done"], ["a"])
        assert len(set(outside.sent)) == 4


def test_someone_elses_change_sends_nothing_twice(session: Session, outside: Scripted) -> None:
    sample = session.call("samples:create", None, {"title": "old"})["id"]
    changes: list[Callable[[], Json]] = [lambda: session.call("samples:update", sample, {"title": "theirs"})]

    def meddle() -> Json:
        if changes:
            changes.pop()()
        return {"status": 200}

    outside.script["call"] = meddle
    change = {
        "key": "u",
        "type": "update",
        "config": {"collection": "samples", "params": {"filter": {"id": sample}, "values": {"indicator": 5}}},
    }
    queue(session, transaction(change, named("call")))
    session.machines.run(session.backend)
    row = session.call("samples:get", sample)
    assert (row["title"], row["indicator"], outside.paths) == ("theirs", 5, ["call"])
