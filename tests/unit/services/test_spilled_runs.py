"""What became of a run that was spilled: who may ask, how it runs again, which machine it has, and which workflows may not be spilled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.ids import derived_id
from chalicelib.domain.keys import execution_key
from chalicelib.engine.execution import MOST_CONTEXT_BYTES
from chalicelib.errors import DeadlineExceeded, Forbidden, Invalid
from chalicelib.services.call import Call
from chalicelib.services.machine_removal import remove_machines
from chalicelib.services.open_runs import OpenRuns
from tests.machines import unreachable
from tests.sessions import NOW_MS, Session
from tests.unit.services.slow_calls import SPILLS, SlowOutside, call, get, note, notes, outside, run_machines, trigger

Json = Any


@pytest.fixture
def session() -> Session:
    clock = FixedClock(NOW_MS)
    return Session(MemoryStore(), clock, outside=SlowOutside(clock)).install()


class TestTheQueue:
    def test_a_context_too_large_for_the_queue_is_a_504(self, session: Session) -> None:
        session.workflow("slow", [get("3"), get("3")], None, options=SPILLS)
        body = {"text": "x" * MOST_CONTEXT_BYTES}
        with pytest.raises(DeadlineExceeded, match="could not be queued"):
            call(session, "workflows:trigger", body=body, triggerWorkflows="slow", wait=1)
        assert session.executions("slow") == []

    def test_who_made_the_call_may_ask_how_it_stands_and_nobody_else(self, session: Session) -> None:
        session.workflow("slow", [get("3"), note("secret")], options=SPILLS)
        session.workflow("later", [note("later")], sync=False)
        ids = [
            session.call("users:create", None, {"email": f"{name}@example.com", "password": "secret password", "roles": ["member"]})["id"]
            for name in ("ann", "bob")
        ]
        session.call("roles:update", "member", {"strategy": {"actions": ["view", "create", "update", "trigger", "triggerNew"]}})
        ann, bob = (Session(session.store, session.clock, one, session.machines, outside(session)) for one in ids)
        answer = trigger(ann, "slow,later", wait=1)
        spilled, other = ((answer.meta or {})["executions"][position]["id"] for position in (0, 1))
        assert [(one["status"], one["spilled"]) for one in map(lambda asked: ann.call("executions:get", asked), (spilled, other))] == [
            (None, True),
            (None, False),
        ]
        for who, asked in ((bob, spilled), (bob, other), (ann, 1), (ann, "x"), (ann, None)):
            with pytest.raises(Forbidden):
                who.call("executions:get", asked)
        run_machines(session)
        assert ann.call("executions:get", spilled)["status"] == 1

    def test_a_spilled_run_is_run_again_as_an_asynchronous_one(self, session: Session) -> None:
        session.workflow("slow", [get("3"), get("broken")], options=SPILLS)
        answer = trigger(session, "slow", wait=1)
        run_machines(session)
        (execution,) = (answer.meta or {})["executions"]
        assert session.execution(execution["id"])["status"] == -1
        again = session.answer("executions:rerun", execution["id"], {})
        run_machines(session)
        assert (again.status, session.execution(again.data["id"])["status"]) == (202, -1)
        assert outside(session).paths == ["3", "3", "broken", "3", "broken"]

    def test_an_ended_execution_that_was_not_spilled_is_not_run_again(self, session: Session) -> None:
        session.workflow("slow", [note("x")], options=SPILLS)
        (execution,) = (trigger(session, "slow").meta or {})["executions"]
        with pytest.raises(Invalid, match="synchronous"):
            session.call("executions:rerun", execution["id"], {})

    def test_a_machine_that_could_not_be_started_is_started_by_the_sweep(self, session: Session) -> None:
        session.workflow("slow", [get("fast"), get("3"), note("end")], options=SPILLS)
        session.machines.failures.append(unreachable)
        assert trigger(session, "slow", wait=2).status == 202
        run_machines(session)
        assert notes(session) == []
        session.clock.sleep(60)
        assert OpenRuns(session.backend).sweep(session.clock.now_ms() + 60_000) == 1
        run_machines(session)
        assert (notes(session), outside(session).paths.count("fast")) == (["end"], 1)

    def test_a_walk_whose_ids_are_taken_makes_others(self, session: Session) -> None:
        session.workflow("slow", [get("3"), note("mine")], options=SPILLS)
        answer = trigger(session, "slow", wait=2)
        spilled = (answer.meta or {})["executions"][0]["id"]
        item = session.store.batch_get([execution_key(spilled)])[execution_key(spilled)]
        raw = json.loads(item["doc"])["spilled"]
        session.call("inspectionRecords:create", None, {"id": derived_id(raw["idsAt"], raw["seed"], 1), "note": "another's"})
        run_machines(session)
        assert notes(session) == ["another's", "mine"]

    def test_a_button_says_that_it_is_under_way(self, session: Session) -> None:
        session.workflow("slow", [get("3")], options=SPILLS)
        body = {
            "name": "go",
            "kind": "workflow",
            "collection": "samples",
            "context": "single",
            "workflows": [{"key": "slow"}],
        }
        session.call("actions:create", None, body)
        answer = call(session, "actions:run", "go", {"filterByTk": 1}, wait=1)
        assert (answer.status, answer.data["status"], "Location" in answer.headers) == (202, "queued", True)

    def test_an_associated_record_triggers_likewise(self, session: Session) -> None:
        category = session.call("categories:create", None, {"title": "c"})["id"]
        post = session.call("posts:create", None, {"title": "p", "content": "x", "category": category})["id"]
        session.workflow("slow", [get("3"), note("{{$context.data.title}}")], "categories", options=SPILLS)
        now_ms = session.clock.now_ms()
        made = Call("posts", "trigger", str(post), "category", str(category), {"triggerWorkflows": "slow"}, {}, session.token)
        answer = session.product.answer(replace(made, wait_s=1, wait_until_ms=now_ms + 1_000))
        run_machines(session)
        assert (answer.status, notes(session)) == (202, ["c"])


class TestPublishing:
    def test_a_machine_is_made_when_the_workflow_may_need_one(self, session: Session) -> None:
        session.workflow("plain", [note("x")])
        assert session.machines.documents == {}
        version = session.workflow("slow", [note("x")], options=SPILLS)
        (name,) = session.machines.documents
        assert str(version) in name

    def test_it_goes_when_the_option_has_gone(self, session: Session) -> None:
        version = session.workflow("slow", [note("x")], options=SPILLS)
        kept: list[str] = []
        gone: list[str] = []
        for found, options in ((kept, SPILLS), (kept, SPILLS), (gone, {})):
            session.call("workflows:update", version, {"options": options})
            session.clock.sleep(3_601)
            found += remove_machines(session.backend, session.clock.now_ms() + 60_000)
        assert (kept, len(gone), session.machines.documents) == ([], 1, {})

    def test_an_option_that_is_set_later_makes_one_too(self, session: Session) -> None:
        version = session.workflow("plain", [note("x")])
        session.call("workflows:update", version, {"options": SPILLS})
        assert len(session.machines.documents) == 1

    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"sync": False}, "synchronous"),
            (
                {"type": "request-interception", "config": {"collection": "samples", "global": True, "actions": ["update"]}},
                "request-interception",
            ),
            ({"type": "collection", "config": {"collection": "samples", "mode": 1}}, "collection"),
            ({"type": "collection", "config": {"collection": "samples", "mode": 1, "rollbackOnFailure": True}}, "rollbackOnFailure"),
            ({"type": "action", "config": {"collection": "samples", "atomic": True}}, "atomic"),
            ({"options": SPILLS | {"isolation": "serializable"}}, "serializable"),
            ({"options": SPILLS | {"deleteExecutionOnStatus": [1]}}, "history is kept"),
            ({"options": {"spillToAsync": "yes"}}, "true or false"),
            ({"options": {"spillToAsync": 1}}, "true or false"),
        ],
    )
    def test_an_option_that_cannot_be_kept_is_refused_by_name(self, session: Session, changes: Json, word: str) -> None:
        with pytest.raises(Invalid) as caught:
            session.workflow("slow", [note("x")], **({"options": SPILLS} | changes))
        found = [problem for problem in caught.value.problems() if problem.path == "options.spillToAsync"]
        assert any(word in problem.message for problem in found), caught.value.problems()

    @pytest.mark.parametrize("value", [False, None])
    def test_an_option_that_is_off_is_no_option(self, session: Session, value: Json) -> None:
        session.workflow("slow", [note("x")], sync=False, options={"spillToAsync": value})


def test_run_by_hand_it_does_not_spill(session: Session) -> None:
    version = session.workflow("slow", [get("20"), get("20"), note("x")], None, options=SPILLS)
    with pytest.raises(DeadlineExceeded):
        call(session, "workflows:execute", version, {"userId": 1, "data": {}}, wait=1)
    assert session.executions("slow") == []
