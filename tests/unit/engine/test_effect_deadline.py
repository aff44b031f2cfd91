"""No effect is awaited longer than the call has, whatever its own timeout says; what is cut short writes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.outside import OutsideServices
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.status import ABORTED, RESOLVED
from chalicelib.engine.ports import Effects
from chalicelib.engine.runner import Runner
from chalicelib.errors import DeadlineExceeded, Json
from tests.outside import FakeOutside
from tests.unit.adapters.web import Server
from tests.unit.engine.fakes import NOW_MS
from tests.unit.engine.runs import Run, create, slow

pytestmark = pytest.mark.usefixtures("acting_node")

SILENT = {"request": {"fail": {"message": "timeout"}, "timedOut": True}}


@dataclass
class Settings:
    region: str = "eu-west-1"
    request_allowed_hosts: tuple[str, ...] = ()
    request_only_allowed: bool = False
    mail_from: tuple[str, ...] = ()
    notification_topics: dict[str, str] = field(default_factory=dict)
    outbox_dir: str | None = None


@pytest.fixture
def silent() -> Iterator[Server]:
    """A server that takes a request and does not answer for five seconds."""
    with Server(pieces=[b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"], pause_seconds=5) as server:
        yield server


def request(url: str = "http://example.com/", **more: Json) -> dict[str, Json]:
    return {"type": "request", "config": {"url": url, "timeout": 25_000, **more}}


def walk(run: Run, effects: Effects, clock: Any, deadline_ms: int | None) -> None:
    Runner(clock, effects, deadline_ms).walk(run.execution, run.records, answers=True)


def test_requests_to_a_silent_server_end_with_the_call(silent: Server) -> None:
    url = f"http://127.0.0.1:{silent.port}/"
    clock, began = SystemClock(), time.monotonic()
    effects = Effects(OutsideServices(Settings(request_allowed_hosts=(f"127.0.0.1:{silent.port}",))))
    run = Run(create("never"), request(url, timeout=300, ignoreFail=True), request(url))
    with pytest.raises(DeadlineExceeded, match="nothing was written"):
        walk(run, effects, clock, clock.now_ms() + 900)
    assert 0.8 < time.monotonic() - began < 10


def test_a_request_gets_the_time_that_is_left() -> None:
    clock, outside = FixedClock(NOW_MS), FakeOutside({"request": {"status": 200}})
    walk(Run(slow(clock, 1), request()), Effects(outside), clock, NOW_MS + 3_500)
    assert [payload["timeout"] for _, payload, _ in outside.sent] == [2_500]


def test_a_request_that_asks_for_less_keeps_its_timeout() -> None:
    clock, outside = FixedClock(NOW_MS), FakeOutside(SILENT)
    run = Run(request(timeout=3_000))
    walk(run, Effects(outside), clock, NOW_MS + 3_500)
    assert (outside.sent[0][1]["timeout"], run.execution.status) == (3_000, ABORTED)


def test_without_a_deadline_nothing_is_cut() -> None:
    outside = FakeOutside({"request": {"status": 200}})
    run = Run(request())
    walk(run, Effects(outside), FixedClock(NOW_MS), None)
    assert (outside.sent[0][1]["timeout"], run.execution.status) == (25_000, RESOLVED)


def test_nothing_is_sent_when_no_time_is_left() -> None:
    outside = FakeOutside({"mail": {"messageId": "m"}})
    with pytest.raises(DeadlineExceeded):
        Effects(outside).perform("mail", {"to": []}, "1.#a", left_ms=0)
    assert outside.sent == []


def test_a_failure_that_is_no_silence_is_the_effects_own() -> None:
    outside = FakeOutside({"request": {"fail": {"message": "connect ECONNREFUSED"}}})
    with pytest.raises(EffectFailed):
        Effects(outside).perform("request", {"url": "u"}, "1.#a", left_ms=10)
