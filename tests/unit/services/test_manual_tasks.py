"""Tasks that wait for people: submitted once, by whom they are for. https://docs.nocobase.com/workflow/nodes/manual"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import Update
from chalicelib.engine.stored_jobs import public_jobs, read_all
from chalicelib.errors import AppError, Forbidden, Invalid, NotFound, TooLarge, Unauthenticated
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.product import Product
from tests.machines import unreachable
from tests.outside import FakeOutside
from tests.sessions import Session
from tests.stores import WatchedStore, after, refused, unheard

Json = Any
YES, NO, KEEP = {"key": "yes", "status": 1}, {"key": "no", "status": -5}, {"key": "keep", "status": 0}
FORMS = {"f": {"type": "custom", "actions": [YES, NO, KEEP]}}
ASYNCHRONOUS: Json = {"collection": None, "sync": False}


def ask(key: str = "ask", **config: Json) -> Json:
    return {"key": key, "type": "manual", "config": {"assignees": [2], "title": "Look", "forms": FORMS} | config}


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore()).install()
    for user, name in ((2, "ann"), (3, "bob")):
        session.call("users:create", None, {"id": user, "username": name, "password": "a password 9", "roles": ["member"]})
    return session


@pytest.fixture
def ann(root: Session) -> Session:
    return root.process(user_id=2)


@pytest.fixture
def bob(root: Session) -> Session:
    return root.process(user_id=3)


def queue(root: Session, *nodes: Json, data: Json = None, **more: Json) -> int:
    """Starts a workflow of these nodes, whose machine does not run yet; the execution's id."""
    root.workflow("flow", list(nodes), **ASYNCHRONOUS, **more)
    meta: Json = root.answer("workflows:trigger", None, data or {}, triggerWorkflows="flow").meta
    execution: int = meta["executions"][0]["id"]
    return execution


def begin(root: Session, *nodes: Json, data: Json = None, **more: Json) -> int:
    """As `queue`, and lets it run until it waits."""
    execution = queue(root, *nodes, data=data, **more)
    root.machines.run(root.backend)
    return execution


def go_on(root: Session) -> int:
    return root.machines.run(root.backend)


def status(root: Session, execution: int) -> Json:
    return root.store.batch_get([execution_key(execution)])[execution_key(execution)].get("status")


def jobs(root: Session, execution: int) -> list[Json]:
    return [[job["nodeKey"], job["status"], job["result"]] for job in public_jobs(read_all(root.store, execution)[1], execution)]


def task_of(session: Session, **wanted: Json) -> Json:
    rows = session.call("workflowManualTasks:listMine", filter={"status": 0} | wanted)
    assert len(rows) == 1, rows
    return rows[0]


def submit(session: Session, task: Json, action: str = "yes", **forms: Json) -> Json:
    return session.call("workflowManualTasks:submit", task["id"], {"result": {"f": {}, **forms, "_": action}})


def test_a_submission_is_accepted_and_the_workflow_goes_on(root: Session, ann: Session) -> None:
    execution = begin(root, ask(), {"type": "output", "config": {"value": "{{$jobsMapByNodeKey.ask.f.note}}"}})
    assert status(root, execution) == 0
    answer = ann.answer("workflowManualTasks:submit", task_of(ann)["id"], {"result": {"f": {"note": "fine"}, "_": "yes"}})
    assert answer.status == 202
    assert (answer.data["status"], answer.data["result"]) == (1, {"f": {"note": "fine"}, "_": "yes"})
    assert go_on(root) == 1
    assert status(root, execution) == 1
    assert jobs(root, execution)[0] == ["ask", 1, {"f": {"note": "fine"}, "_": "yes"}]


def test_everybody_sees_their_own_and_no_others(root: Session, ann: Session, bob: Session) -> None:
    execution = begin(root, ask(assignees=[2, 3]))
    mine, others = task_of(ann), task_of(bob)
    assert mine["id"] != others["id"]
    assert (mine["userId"], mine["executionId"], mine["title"], mine["jobKey"], mine["result"]) == (2, execution, "Look", "#ask", None)
    assert root.call("workflowManualTasks:listMine") == []
    assert ann.call("workflowManualTasks:listMine", filter={"$or": [{"userId": 3}, {"status": 1}]}) == []
    assert ann.call("workflowManualTasks:get", others["id"]) is None
    assert ann.call("workflowManualTasks:get", 12345) is None
    with pytest.raises(Invalid, match="needs an id"):
        ann.call("workflowManualTasks:get")


def test_get_shows_the_forms_without_what_stands_behind_them(root: Session, ann: Session) -> None:
    secret = {
        "type": "update",
        "collection": "samples",
        "filter": {"id": 1},
        "actions": [YES | {"title": "Agree", "values": {"status": "x"}}],
    }
    begin(root, ask(forms={"f": secret}))
    forms = ann.call("workflowManualTasks:get", task_of(ann)["id"])["forms"]
    assert forms == {"f": {"type": "update", "collection": "samples", "actions": [{"key": "yes", "status": 1, "title": "Agree"}]}}


def test_a_task_is_submitted_once(root: Session, ann: Session) -> None:
    execution = begin(root, ask())
    task = task_of(ann)
    submit(ann, task)
    with pytest.raises(Invalid, match="settled already, with status 1"):
        submit(ann, task, "no")
    go_on(root)
    with pytest.raises(Invalid, match="settled already"):
        submit(ann, task)
    assert (status(root, execution), jobs(root, execution)) == (1, [["ask", 1, {"f": {}, "_": "yes"}]])


def test_nobody_submits_for_another(root: Session, ann: Session, bob: Session) -> None:
    execution = begin(root, ask())
    task = task_of(ann)
    for somebody in (bob, root):
        with pytest.raises(Forbidden, match="another user's"):
            submit(somebody, task)
    stranger = root.process()
    stranger.token = "x.y.z"
    for action in ("listMine", "get", "submit"):
        with pytest.raises(Unauthenticated):
            stranger.answer(f"workflowManualTasks:{action}", task["id"], {"result": {"f": {}, "_": "yes"}})
    with pytest.raises(NotFound, match="12345"):
        submit(ann, {"id": 12345})
    assert jobs(root, execution) == [["ask", 0, None]]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (None, ["result"]),
        ({}, ["result"]),
        ({"result": "yes"}, ["result"]),
        ({"result": {}}, ["result._"]),
        ({"result": {"f": {}}}, ["result._"]),
        ({"result": {"f": {}, "_": "nosuch"}}, ["result._"]),
        ({"result": {"f": {}, "_": 5}}, ["result._"]),
        ({"result": {"g": {}, "h": 1, "_": "yes"}}, ["result.g", "result.h", "result._"]),
        ({"result": {"f": "note", "_": "yes"}}, ["result.f"]),
    ],
)
def test_a_body_that_says_nothing_sensible_is_refused_with_every_mistake(root: Session, ann: Session, body: Json, paths: list[str]) -> None:
    begin(root, ask())
    task = task_of(ann)
    with pytest.raises(Invalid) as wrong:
        ann.answer("workflowManualTasks:submit", task["id"], body)
    assert [problem.path for problem in wrong.value.problems()] == paths
    assert task_of(ann)["result"] is None


def test_the_action_alone_is_enough_where_one_form_has_it(root: Session, ann: Session) -> None:
    begin(root, ask())
    assert ann.call("workflowManualTasks:submit", task_of(ann)["id"], {"result": {"_": "yes"}})["result"] == {"f": {}, "_": "yes"}


@pytest.mark.parametrize("result", [{"_": "yes"}, {"_": "yes", "g": {"x": 1}, "f": {"y": 1}}])
def test_of_forms_that_share_an_action_exactly_one_is_submitted(root: Session, ann: Session, result: Json) -> None:
    begin(root, ask(forms=FORMS | {"g": {"type": "custom", "actions": [NO | {"key": "yes"}]}}))
    with pytest.raises(Invalid, match="forms f, g: submit exactly one"):
        ann.call("workflowManualTasks:submit", task_of(ann)["id"], {"result": result})
    settled = ann.call("workflowManualTasks:submit", task_of(ann)["id"], {"result": {"_": "yes", "g": {"x": 1}}})
    assert (settled["status"], settled["result"]) == (-5, {"g": {"x": 1}, "_": "yes"})


@pytest.mark.parametrize("size", [1_000_000, 4_000_000])
def test_a_result_that_no_record_holds_is_refused_and_nothing_is_settled(root: Session, ann: Session, size: int) -> None:
    begin(root, ask())
    with pytest.raises(TooLarge):
        submit(ann, task_of(ann), f={"note": "x" * size})
    assert task_of(ann)["status"] == 0


def test_a_draft_is_kept_and_nobody_is_told(root: Session, ann: Session) -> None:
    execution = begin(root, ask())
    task = task_of(ann)
    assert submit(ann, task, "keep", f={"note": "a"})["result"] == {"f": {"note": "a"}, "_": "keep"}
    assert [what for what, _ in root.machines.asked].count("send") == 0
    assert submit(ann, task, "yes", f={"note": "b"})["status"] == 1
    go_on(root)
    assert status(root, execution) == 1


@pytest.mark.parametrize(("action", "expected"), [("yes", 1), ("no", -5)])
def test_the_action_decides_how_the_execution_ends(root: Session, ann: Session, action: str, expected: int) -> None:
    execution = begin(root, ask())
    submit(ann, task_of(ann), action)
    go_on(root)
    assert status(root, execution) == expected


def test_of_several_in_mode_0_the_first_decides_and_the_rest_is_closed(root: Session, ann: Session, bob: Session) -> None:
    begin(root, ask(assignees=[2, 3]))
    others = task_of(bob)
    submit(ann, task_of(ann))
    with pytest.raises(Invalid, match="ended already, with status 1"):
        submit(bob, others)
    assert bob.call("workflowManualTasks:listMine", filter={"status": 0}) == []
    assert bob.call("workflowManualTasks:get", others["id"])["status"] == -3


def test_the_share_of_those_who_have_settled_is_the_result_meanwhile(root: Session, ann: Session, bob: Session) -> None:
    execution = begin(root, ask(assignees=[2, 3], mode=1))
    submit(ann, task_of(ann))
    assert (go_on(root), jobs(root, execution)) == (0, [["ask", 0, 0.5]])
    submit(bob, task_of(bob))
    assert (go_on(root), jobs(root, execution), status(root, execution)) == (1, [["ask", 1, 1.0]], 1)


def test_two_who_settle_at_the_same_moment_are_both_counted(root: Session, ann: Session, bob: Session) -> None:
    execution = begin(root, ask(assignees=[2, 3], mode=1))
    mine, others = task_of(ann), task_of(bob)
    store = WatchedStore(root.store)
    store.sendings.append(after(lambda: submit(bob, others)))
    submit(ann.process(store, user_id=2), mine)
    assert len(store.transactions) == 2
    assert (go_on(root), jobs(root, execution), status(root, execution)) == (1, [["ask", 1, 1.0]], 1)


def test_of_two_who_decide_at_the_same_moment_the_second_is_refused(root: Session, ann: Session, bob: Session) -> None:
    execution = begin(root, ask(assignees=[2, 3]))
    mine, others = task_of(ann), task_of(bob)
    store = WatchedStore(root.store)
    store.sendings.append(after(lambda: submit(bob, others, "no")))
    with pytest.raises(Invalid, match="ended already, with status -5"):
        submit(ann.process(store, user_id=2), mine)
    go_on(root)
    assert status(root, execution) == -5


def test_a_commit_that_was_not_heard_counts_once(root: Session, ann: Session) -> None:
    execution = begin(root, ask(forms={"f": {"type": "create", "collection": "inspectionRecords", "actions": [YES]}}))
    before = len(root.call("inspectionRecords:list", paginate="false"))
    store = WatchedStore(root.store)
    store.sendings.append(unheard)
    assert submit(ann.process(store, user_id=2), task_of(ann), f={"note": "n"})["status"] == 1
    go_on(root)
    assert status(root, execution) == 1
    assert len(root.call("inspectionRecords:list", paginate="false")) == before + 1


def test_a_signal_that_is_not_sent_is_found_by_the_next_attempt(root: Session, ann: Session) -> None:
    execution = begin(root, ask())
    task = task_of(ann)
    root.machines.failures.append(unreachable)
    assert submit(ann, task)["status"] == 1
    assert (go_on(root), status(root, execution)) == (0, 0)
    root.call("executions:rerun", execution)
    go_on(root)
    assert status(root, execution) == 1


def test_a_submission_before_the_token_is_kept_ends_the_wait_at_once(root: Session, ann: Session) -> None:
    execution = queue(root, ask())
    store = WatchedStore(root.store)
    sent = 0

    def submit_first(inner: Any, writes: Any) -> None:
        nonlocal sent
        if not sent and any(isinstance(write, Update) and write.set.get("taskToken") for write in writes):
            sent = 1
            submit(ann, task_of(ann))
        inner.transact(writes)

    store.sendings.extend([submit_first] * 3)
    root.machines.run(root.process(store).backend)
    assert (sent, status(root, execution)) == (1, 1)


def test_a_token_that_is_kept_while_somebody_submits_is_sent(root: Session, ann: Session) -> None:
    execution, runs = queue(root, ask()), AsyncRuns(root.backend)
    runs.run_segment({"executionId": execution, "attempt": 1}, root.clock.now_ms() + 60_000)
    store = WatchedStore(root.store)
    store.sendings.append(after(lambda: runs.await_signal({"executionId": execution, "attempt": 1, "token": "late", "signals": 0})))
    task = task_of(ann)
    submit(ann.process(store, user_id=2), task)
    assert ("send", "late") in root.machines.asked


def cancelled(root: Session, execution: int) -> None:
    root.call("executions:cancel", execution)


def timed_out(root: Session, execution: int) -> None:
    assert isinstance(root.clock, FixedClock)
    root.clock.sleep(61)


def destroyed(root: Session, execution: int) -> None:
    cancelled(root, execution)
    root.call("executions:destroy", execution)


@pytest.mark.parametrize("end", [cancelled, timed_out, destroyed])
def test_a_task_of_an_execution_that_is_over_is_no_longer_open(root: Session, ann: Session, end: Callable[[Session, int], None]) -> None:
    execution = queue(root, ask(), options={"timeout": 60_000})
    # Walked without its machine, which would see to the time itself.
    AsyncRuns(root.backend).run_segment({"executionId": execution, "attempt": 1}, root.clock.now_ms() + 60_000)
    task = task_of(ann)
    end(root, execution)
    with pytest.raises(AppError) as closed:
        submit(ann, task)
    assert isinstance(closed.value, Invalid)
    assert closed.value.code == "NOT_OPEN"


@pytest.mark.parametrize("end", [cancelled, destroyed])
def test_a_task_that_nobody_waits_for_leaves_the_list_of_open_ones(
    root: Session, ann: Session, end: Callable[[Session, int], None]
) -> None:
    execution = begin(root, ask())
    task = task_of(ann)
    counted = ann.call("userWorkflowTasks:listMine")
    assert {row["type"]: row["stats"] for row in counted} == {"manual": {"pending": 1, "all": 1}, "cc": {"pending": 0, "all": 0}}
    end(root, execution)
    assert ann.call("workflowManualTasks:listMine", filter={"status": 0}) == []
    assert [one["status"] for one in ann.call("workflowManualTasks:listMine")] == [-3]
    assert ann.call("workflowManualTasks:get", task["id"])["status"] == -3
    assert ann.call("userWorkflowTasks:listMine")[0]["stats"] == {"pending": 0, "all": 1}


def test_who_lost_a_race_has_nothing_left_to_do(root: Session, ann: Session, bob: Session) -> None:
    branches = {"0": [ask("one")], "1": [ask("two", assignees=[3])]}
    execution = begin(root, {"type": "parallel", "config": {"mode": "race"}, "branches": branches})
    lost = task_of(bob)
    submit(ann, task_of(ann))
    go_on(root)
    assert status(root, execution) == 1
    assert bob.call("workflowManualTasks:listMine", filter={"status": 0}) == []
    with pytest.raises(Invalid):
        submit(bob, lost)


CREATE = {"f": {"type": "create", "collection": "inspectionRecords", "actions": [YES | {"values": {"sampleId": "{{$context.data.id}}"}}]}}


def test_a_form_makes_its_record_in_the_name_of_who_submits(root: Session, ann: Session) -> None:
    execution = begin(root, ask(forms=CREATE), data={"id": 2})
    submit(ann, task_of(ann), f={"note": "seen"})
    made = root.call("inspectionRecords:list", filter={"note": "seen"})
    assert [(one["sampleId"], one["createdById"]) for one in made] == [(2, 2)]
    go_on(root)
    assert status(root, execution) == 1


@pytest.mark.parametrize(
    ("forms", "path"),
    [({"nosuch": 1}, "result.f.nosuch"), ({"sampleId": "x"}, "result.f.sampleId")],
)
def test_a_record_that_cannot_be_leaves_the_task_open(root: Session, ann: Session, forms: Json, path: str) -> None:
    kind = {"f": {"type": "create", "collection": "inspectionRecords", "actions": [YES]}}
    execution, before = begin(root, ask(forms=kind)), root.call("inspectionRecords:list", paginate="false")
    with pytest.raises(Invalid) as wrong:
        submit(ann, task_of(ann), f=forms)
    assert [problem.path for problem in wrong.value.problems()] == [path]
    assert (task_of(ann)["result"], jobs(root, execution)) == (None, [["ask", 0, None]])
    assert root.call("inspectionRecords:list", paginate="false") == before


def test_a_form_changes_the_records_that_its_filter_finds(root: Session, ann: Session) -> None:
    form = {"type": "update", "collection": "samples", "filter": {"id": "{{currentRecord.id}}"}, "actions": [YES]}
    begin(root, ask(forms={"f": form}))
    task = task_of(ann)
    with pytest.raises(Invalid, match="not an object"):
        submit(ann, task, f={"id": {"$ne": 0}, "title": "All"})
    submit(ann, task, f={"id": 2, "title": "Two"})
    assert root.call("samples:get", 2)["title"] == "Two"
    assert root.call("samples:list", filter={"title": "All"}) == []


def test_what_the_record_sets_off_runs_and_is_committed_with_it(root: Session, ann: Session) -> None:
    note = {"type": "update", "config": {"collection": "samples", "params": {"filter": {"id": 2}, "values": {"status": "Noted"}}}}
    config = {"collection": "inspectionRecords", "mode": 1}
    root.workflow("at_once", [note], type="collection", config=config)
    root.workflow("later", [{"type": "output", "config": {"value": 1}}], type="collection", config=config, sync=False)
    begin(root, ask(forms=CREATE), data={"id": 2})
    submit(ann, task_of(ann), f={"note": "seen"})
    assert root.call("samples:get", 2)["status"] == "Noted"
    assert [one["status"] for one in root.executions("at_once")] == [1]
    assert go_on(root) == 2
    assert [one["status"] for one in root.executions("later")] == [1]


def test_what_the_record_sets_off_outside_is_done_once_however_often_it_is_tried(root: Session, ann: Session) -> None:
    tell = {"type": "request", "config": {"url": "https://example.com/noted", "ignoreFail": True}}
    root.workflow("tells", [tell], type="collection", config={"collection": "inspectionRecords", "mode": 1})
    begin(root, ask(forms=CREATE), data={"id": 2})
    task = task_of(ann)
    store = WatchedStore(root.store)
    store.sendings.append(refused("condition"))
    session, outside = ann.process(store, user_id=2), FakeOutside({"request": {"status": 200}})
    session.product = Product(replace(session.backend, outside=outside))
    submit(session, task, f={"note": "seen"})
    assert len(store.transactions) == 2
    assert len(outside.sent) == 1


def test_a_workflow_that_takes_the_record_back_leaves_the_task_open(root: Session, ann: Session) -> None:
    never = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"calculator": "equal", "operands": [1, 2]}}}
    config = {"collection": "inspectionRecords", "mode": 1, "rollbackOnFailure": True}
    root.workflow("guard", [never], type="collection", config=config)
    begin(root, ask(forms=CREATE), data={"id": 2})
    with pytest.raises(AppError, match="System process failed"):
        submit(ann, task_of(ann), f={"note": "seen"})
    assert task_of(ann)["status"] == 0
    assert root.call("inspectionRecords:list", filter={"note": "seen"}) == []


def test_an_expression_that_fails_on_what_was_submitted_is_refused(root: Session, ann: Session) -> None:
    failing = {"f": {"type": "custom", "actions": [YES | {"values": {"n": "{{$number($context.data.word)}}"}}]}}
    begin(root, ask(forms=failing), data={"word": "abc"})
    with pytest.raises(Invalid, match='expression of the form "f"'):
        submit(ann, task_of(ann))
    assert task_of(ann)["status"] == 0


def test_no_task_is_made_changed_or_removed_by_name(root: Session, ann: Session) -> None:
    begin(root, ask())
    task = task_of(ann)
    for action in ("create", "update", "destroy"):
        with pytest.raises(NotFound):
            root.answer(f"workflowManualTasks:{action}", task["id"], {"status": 1})


def test_a_synchronous_workflow_cannot_wait_for_people(root: Session) -> None:
    with pytest.raises(Invalid, match="waits, which a synchronous workflow cannot"):
        root.workflow("flow", [ask()], collection=None)


def test_who_manages_workflows_sees_whom_an_execution_waits_for(root: Session, ann: Session) -> None:
    first, second = begin(root, ask(assignees=[2, 3])), begin_again(root)
    seen = root.call("workflowManualTasks:list", filter={"executionId": first}, sort="userId")
    assert [(one["userId"], one["executionId"], one["status"]) for one in seen] == [(2, first, 0), (3, first, 0)]
    assert {one["executionId"] for one in root.call("workflowManualTasks:list")} == {first, second}
    with pytest.raises(Forbidden):
        ann.call("workflowManualTasks:list")


def begin_again(root: Session) -> int:
    """Starts the same workflow once more, until it waits; the execution's id."""
    meta: Json = root.answer("workflows:trigger", None, {}, triggerWorkflows="flow").meta
    root.machines.run(root.backend)
    execution: int = meta["executions"][0]["id"]
    return execution


def test_a_task_names_the_record_that_its_execution_is_for(root: Session, ann: Session) -> None:
    root.workflow("on_sample", [ask()], sync=False)
    sample = root.call("samples:create", None, {"title": "A"})["id"]
    root.answer("samples:trigger", sample, {}, triggerWorkflows="on_sample")
    root.machines.run(root.backend)
    assert ann.call("workflowManualTasks:get", task_of(ann)["id"])["record"] == f"samples/{sample}"


def test_a_task_of_no_record_names_none(root: Session, ann: Session) -> None:
    begin(root, ask())
    assert ann.call("workflowManualTasks:get", task_of(ann)["id"])["record"] is None
