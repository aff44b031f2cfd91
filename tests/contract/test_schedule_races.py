"""A thousand deliveries of a few times, from many threads and processes, on a database that really refuses: one execution for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.instants import iso_text
from chalicelib.errors import Conflict
from chalicelib.services.firing import Firing
from tests.sessions import Session

DELIVERIES, THREADS, TIMES = 500, 16, 5
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def session(dynamodb_store: DynamoStore) -> Session:
    return Session(dynamodb_store, SystemClock()).install()


def delivered(session: Session, key: str, more: dict[str, Any]) -> list[Any]:
    """The answers to all deliveries, and beside them the versions of the workflow that was made for them."""
    start = session.clock.now_ms() // MINUTE_MS * MINUTE_MS - 2 * TIMES * MINUTE_MS
    config = {"mode": 0, "startsOn": iso_text(start), "repeat": MINUTE_MS} | more
    body = {"key": key, "title": key, "type": "schedule", "enabled": True, "config": config, "nodes": []}
    version = session.call("workflows:create", None, body)["id"]
    processes = [session.process() for _ in range(4)]

    def one(number: int) -> Any:
        event = {"workflow": key, "version": version, "time": iso_text(start + number % TIMES * MINUTE_MS)}
        while True:
            try:
                return Firing(processes[number % 4].backend, event).fire()
            except Conflict:
                continue  # EventBridge delivers it again

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(DELIVERIES)))


def test_each_time_has_one_execution(session: Session) -> None:
    answers = delivered(session, "often", {})
    assert len([one for one in answers if "execution" in one]) == TIMES
    executions = session.executions("often")
    assert len({one["context"]["date"] for one in executions}) == len(executions) == TIMES


def test_a_limit_holds_whoever_comes_first(session: Session) -> None:
    answers = delivered(session, "limited", {"limit": 3})
    assert len([one for one in answers if "execution" in one]) == len(session.executions("limited")) == 3
