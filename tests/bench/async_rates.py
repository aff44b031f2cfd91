"""Asynchronous workflows on the local stack: executions a second, and the time from the call to the end of the execution.

Callers trigger as fast as they are answered; then everything comes to its end. An execution's times are its own, ``createdAt`` (before the
call is answered) to ``updatedAt`` (its last commit), so nobody has to ask while it runs; waits are taken off.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.bench.rates import Client, together
from tests.bench.report import Line
from tests.bench.stack import EMAIL, PASSWORD

CLIENTS = (1, 8)
PAGE = 200
PATIENCE_SECONDS = 180
NOTE = {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": "made"}}}}
DELAY = {"type": "delay", "config": {"duration": 1, "unit": 1_000, "endStatus": 1}}
SHAPES: dict[str, tuple[list[Any], float]] = {
    "no wait: two records": ([NOTE, NOTE], 0),
    "one delay of a second on the trunk": ([NOTE, DELAY, NOTE], 1),
}


def measure(port: int, each: int) -> Iterator[Line]:
    """``each``: executions of each shape with each number of clients."""
    token = Client(port).answer("POST", "auth:signIn", {"account": EMAIL, "password": PASSWORD})["data"]["token"]
    root = Client(port, token)
    for number, (shape, (nodes, waits)) in enumerate(SHAPES.items()):
        for clients in CLIENTS:
            key = f"bench{number}x{clients}"
            _define(root, key, shape, nodes)
            _triggered(port, token, key, 1, 1)  # the first one makes Step Functions start, and freezes the version
            _ended(root, key, 1)
            _triggered(port, token, key, clients, each // clients)
            yield _line(
                f"{shape}, {clients} client{'s' if clients > 1 else ''}", _ended(root, key, 1 + each // clients * clients)[1:], waits
            )


def _define(root: Client, key: str, title: str, nodes: list[Any]) -> None:
    common = {"type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}}
    root.answer("POST", "workflows:create", {**common, "key": key, "title": title, "nodes": nodes})


def _triggered(port: int, token: str, key: str, clients: int, each: int) -> None:
    def work(client: int) -> None:
        connection = Client(port, token)
        for _ in range(each):
            connection.answer("POST", f"workflows:trigger?triggerWorkflows={key}", {})

    together(work, clients)


def _ended(root: Client, key: str, count: int) -> list[Any]:
    """Every execution of the key, oldest first, when all have ended. Raises SystemExit when one does not, or not well."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        found = _listed(root, key)
        if len(found) == count and all(one["status"] == 1 for one in found):
            return found
        time.sleep(1)
    raise SystemExit(f"of {count} executions {[one['status'] for one in found].count(1)} ended well in {PATIENCE_SECONDS} s")


def _listed(root: Client, key: str) -> list[Any]:
    rows: list[Any] = []
    query = f"sort=id&pageSize={PAGE}&filter={quote(json.dumps({'key': key}))}"
    while page := root.answer("GET", f"executions:list?{query}&page={len(rows) // PAGE + 1}")["data"]:
        rows += page
        if len(page) < PAGE:
            break
    return rows


def _line(what: str, executions: list[Any], waits: float) -> Line:
    begun = [_seconds(one["createdAt"]) for one in executions]
    ended = [_seconds(one["updatedAt"]) for one in executions]
    spent = sorted(1_000 * (end - begin - waits) for begin, end in zip(begun, ended, strict=True))
    rate = len(executions) / (max(ended) - min(begun))
    median, slow = spent[len(spent) // 2], spent[int(len(spent) * 0.95)]
    return Line(what, f"{rate:.1f} /s, p50 {median:,.0f} ms, p95 {slow:,.0f} ms")


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
