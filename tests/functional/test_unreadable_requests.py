"""Requests that are no HTTP, or too large to be read, sent as bytes: the answer is JSON all the same."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import pytest

from tests.functional.client import Client

SECONDS = 10


def exchange(port: int, sent: bytes) -> tuple[int, dict[str, str], Any]:
    """The answer to these bytes, after which the server must close the connection."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = json.loads(answer.read())
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def request(*headers: str, line: str = "POST /api/auth:signIn HTTP/1.1", body: str = "") -> bytes:
    return "\r\n".join([line, "Host: localhost", *headers, "", body]).encode("latin-1")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (request("Content-Length: abc"), 400, "INVALID_REQUEST"),
        (request("Content-Length: -5"), 400, "INVALID_REQUEST"),
        (request("Content-Length: 2", "Content-Length: 3", body="{}"), 400, "INVALID_REQUEST"),
        (request("X-Large: " + "x" * 20_000), 431, "HEADERS_TOO_LARGE"),
        (request(*[f"X-{number}: y" for number in range(300)]), 431, "HEADERS_TOO_LARGE"),
        (request(line="nonsense"), 400, "INVALID_REQUEST"),
        (request("Bad Header: x"), 400, "INVALID_REQUEST"),
        (request("Transfer-Encoding: chunked", body="zz\r\n"), 400, "INVALID_REQUEST"),
    ],
    ids=["no length", "below zero", "two lengths", "one large", "many", "no request", "bad name", "bad chunk"],
)
def test_what_cannot_be_read_is_refused_in_the_envelope(stranger: Client, sent: bytes, status: int, code: str) -> None:
    got, headers, body = exchange(stranger.port, sent)
    assert (got, [error["code"] for error in body["errors"]]) == (status, [code])
    assert body["errors"][0]["message"]
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"]


def test_the_server_goes_on_after_it(stranger: Client) -> None:
    exchange(stranger.port, request("Content-Length: abc"))
    assert stranger.elsewhere().get("app:getInfo").status == 200
