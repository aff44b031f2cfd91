"""A service on loopback that workflows call: it takes its time, or waits for the test."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_SECONDS = 60.0

Json = Any


class Service:
    """Answers ``/<name>/<seconds>`` after so many seconds, ``/<name>/held`` once the test says so, and writes down who asked."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, str | None]] = []
        self._free: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._take))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        """Where it is, with its port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def get(self, name: str, seconds: float = 0) -> Json:
        """A node that asks for a name and has its answer, 42, after so many seconds."""
        return self._node(name, str(seconds))

    def held(self, name: str) -> Json:
        """A node that has its answer when the test releases the name."""
        return self._node(name, "held")

    def release(self, name: str) -> None:
        self._free[name].set()

    def keys(self, name: str) -> list[str | None]:
        """The Idempotency-Key of each call for a name, oldest first."""
        return [key for asked, key in self._asked if asked == name]

    def stop(self) -> None:
        for free in self._free.values():
            free.set()
        self._server.shutdown()
        self._server.server_close()

    def _node(self, name: str, how: str) -> Json:
        return {"type": "request", "key": name, "config": {"url": f"http://{self.host}/{name}/{how}", "method": "GET", "timeout": 25_000}}

    def _take(self, path: str, key: str | None) -> None:
        _, name, how = path.split("/")
        self._asked.append((name, key))
        if how == "held":
            self._free[name].wait(LONGEST_SECONDS)
        else:
            time.sleep(float(how))


def _handler(take: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            take(self.path, self.headers["Idempotency-Key"])
            try:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"42")
            except OSError:
                return  # nobody waits any more

        def log_message(self, format: str, *parts: Any) -> None:
            return

    return Handler
