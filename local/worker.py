"""gunicorn's worker with threads; what it refuses before the app is asked is in the product's error envelope, as the gateway's own
answers are: a request that is no HTTP, a bad Content-Length, headers that are too large.
Source: https://docs.gunicorn.org/en/stable/design.html#gthread-workers, https://www.rfc-editor.org/rfc/rfc9110 (section 15)
"""

from __future__ import annotations

import contextlib
import socket
import uuid
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ConfigurationProblem,
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from local.gateway import Answer, failure

LONGEST_REASON = 200
STATUSES: dict[type[Exception], tuple[HTTPStatus, str]] = {
    LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "URI_TOO_LONG"),
    LimitRequestHeaders: (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE"),
    UnsupportedTransferCoding: (HTTPStatus.NOT_IMPLEMENTED, "NOT_IMPLEMENTED"),
    ExpectationFailed: (HTTPStatus.EXPECTATION_FAILED, "EXPECTATION_FAILED"),
    InvalidResponseHeader: (HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL"),
    InvalidResponseHeaderName: (HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL"),
    ConfigurationProblem: (HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL"),
    ParseException: (HTTPStatus.BAD_REQUEST, "INVALID_REQUEST"),
}


class Worker(ThreadWorker):  # type: ignore[misc]
    """Answers every error in the envelope and closes the connection: where the next request begins is not known."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        answer = refusal_of(exc)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("a request could not be answered", exc_info=exc)
        with contextlib.suppress(OSError):  # the client is gone already
            client.sendall(as_http(answer))


def refusal_of(error: Exception) -> Answer:
    """The gateway's answer to a request that could not be read (400, 414, 417, 431, 501), or not be answered (500)."""
    status, code = next(
        (STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), (HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL")
    )
    message = "Internal server error" if code == "INTERNAL" else f"{status.phrase}: {error}"[:LONGEST_REASON]
    return failure(status, message, code, [("X-Request-Id", str(uuid.uuid4()))])


def as_http(answer: Answer) -> bytes:
    """The answer on the wire, after which the connection is closed."""
    headers = [*answer.headers, ("Content-Length", str(len(answer.body))), ("Connection", "close")]
    lines = [f"HTTP/1.1 {int(answer.status)} {HTTPStatus(answer.status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
