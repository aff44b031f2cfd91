"""Executions are cancelled, run again and removed; nobody can do so to one that is not in the right state."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.ports import EXECUTIONS
from chalicelib.errors import Invalid, NotFound, Unavailable, Unprocessable
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.execution_control import MOST_WRITES
from tests.machines import unreachable
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, after

Json = Any
DAY = {"type": "delay", "config": {"duration": 1, "unit": 86_400_000, "endStatus": 1}}
LONG = {"key": "long", "type": "subflow", "config": {"workflow": "never"}}


def note(text: str) -> Json:
    return {"key": text, "type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text}}}}


def fails(key: str) -> Json:
    return {"key": key, "type": "end", "config": {"endStatus": -1}}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS)).install()


def run(session: Session, nodes: list[Json], key: str = "slow", **more: Json) -> int:
    """The id of an execution that was triggered, and has not been walked."""
    session.workflow(key, nodes, None, sync=False, **more)
    answer = session.answer("workflows:trigger", None, {}, triggerWorkflows=key)
    assert answer.meta is not None
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


def walked(session: Session, execution_id: int) -> None:
    """Only the first walk; what waits, waits."""
    AsyncRuns(session.backend).run_segment({"executionId": execution_id, "attempt": 1}, session.clock.now_ms() + 60_000)


def notes(session: Session) -> list[str]:
    return sorted(row["note"] for row in session.call("inspectionRecords:list", pageSize="100"))


def jobs(session: Session, execution_id: int) -> list[tuple[str, int]]:
    return [(job["nodeKey"], job["status"]) for job in session.call("executions:get", execution_id, appends="jobs")["jobs"]]


class TestCancel:
    def test_one_that_is_queued_never_runs(self, session: Session) -> None:
        execution_id = run(session, [note("x")])
        assert session.call("executions:cancel", execution_id)["status"] == -3
        session.machines.run(session.backend)
        row = session.execution(execution_id)
        assert (row["status"], row["reason"], notes(session)) == (-3, "manual_cancel", [])

    def test_one_that_waits_ends_with_its_jobs_and_its_machine(self, session: Session) -> None:
        execution_id = run(session, [note("x"), DAY | {"key": "day"}, note("y")])
        walked(session, execution_id)
        session.call("executions:cancel", execution_id)
        assert jobs(session, execution_id) == [("x", 1), ("day", -3)]
        assert ("stop", f"{execution_id}-1") in session.machines.asked
        assert session.machines.executions[f"{execution_id}-1"].status == "ABORTED"

    def test_a_walk_that_is_under_way_can_write_nothing_more(self, session: Session) -> None:
        execution_id = run(session, [DAY, note("y")])
        walked(session, execution_id)
        session.call("executions:cancel", execution_id)
        session.clock.sleep(90_000)
        walked(session, execution_id)
        assert (notes(session), session.execution(execution_id)["status"]) == ([], -3)

    def test_children_end_with_it(self, session: Session) -> None:
        session.workflow("never", [DAY], None, sync=False)
        parent = run(session, [LONG])
        walked(session, parent)
        [child] = session.executions("never")
        session.call("executions:cancel", parent)
        assert [(one["status"], one["reason"]) for one in session.executions("never")] == [(-3, "parent_aborted")]
        assert jobs(session, parent) == [("long", -3)]
        assert session.execution(child["id"])["parentExecutionId"] == parent

    def test_of_a_child_alone_is_the_parents_failed_job(self, session: Session) -> None:
        session.workflow("never", [DAY], None, sync=False)
        parent = run(session, [LONG])
        walked(session, parent)
        session.call("executions:cancel", session.executions("never")[0]["id"])
        walked(session, parent)
        assert (jobs(session, parent), session.execution(parent)["status"]) == ([("long", -1)], -1)

    def test_of_one_that_has_ended_is_refused(self, session: Session) -> None:
        execution_id = run(session, [note("x")])
        session.machines.run(session.backend)
        with pytest.raises(Invalid) as caught:
            session.call("executions:cancel", execution_id)
        assert caught.value.code == "EXECUTION_ENDED"
        assert session.execution(execution_id)["status"] == 1

    def test_of_one_that_is_not_there_is_not_found(self, session: Session) -> None:
        with pytest.raises(NotFound):
            session.call("executions:cancel", 12345)
        with pytest.raises(Invalid):
            session.call("executions:cancel", "abc")


class TestRerun:
    def failed(self, session: Session) -> int:
        nodes = [note("a"), note("b"), fails("stop")]
        execution_id = run(session, nodes)
        session.machines.run(session.backend)
        assert session.execution(execution_id)["status"] == -1
        return execution_id

    def node(self, session: Session, key: str) -> int:
        [version] = session.call("workflows:list", filter={"key": "slow"}, appends="nodes")
        return next(node["id"] for node in version["nodes"] if node["key"] == key)

    def test_of_an_ended_one_is_another_that_begins_at_the_node(self, session: Session) -> None:
        execution_id = self.failed(session)
        answer = session.answer("executions:rerun", execution_id, {"nodeId": self.node(session, "b")})
        assert (answer.status, answer.data["rerunOf"]) == (202, execution_id)
        again = answer.data["id"]
        assert jobs(session, again) == [("a", 1)]
        session.machines.run(session.backend)
        assert jobs(session, again) == [("a", 1), ("b", 1), ("stop", -1)]
        assert notes(session) == ["a", "b", "b"]
        assert session.execution(again)["rerunOf"] == execution_id
        assert jobs(session, execution_id) == [("a", 1), ("b", 1), ("stop", -1)]

    def test_without_a_node_begins_at_the_start(self, session: Session) -> None:
        again = session.call("executions:rerun", self.failed(session), {})["id"]
        session.machines.run(session.backend)
        assert (notes(session), session.execution(again)["status"]) == (["a", "a", "b", "b"], -1)

    def test_a_node_in_a_loop_stands_for_the_loop(self, session: Session) -> None:
        loop = {"key": "loop", "type": "loop", "config": {"target": 2}, "branches": {"0": [note("in")]}}
        execution_id = run(session, [note("a"), loop, fails("stop")])
        session.machines.run(session.backend)
        again = session.call("executions:rerun", execution_id, {"nodeId": self.node(session, "in")})["id"]
        assert jobs(session, again) == [("a", 1)]
        session.machines.run(session.backend)
        assert notes(session) == ["a", "in", "in", "in", "in"]

    def test_copies_more_jobs_than_a_transaction_holds(self, session: Session) -> None:
        loop = {
            "key": "loop",
            "type": "loop",
            "config": {"target": MOST_WRITES + 5},
            "branches": {"0": [{"type": "variable", "config": {}}]},
        }
        execution_id = run(session, [loop, fails("stop")])
        session.machines.run(session.backend)
        again = session.call("executions:rerun", execution_id, {"nodeId": self.node(session, "stop")})["id"]
        assert len(jobs(session, again)) == MOST_WRITES + 6

    def test_of_one_under_way_is_a_new_attempt_that_goes_on(self, session: Session) -> None:
        execution_id = run(session, [note("a"), DAY | {"key": "day"}, note("b")])
        walked(session, execution_id)
        answer = session.answer("executions:rerun", execution_id, {})
        assert (answer.status, answer.data["attempt"]) == (202, 2)
        assert session.machines.executions[f"{execution_id}-1"].status == "ABORTED"
        session.machines.run(session.backend)
        assert (jobs(session, execution_id), notes(session)) == ([("a", 1), ("day", 1), ("b", 1)], ["a", "b"])

    def test_tells_what_cannot_be(self, session: Session) -> None:
        queued = run(session, [note("a"), DAY | {"key": "day"}])
        with pytest.raises(Invalid, match="not started"):
            session.call("executions:rerun", queued, {})
        walked(session, queued)
        with pytest.raises(Invalid, match="under way"):
            session.call("executions:rerun", queued, {"nodeId": self.node(session, "a")})
        with pytest.raises(NotFound):
            session.call("executions:rerun", 12345, {})

    def test_a_node_must_have_run(self, session: Session) -> None:
        execution_id = self.failed(session)
        for wrong in (1, "x", True):
            with pytest.raises(Invalid) as caught:
                session.call("executions:rerun", execution_id, {"nodeId": wrong})
            assert caught.value.problems()[0].path == "nodeId"

    def test_of_a_synchronous_one_is_refused(self, session: Session) -> None:
        session.workflow("fast", [note("a")], None)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="fast")
        with pytest.raises(Invalid) as caught:
            session.call("executions:rerun", session.executions("fast")[0]["id"], {})
        assert caught.value.code == "WORKFLOW_SYNCHRONOUS"

    def test_where_no_machine_can_be_started_says_so(self, session: Session) -> None:
        execution_id = run(session, [DAY])
        walked(session, execution_id)
        session.machines.failures.append(unreachable)
        with pytest.raises(Unavailable):
            session.call("executions:rerun", execution_id, {})


class TestDestroy:
    def test_takes_the_jobs_along(self, session: Session) -> None:
        execution_id = run(session, [note("a"), note("b")])
        session.machines.run(session.backend)
        assert session.call("executions:destroy", execution_id) == 1
        assert session.store.query(EXECUTIONS, str(execution_id)).items == []

    def test_leaves_what_has_not_ended(self, session: Session) -> None:
        execution_id = run(session, [note("a"), DAY])
        assert session.call("executions:destroy", execution_id) == 0
        walked(session, execution_id)
        assert session.call("executions:destroy", execution_id) == 0
        assert len(jobs(session, execution_id)) == 2


def test_a_list_by_record_shows_what_touched_it(session: Session) -> None:
    session.workflow("slow", [note("a")], sync=False)
    session.trigger("samples", 1, "slow")
    session.trigger("samples", 2, "slow")
    session.machines.run(session.backend)
    [row] = session.call("executions:list", filter={"record": "samples/1"}, appends="jobs")
    assert (row["key"], row["status"], [job["nodeKey"] for job in row["jobs"]]) == ("slow", 1, ["a"])


class TestAtOnce:
    """Two who rerun one execution at the same moment."""

    def both(self, session: Session, execution_id: int, meanwhile: Any) -> Any:
        """The answer of one, while the other does its part between this one's read and its write."""
        transact, done = session.store.transact, [False]

        def first_the_other(writes: Any) -> None:
            if not done[0] and any("starts" in getattr(write, "set", {}) for write in writes):
                done[0] = True
                meanwhile()
            transact(writes)

        session.store.transact = first_the_other  # type: ignore[method-assign]
        return session.answer("executions:rerun", execution_id, {})

    def test_start_one_attempt_and_both_hear_of_it(self, session: Session) -> None:
        execution_id = run(session, [DAY])
        walked(session, execution_id)
        heard: list[Any] = []
        answer = self.both(session, execution_id, lambda: heard.append(session.answer("executions:rerun", execution_id, {})))
        assert [(one.status, one.data) for one in (answer, *heard)] == [(202, {"id": execution_id, "status": 0, "attempt": 2})] * 2
        assert sorted(session.machines.executions) == [f"{execution_id}-1", f"{execution_id}-2"]

    def test_one_that_ends_meanwhile_is_said_to_have_ended(self, session: Session) -> None:
        execution_id = run(session, [DAY])
        walked(session, execution_id)
        with pytest.raises(Invalid) as refused:
            self.both(session, execution_id, lambda: session.answer("executions:cancel", execution_id))
        assert refused.value.problems()[0].code == "EXECUTION_ENDED"


class TestRerunAsked:
    """A rerun does what it was asked, or says what it did not understand."""

    def ended(self, session: Session) -> int:
        execution_id = run(session, [note("a"), note("b")])
        session.machines.run(session.backend)
        return execution_id

    @pytest.mark.parametrize(
        ("body", "params", "path"),
        [
            ({"nodeID": 5}, {}, "nodeID"),
            ({"node": 1}, {}, "node"),
            ({}, {"nodeId": "77"}, "nodeId"),
            ({}, {"dryRun": "1"}, "dryRun"),
            ({"nodeId": "9" * 5_000}, {}, "nodeId"),
            ({"nodeId": "\u00b2"}, {}, "nodeId"),
        ],
    )
    def test_what_would_be_ignored_is_refused_by_name(self, session: Session, body: Json, params: Json, path: str) -> None:
        execution_id = self.ended(session)
        with pytest.raises(Invalid) as caught:
            session.call("executions:rerun", execution_id, body, **params)
        assert [problem.path for problem in caught.value.problems()] == [path]
        assert len(session.executions("slow")) == 1

    def test_one_key_is_one_execution(self, session: Session) -> None:
        execution_id = self.ended(session)
        first = session.answer("executions:rerun", execution_id, {}, key="once")
        second = session.answer("executions:rerun", execution_id, {}, key="once")
        assert (second.status, second.body()) == (202, first.body())
        assert second.headers["Idempotent-Replayed"] == "true"
        assert len(session.executions("slow")) == 2

    def test_one_key_is_one_attempt(self, session: Session) -> None:
        execution_id = run(session, [DAY])
        walked(session, execution_id)
        answers = [session.answer("executions:rerun", execution_id, {}, key="once").body()["data"]["attempt"] for _ in range(2)]
        assert answers == [2, 2]

    def test_a_key_is_of_one_request(self, session: Session) -> None:
        execution_id = self.ended(session)
        session.answer("executions:rerun", execution_id, {}, key="once")
        node = session.call("workflows:list", filter={"key": "slow"}, appends="nodes")[0]["nodes"][1]["id"]
        with pytest.raises(Unprocessable):
            session.answer("executions:rerun", execution_id, {"nodeId": node}, key="once")

    def test_of_two_with_one_key_at_once_the_second_answers_as_the_first_and_leaves_nothing(self, session: Session) -> None:
        execution_id, other = self.ended(session), session.process()
        node = session.call("workflows:list", filter={"key": "slow"}, appends="nodes")[0]["nodes"][1]["id"]
        heard: list[Json] = []

        def ask(one: Session) -> Json:
            return one.answer("executions:rerun", execution_id, {"nodeId": node}, key="once").body()["data"]

        store = WatchedStore(session.store)
        store.sendings.append(after(lambda: heard.append(ask(other))))
        late = ask(session.process(store))
        assert late == heard[0]
        assert len(session.executions("slow")) == 2
        copies = [write.key for writes in store.transactions for write in writes if write.key.sk.startswith("job#")]
        assert copies != []
        assert session.store.batch_get(set(copies)) == {}
