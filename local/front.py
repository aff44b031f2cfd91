"""The gateway in front of the function, as WSGI: what API Gateway answers itself, and what it hands on.

Chalice keeps the current request on the app object, as a Lambda process serves one call at a time. Here several
threads share the app, so those two attributes become thread-local first.
Sources: https://peps.python.org/pep-3333/ and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from chalice.app import Chalice

from local.gateway import BODY_LIMIT_BYTES, Answer, Context, Request, failure, from_result, match_route, to_event

CORS_METHODS = "GET,HEAD,PUT,POST,DELETE,PATCH"
Headers = list[tuple[str, str]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _PerThread:
    """Chalice's two attributes of a running call, one value per thread."""

    _call = threading.local()

    @property
    def current_request(self) -> Any:
        return getattr(self._call, "current_request", None)

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self._call.current_request = request

    @property
    def lambda_context(self) -> Any:
        return getattr(self._call, "lambda_context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._call.lambda_context = context


def for_threads(app: Chalice) -> Chalice:
    """The same app, safe to call from several threads at once."""
    if not isinstance(app, _PerThread):
        app.__class__ = type("ThreadedApp", (_PerThread, type(app)), {})
    return app


def front(app: Chalice) -> Wsgi:
    """A WSGI function that serves ``app``. Every answer carries ``X-Request-Id``."""
    app = for_threads(app)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = answer_to(app, read_request(environ))
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        if answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            headers.pop()
        start_response(f"{answer.status} {_phrase(answer.status)}", headers)
        return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    return serve


def answer_to(app: Chalice, request: Request) -> Answer:
    """The answer to one request: preflight, the function's own, or the gateway's error."""
    request_id = str(uuid.uuid4())
    answer = _routed(app, request, request_id)
    extra = _cors(request, answer) if request.path.startswith("/api/") else []
    if answer.header("X-Request-Id") is None:
        extra.append(("X-Request-Id", request_id))
    return Answer(answer.status, (*answer.headers, *extra), answer.body)


def read_request(environ: dict[str, Any]) -> Request:
    """The request in a WSGI environment."""
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    # PATH_INFO is decoded and cannot tell a%2Fb from a/b; the server's own RAW_URI can.
    return Request(environ["REQUEST_METHOD"], environ["RAW_URI"], headers, _body(environ), environ.get("REMOTE_ADDR") or "127.0.0.1")


def _body(environ: dict[str, Any]) -> bytes | None:
    """``None`` when it is over the gateway's limit; a chunked one says its size only by being read."""
    length = environ.get("CONTENT_LENGTH")
    size = int(length) if length else BODY_LIMIT_BYTES + 1 if environ.get("wsgi.input_terminated") else 0
    if length and size > BODY_LIMIT_BYTES:
        return None
    body: bytes = environ["wsgi.input"].read(size)
    return body if len(body) <= BODY_LIMIT_BYTES else None


def _routed(app: Chalice, request: Request, request_id: str) -> Answer:
    if request.method == "OPTIONS" and request.path.startswith("/api/"):
        return Answer(204)
    found = match_route(request.path, app.routes)
    if found is None:
        return failure(404, "Not Found", "NOT_FOUND")
    pattern, parameters = found
    if request.method not in app.routes[pattern]:
        allowed = ", ".join(sorted(app.routes[pattern]))
        return failure(405, f"{request.method} is not allowed here", "METHOD_NOT_ALLOWED", [("Allow", allowed)])
    if request.body is None:
        return failure(413, f"The body is larger than {BODY_LIMIT_BYTES // 1024 // 1024} MB", "BODY_TOO_LARGE")
    return _invoke(app, to_event(request, pattern, parameters, request_id), request_id)


def _invoke(app: Chalice, event: dict[str, Any], request_id: str) -> Answer:
    try:
        return from_result(app(event, Context(request_id)))
    except Exception:  # what escapes the function is its crash: the gateway says 502
        logging.getLogger("stepbase.local").exception("the function crashed on %s %s", event["httpMethod"], event["path"])
        return failure(502, "Internal server error", "INTERNAL")


def _cors(request: Request, answer: Answer) -> Headers:
    """The headers that the preflight's mock and the gateway's own responses carry, unless the function set them."""
    origin = request.headers.get("origin")
    wanted: Headers = [("Vary", "Origin")]
    if origin:
        wanted.append(("Access-Control-Allow-Origin", origin))
    if request.method == "OPTIONS" and answer.status == HTTPStatus.NO_CONTENT:
        asked = request.headers.get("access-control-request-headers")
        wanted.append(("Access-Control-Allow-Methods", CORS_METHODS))
        wanted += [("Access-Control-Allow-Headers", asked)] if asked else []
    return [(name, value) for name, value in wanted if answer.header(name) is None]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
