"""Secrets come in at many places; none of them comes out in a log line or a metric."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from chalice.app import Request, Response

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import EffectFailed, StoreUnavailable
from chalicelib.entrypoints.http import respond
from chalicelib.errors import AppError
from chalicelib.observability import observed
from chalicelib.procedures import by_address
from chalicelib.procedures.base import ProcedureCall, procedure
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.procedures import ProcedureCalls
from tests.sessions import Session
from tests.stores import WatchedStore
from tests.unit.observability.conftest import Told

Json = Any
CANARY = "canary7f3a"


class Leaking:
    """Fails with the payload in what it says: as an effect that failed, then as a bug."""

    def send(self, kind: str, payload: dict[str, Json], key: str) -> Json:
        if payload.get("url", "").endswith("/bug"):
            raise RuntimeError(f"{CANARY} {payload}")
        raise EffectFailed({"message": f"{CANARY} {payload}", "code": "NO_ANSWER"})


class House:
    """The product behind HTTP, as one process serves it."""

    def __init__(self) -> None:
        self.store = WatchedStore(MemoryStore())
        self.session = Session(self.store, outside=Leaking()).install()

    def call(
        self, name: str, body: Json = None, *, token: str | None = None, query: dict[str, str] | None = None, **headers: str
    ) -> Response:
        sent = {"Authorization": f"Bearer {token or self.session.token}"} | {key.replace("_", "-"): value for key, value in headers.items()}
        event = {
            "multiValueQueryStringParameters": {key: [value] for key, value in (query or {}).items()} or None,
            "headers": sent,
            "multiValueHeaders": {key: [value] for key, value in sent.items()},
            "pathParameters": {},
            "requestContext": {"httpMethod": "POST", "resourcePath": "/api/{resource}", "path": f"/api/{name}", "requestId": "r-1"},
            "body": None if body is None else json.dumps(body),
            "stageVariables": None,
        }
        return respond(lambda: self.session.product, Request(event), [quote(part) for part in name.split("/")])

    def workflow(self, key: str, *nodes: Json) -> None:
        self.session.workflow(key, list(nodes))


@pytest.fixture
def house() -> House:
    return House()


def request_to(url: str) -> Json:
    headers = [{"name": "X-Api-Key", "value": CANARY}, {"name": "Authorization", "value": f"Bearer {CANARY}"}]
    return {"type": "request", "config": {"method": "POST", "url": url, "headers": headers, "data": {"secret": CANARY}}}


MAIL: Json = {
    "type": "mailer",
    "config": {"from": "a@example.com", "to": [f"{CANARY}@example.com"], "subject": CANARY, "contentType": "text", "text": CANARY},
}


def test_nothing_that_a_call_brings_is_told(house: House, told: Told) -> None:
    root = {"account": "root@example.com", "password": CANARY}
    house.call("auth:signIn", root)
    house.call("auth:signIn", {"account": f"{CANARY}@example.com", "password": CANARY})
    house.call("auth:check", query={"token": CANARY}, token=CANARY)
    house.call("auth:check", token=f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}")
    house.call("users:create", {"username": "eve", "email": f"{CANARY}@example.com", "password": f"{CANARY} long enough"})
    house.call("apiKeys:create", {"name": CANARY, "role": "root"})
    house.call("samples:create", {"title": CANARY})
    house.call(f"samples:get/{CANARY}")
    house.call(f"samples:update/{CANARY}", {"title": {"not": CANARY}}, Idempotency_Key=CANARY, If_Match=CANARY)
    house.call("samples:list", query={"filter": json.dumps({"title": CANARY}), "cursor": CANARY})
    assert len([line for line in told.lines if line["message"] == "call"]) == 10
    assert CANARY not in told.text + told.printed


def test_nothing_that_a_run_sends_and_hears_is_told(house: House, told: Told) -> None:
    house.workflow("asks", request_to("https://example.com/"))
    house.workflow("breaks", request_to("https://example.com/bug"))
    house.workflow("mails", MAIL)
    house.workflow("says", {"type": "response-message", "config": {"message": "{{$context.data.title}}"}})
    for key in ("asks", "breaks", "mails", "says"):
        house.call("samples:trigger/1", {"title": CANARY}, query={"triggerWorkflows": key})
    assert [line["message"] for line in told.lines if line["level"] == "ERROR"]
    ends = [line for line in told.lines if line["message"] == "call"]
    assert [run["workflow"] for line in ends for run in line["runs"]] == ["asks", "breaks", "mails", "says"]
    assert CANARY not in told.text + told.printed


def test_what_a_bug_of_ours_or_the_database_says_is_not_told(house: House, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Json) -> Json:
        raise ValueError(f"wrong: {CANARY}")

    def silent(*_: Json) -> Json:
        raise StoreUnavailable(f"ThrottlingException: {CANARY}")

    for failing, status in ((broken, 500), (silent, 503)):
        house.store.readings.append(failing)
        assert house.call("samples:get/1").status_code == status
    messages = [line for line in told.lines if line["level"] in ("ERROR", "WARNING")]
    assert [line["exception"][0]["type"] for line in messages] == ["ValueError", "StoreUnavailable"]
    assert CANARY not in told.text + told.printed


def test_neither_tokens_of_tasks_nor_what_machines_report_is_told(house: House, told: Told) -> None:
    version = house.session.workflow("later", [{"type": "output", "config": {"value": CANARY}}], sync=False)
    house.call("samples:trigger/1", {"title": CANARY}, query={"triggerWorkflows": "later"})
    (queued,) = house.session.executions("later")
    runs = AsyncRuns(house.session.backend)
    with observed("walk", "run_segment", "r-1"):
        runs.run_segment({"executionId": queued["id"], "attempt": 1}, house.session.clock.now_ms() + 60_000)
    with observed("invocation", "await_signal", "r-2"), suppress(AppError):
        runs.await_signal({"executionId": queued["id"], "attempt": 1, "signals": 0, "token": CANARY})
    house.session.call("workflows:execute", version, {"data": {"title": CANARY}, "userId": 1})
    before = {one["id"] for one in house.session.executions("later")}
    cause = {"Error": "Lambda.Unknown", "Cause": json.dumps({"errorMessage": CANARY})}
    house.call("samples:trigger/1", query={"triggerWorkflows": "later"})
    (other,) = {one["id"] for one in house.session.executions("later")} - before
    with observed("walk", "run_segment", "r-3"):
        runs.run_segment({"executionId": other, "attempt": 1, "mark": cause}, house.session.clock.now_ms() + 60_000)
    assert any("Lambda.Unknown" in line["message"] for line in told.lines)
    assert CANARY not in told.text + told.printed


@procedure("samples", input_schema={"type": "object"})
def spill(call: ProcedureCall) -> Json:
    """Says what it was given, in whatever way."""
    if call.input.get("promise"):
        return {"kept": call.input}
    raise RuntimeError(f"{CANARY} {call.input}")


def test_what_a_procedure_is_given_and_says_is_not_told(house: House, told: Told) -> None:
    house.session.product._procedures = ProcedureCalls(house.session.backend, by_address((spill,)))
    for body in ({"secret": CANARY}, {"secret": CANARY, "promise": True}):
        house.call("samples:spill/1", body)
    assert [line["exception"][0]["type"] for line in told.lines if "exception" in line][:1] == ["RuntimeError"]
    assert CANARY not in told.text + told.printed
