"""Whatever was lost between two commits goes on, once; what is all right is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import EPOCH, execution_key, record_key
from chalicelib.domain.ports import EXECUTIONS, Delete, Put, StoreUnavailable, Update
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.errors import Unavailable
from chalicelib.services import open_runs
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.open_runs import CURSOR, PAUSE_MS, OpenRuns
from chalicelib.services.sweeping import go_on, sweep
from tests.machine import Machine
from tests.machines import done, throttled, unreachable
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
OUT = {"type": "output", "config": {"value": 7}}
DAY_S = 86_400


ASK = {
    "key": "ask",
    "type": "manual",
    "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}},
}


def tasks(session: Session) -> list[int]:
    """The statuses of the user's tasks, newest first."""
    return [task["status"] for task in session.call("workflowManualTasks:listMine", sort="-id")]


def wait(seconds: int, key: str = "wait") -> Json:
    return {"key": key, "type": "delay", "config": {"duration": seconds, "unit": 1_000, "endStatus": 1}}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS)).install()


def run(session: Session, nodes: list[Json], *, fail: bool = False, **more: Json) -> int:
    """The id of a new execution; with ``fail`` its machine was not started."""
    session.workflow("slow", nodes, None, sync=False, **more)
    if fail:
        session.machines.failures.append(throttled)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
    assert answer.meta is not None
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


def walked(session: Session, execution_id: int, attempt: int = 1) -> None:
    """One walk, whose machine nobody drives further."""
    AsyncRuns(session.backend).run_segment({"executionId": execution_id, "attempt": attempt}, session.clock.now_ms() + 60_000)


def swept(session: Session, after_seconds: float = 11) -> int:
    session.clock.sleep(after_seconds)
    return sweep(session.backend, session.clock.now_ms() + 60_000)


def lose(session: Session, execution_id: int, attempt: int = 1) -> None:
    """The machine is gone, and nobody said so."""
    session.machines.executions[f"{execution_id}-{attempt}"].status = "FAILED"


def status(session: Session, execution_id: int) -> tuple[Json, Json]:
    row = session.execution(execution_id)
    return row["status"], row["reason"]


def test_a_queued_execution_that_was_not_started_is_started_after_ten_seconds(session: Session) -> None:
    execution_id = run(session, [wait(5), OUT], fail=True)
    assert swept(session, 9) == 0
    assert swept(session, 2) == 1
    assert list(session.machines.executions) == [f"{execution_id}-2"]
    session.machines.run(session.backend)
    assert status(session, execution_id) == (1, None)


@pytest.mark.parametrize("key", ["part", "part1", "parts"])
def test_a_node_may_be_called_as_it_likes(session: Session, key: str) -> None:
    execution_id = run(session, [{"key": key, **OUT}, wait(5), {"key": "last", **OUT}])
    session.machines.run(session.backend)
    jobs = session.call("executions:get", execution_id, appends="jobs")["jobs"]
    assert (status(session, execution_id), [job["nodeKey"] for job in jobs]) == ((1, None), [key, "wait", "last"])


def test_one_whose_machine_has_yet_to_call_is_left_alone(session: Session) -> None:
    execution_id = run(session, [OUT])
    assert swept(session) == 0
    assert list(session.machines.executions) == [f"{execution_id}-1"]


def test_two_sweeps_start_one_attempt(session: Session) -> None:
    run(session, [OUT], fail=True)
    assert [swept(session), swept(session.process(), 0)] == [1, 0]
    assert len(session.machines.executions) == 1


def test_attempts_that_come_to_nothing_are_further_and_further_apart(session: Session) -> None:
    execution_id = run(session, [OUT], fail=True)
    for _ in range(120):
        session.machines.failures.clear()
        session.machines.failures.extend([done, throttled])
        swept(session, 10)
    item = session.store.batch_get([execution_key(execution_id)])[execution_key(execution_id)]
    assert 5 < item["starts"] < 12


def test_a_long_wait_is_not_even_asked_about(session: Session) -> None:
    execution_id = run(session, [wait(DAY_S), OUT])
    walked(session, execution_id)
    lose(session, execution_id)
    session.machines.asked.clear()
    assert swept(session, DAY_S - 60) == 0
    assert session.machines.asked == []
    assert swept(session, 120) == 1
    session.machines.run(session.backend)
    assert status(session, execution_id) == (1, None)


def test_a_walk_that_died_is_taken_up_by_another_attempt(session: Session) -> None:
    execution_id = run(session, [wait(5), OUT, wait(5, "again"), OUT])
    walked(session, execution_id)
    session.clock.sleep(6)
    walked(session, execution_id)
    lose(session, execution_id)
    assert swept(session, 20) == 1
    session.machines.run(session.backend)
    row = session.call("executions:get", execution_id, appends="jobs")
    assert (row["status"], [job["status"] for job in row["jobs"]]) == (1, [1] * 4)


def test_the_attempt_before_can_write_nothing_more(session: Session) -> None:
    execution_id = run(session, [wait(5), OUT])
    walked(session, execution_id)
    session.clock.sleep(6)
    walked(session, execution_id, 2)
    assert status(session, execution_id) == (1, None)
    before = session.store.query(EXECUTIONS, str(execution_id)).items
    walked(session, execution_id)
    assert session.store.query(EXECUTIONS, str(execution_id)).items == before


class TestSignals:
    def waiting(self, session: Session) -> int:
        """A parent whose machine waits for a child that has ended, and whose wake-up call was lost."""
        session.workflow("child", [wait(5)], None, sync=False)
        parent = run(session, [{"key": "sub", "type": "subflow", "config": {"workflow": "child"}}, OUT])
        walked(session, parent)
        return parent

    def test_a_token_that_was_not_heard_is_sent_again(self, session: Session) -> None:
        parent = self.waiting(session)
        session.machines.run(session.backend)
        assert status(session, parent) == (1, None)

    def test_a_parent_without_a_machine_gets_another_one(self, session: Session) -> None:
        parent = self.waiting(session)
        [child] = session.executions("child")
        lose(session, parent)
        session.machines.run(session.backend)
        assert (status(session, child["id"]), status(session, parent)) == ((1, None), (0, None))
        assert swept(session) == 1
        session.machines.run(session.backend)
        assert status(session, parent) == (1, None)

    def test_a_token_that_came_too_late_is_kept_for_the_sweep(self, session: Session) -> None:
        parent = self.waiting(session)
        key = execution_key(parent)
        session.store.transact([Update(key, add={"signals": 1})])
        session.machines.failures.append(unreachable)
        with pytest.raises(Unavailable, match="a signal has come"):
            AsyncRuns(session.backend).await_signal({"executionId": parent, "attempt": 1, "signals": 0, "token": "late"})
        assert session.store.batch_get([key])[key]["taskToken"] == "late"
        swept(session)
        assert [name for what, name in session.machines.asked if what == "send"] == ["late", "late"]

    def test_a_wait_that_cannot_be_ended_is_walked_past(self, session: Session) -> None:
        """A signal has come, and Step Functions takes no token: the machine asks again, and at last looks itself."""
        forms = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}
        execution_id = run(session, [{"key": "ask", "type": "manual", "config": {"assignees": [1], "forms": forms}}, OUT])
        runs, tried = AsyncRuns(session.backend), []

        def unheard(event: Json) -> None:
            if not tried:
                session.call("jobs:resume", session.call("executions:get", execution_id, appends="jobs")["jobs"][0]["id"], {"status": 1})
            tried.append(event["token"])
            session.machines.failures.append(unreachable)
            runs.await_signal(event)

        [document] = session.machines.documents.values()
        assert isinstance(session.clock, FixedClock)
        machine = Machine(document, session.clock, lambda event: runs.run_segment(event, session.clock.now_ms() + 60_000), unheard)
        machine.execute({"executionId": execution_id, "attempt": 1})
        assert (len(tried) > 1, status(session, execution_id)) == (True, (1, None))

    def test_a_signal_is_counted_from_the_first_start_on(self, session: Session) -> None:
        parent = self.waiting(session)
        key = execution_key(parent)
        assert session.store.batch_get([key])[key]["signals"] == 0
        AsyncRuns(session.backend).await_signal({"executionId": parent, "attempt": 1, "signals": 0, "token": "t"})
        assert session.store.batch_get([key])[key]["taskToken"] == "t"
        assert ("send", "t") not in session.machines.asked


class TestTime:
    def test_over_its_time_it_ends_though_no_machine_is_there(self, session: Session) -> None:
        execution_id = run(session, [wait(DAY_S), OUT], options={"timeout": 60_000})
        walked(session, execution_id)
        lose(session, execution_id)
        assert swept(session, 61) == 0
        assert swept(session) == 1
        assert status(session, execution_id) == (-3, "timeout")
        assert [job["status"] for job in session.call("executions:get", execution_id, appends="jobs")["jobs"]] == [-3]

    def test_a_machine_ends_it_in_time(self, session: Session) -> None:
        execution_id = run(session, [wait(DAY_S), OUT], options={"timeout": 60_000})
        session.machines.run(session.backend)
        row = session.execution(execution_id)
        assert (row["status"], row["reason"], row["updatedAt"] == row["expiresAt"]) == (-3, "timeout", True)

    def test_a_version_that_is_gone_ends_what_it_has_not_run(self, session: Session) -> None:
        execution_id = run(session, [OUT], fail=True)
        [version] = session.call("workflows:list", filter={"key": "slow"})
        session.store.transact([Delete(record_key(WORKFLOWS.uid, version["id"])), Update(EPOCH, add={"value": 1})])
        assert swept(session) == 1
        assert status(session, execution_id) == (-3, "workflow_deleted")

    def test_one_that_waits_for_a_person_ends_with_its_version(self, session: Session) -> None:
        execution_id = run(session, [ASK, OUT], options={"concurrency": {"limit": 1}})
        session.machines.run(session.backend)
        [old] = session.call("workflows:list", filter={"key": "slow"})
        new = session.call("workflows:revision", old["id"], None, filter={"key": "slow"})["id"]
        session.call("workflows:update", new, {"enabled": True})
        later = session.answer("workflows:trigger", None, {}, triggerWorkflows="slow").meta or {}
        session.machines.run(session.backend)
        session.call("workflows:destroy", old["id"])
        assert swept(session, 1) == 1
        assert status(session, execution_id) == (-3, "workflow_deleted")
        session.machines.run(session.backend)
        assert (status(session, later["executions"][0]["id"]), tasks(session)) == ((0, None), [0, -3])

    def test_and_the_parent_that_waited_for_it_hears_of_it(self, session: Session) -> None:
        session.workflow("child", [ASK], None, sync=False)
        parent = run(session, [{"key": "sub", "type": "subflow", "config": {"workflow": "child"}}, OUT])
        session.machines.run(session.backend)
        [child] = session.call("workflows:list", filter={"key": "child"})
        session.call("workflows:destroy", child["id"])
        assert swept(session, 1) == 1
        session.machines.run(session.backend)
        assert (status(session, parent), tasks(session)) == ((-1, None), [-3])

    def test_those_whose_version_is_there_are_left_alone_for_one_read_of_it(self, session: Session) -> None:
        run(session, [ASK])
        for _ in range(3):
            session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
        session.machines.run(session.backend)
        store = WatchedStore(session.store)
        assert sweep(session.process(store).backend, session.clock.now_ms() + 60_000) == 0
        [version] = session.call("workflows:list", filter={"key": "slow"})
        assert sum(record_key(WORKFLOWS.uid, version["id"]) in keys for keys in store.reads) == 1


class TestRetention:
    def test_what_nobody_wants_to_keep_goes_with_its_jobs(self, session: Session) -> None:
        execution_id = run(session, [wait(5), OUT], options={"deleteExecutionOnStatus": [1]})
        session.machines.run(session.backend)
        assert session.call("executions:get", execution_id) is None
        assert session.call("executions:list", filter={"key": "slow"}) == []
        assert swept(session) == 1
        [left] = session.store.query(EXECUTIONS, str(execution_id)).items
        assert (left["sk"], left.get("open"), left["ttl"] * 1000 <= session.clock.now_ms()) == ("execution", None, True)
        assert swept(session) == 0

    def test_a_cancelled_one_stays(self, session: Session) -> None:
        execution_id = run(session, [wait(5)], options={"deleteExecutionOnStatus": [-3, 1]})
        session.call("executions:cancel", execution_id)
        assert session.call("executions:get", execution_id)["status"] == -3


class TestSweeping:
    def many(self, session: Session, count: int) -> list[int]:
        session.workflow("slow", [OUT], None, sync=False)
        for _ in range(count):
            session.machines.failures.append(throttled)
            session.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
            session.clock.sleep(0.001)
        return [row["id"] for row in session.executions("slow")]

    def test_one_that_cannot_go_on_does_not_stop_the_others(self, session: Session) -> None:
        first, *_ = self.many(session, 5)
        key = execution_key(first)
        session.store.transact([Put(EXECUTIONS, session.store.batch_get([key])[key] | {"workflowId": "nonsense"})])
        assert swept(session) >= 4
        session.machines.run(session.backend)
        assert sorted(row["status"] is None for row in session.executions("slow"))[:4] == [False] * 4

    def test_out_of_time_the_next_one_begins_where_it_stopped(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        ids = self.many(session, 12)
        session.clock.sleep(11)
        looked: list[int] = []
        plain = OpenRuns._moved

        def slowly(runs: OpenRuns, item: Json) -> bool:
            looked.append(item["id"])
            session.clock.sleep(1)
            return plain(runs, item)

        monkeypatch.setattr(open_runs.OpenRuns, "_moved", slowly)
        for _ in range(3):
            OpenRuns(session.backend).sweep(session.clock.now_ms() + 4_000)
        assert sorted(looked) == ids
        OpenRuns(session.backend).sweep(session.clock.now_ms() + 60_000)
        assert session.store.batch_get([CURSOR])[CURSOR].get("value") is None
        assert sorted(looked[12:]) == ids

    def test_a_machine_nobody_can_be_asked_about_waits_for_the_next_sweep(self, session: Session) -> None:
        execution_id = run(session, [OUT])
        lose(session, execution_id)
        session.machines.failures.append(unreachable)
        assert swept(session) == 0
        assert swept(session, 0) == 1

    def test_executions_that_cannot_be_read_do_not_stop_the_jobs(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        def unread(runs: OpenRuns, begin: Json) -> Json:
            raise StoreUnavailable("no answer")

        monkeypatch.setattr(OpenRuns, "_open", unread)
        assert swept(session) == 0
        with pytest.raises(Unavailable):
            OpenRuns(session.backend).sweep(session.clock.now_ms() + 60_000)

    def test_after_a_restart_everything_open_goes_on_at_once(self, session: Session) -> None:
        execution_id = run(session, [wait(DAY_S), OUT])
        walked(session, execution_id)
        session.machines.forget()
        assert go_on(session.backend, session.clock.now_ms() + 60_000) == 1
        assert list(session.machines.executions) == [f"{execution_id}-2"]
        assert go_on(session.backend, session.clock.now_ms() + 60_000) == 0
        session.machines.run(session.backend)
        assert status(session, execution_id) == (1, None)
        assert session.clock.now_ms() <= NOW_MS + DAY_S * 1_000 + PAUSE_MS


def test_a_kernel_hands_over_before_its_history_is_full(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.services.async_walk.MOST_WALKS", 5)
    execution_id = run(session, [{"key": "loop", "type": "loop", "config": {"target": 12}, "branches": {"0": [wait(5)]}}, OUT])
    session.machines.run(session.backend)
    row = session.call("executions:get", execution_id, appends="jobs")
    assert (row["status"], len(row["jobs"])) == (1, 14)
    assert sorted(session.machines.executions) == [f"{execution_id}-{n}" for n in (1, 2, 3)]
