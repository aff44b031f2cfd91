"""Schedules are made with the workflow, fire once, count their limit over all versions, and are put back in step."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import execution_key, schedule_key
from chalicelib.domain.ports import EXECUTIONS, RECORDS
from chalicelib.domain.schedule_expression import Timing
from chalicelib.errors import Invalid, Unavailable
from chalicelib.services.backend import Backend, NoSchedules
from chalicelib.services.firing import LATEST_MS, Firing, fire_due
from chalicelib.services.schedule_upkeep import MOST_AT_ONCE, PAUSE_MS, keep_schedules
from chalicelib.services.sweeping import sweep
from tests.schedules import refused_as
from tests.sessions import NOW_MS, PlainPasswords, Session

Json = Any
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NODES = [{"type": "output", "key": "said", "config": {"value": "{{$context.date}}"}}]
HOURLY: Json = {"mode": 0, "startsOn": iso_text(NOW_MS + HOUR_MS), "repeat": HOUR_MS}


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore(), FixedClock(NOW_MS)).install()


def scheduled(session: Session, config: Json, key: str = "clock", **more: Json) -> int:
    body = {"key": key, "title": key, "type": "schedule", "enabled": True, "config": config, "nodes": NODES} | more
    version: int = session.call("workflows:create", None, body)["id"]
    return version


def fired(session: Session, version: int, at_ms: int, key: str = "clock") -> Json:
    return Firing(session.backend, {"workflow": key, "version": version, "time": iso_text(at_ms)}).fire()


def refused(session: Session, config: Json, **more: Json) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        scheduled(session, config, **more)
    return [(problem.path, problem.code) for problem in caught.value.problems()]


class TestLifeCycle:
    def test_enabling_makes_one_schedule_that_calls_fire_with_key_and_version(self, session: Session) -> None:
        version = scheduled(session, {"mode": 0, "repeat": "0 9 * * MON-FRI", "timezone": "Europe/Berlin"})
        [(name, made)] = session.schedules.there.items()
        assert name.startswith(f"dev-{version}-")
        assert made.timing == Timing("cron(0 9 ? * 2-6 *)", "Europe/Berlin")
        assert made.payload == {"workflow": "clock", "version": version}

    def test_one_that_is_not_enabled_has_none_until_it_is(self, session: Session) -> None:
        version = scheduled(session, HOURLY, enabled=False)
        assert session.schedules.there == {}
        session.call("workflows:update", version, {"enabled": True})
        assert len(session.schedules.there) == 1

    def test_what_the_scheduler_refuses_leaves_the_workflow_disabled(self, session: Session) -> None:
        version = scheduled(session, HOURLY, enabled=False)
        session.schedules.failures.append(refused_as("AccessDeniedException"))
        with pytest.raises(Unavailable) as caught:
            session.call("workflows:update", version, {"enabled": True})
        assert caught.value.code == "SCHEDULE_NOT_CREATED"
        assert "was not enabled" in caught.value.message
        assert session.call("workflows:get", version)["enabled"] is False
        session.call("workflows:update", version, {"enabled": True})
        assert session.call("workflows:get", version)["enabled"] is True

    def test_without_a_scheduler_no_schedule_can_be_enabled(self, session: Session) -> None:
        one = session.backend
        backend = Backend(one.store, one.clock, one.tokens, PlainPasswords(), machines=session.machines)
        assert isinstance(backend.schedules, NoSchedules)
        session.backend, session.product = backend, type(session.product)(backend)
        with pytest.raises(Unavailable, match="EventBridge Scheduler is not set up"):
            scheduled(session, HOURLY)

    def test_other_changes_do_not_ask_the_scheduler_again(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.schedules.asked.clear()
        session.call("workflows:update", version, {"title": "Another"})
        session.call(f"workflows/{version}/nodes:create", None, {"type": "variable", "config": {"value": 1}})
        assert session.schedules.asked == []

    def test_a_changed_time_is_another_schedule_and_the_old_one_goes_with_the_sweep(self, session: Session) -> None:
        assert kept(session) == []  # a new installation's first
        version = scheduled(session, HOURLY)
        [first] = session.schedules.there
        session.call("workflows:update", version, {"config": HOURLY | {"repeat": 2 * HOUR_MS}})
        [second] = session.schedules.there.keys() - {first}
        session.clock.sleep(PAUSE_MS / 1000 + 1)
        assert kept(session) == [first]
        assert list(session.schedules.there) == [second]

    def test_a_schedule_that_is_over_may_be_edited_but_not_enabled(self, session: Session) -> None:
        version = scheduled(session, {"mode": 0, "startsOn": iso_text(NOW_MS + MINUTE_MS)})
        session.clock.sleep(3_600)
        session.call("workflows:update", version, {"title": "Yesterday"})
        session.call("workflows:update", version, {"enabled": False})
        with pytest.raises(Invalid) as caught:
            session.call("workflows:update", version, {"enabled": True})
        assert [(one.path, one.code) for one in caught.value.problems()] == [("config.startsOn", "SCHEDULE_OVER")]

    def test_bad_times_are_told_all_at_once_and_nothing_is_made(self, session: Session) -> None:
        found = refused(session, {"mode": 0, "startsOn": "soon", "repeat": "0 0 30 2 *", "timezone": "Europe/Berln"}, sync=True)
        assert {path for path, _ in found} == {"config.startsOn", "config.repeat", "config.timezone", "sync"}
        assert refused(session, {"mode": 0, "startsOn": iso_text(NOW_MS - MINUTE_MS)}) == [("config.startsOn", "SCHEDULE_OVER")]
        assert session.schedules.there == {}
        assert session.store.query(RECORDS, "schedules").items == []

    def test_the_mark_is_there_exactly_while_a_version_is_enabled(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        key = schedule_key("clock")

        def mark() -> Json:
            return session.store.batch_get([key]).get(key, {}).get("versionId")

        assert mark() == version
        second = session.call("workflows:revision", version, None, filter={"key": "clock"})["id"]
        assert mark() == version
        session.call("workflows:update", second, {"enabled": True})
        assert mark() == second
        session.call("workflows:update", second, {"enabled": False})
        assert mark() is None
        session.call("workflows:update", second, {"enabled": True})
        session.call("workflows:destroy", second)
        assert mark() is None

    def test_the_mark_follows_a_collection_that_gets_another_name(self, session: Session) -> None:
        scheduled(session, {"mode": 1, "collection": "samples", "startsOn": {"field": "createdAt"}})
        session.call("collections:update", "samples", {"name": "specimens"})
        [mark] = session.store.query(RECORDS, "schedules").items
        assert mark["config"]["collection"] == "specimens"

    def test_no_other_workflow_has_a_mark(self, session: Session) -> None:
        session.workflow("plain", NODES)
        assert session.store.query(RECORDS, "schedules").items == []


def kept(session: Session) -> list[str]:
    return keep_schedules(session.backend, session.clock.now_ms() + 60_000)


class TestUpkeep:
    @pytest.fixture(autouse=True)
    def not_new(self, session: Session) -> None:
        kept(session)
        assert session.schedules.asked == []  # the first five minutes begin; there is nothing that could be old
        session.clock.sleep(PAUSE_MS / 1000)

    def test_what_is_missing_is_made_again(self, session: Session) -> None:
        scheduled(session, HOURLY)
        [name] = session.schedules.there
        session.schedules.there.clear()
        session.schedules.made_ms.clear()
        assert kept(session) == [name]
        assert kept(session) == []
        assert list(session.schedules.there) == [name]

    def test_it_is_done_every_five_minutes_whoever_sweeps(self, session: Session) -> None:
        kept(session)
        session.schedules.asked.clear()
        assert kept(session.process()) == []
        assert session.schedules.asked == []
        session.clock.sleep(PAUSE_MS / 1000)
        kept(session.process())
        assert session.schedules.asked == [("list", "dev-")]

    def test_a_young_one_stays_since_its_workflow_may_be_about_to_be_enabled(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.call("workflows:update", version, {"enabled": False})
        assert kept(session) == []
        session.clock.sleep(PAUSE_MS / 1000 + 1)
        assert len(kept(session)) == 1
        assert session.schedules.there == {}

    def test_one_that_was_enabled_while_it_was_removed_is_made_again(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.call("workflows:update", version, {"enabled": False})
        session.clock.sleep(PAUSE_MS / 1000 + 1)
        session.schedules.failures += [
            lambda call: call(),
            lambda call: (session.call("workflows:update", version, {"enabled": True}), call()),
        ]
        kept(session)
        assert [what for what, _ in session.schedules.asked] == ["put", "list", "remove", "put", "put"]
        assert len(session.schedules.there) == 1

    def test_schedules_of_other_stages_and_other_people_stay(self, session: Session) -> None:
        session.schedules.made_ms |= {"prod-1-0123456789ab": 0, "mine": 0}
        assert kept(session) == []

    def test_of_many_fifty_at_a_time(self, session: Session) -> None:
        session.schedules.made_ms |= {f"dev-{n}-0123456789ab": 0 for n in range(120)}
        assert len(kept(session)) == MOST_AT_ONCE

    def test_one_whose_times_are_over_is_not_made_again(self, session: Session) -> None:
        scheduled(session, {"mode": 0, "startsOn": iso_text(session.clock.now_ms() + MINUTE_MS)})
        session.schedules.made_ms.clear()
        session.clock.sleep(600)
        assert kept(session) == []

    def test_the_sweep_does_it_and_is_not_troubled_when_it_cannot(self, session: Session) -> None:
        scheduled(session, HOURLY)
        session.schedules.made_ms.clear()
        session.schedules.there.clear()
        session.schedules.failures.append(refused_as("ThrottlingException"))
        sweep(session.backend, session.clock.now_ms() + 20_000)
        assert session.schedules.there == {}
        session.clock.sleep(PAUSE_MS / 1000)
        sweep(session.backend, session.clock.now_ms() + 20_000)
        assert len(session.schedules.there) == 1


class TestFiring:
    def test_a_time_starts_the_workflow_with_its_date(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.clock.sleep(3_600)
        answer = fired(session, version, NOW_MS + HOUR_MS)
        session.machines.run(session.backend)
        execution = session.execution(answer["execution"])
        assert (execution["status"], execution["context"]) == (1, {"date": iso_text(NOW_MS + HOUR_MS)})
        assert execution["output"] == iso_text(NOW_MS + HOUR_MS)

    def test_a_thousand_deliveries_are_one_execution(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.clock.sleep(3_600)
        processes = [session.process() for _ in range(4)]
        answers = [fired(processes[n % 4], version, NOW_MS + HOUR_MS + (n % 60) * 1_000) for n in range(1_000)]
        assert len([one for one in answers if "execution" in one]) == 1
        assert len(session.executions("clock")) == 1
        assert session.executed("clock", version) == 1

    def test_neither_is_it_run_again_when_its_execution_has_been_removed(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.clock.sleep(3_600)
        execution_id = fired(session, version, NOW_MS + HOUR_MS)["execution"]
        session.machines.run(session.backend)
        session.call("executions:destroy", execution_id)
        assert fired(session, version, NOW_MS + HOUR_MS) == {"ignored": "it was delivered before"}

    def test_workflows_that_fire_in_the_same_moment_do_not_take_each_others_ids(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("chalicelib.services.firing.derived_id", lambda at_ms, seed, n: (at_ms - 1_767_225_600_000 + n) << 13)
        versions = {f"w{n}": scheduled(session, HOURLY, f"w{n}") for n in range(5)}
        session.clock.sleep(3_600)
        for _ in range(2):
            for key, version in versions.items():
                fired(session, version, NOW_MS + HOUR_MS, key)
        assert [len(session.executions(key)) for key in versions] == [1] * 5

    @pytest.mark.parametrize(
        ("late_ms", "why"),
        [(-MINUTE_MS, "none of its times"), (MINUTE_MS, "none of its times"), (-HOUR_MS, "none of its times")],
    )
    def test_what_is_none_of_its_times_is_left_alone(self, session: Session, late_ms: int, why: str) -> None:
        version = scheduled(session, HOURLY)
        session.clock.sleep(3_600)
        assert why in fired(session, version, NOW_MS + HOUR_MS + late_ms)["ignored"]
        assert session.executions("clock") == []

    def test_a_time_that_has_not_come_is_left_alone_but_for_a_minute_that_clocks_may_be_apart(self, session: Session) -> None:
        version = scheduled(session, {"mode": 0, "repeat": "* * * * *"})
        assert "has not come yet" in fired(session, version, NOW_MS + 120_000)["ignored"]
        assert session.executions("clock") == []
        assert "execution" in fired(session, version, NOW_MS + 60_000)
        session.clock.sleep(61)
        assert "execution" in fired(session, version, NOW_MS + 120_000)

    def test_a_delivery_that_is_late_counts_and_one_that_is_more_than_a_day_late_does_not(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.clock.sleep((HOUR_MS + LATEST_MS) / 1000)
        assert "execution" in fired(session, version, NOW_MS + HOUR_MS)
        session.clock.sleep(3_601)
        assert "more than a day late" in fired(session, version, NOW_MS + 2 * HOUR_MS)["ignored"]

    def test_a_disabled_workflow_an_old_version_and_another_type_do_not_start(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.clock.sleep(3_600)
        assert "another version" in fired(session, version + 8192, NOW_MS + HOUR_MS)["ignored"]
        session.call("workflows:update", version, {"enabled": False})
        assert "not enabled" in fired(session, version, NOW_MS + HOUR_MS)["ignored"]
        other = session.workflow("plain", NODES, None, sync=False)
        assert "no times of its own" in fired(session, other, NOW_MS + HOUR_MS, "plain")["ignored"]
        assert "not enabled" in fired(session, version, NOW_MS + HOUR_MS, "nosuch")["ignored"]

    def test_past_its_end_nothing_starts(self, session: Session) -> None:
        version = scheduled(session, HOURLY | {"endsOn": iso_text(NOW_MS + 2 * HOUR_MS)})
        session.clock.sleep(4 * 3_600)
        assert "execution" in fired(session, version, NOW_MS + 2 * HOUR_MS)
        assert "none of its times" in fired(session, version, NOW_MS + 3 * HOUR_MS)["ignored"]

    def test_where_the_scheduler_fires_daily_our_own_rule_decides(self, session: Session) -> None:
        version = scheduled(session, {"mode": 0, "repeat": "0 0 13 * FRI"})  # NOW is a Saturday
        session.clock.sleep(7 * 86_400)
        days = ["execution" in fired(session, version, NOW_MS + n * 86_400_000) for n in (6, 7)]
        assert days == [True, False]

    def test_the_limit_counts_over_all_versions(self, session: Session) -> None:
        version = scheduled(session, HOURLY | {"limit": 3})
        session.clock.sleep(3_600)
        fired(session, version, NOW_MS + HOUR_MS)
        session.clock.sleep(3_600)
        fired(session, version, NOW_MS + 2 * HOUR_MS)
        second = session.call("workflows:revision", version, None, filter={"key": "clock"})["id"]
        session.call("workflows:update", second, {"enabled": True})
        session.clock.sleep(2 * 3_600)
        answers = [fired(session, second, NOW_MS + n * HOUR_MS) for n in (3, 3, 4, 5)]
        assert ["execution" in one for one in answers] == [True, False, False, False]
        assert "as often as its limit says, 3 times" in answers[2]["ignored"]
        assert len(session.executions("clock")) == 3

    def test_a_start_that_fails_is_left_to_the_sweep(self, session: Session) -> None:
        from tests.machines import throttled

        version = scheduled(session, HOURLY)
        session.clock.sleep(3_600)
        session.machines.failures.append(throttled)
        execution_id = fired(session, version, NOW_MS + HOUR_MS)["execution"]
        assert session.execution(execution_id)["status"] is None
        session.clock.sleep(15)
        sweep(session.backend, session.clock.now_ms() + 20_000)
        session.machines.run(session.backend)
        assert session.execution(execution_id)["status"] == 1

    @pytest.mark.parametrize(
        ("event", "paths"),
        [
            (None, {"workflow", "version", "time"}),
            ([], {"workflow", "version", "time"}),
            ({"workflow": "", "version": True, "time": 5}, {"workflow", "version", "time"}),
            ({"workflow": "clock", "version": 1, "time": "<aws.scheduler.scheduled-time>"}, {"time"}),
        ],
    )
    def test_an_event_that_is_none_is_refused(self, session: Session, event: Json, paths: set[str]) -> None:
        with pytest.raises(Invalid) as caught:
            Firing(session.backend, event)
        assert {problem.path for problem in caught.value.problems()} == paths

    def test_the_same_is_told_of_an_edit_in_place_its_old_times_are_none(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        session.call("workflows:update", version, {"config": HOURLY | {"repeat": 2 * HOUR_MS}})
        session.clock.sleep(2 * 3_600)
        assert "none of its times" in fired(session, version, NOW_MS + 2 * HOUR_MS)["ignored"]


class TestClockLoop:
    def test_every_time_in_the_span_is_fired_once(self, session: Session) -> None:
        scheduled(session, {"mode": 0, "startsOn": iso_text(NOW_MS), "repeat": MINUTE_MS}, "minutes")
        scheduled(session, HOURLY, "hours")
        scheduled(session, {"mode": 1, "collection": "samples", "startsOn": {"field": "createdAt"}}, "dates")
        session.clock.sleep(3_600)
        assert fire_due(session.backend, NOW_MS, NOW_MS + 5 * MINUTE_MS) == 5
        assert fire_due(session.backend, NOW_MS + 3 * MINUTE_MS, NOW_MS + 7 * MINUTE_MS) == 2
        assert fire_due(session.backend, NOW_MS + HOUR_MS - 1, NOW_MS + HOUR_MS) == 2
        dates = [one["context"]["date"] for one in session.executions("minutes")]
        assert dates == [iso_text(NOW_MS + n * MINUTE_MS) for n in (1, 2, 3, 4, 5, 6, 7, 60)]

    def test_what_is_wrong_with_one_does_not_keep_the_others_from_starting(self, session: Session) -> None:
        scheduled(session, HOURLY, "a")
        scheduled(session, HOURLY, "b")
        item = session.store.batch_get([schedule_key("a")])[schedule_key("a")]
        from chalicelib.domain.ports import Put

        session.store.transact([Put(RECORDS, item | {"config": {"mode": 0, "startsOn": "broken"}})])
        session.clock.sleep(3_600)
        assert fire_due(session.backend, NOW_MS, NOW_MS + HOUR_MS) == 1


class TestByHand:
    def test_without_a_date_it_is_now(self, session: Session) -> None:
        version = scheduled(session, HOURLY, enabled=False)
        made = session.call("workflows:execute", version, {})["execution"]
        assert session.execution(made["id"])["context"] == {"date": iso_text(NOW_MS)}

    def test_a_date_may_be_sent(self, session: Session) -> None:
        version = scheduled(session, HOURLY)
        made = session.call("workflows:execute", version, {"date": "2027-01-01"})["execution"]
        assert session.execution(made["id"])["context"] == {"date": "2027-01-01T00:00:00.000Z"}
        with pytest.raises(Invalid, match="was expected"):
            session.call("workflows:execute", version, {"date": "soon"})

    def test_one_with_a_date_field_takes_a_record(self, session: Session) -> None:
        version = scheduled(session, {"mode": 1, "collection": "samples", "startsOn": {"field": "createdAt"}}, enabled=False)
        sample = session.call("samples:create", None, {"title": "A"})
        made = session.call("workflows:execute", version, {"data": sample["id"]})["execution"]
        context = session.execution(made["id"])["context"]
        assert (context["data"]["id"], context["date"]) == (sample["id"], iso_text(NOW_MS))
        with pytest.raises(Invalid, match='"data" is required'):
            session.call("workflows:execute", version, {})

    def test_it_counts_for_no_limit(self, session: Session) -> None:
        version = scheduled(session, HOURLY | {"limit": 1})
        session.call("workflows:execute", version, {})
        session.clock.sleep(3_600)
        assert "execution" in fired(session, version, NOW_MS + HOUR_MS)


def test_what_a_firing_writes_is_found_under_its_keys(session: Session) -> None:
    version = scheduled(session, HOURLY)
    session.clock.sleep(3_600)
    execution_id = fired(session, version, NOW_MS + HOUR_MS)["execution"]
    assert execution_key(execution_id) in session.store.batch_get([execution_key(execution_id)])
    [mark] = session.store.query(EXECUTIONS, "fired#clock").items
    assert (mark["sk"], mark["ttl"] > (NOW_MS + 2 * 86_400_000) // 1000) == (iso_text(NOW_MS + HOUR_MS), True)
