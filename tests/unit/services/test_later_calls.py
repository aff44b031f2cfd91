"""``runAt``: checked now, kept, run once at its time as the same user, listed, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import EXECUTIONS, StoreUnavailable
from chalicelib.errors import AppError, Conflict, Forbidden, Invalid, NotFound, TooLarge
from chalicelib.services.administration import Administration
from chalicelib.services.call import Answer, Call
from chalicelib.services.later_calls import LATEST_MS
from chalicelib.services.later_runs import LaterRun, run_due
from chalicelib.services.sweeping import sweep
from tests.sessions import NOW_MS, Session

Json = Any
HOUR_MS = 3_600_000
AT = iso_text(NOW_MS + HOUR_MS)
RENAME = [
    {
        "type": "update",
        "config": {"collection": "samples", "params": {"filter": {"id": "{{$context.data.id}}"}, "values": {"title": "later"}}},
    }
]
SAY = [{"type": "response-message", "config": {"message": "hello {{$context.user.id}}"}}]


@pytest.fixture
def session() -> Session:
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    made.workflow("rename", RENAME)
    made.workflow("say", SAY, None)
    made.workflow("slow", SAY, None, sync=False)
    return made


def sample(session: Session) -> int:
    made: int = session.call("samples:create", None, {"title": "now"})["id"]
    return made


def later(session: Session, record_id: Json, workflows: str = "rename", **params: Json) -> Answer:
    return session.trigger("samples", record_id, workflows, **({"runAt": AT} | params))


def id_of(answer: Answer) -> int:
    assert (answer.status, answer.has_data) == (202, False)
    found: int = (answer.meta or {})["scheduled"]["id"]
    return found


def pass_time(session: Session, seconds: float = 3_601) -> int:
    session.clock.sleep(seconds)
    return run_due(session.backend, session.clock.now_ms() + 60_000)


def title(session: Session, record_id: int) -> str:
    found: str = session.call("samples:get", record_id)["title"]
    return found


def shown(session: Session, **params: Json) -> list[Json]:
    found: list[Json] = session.call("scheduledCalls:list", **params)
    return found


def test_nothing_runs_now_and_at_its_time_it_runs_once(session: Session) -> None:
    record_id = sample(session)
    answer = later(session, record_id)
    assert (answer.meta or {})["scheduled"] == {"id": id_of(answer), "runAt": AT}
    assert (pass_time(session, 60), title(session, record_id)) == (0, "now")
    assert (pass_time(session), title(session, record_id)) == (1, "later")
    assert pass_time(session, 60) == 0
    assert len(session.executions("rename")) == 1
    [row] = shown(session)
    assert (row["state"], row["call"], row["params"]) == ("done", f"samples:trigger/{record_id}", {"triggerWorkflows": "rename"})
    assert row["result"]["meta"]["executions"][0]["status"] == 1


def test_the_sweep_runs_it(session: Session) -> None:
    record_id = sample(session)
    later(session, record_id)
    session.clock.sleep(3_601)
    sweep(session.backend, session.clock.now_ms() + 60_000)
    assert title(session, record_id) == "later"


def test_global_and_asynchronous_workflows_too(session: Session) -> None:
    answer = session.answer("workflows:trigger", None, {"a": 1}, triggerWorkflows="say,slow", runAt=AT)
    id_of(answer)
    pass_time(session)
    [row] = shown(session)
    assert row["result"]["messages"] == [{"message": "hello 1"}]
    [slow] = session.executions("slow")
    assert (slow["context"]["data"], slow["context"]["user"]["id"], slow["status"]) == ({"a": 1}, 1, None)


@pytest.mark.parametrize(
    ("params", "path", "says"),
    [
        ({"runAt": "soon"}, "runAt", "was expected"),
        ({"runAt": ""}, "runAt", "was expected"),
        ({"runAt": ["2027-01-01"]}, "runAt", "was expected"),
        ({"runAt": iso_text(NOW_MS)}, "runAt", "in the past"),
        ({"runAt": "2020-01-01"}, "runAt", "in the past"),
        ({"runAt": "2028-01-01"}, "runAt", "more than a year"),
        ({"runAt": "2026-12-24T18:00", "timezone": "Europe/Berln"}, "timezone", "Europe/Berlin"),
    ],
)
def test_a_time_that_is_none_is_a_400(session: Session, params: Json, path: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        later(session, sample(session), **params)
    [problem] = caught.value.problems()
    assert (problem.path, says in problem.message) == (path, True)
    assert shown(session) == []


def test_a_time_without_an_offset_is_the_zones_own(session: Session) -> None:
    answer = later(session, sample(session), runAt="2026-12-24T18:00", timezone="Europe/Berlin")
    assert (answer.meta or {})["scheduled"]["runAt"] == "2026-12-24T17:00:00.000Z"


@pytest.mark.parametrize(
    ("record_id", "workflows", "error"),
    [(999, "rename", NotFound), (1, "nosuch", Invalid), (1, "", Invalid), (1, "say", Invalid)],
)
def test_what_could_not_run_now_is_refused_now(session: Session, record_id: Json, workflows: str, error: type[AppError]) -> None:
    with pytest.raises(error):
        later(session, record_id, workflows)
    assert session.store.query(EXECUTIONS, "later").items == []


def test_a_call_that_is_too_large_to_be_kept_is_refused(session: Session) -> None:
    with pytest.raises(TooLarge):
        session.answer("workflows:trigger", None, {"text": "x" * 400_000}, triggerWorkflows="say", runAt=AT)


def test_a_dry_run_keeps_nothing(session: Session) -> None:
    answer = later(session, sample(session), dryRun="1")
    assert (answer.status, answer.meta) == (200, {"executions": [], "scheduled": {"runAt": AT}, "dryRun": True})
    assert shown(session) == []


def test_an_idempotency_key_keeps_one(session: Session) -> None:
    record_id = sample(session)
    first = session.trigger("samples", record_id, "rename", key="k", runAt=AT)
    again = session.trigger("samples", record_id, "rename", key="k", runAt=AT)
    assert again.body() == first.body()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(shown(session)) == 1


def test_through_an_association_it_is_refused(session: Session) -> None:
    session.call("collections:create", None, {"name": "boxes", "fields": [{"name": "content", "type": "belongsTo", "target": "samples"}]})
    box = session.call("boxes:create", None, {"content": sample(session)})["id"]
    with pytest.raises(Invalid, match="without the association"):
        session.answer(f"boxes/{box}/content:trigger", None, triggerWorkflows="rename", runAt=AT)


class TestWhenItsTimeComes:
    def test_a_record_that_is_gone_is_a_failure_that_is_told(self, session: Session) -> None:
        record_id = sample(session)
        later(session, record_id)
        session.call("samples:destroy", record_id)
        pass_time(session)
        [row] = shown(session)
        assert (row["state"], row["result"]["errors"][0]["code"]) == ("failed", "RECORD_NOT_FOUND")

    def test_a_workflow_that_is_disabled_by_then_does_not_run(self, session: Session) -> None:
        record_id = sample(session)
        later(session, record_id)
        version = session.call("workflows:list", filter={"key": "rename"})[0]["id"]
        session.call("workflows:update", version, {"enabled": False})
        pass_time(session)
        assert (shown(session)[0]["state"], title(session, record_id)) == ("failed", "now")

    def test_a_workflow_that_fails_is_a_failure(self, session: Session) -> None:
        session.workflow("no", [{"type": "end", "config": {"endStatus": -1}}])
        later(session, sample(session), "no")
        pass_time(session)
        [row] = shown(session)
        assert (row["state"], row["result"]["errors"][0]["code"]) == ("failed", "WORKFLOW_ENDED")

    def test_who_may_not_any_more_does_not(self, session: Session) -> None:
        user, other = member(session)
        record_id = sample(session)
        id_of(later(other, record_id))
        session.call("users:update", user, {"blocked": True})
        pass_time(session)
        [row] = shown(session, userId=str(user))
        assert (row["state"], row["result"]["errors"][0]["code"], title(session, record_id)) == ("refused", "BLOCKED_USER", "now")

    def test_one_of_an_api_key_that_was_removed_is_refused(self, session: Session) -> None:
        record_id, keyed = sample(session), session.process()
        keyed.token = session.call("apiKeys:create", None, {"name": "ci", "role": "root", "expiresIn": "1d"})["token"]
        id_of(later(keyed, record_id))
        [key] = session.call("apiKeys:list")
        session.call("apiKeys:destroy", key["id"])
        pass_time(session)
        assert (outcome(session), title(session, record_id)) == (("refused", "BLOCKED_TOKEN"), "now")

    def test_one_of_an_api_key_that_is_there_runs_after_a_changed_password_too(self, session: Session) -> None:
        record_id, keyed = sample(session), session.process()
        keyed.token = session.call("apiKeys:create", None, {"name": "ci", "role": "root", "expiresIn": "1d"})["token"]
        id_of(later(keyed, record_id))
        session.call("users:update", 1, {"password": "another password"})
        session.clock.sleep(3_601)
        run_due(session.backend, session.clock.now_ms() + 60_000)
        assert keyed.call("samples:get", record_id)["title"] == "later"

    def test_an_api_key_takes_no_time_after_its_own_end(self, session: Session) -> None:
        record_id, keyed = sample(session), session.process()
        keyed.token = session.call("apiKeys:create", None, {"name": "ci", "role": "root", "expiresIn": "30m"})["token"]
        with pytest.raises(Invalid, match="after the end of this API key") as caught:
            later(keyed, record_id)
        assert [problem.path for problem in caught.value.problems()] == ["runAt"]

    def test_one_of_a_session_that_was_signed_out_is_refused_even_after_the_session_would_be_over(self, session: Session) -> None:
        record_id = sample(session)
        at_ms = NOW_MS + 300 * 24 * HOUR_MS
        id_of(later(session, record_id, runAt=iso_text(at_ms)))
        session.call("auth:signOut")
        marks = [item for item in session.store.query(EXECUTIONS, f"revoked#{session_id(session)}").items]
        assert [item["ttl"] * 1000 > at_ms + LATEST_MS for item in marks] == [True]
        session.clock.sleep(300 * 86_400 + 1)
        assert run_due(session.backend, session.clock.now_ms() + 60_000) == 1
        again = session.process()
        assert (outcome(again), title(again, record_id)) == (("refused", "BLOCKED_TOKEN"), "now")

    def test_one_of_before_a_reset_password_is_refused(self, session: Session) -> None:
        record_id = sample(session)
        id_of(later(session, record_id))
        Administration(session.backend).answer({"resetPassword": {"user": "root@example.com"}}, None)
        session.clock.sleep(3_601)
        run_due(session.backend, session.clock.now_ms() + 60_000)
        again = session.process()
        assert (outcome(again), title(again, record_id)) == (("refused", "INVALID_TOKEN"), "now")

    def test_one_of_a_session_whose_time_is_over_runs(self, session: Session) -> None:
        record_id = sample(session)
        id_of(later(session, record_id, runAt=iso_text(NOW_MS + 300 * 24 * HOUR_MS)))
        session.clock.sleep(300 * 86_400 + 1)
        run_due(session.backend, session.clock.now_ms() + 60_000)
        assert title(session.process(), record_id) == "later"

    def test_one_sweep_runs_as_many_as_it_has_time_for(self, session: Session) -> None:
        record_id = sample(session)
        session.workflow("soon", SAY, sync=False)
        for _ in range(60):
            later(session, record_id, "soon")
        assert pass_time(session) == 60

    def test_what_cannot_run_now_lets_the_others_pass_in_this_sweep_and_the_next(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stuck, free = sample(session), sample(session)
        for record_id in (stuck, stuck, stuck, free):
            later(session, record_id)
            session.clock.sleep(0.01)
        run, taken = LaterRun._answer, []

        def held(self: LaterRun, call: Call) -> Answer:
            taken.append(call.record_id)
            if call.record_id == str(stuck):
                session.clock.sleep(20)
                raise Conflict("others hold it")
            return run(self, call)

        monkeypatch.setattr(LaterRun, "_answer", held)
        assert pass_time(session) == 0  # after two times twenty seconds there is none left for the third
        assert run_due(session.backend, session.clock.now_ms() + 60_000) == 1
        assert (title(session, free), title(session, stuck)) == ("later", "now")
        assert taken[:4] == [str(stuck)] * 3 + [str(free)]  # the two of the first sweep stand behind
        monkeypatch.setattr(LaterRun, "_answer", run)
        assert pass_time(session, 60) == 3
        assert (title(session, stuck), {row["state"] for row in shown(session)}) == ("later", {"done"})
        assert session.store.query(EXECUTIONS, "later").items == []

    def test_one_that_died_between_its_effect_and_the_note_of_it_has_one_effect(self, session: Session) -> None:
        record_id = sample(session)
        later(session, record_id)
        session.clock.sleep(3_601)
        store = session.store
        transact, sent = store.transact, []

        def dying(writes: Any) -> None:
            sent.append(writes)
            if len(sent) >= 3:  # begun, the call itself, then the note of its end
                raise StoreUnavailable("gone")
            transact(writes)

        store.transact = dying  # type: ignore[method-assign]
        run_due(session.backend, session.clock.now_ms() + 60_000)
        store.transact = transact  # type: ignore[method-assign]
        assert (title(session, record_id), shown(session)[0]["state"]) == ("later", "running")
        session.call("samples:update", record_id, {"title": "mine"})
        assert pass_time(session, 60) == 1
        assert (title(session, record_id), shown(session)[0]["state"]) == ("mine", "done")
        assert len(session.executions("rename")) == 1

    def test_two_sweeps_at_once_run_it_once(self, session: Session) -> None:
        record_id = sample(session)
        later(session, record_id)
        session.clock.sleep(3_601)
        for one in (session, session.process(), session.process()):
            run_due(one.backend, session.clock.now_ms() + 60_000)
        assert len(session.executions("rename")) == 1

    def test_what_could_not_run_for_a_day_is_missed(self, session: Session) -> None:
        record_id = sample(session)
        later(session, record_id)
        pass_time(session, (HOUR_MS + LATEST_MS) / 1000 + 1)
        assert (shown(session)[0]["state"], title(session, record_id)) == ("missed", "now")

    def test_without_time_for_a_whole_call_none_begins(self, session: Session) -> None:
        later(session, sample(session))
        session.clock.sleep(3_601)
        assert run_due(session.backend, session.clock.now_ms() + 6_000) == 0
        assert shown(session)[0]["state"] == "waiting"


def outcome(session: Session) -> tuple[str, str]:
    """State and code of the newest call."""
    row = shown(session)[0]
    return row["state"], row["result"]["errors"][0]["code"]


def session_id(session: Session) -> str:
    return session.backend.tokens.verify(session.token, session.clock.now_ms() // 1000).session_id


def member(session: Session) -> tuple[int, Session]:
    """A user who may trigger on samples, and his session."""
    actions: Json = [{"name": name, "fields": []} for name in ("view", "trigger")]
    session.call("roles:create", None, {"name": "starter", "title": "Starter"})
    session.call("roles/starter/resources:create", None, {"name": "samples", "usingActionsConfig": True, "actions": actions})
    body = {"username": "starter", "email": "s@example.com", "password": "some password 1", "roles": ["starter"]}
    user = session.call("users:create", None, body)["id"]
    other = session.process(user_id=user)
    other.token = session.backend.tokens.issue(user, "0123456789abcdef", session.clock.now_ms() // 1000, 24)
    other.backend, other.product = session.backend, session.product
    return user, other


class TestListAndTakeBack:
    def test_one_that_waits_may_be_taken_back(self, session: Session) -> None:
        record_id = sample(session)
        call_id = id_of(later(session, record_id))
        assert session.call("scheduledCalls:destroy", call_id) == 1
        assert (pass_time(session), title(session, record_id), shown(session)) == (0, "now", [])
        with pytest.raises(NotFound):
            session.call("scheduledCalls:destroy", call_id)

    def test_one_that_has_run_may_not(self, session: Session) -> None:
        call_id = id_of(later(session, sample(session)))
        pass_time(session)
        with pytest.raises(Conflict) as caught:
            session.call("scheduledCalls:destroy", call_id)
        assert caught.value.code == "ALREADY_RUN"

    @pytest.mark.parametrize("record_id", ["abc", "", None, "-1"])
    def test_an_id_that_is_none_is_a_400(self, session: Session, record_id: Json) -> None:
        with pytest.raises(Invalid):
            session.call("scheduledCalls:destroy", record_id)

    def test_everybody_sees_ones_own_and_root_all(self, session: Session) -> None:
        user, other = member(session)
        record_id = sample(session)
        mine, theirs = id_of(later(session, record_id)), id_of(later(other, record_id))
        assert [row["id"] for row in shown(session)] == [mine]
        assert [row["id"] for row in shown(other)] == [theirs]
        assert [row["id"] for row in shown(session, userId=str(user))] == [theirs]
        with pytest.raises(Forbidden):
            shown(other, userId="1")
        with pytest.raises(NotFound):
            other.call("scheduledCalls:destroy", mine)
        with pytest.raises(Forbidden):
            other.call("scheduledCalls:destroy", mine, userId="1")
        assert session.call("scheduledCalls:destroy", theirs, userId=str(user)) == 1

    def test_the_newest_stand_first_and_may_be_asked_for_by_state(self, session: Session) -> None:
        record_id = sample(session)
        first = id_of(later(session, record_id))
        pass_time(session)
        second = id_of(later(session, record_id, runAt=iso_text(session.clock.now_ms() + HOUR_MS)))
        assert [row["id"] for row in shown(session)] == [second, first]
        assert [row["id"] for row in shown(session, state="waiting")] == [second]

    def test_a_state_is_looked_for_among_all_and_pages_are_pages(self, session: Session) -> None:
        record_id = sample(session)
        session.workflow("soon", SAY, sync=False)
        waits = id_of(later(session, record_id, runAt=iso_text(NOW_MS + 48 * HOUR_MS)))
        made = sorted([waits, *(id_of(later(session, record_id, "soon")) for _ in range(205))])
        assert pass_time(session) == 205
        assert [row["id"] for row in shown(session, state="waiting")] == [waits]
        pages = [session.answer("scheduledCalls:list", page=str(page), pageSize="100") for page in (1, 2, 3)]
        assert [row["id"] for page in pages for row in page.data] == made[::-1]
        assert [page.meta for page in pages] == [{"hasNext": page < 3, "page": page, "pageSize": 100} for page in (1, 2, 3)]
        assert len(shown(session)) == 20
        assert len(shown(session, paginate="false")) == 206

    @pytest.mark.parametrize("params", [{"state": "nope"}, {"page": "0"}, {"pageSize": "201"}])
    def test_a_page_or_state_that_is_none_is_a_400(self, session: Session, params: Json) -> None:
        with pytest.raises(Invalid) as caught:
            shown(session, **params)
        assert [problem.path for problem in caught.value.problems()] == list(params)


class TestActions:
    def test_an_action_is_pressed_later_with_its_rules_asked_again(self, session: Session) -> None:
        record_id, other_id = sample(session), sample(session)
        body = {"name": "relabel", "label": "Relabel", "collection": "samples", "context": "single", "kind": "workflow"}
        rule = {"workflows": [{"key": "rename"}], "enabledWhen": {"title": "now"}}
        session.call("actions:create", None, body | rule)
        for one in (record_id, other_id):
            answer = session.answer("actions:run", "relabel", {"filterByTk": one}, runAt=AT)
            assert (answer.status, (answer.meta or {})["scheduled"]["runAt"]) == (202, AT)
        session.call("samples:update", other_id, {"title": "changed"})
        with pytest.raises(AppError):
            session.answer("actions:run", "relabel", {"filterByTk": other_id}, runAt=AT)
        assert title(session, record_id) == "now"
        assert pass_time(session) == 2
        assert (title(session, record_id), title(session, other_id)) == ("later", "changed")
        assert {row["state"] for row in shown(session)} == {"done", "failed"}
        assert {row["call"] for row in shown(session)} == {"actions:run/relabel"}

    def test_one_that_starts_no_workflow_is_refused(self, session: Session) -> None:
        body = {"name": "open", "label": "Open", "collection": "samples", "context": "single", "kind": "client"}
        session.call("actions:create", None, body | {"client": {"type": "message", "message": "hi"}})
        with pytest.raises(Invalid, match="for the browser alone"):
            session.answer("actions:run", "open", {"filterByTk": sample(session)}, runAt=AT)
