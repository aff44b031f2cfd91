"""`options.concurrency`: never more at once than the limit, nobody waits for ever, and whoever ends gives its slot back."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import execution_key, place_key, semaphore, slot_key
from chalicelib.domain.ports import EXECUTIONS, Delete, Put, Store, StoreUnavailable, TransactionRefused, Update, Write
from chalicelib.errors import Conflict, Invalid, Unavailable
from chalicelib.services.admission import DEADLOCK
from chalicelib.services.async_runs import AsyncRuns, SegmentDone
from chalicelib.services.endings import end_now
from chalicelib.services.sweeping import sweep
from tests.machines import throttled, unreachable
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore

Json = Any
OUT = {"type": "output", "config": {"value": 7}}
WAIT = {"key": "wait", "type": "delay", "config": {"duration": 60, "unit": 1_000, "endStatus": 1}}
TIMES: list[Json] = [WAIT, OUT]
BY_SITE: Json = {"concurrency": {"limit": 1, "key": "{{$context.data.site}}"}}


@pytest.fixture
def session() -> Session:
    return Session(WatchedStore(MemoryStore()), FixedClock(NOW_MS)).install()


def limited(session: Session, key: str = "slow", nodes: Json = TIMES, **concurrency: Json) -> int:
    return session.workflow(key, nodes, None, sync=False, options={"concurrency": {"limit": 1, **concurrency}})


def trigger(session: Session, key: str = "slow", body: Json = None) -> int:
    session.clock.sleep(0.01)
    answer = session.answer("workflows:trigger", None, body or {}, triggerWorkflows=key)
    assert answer.meta is not None
    execution_id: int = answer.meta["executions"][0]["id"]
    return execution_id


def walk(session: Session, execution_id: int, attempt: int | None = None) -> str:
    """One walk of an attempt, as its machine asks for it; where it leads."""
    attempt = attempt or max(int(name.split("-")[1]) for name in session.machines.executions if name.startswith(f"{execution_id}-"))
    event = {"executionId": execution_id, "attempt": attempt}
    step = str(AsyncRuns(session.backend).run_segment(event, session.clock.now_ms() + 60_000)["next"])
    if step in ("done", "failed") and (machine := session.machines.executions.get(f"{execution_id}-{attempt}")):
        machine.status = "SUCCEEDED"
    return step


def status(session: Session, *execution_ids: int) -> list[Json]:
    return [session.execution(one)["status"] for one in execution_ids]


def items(session: Session, text: str = "", key: str = "slow") -> list[str]:
    return [item["sk"].split("#")[0] for item in session.store.query(EXECUTIONS, semaphore(key, text)).items]


def swept(session: Session, after_seconds: float = 11) -> int:
    session.clock.sleep(after_seconds)
    return sweep(session.backend, session.clock.now_ms() + 60_000)


class TestQueue:
    def test_one_too_many_waits_and_its_machine_ends_well(self, session: Session) -> None:
        limited(session)
        first, second = trigger(session), trigger(session)
        assert [walk(session, first), walk(session, second)] == ["at:wait", "done"]
        assert status(session, first, second) == [0, None]
        assert items(session) == ["slot", "wait"]

    def test_whoever_ends_starts_the_next_in_line(self, session: Session) -> None:
        limited(session)
        first, second, third = (trigger(session) for _ in range(3))
        for one in (first, third, second):
            walk(session, one)
        session.clock.sleep(61)
        assert walk(session, first) == "done"
        assert f"{second}-2" in session.machines.executions
        assert f"{third}-2" not in session.machines.executions
        assert walk(session, second) == "at:wait"
        assert status(session, first, second, third) == [1, 0, None]

    def test_all_come_to_their_end_and_nothing_is_left(self, session: Session) -> None:
        limited(session, limit=2)
        every = [trigger(session) for _ in range(7)]
        session.machines.run(session.backend)
        assert status(session, *every) == [1] * 7
        assert items(session) == []

    def test_a_newcomer_does_not_pass_those_in_line(self, session: Session) -> None:
        limited(session)
        first, second = trigger(session), trigger(session)
        walk(session, first)
        walk(session, second)
        session.machines.failures.append(throttled)  # the start of the second
        assert session.call("executions:cancel", first)["status"] == -3
        third = trigger(session)
        assert walk(session, third) == "done"
        assert status(session, second, third) == [None, None]
        session.machines.run(session.backend)
        swept(session, 30)
        session.machines.run(session.backend)
        assert status(session, second, third) == [1, 1]

    def test_who_ends_while_another_one_gets_in_line_is_noticed(self, session: Session) -> None:
        """The slot is given back before the place in the line is written, so nobody wakes it: it looks again itself."""
        limited(session)
        first, second = trigger(session), trigger(session)
        walk(session, first)
        store = session.store
        assert isinstance(store, WatchedStore)

        def ended_first(inner: Store, writes: Any) -> None:
            end_now(session.backend, first, -3, "test")
            inner.transact(writes)

        store.sendings.append(ended_first)
        assert walk(session, second) == "at:wait"
        assert status(session, first, second) == [-3, 0]

    def test_a_slot_whose_commit_was_not_heard_is_held_once(self, session: Session) -> None:
        limited(session)
        first = trigger(session)
        store = session.store
        assert isinstance(store, WatchedStore)

        def unheard(inner: Store, writes: Any) -> None:
            inner.transact(writes)
            raise StoreUnavailable("no answer")

        store.sendings.append(unheard)
        assert walk(session, first) == "at:wait"
        assert (status(session, first), items(session)) == ([0], ["slot"])

    def test_two_that_begin_at_once_do_not_hold_one_slot(self, session: Session) -> None:
        limited(session)
        first, second = trigger(session), trigger(session)
        store = session.store
        assert isinstance(store, WatchedStore)

        def after_the_other(inner: Store, writes: Any) -> None:
            walk(session, second)
            inner.transact(writes)

        store.sendings.append(after_the_other)
        assert walk(session, first) == "done"
        assert status(session, first, second) == [None, 0]

    def test_the_sweep_starts_who_was_not_woken_and_nobody_for_nothing(self, session: Session) -> None:
        limited(session)
        first, second, third = (trigger(session) for _ in range(3))
        for one in (first, second, third):
            walk(session, one)
        assert swept(session) == 0
        session.machines.failures.append(unreachable)
        session.call("executions:cancel", first)
        assert f"{second}-2" not in session.machines.executions
        assert swept(session, 25) == 1
        assert [name for name in session.machines.executions if not name.endswith("-1")] == [f"{second}-3"]

    def test_who_is_cancelled_in_line_leaves_it(self, session: Session) -> None:
        limited(session)
        first, second, third = (trigger(session) for _ in range(3))
        for one in (first, second, third):
            walk(session, one)
        session.call("executions:cancel", second)
        assert items(session) == ["slot", "wait"]
        session.call("executions:cancel", first)
        assert f"{third}-2" in session.machines.executions

    def test_a_slot_of_an_execution_that_is_over_holds_nobody_up(self, session: Session) -> None:
        limited(session)
        key = slot_key(semaphore("slow", ""), 0)
        session.store.transact([Put(EXECUTIONS, {"pk": key.pk, "sk": key.sk, "holder": 12345})])
        first = trigger(session)
        assert walk(session, first) == "at:wait"
        assert session.store.batch_get([key])[key]["holder"] == first

    def test_a_place_of_an_execution_that_is_gone_holds_nobody_up(self, session: Session) -> None:
        limited(session)
        place = place_key(semaphore("slow", ""), 1)
        session.store.transact([Put(EXECUTIONS, {"pk": place.pk, "sk": place.sk, "holder": 1})])
        first = trigger(session)
        assert walk(session, first) == "at:wait"
        session.clock.sleep(61)
        walk(session, first)
        assert items(session) == []

    def test_a_run_over_its_time_gives_its_slot_back(self, session: Session) -> None:
        session.workflow("slow", TIMES, None, sync=False, options={"timeout": 5_000, "concurrency": {"limit": 1}})
        first, second = trigger(session), trigger(session)
        walk(session, first)
        walk(session, second)
        assert swept(session, 16) >= 1
        assert status(session, first) == [-3]
        assert walk(session, second) == "at:wait"

    def test_a_smaller_limit_holds_for_those_that_begin_after_it(self, session: Session) -> None:
        version = limited(session, limit=2)
        first, second = trigger(session), trigger(session)
        walk(session, first)
        walk(session, second)
        session.call("workflows:update", version, {"options": {"concurrency": {"limit": 1}}})
        third = trigger(session)
        session.call("executions:cancel", first)
        assert walk(session, third) == "done"
        session.call("executions:cancel", second)
        assert walk(session, third) == "at:wait"

    def test_a_limit_that_is_taken_away_lets_those_in_line_go(self, session: Session) -> None:
        version = limited(session)
        first, second = trigger(session), trigger(session)
        walk(session, first)
        walk(session, second)
        session.call("workflows:update", version, {"options": {}})
        assert swept(session) == 1
        assert walk(session, second) == "at:wait"
        session.call("executions:cancel", first)
        assert items(session) == []

    def test_by_hand_it_waits_too(self, session: Session) -> None:
        version = limited(session)
        walk(session, trigger(session))
        execution = session.call("workflows:execute", version, {"userId": 1})["execution"]
        assert execution["status"] is None
        assert f"{execution['id']}-1" not in session.machines.executions

    def test_a_segment_with_one_way_ends_its_machine_without_a_failure(self, session: Session) -> None:
        limited(session)
        first, second = trigger(session), trigger(session)
        walk(session, first)
        with pytest.raises(SegmentDone):
            AsyncRuns(session.backend).run_segment({"executionId": second, "attempt": 1, "straight": "at:wait"}, NOW_MS + 60_000)

    def test_a_child_gives_its_slot_back_when_its_parent_is_cancelled(self, session: Session) -> None:
        limited(session, "child")
        session.workflow("parent", [{"key": "sub", "type": "subflow", "config": {"workflow": "child"}}], None, sync=False)
        parent = trigger(session, "parent")
        walk(session, parent)
        [child] = session.executions("child")
        walk(session, child["id"])
        assert items(session, key="child") == ["slot"]
        session.call("executions:cancel", parent)
        assert (items(session, key="child"), status(session, child["id"])) == ([], [-3])


class TestItself:
    """An execution that is below a holder of the slots."""

    def recursive(self, session: Session, limit: int) -> None:
        again = {"key": "again", "type": "subflow", "config": {"workflow": "slow", "context": {}}}
        options = {"stackLimit": 3, "concurrency": {"limit": limit}}
        session.workflow("slow", [again], None, sync=False, options=options)

    def test_a_subflow_that_would_wait_for_its_parents_slot_fails_and_says_so(self, session: Session) -> None:
        self.recursive(session, 1)
        parent = trigger(session)
        for _ in range(3):
            swept(session)
            session.machines.run(session.backend)
        child = session.executions("slow")[1]
        assert (child["status"], child["reason"]) == (-2, DEADLOCK)
        assert status(session, parent) == [-1]
        assert items(session) == []

    def test_two_whose_subflows_wait_for_each_others_slots_come_to_an_end(self, session: Session) -> None:
        self.recursive(session, 2)
        both = [trigger(session), trigger(session)]
        for one in both:
            walk(session, one)
        for _ in range(12):
            session.machines.run(session.backend)
            swept(session)
        assert all(one["status"] not in (None, 0) for one in session.executions("slow"))
        assert items(session) == []

    def test_one_that_waits_for_a_stranger_waits(self, session: Session) -> None:
        limited(session, "other", [WAIT], limit=2)
        session.workflow("parent", [{"key": "sub", "type": "subflow", "config": {"workflow": "other"}}], None, sync=False)
        for one in (trigger(session, "other"), trigger(session, "other")):
            walk(session, one)
        walk(session, trigger(session, "parent"))
        child = session.executions("other")[-1]
        walk(session, child["id"])
        assert (status(session, child["id"]), child["reason"]) == ([None], None)


class TestKeys:
    def test_each_value_of_the_key_has_a_limit_of_its_own(self, session: Session) -> None:
        limited(session, key="slow")
        session.call("workflows:update", session.call("workflows:list", filter={"key": "slow"})[0]["id"], {"options": BY_SITE})
        one, other, again = (trigger(session, body={"site": site}) for site in ("a", "b", "a"))
        assert [walk(session, each) for each in (one, other, again)] == ["at:wait", "at:wait", "done"]
        assert (items(session, "a"), items(session, "b")) == (["slot", "wait"], ["slot"])

    @pytest.mark.parametrize(("value", "text"), [(None, ""), (7, "7"), ({"a": [1]}, '{"a":[1]}'), ("x" * 5_000, "x" * 5_000)])
    def test_any_value_is_a_key(self, session: Session, value: Json, text: str) -> None:
        session.workflow("slow", TIMES, None, sync=False, options=BY_SITE)
        walk(session, trigger(session, body={"site": value}))
        assert items(session, text) == ["slot"]
        assert len(semaphore("slow", text).encode()) < 1_024

    def test_a_key_that_fails_ends_the_execution_and_says_why(self, session: Session) -> None:
        options = {"concurrency": {"limit": 1, "key": "{{$context.data.site + 1}}"}}
        session.workflow("slow", TIMES, None, sync=False, options=options)
        first = trigger(session, body={"site": "text"})
        with pytest.raises(Exception, match="jobs say"):
            AsyncRuns(session.backend).run_segment({"executionId": first, "attempt": 1, "straight": "at:wait"}, NOW_MS + 60_000)
        row = session.execution(first)
        assert row["status"] == -2
        assert row["reason"].startswith("options.concurrency.key: ")


class TestOtherPolicies:
    def test_skip_ends_what_is_too_many(self, session: Session) -> None:
        limited(session, policy="skip")
        first, second = trigger(session), trigger(session)
        assert [walk(session, first), walk(session, second)] == ["at:wait", "failed"]
        row = session.execution(second)
        assert (row["status"], row["reason"]) == (-3, "concurrency_skipped")
        assert items(session) == ["slot"]

    def test_replace_ends_the_oldest_for_the_newest(self, session: Session) -> None:
        limited(session, limit=2, policy="replace")
        every = [trigger(session) for _ in range(4)]
        for one in every:
            walk(session, one)
        assert [(session.execution(one)["status"], session.execution(one)["reason"]) for one in every] == [
            (-3, "concurrency_replaced"),
            (-3, "concurrency_replaced"),
            (0, None),
            (0, None),
        ]

    def test_replace_does_not_end_a_newer_one_for_one_that_comes_late(self, session: Session) -> None:
        limited(session, policy="replace")
        late, newer = trigger(session), trigger(session)
        assert [walk(session, newer), walk(session, late)] == ["at:wait", "failed"]
        assert (session.execution(late)["reason"], status(session, newer)) == ("concurrency_replaced", [0])

    def test_a_parent_hears_that_its_child_was_skipped(self, session: Session) -> None:
        limited(session, "child", policy="skip")
        session.workflow("parent", [{"key": "sub", "type": "subflow", "config": {"workflow": "child"}}], None, sync=False)
        walk(session, trigger(session, "child"))
        parent = trigger(session, "parent")
        session.machines.executions.pop(next(name for name in session.machines.executions if not name.startswith(str(parent))))
        session.machines.run(session.backend)
        assert session.execution(parent)["status"] < 0


class Jostled(WatchedStore):
    """Loses answers and conflicts at random, before or after the write."""

    def __init__(self, inner: Store, seed: int) -> None:
        super().__init__(inner)
        self.random = random.Random(seed)
        self.calm = False

    def transact(self, writes: Any) -> None:
        roll = 1.0 if self.calm else self.random.random()
        if roll < 0.1:
            raise TransactionRefused(["conflict"] * len(writes))
        super().transact(writes)
        if roll < 0.2:
            raise StoreUnavailable("no answer")


@pytest.mark.parametrize("seed", range(12))
def test_in_any_order_and_with_lost_answers_never_more_than_the_limit_and_all_end(seed: int) -> None:
    store = Jostled(MemoryStore(), seed)
    store.calm = True
    session = Session(store, FixedClock(NOW_MS)).install()
    limited(session, limit=2)
    every = [trigger(session) for _ in range(6)]
    most = 0
    for _ in range(120):
        store.calm = False
        one = store.random.choice(every)
        if store.random.random() < 0.5 and status(session, one)[0] in (None, 0):
            with suppress(Unavailable, Conflict):
                walk(session, one)
        session.clock.sleep(20)
        if store.random.random() < 0.3:
            sweep(session.backend, session.clock.now_ms() + 60_000)
        most = max(most, sum(1 for found in status(session, *every) if found == 0))
    store.calm = True
    for _ in range(30):
        session.machines.run(session.backend)
        for name in [name for name, running in session.machines.executions.items() if running.status != "RUNNING"]:
            del session.machines.executions[name]
        swept(session, 700)
    assert (most, status(session, *every), items(session)) == (2, [1] * 6, [])


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"concurrency": 3}, "options.concurrency"),
        ({"concurrency": {}}, "options.concurrency.limit"),
        ({"concurrency": {"limit": 0}}, "options.concurrency.limit"),
        ({"concurrency": {"limit": 101}}, "options.concurrency.limit"),
        ({"concurrency": {"limit": "2"}}, "options.concurrency.limit"),
        ({"concurrency": {"limit": 2, "policy": "drop"}}, "options.concurrency.policy"),
        ({"concurrency": {"limit": 2, "max": 2}}, "options.concurrency.max"),
        ({"concurrency": {"limit": 2, "key": 7}}, "options.concurrency.key"),
        ({"concurrency": {"limit": 2, "key": "{{"}}, "options.concurrency.key"),
        ({"concurrency": {"limit": 2, "key": "{{$jobsMapByNodeKey.wait}}"}}, "options.concurrency.key"),
        ({"concurrency": {"limit": 2, "key": "{{$system.now}}"}}, "options.concurrency.key"),
        ({"concurrency": {"limit": 2, "key": "x" * 1_001}}, "options.concurrency.key"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_where_it_is_wrong(session: Session, options: Json, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        session.workflow("slow", TIMES, None, sync=False, options=options)
    assert path in [problem.path for problem in caught.value.problems()]
    assert session.call("workflows:list", filter={"key": "slow"}) == []


def test_a_synchronous_workflow_has_no_limit(session: Session) -> None:
    with pytest.raises(Invalid, match="only an asynchronous workflow") as caught:
        session.workflow("fast", [OUT], None, options={"concurrency": {"limit": 1}})
    assert [problem.path for problem in caught.value.problems()] == ["options.concurrency"]


def test_a_workflow_without_a_limit_reads_and_writes_nothing_more(session: Session) -> None:
    session.workflow("free", [OUT], None, sync=False)
    first = trigger(session, "free")
    store = session.store
    assert isinstance(store, WatchedStore)
    store.forget()
    walk(session, first)
    kinds: list[Write] = [write for writes in store.transactions for write in writes]
    assert store.queries == [str(first)]
    assert not [write for write in kinds if isinstance(write, Delete)]
    assert all(write.key == execution_key(first) for write in kinds if isinstance(write, Update))


class TestShown:
    def test_who_waits_in_line_says_for_which_key(self, session: Session) -> None:
        session.workflow("slow", TIMES, None, sync=False, options=BY_SITE)
        first, second = (trigger(session, body={"site": "north"}) for _ in range(2))
        for one in (first, second):
            walk(session, one)
        rows = {row["id"]: row["waitsFor"] for row in session.call("executions:list", filter={"key": "slow"})}
        assert rows == {first: None, second: "north"}
        assert session.call("executions:get", second)["waitsFor"] == "north"
        assert [row["id"] for row in session.call("executions:list", filter={"key": "slow", "waitsFor": "north"})] == [second]
        session.call("executions:cancel", second)
        assert session.call("executions:get", second)["waitsFor"] is None

    def test_without_a_key_it_waits_for_the_empty_one(self, session: Session) -> None:
        limited(session)
        first, second = trigger(session), trigger(session)
        for one in (first, second):
            walk(session, one)
        assert session.call("executions:get", second)["waitsFor"] == ""


def test_a_replaced_execution_does_not_leave_a_machine_that_waits(session: Session) -> None:
    asks = {"key": "ask", "type": "manual", "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": []}}}}
    asks["config"]["forms"]["f"]["actions"] = [{"key": "yes", "status": 1}]
    limited(session, nodes=[asks], policy="replace")
    first = trigger(session)
    session.machines.run(session.backend)
    assert session.machines.executions[f"{first}-1"].status == "RUNNING"
    second = trigger(session)
    session.machines.run(session.backend)
    assert status(session, first, second) == [-3, 0]
    assert session.machines.executions[f"{first}-1"].status == "FAILED"
