"""What a call on records sets off, where it went wrong once: several records, renamed collections, conditions, associations, answers."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.workflow import enabled_key
from chalicelib.errors import Invalid, Json, TooLarge, Unprocessable
from chalicelib.services.call import Answer
from tests.sessions import Session

NOTE = {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "seen {{$context.data.title}}"}}}}
REFUSED = {"calculator": "notEqual", "operands": ["{{$context.data.title}}", "forbidden"]}
GUARD = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": REFUSED}}


def say(text: str) -> Json:
    return {"type": "response-message", "config": {"message": text}}


def change(**values: Json) -> Json:
    params = {"filter": {"id": "{{$context.data.id}}"}, "values": values}
    return {"type": "update", "config": {"collection": "samples", "params": params}}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def on_record(session: Session, key: str, *nodes: Json, mode: int = 2, **config: Json) -> None:
    session.workflow(key, list(nodes), type="collection", config={"collection": "samples", "mode": mode} | config)


def notes(session: Session) -> list[Json]:
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


class TestSeveralRecords:
    """A workflow that writes must not swallow the events of the records that come after."""

    def test_each_record_of_an_update_by_filter_has_its_event(self, session: Session) -> None:
        on_record(session, "watch", NOTE)
        for number in range(5):
            session.call("samples:create", None, {"title": f"s{number}", "status": "many"})
        session.call("samples:update", None, {"indicator": 1}, filter={"status": "many"})
        assert notes(session) == [f"seen s{number}" for number in range(5)]

    def test_nor_those_of_the_next_workflow(self, session: Session) -> None:
        on_record(session, "first", NOTE)
        on_record(session, "second", say("x"))
        for number in range(3):
            session.call("samples:create", None, {"title": f"s{number}", "status": "many"})
        session.call("samples:update", None, {"indicator": 1}, filter={"status": "many"})
        assert [run["stack"] for run in session.executions("second")] == [None, None, None]

    def test_a_guard_looks_at_every_one(self, session: Session) -> None:
        on_record(session, "guard", NOTE, GUARD, rollbackOnFailure=True)
        for title in ("fine", "forbidden", "good"):
            session.call("samples:create", None, {"title": title, "status": "many"})
        with pytest.raises(Unprocessable):
            session.call("samples:update", None, {"indicator": 7}, filter={"status": "many"})
        assert session.call("samples:list", filter={"indicator": 7}) == []
        assert notes(session) == []

    def test_a_nodes_update_of_several_too(self, session: Session) -> None:
        on_record(session, "watch", NOTE)
        for number in range(3):
            session.call("samples:create", None, {"title": f"s{number}", "status": "many"})
        update = {"collection": "samples", "params": {"filter": {"status": "many"}, "values": {"indicator": 2}}}
        session.workflow("all", [{"type": "update", "config": update}], None)
        session.answer("workflows:trigger", None, {}, triggerWorkflows="all")
        assert len(notes(session)) == 3


def test_a_renamed_collection_still_sets_off_its_workflows(session: Session) -> None:
    on_record(session, "watch", say("x"), mode=1)
    session.call("collections:update", "samples", {"name": "probes"})
    session.call("probes:create", None, {"title": "new"})
    assert len(session.executions("watch")) == 1


def test_the_copies_of_two_renamed_versions_are_told_apart(session: Session) -> None:
    on_record(session, "first", say("x"), mode=1)
    on_record(session, "second", say("x"), mode=1)
    session.call("collections:update", "samples", {"name": "probes"})
    keys = [enabled_key(name) for name in ("first", "second")]
    copies = session.store.batch_get(keys)
    assert copies[keys[0]]["version"] != copies[keys[1]]["version"]


class TestConditions:
    def test_an_association_is_asked_about_this_record_alone(self, session: Session) -> None:
        for number in range(101):
            session.call("categories:create", None, {"id": 1000 + number, "title": f"c{number}"})
        on_record(session, "watch", say("x"), mode=1, condition={"category.title": {"$startsWith": "c"}})
        session.call("samples:create", None, {"title": "without"})
        session.call("samples:create", None, {"title": "with", "category": 1007})
        assert [run["context"]["data"]["title"] for run in session.executions("watch")] == ["with"]

    def test_a_template_in_it_is_refused_when_it_is_saved(self, session: Session) -> None:
        with pytest.raises(Invalid, match="no templates") as refused:
            on_record(session, "watch", condition={"createdById": "{{$user.id}}"})
        assert [problem.path for problem in refused.value.problems()] == ["config.condition"]

    @pytest.mark.parametrize(("before", "after"), [({"a": 1}, {"a": True}), ([0], [False]), ({"a": 1}, {"a": 2})])
    def test_true_is_another_value_than_one(self, session: Session, before: Json, after: Json) -> None:
        session.call("collections:create", None, {"name": "boxes", "fields": [{"name": "meta", "type": "json"}]})
        session.workflow("watch", [say("x")], type="collection", config={"collection": "boxes", "mode": 2, "changed": ["meta"]})
        box = session.call("boxes:create", None, {"meta": before})["id"]
        session.call("boxes:update", box, {"meta": after})
        assert len(session.executions("watch")) == 1


class TestPreActions:
    @pytest.mark.parametrize(("nodes", "status", "said"), [([say("no"), {"type": "end", "config": {"endStatus": 1}}], 200, ["no"])])
    def test_one_alone_may_end_a_trigger(self, session: Session, nodes: Json, status: int, said: Json) -> None:
        session.workflow("before", nodes, type="request-interception", config={"collection": "samples"})
        answer = session.answer("samples:trigger", 1, {}, triggerWorkflows="before")
        assert (answer.status, answer.messages) == (status, said)

    def test_alone_and_content_it_leaves_nothing_to_start(self, session: Session) -> None:
        session.workflow("before", [say("fine")], type="request-interception", config={"collection": "samples"})
        with pytest.raises(Invalid, match="only pre-action") as nothing:
            session.answer("samples:trigger", 1, {}, triggerWorkflows="before")
        assert [problem.code for problem in nothing.value.problems()] == ["NO_WORKFLOW_TRIGGERED"]
        assert len(session.executions("before")) == 1

    def test_it_gets_the_filter_as_an_object(self, session: Session) -> None:
        session.workflow("before", [say("{{$context.params.filter.title}}")], type="request-interception", config={"collection": "samples"})
        answer = session.answer("samples:list", triggerWorkflows="before", filter='{"title": "ff"}')
        assert answer.messages == ["ff"]


class TestAnswers:
    """What a call answers is the record as it was committed, so that its ETag means what the caller has seen."""

    def whole(self, session: Session) -> None:
        session.workflow("whole", [change(indicator=77)], type="action", config={"collection": "samples", "atomic": True})

    def seen(self, session: Session, answer: Answer) -> Json:
        row = answer.data[0] if isinstance(answer.data, list) else answer.data
        return row["indicator"], session.call("samples:get", row["id"])["indicator"], answer.headers.get("ETag")

    def test_after_an_atomic_workflow(self, session: Session) -> None:
        self.whole(session)
        made = session.answer("samples:create", None, {"title": "new"}, triggerWorkflows="whole")
        assert self.seen(session, made)[:2] == (77, 77)
        updated = session.answer("samples:update", made.data["id"], {"indicator": 1}, triggerWorkflows="whole")
        assert self.seen(session, updated)[:2] == (77, 77)

    def test_after_a_record_event(self, session: Session) -> None:
        on_record(session, "watch", change(indicator=88), mode=1)
        assert self.seen(session, session.answer("samples:create", None, {"title": "new"}))[:2] == (88, 88)


def test_too_many_writes_are_told_with_their_number(session: Session) -> None:
    on_record(session, "watch", say("x"))
    for number in range(60):
        session.call("samples:create", None, {"title": f"s{number}", "status": "many"})
    with pytest.raises(TooLarge, match="at most 100 items") as refused:
        session.call("samples:update", None, {"indicator": 1}, filter={"status": "many"})
    assert refused.value.code == "TOO_MANY_WRITES"


def test_the_parameter_must_be_text(session: Session) -> None:
    with pytest.raises(Invalid, match="must be text"):
        session.answer("samples:trigger", 1, {}, triggerWorkflows={"submit_inspection": "zzz"})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"options": {"timeout": 1.5}}, "options.timeout"),
        ({"options": {"timeout": 1e30}}, "options.timeout"),
        ({"nodes": [NOTE | {"onError": "continue"}]}, "nodes.0.onError"),
        ({"options": {"timeOut": 1}}, "options.timeOut"),
    ],
)
def test_what_would_be_ignored_or_cannot_be_kept_is_refused_at_save(session: Session, body: Json, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        session.workflow("wrong", body.pop("nodes", []), None, sync=False, **body)
    assert [problem.path for problem in refused.value.problems()] == [path]


def test_nothing_inside_a_transaction_may_wait(session: Session) -> None:
    delay = {"type": "delay", "config": {"duration": 1, "unit": 1000, "endStatus": 1}}
    whole = {"type": "transaction", "config": {}, "branches": {"0": [NOTE, delay]}}
    with pytest.raises(Invalid, match="inside a transaction"):
        session.workflow("wrong", [whole], None, sync=False)
    session.workflow("right", [{"type": "transaction", "config": {}, "branches": {"1": [delay]}}], None, sync=False)


def test_an_output_that_cannot_be_kept_is_the_nodes_error(session: Session) -> None:
    session.workflow("large", [{"type": "output", "config": {"value": "{{$context.data.text}}{{$context.data.text}}"}}], None, sync=False)
    session.answer("workflows:trigger", None, {"text": "x" * 200_000}, triggerWorkflows="large")
    session.machines.run(session.backend)
    (execution,) = session.call("executions:list", filter={"key": "large"}, appends="jobs")
    assert (execution["status"], execution["jobs"][0]["result"]["code"]) == (-2, "OUTPUT_TOO_LARGE")
