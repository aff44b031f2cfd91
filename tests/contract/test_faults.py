"""A database in trouble: requests lost, refused or unheard on the wire, at every call of the example's trigger and two at a time.

The effect is there once or not at all, the answer says so or is a 503, and who sends an Idempotency-Key again gets both.
"""

from __future__ import annotations

import itertools
import secrets
from collections import Counter
from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import EXECUTIONS
from chalicelib.engine.commit import commit
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import Unavailable
from chalicelib.services.call import Answer
from tests.conftest import REGION
from tests.contract import wire as wires
from tests.contract.wire import Crash, Fault, Wire
from tests.sessions import Session


class QuickClock(SystemClock):
    """Pauses between attempts are not what is tested here."""

    def sleep(self, seconds: float) -> None:
        pass


@pytest.fixture(scope="module")
def session(dynamodb_store: DynamoStore) -> Session:
    return Session(dynamodb_store, SystemClock()).install()


@pytest.fixture(scope="module")
def single_attempts(dynamodb_endpoint: str) -> Connection:
    """A connection that does not try again by itself, so that every fault reaches the engine."""
    return Connection(
        region=REGION,
        host=dynamodb_endpoint,
        connect_timeout_seconds=1,
        read_timeout_seconds=5,
        max_retry_attempts=0,
        max_pool_connections=50,
    )


@pytest.fixture(scope="module")
def troubled(session: Session, single_attempts: Connection, dynamodb_tables: tuple[str, str]) -> tuple[Wire, Session]:
    """A warm process whose requests may be befallen by something."""
    process = Session(DynamoStore(single_attempts, *dynamodb_tables), QuickClock())
    process.trigger("samples", 2, "submit_inspection")
    return Wire(single_attempts), process


FAULTS: dict[str, Fault] = {
    name: getattr(wires, name) for name in ("unheard", "lost", "throttled", "broken", "conflicting", "garbled", "crashed", "crashed_after")
}
MOST_CALLS = 3


def fresh_records(session: Session) -> UnitRecords:
    """The records as they are now, in a unit of work of their own."""
    reads, definitions = session.backend.reading()
    reads.load([EPOCH])
    unit = session.backend.unit(reads, user_id=None, at_ms=session.clock.now_ms(), seed=secrets.token_hex(8))
    return UnitRecords(unit, definitions)


def samples_for(session: Session, count: int) -> list[int]:
    """New samples that the example's workflow will submit, made at once."""
    records = fresh_records(session)
    made = [records.create("samples", {"title": "Sample", "indicator": 95})["id"] for _ in range(count)]
    commit(session.store, session.clock, records.unit.writes())
    return made


def effects(session: Session, samples: list[int]) -> dict[int, tuple[int, str]]:
    """By sample: how many inspection records point to it, and its status."""
    records, wanted = fresh_records(session), {"$in": samples}
    counts = Counter(row["sampleId"] for row in records.find("inspectionRecords", filter={"sampleId": wanted}, page_size=1000))
    return {row["id"]: (counts[row["id"]], row["status"]) for row in records.find("samples", filter={"id": wanted}, page_size=1000)}


def executions_of(session: Session, sample: int) -> list[int]:
    return [item["id"] for item in session.store.query(EXECUTIONS, f"samples/{sample}", index="byRecord").items]


def pressed(process: Session, sample: int, key: str | None) -> Answer | Unavailable | None:
    """What the caller was told; ``None``: the process died."""
    try:
        return process.trigger("samples", sample, "submit_inspection", key=key)
    except Unavailable as unavailable:
        return unavailable
    except Crash:
        return None


def plans() -> Iterator[dict[int, str]]:
    """Every fault at every call, and every pair of faults."""
    for first, name in itertools.product(range(MOST_CALLS), FAULTS):
        yield {first: name}
        for later, other in itertools.product(range(first + 1, MOST_CALLS), FAULTS):
            yield {first: name, later: other}


@pytest.mark.parametrize("first", FAULTS)
def test_in_trouble_the_effect_is_there_once_or_not_at_all(session: Session, troubled: tuple[Wire, Session], first: str) -> None:
    """The example's trigger, with one or two of its requests befallen by something."""
    wire, process = troubled
    mine = [plan for plan in plans() if plan[min(plan)] == first]
    samples = samples_for(session, len(mine))
    told = {sample: befallen(wire, process, plan, sample, None) for plan, sample in zip(mine, samples, strict=True)}
    found = effects(session, samples)
    for plan, sample in zip(mine, samples, strict=True):
        heard, stored = told[sample], executions_of(session, sample)
        assert found[sample] in ((0, "Collected"), (1, "Submitted")), plan
        assert len(stored) == found[sample][0], plan
        if isinstance(heard, Answer):
            assert (heard.status, stored) == (200, [(heard.meta or {})["executions"][0]["id"]]), plan
        if isinstance(heard, Unavailable) and "executionId" in heard.data:
            assert stored in ([], [heard.data["executionId"]]), plan


@pytest.mark.parametrize("first", FAULTS)
def test_a_caller_who_sends_the_same_key_again_gets_one_effect_and_the_answer(
    session: Session, troubled: tuple[Wire, Session], first: str
) -> None:
    wire, process = troubled
    mine = [plan for plan in plans() if plan[min(plan)] == first]
    samples = samples_for(session, len(mine))
    for plan, sample in zip(mine, samples, strict=True):
        befallen(wire, process, plan, sample, f"trouble {sample}")
        again = pressed(process, sample, f"trouble {sample}")
        assert isinstance(again, Answer), plan
        assert (again.status, again.body()["messages"]) == (200, [{"message": "Sample is submitted for inspection"}]), plan
    assert effects(session, samples) == dict.fromkeys(samples, (1, "Submitted"))
    assert [len(executions_of(session, sample)) for sample in samples] == [1] * len(samples)


def befallen(wire: Wire, process: Session, plan: dict[int, str], sample: int, key: str | None) -> Answer | Unavailable | None:
    """As `pressed`, while things happen as the plan says."""
    wire.begin(**{f"at{number}": FAULTS[name] for number, name in plan.items()})
    told = pressed(process, sample, key)
    wire.faults.clear()
    return told


@pytest.mark.parametrize(
    ("fault", "at"), [*itertools.product(("unheard", "lost", "throttled", "broken"), (0, 1)), ("garbled", 1), ("conflicting", 1)]
)
def test_one_fault_is_mended_by_the_connections_own_attempts(
    session: Session, dynamodb_endpoint: str, dynamodb_tables: tuple[str, str], fault: str, at: int
) -> None:
    connection = connect(REGION, dynamodb_endpoint)
    process = Session(DynamoStore(connection, *dynamodb_tables), SystemClock())
    process.trigger("samples", 2, "submit_inspection")
    (sample,) = samples_for(session, 1)
    Wire(connection).begin(**{f"at{at}": FAULTS[fault]})
    assert process.trigger("samples", sample, "submit_inspection").status == 200
    assert effects(session, [sample]) == {sample: (1, "Submitted")}
