"""``Idempotency-Key``: one effect and one answer for a key, however often, whenever and by whoever it is sent again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import Store
from chalicelib.errors import Invalid, Unavailable, Unprocessable
from chalicelib.services.call import Answer
from tests.sessions import Session
from tests.stores import WatchedStore, after, answered, lost, refused, sent, unheard, unread


def note(text: str) -> dict[str, Any]:
    values = {"note": text, "sampleId": "{{$context.data.id}}"}
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": values}}}


def say(text: str) -> dict[str, Any]:
    return {"type": "response-message", "config": {"message": text}}


END_FAILED = {"type": "end", "config": {"endStatus": -1}}


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def session(store: WatchedStore) -> Session:
    """Three workflows on samples: ``one`` and ``two`` make a note each, ``no`` makes one and says no."""
    made = Session(store).install()
    for key in ("one", "two", "three"):
        made.workflow(key, [note(key), say(f"{key} done")])
    made.workflow("no", [note("no"), say("no"), END_FAILED])
    return made


def notes(session: Session) -> list[Any]:
    """Of all inspection records, sorted: records made at the same moment come in any order."""
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


def bodies(*answers: Answer) -> list[Any]:
    return [(answer.status, answer.body()) for answer in answers]


def is_replay(answer: Answer) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


class Crash(BaseException):
    """The process dies here."""


def crash(store: Store, writes: Any) -> None:
    raise Crash


@pytest.mark.parametrize("keys", ["one", "one,two", "one,two,three", "no", "one,no,two"])
def test_a_call_sent_again_is_answered_as_before_and_does_nothing(session: Session, keys: str) -> None:
    first = session.trigger("samples", 1, keys, key="k")
    made = notes(session)
    second = session.process().trigger("samples", 1, keys, key="k")
    assert bodies(first) == bodies(second)
    assert (is_replay(first), is_replay(second)) == (False, True)
    assert notes(session) == made


def test_without_a_key_a_call_sent_again_does_it_again(session: Session) -> None:
    session.trigger("samples", 1, "one")
    session.trigger("samples", 1, "one")
    assert notes(session) == ["one", "one"]


@pytest.mark.parametrize("change", [{"body": {"title": "x"}}, {"record_id": 2}, {"workflows": "two"}])
def test_the_same_key_for_another_request_is_refused(session: Session, change: dict[str, Any]) -> None:
    session.trigger("samples", 1, "one", key="k")
    with pytest.raises(Unprocessable) as reused:
        session.trigger("samples", **({"record_id": 1, "workflows": "one"} | change), key="k")
    assert reused.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert notes(session) == ["one"]


def test_keys_of_different_users_are_different_keys(session: Session) -> None:
    session.call("users:create", None, {"username": "ann", "password": "a long password", "roles": ["admin"]})
    other = session.process(user_id=session.call("users:list", filter={"username": "ann"})[0]["id"])
    session.trigger("samples", 1, "one", key="k")
    other.trigger("samples", 1, "one", key="k")
    assert notes(session) == ["one", "one"]


def test_a_key_lasts_for_a_day(session: Session) -> None:
    session.trigger("samples", 1, "one", key="k")
    session.clock.sleep(86_400 + 1)
    again = session.process()
    again.trigger("samples", 1, "one", key="k")
    assert notes(again) == ["one", "one"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_empty_or_overlong_key_is_a_400(session: Session, key: str) -> None:
    with pytest.raises(Invalid) as refused_key:
        session.trigger("samples", 1, "one", key=key)
    assert refused_key.value.problems()[0].path == "Idempotency-Key"
    assert notes(session) == []


def test_a_refused_call_keeps_no_answer(session: Session) -> None:
    """A mistake may be mended and sent again under the same key."""
    with pytest.raises(Invalid):
        session.trigger("samples", 1, "unknown", key="k")
    assert session.trigger("samples", 1, "one", key="k").status == 200


def test_a_record_is_created_once(session: Session) -> None:
    made = [session.answer("posts:create", None, {"title": "T"}, key="k") for _ in range(2)]
    assert made[0].body() == made[1].body()
    assert len(session.call("posts:list")) == 2  # the example has one


class TestCrashes:
    """The process dies between two commits; the client sends the call again."""

    def test_a_crash_before_the_first_commit_leaves_nothing(self, session: Session, store: WatchedStore) -> None:
        store.sendings.append(crash)
        with pytest.raises(Crash):
            session.trigger("samples", 1, "one,two", key="k")
        answer = session.process().trigger("samples", 1, "one,two", key="k")
        assert (notes(session), is_replay(answer)) == (["one", "two"], False)

    @pytest.mark.parametrize(("keys", "done"), [("one,two", 1), ("one,two,three", 1), ("one,two,three", 2), ("one,no", 1)])
    def test_the_retry_runs_only_what_had_not_run(self, session: Session, store: WatchedStore, keys: str, done: int) -> None:
        store.sendings.extend([sent] * done + [crash])
        with pytest.raises(Crash):
            session.trigger("samples", 1, keys, key="k")
        assert notes(session) == sorted(keys.split(",")[:done])
        again = session.process().trigger("samples", 1, keys, key="k")
        assert notes(session) == sorted(keys.split(","))
        assert [one["key"] for one in (again.meta or {})["executions"]] == keys.split(",")
        assert bodies(session.process().trigger("samples", 1, keys, key="k")) == bodies(again)

    def test_the_answer_of_the_retry_is_that_of_a_whole_run(self, session: Session, store: WatchedStore) -> None:
        store.sendings.extend([sent, crash])
        with pytest.raises(Crash):
            session.trigger("samples", 1, "one,two", key="k")
        answer = session.process().trigger("samples", 1, "one,two", key="k")
        assert (answer.status, answer.messages) == (200, ["one done", "two done"])

    def test_each_workflow_leaves_one_execution_and_counts_once(self, session: Session, store: WatchedStore) -> None:
        store.sendings.extend([sent, crash])
        with pytest.raises(Crash):
            session.trigger("samples", 1, "one,two", key="k")
        session.process().trigger("samples", 1, "one,two", key="k")
        assert [len(session.executions(key)) for key in ("one", "two")] == [1, 1]

    def test_a_crash_after_the_last_commit_is_answered_from_the_key(self, session: Session, store: WatchedStore) -> None:
        def unheard_crash(inner: Store, writes: Any) -> None:
            inner.transact(writes)
            raise Crash

        store.sendings.append(unheard_crash)
        with pytest.raises(Crash):
            session.trigger("samples", 1, "one", key="k")
        answer = session.process().trigger("samples", 1, "one", key="k")
        assert (is_replay(answer), answer.status, notes(session)) == (True, 200, ["one"])


class TestTrouble:
    """The database stumbles at one of the commits of a call with a key."""

    @pytest.mark.parametrize("at", [0, 1])
    @pytest.mark.parametrize("step", [unheard, lost, refused("conflict"), refused("throttled")])
    def test_every_workflow_runs_once(self, session: Session, store: WatchedStore, at: int, step: Any) -> None:
        store.sendings.extend([*[sent] * at, step])
        answer = session.trigger("samples", 1, "one,two", key="k")
        assert (answer.status, notes(session)) == (200, ["one", "two"])
        assert is_replay(session.process().trigger("samples", 1, "one,two", key="k"))

    @pytest.mark.parametrize("at", [0, 1, 2])
    @pytest.mark.parametrize("keys", ["one", "one,two", "one,two,three"])
    def test_a_record_changed_by_others_only_makes_it_walk_again(self, session: Session, store: WatchedStore, keys: str, at: int) -> None:
        other = session.process(store.inner)
        store.sendings.extend([*[sent] * at, after(lambda: other.call("samples:update", 1, {"title": "Renamed"}))])
        answer = session.trigger("samples", 1, keys, key="k")
        assert (answer.status, notes(session)) == (200, sorted(keys.split(",")))
        store.sendings.clear()
        assert is_replay(session.process().trigger("samples", 1, keys, key="k"))

    def test_an_unknown_outcome_can_be_asked_for_with_the_same_key(self, session: Session, store: WatchedStore) -> None:
        session.trigger("samples", 1, "one")
        store.sendings.append(unheard)
        store.readings.extend([answered, unread])
        with pytest.raises(Unavailable):
            session.trigger("samples", 1, "one", key="k")
        answer = session.trigger("samples", 1, "one", key="k")
        assert (is_replay(answer), notes(session)) == (True, ["one", "one"])


class TestAtTheSameTime:
    """Two processes get the same call at the same moment."""

    @pytest.mark.parametrize("keys", ["one", "one,two", "one,two,three"])
    @pytest.mark.parametrize("at", [0, 1, 2])
    def test_a_whole_call_in_the_middle_of_another(self, session: Session, store: WatchedStore, keys: str, at: int) -> None:
        """The second call runs from beginning to end while the first is about to send its ``at``-th transaction."""
        others: list[Answer] = []
        other = session.process(store.inner)
        store.sendings.extend([*[sent] * at, after(lambda: others.append(other.trigger("samples", 1, keys, key="k")))])
        answer = session.trigger("samples", 1, keys, key="k")
        assert notes(session) == sorted(keys.split(","))
        for one in others:
            assert bodies(one) == bodies(answer)

    @pytest.mark.parametrize("keys", ["one", "one,two", "one,two,three"])
    def test_many_threads(self, keys: str) -> None:
        store = MemoryStore()
        session = Session(store).install()
        for key in keys.split(","):
            session.workflow(key, [note(key), say(f"{key} done")])
        start = threading.Barrier(8)

        def call(_: int) -> Any:
            process = session.process()
            start.wait()
            return bodies(process.trigger("samples", 1, keys, key="k"))

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(call, range(8)))
        assert notes(session) == sorted(keys.split(","))
        assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("action", ["firstOrCreate", "updateOrCreate"])
@pytest.mark.parametrize("there", [False, True])
def test_what_decides_by_what_is_there_decides_once_for_a_key(session: Session, action: str, there: bool) -> None:
    if there:
        session.call("categories:create", None, {"title": "Found"})
    first = session.answer(f"categories:{action}", None, {"title": "Found"}, key="k", filterKeys="title")
    session.call("categories:update", None, {"title": "Renamed"}, filter={"title": "Found"})
    rows = session.call("categories:list")
    again = session.answer(f"categories:{action}", None, {"title": "Found"}, key="k", filterKeys="title")
    assert bodies(again) == bodies(first)
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert session.call("categories:list") == rows
    with pytest.raises(Unprocessable):
        session.answer(f"categories:{action}", None, {"title": "Other"}, key="k", filterKeys="title")
