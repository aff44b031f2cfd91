"""How many calls per second the local stack answers over HTTP, with one and with several keep-alive clients."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.report import Line, at_least
from tests.bench.stack import EMAIL, PASSWORD

AIMS = {("triggers", 1): 150, ("triggers", 8): 250}
LISTED = 1_000
Send = Callable[[int, int], tuple[str, str, Any]]


class Client:
    """One connection, kept alive."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, target: str, body: Any = None) -> tuple[int, bytes]:
        self._connection.request(method, f"/api/{target}", None if body is None else json.dumps(body), self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def answer(self, method: str, target: str, body: Any = None) -> Any:
        """Raises SystemExit for anything but a 200: a refusal is quick and would flatter the numbers."""
        status, content = self.send(method, target, body)
        if status != 200:
            raise SystemExit(f"{method} {target} answered {status}: {content.decode()[:300]}")
        return json.loads(content)


def measure(port: int, clients: tuple[int, ...], seconds: float) -> Iterator[Line]:
    """One table line per kind of call and number of clients."""
    token = Client(port).answer("POST", "auth:signIn", {"account": EMAIL, "password": PASSWORD})["data"]["token"]
    root = Client(port, token)
    samples = [root.answer("POST", "samples:create", {"title": f"S{n}", "indicator": 95})["data"]["id"] for n in range(max(clients))]
    _fill(port, token, max(clients))
    kinds: dict[str, Send] = {
        "triggers": lambda client, n: ("POST", f"samples:trigger/{samples[client]}?triggerWorkflows=submit_inspection", None),
        "gets": lambda client, n: ("GET", f"samples:get/{samples[client]}", None),
        f"lists (20 of {LISTED:,})": lambda client, n: ("GET", "categories:list?pageSize=20", None),
        "creates": lambda client, n: ("POST", "posts:create", {"title": f"Post {n}", "content": "Some words of content.", "category": 1}),
    }
    for kind, send in kinds.items():
        for count in clients:
            rate, median = _rate(port, token, send, count, seconds)
            what = f"{kind}, {count} client{'s' if count > 1 else ''}"
            line = at_least(what, rate, AIMS[kind, count], "/s") if (kind, count) in AIMS else Line(what, f"{rate:,.0f} /s")
            yield Line(line.what, f"{line.value}, median {median:.1f} ms", line.aim, line.met)


def _fill(port: int, token: str, clients: int) -> None:
    """Categories up to `LISTED`."""
    there = Client(port, token).answer("GET", "categories:list?pageSize=1")["meta"]["count"]
    each = (LISTED - there) // clients + 1

    def work(client: int) -> None:
        connection = Client(port, token)
        for n in range(min(each, LISTED - there - client * each)):
            connection.answer("POST", "categories:create", {"title": f"Category {client}/{n}"})

    together(work, clients)


def _rate(port: int, token: str, send: Send, clients: int, seconds: float) -> tuple[float, float]:
    """Calls per second over all clients, and the median of their milliseconds."""
    spent: list[list[float]] = [[] for _ in range(clients)]
    ends = time.monotonic() + seconds

    def work(client: int) -> None:
        connection, n = Client(port, token), 0
        while time.monotonic() < ends:
            began = time.perf_counter()
            connection.answer(*send(client, n))
            spent[client].append((time.perf_counter() - began) * 1000)
            n += 1

    began = time.monotonic()
    together(work, clients)
    every = sorted(one for own in spent for one in own)
    return len(every) / (time.monotonic() - began), every[len(every) // 2]


def together(work: Callable[[int], None], clients: int) -> None:
    failed: list[BaseException] = []

    def guarded(client: int) -> None:
        try:
            work(client)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
