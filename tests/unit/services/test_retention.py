"""``options.retention``: history goes so many days after its end, whole, and readers see nothing of it from then on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Delete, Equals, Key, Put, TransactionRefused, Update
from chalicelib.domain.retention import MOST_DAYS, expires_s, is_announced
from chalicelib.errors import Invalid, NotFound, TooLarge
from chalicelib.services.sweeping import sweep
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
DAY_S = 86_400
NOW_S = NOW_MS // 1000
OUT = {"key": "out", "type": "output", "config": {"value": 1}}
NO = {"key": "no", "type": "end", "config": {"endStatus": -1}}
WAIT = {"key": "wait", "type": "delay", "config": {"duration": 5, "unit": 1_000, "endStatus": 1}}
ASK = {
    "key": "ask",
    "type": "manual",
    "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}},
}
MAKE = {"key": "make", "type": "create", "config": {"collection": "samples", "params": {"values": {"title": "made"}}}}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS)).install()


def run(session: Session, nodes: list[Json], options: Json, *, sync: bool = True) -> int:
    session.workflow("flow", nodes, None, options=options, sync=sync)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows="flow")
    assert answer.meta is not None
    session.machines.run(session.backend)
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


def items(session: Session, execution_id: int) -> dict[str, Json]:
    return {item["sk"]: item for item in session.store.query(EXECUTIONS, str(execution_id)).items}


def swept(session: Session, after_seconds: float = 11) -> int:
    session.clock.sleep(after_seconds)
    return sweep(session.backend, session.clock.now_ms() + 60_000)


@pytest.mark.parametrize(
    ("retention", "status", "days"),
    [
        (None, 1, None),
        (30, 1, 30),
        (30, -6, 30),
        ({"resolved": 7}, 1, 7),
        ({"resolved": 7}, -1, None),
        ({"failed": 90}, -1, 90),
        ({"error": 1}, -2, 1),
        ({"aborted": 2}, -3, 2),
        ({"canceled": 3}, -4, 3),
        ({"rejected": 4}, -5, 4),
        ({"retryNeeded": 5}, -6, 5),
        ({"resolved": None}, 1, None),
    ],
)
def test_days_are_for_all_or_by_the_name_of_the_status(retention: Json, status: int, days: int | None) -> None:
    expected = None if days is None else NOW_S + days * DAY_S
    assert expires_s({"retention": retention}, status, NOW_MS) == expected


@pytest.mark.parametrize(
    ("retention", "path"),
    [
        (0, ""),
        (-1, ""),
        (MOST_DAYS + 1, ""),
        ("30", ""),
        (1.5, ""),
        ([], ""),
        (True, ""),
        ({"resolved": 0}, ".resolved"),
        ({"resolved": "x"}, ".resolved"),
        ({"done": 3}, ".done"),
        ({"1": 3}, ".1"),
    ],
)
def test_what_is_no_number_of_days_is_refused_where_it_stands(session: Session, retention: Json, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        session.workflow("flow", [OUT], None, options={"retention": retention})
    assert {problem.path for problem in refused.value.problems()} == {f"options.retention{path}"}


def test_a_synchronous_run_expires_with_its_hints_in_the_same_commit(session: Session) -> None:
    execution_id = run(session, [MAKE], {"retention": {"resolved": 30}})
    found = items(session, execution_id)
    assert len(found) == 2
    assert {item["ttl"] for item in found.values()} == {NOW_S + 30 * DAY_S}


def test_by_default_history_stays(session: Session) -> None:
    execution_id = run(session, [MAKE], {})
    assert all("ttl" not in item for item in items(session, execution_id).values())


def test_what_has_expired_is_not_shown_though_it_is_still_there(session: Session) -> None:
    execution_id = run(session, [MAKE], {"retention": 1})
    made = session.call("samples:list", filter={"title": "made"})[0]["id"]
    filters = {"key": "flow"}, {"record": f"samples/{made}"}, {"status": 1}
    session.clock.sleep(DAY_S - 1)
    assert [len(session.call("executions:list", filter=one)) for one in filters] == [1, 1, 1]
    assert session.call("executions:get", execution_id)["id"] == execution_id
    session.clock.sleep(2)
    session.token = session.backend.tokens.issue(1, "later", session.clock.now_ms() // 1000, 24)
    assert [session.call("executions:list", filter=one) for one in filters] == [[], [], []]
    assert session.call("executions:get", execution_id) is None
    assert session.call("jobs:get", f"{execution_id}-1") is None
    assert session.call("executions:destroy", execution_id) == 0
    assert len(items(session, execution_id)) == 2


class TestGone:
    """What has expired is gone for whoever would go on with it, too."""

    @pytest.fixture(params=[{"retention": 1}, {"deleteExecutionOnStatus": [1]}])
    def execution_id(self, request: pytest.FixtureRequest, session: Session) -> int:
        found = run(session, [MAKE, ASK, OUT], request.param, sync=False)
        [task] = session.call("workflowManualTasks:listMine")
        session.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
        session.machines.run(session.backend)
        session.clock.sleep(DAY_S + 1)
        session.token = session.backend.tokens.issue(1, "later", session.clock.now_ms() // 1000, 24)
        return found

    @pytest.mark.parametrize("body", [{}, {"nodeId": 2}])
    def test_it_is_not_run_again(self, session: Session, execution_id: int, body: Json) -> None:
        before = len(session.machines.executions)
        with pytest.raises(NotFound) as refused:
            session.call("executions:rerun", execution_id, body)
        assert (refused.value.code, len(session.machines.executions)) == ("EXECUTION_NOT_FOUND", before)

    def test_nor_cancelled(self, session: Session, execution_id: int) -> None:
        with pytest.raises(NotFound) as refused:
            session.call("executions:cancel", execution_id)
        assert refused.value.code == "EXECUTION_NOT_FOUND"

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_nor_are_its_jobs_resumed(self, session: Session, execution_id: int, number: int) -> None:
        with pytest.raises(NotFound) as refused:
            session.call("jobs:resume", f"{execution_id}-{number}", {"status": 1})
        assert refused.value.code == "JOB_NOT_FOUND"

    def test_a_task_says_no_more_what_it_was_for(self, session: Session) -> None:
        session.workflow("flow", [ASK], options={"retention": 1}, sync=False)
        session.trigger("samples", 1, "flow")
        session.machines.run(session.backend)
        [task] = session.call("workflowManualTasks:listMine")
        assert session.call("workflowManualTasks:get", task["id"])["record"] == "samples/1"
        session.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
        session.machines.run(session.backend)
        session.clock.sleep(DAY_S + 1)
        session.token = session.backend.tokens.issue(1, "later", session.clock.now_ms() // 1000, 24)
        assert session.call("workflowManualTasks:get", task["id"])["record"] is None


class TestAsynchronous:
    def test_jobs_and_hints_expire_with_the_execution(self, session: Session) -> None:
        execution_id = run(session, [MAKE, WAIT, OUT], {"retention": {"resolved": 30, "failed": 90}}, sync=False)
        ends = session.clock.now_ms() // 1000
        found = items(session, execution_id)
        assert (len(found), found["execution"]["ttl"]) == (5, ends + 30 * DAY_S)
        assert swept(session) == 1
        found = items(session, execution_id)
        assert {item["ttl"] for item in found.values()} == {ends + 30 * DAY_S}
        assert "open" not in found["execution"]
        assert swept(session) == 0

    def test_one_that_is_cancelled_does_too(self, session: Session) -> None:
        session.workflow("flow", [MAKE, WAIT, OUT], None, options={"retention": {"aborted": 2}}, sync=False)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="flow")
        session.machines.segment = lambda call: (call(), session.call("executions:cancel", session.executions("flow")[0]["id"]))[0]
        session.machines.run(session.backend)
        [row] = session.executions("flow")
        assert row["status"] == -3
        swept(session)
        assert all(item["ttl"] for item in items(session, row["id"]).values())

    def test_of_a_status_that_is_not_named_nothing_expires(self, session: Session) -> None:
        execution_id = run(session, [OUT, NO], {"retention": {"resolved": 30}}, sync=False)
        assert swept(session) == 0
        assert all("ttl" not in item for item in items(session, execution_id).values())

    def test_what_is_not_wanted_at_all_goes_first(self, session: Session) -> None:
        execution_id = run(session, [MAKE, OUT], {"retention": 30, "deleteExecutionOnStatus": [1]}, sync=False)
        assert session.call("executions:get", execution_id) is None
        swept(session)
        assert list(items(session, execution_id)) == ["execution"]

    def test_a_sweep_that_breaks_off_is_made_up_for(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chalicelib.services.closing.MOST_WRITES", 1)
        execution_id = run(session, [MAKE, OUT], {"retention": 30}, sync=False)
        transact, left = session.store.transact, [2]

        def dies(writes: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise ConnectionError
            transact(writes)

        monkeypatch.setattr(session.store, "transact", dies)
        with pytest.raises(ConnectionError):
            swept(session)
        monkeypatch.setattr(session.store, "transact", transact)
        assert "open" in items(session, execution_id)["execution"]
        assert swept(session) >= 1
        assert all(item["ttl"] for item in items(session, execution_id).values())


@pytest.mark.parametrize(
    ("status", "reason", "decided", "told"),
    [
        (1, None, False, False),
        (-1, None, False, True),
        (-2, None, False, True),
        (-1, None, True, False),
        (-3, "timeout", False, True),
        (-3, None, False, True),
        (-3, None, True, False),
        (-3, "workflow_deleted", False, False),
        (-3, "manual_cancel", False, False),
        (-3, "parent_aborted", False, False),
        (-5, None, False, False),
        (None, None, False, False),
    ],
)
def test_failures_are_told_and_decisions_are_not(status: int | None, reason: str | None, decided: bool, told: bool) -> None:
    assert is_announced({}, status, reason, decided=decided) is told
    assert is_announced({"announce": False}, status, reason, decided=decided) is False


class TestTasks:
    """What people were asked goes with the execution that asked."""

    @pytest.fixture
    def execution_id(self, session: Session) -> int:
        return answered(session, {"retention": 1})

    def test_they_expire_with_it(self, session: Session, execution_id: int) -> None:
        ends = session.clock.now_ms() // 1000
        assert swept(session) == 1
        assert {item["ttl"] for item in tasks(session)} == {ends + DAY_S} == {item["ttl"] for item in items(session, execution_id).values()}

    def test_they_are_shown_until_then_and_to_nobody_afterwards(self, session: Session, execution_id: int) -> None:
        swept(session)
        [task] = session.call("workflowManualTasks:listMine")
        assert "ttl" not in task
        assert session.call("workflowManualTasks:list", filter={"executionId": execution_id})[0]["id"] == task["id"]
        assert session.call("userWorkflowTasks:listMine")[0]["stats"] == {"pending": 0, "all": 1}
        later(session, DAY_S)
        assert session.call("workflowManualTasks:listMine") == session.call("workflowManualTasks:list") == []
        assert session.call("workflowManualTasks:get", task["id"]) is None
        assert session.call("userWorkflowTasks:listMine")[0]["stats"] == {"pending": 0, "all": 0}
        with pytest.raises(NotFound):
            session.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})

    def test_one_that_nobody_answered_goes_too(self, session: Session) -> None:
        session.workflow("flow", [ASK], None, options={"retention": {"aborted": 2}}, sync=False)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="flow")
        session.machines.run(session.backend)
        session.call("executions:cancel", session.executions("flow")[0]["id"])
        swept(session)
        later(session, 2 * DAY_S)
        assert session.call("app:start")["tasks"] == {"manual": 0, "cc": 0}
        assert session.call("workflowManualTasks:listMine", filter={"status": 0}) == []

    def test_who_had_read_one_before_does_not_write_it_back_for_ever(self, session: Session, execution_id: int) -> None:
        [before] = tasks(session)
        swept(session)
        stale = Put(RECORDS, before | {"version": before["version"] + 1}, Equals({"version": before["version"]}))
        with pytest.raises(TransactionRefused):
            session.store.transact([stale])

    @pytest.mark.parametrize("options", [{}, {"retention": {"failed": 1}}])
    def test_where_history_stays_so_do_they(self, session: Session, options: Json) -> None:
        answered(session, options)
        swept(session)
        assert [item.get("ttl") for item in tasks(session)] == [None]

    def test_with_history_that_is_not_wanted_they_go_at_once(self, session: Session) -> None:
        answered(session, {"deleteExecutionOnStatus": [1]})
        swept(session)
        assert tasks(session) == []

    def test_when_history_is_removed_by_hand_they_stay(self, session: Session) -> None:
        execution_id = answered(session, {})
        assert session.call("executions:destroy", execution_id) == 1
        assert [task["status"] for task in session.call("workflowManualTasks:listMine")] == [1]

    def test_a_sweep_that_breaks_off_between_tasks_and_jobs_is_made_up_for(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chalicelib.services.closing.MOST_WRITES", 1)
        execution_id = answered(session, {"deleteExecutionOnStatus": [1]})
        transact, left = session.store.transact, [0]

        def dies(writes: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise ConnectionError
            transact(writes)

        seen = []
        for number in (0, 1, 2, 1, 9):
            left[0] = number
            with monkeypatch.context() as patched, suppress(ConnectionError):
                patched.setattr(session.store, "transact", dies)
                swept(session)
            seen.append((len(tasks(session)), len(items(session, execution_id))))
        assert (seen[0], seen[-1]) == ((1, 3), (0, 1))
        assert (0, 3) in seen  # broken off in between

    def test_a_workflow_that_asks_nobody_reads_no_tasks(self, session: Session) -> None:
        run(session, [MAKE, OUT], {"retention": 1}, sync=False)
        watched = WatchedStore(session.store)
        session.backend = replace(session.backend, store=watched)
        assert swept(session) == 1
        assert not [partition for partition in watched.queries if partition.startswith("workflowManualTasks")]


def answered(session: Session, options: Json) -> int:
    """An execution that asked somebody, was answered, and has ended."""
    found = run(session, [ASK, OUT], options, sync=False)
    [task] = session.call("workflowManualTasks:listMine")
    session.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
    session.machines.run(session.backend)
    return found


def tasks(session: Session) -> list[Json]:
    """The items of tasks, shown or not."""
    return session.store.query(RECORDS, "workflowManualTasks#0").items


def later(session: Session, seconds: float) -> None:
    session.clock.sleep(seconds + 1)
    session.token = session.backend.tokens.issue(1, "later", session.clock.now_ms() // 1000, 24)


def test_what_is_too_large_together_expires_one_by_one(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    execution_id = run(session, [MAKE, MAKE | {"key": "again"}, OUT], {"retention": 1}, sync=False)
    transact = session.store.transact

    def refuses(writes: Any) -> None:
        if len(writes) > 1 and all(isinstance(write, Update) for write in writes):
            raise TransactionRefused(["invalid"] * len(writes))
        transact(writes)

    monkeypatch.setattr(session.store, "transact", refuses)
    assert swept(session) == 1
    assert all(item["ttl"] for item in items(session, execution_id).values())


def test_one_that_has_no_room_for_its_end_is_told_of_and_holds_up_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    execution_id = run(session, [MAKE, MAKE | {"key": "again"}, OUT], {"retention": 1}, sync=False)
    full = next(sk for sk in items(session, execution_id) if sk.startswith("touched#"))
    transact = session.store.transact

    def refuses(writes: Any) -> None:
        if any(isinstance(write, Update) and write.key.sk == full for write in writes):
            raise TransactionRefused(["invalid" if write.key.sk == full else None for write in writes])
        transact(writes)

    monkeypatch.setattr(session.store, "transact", refuses)
    assert swept(session) == 1
    assert [sk for sk, item in items(session, execution_id).items() if item.get("ttl") is None] == [full]
    assert f"{execution_id} {full}" in caplog.text
    assert swept(session) == 0


def test_what_cannot_be_removed_keeps_its_execution(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    execution_id = run(session, [MAKE, OUT], {"retention": None}, sync=False)
    transact = session.store.transact

    def refuses(writes: Any) -> None:
        if any(isinstance(write, Delete) and write.key.sk != "execution" for write in writes):
            raise TransactionRefused(["invalid"] * len(writes))
        transact(writes)

    monkeypatch.setattr(session.store, "transact", refuses)
    with pytest.raises(TooLarge):
        session.call("executions:destroy", execution_id)
    assert "execution" in items(session, execution_id)


def test_a_hint_that_has_gone_meanwhile_keeps_no_other_from_expiring(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    execution_id = run(session, [MAKE, OUT], {"retention": 1}, sync=False)
    [hint] = [item for sk, item in items(session, execution_id).items() if sk.startswith("touched#")]
    query, transact = session.store.query, session.store.transact

    def reads(table: Any, partition: str, **more: Any) -> Any:
        page = query(table, partition, **more)
        if partition == str(execution_id):
            transact([Delete(Key(EXECUTIONS, hint["pk"], hint["sk"]))])
        return page

    monkeypatch.setattr(session.store, "query", reads)
    assert swept(session) == 1
    monkeypatch.undo()
    left = items(session, execution_id)
    assert hint["sk"] not in left
    assert all(item["ttl"] for item in left.values())
