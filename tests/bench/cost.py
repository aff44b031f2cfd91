"""What one trigger of the example costs: requests, capacity units, and the CPU of this process without the network."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from botocore.awsrequest import AWSResponse

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.dynamodb.store import DynamoStore
from local.gateway import Context, Request, to_event
from tests.bench.meter import Meter
from tests.bench.report import Line, spread
from tests.bench.stack import REGION, SECRET, InProcess, in_process

KEY = "submit_inspection"
BRANCHES = (("1", "submitted (creates a record, updates the sample)"), ("2", "refused (a message, ended as failed)"))


def measure(endpoint: str, runs: int) -> list[Line]:
    return [*_requests_and_units(endpoint), *_cpu(endpoint, runs)]


def _requests_and_units(endpoint: str) -> Iterator[Line]:
    stack = in_process(endpoint, Meter)
    meter: Any = stack.product.backend.store
    for record_id, branch in BRANCHES:
        for _ in range(3):
            meter.reset()
            _trigger(stack, record_id)
        requests = " + ".join(f"{count} {name}" for name, count in meter.requests.items())
        yield Line(f"warm trigger, {branch}: requests", requests, "2", sum(meter.requests.values()) == 2)
        yield Line(f"warm trigger, {branch}: capacity", f"{meter.read_units} read units, {meter.write_units} write units")
    stack.product.backend.cache.current.entries.clear()
    meter.reset()
    _trigger(stack, "2")
    yield Line("the same with no definition in the process", " + ".join(f"{count} {name}" for name, count in meter.requests.items()))


def _trigger(stack: InProcess, record_id: str) -> None:
    answer = stack.call("samples", "trigger", record_id, triggerWorkflows=KEY)
    if answer.status != (200 if record_id == "1" else 400):
        raise SystemExit(f"the example answered {answer}")


def _cpu(endpoint: str, runs: int) -> Iterator[Line]:
    stack = _as_the_function(in_process(endpoint), endpoint)
    for record_id, branch in BRANCHES:
        _trigger(stack, record_id)
        with answered_from_memory(stack, lambda record_id=record_id: _trigger(stack, record_id)):
            _trigger(stack, record_id)
            inside = [_cpu_ms(lambda record_id=record_id: _trigger(stack, record_id)) for _ in range(runs)]
            whole = [_cpu_ms(lambda record_id=record_id: _invoke(stack, record_id)) for _ in range(runs)]
        yield Line(f"CPU of `Product.answer`, {branch}: ms, median (p95)", spread(inside))
        yield Line(f"CPU of the whole function, {branch}: ms, median (p95)", spread(whole))


def _as_the_function(stack: InProcess, endpoint: str) -> InProcess:
    """The same tables behind the product that `app` answers with, made from the environment as in Lambda."""
    names = {"RECORDS_TABLE": stack.names[0], "EXECUTIONS_TABLE": stack.names[1]}
    os.environ |= {**names, "AWS_REGION": REGION, "AWS_ENDPOINT_URL_DYNAMODB": endpoint, "STEPBASE_SECRET": SECRET}
    product = bootstrap.product()
    return InProcess(product, cast(DynamoStore, product.backend.store), stack.names, stack.token)


def _cpu_ms(work: Any) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _invoke(stack: InProcess, record_id: str) -> None:
    """The Lambda function as the gateway calls it."""
    request = Request("POST", f"/api/samples:trigger/{record_id}?triggerWorkflows={KEY}", {"authorization": f"Bearer {stack.token}"})
    event = to_event(request, "/api/{resource}/{id}", {"resource": "samples%3Atrigger", "id": record_id}, "bench")
    if json.loads(app(event, Context("bench"))["body"])["meta"]["executions"][0]["key"] != KEY:
        raise SystemExit("the function did not run the example")


class Body:
    """A response body that was never on a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


@contextmanager
def answered_from_memory(stack: InProcess, warm: Any) -> Iterator[None]:
    """Reads answer what the same read answered in ``warm``, writes succeed; nothing leaves the process."""
    events = stack.store._connection.client.meta.events
    known: dict[bytes, bytes] = {}
    asked: list[bytes] = []

    def note(request: Any, **_: Any) -> None:
        asked.append(_normal(request.body))

    def keep(response_dict: Any, **_: Any) -> None:
        known[asked[-1]] = response_dict["body"]

    def answer(request: Any, **_: Any) -> AWSResponse:
        content = b"{}" if b"TransactItems" in request.body else known[_normal(request.body)]
        return AWSResponse(request.url, 200, {}, Body(content))

    events.register("before-send.dynamodb", note)
    events.register_first("before-parse.dynamodb.BatchGetItem", keep)
    warm()
    events.unregister("before-send.dynamodb", note)
    events.unregister("before-parse.dynamodb.BatchGetItem", keep)
    events.register("before-send.dynamodb", answer)
    try:
        yield
    finally:
        events.unregister("before-send.dynamodb", answer)


def _normal(body: bytes) -> bytes:
    """The request without the order of its keys, which is a set's."""
    if b"RequestItems" not in body:
        return body
    tables = json.loads(body)["RequestItems"]
    return repr(sorted((name, sorted(map(str, table["Keys"]))) for name, table in tables.items())).encode()
