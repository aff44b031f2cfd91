"""A job that waits, ended from outside. https://docs.nocobase.com/workflow/advanced/executions"""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import execution_key
from chalicelib.engine.stored_jobs import public_jobs, read_all
from chalicelib.errors import Forbidden, Invalid, NotFound, TooLarge
from chalicelib.services.async_runs import AsyncRuns
from tests.machines import throttled
from tests.sessions import Session
from tests.stores import WatchedStore, after, unheard

Json = Any
ASK = {"key": "ask", "type": "manual", "config": {"assignees": [1]}}
WAIT = {"key": "wait", "type": "delay", "config": {"duration": 3, "unit": 86_400_000, "endStatus": 1}}
LAST = {"key": "last", "type": "output", "config": {"value": 1}}
OUT = {"key": "out", "type": "output", "config": {"value": "{{$jobsMapByNodeKey.ask}}"}}


@pytest.fixture
def root() -> Session:
    return Session(MemoryStore()).install()


def queue(root: Session, *nodes: Json, **more: Json) -> int:
    """Starts a workflow of these nodes, whose machine does not run yet; the execution's id."""
    root.workflow("flow", list(nodes), collection=None, sync=False, **more)
    meta: Json = root.answer("workflows:trigger", None, {}, triggerWorkflows="flow").meta
    execution: int = meta["executions"][0]["id"]
    return execution


def begin(root: Session, *nodes: Json) -> int:
    """As `queue`, and lets it run until it waits."""
    execution = queue(root, *nodes)
    root.machines.run(root.backend)
    return execution


def walk(root: Session, *nodes: Json, **more: Json) -> int:
    """As `queue`, walked once without its machine, for which time would pass at once."""
    execution = queue(root, *nodes, **more)
    AsyncRuns(root.backend).run_segment({"executionId": execution, "attempt": 1}, root.clock.now_ms() + 60_000)
    return execution


def stored(root: Session, execution: int) -> Json:
    return root.store.batch_get([execution_key(execution)])[execution_key(execution)]


def jobs(root: Session, execution: int) -> list[Json]:
    return [[job["nodeKey"], job["status"], job["result"]] for job in public_jobs(read_all(root.store, execution)[1], execution)]


def test_the_execution_goes_on_with_the_status_and_result_it_is_given(root: Session) -> None:
    execution = begin(root, ASK, OUT)
    answer = root.answer("jobs:resume", f"{execution}-1", {"status": 1, "result": {"a": 1}})
    assert (answer.status, answer.data["status"], answer.data["result"]) == (202, 1, {"a": 1})
    assert (answer.data["id"], answer.data["nodeKey"]) == (f"{execution}-1", "ask")
    root.machines.run(root.backend)
    assert stored(root, execution)["status"] == 1
    assert jobs(root, execution) == [["ask", 1, {"a": 1}], ["out", 1, {"a": 1}]]


@pytest.mark.parametrize("status", [-1, -5])
def test_a_negative_status_ends_the_line(root: Session, status: int) -> None:
    execution = begin(root, ASK, OUT)
    root.call("jobs:resume", f"{execution}-1", {"status": status})
    root.machines.run(root.backend)
    assert (stored(root, execution)["status"], jobs(root, execution)) == (status, [["ask", status, None]])


@pytest.mark.parametrize("body", [None, {}, {"status": 0}, {"status": None, "result": 5}])
def test_without_a_status_nothing_changes(root: Session, body: Json) -> None:
    execution = begin(root, ASK)
    before = stored(root, execution)
    assert root.answer("jobs:resume", f"{execution}-1", body).status == 202
    assert (stored(root, execution), jobs(root, execution)) == (before, [["ask", 0, None]])


def test_only_root_may(root: Session) -> None:
    root.call("users:create", None, {"id": 2, "username": "ann", "password": "a password 9", "roles": ["admin"]})
    execution = begin(root, ASK)
    with pytest.raises(Forbidden):
        root.process(user_id=2).call("jobs:resume", f"{execution}-1", {"status": 1})
    assert jobs(root, execution) == [["ask", 0, None]]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"status": 2}, ["status"]),
        ({"status": "1"}, ["status"]),
        ({"status": True}, ["status"]),
        ({"status": 1.0}, ["status"]),
        ({"status": [], "nodeId": 1, "id": 2}, ["nodeId", "id", "status"]),
    ],
)
def test_a_body_that_cannot_be_is_refused_with_every_mistake(root: Session, body: Json, paths: list[str]) -> None:
    execution = begin(root, ASK)
    with pytest.raises(Invalid) as refused:
        root.call("jobs:resume", f"{execution}-1", body)
    assert [problem.path for problem in refused.value.problems()] == paths


def test_a_job_that_is_not_there_is_not_found(root: Session) -> None:
    execution = begin(root, ASK)
    for job in (f"{execution}-2", "12345-1"):
        with pytest.raises(NotFound, match=job):
            root.call("jobs:resume", job, {"status": 1})
    nameless: list[str | None] = ["x", "", None, "-1", "9" * 5_000 + "-1", "1-" + "9" * 5_000, "\u0662-1"]
    for missing in nameless:
        with pytest.raises(Invalid, match="id"):
            root.call("jobs:resume", missing, {"status": 1})


def test_what_has_ended_is_ended_once(root: Session) -> None:
    execution = begin(root, ASK, LAST)
    root.call("jobs:resume", f"{execution}-1", {"status": 1})
    with pytest.raises(Invalid, match="ended already, with status 1"):
        root.call("jobs:resume", f"{execution}-1", {"status": -1})
    root.machines.run(root.backend)
    with pytest.raises(Invalid, match="execution has ended"):
        root.call("jobs:resume", f"{execution}-1", {"status": -1})
    root.workflow("sync", [LAST], collection=None)
    meta: Json = root.answer("workflows:trigger", None, {}, triggerWorkflows="sync").meta
    with pytest.raises(Invalid, match="execution has ended"):
        root.call("jobs:resume", f"{meta['executions'][0]['id']}-1", {"status": 1})


def test_of_two_at_the_same_moment_the_second_is_refused(root: Session) -> None:
    execution = begin(root, ASK)
    store = WatchedStore(root.store)
    store.sendings.append(after(lambda: root.call("jobs:resume", f"{execution}-1", {"status": -1})))
    with pytest.raises(Invalid, match="with status -1"):
        root.process(store).call("jobs:resume", f"{execution}-1", {"status": 1})
    assert stored(root, execution)["signals"] == 1


def test_a_commit_that_was_not_heard_counts_once(root: Session) -> None:
    execution = begin(root, ASK)
    store = WatchedStore(root.store)
    store.sendings.append(unheard)
    assert root.process(store).answer("jobs:resume", f"{execution}-1", {"status": 1}).status == 202
    root.machines.run(root.backend)
    assert (stored(root, execution)["status"], stored(root, execution)["signals"]) == (1, 1)


def test_a_result_of_a_megabyte_is_kept(root: Session) -> None:
    execution = begin(root, ASK)
    text = "".join(chr(97 + (n * n) % 23) for n in range(1_000_000))
    assert root.call("jobs:resume", f"{execution}-1", {"status": 1, "result": text})["result"] == text
    root.machines.run(root.backend)
    assert jobs(root, execution) == [["ask", 1, text]]


def test_a_result_that_no_job_holds_is_refused(root: Session) -> None:
    execution = begin(root, ASK)
    with pytest.raises(TooLarge, match="more than can be kept"):
        root.call("jobs:resume", f"{execution}-1", {"status": 1, "result": secrets.token_hex(4_000_000)})
    assert jobs(root, execution) == [["ask", 0, None]]


def test_a_delay_that_is_ended_early_is_walked_past_by_a_new_attempt(root: Session) -> None:
    execution, started = walk(root, WAIT, LAST), root.clock.now_ms()
    root.call("jobs:resume", f"{execution}-1", {"status": 1})
    assert ("start", f"{execution}-2") in root.machines.asked
    assert ("stop", f"{execution}-1") in root.machines.asked
    root.machines.run(root.backend)
    assert stored(root, execution)["status"] == 1
    assert root.clock.now_ms() == started


def test_a_new_attempt_that_cannot_be_started_is_left_to_the_sweep(root: Session) -> None:
    execution = walk(root, WAIT, LAST)
    root.machines.failures.append(throttled)
    assert root.answer("jobs:resume", f"{execution}-1", {"status": 1}).status == 202
    assert jobs(root, execution) == [["wait", 1, 259_200_000]]


def test_what_waits_for_its_branches_is_not_resumed_itself(root: Session) -> None:
    execution = begin(root, {"key": "loop", "type": "loop", "config": {"target": 2}, "branches": {"0": [ASK]}})
    with pytest.raises(Invalid, match="waits for what is in its branches"):
        root.call("jobs:resume", f"{execution}-1", {"status": 1})
    for number in (2, 3):
        root.call("jobs:resume", f"{execution}-{number}", {"status": 1})
        root.machines.run(root.backend)
    assert stored(root, execution)["status"] == 1


def test_a_task_of_a_job_that_was_ended_for_its_user_is_closed(root: Session) -> None:
    execution = begin(
        root, ASK | {"config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": [{"key": "y", "status": 1}]}}}}, WAIT
    )
    task = root.call("workflowManualTasks:listMine")[0]["id"]
    root.call("jobs:resume", f"{execution}-1", {"status": 1})
    with pytest.raises(Invalid, match="ended already"):
        root.call("workflowManualTasks:submit", task, {"result": {"f": {}, "_": "y"}})
    assert root.call("workflowManualTasks:listMine", filter={"status": 0}) == []


def test_an_execution_whose_time_is_over_takes_no_result(root: Session) -> None:
    execution = walk(root, ASK, options={"timeout": 60_000})
    assert isinstance(root.clock, FixedClock)
    root.clock.sleep(61)
    with pytest.raises(Invalid, match="time of the execution is over"):
        root.call("jobs:resume", f"{execution}-1", {"status": 1})
