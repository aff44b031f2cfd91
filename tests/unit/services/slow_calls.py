"""Calls that take long: a service outside that is slow on the test's clock, and calls with a deadline and a wish how long to wait."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.ports import EffectFailed
from chalicelib.engine.spilled import MOST_KEPT_BYTES
from chalicelib.services.call import Answer, Call
from tests.sessions import Session

Json = Any
CALL_MS = 28_000
SPILLS = {"spillToAsync": True}


@dataclass
class SlowOutside:
    """Answers with the number of the request. A path such as ``/3`` takes 3 seconds; ``/broken`` answers 503; others take no time."""

    clock: FixedClock
    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, kind: str, payload: Json, key: str) -> Json:
        path = payload.get("url", "").rpartition("/")[2]
        self.sent.append((path, key))
        takes_ms = int(path) * 1000 if path.isdigit() else 0
        if takes_ms > payload.get("timeout", 5_000):
            self.clock.sleep(payload["timeout"] / 1000)
            raise EffectFailed({"message": "nobody answered"}, timed_out=True)
        self.clock.sleep(takes_ms / 1000)
        if path == "broken":
            raise EffectFailed({"message": "broken", "status": 503})
        if path == "large":
            return {"data": "x" * 2 * MOST_KEPT_BYTES}
        return {"data": len(self.sent)}

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.sent]


def outside(session: Session) -> SlowOutside:
    found = session.backend.outside
    assert isinstance(found, SlowOutside)
    return found


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text}}}}


def get(path: str, **config: Json) -> Json:
    return {"type": "request", "config": {"url": f"http://example.com/{path}", "method": "GET", "timeout": 25_000, **config}}


def say(text: str) -> Json:
    return {"type": "response-message", "config": {"message": text}}


def call(
    session: Session,
    name: str,
    record_id: Json = None,
    body: Json = None,
    *,
    key: str | None = None,
    wait: int | None = None,
    **params: Json,
) -> Answer:
    """A call that has 28 seconds, and perhaps ``Prefer: wait``."""
    resource, action = name.split(":")
    now_ms = session.clock.now_ms()
    made = Call(resource, action, None if record_id is None else str(record_id), params=params, body=body, token=session.token)
    until_ms = None if wait is None else now_ms + wait * 1000
    limits = replace(made, idempotency_key=key, deadline_ms=now_ms + CALL_MS, wait_s=wait, wait_until_ms=until_ms)
    return session.product.answer(limits)


def trigger(session: Session, keys: str, **more: Json) -> Answer:
    return call(session, "samples:trigger", 1, triggerWorkflows=keys, **more)


def notes(session: Session) -> list[Json]:
    return sorted(row["note"] for row in session.call("inspectionRecords:list"))


def said(answer: Answer) -> list[tuple[str, int | None, bool]]:
    return [(one["key"], one["status"], one.get("spilled", False)) for one in answer.body()["meta"]["executions"]]


def run_machines(session: Session) -> None:
    session.machines.run(session.backend)
