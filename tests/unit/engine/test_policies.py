"""Policies in a call: waits between tries take place in it, and what a failed try did is dropped (https://states-language.net/spec.html#errors)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.status import ABORTED, ERROR, FAILED, REJECTED, RESOLVED
from chalicelib.engine.ports import Effects
from chalicelib.engine.runner import Runner
from chalicelib.errors import Conflict, DeadlineExceeded, Json
from chalicelib.nodes.base import Outcome, Ports, Scope
from tests.outside import NOTHING_OUTSIDE, FakeOutside
from tests.unit.engine.fakes import NOW_MS
from tests.unit.engine.runs import Act, Run, act, create, end, outcome, raising, say, writing

pytestmark = pytest.mark.usefixtures("acting_node")

ALWAYS = [{"errors": ["*"]}]
BUSY = {"fail": {"message": "busy", "status": 503}}


def with_policies(node: Json, **policies: Json) -> Json:
    return node | {"config": node["config"] | policies}


def one_after_the_other(*acts: Act) -> Act:
    """Each time the next, at last always the last."""
    left = list(acts)

    def run(scope: Scope, ports: Ports) -> Outcome:
        return (left.pop(0) if len(left) > 1 else left[0])(scope, ports)

    return run


def request(**config: Json) -> Json:
    return {"key": "call", "type": "request", "config": {"url": "http://example.com/", **config}}


def walk(run: Run, outside: Any = NOTHING_OUTSIDE, deadline_ms: int | None = None, effects: Effects | None = None) -> Run:
    Runner(run.clock, effects or Effects(outside), deadline_ms).walk(run.execution, run.records, answers=True)
    return run


class TestRetrying:
    def test_waits_grow_from_one_second_by_a_factor_of_two(self) -> None:
        run = Run(with_policies(act(outcome(FAILED)), retry=ALWAYS)).walk()
        assert run.clock.now_ms() == NOW_MS + 1_000 + 2_000 + 4_000
        assert run.execution.status == FAILED
        assert [job.meta for job in run] == [{"retried": [3]}]

    def test_a_node_that_succeeds_at_once_says_nothing_of_it(self) -> None:
        run = Run(with_policies(act(outcome(RESOLVED, 5)), retry=ALWAYS)).walk()
        assert [(job.result, job.meta) for job in run] == [(5, None)]

    def test_what_the_type_notes_is_kept_beside_it(self) -> None:
        function = one_after_the_other(outcome(FAILED), outcome(RESOLVED, meta={"own": 1}))
        assert [job.meta for job in Run(with_policies(act(function), retry=ALWAYS)).walk()] == [{"own": 1, "retried": [1]}]

    def test_what_a_failed_try_wrote_and_said_is_dropped(self) -> None:
        def failing(scope: Scope, ports: Ports) -> Outcome:
            ports.records.create("items", {"title": "dropped"})
            ports.respond("dropped")
            return Outcome(FAILED)

        function = one_after_the_other(failing, raising(RuntimeError("a bug")), writing("kept", outcome(RESOLVED)))
        run = Run(create("before"), with_policies(act(function), retry=ALWAYS), say("done")).walk()
        assert (run.execution.status, run.titles, run.execution.messages) == (RESOLVED, ["before", "kept"], ["done"])
        assert len(run.execution.jobs) == 3

    @pytest.mark.parametrize(("name", "tries"), [("ERROR", 1), ("FAILED", 0), ("INVALID", 1), ("*", 1), ("TIMEOUT", 0)])
    def test_an_error_that_is_raised_has_the_names_of_its_job(self, name: str, tries: int) -> None:
        retry = [{"errors": [name], "maxAttempts": 1}]
        bad = {"type": "create", "config": {"collection": "items", "params": {"values": {"title": {"no": "text"}}}, "retry": retry}}
        assert [(job.status, job.meta) for job in Run(bad).walk()] == [(ERROR, {"retried": [1]} if tries else None)]

    def test_a_wait_that_the_call_has_no_time_for_leaves_the_failure_and_says_so(self) -> None:
        run = walk(Run(with_policies(act(outcome(FAILED, "why", log="in detail")), retry=ALWAYS)), deadline_ms=NOW_MS + 2_500)
        (job,) = run
        assert (job.status, job.result, job.meta) == (FAILED, "why", {"retried": [1]})
        assert job.log == "in detail\nnot tried again: the next try is due in 2 s, and nobody waits so long for this run"
        assert run.clock.now_ms() == NOW_MS + 1_000

    def test_the_workflows_own_time_bounds_it_too(self) -> None:
        run = Run(with_policies(act(outcome(FAILED)), retry=ALWAYS))
        run.execution.workflow.options["timeout"] = 1_500
        assert [(job.status, job.meta) for job in run.walk()] == [(FAILED, {"retried": [1]})]

    def test_where_nobody_says_how_long_they_wait_it_is_ten_seconds(self) -> None:
        run = Run(with_policies(act(outcome(FAILED)), retry=[{"errors": ["*"], "maxAttempts": 9}])).walk()
        assert run.clock.now_ms() - NOW_MS == 7_000

    def test_an_end_is_a_decision_and_not_tried_again(self) -> None:
        run = Run(create("kept"), with_policies(act(outcome(REJECTED, ends=True)), retry=ALWAYS, onError="continue")).walk()
        assert (run.execution.status, run.execution.ended_by_end, run.titles) == (REJECTED, True, ["kept"])

    @pytest.mark.parametrize("error", [Conflict("changed"), DeadlineExceeded("over")])
    def test_what_ends_a_walk_is_nothing_to_try_again(self, error: Exception) -> None:
        calls: list[int] = []

        def run(scope: Scope, ports: Ports) -> Outcome:
            calls.append(1)
            raise error

        with pytest.raises(type(error)):
            Run(with_policies(act(run), retry=ALWAYS, onError="continue")).walk()
        assert len(calls) == 1


class TestEffects:
    def test_each_try_is_sent_under_the_same_key(self) -> None:
        outside = FakeOutside({"request": {"each": [BUSY, BUSY, {"status": 200}]}})
        run = walk(Run(request(retry=ALWAYS)), outside)
        assert run.execution.status == RESOLVED
        assert [key for *_, key in outside.sent] == ["77.#call"] * 3

    def test_a_walk_that_starts_again_neither_sends_nor_waits_again(self) -> None:
        outside = FakeOutside({"request": {"each": [BUSY, {"status": 200}]}})
        effects = Effects(outside)
        walk(Run(request(retry=ALWAYS)), effects=effects)
        again = walk(Run(request(retry=ALWAYS)), effects=effects)
        assert (len(outside.sent), again.clock.now_ms(), again.jobs[0][1]) == (2, NOW_MS, RESOLVED)
        assert [job.meta for job in again] == [{"retried": [1]}]

    def test_a_dry_run_waits_for_nothing(self) -> None:
        run = walk(Run(with_policies(act(outcome(FAILED)), retry=ALWAYS)), effects=Effects(NOTHING_OUTSIDE, dry=True))
        assert (run.clock.now_ms(), run.execution.status) == (NOW_MS, FAILED)

    def test_a_call_that_has_less_time_than_the_node_gives_ends_first(self) -> None:
        outside = FakeOutside({"request": {"fail": {"message": "timeout"}, "timedOut": True}})
        with pytest.raises(DeadlineExceeded):
            walk(Run(request(timeoutSeconds=3)), outside, NOW_MS + 2_000)
        run = walk(Run(request(timeoutSeconds=2)), outside, NOW_MS + 3_000)
        assert run.jobs == [("request", ABORTED, {"message": "no answer within 2 seconds", "code": "TIMEOUT"})]
        assert [payload["timeout"] for _, payload, _ in outside.sent] == [2_000, 2_000]

    def test_a_timeout_that_is_to_be_ignored_is_a_result_like_any_other(self) -> None:
        outside = FakeOutside({"request": {"fail": {"message": "timeout"}, "timedOut": True}})
        assert walk(Run(request(timeoutSeconds=2, ignoreFail=True)), outside).jobs[0][1] == RESOLVED


class Slow:
    """A mail service that does not answer before it is let go."""

    def __init__(self, then: Callable[[], Json]) -> None:
        self.go, self._then = threading.Event(), then

    def send(self, kind: str, payload: dict[str, Json], key: str) -> Json:
        assert self.go.wait(5)
        return self._then()


class TestTimeoutsOfOtherEffects:
    @pytest.mark.parametrize("kind", ["mail", "notification"])
    def test_nobody_waits_longer_than_the_node_gives(self, kind: str) -> None:
        slow, began = Slow(dict), time.monotonic()
        with pytest.raises(EffectFailed) as failed:
            Effects(slow).perform(kind, {}, "1.#a", timeout_ms=30)
        slow.go.set()
        assert time.monotonic() - began < 4
        assert (failed.value.result["code"], failed.value.cut_short) == ("TIMEOUT", True)

    def test_an_answer_or_a_failure_in_time_is_as_ever(self) -> None:
        def fail() -> Json:
            raise EffectFailed({"message": "no"})

        for then, expected in ((lambda: {"messageId": "1"}, {"messageId": "1"}), (fail, None)):
            slow = Slow(then)
            slow.go.set()
            if expected:
                assert Effects(slow).perform("mail", {}, "1.#a", timeout_ms=5_000) == expected
            else:
                with pytest.raises(EffectFailed, match="no"):
                    Effects(slow).perform("mail", {}, "1.#a", timeout_ms=5_000)

    @pytest.mark.parametrize(
        ("node", "kind"),
        [
            ({"type": "mailer", "config": {"to": ["a@example.com"], "subject": "s", "contentType": "text", "text": "t"}}, "mail"),
            ({"type": "notification", "config": {"channelName": "ops", "content": "c"}}, "notification"),
        ],
    )
    def test_it_aborts_their_nodes(self, node: Json, kind: str) -> None:
        effects = Effects(NOTHING_OUTSIDE)
        late = EffectFailed({"message": "no answer within 2 seconds", "code": "TIMEOUT"}, timed_out=True, cut_short=True)
        effects.answers["77.#k1"] = late
        assert walk(Run(with_policies(node, timeoutSeconds=2)), effects=effects).jobs == [(node["type"], ABORTED, late.result)]


class TestGoingOn:
    def test_with_continue_the_result_is_kept_and_its_writes_are_dropped(self) -> None:
        failing = with_policies(act(writing("inside", outcome(FAILED, "why", log="in detail"))), onError="continue")
        run = Run(create("before"), failing, create("after")).walk()
        assert (run.execution.status, run.titles) == (RESOLVED, ["before", "after"])
        job = run.execution.jobs[1]
        assert (job.status, job.result, job.meta, job.log) == (RESOLVED, "why", {"failed": FAILED}, "in detail")
        assert run.execution.failed_job is None

    @pytest.mark.parametrize("status", [FAILED, ERROR, ABORTED, REJECTED, -100])
    def test_it_says_what_the_node_ended_with(self, status: int) -> None:
        (job,) = Run(with_policies(act(outcome(status)), onError="continue")).walk()
        assert (job.status, job.meta) == (RESOLVED, {"failed": status})

    def test_tries_and_failure_are_noted_together(self) -> None:
        retry = [{"errors": ["*"], "maxAttempts": 1}]
        (job,) = Run(with_policies(act(outcome(FAILED)), retry=retry, onError="continue")).walk()
        assert job.meta == {"retried": [1], "failed": FAILED}

    def test_a_branch_sees_the_failed_result(self) -> None:
        seen: list[Json] = []

        def look(scope: Scope, ports: Ports) -> Outcome:
            seen.append(scope["$jobsMapByNodeKey"]["bad"])
            return Outcome(RESOLVED)

        bad = with_policies(act(outcome(FAILED, {"code": "X"}), "bad", branches={"0": [act(look, "look")]}), onError="branch")
        run = Run(bad, create("after")).walk()
        assert (seen, run.titles) == ([{"code": "X"}], ["after"])

    def test_an_end_in_the_branch_ends_the_run(self) -> None:
        bad = with_policies(act(outcome(FAILED), "bad", branches={"0": [end(REJECTED)]}), onError="branch")
        run = Run(create("kept"), bad, create("never")).walk()
        assert (run.execution.status, run.titles) == (REJECTED, ["kept"])

    def test_an_exit_from_further_in_is_not_held_up(self) -> None:
        inner = act(outcome(RESOLVED, branch=1, exits_on_failure=True), "inner", branches={"1": [act(outcome(FAILED), "bad")]})
        outer = with_policies(act(outcome(RESOLVED, branch=1), "outer", branches={"1": [inner]}), onError="continue")
        run = Run(outer, create("never")).walk()
        assert (run.execution.status, run.titles) == (FAILED, [])

    def test_the_runs_own_time_is_not_caught(self) -> None:
        clock = FixedClock(NOW_MS)

        def slow(scope: Scope, ports: Ports) -> Outcome:
            clock.sleep(5)
            return Outcome(RESOLVED)

        inside = {"key": "t", "type": "transaction", "config": {"onError": "continue"}, "branches": {"0": [act(slow), create("never")]}}
        run = Run(inside, clock=clock)
        run.execution.workflow.options["timeout"] = 1_000
        assert (run.walk().execution.status, run.execution.reason) == (ABORTED, "timeout")
