"""A synchronous run that takes too long is queued when its workflow allows it: 202, nothing written twice, nothing sent twice."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.aws_services import CONNECT_SECONDS, READ_SECONDS
from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.engine.ports import LONGEST_UNBOUND_MS
from chalicelib.errors import AppError, Conflict, DeadlineExceeded, Unavailable
from chalicelib.services.call import Call
from chalicelib.services.spilling import RESERVE_MS
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, lost, refused, sent, unheard
from tests.unit.services.slow_calls import CALL_MS, SPILLS, SlowOutside, call, get, note, notes, outside, run_machines, said, say, trigger

Json = Any


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    clock = FixedClock(NOW_MS)
    return Session(store, clock, outside=SlowOutside(clock)).install()


class TestTheCall:
    def test_what_takes_longer_than_the_wait_is_answered_with_202_and_runs_on(self, session: Session) -> None:
        session.workflow("slow", [note("once"), get("fast"), get("3"), note("late"), say("done")], options=SPILLS)
        answer = trigger(session, "slow", wait=2)
        assert (answer.status, said(answer), answer.messages) == (202, [("slow", None, True)], [])
        (execution,) = (answer.meta or {})["executions"]
        assert answer.headers["Location"] == f"/api/executions:get/{execution['id']}"
        assert answer.headers["Preference-Applied"] == "wait=2"
        assert notes(session) == []
        queued = session.execution(execution["id"])
        assert (queued["status"], queued["spilled"], queued["jobs"]) == (None, True, [])
        run_machines(session)
        assert notes(session) == ["late", "once"]
        assert session.call("executions:get", execution["id"])["status"] == 1

    def test_an_effect_that_was_answered_is_not_sent_again_and_its_answer_is_the_one_that_counts(self, session: Session) -> None:
        nodes = [{**get("fast"), "key": "first"}, get("3"), note("answer {{$jobsMapByNodeKey.first.data}}")]
        session.workflow("slow", nodes, options=SPILLS)
        assert trigger(session, "slow", wait=2).status == 202
        run_machines(session)
        assert outside(session).paths == ["fast", "3", "3"]
        assert len({key for path, key in outside(session).sent if path == "3"}) == 1
        assert notes(session) == ["answer 1"]

    def test_a_failed_answer_is_an_answer_too(self, session: Session) -> None:
        session.workflow("slow", [get("broken", ignoreFail=True), get("3"), note("end")], options=SPILLS)
        assert trigger(session, "slow", wait=2).status == 202
        run_machines(session)
        assert (outside(session).paths.count("broken"), notes(session)) == (1, ["end"])

    def test_an_answer_that_has_no_room_is_asked_for_again_under_the_same_key(self, session: Session) -> None:
        session.workflow("slow", [get("large"), get("fast"), get("3")], options=SPILLS)
        answer = trigger(session, "slow", wait=2)
        run_machines(session)
        keys = {key for path, key in outside(session).sent if path == "large"}
        assert (outside(session).paths.count("large"), len(keys), outside(session).paths.count("fast")) == (2, 1, 1)
        assert session.execution((answer.meta or {})["executions"][0]["id"])["status"] == 1

    def test_effects_of_a_workflow_inside_are_not_sent_again_either(self, session: Session) -> None:
        session.workflow("inner", [get("fast"), note("inner")], None)
        session.workflow("slow", [{"type": "subflow", "config": {"workflow": "inner"}}, get("3")], options=SPILLS)
        assert trigger(session, "slow", wait=2).status == 202
        run_machines(session)
        assert (outside(session).paths, notes(session)) == (["fast", "3", "3"], ["inner"])

    def test_at_the_deadline_it_is_spilled_while_there_is_time_to_write_that(self, session: Session) -> None:
        session.workflow("slow", [get("20"), get("20"), note("end")], options=SPILLS)
        answer = trigger(session, "slow")
        assert (answer.status, "Preference-Applied" in answer.headers) == (202, False)
        assert session.clock.now_ms() - NOW_MS == CALL_MS - RESERVE_MS
        run_machines(session)
        assert notes(session) == ["end"]

    def test_a_wait_beyond_the_calls_time_does_not_count_as_applied(self, session: Session) -> None:
        session.workflow("slow", [get("20"), get("20")], options=SPILLS)
        answer = trigger(session, "slow", wait=600)
        assert (answer.status, "Preference-Applied" in answer.headers) == (202, False)

    def test_without_time_to_wait_it_is_asynchronous_at_once(self, session: Session) -> None:
        session.workflow("slow", [get("fast"), note("end")], options=SPILLS)
        answer = trigger(session, "slow", wait=0)
        assert (answer.status, outside(session).sent, notes(session)) == (202, [], [])
        run_machines(session)
        assert (outside(session).paths, notes(session)) == (["fast"], ["end"])

    def test_a_run_that_is_quick_enough_is_answered_as_ever(self, session: Session) -> None:
        session.workflow("slow", [get("1"), note("end"), say("done")], options=SPILLS)
        answer = trigger(session, "slow", wait=2)
        assert (answer.status, answer.messages, said(answer)) == (200, ["done"], [("slow", 1, False)])
        assert (notes(session), "Location" in answer.headers) == (["end"], False)

    def test_a_run_that_came_to_its_end_is_committed_though_the_wait_is_over(self, session: Session) -> None:
        session.workflow("slow", [note("end"), get("mail")], options=SPILLS)
        before, out = outside(session).send, outside(session)

        def slow_mail(kind: str, payload: Json, key: str) -> Json:
            session.clock.sleep(3)
            return before(kind, payload, key)

        out.send = slow_mail  # type: ignore[method-assign]
        assert (trigger(session, "slow", wait=2).status, notes(session)) == (200, ["end"])

    def test_a_loop_of_many_rounds_stops_in_time(self, session: Session) -> None:
        rounds = {"type": "loop", "config": {"target": 10_000}, "branches": {"0": [get("1")]}}
        session.workflow("slow", [rounds, note("end")], options=SPILLS)
        answer = trigger(session, "slow")
        assert (answer.status, session.clock.now_ms() - NOW_MS <= CALL_MS - RESERVE_MS + 1_000) == (202, True)
        assert len(outside(session).sent) in (22, 23)

    @pytest.mark.parametrize(("seconds", "paths"), [(13, ["13", ""]), (15, ["15"])])
    def test_a_mail_is_begun_only_when_it_will_be_answered_in_time_so_that_it_goes_once(
        self, session: Session, seconds: int, paths: Json
    ) -> None:
        mail = {"type": "mailer", "config": {"to": ["ann@example.com"], "subject": "s", "text": "t", "contentType": "text"}}
        session.workflow("slow", [get(str(seconds)), mail, get("20")], options=SPILLS)
        assert (trigger(session, "slow").status, outside(session).paths[:2]) == (202, paths)
        run_machines(session)
        assert outside(session).paths.count("") == 1

    def test_the_time_for_a_mail_is_what_its_client_takes_at_most(self) -> None:
        assert (CONNECT_SECONDS + READ_SECONDS) * 1_000 < LONGEST_UNBOUND_MS < CALL_MS

    def test_a_dry_run_never_spills(self, session: Session) -> None:
        session.workflow("slow", [note("end")], options=SPILLS)
        answer = trigger(session, "slow", wait=0, dryRun="1")
        assert (answer.status, notes(session), session.executions("slow")) == (200, [], [])

    def test_the_timezone_of_the_caller_goes_along(self, session: Session) -> None:
        session.workflow("slow", [get("3"), note("today {{$system.dateRange.today}}")], options=SPILLS)
        made = Call("samples", "trigger", "1", params={"triggerWorkflows": "slow"}, token=session.token, timezone="+08:00")
        now_ms = session.clock.now_ms()
        answer = session.product.answer(replace(made, deadline_ms=now_ms + CALL_MS, wait_s=1, wait_until_ms=now_ms + 1_000))
        run_machines(session)
        assert (answer.status, "+08:00" in notes(session)[0]) == (202, True)

    def test_a_retry_that_the_call_cannot_wait_for_is_made_by_the_walk_that_can(self, session: Session) -> None:
        again = {"errors": ["*"], "maxAttempts": 1, "intervalSeconds": 10}
        session.workflow("slow", [get("broken", retry=[again], ignoreFail=False), note("no")], options=SPILLS)
        answer = trigger(session, "slow", wait=2)
        assert (answer.status, outside(session).paths) == (202, ["broken"])
        run_machines(session)
        assert outside(session).paths == ["broken", "broken"]
        assert session.clock.now_ms() - NOW_MS >= 10_000
        assert session.execution((answer.meta or {})["executions"][0]["id"])["status"] == -1


class TestWithoutTheOption:
    def test_the_call_is_a_504_and_nothing_is_written(self, session: Session) -> None:
        session.workflow("slow", [note("no"), get("20"), get("20")])
        with pytest.raises(DeadlineExceeded, match="nothing was written"):
            trigger(session, "slow")
        assert (notes(session), session.executions("slow")) == ([], [])

    def test_wait_has_no_effect(self, session: Session) -> None:
        session.workflow("slow", [get("3"), note("end")])
        assert (trigger(session, "slow", wait=0).status, notes(session)) == (200, ["end"])

    @pytest.mark.parametrize("atomic", [True, False])
    def test_a_post_action_workflow_leaves_what_the_answer_says(self, session: Session, atomic: bool) -> None:
        session.workflow("slow", [note("no"), get("20"), get("20")], type="action", config={"collection": "samples", "atomic": atomic})
        with pytest.raises(DeadlineExceeded) as caught:
            call(session, "samples:create", body={"title": "new"}, triggerWorkflows="slow")
        made = [row for row in session.call("samples:list", paginate="false") if row["title"] == "new"]
        assert (notes(session), session.executions("slow"), len(made)) == ([], [], 0 if atomic else 1)
        assert ("written before it: the records" in caught.value.message) is not atomic
        assert caught.value.result == (None if atomic else made[0])

    @pytest.mark.parametrize(("trouble", "kind"), [(refused("condition"), Conflict), (refused("conflict"), Conflict), (lost, Unavailable)])
    def test_so_does_one_that_comes_to_nothing(self, session: Session, store: WatchedStore, trouble: Any, kind: type[AppError]) -> None:
        session.workflow("count", [note("no")], type="action", config={"collection": "samples"})
        store.sendings.extend([sent, *[trouble] * 100])
        with pytest.raises(kind, match="; written before it: the records") as caught:
            call(session, "samples:create", body={"title": "new"}, triggerWorkflows="count")
        made = [row for row in session.call("samples:list", paginate="false") if row["title"] == "new"]
        assert ([caught.value.result], notes(session), session.executions("count")) == (made, [], [])
        assert "nothing was written," not in caught.value.message

    @pytest.mark.parametrize(
        ("kind", "config"),
        [
            ("request-interception", {"collection": "samples", "global": True, "actions": ["update"]}),
            ("collection", {"collection": "samples", "mode": 2}),
            ("collection", {"collection": "samples", "mode": 2, "rollbackOnFailure": True}),
        ],
    )
    def test_an_update_whose_workflow_takes_too_long_is_not_done(self, session: Session, kind: str, config: Json) -> None:
        session.workflow("slow", [note("no"), get("20"), get("20")], type=kind, config=config)
        with pytest.raises(DeadlineExceeded, match="nothing was written"):
            call(session, "samples:update", 1, {"title": "changed"})
        assert session.call("samples:get", 1)["title"] == "Sample 1"
        assert (notes(session), session.executions("slow")) == ([], [])

    def test_the_earlier_workflows_of_the_call_are_named(self, session: Session) -> None:
        session.workflow("first", [note("first")])
        session.workflow("slow", [get("20"), get("20")])
        with pytest.raises(DeadlineExceeded, match='nothing was written by it; written before it: workflow "first"') as caught:
            trigger(session, "first,slow")
        assert [one["key"] for one in caught.value.data["executions"]] == ["first"]
        assert notes(session) == ["first"]


class TestSeveralWorkflows:
    def test_earlier_ones_stay_later_ones_are_queued_or_left_out(self, session: Session) -> None:
        session.workflow("first", [note("first"), say("one")])
        session.workflow("slow", [get("3"), note("slow")], options=SPILLS)
        session.workflow("next", [note("next")], options=SPILLS)
        session.workflow("strict", [note("strict")])
        session.workflow("later", [note("later")], sync=False)
        answer = trigger(session, "first,slow,next,strict,later", wait=2)
        assert answer.status == 202
        assert said(answer) == [("first", 1, False), ("slow", None, True), ("next", None, True), ("later", None, False)]
        assert [(one["key"], one["code"]) for one in (answer.meta or {})["skipped"]] == [("strict", "CALL_SPILLED")]
        assert (answer.messages, notes(session)) == (["one"], ["first"])
        assert str((answer.meta or {})["executions"][1]["id"]) in answer.headers["Location"]
        run_machines(session)
        assert notes(session) == ["first", "later", "next", "slow"]


class TestTwoTries:
    def test_the_answer_that_is_kept_is_the_202(self, session: Session) -> None:
        session.workflow("slow", [get("fast"), get("3"), note("end")], options=SPILLS)
        first = trigger(session, "slow", wait=2, key="k")
        run_machines(session)
        again = trigger(session, "slow", wait=2, key="k")
        assert (again.status, again.body()) == (202, json.loads(json.dumps(first.body())))
        assert (again.headers["Location"], again.headers["Idempotent-Replayed"]) == (first.headers["Location"], "true")
        assert (outside(session).paths, notes(session)) == (["fast", "3", "3"], ["end"])

    def test_what_the_first_try_began_is_not_begun_again_by_the_second(self, session: Session, store: WatchedStore) -> None:
        session.workflow("first", [note("first")])
        session.workflow("slow", [get("3"), note("slow")], options=SPILLS)
        store.sendings.extend([after_all, crash])
        with pytest.raises(Crash):
            trigger(session, "first,slow", wait=2, key="k")
        answer = trigger(session, "first,slow", wait=2, key="k")
        assert (answer.status, said(answer)) == (202, [("first", 1, False), ("slow", None, True)])
        run_machines(session)
        assert notes(session) == ["first", "slow"]

    @pytest.mark.parametrize("trouble", [unheard, lost, refused("conflict")])
    def test_a_database_in_trouble_loses_no_run_and_doubles_none(self, session: Session, store: WatchedStore, trouble: Any) -> None:
        session.workflow("slow", [get("fast"), get("3"), note("end")], options=SPILLS)
        store.sendings.append(trouble)
        answer = trigger(session, "slow", wait=2)
        run_machines(session)
        assert (answer.status, notes(session), len(session.executions("slow"))) == (202, ["end"], 1)
        assert outside(session).paths.count("fast") == 1


class Crash(BaseException):
    """The process dies here."""


def crash(store: Json, writes: Json) -> None:
    raise Crash


def after_all(store: Json, writes: Json) -> None:
    store.transact(writes)


class TestPostAction:
    def test_the_record_is_there_and_in_the_answer_the_workflow_runs_on(self, session: Session) -> None:
        nodes = [get("fast"), get("3"), note("{{$context.data.title}}"), say("no")]
        session.workflow("slow", nodes, type="action", config={"collection": "samples"}, options=SPILLS)
        answer = call(session, "samples:create", body={"title": "new"}, triggerWorkflows="slow", wait=2)
        assert (answer.status, answer.data["title"], said(answer), answer.messages) == (202, "new", [("slow", None, True)], [])
        assert (answer.headers["Location"], "ETag" in answer.headers) == (f"/api/executions:get/{answer.meta['executions'][0]['id']}", True)  # type: ignore[index]
        assert notes(session) == []
        run_machines(session)
        assert (notes(session), outside(session).paths) == (["new"], ["fast", "3", "3"])

    def test_later_ones_are_queued_or_left_out_and_the_202_is_kept(self, session: Session) -> None:
        for key, sync, options in (("slow", True, SPILLS), ("strict", True, {}), ("next", True, SPILLS), ("later", False, {})):
            nodes = [get("3"), note(key)] if key == "slow" else [note(key)]
            session.workflow(key, nodes, type="action", config={"collection": "samples"}, options=options, sync=sync)
        first, again = (
            call(session, "samples:create", body={"title": "new"}, triggerWorkflows="slow,strict,next,later", wait=2, key="k")
            for _ in range(2)
        )
        assert (first.status, again.status, again.headers["Location"]) == (202, 202, first.headers["Location"])
        assert said(first) == said(again) == [("slow", None, True), ("next", None, True), ("later", None, False)]
        assert [one["key"] for one in (first.meta or {})["skipped"]] == ["strict"]
        run_machines(session)
        assert notes(session) == ["later", "next", "slow"]
        assert len([row for row in session.call("samples:list", paginate="false") if row["title"] == "new"]) == 1

    def test_a_dry_run_walks_it_all(self, session: Session) -> None:
        session.workflow("slow", [note("n")], type="action", config={"collection": "samples"}, options=SPILLS)
        answer = call(session, "samples:create", body={"title": "new"}, triggerWorkflows="slow", wait=0, dryRun="1")
        assert (answer.status, session.executions("slow"), notes(session)) == (200, [], [])
