"""A workflow that can wait has a state machine before anybody sees it enabled, and what waits in the queue is started after its commit."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.workflow import Workflow
from chalicelib.errors import AppError, Invalid, Unavailable
from chalicelib.services import machines
from tests.machines import throttled, unheard, unreachable
from tests.sessions import Session

Json = Any
WAIT = {"type": "delay", "config": {"duration": 5, "unit": 1_000, "endStatus": 1}}
OUT = {"type": "output", "config": {"value": 7}}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def is_enabled(session: Session, key: str) -> bool:
    return any(row["enabled"] for row in session.call("workflows:list", filter={"key": key}))


def body(**more: Json) -> Json:
    return {"key": "slow", "title": "Slow", "type": "custom-action", "sync": False, "config": {"type": 0}, "nodes": [WAIT, OUT]} | more


class TestEnabling:
    def test_makes_the_machine_first(self, session: Session) -> None:
        version = session.call("workflows:create", None, body())["id"]
        assert session.machines.documents == {}
        session.call("workflows:update", version, {"enabled": True})
        [name] = session.machines.documents
        assert re.fullmatch(f"dev-{version}-[0-9a-f]{{12}}", name)

    def test_a_synchronous_workflow_has_none(self, session: Session) -> None:
        session.workflow("fast", [OUT], None)
        assert session.machines.documents == {}

    @pytest.mark.parametrize("failure", [throttled, unreachable, unheard])
    @pytest.mark.parametrize("how", ["create", "update", "import"])
    def test_without_a_machine_stays_off(self, session: Session, failure: Any, how: str) -> None:
        version = session.call("workflows:create", None, body())["id"] if how == "update" else None
        session.machines.failures.append(failure)
        with pytest.raises(Unavailable, match="could not be created") as caught:
            session.call(f"workflows:{how}", version, {"enabled": True} if how == "update" else body(enabled=True))
        assert caught.value.code == "MACHINE_NOT_CREATED"
        assert "refused" not in caught.value.message
        assert not is_enabled(session, "slow")

    def test_an_edit_makes_another_machine_and_the_first_one_stays(self, session: Session) -> None:
        version = session.call("workflows:create", None, body(enabled=True))["id"]
        session.call(f"workflows/{version}/nodes:create", None, WAIT)
        assert len(session.machines.documents) == 2

    def test_a_machine_that_would_be_wrong_is_our_fault_and_leaves_it_off(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machines, "problems_of_machine", lambda document: ['"A" leads nowhere'])
        with pytest.raises(AppError, match="leads nowhere") as caught:
            session.call("workflows:create", None, body(enabled=True))
        assert type(caught.value) is AppError
        assert not is_enabled(session, "slow")

    def test_a_synchronous_workflow_may_hold_a_subflow_but_no_delay(self, session: Session) -> None:
        session.workflow("fine", [{"type": "subflow", "config": {"workflow": "fine2"}}], None)
        with pytest.raises(Invalid, match="waits"):
            session.workflow("wrong", [WAIT], None)


def test_a_name_says_what_the_machine_does() -> None:
    workflow = Workflow(8192, "k", "t", "custom-action", False, True, {}, {})
    one, same, other = ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1})
    assert machines.machine_name("dev", workflow, one) == machines.machine_name("dev", workflow, same)
    assert machines.machine_name("dev", workflow, one) != machines.machine_name("dev", workflow, other)
    assert machines.machine_name("prod", workflow, one).startswith("prod-8192-")


class TestStarting:
    @pytest.fixture
    def slow(self, session: Session) -> Session:
        session.workflow("slow", [WAIT, OUT], None, sync=False)
        session.machines.asked.clear()
        return session

    def started(self, session: Session) -> list[str]:
        return [name for what, name in session.machines.asked if what == "start"]

    def test_a_trigger_starts_the_first_attempt_and_names_the_execution(self, slow: Session) -> None:
        answer = slow.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
        assert answer.meta is not None
        [execution] = answer.meta["executions"]
        assert execution["status"] is None
        assert self.started(slow) == [f"{execution['id']}-1"]
        slow.machines.run(slow.backend)
        row = slow.call("executions:get", execution["id"], appends="jobs")
        assert (row["status"], row["output"], [job["result"] for job in row["jobs"]]) == (1, 7, [5_000, 7])
        assert slow.call("jobs:get", row["jobs"][1]["id"])["result"] == 7

    @pytest.mark.parametrize("failure", [throttled, unreachable, unheard])
    def test_a_start_that_fails_does_not_fail_the_call(self, slow: Session, failure: Any) -> None:
        slow.machines.failures.append(failure)
        answer = slow.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
        assert answer.status == 200
        assert [one["status"] for one in slow.executions("slow")] == [None]

    def test_where_nobody_answers_one_start_the_others_are_left_to_the_sweep(self, slow: Session) -> None:
        """The caller waits for each."""
        for key in ("second", "third"):
            slow.workflow(key, [WAIT], None, sync=False)
        slow.machines.asked.clear()
        slow.machines.failures.append(unreachable)
        answer = slow.answer("workflows:trigger", None, {}, triggerWorkflows="slow,second,third")
        assert answer.meta is not None
        assert [one["status"] for one in answer.meta["executions"]] == [None] * 3
        assert len(self.started(slow)) == 1
        slow.machines.failures.append(throttled)
        slow.answer("workflows:trigger", None, {}, triggerWorkflows="slow,second,third")
        assert len(self.started(slow)) == 4

    def test_a_machine_that_is_gone_is_made_again(self, slow: Session) -> None:
        slow.machines.forget()
        slow.answer("workflows:trigger", None, {}, triggerWorkflows="slow")
        assert [what for what, _ in slow.machines.asked] == ["start", "publish", "start"]
        assert slow.machines.run(slow.backend) == 1

    def test_a_dry_run_starts_nothing(self, slow: Session) -> None:
        answer = slow.answer("workflows:trigger", None, {}, triggerWorkflows="slow", dryRun="1")
        assert "dryRun" in (answer.meta or {})
        assert (self.started(slow), slow.executions("slow")) == ([], [])

    def test_a_record_event_starts_it_after_the_record_is_there(self, session: Session) -> None:
        session.call(
            "workflows:create",
            None,
            {
                "key": "made",
                "title": "Made",
                "type": "collection",
                "sync": False,
                "enabled": True,
                "config": {"collection": "posts", "mode": 1},
                "nodes": [WAIT],
            },
        )
        session.call("posts:create", None, {"title": "x"})
        [execution] = session.executions("made")
        assert f"{execution['id']}-1" in session.machines.executions

    def test_a_context_that_cannot_be_kept_whole_is_refused(self, slow: Session) -> None:
        with pytest.raises(AppError) as caught:
            slow.answer("workflows:trigger", None, {"text": "x" * 380_000}, triggerWorkflows="slow")
        assert caught.value.code == "CONTEXT_TOO_LARGE"
        assert slow.executions("slow") == []

    def test_by_hand_it_runs_here_until_it_waits(self, slow: Session) -> None:
        version = slow.call("workflows:create", None, body(key="other", nodes=[OUT, WAIT]))["id"]
        execution = slow.call("workflows:execute", version, {"userId": 1})["execution"]
        assert execution["status"] == 0
        row = slow.call("executions:get", execution["id"], appends="jobs")
        assert (row["manually"], [job["status"] for job in row["jobs"]]) == (True, [1, 0])
        slow.machines.run(slow.backend)
        assert slow.execution(execution["id"])["status"] == 1

    def test_by_hand_what_fails_before_it_waits_has_ended(self, slow: Session) -> None:
        stop = {"type": "end", "config": {"endStatus": -1}}
        version = slow.call("workflows:create", None, body(key="other", nodes=[stop, WAIT]))["id"]
        assert slow.call("workflows:execute", version, {"userId": 1})["execution"]["status"] == -1
        assert self.started(slow) == []


class TestSubflows:
    def family(self, session: Session, child: list[Json], **more: Json) -> tuple[Json, Json]:
        """The rows of a parent and its asynchronous child."""
        session.workflow("child", child, None, sync=False)
        session.workflow("parent", [{"key": "sub", "type": "subflow", "config": {"workflow": "child"}}, OUT], None, sync=False, **more)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="parent")
        session.machines.run(session.backend)
        return session.executions("parent")[0], session.executions("child")[0]

    def test_the_parent_waits_for_the_childs_output(self, session: Session) -> None:
        parent, child = self.family(session, [WAIT, {"type": "output", "config": {"value": {"a": "b" * 70_000}}}])
        assert (parent["status"], child["status"], child["parentExecutionId"]) == (1, 1, parent["id"])
        sub = session.call("executions:get", parent["id"], appends="jobs")["jobs"][0]
        assert (sub["status"], sub["result"]["a"], sub["meta"]) == (1, "b" * 70_000, {"executionId": child["id"]})

    def test_a_child_that_fails_fails_the_node(self, session: Session) -> None:
        parent, child = self.family(session, [WAIT, {"type": "end", "config": {"endStatus": -1}}])
        sub = session.call("executions:get", parent["id"], appends="jobs")["jobs"][0]
        assert (parent["status"], child["status"], sub["result"]["executionId"]) == (-1, -1, child["id"])

    def test_a_synchronous_parent_may_not(self, session: Session) -> None:
        session.workflow("child", [WAIT], None, sync=False)
        session.workflow("parent", [{"type": "subflow", "config": {"workflow": "child"}}], None)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="parent")
        assert session.executions("parent")[0]["status"] == -2
        assert session.executions("child") == []
