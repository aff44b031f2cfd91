"""An HTTP request as API Gateway's REST proxy event, and the function's answer as HTTP: two pure translations.

What the gateway does to a request is kept: a trailing slash is dropped, a fixed segment beats a variable one, path
parameters stay percent-encoded (``a%2Fb`` is one segment), query values are decoded, an empty body is ``null``.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

BODY_LIMIT_BYTES = 10 * 1024 * 1024
TIME_BUDGET_SECONDS = 29.0
ASCII = "".join(map(chr, range(33, 127)))

Event = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """``target`` is the path and query as they were on the wire; ``headers`` has lower-case names; ``body`` is ``None`` when too large."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    source_ip: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The raw path: percent signs untouched, other non-ASCII bytes quoted, no trailing slash."""
        target = self.target
        if not target.startswith("/"):  # the absolute form, http://host/path
            target = "/" + target.partition("://")[2].partition("/")[2]
        path = quote(target.partition("?")[0].partition("#")[0].encode("latin-1"), safe=ASCII)
        return path.rstrip("/") or "/"

    @property
    def query(self) -> dict[str, list[str]]:
        """``?a=1&a=2&b`` → ``{"a": ["1", "2"], "b": [""]}``."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.target.partition("?")[2].partition("#")[0], keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. A header may come more than once."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


@dataclass(frozen=True)
class Context:
    """What Lambda gives a function beside the event: who it is, and how long it may still run."""

    aws_request_id: str
    function_name: str = "stepbase-local-api_handler"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:stepbase-local-api_handler"
    ends_at: float = field(default_factory=lambda: time.monotonic() + TIME_BUDGET_SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.ends_at - time.monotonic()) * 1000))


def match_route(path: str, patterns: Iterable[str]) -> tuple[str, dict[str, str]] | None:
    """The pattern that serves ``path`` and its raw parameters: ``/api/a%2Fb`` → ``("/api/{id}", {"id": "a%2Fb"})``."""
    parts = path.split("/")
    for pattern in sorted(patterns):  # "{" sorts after every letter, so a fixed segment comes first
        names = pattern.split("/")
        if len(names) != len(parts):
            continue
        captured = {name[1:-1]: part for name, part in zip(names, parts, strict=True) if name.startswith("{")}
        if all(captured.values()) and all(name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)):
            return pattern, captured
    return None


def to_event(request: Request, pattern: str, parameters: dict[str, str], request_id: str) -> Event:
    """The proxy event. A body that is not UTF-8 goes as base64, as the gateway sends binary media types."""
    query = request.query
    body, encoded = _event_body(request.body)
    return {
        "resource": pattern,
        "path": request.path,
        "httpMethod": request.method,
        "headers": request.headers,
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": pattern,
            "httpMethod": request.method,
            "path": request.path,
            "stage": "local",
            "requestId": request_id,
            "requestTimeEpoch": int(time.time() * 1000),
            "identity": {"sourceIp": request.source_ip, "userAgent": request.headers.get("user-agent")},
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def from_result(result: dict[str, Any]) -> Answer:
    """The HTTP answer for what the function returned (``statusCode``, ``headers``, ``multiValueHeaders``, ``body``)."""
    many = {name: [str(value) for value in values] for name, values in (result.get("multiValueHeaders") or {}).items()}
    single = {name: [str(value)] for name, value in (result.get("headers") or {}).items() if name not in many}
    body = result.get("body") or ""
    return Answer(
        status=int(result["statusCode"]),
        headers=tuple((name, value) for name, values in {**single, **many}.items() for value in values),
        body=base64.b64decode(body) if result.get("isBase64Encoded") else body.encode(),
    )


def failure(status: int, message: str, code: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """An answer that the gateway gives itself, in the one error envelope."""
    body = json.dumps({"errors": [{"message": message, "code": code}]}).encode()
    return Answer(status, (("Content-Type", "application/json"), *headers), body)


def _event_body(body: bytes | None) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
