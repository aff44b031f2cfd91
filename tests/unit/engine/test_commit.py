"""`commit`: what a refused transaction means, in which order, and how an answer that never came is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.collection import Field
from chalicelib.domain.keys import execution_key, guard_key, record_key
from chalicelib.domain.ports import (
    EXECUTIONS,
    RECORDS,
    Absent,
    Check,
    Delete,
    Equals,
    Exists,
    Key,
    Put,
    Refusal,
    Store,
    StoreUnavailable,
    TransactionRefused,
    Update,
    Write,
)
from chalicelib.engine.commit import (
    MOST_SENDS,
    MOST_WALKS,
    AlreadyCommitted,
    Replayed,
    Stale,
    commit,
    store_errors,
    walk_until_committed,
)
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Invalid, TooLarge, Unavailable
from tests.stores import Sending, WatchedStore, after, lost, refused, sent, unheard, unread
from tests.unit.engine.fakes import NOW_MS

EXECUTION = execution_key(77)
RECORD = record_key("c_items", 1)
CODE = Field("code", "string", unique=True)


def execution(token: str = "ours") -> Tagged:
    return Tagged(Put(EXECUTIONS, {"pk": EXECUTION.pk, "sk": EXECUTION.sk, "id": 77, "doc": token}, Absent()), "execution")


def record(version: int = 2) -> Tagged:
    item = {"pk": RECORD.pk, "sk": RECORD.sk, "version": version, "data": {"title": "ours"}}
    return Tagged(Put(RECORDS, item, Equals({"version": version - 1})), "record")


def guard(value: str = "a", condition: Any = None) -> Tagged:
    key = guard_key("c_items", "code", value)
    return Tagged(Put(RECORDS, {"pk": key.pk, "sk": key.sk, "value": 1}, condition or Absent()), "guard", CODE, value)


def idempotency() -> Tagged:
    return Tagged(Put(EXECUTIONS, {"pk": "idem#1#x", "sk": "idem", "doc": "kept"}, Absent()), "idempotency")


def check() -> Tagged:
    return Tagged(Check(record_key("c_items", 2), Equals({"version": 1})), "check")


def definition() -> Tagged:
    return Tagged(Update(record_key("workflows", 8192), set={"frozen": True}, condition=Exists()), "definition")


def counter() -> Tagged:
    return Tagged(Update(Key(RECORDS, "stats#k#00", "1"), add={"value": 1}), "other")


class Bench:
    """A store that follows a script, and a clock whose sleeps take no time."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.store = WatchedStore(self.memory)
        self.clock = FixedClock(NOW_MS)
        self.put({"pk": RECORD.pk, "sk": RECORD.sk, "version": 1})

    def put(self, item: dict[str, Any], table: Any = RECORDS) -> None:
        self.memory.transact([Put(table, item)])

    def get(self, key: Key) -> dict[str, Any] | None:
        return self.memory.batch_get([key]).get(key)

    def commit(self, *tagged: Tagged, script: tuple[Sending, ...] = (), deadline_ms: int | None = None) -> None:
        self.store.sendings.extend(script)
        commit(self.store, self.clock, tagged, deadline_ms)

    @property
    def sends(self) -> int:
        return len(self.store.transactions)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refusing(*reasons: Refusal | None) -> Sending:
    def refuse(store: Store, writes: Any) -> None:
        raise TransactionRefused(list(reasons))

    return refuse


def test_everything_is_one_transaction(bench: Bench) -> None:
    bench.commit(execution(), record(), counter())
    assert bench.sends == 1
    assert (bench.get(RECORD) or {})["version"] == 2
    assert bench.get(EXECUTION) is not None


def test_nothing_to_write_asks_nothing(bench: Bench) -> None:
    bench.commit()
    assert bench.store.requests == 0


class TestRefusals:
    """One reason is told of several that may hold at once."""

    def test_an_execution_that_exists_comes_before_everything(self, bench: Bench) -> None:
        bench.put({"pk": EXECUTION.pk, "sk": EXECUTION.sk, "id": 77, "doc": "another"}, EXECUTIONS)
        bench.put({"pk": "idem#1#x", "sk": "idem", "doc": "kept"}, EXECUTIONS)
        with pytest.raises(AlreadyCommitted) as there:
            bench.commit(record(9), guard(), idempotency(), check(), execution())
        assert there.value.item["doc"] == "another"

    @pytest.mark.parametrize(
        ("failing", "expected"),
        [
            ("execution idempotency guard record check", AlreadyCommitted),
            ("idempotency guard record check", Replayed),
            ("idempotency record", Replayed),
            ("guard record check", Invalid),
            ("guard", Invalid),
            ("record", Stale),
            ("check", Stale),
            ("definition", Stale),
            ("record check definition", Stale),
        ],
    )
    @pytest.mark.parametrize("turned", [False, True])
    def test_the_order_of_the_reasons(self, bench: Bench, failing: str, expected: type[Exception], turned: bool) -> None:
        bench.put({"pk": EXECUTION.pk, "sk": EXECUTION.sk, "id": 77, "doc": "another"}, EXECUTIONS)
        tagged = [execution(), record(), guard(), idempotency(), check(), definition(), counter()]
        tagged = tagged[::-1] if turned else tagged
        reasons: list[Refusal | None] = ["condition" if entry.purpose in failing.split() else None for entry in tagged]
        with pytest.raises(expected):
            bench.commit(*tagged, script=(refusing(*reasons),))
        assert bench.sends == 1

    def test_a_taken_value_names_its_field(self, bench: Bench) -> None:
        key = guard_key("c_items", "code", "a")
        bench.put({"pk": key.pk, "sk": key.sk, "value": 5})
        with pytest.raises(Invalid) as taken:
            bench.commit(record(), guard("a"))
        (problem,) = taken.value.problems()
        assert (problem.path, problem.code) == ("code", "NOT_UNIQUE")
        assert "'a'" in problem.message
        assert (bench.get(RECORD) or {})["version"] == 1

    def test_a_value_that_changed_hands_is_a_stale_read_not_a_mistake(self, bench: Bench) -> None:
        """The unit takes over a value that it read as another record's; by now a third one has it."""
        key = guard_key("c_items", "code", "a")
        bench.put({"pk": key.pk, "sk": key.sk, "value": 5})
        with pytest.raises(Stale):
            bench.commit(record(), guard("a", Equals({"value": 4})))

    def test_a_stale_read_is_not_sent_again(self, bench: Bench) -> None:
        with pytest.raises(Stale):
            bench.commit(record(9))
        assert bench.sends == 1

    def test_an_execution_that_was_there_and_is_gone_is_sent_again(self, bench: Bench) -> None:
        bench.commit(execution(), script=(refusing("condition"),))
        assert bench.sends == 2
        assert bench.get(EXECUTION) is not None

    def test_what_the_database_will_never_take_is_told(self, bench: Bench) -> None:
        with pytest.raises(TooLarge) as never:
            bench.commit(record(), script=(refused("invalid"),))
        assert (never.value.code, bench.sends) == ("WRITE_REFUSED", 1)


class TestSendingAgain:
    @pytest.mark.parametrize("reason", ["conflict", "throttled"])
    def test_the_same_payload_again(self, bench: Bench, reason: Refusal) -> None:
        bench.commit(execution(), record(), script=(refused(reason), refused(reason)))
        assert bench.sends == 3
        assert bench.store.transactions[0] == bench.store.transactions[2]
        assert (bench.get(RECORD) or {})["version"] == 2

    def test_a_condition_counts_more_than_a_conflict_beside_it(self, bench: Bench) -> None:
        with pytest.raises(Stale):
            bench.commit(execution(), record(), script=(refusing("conflict", "condition"),))
        assert bench.sends == 1

    def test_a_conflict_that_lasts_is_a_409_that_may_be_tried_again(self, bench: Bench) -> None:
        with pytest.raises(Conflict) as conflict:
            bench.commit(record(), script=(refused("conflict"),) * MOST_SENDS)
        assert (bench.sends, conflict.value.data) == (MOST_SENDS, {"retryAfter": 1})

    def test_pauses_grow_and_stay_within_the_deadline(self, bench: Bench) -> None:
        with pytest.raises(Conflict):
            bench.commit(record(), script=(refused("throttled"),) * MOST_SENDS, deadline_ms=NOW_MS + 100)
        assert 1 < bench.sends < MOST_SENDS
        assert bench.clock.now_ms() <= NOW_MS + 100

    def test_without_a_deadline_all_pauses_together_are_seconds(self, bench: Bench) -> None:
        with pytest.raises(Conflict):
            bench.commit(record(), script=(refused("throttled"),) * MOST_SENDS)
        assert 0 < bench.clock.now_ms() - NOW_MS < 10_000


class TestWithoutAnAnswer:
    """The transaction was sent and nothing came back: the witness says whether it was done."""

    @pytest.mark.parametrize("tagged", [(execution(), counter()), (counter(), execution(), record()), (record(), counter()), (guard(),)])
    def test_done_but_unheard_is_done(self, bench: Bench, tagged: tuple[Tagged, ...]) -> None:
        bench.commit(*tagged, script=(unheard,))
        assert (bench.sends, len(bench.store.reads)) == (1, 1)

    @pytest.mark.parametrize("tagged", [(execution(), counter()), (counter(), execution(), record()), (record(), counter()), (guard(),)])
    def test_not_done_is_sent_again(self, bench: Bench, tagged: tuple[Tagged, ...]) -> None:
        bench.commit(*tagged, script=(lost, lost, sent))
        assert bench.sends == 3
        assert all(bench.get(entry.write.key) for entry in tagged)

    def test_a_removal_is_its_own_witness(self, bench: Bench) -> None:
        removal = Tagged(Delete(RECORD, Equals({"version": 1})), "record")
        bench.commit(removal, script=(unheard,))
        assert (bench.sends, bench.get(RECORD)) == (1, None)

    def test_the_execution_is_the_witness_where_there_is_one(self, bench: Bench) -> None:
        bench.commit(record(), execution(), script=(unheard,))
        assert bench.store.reads == [{EXECUTION}]

    def test_somebody_elses_execution_of_the_same_id_is_not_ours(self, bench: Bench) -> None:
        bench.put({"pk": EXECUTION.pk, "sk": EXECUTION.sk, "id": 77, "doc": "another"}, EXECUTIONS)
        with pytest.raises(AlreadyCommitted) as there:
            bench.commit(execution(), script=(lost,))
        assert there.value.item["doc"] == "another"

    def test_a_record_that_somebody_else_wrote_meanwhile_is_a_stale_read(self, bench: Bench) -> None:
        def lost_and_overtaken(store: Store, writes: Any) -> None:
            store.transact([Put(RECORDS, {"pk": RECORD.pk, "sk": RECORD.sk, "version": 2, "data": {"title": "theirs"}})])
            raise StoreUnavailable("no answer")

        with pytest.raises(Stale):
            bench.commit(record(), script=(lost_and_overtaken,))

    def test_an_execution_that_arrives_late_is_found_at_the_next_send(self, bench: Bench) -> None:
        """The first send arrives after the witness was looked for; the second one finds it there, with our token."""
        payload: list[Write] = [execution().write, record().write]

        def arrive() -> None:
            bench.memory.transact(payload)

        with pytest.raises(AlreadyCommitted) as there:
            bench.commit(execution(), record(), script=(lost, after(arrive)))
        assert there.value.item["doc"] == "ours"
        assert (bench.get(RECORD) or {})["version"] == 2

    def test_no_answer_to_the_question_either_is_a_503_with_the_execution(self, bench: Bench) -> None:
        bench.store.readings.append(unread)
        with pytest.raises(Unavailable) as unknown:
            bench.commit(execution(), record(), script=(unheard,))
        assert unknown.value.data["executionId"] == 77

    def test_without_an_execution_the_503_names_none(self, bench: Bench) -> None:
        bench.store.readings.append(unread)
        with pytest.raises(Unavailable) as unknown:
            bench.commit(record(), script=(unheard,))
        assert "executionId" not in unknown.value.data

    def test_a_transaction_without_a_witness_is_a_503(self, bench: Bench) -> None:
        with pytest.raises(Unavailable):
            bench.commit(counter(), script=(unheard,))
        assert bench.sends == 1

    def test_values_that_are_null_do_not_hide_the_witness(self, bench: Bench) -> None:
        item = {"pk": EXECUTION.pk, "sk": EXECUTION.sk, "id": 77, "record": None, "ttl": None}
        bench.commit(Tagged(Put(EXECUTIONS, item, Absent()), "execution"), script=(unheard,))
        assert bench.sends == 1

    def test_a_database_that_never_answers_is_not_asked_for_ever(self, bench: Bench) -> None:
        with pytest.raises((Conflict, Unavailable)):
            bench.commit(execution(), script=(lost,) * MOST_SENDS)
        assert bench.sends <= MOST_SENDS

    def test_when_it_never_answers_the_caller_is_told_so(self, bench: Bench) -> None:
        """Nobody else kept changing the records: it is a 503 with the execution, not a 409."""
        with pytest.raises(Unavailable) as unknown:
            bench.commit(execution(), script=(lost,) * MOST_SENDS)
        assert unknown.value.data["executionId"] == 77


class TestWalkingAgain:
    @staticmethod
    def stale_until(number: int) -> Callable[[int], int]:
        def walk(attempt: int) -> int:
            if attempt < number:
                raise Stale
            return attempt

        return walk

    @pytest.mark.parametrize("number", [0, 1, MOST_WALKS - 1])
    def test_a_walk_starts_again_until_it_commits(self, bench: Bench, number: int) -> None:
        assert walk_until_committed(bench.clock, None, self.stale_until(number)) == number

    def test_ten_walks_are_the_most(self, bench: Bench) -> None:
        with pytest.raises(Conflict) as conflict:
            walk_until_committed(bench.clock, None, self.stale_until(MOST_WALKS))
        assert conflict.value.data == {"retryAfter": 1}

    def test_a_deadline_ends_it_earlier(self, bench: Bench) -> None:
        walks: list[int] = []

        def walk(attempt: int) -> None:
            walks.append(attempt)
            raise Stale

        with pytest.raises(Conflict):
            walk_until_committed(bench.clock, NOW_MS + 50, walk)
        assert 1 < len(walks) < MOST_WALKS
        assert bench.clock.now_ms() <= NOW_MS + 50

    def test_other_errors_are_passed_on_at_once(self, bench: Bench) -> None:
        def walk(attempt: int) -> None:
            assert attempt == 0
            raise Invalid("wrong")

        with pytest.raises(Invalid):
            walk_until_committed(bench.clock, None, walk)


def test_a_database_without_an_answer_is_a_503() -> None:
    def act() -> None:
        raise StoreUnavailable("no answer")

    with pytest.raises(Unavailable) as unavailable:
        store_errors(act)
    assert unavailable.value.data == {"retryAfter": 1}
    assert store_errors(lambda: 5) == 5
