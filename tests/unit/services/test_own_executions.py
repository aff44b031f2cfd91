"""How one's own executions stand, for users who manage no workflows. https://docs.nocobase.com/workflow/advanced/executions"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.call import Call
from tests.sessions import NOW_MS, Session

Json = Any
SEEN = {"id", "key", "status", "reason", "spilled", "messages", "workflow", "createdAt", "startedAt", "updatedAt"}
SECRET = {"key": "secret", "type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "secret"}}}}
WAITS = {"key": "waits", "type": "manual", "config": {"assignees": [3], "title": "Look"}}
FAILS = {"key": "fails", "type": "end", "config": {"endStatus": -1}}
BREAKS = {"key": "breaks", "type": "calculation", "config": {"engine": "jsonata", "expression": "$number('nobody')"}}


@pytest.fixture
def root() -> Session:
    """A product with the members ann (2) and bob (3), who may start workflows."""
    session = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    for user, name in ((2, "ann"), (3, "bob")):
        session.call("users:create", None, {"id": user, "username": name, "password": "a password 9", "roles": ["member"]})
    session.call("roles:update", "member", {"strategy": {"actions": ["view", "create", "update", "trigger", "triggerNew"]}})
    return session


@pytest.fixture
def ann(root: Session) -> Session:
    return root.process(user_id=2)


@pytest.fixture
def bob(root: Session) -> Session:
    return root.process(user_id=3)


def started(session: Session, name: str = "samples:trigger", record: Json = 1, body: Json = None, **params: Json) -> int:
    """The id of the execution that a call starts."""
    answer = session.answer(name, record, body or {}, **({"triggerWorkflows": "later"} | params))
    execution: int = (answer.meta or {})["executions"][0]["id"]
    return execution


def later(root: Session, *nodes: Json, **more: Json) -> None:
    root.workflow("later", list(nodes), sync=False, **more)


def run(root: Session) -> None:
    root.machines.run(root.backend)


def go_on(root: Session, execution: int) -> None:
    """What the execution waits for comes, and it runs on."""
    root.call("jobs:resume", root.call("executions:get", execution, appends="jobs")["jobs"][-1]["id"], {"status": 1})
    run(root)


def test_who_started_it_sees_how_it_goes_on_and_ends_and_nothing_of_what_it_does(root: Session, ann: Session) -> None:
    later(root, SECRET, WAITS)
    execution = started(ann)
    shown = ann.call("executions:get", execution)
    assert (set(shown), shown["status"], shown["startedAt"]) == (SEEN, None, None)
    run(root)
    assert ann.call("executions:get", execution)["status"] == 0
    go_on(root, execution)
    ended = ann.call("executions:get", execution)
    assert (ended["status"], ended["reason"], ended["spilled"], ended["messages"]) == (1, None, False, [])
    assert "secret" not in str(ended)


def test_its_workflow_is_told_by_title_alone(root: Session, ann: Session) -> None:
    later(root, SECRET, title="Approve an order")
    execution = started(ann)
    assert ann.call("executions:get", execution)["workflow"] == {"title": "Approve an order"}
    root.call("workflows:destroy", root.call("executions:get", execution)["workflowId"])
    assert ann.call("executions:get", execution)["workflow"] is None


@pytest.mark.parametrize("params", [{"appends": "jobs,workflow"}, {"fields": "context,jobs"}, {"except": "status"}])
def test_no_parameter_opens_more_of_it(root: Session, ann: Session, params: Json) -> None:
    later(root, SECRET)
    execution = started(ann)
    run(root)
    assert set(ann.call("executions:get", execution, **params)) == SEEN
    with pytest.raises(Forbidden):
        ann.call("executions:list", filter={"key": "later"})
    with pytest.raises(Forbidden):
        ann.call("jobs:get", f"{execution}-1")


def test_who_manages_workflows_sees_all_of_it(root: Session, ann: Session) -> None:
    later(root, SECRET)
    execution = started(ann)
    run(root)
    shown = root.call("executions:get", execution, appends="jobs")
    assert (shown["context"]["user"]["id"], [job["nodeKey"] for job in shown["jobs"]]) == (2, ["secret"])


@pytest.mark.parametrize(("node", "status"), [(FAILS, -1), (BREAKS, -2)])
def test_one_that_failed_is_told_as_failed_without_why(root: Session, ann: Session, node: Json, status: int) -> None:
    later(root, WAITS, node)
    execution = started(ann)
    run(root)
    go_on(root, execution)
    shown = ann.call("executions:get", execution)
    assert (shown["status"], set(shown)) == (status, SEEN)
    assert "nobody" not in str(shown)


def test_one_that_was_cancelled_says_so(root: Session, ann: Session) -> None:
    later(root, WAITS)
    execution = started(ann)
    run(root)
    root.call("executions:cancel", execution, {})
    shown = ann.call("executions:get", execution)
    assert (shown["status"], shown["reason"]) == (-3, "manual_cancel")


def test_what_an_exception_said_is_for_who_manages_workflows(root: Session, ann: Session) -> None:
    later(root, WAITS)
    execution = started(ann)
    run(root)
    mark = {"Error": "KeyError", "Cause": json.dumps({"errorType": "KeyError", "errorMessage": "no secret in line 7"})}
    AsyncRuns(root.backend).run_segment({"executionId": execution, "attempt": 1, "mark": mark}, NOW_MS + 60_000)
    assert root.call("executions:get", execution)["reason"] == "KeyError: no secret in line 7"
    shown = ann.call("executions:get", execution)
    assert (shown["status"], shown["reason"]) == (-2, None)


def test_why_a_concurrency_key_could_not_be_told_is_for_who_manages_workflows(root: Session, ann: Session) -> None:
    later(root, WAITS, options={"concurrency": {"limit": 1, "key": "{{$context.data.title + 1}}"}})
    execution = started(ann)
    run(root)
    assert root.call("executions:get", execution)["reason"].startswith("options.concurrency.key: ")
    shown = ann.call("executions:get", execution)
    assert (shown["status"], shown["reason"]) == (-2, None)


@pytest.mark.parametrize(("policy", "reasons"), [("skip", [None, "concurrency_skipped"]), ("replace", ["concurrency_replaced", None])])
def test_one_that_had_no_place_says_so(root: Session, ann: Session, policy: str, reasons: Json) -> None:
    later(root, WAITS, options={"concurrency": {"limit": 1, "policy": policy}})
    both = [started(ann)]
    run(root)
    root.clock.sleep(1)
    both.append(started(ann))
    run(root)
    assert [ann.call("executions:get", one)["reason"] for one in both] == reasons


@pytest.mark.parametrize("after", ["before it runs", "while it waits", "when it has ended"])
def test_another_member_and_who_is_not_signed_in_are_refused_as_for_one_that_is_not_there(
    root: Session, ann: Session, bob: Session, after: str
) -> None:
    later(root, WAITS)
    execution = started(ann)
    if after != "before it runs":
        run(root)
    if after == "when it has ended":
        go_on(root, execution)
    said = []
    for asked in (execution, 123):
        with pytest.raises(Forbidden) as refused:
            bob.call("executions:get", asked)
        said.append((refused.value.message, refused.value.code, refused.value.data))
    assert said[0] == said[1]
    with pytest.raises(Unauthenticated):
        ann.product.answer(Call("executions", "get", str(execution)))


def test_one_whose_time_is_over_is_refused(root: Session, ann: Session) -> None:
    later(root, SECRET, options={"retention": {"resolved": 1}})
    execution = started(ann)
    run(root)
    assert ann.call("executions:get", execution)["status"] == 1
    root.clock.sleep(86_400 + 60)
    assert root.call("executions:get", execution) is None
    with pytest.raises(Forbidden):
        root.process(user_id=2).call("executions:get", execution)


def test_each_of_several_records_and_a_forms_workflow_are_ones_own(root: Session, ann: Session, bob: Session) -> None:
    later(root, WAITS, config={"type": 2, "collection": "samples"})
    bulk = started(ann, record=None, filterByTk=["1", "2"])
    bound = {"collection": "posts", "appends": []}
    root.workflow("bound", [WAITS], type="action", sync=False, config=bound)
    made = started(ann, "posts:create", None, {"title": "T"}, triggerWorkflows="bound")
    for execution in (bulk, made):
        assert ann.call("executions:get", execution)["status"] is None
        with pytest.raises(Forbidden):
            bob.call("executions:get", execution)


def test_one_that_a_record_event_set_off_is_nobodys_own(root: Session, ann: Session) -> None:
    root.workflow("sys", [WAITS], type="collection", sync=False, config={"collection": "posts", "mode": 1})
    ann.call("posts:create", None, {"title": "T"})
    (execution,) = root.executions("sys")
    with pytest.raises(Forbidden):
        ann.call("executions:get", execution["id"])


def test_the_role_one_acts_in_does_not_matter(root: Session, ann: Session) -> None:
    later(root, WAITS)
    execution = started(ann)
    root.call("roles:create", None, {"name": "guest", "title": "Guest", "strategy": {"actions": []}})
    root.call("users:update", 2, {"roles": ["member", "guest"]})
    call = Call("executions", "get", str(execution), token=ann.token, role="guest")
    assert ann.product.answer(call).data["id"] == execution
    with pytest.raises(Forbidden):
        ann.product.answer(replace(call, action="cancel", body={}))
