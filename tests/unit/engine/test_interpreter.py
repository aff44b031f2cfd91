"""`Interpreter`: every node in a savepoint, an end node commits, a failure drops everything, and jobs tell what happened."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import StoreUnavailable
from chalicelib.domain.status import ABORTED, ERROR, FAILED, REJECTED, RESOLVED
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.dispatch import walk
from chalicelib.engine.execution import Execution, Job
from chalicelib.engine.interpreter import prepared_nodes
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.validation import flatten
from chalicelib.errors import Conflict, DeadlineExceeded, Forbidden, Invalid, Json, NotFound, Problem, TooLarge, Unavailable
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope
from tests.stores import WatchedStore
from tests.unit.engine.fakes import ITEMS, NOW_MS, fill, records_over

Act = Callable[[Scope, Ports], Outcome]


@pytest.fixture(autouse=True)
def acting_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node type of these tests: its config holds the function to run."""
    act = NodeType("act", {}, lambda config, scope, ports: config["act"](scope, ports), prepare=lambda config: config, branches=None)
    monkeypatch.setitem(NODE_TYPES, "act", act)  # type: ignore[arg-type]


def act(function: Act, key: str = "acting", branches: Json = None) -> dict[str, Json]:
    return {"key": key, "type": "act", "title": "Act", "config": {"act": function}} | ({"branches": branches} if branches else {})


def create(title: str, **values: Json) -> dict[str, Json]:
    return {"type": "create", "config": {"collection": "items", "params": {"values": {"title": title, **values}}}}


def end(status: int) -> dict[str, Json]:
    return {"type": "end", "config": {"endStatus": status}}


def say(text: str) -> dict[str, Json]:
    return {"type": "response-message", "config": {"message": text}}


def output(value: Json, key: str = "out") -> dict[str, Json]:
    return {"key": key, "type": "output", "config": {"value": value}}


def outcome(status: int, result: Json = None, **more: Any) -> Act:
    return lambda scope, ports: Outcome(status, result, **more)


def raising(error: Exception) -> Act:
    def run(scope: Scope, ports: Ports) -> Outcome:
        raise error

    return run


def writing(title: str, then: Act) -> Act:
    """Makes an item, then does the other."""

    def run(scope: Scope, ports: Ports) -> Outcome:
        ports.records.create("items", {"title": title})
        return then(scope, ports)

    return run


def workflow_of(nodes: list[dict[str, Json]]) -> Workflow:
    ids, keys = itertools.count(8193), (f"k{number}" for number in itertools.count(1))
    flat = flatten(nodes, lambda: next(ids), lambda: next(keys))
    return Workflow(8192, "flow", "The flow", "custom-action", True, True, {"type": 0}, {}, flat)


class Run:
    """One walk over a store with one item, 1."""

    def __init__(self, *nodes: dict[str, Json], answers: bool = True, deadline_ms: int | None = None) -> None:
        self.store = WatchedStore(MemoryStore())
        fill(self.store, ITEMS, [{"id": 1, "title": "first", "code": "a"}])
        self.clock = FixedClock(NOW_MS)
        self.records: UnitRecords = records_over(self.store, ITEMS)
        self.context: dict[str, Json] = {"data": {"id": 1}, "user": {"id": 7}, "roleName": "root"}
        self.execution = Execution(77, workflow_of(list(nodes)), self.context, iso_text(NOW_MS))
        self._answers, self._deadline_ms = answers, deadline_ms

    def walk(self) -> Run:
        walk(self.execution, self.records, self.clock, answers=self._answers, deadline_ms=self._deadline_ms, timezone="+00:00")
        return self

    @property
    def titles(self) -> list[Json]:
        """What would be committed."""
        return [staged.after.row["title"] for staged in self.records.unit.staged.values() if staged.after]

    @property
    def jobs(self) -> list[tuple[str, int, Json]]:
        return [(job.node.type, job.status, job.result) for job in self.execution.jobs]

    def __iter__(self) -> Iterator[Job]:
        return iter(self.execution.jobs)


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
    @staticmethod
    def slow(seconds: float) -> dict[str, Json]:
        def run(scope: Scope, ports: Ports) -> Outcome:
            running[0].clock.sleep(seconds)
            return Outcome(RESOLVED)

        return act(run)

    def test_a_run_that_is_late_stops_before_its_next_node(self) -> None:
        running[:] = [Run(self.slow(3), {**create("never"), "title": "Too late"}, deadline_ms=NOW_MS + 2000)]
        with pytest.raises(DeadlineExceeded, match='"The flow" ran out of time before node "Too late"') as late:
            running[0].walk()
        assert late.value.data["executionId"] == 77

    def test_a_run_that_is_just_in_time_goes_on(self) -> None:
        running[:] = [Run(self.slow(2), create("kept"), deadline_ms=NOW_MS + 2000)]
        assert running[0].walk().titles == ["kept"]

    def test_a_last_node_that_is_late_does_not_undo_the_run(self) -> None:
        running[:] = [Run(create("kept"), self.slow(9), deadline_ms=NOW_MS + 2000)]
        assert running[0].walk().execution.status == RESOLVED


class TestAnswers:
    def test_messages_add_up_in_the_order_they_were_said(self) -> None:
        run = Run(say("one"), say("two")).walk()
        assert run.execution.messages == ["one", "two"]

    def test_where_nobody_waits_nothing_is_said(self) -> None:
        run = Run(say("one"), answers=False).walk()
        assert (run.execution.messages, run.jobs) == ([], [("response-message", RESOLVED, None)])

    def test_the_last_output_stands(self) -> None:
        assert Run(output(1), output(2, "out2")).walk().execution.output == 2

    def test_the_summary_names_id_key_and_status(self) -> None:
        assert Run(end(-5)).walk().execution.summary() == {"id": 77, "key": "flow", "status": -5}


class TestJobs:
    def test_each_follows_the_one_before(self) -> None:
        first, second, third = Run(output(1), output(2, "out2"), say("x")).walk()
        assert (first.id, first.upstream_id) == ("77-1", None)
        assert (second.id, second.upstream_id) == ("77-2", "77-1")
        assert (third.id, third.upstream_id) == ("77-3", "77-2")

    def test_a_key_tells_where_the_node_ran(self) -> None:
        inner = act(outcome(RESOLVED, branch=0), "inner", branches={"0": [output("deep", "leaf")]})
        run = Run(act(outcome(RESOLVED, branch=1), "outer", branches={"1": [inner]}), output("after", "last")).walk()
        assert [job.key for job in run] == ["#outer", "outer~1#inner", "outer~1/inner~0#leaf", "#last"]

    def test_times_are_those_of_the_clock(self) -> None:
        running[:] = [Run(TestDeadline.slow(2), output(1))]
        first, second = running[0].walk()
        assert (first.started_at, first.ended_at) == (iso_text(NOW_MS), iso_text(NOW_MS + 2000))
        assert second.started_at == first.ended_at

    def test_the_result_of_the_newest_job_is_what_templates_see(self) -> None:
        def assigning(scope: Scope, ports: Ports) -> Outcome:
            return Outcome(RESOLVED, [ports.assign("out", "new"), ports.assign("nowhere", "x")])

        run = Run(output("old"), act(assigning), output("{{$jobsMapByNodeKey.out}}", "after")).walk()
        assert run.execution.jobs[-1].result == "new"
        assert [job.node.key for job in run] == ["out", "out", "acting", "after"]
        assert len({job.id for job in run}) == len({job.key for job in run}) == 4
        assert run.execution.jobs[2].result == [True, False]

    def test_a_branch_that_is_not_there_is_passed_over(self) -> None:
        run = Run(act(outcome(RESOLVED, branch=7), branches={"1": [output("never")]}), output("after", "last")).walk()
        assert [job.node.key for job in run] == ["acting", "last"]

    def test_branches_are_walked_only_when_the_node_names_one(self) -> None:
        run = Run(act(outcome(RESOLVED), branches={"0": [output("never")]})).walk()
        assert len(run.execution.jobs) == 1


class TestScope:
    def test_nodes_see_context_results_and_system_variables(self) -> None:
        seen: list[Scope] = []

        def look(scope: Scope, ports: Ports) -> Outcome:
            seen.append(scope)
            return Outcome(RESOLVED)

        Run(output(5), act(look)).walk()
        (scope,) = seen
        assert scope["$context"]["data"] == {"id": 1}
        assert scope["$jobsMapByNodeKey"]["out"] == 5
        assert scope["$system"]["now"] == iso_text(NOW_MS)

    def test_ids_made_in_a_run_are_the_same_when_it_walks_again(self) -> None:
        made = [Run(output("{{$system.genSnowflakeId}}"), create("x")).walk() for _ in range(2)]
        assert made[0].execution.output == made[1].execution.output
        assert made[0].titles == made[1].titles
        assert list(made[0].records.unit.staged) == list(made[1].records.unit.staged)

    def test_configs_are_prepared_once_for_a_parsed_workflow(self) -> None:
        workflow = workflow_of([output("{{$context.data.id}}")])
        assert prepared_nodes(workflow) is prepared_nodes(workflow)
