"""Policies where a run may wait: tries that are due later, times that are over, and who is told. https://states-language.net/spec.html#errors"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.instants import iso_text
from chalicelib.engine.stored_jobs import PART, public_jobs, read_all
from chalicelib.errors import Invalid
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.open_runs import OpenRuns
from tests.outside import FakeOutside
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, sent, unheard

Json = Any
BUSY = {"fail": {"message": "busy", "code": "ERR_BAD_RESPONSE", "status": 503, "data": "d" * 5_000}}
OK = {"status": 200}
MINUTE = [{"errors": ["*"], "maxAttempts": 2, "intervalSeconds": 60}]
LONG_S = 31_000_000  # longer than the machine of these tests lets pass by itself
FORMS = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}, {"key": "no", "status": -5}]}}
OUT = {"key": "out", "type": "output", "config": {"value": "on"}}
DAY = {"key": "wait", "type": "delay", "config": {"duration": 1, "unit": 86_400_000, "endStatus": 1}}


@pytest.fixture
def outside() -> FakeOutside:
    return FakeOutside({"request": {"each": [BUSY, BUSY, OK]}})


@pytest.fixture
def root(outside: FakeOutside) -> Session:
    return Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS), outside=outside).install()


def request(**config: Json) -> Json:
    return {"key": "call", "type": "request", "config": {"url": "http://example.com/", "retry": MINUTE, **config}}


def ask(**config: Json) -> Json:
    return {"key": "ask", "type": "manual", "config": {"assignees": [1], "forms": FORMS, **config}}


def sub(**config: Json) -> Json:
    return {"key": "sub", "type": "subflow", "config": {"workflow": "child", **config}}


def queue(root: Session, *nodes: Json, **more: Json) -> int:
    root.workflow("flow", list(nodes), collection=None, sync=False, **more)
    meta: Json = root.answer("workflows:trigger", None, {}, triggerWorkflows="flow").meta
    execution: int = meta["executions"][0]["id"]
    return execution


def walk(root: Session, execution: int, attempt: int = 1) -> str:
    """One call of the function; where it says to go."""
    event = {"executionId": execution, "attempt": attempt}
    step: str = AsyncRuns(root.backend).run_segment(event, root.clock.now_ms() + 60_000)["next"]
    return step


def jobs(root: Session, execution: int) -> list[Json]:
    return public_jobs(read_all(root.store, execution)[1], execution)


def status(root: Session, execution: int) -> Json:
    return root.call("executions:get", execution)["status"]


class TestRetrying:
    def test_the_next_try_is_waited_for_as_a_pending_job_that_says_when(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request())
        assert walk(root, execution) == "until"
        (job,) = jobs(root, execution)
        due = iso_text(NOW_MS + 60_000)
        assert (job["status"], job["meta"]) == (0, {"retried": [1], "retryAt": due})
        assert job["result"] == {"message": "busy", "code": "ERR_BAD_RESPONSE", "status": 503}
        assert len(outside.sent) == 1

    def test_a_call_that_comes_early_sends_nothing(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request())
        walk(root, execution)
        root.clock.sleep(59)
        assert walk(root, execution) == "until"
        assert len(outside.sent) == 1

    def test_when_it_is_due_it_is_sent_again_under_the_same_key(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request(), OUT)
        walk(root, execution)
        root.clock.sleep(60)
        assert walk(root, execution) == "until"
        root.clock.sleep(119)
        assert walk(root, execution) == "until"
        root.clock.sleep(1)
        assert walk(root, execution) == "done"
        assert [key for *_, key in outside.sent] == [f"{execution}.#call"] * 3
        assert [(job["nodeKey"], job["status"], job["meta"]) for job in jobs(root, execution)] == [
            ("call", 1, {"retried": [2]}),
            ("out", 1, None),
        ]

    def test_a_machine_does_all_of_it(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request(), OUT)
        root.machines.run(root.backend)
        assert (status(root, execution), len(outside.sent)) == (1, 3)
        assert root.clock.now_ms() == NOW_MS + 180_000

    @pytest.mark.parametrize("position", range(5))
    def test_a_commit_that_was_not_heard_sends_no_further_try(self, root: Session, outside: FakeOutside, position: int) -> None:
        execution = queue(root, request())
        root.store.sendings.extend([*[sent] * position, unheard])  # type: ignore[attr-defined]
        root.machines.run(root.backend)
        assert (status(root, execution), len(outside.sent), jobs(root, execution)[0]["meta"]) == (1, 3, {"retried": [2]})

    def test_another_attempt_waits_for_the_same_moment(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request(), OUT)
        walk(root, execution)
        assert walk(root, execution, attempt=2) == "until"
        root.clock.sleep(60)
        assert walk(root, execution, attempt=1) == "done"
        assert len(outside.sent) == 1
        assert walk(root, execution, attempt=2) == "until"
        assert len(outside.sent) == 2

    def test_who_ends_the_wait_by_hand_spares_the_try(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request(), OUT)
        walk(root, execution)
        root.answer("jobs:resume", f"{execution}-1", {"status": 1, "result": {"by": "hand"}})
        assert walk(root, execution, attempt=2) == "done"
        assert (len(outside.sent), jobs(root, execution)[0]["result"]) == (1, {"by": "hand"})

    def test_a_large_failure_by_hand_leaves_nothing_behind_when_it_is_tried_again(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request(), OUT)
        walk(root, execution)
        noise = "".join(str(hash((number, "noise"))) for number in range(60_000))
        root.answer("jobs:resume", f"{execution}-1", {"status": -1, "result": {"noise": noise}})
        assert any(PART in item["sk"] for item in read_all(root.store, execution)[1])
        assert walk(root, execution, attempt=2) == "until"
        assert not any(PART in item["sk"] for item in read_all(root.store, execution)[1])
        root.clock.sleep(120)
        assert (walk(root, execution, attempt=2), len(outside.sent)) == ("failed", 2)

    def test_who_cancels_ends_the_wait(self, root: Session, outside: FakeOutside) -> None:
        execution = queue(root, request(), OUT)
        walk(root, execution)
        root.call("executions:cancel", execution)
        root.clock.sleep(60)
        assert walk(root, execution) == "failed"
        assert ([job["status"] for job in jobs(root, execution)], len(outside.sent)) == ([-3], 1)

    def test_a_write_that_only_the_commit_refuses_is_the_nodes_failure_too(self, root: Session) -> None:
        root.call("collections:create", None, {"name": "codes", "fields": [{"name": "code", "type": "string", "unique": True}]})
        root.call("codes:create", None, {"code": "taken"})
        bad = {"type": "create", "config": {"collection": "codes", "params": {"values": {"code": "taken"}}, "onError": "branch"}}
        execution = queue(root, {**bad, "key": "bad", "branches": {"0": [{**OUT, "config": {"value": "{{$jobsMapByNodeKey.bad.code}}"}}]}})
        root.machines.run(root.backend)
        assert [(job["nodeKey"], job["status"], job["meta"]) for job in jobs(root, execution)] == [
            ("bad", 1, {"failed": -2}),
            ("out", 1, None),
        ]
        assert root.call("executions:get", execution)["output"] == "NOT_UNIQUE"


class TestTasksInTime:
    def test_a_task_that_is_settled_in_time_is_as_ever(self, root: Session) -> None:
        execution = queue(root, ask(timeoutSeconds=LONG_S), OUT)
        root.machines.run(root.backend)
        (task,) = root.call("workflowManualTasks:listMine")
        root.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
        root.machines.run(root.backend)
        assert (status(root, execution), len(root.machines.executions)) == (1, 1)

    def test_when_its_time_is_over_it_is_closed_and_can_no_longer_be_settled(self, root: Session) -> None:
        execution = queue(root, ask(timeoutSeconds=3_600, onError="continue"), OUT)
        root.machines.run(root.backend)
        (task,) = root.call("workflowManualTasks:listMine")
        assert (status(root, execution), task["status"]) == (1, -3)
        with pytest.raises(Invalid):
            root.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
        job = jobs(root, execution)[0]
        assert (job["status"], job["meta"]) == (1, {"failed": -3})
        assert job["result"] == {"message": "no result within 3600 seconds", "code": "TIMEOUT"}

    def test_before_it_is_over_nothing_moves(self, root: Session) -> None:
        execution = queue(root, ask(timeoutSeconds=3_600))
        assert walk(root, execution) == "at:ask"
        root.clock.sleep(3_599)
        assert walk(root, execution) == "at:ask"
        root.clock.sleep(1)
        assert walk(root, execution) == "failed"
        assert status(root, execution) == -3

    def test_who_resumes_it_needs_no_further_attempt(self, root: Session) -> None:
        execution = queue(root, ask(timeoutSeconds=LONG_S), OUT)
        root.machines.run(root.backend)
        root.answer("jobs:resume", f"{execution}-1", {"status": 1})
        root.machines.run(root.backend)
        assert (status(root, execution), len(root.machines.executions)) == (1, 1)

    def test_nobody_settles_it_after_its_time_though_nothing_has_come_by(self, root: Session) -> None:
        execution = queue(root, ask(timeoutSeconds=3_600), OUT)
        walk(root, execution)
        (task,) = root.call("workflowManualTasks:listMine")
        root.clock.sleep(3_600)
        calls: list[tuple[str, Json, Json]] = [
            ("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}}),
            ("jobs:resume", f"{execution}-1", {"status": 1}),
        ]
        for call in calls:
            with pytest.raises(Invalid) as refused:
                root.call(*call)
            assert refused.value.code == "NOT_OPEN"
        assert walk(root, execution) == "failed"
        assert [(job["status"], job["result"]["code"]) for job in jobs(root, execution)] == [(-3, "TIMEOUT")]

    def test_a_delay_may_still_be_ended_by_hand(self, root: Session) -> None:
        execution = queue(root, DAY, OUT)
        walk(root, execution)
        root.clock.sleep(86_400)
        assert root.answer("jobs:resume", f"{execution}-1", {"status": 1}).status == 202

    def test_in_a_loop_it_is_heard_as_well_when_it_is_settled(self, root: Session) -> None:
        rounds = {"key": "loop", "type": "loop", "config": {"target": 2}, "branches": {"0": [ask(timeoutSeconds=LONG_S)]}}
        execution = queue(root, rounds, OUT)
        for _ in range(2):
            root.machines.run(root.backend)
            assert status(root, execution) == 0
            (task,) = root.call("workflowManualTasks:listMine", filter={"status": 0})
            root.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, "_": "yes"}})
        root.machines.run(root.backend)
        assert (status(root, execution), len(root.machines.executions)) == (1, 1)
        assert root.clock.now_ms() == NOW_MS

    def test_the_workflows_own_time_comes_first_where_it_is_shorter(self, root: Session) -> None:
        execution = queue(root, ask(timeoutSeconds=3_600, onError="continue"), OUT, options={"timeout": 60_000})
        root.machines.run(root.backend)
        assert root.call("executions:get", execution)["reason"] == "timeout"
        assert (status(root, execution), jobs(root, execution)[0]["status"]) == (-3, -3)


class TestSubflows:
    @pytest.fixture(autouse=True)
    def child(self, root: Session) -> None:
        root.workflow("child", [ask(), {"key": "out", "type": "output", "config": {"value": "done"}}], collection=None, sync=False)

    def children(self, root: Session) -> list[Json]:
        return [(one["status"], one["reason"]) for one in root.executions("child")]

    def test_one_that_waits_too_long_is_aborted_and_tells_nobody(self, root: Session) -> None:
        execution = queue(root, sub(timeoutSeconds=3_600, onError="continue"), OUT)
        root.machines.run(root.backend)
        assert self.children(root) == [(-3, "parent_aborted")]
        assert [(job["status"], job["meta"]["failed"]) for job in jobs(root, execution)[:1]] == [(1, -3)]
        assert status(root, execution) == 1

    def test_one_that_nobody_waits_for_any_more_is_ended(self, root: Session) -> None:
        execution = queue(root, sub(), OUT)
        walk(root, execution)
        walk(root, root.executions("child")[0]["id"])
        root.answer("jobs:resume", f"{execution}-1", {"status": 1, "result": "by hand"})
        assert self.children(root) == [(-3, "parent_aborted")]
        assert (walk(root, execution), jobs(root, execution)[0]["result"]) == ("done", "by hand")

    def test_another_try_is_another_execution_and_the_first_is_not_heard(self, root: Session) -> None:
        retry = [{"errors": ["TIMEOUT"], "maxAttempts": 1, "intervalSeconds": 60}]
        execution = queue(root, sub(timeoutSeconds=3_600, retry=retry), OUT)
        assert walk(root, execution) == "at:sub"
        root.clock.sleep(3_600)
        assert walk(root, execution) == "at:sub"
        assert self.children(root) == [(-3, "parent_aborted")]
        assert (jobs(root, execution)[0]["status"], jobs(root, execution)[0]["meta"]["retried"]) == (0, [1])
        root.clock.sleep(60)
        assert walk(root, execution) == "at:sub"
        assert self.children(root) == [(-3, "parent_aborted"), (None, None)]
        second = root.executions("child")[1]["id"]
        assert jobs(root, execution)[0]["meta"] == {"executionId": second, "retried": [1]}
        walk(root, second)
        root.answer("jobs:resume", f"{second}-1", {"status": 1})
        assert walk(root, second) == "done"
        assert walk(root, execution) == "done"
        assert jobs(root, execution)[0]["result"] == "done"

    def test_one_that_fails_is_tried_again(self, root: Session) -> None:
        retry = [{"errors": ["FAILED"], "maxAttempts": 1, "intervalSeconds": 60}]
        execution = queue(root, sub(retry=retry, onError="continue"), OUT)
        walk(root, execution)
        for number in (0, 1):
            child = root.executions("child")[number]["id"]
            walk(root, child)
            root.answer("jobs:resume", f"{child}-1", {"status": -1})
            walk(root, child)
            assert walk(root, execution) == ("at:sub" if number == 0 else "done")
            root.clock.sleep(60)
            walk(root, execution)
        assert self.children(root) == [(-1, None), (-1, None)]
        assert jobs(root, execution)[0]["meta"] == {"executionId": root.executions("child")[1]["id"], "retried": [1], "failed": -1}

    def test_who_cancels_the_parent_while_it_waits_to_try_again_ends_all(self, root: Session) -> None:
        retry = [{"errors": ["TIMEOUT"], "maxAttempts": 1, "intervalSeconds": 60}]
        execution = queue(root, sub(timeoutSeconds=3_600, retry=retry), OUT)
        walk(root, execution)
        root.clock.sleep(3_600)
        walk(root, execution)
        root.call("executions:cancel", execution)
        assert (status(root, execution), self.children(root)) == (-3, [(-3, "parent_aborted")])


class TestAStateForEveryNode:
    def test_each_node_is_seen_while_it_runs(self, root: Session) -> None:
        nodes = [{**request(), "title": "Ask the lab"}, {**DAY, "title": "Let it rest"}, {**OUT, "title": "Tell"}]
        execution = queue(root, *nodes, options={"statePerNode": True})
        root.machines.run(root.backend)
        assert status(root, execution) == 1
        (running,) = root.machines.executions.values()
        assert running.machine is not None
        assert [name for name in running.machine.entered if not name.startswith(("After", "Sleep"))] == [
            *["Ask the lab"] * 3,
            "Let it rest",
            "Wait in Let it rest",
            "Let it rest",
            "Tell",
            "Done",
        ]

    def test_another_attempt_goes_on_where_the_first_came(self, root: Session) -> None:
        execution = queue(root, {**OUT, "key": "first"}, ask(), OUT, options={"statePerNode": True})
        root.machines.run(root.backend)
        root.machines.forget()
        root.clock.sleep(3_600)
        OpenRuns(root.backend, at_once=True).sweep(root.clock.now_ms() + 60_000)
        root.answer("jobs:resume", f"{execution}-2", {"status": 1})
        root.machines.run(root.backend)
        OpenRuns(root.backend, at_once=True).sweep(root.clock.now_ms() + 60_000)
        root.machines.run(root.backend)
        assert (status(root, execution), [job["nodeKey"] for job in jobs(root, execution)]) == (1, ["first", "ask", "out"])
