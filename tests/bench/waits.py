"""What an asynchronous execution costs: states entered, calls of functions, requests and units of the database, and dollars for a million.

The machine is walked in process over DynamoDB Local, its waits on a clock of its own. Prices: us-east-1, as listed in 2026; the time that
functions run is not in them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chalicelib.adapters.memory import FixedClock
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.product import Product
from tests.bench.meter import Meter
from tests.bench.report import Line
from tests.bench.stack import InProcess, in_process
from tests.machine import Failed, Machine
from tests.machines import LAMBDA_MS, FakeMachines

TRANSITION_DOLLARS, INVOCATION_DOLLARS = 0.000025, 0.0000002
WRITE_DOLLARS, READ_DOLLARS = 0.000000625, 0.000000125
MILLION = 1_000_000

NOTE = {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "made"}}}}
DELAY = {"type": "delay", "config": {"duration": 1, "unit": 3_600_000, "endStatus": 1}}
SHAPES: dict[str, list[Any]] = {
    "no wait: two records": [NOTE, NOTE],
    "one delay on the trunk": [NOTE, DELAY, NOTE],
    "four delays on the trunk": [NOTE, *[DELAY, NOTE] * 4],
    "a loop of four rounds, a delay in each": [{"type": "loop", "config": {"target": 4}, "branches": {"0": [DELAY, NOTE]}}],
    "a loop of 1,000 rounds without waits": [
        {"type": "loop", "config": {"target": 1_000}, "branches": {"0": [{"type": "variable", "config": {"value": 1}}]}}
    ],
}


def measure(endpoint: str) -> Iterator[Line]:
    base = in_process(endpoint, Meter)
    clock, machines = FixedClock(int(time.time() * 1_000)), FakeMachines()
    product = Product(replace(base.product.backend, clock=clock, machines=machines))
    stack = InProcess(product, base.store, base.names, base.token)
    for number, (shape, nodes) in enumerate(SHAPES.items()):
        document = {"type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}, "nodes": nodes}
        stack.call("workflows", "create", body={"key": f"w{number}", "title": shape} | document)
        _run(stack, machines, clock, f"w{number}")  # the first run of a version freezes it
        yield _run(stack, machines, clock, f"w{number}", shape)


def _run(stack: InProcess, machines: FakeMachines, clock: FixedClock, key: str, shape: str = "") -> Line:
    meter: Any = stack.product.backend.store
    meter.reset()
    stack.call("workflows", "trigger", body={}, triggerWorkflows=key)
    running = machines.executions.popitem()[1]
    runs, calls = AsyncRuns(stack.product.backend), [0]

    def run(event: dict[str, Any]) -> dict[str, Any]:
        calls[0] += 1
        return runs.run_segment(event, clock.now_ms() + LAMBDA_MS)

    machine = Machine(machines.documents[running.machine_name], clock, run, runs.await_signal)
    try:
        machine.execute(running.payload)
    except Failed:
        raise SystemExit(f"{key} failed: {stack.call('executions', 'list', filter={'key': key}, appends='jobs').data}") from None
    states = len(machine.entered)
    dollars = states * TRANSITION_DOLLARS + calls[0] * INVOCATION_DOLLARS
    dollars += meter.write_units * WRITE_DOLLARS + meter.read_units * READ_DOLLARS
    requests, units = sum(meter.requests.values()), f"{meter.read_units} read and {meter.write_units} write units"
    return Line(shape, f"{states} states, {calls[0]} calls, {requests} requests, {units}: ${dollars * MILLION:,.0f} a million")
