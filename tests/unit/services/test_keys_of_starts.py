"""``Idempotency-Key`` on what starts or submits beside triggers: ``workflows:execute``, ``workflowManualTasks:submit``.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid, Unprocessable
from chalicelib.services.call import Answer
from tests.sessions import Session
from tests.stores import WatchedStore, after, lost, refused, sent, unheard

Json = Any
AS_ROOT = {"userId": 1, "data": {"id": 1}}
ASK = {
    "key": "ask",
    "type": "manual",
    "config": {
        "assignees": [1],
        "forms": {"f": {"type": "create", "collection": "inspectionRecords", "actions": [{"key": "yes", "status": 1}]}},
    },
}
KEEP = {
    "key": "ask",
    "type": "manual",
    "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": [{"key": "keep", "status": 0}]}}},
}
SUBMITTED = {"result": {"f": {"note": "seen"}, "_": "yes"}}


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text}}}}


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    return Session(store).install()


def notes(session: Session) -> list[Json]:
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


def execute(session: Session, version: int, key: str | None = "k", body: Json = AS_ROOT, **params: Json) -> Answer:
    return session.process().answer("workflows:execute", version, body, key=key, **params)


def said(answer: Answer) -> Json:
    return answer.body()["data"]


def is_replay(answer: Answer) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


class TestExecute:
    @pytest.mark.parametrize("sync", [True, False])
    def test_a_call_sent_again_is_answered_as_before_and_runs_nothing(self, session: Session, sync: bool) -> None:
        version = session.workflow("one", [note("one")], sync=sync)
        first, again = execute(session, version), execute(session, version)
        assert (first.body(), first.status) == (again.body(), again.status)
        assert (is_replay(first), is_replay(again)) == (False, True)
        assert (first.data["execution"]["status"], len(session.executions("one")), notes(session)) == (1, 1, ["one"])

    def test_without_a_key_or_with_another_it_runs_again(self, session: Session) -> None:
        version = session.workflow("one", [note("one")])
        ids = [execute(session, version, key).data["execution"]["id"] for key in (None, None, "a", "b")]
        assert (len(set(ids)), len(notes(session))) == (4, 4)

    @pytest.mark.parametrize("change", [{"body": AS_ROOT | {"data": {"id": 2}}}, {"autoRevision": "1"}])
    def test_the_same_key_for_another_request_is_refused(self, session: Session, change: Json) -> None:
        version = session.workflow("one", [note("one")])
        execute(session, version)
        with pytest.raises(Unprocessable) as reused:
            execute(session, version, **change)
        assert (reused.value.code, notes(session)) == ("IDEMPOTENCY_KEY_REUSED", ["one"])

    def test_one_that_waits_answers_with_how_far_it_had_come(self, session: Session) -> None:
        version = session.workflow("waits", [ASK], sync=False)
        first, again = execute(session, version), execute(session, version)
        assert said(first)["execution"]["status"] == 0
        assert (said(again), is_replay(again)) == (said(first), True)
        assert len(session.call("workflowManualTasks:listMine")) == 1

    def test_one_whose_condition_does_not_hold_answers_so_again(self, session: Session) -> None:
        config = {"collection": "samples", "mode": 1, "condition": {"title": "Nobody"}}
        version = session.workflow("sys", [note("sys")], type="collection", sync=False, config=config)
        first, again = (execute(session, version, body={"data": 1}) for _ in range(2))
        assert (said(first), said(again), is_replay(again)) == ({"execution": None}, {"execution": None}, True)

    def test_a_new_version_is_made_once(self, session: Session) -> None:
        version = session.workflow("one", [note("one")])
        first, again = (execute(session, version, autoRevision="1") for _ in range(2))
        versions = session.call("workflows:list", filter={"key": "one"})
        assert (said(first)["newVersionId"], len(versions)) == (said(again)["newVersionId"], 2)

    def test_a_refused_call_keeps_no_answer(self, session: Session) -> None:
        version = session.workflow("one", [note("one")])
        with pytest.raises(Invalid):
            execute(session, version, body={"userId": 99})
        assert not is_replay(execute(session, version))

    @pytest.mark.parametrize("step", [unheard, refused("conflict"), refused("throttled")])
    def test_trouble_with_the_commit_runs_it_once(self, session: Session, store: WatchedStore, step: Any) -> None:
        version = session.workflow("one", [note("one")])
        store.sendings.append(step)
        first = session.answer("workflows:execute", version, AS_ROOT, key="k")
        assert (first.data["execution"]["status"], notes(session)) == (1, ["one"])
        assert said(execute(session, version)) == said(first)

    def test_where_its_last_write_is_lost_it_is_said_to_be_queued_as_it_was(self, session: Session, store: WatchedStore) -> None:
        version = session.workflow("waits", [ASK], sync=False)
        before = len(store.transactions)
        execute(session, version, "one")
        writes = len(store.transactions) - before
        store.sendings.extend([*[sent] * (writes - 1), *[lost] * 20])
        first = session.answer("workflows:execute", version, AS_ROOT, key="k")
        store.sendings.clear()
        again = execute(session, version)
        assert (said(first)["execution"]["status"], said(again)["execution"]["status"]) == (0, None)
        assert said(first)["execution"]["id"] == said(again)["execution"]["id"]
        assert len(session.executions("waits")) == 2

    @pytest.mark.parametrize("sync", [True, False])
    def test_many_threads(self, sync: bool) -> None:
        session = Session(MemoryStore()).install()
        version = session.workflow("one", [note("one")], sync=sync)
        start = threading.Barrier(6)

        def call(_: int) -> Json:
            process = session.process()
            start.wait()
            return process.answer("workflows:execute", version, AS_ROOT, key="k").body()["data"]["execution"]["id"]

        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(call, range(6)))) == 1
        session.machines.run(session.backend)
        assert (len(session.executions("one")), notes(session)) == (1, ["one"])


class TestSubmit:
    @pytest.fixture
    def task(self, session: Session) -> int:
        session.workflow("flow", [ASK], sync=False)
        session.trigger("samples", 1, "flow")
        session.machines.run(session.backend)
        return self.open_task(session)

    def open_task(self, session: Session) -> int:
        (task,) = session.call("workflowManualTasks:listMine", filter={"status": 0})
        found: int = task["id"]
        return found

    def submit(self, session: Session, task: int, key: str | None = "k", body: Json = SUBMITTED) -> Answer:
        return session.answer("workflowManualTasks:submit", task, body, key=key)

    def test_a_submission_sent_again_is_answered_as_before_and_writes_nothing(self, session: Session, task: int) -> None:
        first, again = self.submit(session, task), self.submit(session.process(), task)
        assert (first.status, first.body(), notes(session)) == (again.status, again.body(), ["seen"])
        assert (is_replay(first), is_replay(again), first.status) == (False, True, 202)

    def test_without_the_key_the_task_is_settled_already(self, session: Session, task: int) -> None:
        self.submit(session, task)
        for key in (None, "another"):
            with pytest.raises(Invalid, match="settled already"):
                self.submit(session, task, key)

    def test_the_same_key_for_another_submission_is_refused(self, session: Session, task: int) -> None:
        self.submit(session, task)
        with pytest.raises(Unprocessable) as reused:
            self.submit(session, task, body={"result": {"f": {"note": "other"}, "_": "yes"}})
        assert reused.value.code == "IDEMPOTENCY_KEY_REUSED"

    def test_a_refused_submission_may_be_mended_under_its_key(self, session: Session, task: int) -> None:
        with pytest.raises(Invalid):
            self.submit(session, task, body={"result": {"f": {"nobody": 1}, "_": "yes"}})
        assert self.submit(session, task).data["status"] == 1

    @pytest.mark.parametrize("at", [0, 1])
    def test_two_processes_submit_at_the_same_time(self, session: Session, store: WatchedStore, task: int, at: int) -> None:
        others: list[Answer] = []
        other = session.process(store.inner)
        store.sendings.extend([*[sent] * at, after(lambda: others.append(self.submit(other, task)))])
        answer = self.submit(session, task)
        assert notes(session) == ["seen"]
        assert all(one.body() == answer.body() for one in others)

    def test_a_draft_is_kept_once(self, session: Session) -> None:
        session.workflow("flow", [KEEP], sync=False)
        session.trigger("samples", 1, "flow")
        session.machines.run(session.backend)
        task, body = self.open_task(session), {"result": {"f": {"note": "a"}, "_": "keep"}}
        first, again = (self.submit(session.process(), task, body=body) for _ in range(2))
        assert (first.body(), is_replay(again)) == (again.body(), True)


CALLS: list[tuple[str, Callable[[Session], Any]]] = [
    ("execute", lambda one: one.answer("workflows:execute", 1, AS_ROOT, key="")),
    ("submit", lambda one: one.answer("workflowManualTasks:submit", 1, SUBMITTED, key="x" * 256)),
]


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_an_empty_or_overlong_key_is_a_400(session: Session, name: str, call: Callable[[Session], Any]) -> None:
    with pytest.raises(Invalid) as refused_key:
        call(session)
    assert refused_key.value.problems()[0].path == "Idempotency-Key"
