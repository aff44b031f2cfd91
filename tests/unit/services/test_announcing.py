"""Executions that fail are told of, at least once, whatever is lost; decisions are not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import EXECUTIONS
from chalicelib.errors import Invalid
from chalicelib.services.announcing import KIND
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.closing import close
from chalicelib.services.product import Product
from chalicelib.services.sweeping import sweep
from tests.outside import FakeOutside
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
DAY_S = 86_400
NEVER = {"group": {"type": "and", "calculations": [{"calculator": "equal", "operands": [1, 2]}]}}
FAILS = {"key": "checks", "title": "Is it?", "type": "condition", "config": {"rejectOnFalse": True, "calculation": NEVER}}
ERRS = {
    "key": "changes",
    "title": "Change it",
    "type": "update",
    "config": {"collection": "samples", "params": {"filter": {"id": "{{$context.data.word}}"}, "values": {"title": "t"}}},
}
DATA = {"word": "abc", "password": "hunter2"}
NO = {"key": "no", "type": "end", "config": {"endStatus": -1}}
ASK = {"key": "ask", "title": "Ask", "type": "manual", "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": []}}}}
ANSWERS = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}
WAIT = {"key": "wait", "title": "Wait", "type": "delay", "config": {"duration": 5, "unit": 1_000, "endStatus": 1}}


@pytest.fixture
def outside() -> FakeOutside:
    return FakeOutside({KIND: "sent"})


@pytest.fixture
def session(outside: FakeOutside) -> Session:
    return told_by(Session(MemoryStore(), FixedClock(NOW_MS)).install(), outside)


def told_by(session: Session, outside: FakeOutside, *, announces: bool = True) -> Session:
    session.backend = replace(session.backend, outside=outside, announces=announces)
    session.product = Product(session.backend)
    return session


def run(session: Session, nodes: list[Json], **more: Json) -> int:
    session.workflow("flow", nodes, None, **more)
    answer = session.answer("workflows:trigger", None, DATA, triggerWorkflows="flow")
    assert answer.meta is not None
    session.machines.run(session.backend)
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


def swept(session: Session, after_seconds: float = 1) -> int:
    session.clock.sleep(after_seconds)
    return sweep(session.backend, session.clock.now_ms() + 60_000)


def said(outside: FakeOutside) -> list[Json]:
    return [payload for kind, payload, _ in outside.sent if kind == KIND]


def in_sight(session: Session) -> int:
    return sum(session.store.count(EXECUTIONS, f"open#{number}", index="byOpen") for number in range(10))


class TestSynchronous:
    def test_the_sweep_tells_of_it_once(self, session: Session, outside: FakeOutside) -> None:
        execution_id = run(session, [ERRS])
        assert said(outside) == []
        assert swept(session) == 1
        version = session.execution(execution_id)["workflowId"]
        [announcement] = said(outside)
        assert announcement == {
            "executionId": execution_id,
            "key": "flow",
            "title": "flow",
            "version": version,
            "status": "error",
            "reason": None,
            "record": None,
            "node": {"key": "changes", "title": "Change it", "type": "update"},
            "message": announcement["message"],
            "at": session.execution(execution_id)["updatedAt"],
        }
        assert "id" in announcement["message"]
        assert (swept(session), len(said(outside)), in_sight(session)) == (0, 1, 0)

    def test_a_warm_trigger_still_takes_one_write(self, session: Session, outside: FakeOutside) -> None:
        run(session, [FAILS])
        store = WatchedStore(session.store)
        warm = told_by(session.process(store), outside)
        for _ in range(2):
            before = len(store.transactions)
            warm.answer("workflows:trigger", None, DATA, triggerWorkflows="flow")
        assert len(store.transactions) == before + 1

    def test_the_record_and_the_time_that_was_over_are_named(self, session: Session, outside: FakeOutside) -> None:
        session.workflow("flow", [FAILS])
        session.trigger("samples", 1, "flow")
        swept(session)
        assert [(one["record"], one["status"], one["node"]["key"]) for one in said(outside)] == [("samples/1", "failed", "checks")]

    @pytest.mark.parametrize(("nodes", "options"), [([NO], {}), ([], {}), ([FAILS], {"announce": False})])
    def test_nothing_is_told_of_decisions_and_where_it_is_switched_off(
        self, session: Session, outside: FakeOutside, nodes: list[Json], options: Json
    ) -> None:
        run(session, nodes, options=options)
        assert (in_sight(session), swept(session), said(outside)) == (0, 0, [])

    def test_history_that_is_not_shown_is_told_of_all_the_same(self, session: Session, outside: FakeOutside) -> None:
        execution_id = run(session, [ERRS], options={"deleteExecutionOnStatus": [-2]})
        assert session.call("executions:get", execution_id) is None
        swept(session)
        assert (len(said(outside)), in_sight(session)) == (1, 0)

    def test_where_nobody_is_to_be_told_nothing_is_marked(self, session: Session, outside: FakeOutside) -> None:
        told_by(session, outside, announces=False)
        run(session, [ERRS])
        assert (in_sight(session), swept(session), said(outside)) == (0, 0, [])

    def test_a_mark_from_when_somebody_was_told_is_taken_away(self, session: Session, outside: FakeOutside) -> None:
        run(session, [ERRS])
        told_by(session, outside, announces=False)
        assert (swept(session), in_sight(session), said(outside)) == (1, 0, [])


class TestRetries:
    def test_a_topic_that_is_down_is_tried_again_and_asked_once_in_a_sweep(self, session: Session, outside: FakeOutside) -> None:
        outside.answers[KIND] = {"each": [{"fail": {"message": "down"}}, {"fail": {"message": "down"}}, "sent"]}
        run(session, [ERRS])
        session.answer("workflows:trigger", None, DATA, triggerWorkflows="flow")
        assert (swept(session), len(said(outside)), in_sight(session)) == (0, 1, 2)
        assert (swept(session), len(said(outside)), in_sight(session)) == (0, 2, 2)
        assert (swept(session), in_sight(session)) == (2, 0)
        assert len({key for _, _, key in outside.sent}) == 2

    def test_a_topic_that_is_down_keeps_nothing_else_from_going_on(self, session: Session, outside: FakeOutside) -> None:
        outside.answers[KIND] = {"fail": {"message": "down"}}
        run(session, [ERRS])
        session.workflow("slow", [WAIT], None, sync=False, options={"retention": 3})
        session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
        session.machines.run(session.backend)
        assert (swept(session), in_sight(session)) == (1, 1)

    def test_after_three_days_it_is_given_up(self, session: Session, outside: FakeOutside) -> None:
        outside.answers[KIND] = {"fail": {"message": "down"}}
        run(session, [ERRS])
        assert (swept(session, 3 * DAY_S - 60), in_sight(session)) == (0, 1)
        assert (swept(session, 120), in_sight(session)) == (1, 0)

    def test_when_the_mark_could_not_be_taken_away_it_is_told_again_under_the_same_key(
        self, session: Session, outside: FakeOutside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(session, [ERRS])
        monkeypatch.setattr("chalicelib.services.closing._commit_all", lambda *_: (_ for _ in ()).throw(ConnectionError))
        with pytest.raises(ConnectionError):
            raise_in_sweep(session)
        monkeypatch.undo()
        swept(session)
        assert [key for _, _, key in outside.sent] == [outside.sent[0][2]] * 2


def raise_in_sweep(session: Session) -> None:
    """What the sweep logs and leaves for the next time."""
    [row] = session.executions("flow")
    close(session.backend, session.store.batch_get([execution_key(row["id"])])[execution_key(row["id"])])


class TestAsynchronous:
    def test_it_is_told_right_after_the_commit(self, session: Session, outside: FakeOutside) -> None:
        execution_id = run(session, [WAIT, ERRS], sync=False)
        [announcement] = said(outside)
        assert (announcement["executionId"], announcement["status"], announcement["node"]["key"]) == (execution_id, "error", "changes")
        assert (in_sight(session), swept(session), len(said(outside))) == (0, 0, 1)

    def test_where_it_is_not_heard_the_sweep_tells(self, session: Session, outside: FakeOutside) -> None:
        outside.answers[KIND] = {"each": [{"fail": {"message": "down"}}, "sent"]}
        run(session, [ERRS], sync=False, options={"retention": 30})
        assert in_sight(session) == 1
        assert (swept(session), len(said(outside)), in_sight(session)) == (1, 2, 0)

    def test_one_out_of_time_is_told_with_the_node_that_waited(self, session: Session, outside: FakeOutside) -> None:
        run(session, [WAIT | {"config": WAIT["config"] | {"duration": 60}}], sync=False, options={"timeout": 10_000})
        swept(session, 120)
        [announcement] = said(outside)
        assert (announcement["status"], announcement["reason"], announcement["node"]["key"]) == ("timeout", "timeout", "wait")

    def test_one_whose_node_was_out_of_time_is_told_with_that_node(self, session: Session, outside: FakeOutside) -> None:
        waits = {"key": "ask", "title": "Ask", "type": "manual", "config": ASK["config"] | {"forms": ANSWERS, "timeoutSeconds": 60}}
        other = {"key": "late", "type": "delay", "config": {"duration": 90_000, "unit": 1_000, "endStatus": 1}}
        parallel = {"key": "both", "type": "parallel", "config": {"mode": "all"}, "branches": {"1": [waits], "2": [other]}}
        execution_id = run(session, [parallel], sync=False)
        [announcement] = said(outside)
        assert (session.execution(execution_id)["status"], session.execution(execution_id)["reason"]) == (-3, None)
        told = (announcement["status"], announcement["reason"], announcement["node"]["key"], announcement["message"])
        assert told == ("timeout", None, "ask", "no result within 60 seconds")
        assert (in_sight(session), swept(session), len(said(outside))) == (0, 0, 1)

    @pytest.mark.parametrize("sync", [True, False])
    def test_so_is_one_whose_request_had_no_answer_in_time(self, session: Session, outside: FakeOutside, sync: bool) -> None:
        outside.answers["request"] = {"fail": {"message": "timeout of 5000ms exceeded", "code": "ECONNABORTED"}, "timedOut": True}
        run(session, [{"key": "call", "type": "request", "config": {"url": "https://example.com/"}}], sync=sync)
        swept(session)
        assert [(one["status"], one["node"]["key"]) for one in said(outside)] == [("timeout", "call")]

    def test_a_job_that_somebody_aborts_is_not_called_late(self, session: Session, outside: FakeOutside) -> None:
        execution_id = run(session, [ASK | {"config": ASK["config"] | {"forms": ANSWERS}}], sync=False)
        session.call("jobs:resume", f"{execution_id}-1", {"status": -3})
        session.machines.run(session.backend)
        assert [one["status"] for one in said(outside)] == ["aborted"]

    def test_a_cancel_is_not_told(self, session: Session, outside: FakeOutside) -> None:
        session.workflow("flow", [WAIT], None, sync=False)
        answer = session.answer("workflows:trigger", None, DATA, triggerWorkflows="flow")
        assert answer.meta is not None
        session.call("executions:cancel", answer.meta["executions"][0]["id"])
        assert (in_sight(session), swept(session), said(outside)) == (0, 0, [])

    def test_a_child_that_its_parent_aborts_is_not_told(self, session: Session, outside: FakeOutside) -> None:
        session.workflow("child", [WAIT | {"config": WAIT["config"] | {"duration": 90_000}}], None, sync=False)
        sub = {"key": "sub", "type": "subflow", "config": {"workflow": "child"}}
        session.workflow("flow", [sub], None, sync=False, options={"timeout": 10_000})
        session.answer("workflows:trigger", None, DATA, triggerWorkflows="flow")
        session.clock.sleep(1)
        [parent] = session.executions("flow")
        AsyncRuns(session.backend).run_segment({"executionId": parent["id"], "attempt": 1}, session.clock.now_ms() + 60_000)
        swept(session, 60)
        assert [one["status"] for one in session.executions("child")] == [-3]
        assert [one["key"] for one in said(outside)] == ["flow"]


class TestSecrets:
    @pytest.mark.parametrize(
        "text",
        [
            "GET https://api.example.com/v1?api_key=hunter2 failed",
            "https://user:hunter2@example.com refused",
            "Authorization: Bearer hunter2",
            'the header {"token": "hunter2"} is wrong',
            "password=hunter2 is wrong",
            "eyJhbGciOi.hunter2.sig",
            "client_secret=hunter2",
            "access_token=hunter2&scope=all",
            "refresh_token: hunter2",
            "DB_PASSWORD=hunter2",
            "AWS_SECRET_ACCESS_KEY=hunter2",
            "aws_secret_access_key = 'hunter2'",
            "x-api-key: hunter2",
            "apiKey=hunter2",
            "clientSecret: hunter2",
            "pwd=hunter2;",
            "cookie: sid=hunter2",
            "Set-Cookie: theme=dark; sid=hunter2; Path=/",
            "{'password': 'hunter2'}",
            '{"password":"a hunter2 c"}',
            '{"password":"a\\" hunter2"}',
            '{\\"password\\": \\"hunter2\\"}',
            "https://u:p@hunter2@example.com/x",
            "https://u:hunter2@ss@h/x",
            "postgres://u:hunter2/x@db.example.com/app",
            "proxy-authorization: Digest username=u, response=hunter2",
            "Authorization: hunter2 hunter2",
            "passphrase=hunter2",
            "private_key=hunter2",
            "credentials: hunter2",
            "X-Amz-Signature=hunter2",
            "password%3Dhunter2",
        ],
    )
    def test_what_looks_like_a_credential_is_left_out(self, session: Session, outside: FakeOutside, text: str) -> None:
        outside.answers["request"] = {"fail": {"message": text}}
        request = {"key": "call", "type": "request", "config": {"url": "https://example.com/"}}
        run(session, [request])
        swept(session)
        [announcement] = said(outside)
        assert "hunter2" not in json.dumps(announcement)
        assert announcement["message"]

    @pytest.mark.parametrize(
        "text",
        [
            "the password is too short",
            "tokens of the expression end here",
            "status=503, message: the secretary is away",
            "mail to ann@example.com was refused",
            "https://example.com/a@b/c answered 404",
            "author: Ann, monkey=1, keyboard: missing",
        ],
    )
    def test_what_does_not_stays(self, session: Session, outside: FakeOutside, text: str) -> None:
        outside.answers["request"] = {"fail": {"message": text}}
        run(session, [{"key": "call", "type": "request", "config": {"url": "https://example.com/"}}])
        swept(session)
        assert [one["message"] for one in said(outside)] == [text]

    def test_it_is_bounded(self, session: Session, outside: FakeOutside) -> None:
        outside.answers["request"] = {"fail": {"message": "m" * 100_000}}
        run(session, [{"key": "call", "type": "request", "config": {"url": "https://example.com/"}}])
        swept(session)
        assert len(said(outside)[0]["message"]) == 1_000


@pytest.mark.parametrize("value", ["no", 0, []])
def test_the_option_is_true_or_false(session: Session, value: Json) -> None:
    with pytest.raises(Invalid) as refused:
        session.workflow("flow", [FAILS], None, options={"announce": value})
    assert [problem.path for problem in refused.value.problems()] == ["options.announce"]
