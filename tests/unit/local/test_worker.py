"""What the server refuses before the app is asked: the right status, in the envelope."""

from __future__ import annotations

import json
import socket

import pytest
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ExpectationFailed,
    InvalidHeader,
    InvalidRequestLine,
    InvalidResponseHeader,
    LimitRequestHeaders,
    LimitRequestLine,
    UnsupportedTransferCoding,
)

from local.worker import Worker, as_http, refusal_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidHeader("CONTENT-LENGTH"), 400, "INVALID_REQUEST"),
        (InvalidRequestLine("x" * 5000), 400, "INVALID_REQUEST"),
        (LimitRequestLine(9000, 8000), 414, "URI_TOO_LONG"),
        (LimitRequestHeaders("limit request headers fields size"), 431, "HEADERS_TOO_LARGE"),
        (ExpectationFailed("200-maybe"), 417, "EXPECTATION_FAILED"),
        (UnsupportedTransferCoding("gzip"), 501, "NOT_IMPLEMENTED"),
        (InvalidResponseHeader("secret"), 500, "INTERNAL"),
        (ValueError("secret"), 500, "INTERNAL"),
    ],
)
def test_an_unreadable_request_is_answered_in_the_envelope(error: Exception, status: int, code: str) -> None:
    answer = refusal_of(error)
    (said,) = json.loads(answer.body)["errors"]
    assert (answer.status, said["code"]) == (status, code)
    assert 0 < len(said["message"]) <= 200
    assert "secret" not in said["message"]
    assert answer.header("X-Request-Id")
    assert answer.header("Content-Type") == "application/json"


def test_the_answer_is_http_and_says_how_long_it_is() -> None:
    head, _, body = as_http(refusal_of(LimitRequestHeaders("too large"))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Connection: close" in head


def test_a_client_that_is_gone_is_no_error() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()
    Worker.handle_error(Worker.__new__(Worker), None, ours, None, InvalidHeader("CONTENT-LENGTH"))
