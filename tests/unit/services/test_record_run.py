"""A record action with its workflows over the store in memory, where the process can die between two commits."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import Store
from chalicelib.errors import TooLarge, Unprocessable
from chalicelib.services.call import Answer
from tests.sessions import Session
from tests.stores import WatchedStore, after, lost, refused, sent, unheard

Json = Any


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text}}}}


def say(text: str) -> Json:
    return {"type": "response-message", "config": {"message": text}}


NEVER = {"group": {"type": "or", "calculations": []}}
REJECT = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": NEVER}}
END = {"type": "end", "config": {"endStatus": 1}}


class Crash(BaseException):
    """The process dies here."""


def crash(store: Store, writes: Json) -> None:
    raise Crash


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    """Post-action workflows on samples: ``one`` and ``two`` make a note each and say so, ``whole`` is atomic."""
    made = Session(store).install()
    for key in ("one", "two"):
        post_action(made, key, note(f"{key} {{{{$context.data.title}}}}"), say(key))
    post_action(made, "whole", note("whole"), say("whole"), atomic=True)
    return made


def post_action(session: Session, key: str, *nodes: Json, sync: bool = True, **config: Json) -> None:
    session.workflow(key, list(nodes), type="action", config={"collection": "samples"} | config, sync=sync)


def on_record(session: Session, key: str, *nodes: Json, sync: bool = True, **config: Json) -> None:
    settings = {"collection": "samples", "mode": 1} | config
    session.workflow(key, list(nodes), type="collection", config=settings, sync=sync)


def create(session: Session, keys: str, title: str = "new", *, key: str | None = None, **more: Json) -> Answer:
    return session.answer("samples:create", None, {"title": title}, key=key, triggerWorkflows=keys, **more)


def titles(session: Session) -> list[Json]:
    return sorted(row["title"] for row in session.call("samples:list", paginate="false") if not row["title"].startswith("Sample"))


def notes(session: Session) -> list[Json]:
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


def ended(answer: Answer) -> list[tuple[str, int | None]]:
    return [(one["key"], one["status"]) for one in (answer.meta or {})["executions"]]


class TestOneKeyTwoTries:
    @pytest.mark.parametrize("committed", [1, 2])
    def test_what_the_first_try_left_undone_is_done_by_the_second(self, session: Session, store: WatchedStore, committed: int) -> None:
        store.sendings.extend([*[sent] * committed, crash])
        with pytest.raises(Crash):
            create(session, "one,two", key="k")
        assert (titles(session), len(notes(session))) == (["new"], committed - 1)
        again = create(session.process(), "one,two", key="k")
        assert (again.status, again.data["title"], ended(again)) == (200, "new", [("one", 1), ("two", 1)])
        assert again.messages == ["one", "two"]
        assert (titles(session), notes(session)) == (["new"], ["one new", "two new"])
        third = create(session.process(), "one,two", key="k")
        assert (third.body(), third.headers["Idempotent-Replayed"]) == (again.body(), "true")
        assert (len(session.executions("one")), len(session.executions("two"))) == (1, 1)

    def test_the_second_try_tells_of_what_ran_with_the_record_too(self, session: Session, store: WatchedStore) -> None:
        session.workflow("before", [say("looked at")], type="request-interception", config={"collection": "samples", "global": False})
        post_action(session, "both", say("with it"), atomic=True)
        store.sendings.extend([sent, crash])
        with pytest.raises(Crash):
            create(session, "before,both,one", key="k")
        answer = create(session, "before,both,one", key="k")
        assert ([key for key, _ in ended(answer)], titles(session)) == (["before", "both", "one"], ["new"])
        assert answer.messages[:2] == ["looked at", "with it"]

    def test_a_try_that_died_before_its_first_commit_left_nothing(self, session: Session, store: WatchedStore) -> None:
        store.sendings.append(crash)
        with pytest.raises(Crash):
            create(session, "one", key="k")
        assert (titles(session), notes(session)) == ([], [])
        assert create(session, "one", key="k").messages == ["one"]

    def test_a_record_changed_between_the_tries_is_given_as_it_is_now(self, session: Session, store: WatchedStore) -> None:
        store.sendings.extend([sent, crash])
        with pytest.raises(Crash):
            create(session, "one", key="k")
        (row,) = session.call("samples:list", filter={"title": "new"})
        session.call("samples:update", row["id"], {"title": "renamed"})
        create(session, "one", key="k")
        assert notes(session) == ["one renamed"]

    def test_asynchronous_ones_are_queued_once(self, session: Session, store: WatchedStore) -> None:
        post_action(session, "later", note("later"), sync=False)
        store.sendings.extend([sent, crash])
        with pytest.raises(Crash):
            create(session, "one,later", key="k")
        assert session.executions("later") == []
        assert ended(create(session, "one,later", key="k")) == [("one", 1), ("later", None)]
        create(session, "one,later", key="k")
        assert len(session.executions("later")) == 1

    def test_the_same_key_for_another_body_is_refused(self, session: Session) -> None:
        create(session, "one", key="k")
        with pytest.raises(Unprocessable):
            create(session, "one", "other", key="k")


class TestTrouble:
    @pytest.mark.parametrize("step", [unheard, lost, refused("conflict"), refused("throttled")])
    @pytest.mark.parametrize("position", [0, 1])
    @pytest.mark.parametrize("keys", ["one", "whole", "whole,one"])
    def test_one_bad_send_is_mended(self, session: Session, store: WatchedStore, step: Json, position: int, keys: str) -> None:
        store.sendings.extend([sent] * position + [step])
        answer = create(session, keys)
        assert (answer.status, titles(session), len(notes(session))) == (200, ["new"], len(keys.split(",")))
        store.sendings.clear()

    def test_a_record_changed_before_its_workflow_commits_is_read_again(self, session: Session, store: WatchedStore) -> None:
        other = session.process(store.inner)

        def rename() -> None:
            (row,) = other.call("samples:list", filter={"title": "new"})
            other.call("samples:update", row["id"], {"title": "renamed"})

        store.sendings.extend([sent, after(rename)])
        assert create(session, "one").status == 200
        assert (titles(session), notes(session), len(session.executions("one"))) == (["renamed"], ["one renamed"], 1)

    def test_asynchronous_ones_are_queued_although_the_last_commit_has_to_start_again(self, session: Session, store: WatchedStore) -> None:
        post_action(session, "later", say("x"), sync=False)
        other = session.process(store.inner)

        def rename() -> None:
            (row,) = other.call("samples:list", filter={"title": "new"})
            other.call("samples:update", row["id"], {"title": "renamed"})

        store.sendings.extend([sent, after(rename)])
        answer = create(session, "one,later")
        assert (notes(session), ended(answer)) == (["one renamed"], [("one", 1), ("later", None)])
        assert len(session.executions("later")) == 1

    def test_a_record_removed_before_its_workflow_runs_is_given_as_it_was(self, session: Session) -> None:
        this = {"filter": {"id": "{{$context.data.id}}"}}
        post_action(session, "removing", {"type": "destroy", "config": {"collection": "samples", "params": this}})
        assert create(session, "removing,one").status == 200
        assert (titles(session), notes(session)) == ([], ["one new"])

    def test_more_events_than_a_transaction_holds_are_refused_as_a_whole(self, session: Session) -> None:
        for number in range(60):
            session.call("samples:create", None, {"id": 1000 + number, "title": f"s{number}"})
        on_record(session, "watch", say("x"), mode=2)
        with pytest.raises(TooLarge):
            session.call("samples:update", None, {"status": "x"}, filter={"id": {"$gte": 1000}})
        assert (session.call("samples:get", 1000)["status"], session.executions("watch")) == ("Collected", [])


class TestDryRun:
    """Everything is walked; nothing is in the tables afterwards."""

    @pytest.fixture(autouse=True)
    def _nothing_is_written(self, session: Session, store: WatchedStore) -> Json:
        post_action(session, "fails", note("fails"), REJECT)
        post_action(session, "later", note("later"), sync=False)
        on_record(session, "event", note("event"), collection="inspectionRecords")
        store.forget()
        yield
        assert store.transactions == []

    def writes(self, answer: Answer) -> list[Json]:
        found = (answer.meta or {})["dryRun"]["writes"]
        return sorted((one["collection"], one["action"], (one["after"] or one["before"]).get("note")) for one in found)

    def test_a_create_tells_what_it_and_its_workflows_would_write(self, session: Session) -> None:
        answer = create(session, "whole,one,later", dryRun="1")
        assert (answer.data["title"], answer.messages) == ("new", ["whole", "one"])
        assert ended(answer) == [("whole", 1), ("one", 1), ("later", None)]
        assert not any("id" in one for one in (answer.meta or {})["executions"])
        notes = [("inspectionRecords", "create", text) for text in ("event", "event", "one new", "whole")]
        assert self.writes(answer) == [*notes, ("samples", "create", None)]

    @pytest.mark.parametrize(("keys", "status"), [("fails,later", 500), ("one,fails", 500)])
    def test_a_workflow_that_would_fail_is_told_and_what_comes_after_it_left_out(self, session: Session, keys: str, status: int) -> None:
        answer = create(session, keys, dryRun="1")
        assert (answer.status, ended(answer)[-1]) == (status, ("fails", -1))
        assert ("samples", "create", None) in self.writes(answer)
        assert ("inspectionRecords", "create", "fails") not in self.writes(answer)

    def test_an_update_and_a_destroy_show_before_and_after(self, session: Session) -> None:
        (changed,) = (session.answer("samples:update", 1, {"title": "x"}, dryRun="1").meta or {})["dryRun"]["writes"]
        assert (changed["action"], changed["before"]["title"], changed["after"]["title"]) == ("update", "Sample 1", "x")
        (gone,) = (session.answer("samples:destroy", 1, dryRun="1").meta or {})["dryRun"]["writes"]
        assert (gone["action"], gone["before"]["title"], gone["after"]) == ("destroy", "Sample 1", None)

    def test_a_trigger_tells_too(self, session: Session) -> None:
        answer = session.trigger("samples", 1, "submit_inspection", dryRun="1")
        assert {one[:2] for one in self.writes(answer)} == {("inspectionRecords", "create"), ("samples", "update")}
        assert session.call("samples:get", 1)["status"] == "Collected"


def test_a_dry_run_shows_no_row_that_the_caller_may_not_view(session: Session) -> None:
    session.call("roles:create", None, {"name": "maker", "strategy": {"actions": []}})
    actions = [{"name": "create"}, {"name": "view", "fields": ["id", "title"]}]
    session.call("roles/maker/resources:create", None, {"name": "samples", "usingActionsConfig": True, "actions": actions})
    session.call("users:create", None, {"id": 60, "username": "mia", "password": "a long password", "roles": ["maker"]})
    answer = create(session.process(user_id=60), "one", dryRun="1")
    written = {one["collection"]: one["after"] for one in (answer.meta or {})["dryRun"]["writes"]}
    assert {"title", "indicator", "status"} & set(written["samples"]) == {"title"}
    assert set(written["inspectionRecords"]) == {"id"}


def test_a_dry_run_sends_nothing_and_shows_what_it_would_send_to_who_manages_workflows(session: Session) -> None:
    request = {
        "type": "request",
        "config": {"url": "https://example.com/hook", "method": "POST", "data": {"title": "{{$context.data.title}}"}},
    }
    post_action(session, "calls", request)
    answer = create(session, "calls", dryRun="1")
    (sent_once,) = (answer.meta or {})["dryRun"]["sent"]
    assert (sent_once["kind"], sent_once["payload"]["url"]) == ("request", "https://example.com/hook")
