"""A caller of the HTTP API that sends exactly what a test says: no header unless asked for, any body, any path.

Standard library only, and nothing of the product, so that these tests see it as a stranger does.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

TIMEOUT_SECONDS = 90.0  # a busy machine
# A server closes a silent connection after a while; one that rested longer than this is not used again.
REST_SECONDS = 1.0

Json = Any


@dataclass(frozen=True)
class Reply:
    """What came back: ``headers`` with lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body)

    def ok(self) -> Reply:
        """Itself; a refusal fails the test with what it said."""
        assert self.status == 200, self
        return self

    @property
    def data(self) -> Json:
        """The ``data`` of a success."""
        return self.ok().json["data"]

    @property
    def meta(self) -> Json:
        assert self.status in (200, 202), self
        return self.json["meta"]

    @property
    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.json.get("messages", [])]

    @property
    def errors(self) -> list[Json]:
        entries: list[Json] = self.json["errors"]
        return entries

    @property
    def error_text(self) -> str:
        """All that the errors say, as one text: messages, codes, paths."""
        return json.dumps(self.errors, ensure_ascii=False)

    @property
    def codes(self) -> list[str | None]:
        return [entry.get("code") for entry in self.errors]

    @property
    def executions(self) -> list[Json]:
        """``meta.executions`` of an answer to a trigger, whatever its status."""
        entries: list[Json] = self.json["meta"]["executions"]
        return entries


class Connection(http.client.HTTPConnection):
    """One that closes when nobody holds it any more, so that a thread or a test need not."""

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True)
class Client:
    """Somebody at ``port``; ``headers`` go with every call. Connections are kept, one per thread."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    _kept: threading.local = field(default_factory=threading.local, repr=False)

    def using(self, **headers: str) -> Client:
        """The same with more headers; ``x_role`` means ``X-Role``."""
        return replace(self, headers=dict(self.headers) | {name.replace("_", "-"): value for name, value in headers.items()})

    def with_token(self, token: str) -> Client:
        return self.using(Authorization=f"Bearer {token}")

    def elsewhere(self) -> Client:
        """The same over a new connection, which may reach another worker process."""
        return replace(self, _kept=threading.local())

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request as it stands; ``path`` is what follows ``/api/``, query and all."""
        connection = self._connection()
        try:
            connection.request(method, f"/api/{path}", body, dict(self.headers) | dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            self._kept.connection = None
            connection.close()
            raise
        self._kept.used = time.monotonic()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _connection(self) -> Connection:
        kept: Connection | None = getattr(self._kept, "connection", None)
        if kept is not None and time.monotonic() - self._kept.used < REST_SECONDS:
            return kept
        if kept is not None:
            kept.close()
        made = Connection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        self._kept.connection, self._kept.used = made, time.monotonic()
        return made

    def post(self, path: str, body: Json = None, /, **query: Json) -> Reply:
        """A body is sent as JSON, without a Content-Type."""
        return self.send("POST", with_query(path, query), None if body is None else json.dumps(body).encode())

    def get(self, path: str, /, **query: Json) -> Reply:
        return self.send("GET", with_query(path, query))

    def trigger(self, path: str, keys: str, body: Json = None, /, **query: Json) -> Reply:
        """``samples/1`` and ``key`` become ``samples:trigger/1?triggerWorkflows=key``."""
        collection, slash, identity = path.partition("/")
        return self.post(f"{collection}:trigger{slash}{identity}", body, triggerWorkflows=keys, **query)

    def count(self, collection: str, **filters: Json) -> int:
        """How many records there are, those that match."""
        return int(self.get(f"{collection}:list", filter=filters, pageSize=1).meta["count"])

    def rows(self, collection: str, **filters: Json) -> list[Json]:
        """The records that match, oldest first, at most 200."""
        rows: list[Json] = self.get(f"{collection}:list", filter=filters, pageSize=200, sort="id").data
        return rows


def seconds_of(call: Callable[[], object]) -> float:
    """How long a call takes: what a test may ask of this machine at this moment."""
    began = time.monotonic()
    call()
    return time.monotonic() - began


def with_query(path: str, query: Mapping[str, Json]) -> str:
    """Lists become ``name[]=``, objects JSON, booleans ``true`` and ``false``."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, list):
            pairs += [(f"{name}[]", str(entry)) for entry in value]
        elif isinstance(value, dict | bool):
            pairs.append((name, json.dumps(value)))
        else:
            pairs.append((name, str(value)))
    return f"{path}?{urlencode(pairs)}" if pairs else path
