"""What a run tells of itself: jobs, their keys and times, messages, output, and what nodes see."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.instants import iso_text
from chalicelib.domain.status import RESOLVED
from chalicelib.engine.interpreter import prepared_nodes
from chalicelib.nodes.base import Outcome, Ports, Scope
from tests.unit.engine.fakes import NOW_MS
from tests.unit.engine.runs import Run, act, create, end, outcome, output, say, slow, workflow_of

pytestmark = pytest.mark.usefixtures("acting_node")


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
        clock = FixedClock(NOW_MS)
        first, second = Run(slow(clock, 2), output(1), clock=clock).walk()
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
