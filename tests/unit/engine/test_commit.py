"""`commit`: what a refused transaction means, in which order, what is sent again and when a walk starts anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.keys import guard_key
from chalicelib.domain.ports import (
    EXECUTIONS,
    Equals,
    Refusal,
    Store,
    StoreUnavailable,
    TransactionRefused,
)
from chalicelib.engine.commit import (
    MOST_SENDS,
    MOST_WALKS,
    AlreadyCommitted,
    Replayed,
    Stale,
    store_errors,
    walk_until_committed,
)
from chalicelib.errors import Conflict, Invalid, TooLarge, Unavailable
from tests.stores import Sending, refused
from tests.unit.engine.fakes import NOW_MS
from tests.unit.engine.sending import EXECUTION, RECORD, Bench, check, counter, definition, execution, guard, idempotency, record


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
