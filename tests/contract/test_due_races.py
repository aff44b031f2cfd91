"""Sweeps at once, beside people who write, on a database that really refuses: every record starts once for each of its times."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import due_partition
from chalicelib.domain.ports import RECORDS
from chalicelib.errors import Conflict
from chalicelib.services.due_records import start_due_records
from tests.sessions import NOW_MS, Session

Json = Any
MINUTE_MS, SWEEPS, RECORDS_DUE = 60_000, 4, 500
FIELDS: Json = [
    {"name": "title", "type": "string"},
    {"name": "due", "type": "date"},
    {"name": "parts", "type": "hasMany", "target": "{}", "foreignKey": "wholeId"},
]


class StandingClock(FixedClock):
    """Pauses take no time, and move nothing on: what is due stays what it is while threads get in each other's way."""

    def sleep(self, seconds: float) -> None:
        return None

    def move(self, seconds: float) -> None:
        super().sleep(seconds)


@pytest.fixture
def session(dynamodb_store: DynamoStore, request: pytest.FixtureRequest) -> Session:
    made = Session(dynamodb_store, StandingClock(NOW_MS))
    if not dynamodb_store.query(RECORDS, "installed").items:
        made.install()
    return made


def at(minutes: int) -> str:
    return iso_text(NOW_MS + minutes * MINUTE_MS)


def watching(session: Session, name: str, **config: Json) -> None:
    fields = [field | ({"target": name} if "target" in field else {}) for field in FIELDS]
    session.call("collections:create", None, {"name": name, "fields": fields})
    body = {"key": name, "title": name, "type": "schedule", "enabled": True, "nodes": []}
    session.call("workflows:create", None, body | {"config": {"mode": 1, "collection": name, "startsOn": {"field": "due"}} | config})


def lent(session: Session, name: str, number: int, minutes: int) -> None:
    for start in range(0, number, 40):
        parts = [{"due": at(minutes)} for _ in range(min(40, number - start))]
        session.call(f"{name}:create", None, {"parts": parts})


def sweep_at_once(session: Session) -> None:
    def one(process: Session) -> None:
        start_due_records(process.backend, NOW_MS + 3_600_000)

    with ThreadPoolExecutor(SWEEPS) as pool:
        list(pool.map(one, [session.process() for _ in range(SWEEPS)]))
    start_due_records(session.backend, NOW_MS + 3_600_000)


def started(session: Session, name: str) -> Counter[tuple[int, str]]:
    return Counter((one["context"]["data"]["id"], one["context"]["date"]) for one in session.executions(name))


def items(session: Session, name: str) -> dict[int, str]:
    marked = session.store.query(RECORDS, "workflows#0", index="l1").items
    [since] = [one["data"]["dueSince"] for one in marked if one["data"]["key"] == name]
    found: dict[int, str] = {}
    start = None
    while True:
        page = session.store.query(RECORDS, due_partition(name, since, 0), start=start)
        found |= {int(item["sk"]): item["l1"] for item in page.items}
        start = page.next
        if start is None:
            return found


def moved(session: Session, seconds: float) -> None:
    assert isinstance(session.clock, StandingClock)
    session.clock.move(seconds)


def test_five_hundred_of_one_minute_start_once_each_and_go_on(session: Session) -> None:
    watching(session, "crowd", repeat=10 * MINUTE_MS)
    lent(session, "crowd", RECORDS_DUE, 5)
    moved(session, 300)
    sweep_at_once(session)
    found = started(session, "crowd")
    assert (len(found), set(found.values()), {date for _, date in found}) == (RECORDS_DUE, {1}, {at(5)})
    assert items(session, "crowd") == {one: at(15) for one, _ in found}


def test_a_limit_holds_over_sweeps_at_once(session: Session) -> None:
    watching(session, "few", limit=33)
    lent(session, "few", 80, 5)
    moved(session, 300)
    sweep_at_once(session)
    assert sum(started(session, "few").values()) == 33
    assert items(session, "few") == {}


def test_dates_that_are_moved_meanwhile_start_at_one_time_or_the_other(session: Session) -> None:
    watching(session, "moving")
    lent(session, "moving", 60, 5)
    ids = sorted(items(session, "moving"))
    moved(session, 300)
    processes = [session.process() for _ in range(SWEEPS)]

    def work(number: int) -> None:
        process = processes[number % SWEEPS]
        if number < SWEEPS:
            start_due_records(process.backend, NOW_MS + 3_600_000)
            return
        while True:
            try:
                process.call("moving:update", ids[number - SWEEPS], {"due": at(9)})
                return
            except Conflict:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(SWEEPS + len(ids))))
    assert items(session, "moving") == dict.fromkeys(ids, at(9))
    moved(session, 240)
    sweep_at_once(session)
    found = started(session, "moving")
    assert set(found.values()) == {1}
    assert [one for one, date in sorted(found) if date == at(9)] == ids
    assert {date for _, date in found} <= {at(5), at(9)}
