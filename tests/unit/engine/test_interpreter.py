"""`Interpreter`: an end node commits, a failure drops everything, errors are told, and a deadline is kept."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.ports import StoreUnavailable
from chalicelib.domain.status import ABORTED, ERROR, FAILED, REJECTED, RESOLVED
from chalicelib.errors import Conflict, DeadlineExceeded, Forbidden, Invalid, NotFound, Problem, TooLarge, Unavailable
from tests.unit.engine.fakes import NOW_MS
from tests.unit.engine.runs import Run, act, create, end, outcome, output, raising, slow, writing

pytestmark = pytest.mark.usefixtures("acting_node")


def test_a_workflow_without_nodes_is_resolved() -> None:
    run = Run().walk()
    assert (run.execution.status, run.jobs, run.execution.failed_job) == (RESOLVED, [], None)


def test_writes_of_a_run_that_resolves_are_kept() -> None:
    run = Run(create("one"), create("two")).walk()
    assert (run.execution.status, run.titles) == (RESOLVED, ["one", "two"])


class TestFailing:
    @pytest.mark.parametrize(
        ("status", "expected"), [(FAILED, FAILED), (ERROR, ERROR), (REJECTED, REJECTED), (ABORTED, ABORTED), (-100, FAILED)]
    )
    def test_a_failing_node_ends_the_run_and_drops_every_write(self, status: int, expected: int) -> None:
        run = Run(create("before"), act(writing("inside", outcome(status, "why"))), create("after")).walk()
        assert run.execution.status == expected
        assert run.titles == []
        assert [entry[:2] for entry in run.jobs] == [("create", RESOLVED), ("act", status)]
        assert run.execution.failed_job is not None
        assert run.execution.failed_job.result == "why"

    def test_it_drops_only_what_this_run_wrote(self) -> None:
        run = Run(create("inside"), act(outcome(FAILED)))
        run.records.create("items", {"title": "of the request"})
        assert run.walk().titles == ["of the request"]

    def test_inside_a_branch_it_ends_the_run_too(self) -> None:
        inner = [create("in the branch"), act(outcome(FAILED)), create("never")]
        run = Run(act(outcome(RESOLVED, branch=3), "outer", branches={"3": inner}), create("never")).walk()
        assert (run.execution.status, run.titles) == (FAILED, [])
        assert [job.node.type for job in run] == ["act", "create", "act"]

    def test_its_history_stays(self) -> None:
        run = Run(output("said"), act(outcome(FAILED, {"reason": 1}, log="in detail"))).walk()
        item = run.execution.to_item("token", "now")
        assert '"reason":1' in item["doc"]
        assert '"in detail"' in item["doc"]
        assert (item["status"], run.execution.output) == (FAILED, "said")


class TestEnding:
    @pytest.mark.parametrize("status", [RESOLVED, FAILED, REJECTED, -100])
    def test_an_end_node_commits_what_was_written_before_it(self, status: int) -> None:
        run = Run(create("before"), end(status), create("never")).walk()
        assert run.titles == ["before"]
        assert run.execution.ended_by_end
        assert run.execution.failed_job is None
        assert run.jobs[-1] == ("end", status, None)

    def test_an_end_node_ends_it_from_any_depth(self) -> None:
        deep = act(outcome(RESOLVED, branch=1), "inner", branches={"1": [create("deep"), end(-1), create("never")]})
        run = Run(act(outcome(RESOLVED, branch=0), "outer", branches={"0": [deep, create("never")]}), create("never")).walk()
        assert (run.execution.status, run.titles) == (FAILED, ["deep"])

    def test_a_node_sees_what_the_nodes_before_it_wrote(self) -> None:
        query = {"key": "q", "type": "query", "config": {"collection": "items", "multiple": True, "params": {}}}
        run = Run(create("second"), query, output("{{$jobsMapByNodeKey.q.title}}")).walk()
        assert run.execution.output == ["first", "second"]


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "code", "message"),
        [
            (Invalid("bad value", path="title"), "INVALID", "bad value"),
            (NotFound("no such collection", code="COLLECTION_NOT_FOUND"), "COLLECTION_NOT_FOUND", "no such collection"),
            (TooLarge("too many", code="TOO_MANY_WRITES"), "TOO_MANY_WRITES", "too many"),
            (Forbidden("no"), "FORBIDDEN", "no"),
        ],
    )
    def test_what_the_record_layer_refuses_is_the_nodes_error(self, error: Exception, code: str, message: str) -> None:
        run = Run(create("before"), act(writing("half", raising(error)))).walk()
        result = run.execution.jobs[-1].result
        assert (run.execution.status, run.titles) == (ERROR, [])
        assert (result["message"], result["code"]) == (message, code)

    def test_every_mistake_in_the_values_is_told(self) -> None:
        found = [Problem("first", "a"), Problem("second", "b")]
        run = Run(act(raising(Invalid.of(found)))).walk()
        assert [(entry["path"], entry["message"]) for entry in run.execution.jobs[-1].result["errors"]] == [("a", "first"), ("b", "second")]

    def test_a_bug_of_ours_ends_the_run_as_an_error_with_history(self) -> None:
        run = Run(create("before"), act(writing("half", raising(RuntimeError("secret detail"))))).walk()
        assert run.jobs[-1] == ("act", ERROR, {"message": "internal error in this node", "code": "INTERNAL"})
        assert (run.execution.status, run.titles) == (ERROR, [])
        assert "secret detail" not in run.execution.to_item("t", "now")["doc"]

    @pytest.mark.parametrize("error", [Conflict("busy"), Unavailable("gone"), DeadlineExceeded("late")])
    def test_what_is_not_the_nodes_fault_is_passed_on(self, error: Exception) -> None:
        with pytest.raises(type(error)):
            Run(act(raising(error))).walk()

    def test_a_database_without_an_answer_is_not_the_nodes_fault(self) -> None:
        """The call is to end as a 503 that may be tried again, not as a workflow that failed."""
        with pytest.raises((StoreUnavailable, Unavailable)):
            Run(act(raising(StoreUnavailable("no answer")))).walk()


# The run that a node of the tests below belongs to: its clock is the one to move.
running: list[Run] = []


class TestDeadline:
    def test_a_run_that_is_late_stops_before_its_next_node(self) -> None:
        clock = FixedClock(NOW_MS)
        late_run = Run(slow(clock, 3), {**create("never"), "title": "Too late"}, deadline_ms=NOW_MS + 2000, clock=clock)
        with pytest.raises(DeadlineExceeded, match='"The flow" ran out of time before node "Too late"') as late:
            late_run.walk()
        assert late.value.data == {}

    def test_a_run_that_is_just_in_time_goes_on(self) -> None:
        clock = FixedClock(NOW_MS)
        assert Run(slow(clock, 2), create("kept"), deadline_ms=NOW_MS + 2000, clock=clock).walk().titles == ["kept"]

    def test_a_last_node_that_is_late_ends_the_run_too(self) -> None:
        clock = FixedClock(NOW_MS)
        with pytest.raises(DeadlineExceeded, match='"The flow" ran out of time before it came to its end; nothing was written'):
            Run(create("never"), slow(clock, 9), deadline_ms=NOW_MS + 2000, clock=clock).walk()

    def test_an_end_node_that_is_late_ends_the_run_too(self) -> None:
        clock = FixedClock(NOW_MS)
        branch = {"branches": {"1": [slow(clock, 9), end(RESOLVED)]}}
        with pytest.raises(DeadlineExceeded):
            Run(create("never"), act(outcome(RESOLVED, branch=1)) | branch, deadline_ms=NOW_MS + 2000, clock=clock).walk()
