"""`commit` without an answer: a witness says whether the transaction was done."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ports import (
    EXECUTIONS,
    RECORDS,
    Absent,
    Delete,
    Equals,
    Put,
    Store,
    StoreUnavailable,
    Write,
)
from chalicelib.engine.commit import (
    MOST_SENDS,
    AlreadyCommitted,
    Stale,
)
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Conflict, Unavailable
from tests.stores import after, lost, sent, unheard, unread
from tests.unit.engine.sending import EXECUTION, RECORD, Bench, counter, execution, guard, record


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

    @pytest.mark.parametrize("with_execution", [True, False])
    def test_a_send_that_arrives_late_is_found_at_the_next_one(self, bench: Bench, with_execution: bool) -> None:
        """The first send arrives after the witness was looked for: the second is refused by our own write, and that is success."""
        tagged = [execution(), record()] if with_execution else [record()]
        payload: list[Write] = [entry.write for entry in tagged]

        def arrive() -> None:
            bench.memory.transact(payload)

        bench.commit(*tagged, script=(lost, after(arrive)))
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
