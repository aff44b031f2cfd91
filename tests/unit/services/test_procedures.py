"""Procedures as they are called: who may, on what, with what, and what is left when something goes wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.status import RESOLVED
from chalicelib.entrypoints.http_errors import answer_of
from chalicelib.errors import (
    AppError,
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    NotFound,
    ProcedureFailed,
    Unavailable,
    Unprocessable,
)
from chalicelib.procedures import ProcedureCall, by_address, procedure
from chalicelib.services.call import Answer, Call
from chalicelib.services.procedures import ProcedureCalls
from chalicelib.services.product import Product
from chalicelib.services.roles import Roles
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, after, lost, unheard

Json = Any


class Outbox:
    """What was sent; ``failing`` makes it fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Json, str]] = []
        self.failing = False

    def send(self, kind: str, payload: dict[str, Json], key: str) -> Json:
        if self.failing:
            raise EffectFailed({"message": "the mail server said no", "code": "SMTP"})
        self.sent.append((kind, payload, key))
        return {"messageId": str(len(self.sent))}


@procedure("samples", input_schema={"type": "object", "properties": {"title": {"type": "string"}}})
def rename_and_tell(call: ProcedureCall) -> Json:
    """Writes, sends, answers."""
    assert call.record is not None
    call.records.update("samples", {"id": call.record["id"]}, {"title": call.input.get("title", "Renamed")})
    call.send_mail("a@example.com", f"was {call.record['title']}", text="t")
    made = call.records.create("inspectionRecords", {"note": f"by {call.user['nickname']} as {call.role} at {call.now}"})
    return {"note": made["note"], "title": call.records.find("samples", filter={"id": call.record["id"]})[0]["title"]}


@procedure("samples", input_schema={"type": "object"})
def go_wrong(call: ProcedureCall) -> Json:
    """Writes, then does what it is told."""
    call.records.create("inspectionRecords", {"note": "left behind"})
    how = call.input.get("how")
    if how == "fail":
        call.fail("not today", code="NOT_TODAY", field="how")
    if how == "own":
        raise NotFound("nothing there", code="NOTHING")
    if how == "mail":
        call.send_mail("a@example.com", "s", text="t")
    if how == "number":
        return {"answer": float("nan")}
    if how == "object":
        return {"answer": object()}
    raise RuntimeError("a secret that nobody may see")


@procedure(
    "samples", output_schema={"type": "object", "required": ["a"], "additionalProperties": False, "properties": {"a": {"type": "string"}}}
)
def break_promise(call: ProcedureCall) -> Json:
    """Returns something else."""
    call.records.create("inspectionRecords", {"note": "left behind"})
    return {"a": 5, "hash": "a secret that nobody may see"}


@procedure("samples", input_schema={"type": "object"})
def run_others(call: ProcedureCall) -> Json:
    """Runs what it is told to."""
    if "start" in call.input:
        return call.start_workflow(call.input["start"], {"title": "queued"})
    child = call.run_workflow(call.input["run"], {"id": 1, "title": "T"})
    return {"ended": child.status == RESOLVED, "output": child.output, "messages": call.messages}


@procedure(input_schema={"type": "object"})
def ping(call: ProcedureCall) -> Json:
    """Of no collection."""
    return {"pong": call.input}


OURS = by_address((rename_and_tell, go_wrong, break_promise, run_others, ping))


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def session(store: WatchedStore, outbox: Outbox) -> Session:
    made = Session(store).install()
    made.backend = replace(made.backend, outside=outbox)
    made.product = with_ours(made)
    return made


def with_ours(session: Session) -> Product:
    product = Product(session.backend)
    product._procedures = ProcedureCalls(session.backend, OURS)
    product._handlers = {**product._handlers, "roles:create": Roles(session.backend, OURS).create}
    return product


def as_role(session: Session, *actions: Json, collection: str = "samples", **strategy: Json) -> Session:
    """A user whose role may do this with the collection, and nothing else."""
    rules = {collection: {"usingActionsConfig": True, "actions": list(actions)}}
    session.call("roles:create", None, {"name": "clerk", "resources": rules, **strategy})
    user = session.call(
        "users:create", None, {"username": "clerk", "nickname": "Cleo", "password": "a good password 1", "roles": ["clerk"]}
    )
    other = session.process(user_id=user["id"])
    other.backend = replace(other.backend, outside=session.backend.outside)
    other.product = with_ours(other)
    return other


def notes(session: Session) -> list[str]:
    return [row["note"] for row in session.call("inspectionRecords:list")]


def title(session: Session, sample: int = 1) -> str:
    found: str = session.call("samples:get", sample)["title"]
    return found


class TestACall:
    def test_everything_it_wrote_is_there_and_it_saw_it_itself(self, session: Session, outbox: Outbox) -> None:
        answer = session.answer("samples:renameAndTell", 1, {"title": "New"})
        assert answer.data == {"note": "by Super Admin as root at 2026-11-21T00:00:00.000Z", "title": "New"}
        assert (title(session), len(notes(session)), [mail["subject"] for _, mail, _ in outbox.sent]) == ("New", 1, ["was Sample 1"])
        assert answer.meta is None

    def test_a_warm_one_is_one_read_and_one_write(self, session: Session, store: WatchedStore) -> None:
        session.call("samples:renameAndTell", 1)
        store.forget()
        session.call("samples:renameAndTell", 2)
        assert (len(store.reads), len(store.queries), len(store.transactions)) == (1, 0, 1)

    def test_one_of_no_collection_has_an_address_of_its_own(self, session: Session) -> None:
        assert session.call("procedures:ping", None, {"a": 1}) == {"pong": {"a": 1}}
        with pytest.raises(Invalid, match="works on no record"):
            session.call("procedures:ping", 1)

    def test_what_writes_set_off_runs_in_the_same_transaction(self, session: Session) -> None:
        config = {"collection": "samples", "mode": 2}
        node = {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "set off"}}}}
        body = {"key": "noticed", "type": "collection", "sync": True, "enabled": True, "config": config, "nodes": [node]}
        session.call("workflows:create", None, body)
        answer = session.answer("samples:renameAndTell", 1)
        assert sorted(notes(session))[1:] == ["set off"]
        assert [one["key"] for one in (answer.meta or {})["executions"]] == ["noticed"]


class TestADryRun:
    def test_it_says_what_would_be_and_nothing_is_written_or_sent(self, session: Session, store: WatchedStore, outbox: Outbox) -> None:
        store.forget()
        answer = session.answer("samples:renameAndTell", 1, {"title": "New"}, dryRun="1")
        assert answer.data["title"] == "New"
        shown = (answer.meta or {})["dryRun"]
        assert [(one["collection"], one["action"]) for one in shown["writes"]] == [("samples", "update"), ("inspectionRecords", "create")]
        assert [one["kind"] for one in shown["sent"]] == ["mail"]
        assert (store.transactions, outbox.sent, title(session)) == ([], [], "Sample 1")

    def test_a_mail_that_could_not_be_sent_is_refused_all_the_same(self, session: Session, outbox: Outbox) -> None:
        session.call("samples:update", 1, {"title": "two\u2028lines"})
        for params in ({"dryRun": "1"}, {}):
            with pytest.raises(Invalid) as refused:
                session.answer("samples:renameAndTell", 1, {"title": "New"}, **params)
            assert [problem.path for problem in refused.value.problems()] == ["subject"]
        assert (outbox.sent, notes(session), title(session)) == ([], [], "two\u2028lines")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "name", ["samples:nosuch", "nosuch:renameAndTell", "procedures:renameAndTell", "samples:ping", "samples:rename_and_tell"]
    )
    def test_an_unknown_name_is_a_404(self, session: Session, name: str) -> None:
        with pytest.raises(NotFound) as refused:
            session.call(name, None, {})
        assert refused.value.code == "ACTION_NOT_FOUND"

    def test_a_missing_record_is_a_404_and_a_bad_id_a_400(self, session: Session) -> None:
        with pytest.raises(NotFound, match='no record 99 in collection "samples"'):
            session.call("samples:renameAndTell", 99)
        with pytest.raises(Invalid):
            session.call("samples:renameAndTell", "x")
        with pytest.raises(Invalid, match="takes one id"):
            session.call("samples:renameAndTell", None, {}, filterByTk=["1", "2"])

    def test_every_mistake_in_the_input_is_told_and_nothing_is_done(self, session: Session, store: WatchedStore) -> None:
        session.product = Product(session.backend)
        store.forget()
        with pytest.raises(Invalid) as refused:
            session.call("samples:remeasure", 1, {"indicator": "high", "more": 1, "other": 2})
        assert [problem.path for problem in refused.value.problems()] == ["more", "other", "indicator"]
        with pytest.raises(Invalid, match="must be a JSON object"):
            session.call("samples:remeasure", 1, [5])
        assert store.transactions == []

    @pytest.mark.parametrize(("how", "status", "code"), [("fail", 400, "NOT_TODAY"), ("own", 404, "NOTHING")])
    def test_its_own_errors_keep_code_and_field_and_nothing_is_written(self, session: Session, how: str, status: int, code: str) -> None:
        with pytest.raises(AppError) as refused:
            session.call("samples:goWrong", 1, {"how": how})
        answer = answer_of(refused.value)
        assert (answer.status, (answer.errors or [])[0]["code"], notes(session)) == (status, code, [])
        if how == "fail":
            assert answer.errors == [{"message": "not today", "code": "NOT_TODAY", "path": "how"}]

    def test_an_exception_of_ours_says_no_more_than_the_requests_id(self, session: Session, caplog: pytest.LogCaptureFixture) -> None:
        for how in (None, "number", "object"):
            with pytest.raises(ProcedureFailed) as refused:
                session.call("samples:goWrong", 1, {"how": how})
            (error,) = answer_of(refused.value).errors or []
            assert (answer_of(refused.value).status, error["code"]) == (500, "INTERNAL")
            assert error["requestId"] in caplog.text
            assert "secret" not in str(error)
        assert notes(session) == []

    def test_a_mail_that_could_not_be_sent_takes_everything_back(self, session: Session, outbox: Outbox) -> None:
        outbox.failing = True
        with pytest.raises(ProcedureFailed, match="the mail server said no") as refused:
            session.call("samples:goWrong", 1, {"how": "mail"})
        assert (refused.value.code, notes(session)) == ("EFFECT_FAILED", [])

    def test_a_broken_promise_is_told_without_what_was_returned(self, session: Session, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(ProcedureFailed, match="returned what it does not promise") as refused:
            session.call("samples:breakPromise", 1)
        assert (refused.value.code, notes(session)) == ("BROKEN_PROMISE", [])
        assert "secret" not in refused.value.message
        assert "breakPromise" in caplog.text

    def test_one_that_took_too_long_has_written_nothing(self, session: Session) -> None:
        call = Call("samples", "renameAndTell", "1", body={}, token=session.token, deadline_ms=NOW_MS - 1)
        with pytest.raises(DeadlineExceeded):
            session.product.answer(call)
        assert title(session) == "Sample 1"


class TestPermission:
    def test_without_leave_to_call_it_is_a_403(self, session: Session) -> None:
        with pytest.raises(Forbidden):
            as_role(session, {"name": "view"}, {"name": "trigger"}).call("samples:renameAndTell", 1)

    def test_leave_to_call_is_for_all_procedures_of_the_collection(self, session: Session) -> None:
        assert as_role(session, {"name": "call"}).call("samples:renameAndTell", 1)["note"].startswith("by Cleo as clerk")

    def test_leave_for_one_is_for_that_one(self, session: Session) -> None:
        clerk = as_role(session, {"name": "call:renameAndTell"})
        clerk.call("samples:renameAndTell", 1)
        with pytest.raises(Forbidden):
            clerk.call("samples:runOthers", 1, {"run": "submit_inspection"})

    def test_a_rule_for_one_counts_instead_of_the_rule_for_all(self, session: Session) -> None:
        clerk = as_role(session, {"name": "call"}, {"name": "call:renameAndTell", "scope": {"status": "Archived"}})
        with pytest.raises(Forbidden):
            clerk.call("samples:renameAndTell", 1)

    def test_a_scope_says_which_records_and_that_there_must_be_one(self, session: Session) -> None:
        clerk = as_role(session, {"name": "call", "scope": {"indicator": {"$gt": 90}}})
        clerk.call("samples:renameAndTell", 1)
        for target in (2, 99, None):
            with pytest.raises(Forbidden):
                clerk.call("samples:renameAndTell", target)

    def test_a_strategy_gives_leave_for_every_collection_and_for_those_of_none(self, session: Session) -> None:
        clerk = as_role(session, collection="posts", strategy={"actions": ["call"]})
        clerk.call("samples:renameAndTell", 1)
        assert clerk.call("procedures:ping") == {"pong": {}}

    def test_procedures_of_no_collection_have_a_rule_of_their_own(self, session: Session) -> None:
        clerk = as_role(session, {"name": "call:ping"}, collection="procedures")
        assert clerk.call("procedures:ping") == {"pong": {}}
        session.call("roles/clerk/resources:create", None, {"name": "procedures", "usingActionsConfig": True, "actions": []})
        with pytest.raises(Forbidden):
            clerk.call("procedures:ping")

    @pytest.mark.parametrize("name", ["call:", "call:Upper", "call:a b", "nocall:x", "call:x:own"])
    def test_a_rule_must_name_a_procedure(self, session: Session, name: str) -> None:
        with pytest.raises(Invalid, match="call:<procedure>"):
            as_role(session, {"name": name})

    def test_the_stock_roles(self, session: Session) -> None:
        """An administrator may call, as he may trigger; a member may not."""
        for role, allowed in (("admin", True), ("member", False)):
            user = session.call("users:create", None, {"username": role, "password": "a good password 1", "roles": [role]})
            other = session.process(user_id=user["id"])
            other.product = with_ours(other)
            if allowed:
                assert other.call("procedures:ping") == {"pong": {}}
            else:
                with pytest.raises(Forbidden):
                    other.call("procedures:ping")


class TestWorkflows:
    def test_a_child_is_in_the_same_transaction_and_in_the_answer(self, session: Session, store: WatchedStore) -> None:
        out = {"type": "output", "config": {"value": "{{$context.data.title}} by {{$context.user.nickname}} as {{$context.roleName}}"}}
        session.workflow("child", [{"type": "response-message", "config": {"message": "said"}}, out])
        store.forget()
        answer = session.answer("samples:runOthers", None, {"run": "child"})
        assert answer.data == {"ended": True, "output": "T by Super Admin as root", "messages": ["said"]}
        assert (answer.messages, [one["status"] for one in (answer.meta or {})["executions"]]) == (["said"], [1])
        assert len(store.transactions) == 1
        assert [one["context"]["data"] for one in session.executions("child")] == [{"id": 1, "title": "T"}]

    def test_a_child_that_fails_is_for_the_procedure_to_judge_and_stays_in_the_history(self, session: Session) -> None:
        node = {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "dropped"}}}}
        reject = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"calculator": "equal", "operands": [1, 2]}}}
        session.workflow("child", [node, reject])
        assert session.call("samples:runOthers", None, {"run": "child"})["ended"] is False
        assert ([one["status"] for one in session.executions("child")], notes(session)) == ([-1], [])

    def test_an_asynchronous_one_is_queued_with_the_commit(self, session: Session) -> None:
        session.workflow("later", [], sync=False)
        execution = session.call("samples:runOthers", None, {"start": "later"})
        assert [(one["id"], one["status"]) for one in session.executions("later")] == [(execution, None)]

    @pytest.mark.parametrize("asked", [{"run": "nosuch"}, {"start": "nosuch"}, {"run": "later"}, {"start": "submit_inspection"}])
    def test_one_that_is_not_there_or_of_the_other_kind_is_told(self, session: Session, asked: Json) -> None:
        session.workflow("later", [], sync=False)
        with pytest.raises(Invalid, match="workflow"):
            session.call("samples:runOthers", None, asked)


class TestOthersAtTheSameTime:
    def test_a_record_changed_meanwhile_is_read_again_and_no_mail_is_sent_for_nothing(
        self, session: Session, store: WatchedStore, outbox: Outbox
    ) -> None:
        other = session.process(store.inner)
        store.sendings.append(after(lambda: other.call("samples:update", 1, {"indicator": 1})))
        session.call("samples:renameAndTell", 1)
        assert (len(notes(session)), len(outbox.sent)) == (1, 1)
        assert session.call("samples:get", 1)["indicator"] == 1

    def test_a_record_that_is_always_changed_is_a_409(self, session: Session, store: WatchedStore) -> None:
        other = session.process(store.inner)
        store.sendings.extend(after(lambda: other.call("samples:update", 1, {"indicator": 99})) for _ in range(10))
        with pytest.raises(Conflict):
            session.call("samples:renameAndTell", 1)
        assert notes(session) == []

    def test_an_answer_that_was_lost_is_found_again(self, session: Session, store: WatchedStore) -> None:
        store.sendings.append(unheard)
        session.call("samples:renameAndTell", 1)
        assert len(notes(session)) == 1

    def test_a_database_that_gives_no_answer_is_a_503(self, session: Session, store: WatchedStore) -> None:
        store.sendings.extend([lost] * 10)
        with pytest.raises(Unavailable):
            session.call("samples:renameAndTell", 1)


class TestIdempotency:
    def send(self, session: Session, body: Json = None, sample: int = 1) -> Answer:
        return session.answer("samples:renameAndTell", sample, body or {}, key="k")

    def test_the_same_key_answers_as_the_first_time(self, session: Session, outbox: Outbox) -> None:
        first, again = self.send(session), self.send(session)
        assert (again.body(), again.headers) == (first.body(), {"Idempotent-Replayed": "true"})
        assert (len(notes(session)), len(outbox.sent)) == (1, 1)

    def test_another_request_under_the_same_key_is_refused(self, session: Session) -> None:
        self.send(session)
        for other in ({"title": "Other"}, None):
            with pytest.raises(Unprocessable):
                self.send(session, other, 1 if other else 2)

    def test_a_retry_after_a_failure_sends_under_the_same_key(self, session: Session, store: WatchedStore, outbox: Outbox) -> None:
        """The mail was sent, the write was not heard of: who sends the mail can tell that it is the same."""
        store.sendings.extend([lost] * 10)
        with pytest.raises(Unavailable):
            self.send(session)
        store.sendings.clear()
        self.send(session)
        keys = [key for _, _, key in outbox.sent]
        assert len(keys) == 2
        assert keys[0] == keys[1]
